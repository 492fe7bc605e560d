"""What runs on this machine alone, for the tests, the sweep and the bench: ports, a server in this process, a browser."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"
# A browser that asks for nothing but what it is told to open.
BROWSER = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def chromium_program() -> str | None:
    """Return where Chromium is installed, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Quiet(WSGIRequestHandler):
    """Answers without a line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


class Lasting(Quiet):
    """Keeps connections open, as servers do on the way to a reader."""

    protocol_version = "HTTP/1.1"


@contextmanager
def served(application: WSGIApplication, handler: type[WSGIRequestHandler] = Quiet) -> Iterator[str]:
    """Serve an application from this process while the block runs; give its origin."""
    server = make_server(HOST, 0, application, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
