"""Redis' name may stop resolving while its connection is lost: it is away for as long as that lasts, and found where
the name says then."""

import subprocess

import pytest

from touchpoint import oracle, until
from touchpoint.load import Load

NAME = "redis.touchpoint.test"

may_mount = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not may_mount, reason="names of one process alone want root")


class Names:
    """What the names of one process mean: a file in the place of its /etc/hosts, seen by no other."""

    def __init__(self, folder):
        self._hosts = folder / "hosts"
        self._hosts.touch()

    def govern(self, daemon):
        own = f'mount --bind "{self._hosts}" /etc/hosts && exec "$@"'
        daemon.process.command = ["unshare", "--mount", "sh", "-c", own, "sh", *daemon.process.command]

    def say(self, *lines):
        self._hosts.write_text("\n".join([*lines, ""]))


def test_it_is_forgotten_and_then_means_another_address(touchpointd, redis, kafka, topics, tmp_path):
    names = Names(tmp_path)
    names.say(f"127.0.0.1 {NAME}")
    daemon = touchpointd({"redis.url": f"redis://{NAME}:{redis.port}"}, start=False)
    names.govern(daemon)
    daemon.start()
    with Load(daemon, pause=0.01) as load:
        until(lambda: len(load.accepted) > 100, 20, "events pass")
        names.say()
        redis.client.client_kill_filter(_type="normal", skipme=True)
        until(lambda: "not known" in str(daemon.log("redis_away")), 20, "nobody knows the name")
        so_far = len(load.accepted)
        until(lambda: len(load.accepted) > so_far + 100, 20, "events are taken all the same")
        redis.client.config_set("bind", "127.0.0.2 127.0.0.1")
        names.say(f"127.0.0.2 {NAME}")
    oracle.check(daemon, kafka, topics, load)
