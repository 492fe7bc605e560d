"""Plain: the least that a server and Flask cost; nothing of the hub is imported, so that memory and start are theirs."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def empty() -> WSGIApplication:
    """Return an application that answers nothing: the server's own cost."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "0")])
        return ()

    return answer


def bare_flask() -> WSGIApplication:
    """Return a Flask application that answers one constant at every address."""
    from flask import Flask  # here, so that the empty application does not hold it

    app = Flask("bare", static_folder=None)

    @app.get("/", defaults={"address": ""})
    @app.get("/<path:address>")
    def hello(address: str) -> str:
        return "Hello, world"

    return app
