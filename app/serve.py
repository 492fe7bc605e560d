"""The hub as a WSGI application for a production server: content checked before the first request, and read anew when it is sealed."""

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from time import sleep
from wsgiref.types import StartResponse, WSGIEnvironment

from app import create_app
from app.defects import ContentRefused
from app.delivery import Delivery
from app.hub import CONTENT, Hub, open_hub
from app.seal import FILE
from app.settings import load_settings

EVERY = 5  # seconds between looks at the seal
log = logging.getLogger("hub")


class Renewing:
    """Serves a hub, and in its place the next one as soon as new content is sealed; no request waits or is lost.

    `read` opens the hub, and `sealed` is the file whose change means that new content is ready. Content that is refused
    changes nothing: the hub goes on serving what it has.
    """

    def __init__(self, read: Callable[[], Hub], sealed: Path, every: float = EVERY):
        self.read = read
        self.sealed = sealed
        self._seen = self._state()
        self.current = _deliver(read())
        if every:
            Thread(target=self._watch, args=(every,), name="renew", daemon=True).start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as WSGI has it (PEP 3333)."""
        return self.current(environ, start_response)

    def renew(self) -> bool:
        """Take up new content if it was sealed since the last look; return whether another hub is served now."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        try:
            last, self.current = self.current, _deliver(self.read())
        except ContentRefused as refused:
            log.error("new content is refused, the last goes on being served:\n%s", refused)
            return False
        last.close()
        return True

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self.sealed.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _watch(self, every: float) -> None:
        while True:
            sleep(every)
            self.renew()


def _deliver(hub: Hub) -> Delivery:
    app = create_app(hub=hub)
    return Delivery(app.wsgi_app, app.extensions["hub"]())


def application() -> Renewing:
    """Return the hub, ready to serve; with defects in its content, print them all and end the process."""
    try:
        settings = load_settings()
        serving = Renewing(lambda: open_hub(settings), CONTENT / FILE)
    except ContentRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(1) from None
    log.disabled = not settings.log
    return serving
