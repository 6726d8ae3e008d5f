"""A server by https on this machine, with an authority of its own."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .senders.keys import new_key


class Https:
    """Answers what `files` has, {path: bytes}; `asked` are the paths that were."""

    def __init__(self, folder, files):
        self.files, self.asked = dict(files), []
        key = new_key("rsa")
        self.authority = folder / "authority.pem"
        self.authority.write_text(key.certificate("localhost", "subjectAltName=DNS:localhost"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key.file)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def _handler(server):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                server.asked.append(self.path)
                content = server.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        return Handler

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
