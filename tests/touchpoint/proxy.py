"""A stretch of network between the daemon and a server, that a test makes bad: it cuts connections in the middle of a
reply, lets bytes take their time, or keeps what was sent until nobody waits for it any more."""

import contextlib
import socket
import struct
import threading
import time

from .process import free_port

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Between its own `port` and that of a server on this machine."""

    def __init__(self, server_port):
        self.port = free_port()
        self.cut = 0
        """How many connections were reset so far."""
        self.latency = 0
        """Seconds that each piece of a reply takes; the requests arrive at once."""
        self._server_port = server_port
        self._cut_after = None
        self._word = None
        self._slowing = None
        self.lock = threading.Lock()
        self._connections = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.latency = 0
        self.let_go()
        for connection in self._connections:
            connection.reset()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def hold(self, word):
        """The next request with this word, and all behind it on its connection, do not arrive before let_go(), though
        their sender may have given them up by then. Other connections are as usual."""
        self._word = word.encode()

    def let_go(self):
        for connection in self._connections:
            connection.passes.set()

    def holds(self, request):
        holds = self._word is not None and self._word in request
        self._word = None if holds else self._word
        return holds

    def slow_down_at(self, word, latency):
        """From the next request with this word on, the replies to it among them."""
        self._slowing = word.encode(), latency

    def note(self, request):
        word, latency = self._slowing or (None, 0)
        if word and word in request:
            self.latency, self._slowing = latency, None

    def lead_to(self, server_port):
        """To another server from now on; the connections that there are, are reset."""
        self._server_port = server_port
        for connection in self._connections:
            connection.reset()

    def cut_after(self, length):
        """Each connection is reset after so many bytes more of replies, a new one after its first; None: none is."""
        with self.lock:  # none may be made meanwhile that does not know, and none count on from what it had
            self._cut_after = length
            for connection in self._connections:
                connection.left = length

    @property
    def held(self):
        """Bytes that were sent and have not arrived."""
        return sum(connection.held for connection in self._connections)

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server_port))
                except OSError:
                    _reset(client)
                    continue
                with self.lock:
                    self._connections.append(_Connection(self, client, server, self._cut_after))


class _Connection:
    def __init__(self, proxy, client, server, cut_after):
        self.passes = threading.Event()
        self.passes.set()
        self.held = 0
        self._proxy, self._client, self._server, self.left = proxy, client, server, cut_after
        for way in (self._requests, self._replies):
            threading.Thread(target=way, daemon=True).start()

    def reset(self):
        _reset(self._client)
        _reset(self._server)

    def _requests(self):
        """What was held arrives although its sender has left."""
        with contextlib.suppress(OSError):
            while request := self._client.recv(1 << 16):
                self.held += len(request)
                self._proxy.note(request)
                if self._proxy.holds(request):
                    self.passes.clear()
                self.passes.wait()
                self._server.sendall(request)
                self.held -= len(request)
            self.passes.wait()
            self._server.shutdown(socket.SHUT_WR)

    def _replies(self):
        with contextlib.suppress(OSError):
            while reply := self._server.recv(1 << 16):
                time.sleep(self._proxy.latency)
                left = self._count(len(reply))
                self._pass_on(reply[:left])
                if left is not None and len(reply) >= left:
                    self._proxy.cut += 1
                    break
        self.reset()

    def _count(self, length):
        """How many bytes were left before these."""
        with self._proxy.lock:
            left = self.left
            self.left = None if left is None else left - length
        return left

    def _pass_on(self, reply):
        """To nobody, where the one who asked has left; what else he asked for is still done."""
        with contextlib.suppress(OSError):
            self._client.sendall(reply)


def _reset(peer):
    """Closes so that the other end gets a reset, and one who reads here sees the end."""
    with contextlib.suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        peer.shutdown(socket.SHUT_RD)
    peer.close()
