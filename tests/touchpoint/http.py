"""Clients of the daemon: one that speaks HTTP properly, and one that sends the bytes it is told to."""

import http.client
import io
import json
import socket
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @classmethod
    def read(cls, reply):
        return cls(reply.status, reply.headers, reply.read())


def as_body(content):
    """Bytes and text go as they are, anything else as JSON."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


class Client:
    """One connection, kept open over requests. A connection lost is an exception, and the next request makes a new one:
    nothing is sent twice unless the test does it."""

    def __init__(self, address, timeout=30.0):
        host, _, port = address.rpartition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._connection.close()

    def request(self, method, path, body=None, headers=None, **query):
        if query:
            path = f"{path}?{urlencode(query)}"
        try:
            self._connection.request(method, path, body=body, headers=headers or {})
            return Response.read(self._connection.getresponse())
        except Exception:
            self.close()
            raise

    def get(self, path, headers=None, **query):
        return self.request("GET", path, headers=headers, **query)

    def post(self, content, path="/v1/events", headers=None, **query):
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", path, as_body(content), headers, **query)


class RawConnection:
    """A socket for requests that no client would send."""

    def __init__(self, address, timeout=30.0):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout)
        self._stream = _Stream(self.socket.makefile("rb", buffering=0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.raw.close()  # the socket stays open until both are closed
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def reply(self, method="POST"):
        """The next reply; of pipelined ones the others stay for the next calls."""
        reply = http.client.HTTPResponse(self._stream, method=method)
        reply.begin()
        return Response.read(reply)

    def closed(self, timeout=10.0):
        """Whether the daemon closes, within so many seconds, without another byte."""
        self.socket.settimeout(timeout)
        try:
            return self._stream.read(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


class _Stream(io.BufferedReader):
    """One buffer for all replies of a connection: HTTPResponse would make its own, and close it with what it read too
    far."""

    def makefile(self, _mode):
        return self

    def close(self):
        pass
