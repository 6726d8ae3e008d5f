"""The test bed: real servers and the daemon, each a process that a test may stop, freeze, kill and start again."""

from .daemon import Daemon
from .http import Client, Response
from .kafka import Kafka, Record
from .redis import Redis
from .wait import until

__all__ = ["Client", "Daemon", "Kafka", "Record", "Redis", "Response", "until"]
