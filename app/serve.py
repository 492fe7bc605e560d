"""The hub as a WSGI application for a production server: content checked before the first request, and read anew when it is sealed."""

import logging
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from threading import Thread
from time import sleep, time
from wsgiref.types import StartResponse, WSGIEnvironment

from app import create_app
from app.defects import ContentRefused
from app.delivery import Delivery
from app.hub import CONTENT, Hub, open_hub
from app.seal import FILE
from app.settings import load_settings
from app.sheets import MANIFEST

EVERY = 5  # seconds between looks at the seal
STILL = 20  # seconds for which the file of link checks must have been left alone
log = logging.getLogger("hub")


class Renewing:
    """Serves a hub, and in its place the next one as soon as new content is sealed; no request waits or is lost.

    `read` opens the hub, and `sealed` is the file whose change means that new content is ready. Content that is refused
    changes nothing: the hub goes on serving what it has. `health`, the file of link checks, is taken up too, once it has
    been left alone for a while: while a check runs, it is written every second. `sheets`, the manifest of what was drawn
    ahead, is taken up when it changes.
    """

    def __init__(
        self,
        read: Callable[[], Hub],
        sealed: Path,
        every: float = EVERY,
        health: Path | None = None,
        sheets: Path | None = None,
    ):
        self.read = read
        self.sealed = sealed
        self.health = health
        self.sheets = sheets
        self._seen: tuple[object, ...] | None = None
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

    def _state(self) -> tuple[object, ...] | None:
        """Return what a new hub is read for: another seal, other link health, or another day, which sheets carry."""
        sealed = _stamp(self.sealed)
        if sealed is None:
            return None
        health = _stamp(self.health) if self.health else None
        if health and 0 <= time() - health[0] / 1e9 < STILL and self._seen:
            health = self._seen[-1]  # type: ignore[assignment]
        return date.today(), sealed, _stamp(self.sheets) if self.sheets else None, health

    def _watch(self, every: float) -> None:
        while True:
            sleep(every)
            self.renew()


def _stamp(file: Path) -> tuple[int, int] | None:
    """Return by what a changed file is known, or None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _deliver(hub: Hub) -> Delivery:
    app = create_app(hub=hub)
    pages = app.extensions["hub"]()
    pages.prepare()
    delivery = Delivery(app.wsgi_app, pages)
    delivery.prepare()
    return delivery


def application() -> Renewing:
    """Return the hub, ready to serve; with defects in its content, print them all and end the process."""
    try:
        settings = load_settings()
        log.disabled = not settings.log
        sheets = settings.sheets / MANIFEST if settings.sheets else None
        serving = Renewing(lambda: open_hub(settings), CONTENT / FILE, health=settings.health, sheets=sheets)
    except ContentRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(1) from None
    return serving
