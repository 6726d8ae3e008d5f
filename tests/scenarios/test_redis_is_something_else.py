"""Where Redis should be, something else answers: it counts as away, and events are taken. When Redis is there, all
arrive."""

import contextlib
import socket
import threading

import pytest

from touchpoint import oracle, until
from touchpoint.load import Load

ANSWERS = {
    "a web server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "one that says yes to everything": b"+OK\r\n" * 100,
    "one that answers numbers": b":1\r\n" * 100,
    "one that answers lists of lists": b"*2\r\n*1\r\n:1\r\n*-1\r\n" * 100,
    "noise": bytes(range(128, 256)),
    "a text that never ends": b"$1000000\r\n" + b"x" * 1000,
    "one that hangs up": b"",
}


@contextlib.contextmanager
def impostor(port, answer):
    """Listens there, and says the same to everybody who says something. Gives the list of those who came."""
    visitors = []

    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                visitors.append(listener.accept()[0])
                threading.Thread(target=talk, args=[visitors[-1]], daemon=True).start()

    def talk(visitor):
        with visitor, contextlib.suppress(OSError):
            while answer and visitor.recv(1 << 16):
                visitor.sendall(answer)

    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        yield visitors
        listener.shutdown(socket.SHUT_RDWR)
    for visitor in visitors:
        visitor.close()


@pytest.mark.slow
def test_what_answers_is_no_redis(touchpointd, redis, kafka, topics):
    redis.stop()
    daemon = touchpointd({"redis.timeout": "1s", "http.threads": 1})
    with Load(daemon, pause=0.02) as load:
        for what, answer in ANSWERS.items():
            with impostor(redis.port, answer) as visitors:
                until(lambda visitors=visitors: len(visitors) > 2, 20, f"it has met {what}, more than once")
                assert daemon.get("/readyz").json["redis"] == "away"
        redis.start()
    oracle.check(daemon, kafka, topics, load)
    assert daemon.log("redis_changed") == [], "nothing there was taken for it"
