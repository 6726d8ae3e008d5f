"""A real browser and the site that it visits: pages of a test's own at an origin of their own."""

import functools
import http.server
import json
import shutil
import threading
from contextlib import contextmanager

from .process import Process

PROGRAM = shutil.which("chromium")

# Without a sandbox, because tests may run as root; without anything that it would do by itself.
QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"]


class _Visit(http.server.BaseHTTPRequestHandler):
    def __init__(self, site, *arguments):
        self.site = site
        super().__init__(*arguments)

    def log_message(self, *_):
        pass

    def do_GET(self):
        content = self.site.pages.get(self.path)
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(content or b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.site.said.append(json.loads(body))
        self.send_response(204)
        self.end_headers()


class Site:
    """Pages by their paths; what their scripts post to it is in `said`."""

    def __init__(self):
        self.pages, self.said = {}, []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Visit, self))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def served(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


@contextmanager
def visiting(url, folder):
    """Somebody who has that page open."""
    profile = folder / "profile"
    browser = Process(
        "chromium", [PROGRAM, *QUIET, f"--user-data-dir={profile}", "--enable-logging=stderr", url], folder
    )
    browser.launch()
    try:
        yield browser
    finally:
        browser.end()
