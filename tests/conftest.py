from touchpoint.fixtures import (  # noqa: F401
    kafka,
    kafka_server,
    pytest_runtest_makereport,
    redis,
    redis_cluster,
    shown,
    topics,
    touchpointd,
)
from touchpoint.front import front  # noqa: F401
