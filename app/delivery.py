"""Delivery: each page rendered once, kept as compressed bytes, and answered before Flask is asked.

A page depends on nothing but its address (the language chooser also on the reader's languages) until content changes,
and content changes only with a new process, so what is kept can be neither another reader's nor stale. Only addresses
of the site's own list are kept: query strings, headers and unknown addresses cannot make the store grow.
"""

import gzip
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli

from app.pages import FILES, Pages
from app.site import CHOOSER

Headers = list[tuple[str, str]]
FIRST_QUALITY, LAST_QUALITY = 5, 11  # brotli: the first takes under 1 ms a page, the last some 25 ms, later
WORTH_PACKING = 200  # bytes; below this a packed body is no smaller with its header
CHOOSERS_KEPT = 64
ERRORS_KEPT = 64


@dataclass(frozen=True)
class Form:
    """A body in one coding, with all its headers; `unchanged` are those of the 304 that stands for it."""

    headers: Headers
    body: tuple[bytes, ...]
    unchanged: Headers


class Answer:
    """What the hub answers at one address: its status and its forms by coding."""

    def __init__(self, status: str, headers: Headers, body: bytes, quality: int):
        self.status = status
        self.digest = sha256(body).hexdigest()[:24]
        self._base = [
            (name, value) for name, value in headers if name.lower() not in ("content-length", "etag")
        ]
        self._zipped = gzip.compress(body, 9, mtime=0)
        self.gzip = self._form("gzip", self._zipped)
        self.brotli = self._form(
            f"br{quality}", brotli.compress(body, mode=brotli.MODE_TEXT, quality=quality)
        )

    @property
    def whole(self) -> bool:
        """Whether this is a page and may be kept, not an error that may pass."""
        return self.status.startswith("200")

    @property
    def identity(self) -> Form:
        """The body as it is, unpacked for the few readers who take no compression."""
        return self._form("", self.text())

    def text(self) -> bytes:
        """Return the body, uncompressed."""
        return gzip.decompress(self._zipped)

    def squeeze(self) -> None:
        """Compress the body as far as it goes, for the readers to come."""
        if self.brotli is self.gzip:
            return
        packed = brotli.compress(self.text(), mode=brotli.MODE_TEXT, quality=LAST_QUALITY)
        self.brotli = self._form(f"br{LAST_QUALITY}", packed)

    def form(self, coding: str) -> Form:
        """Return the form for "br", "gzip" or "" (neither)."""
        return self.brotli if coding == "br" else self.gzip if coding == "gzip" else self.identity

    def _form(self, coding: str, body: bytes) -> Form:
        headers = [*self._base, ("Content-Length", str(len(body)))]
        if coding:
            headers.append(("Content-Encoding", coding.rstrip("0123456789")))
        if self.whole:
            headers.append(("ETag", f'"{self.digest}-{coding or "id"}"'))
        kept = {"etag", "cache-control", "vary", "content-location", "expires"}
        return Form(headers, (body,), [(name, value) for name, value in headers if name.lower() in kept])


class Delivery:
    """A WSGI application that answers the site's pages from memory and asks `app` for what it has not kept yet."""

    def __init__(self, app: WSGIApplication, pages: Pages):
        self.app = app
        self.pages = pages
        self._ready: dict[str, Answer] = {}
        self._choosers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._errors: OrderedDict[str, Answer] = OrderedDict()
        self._known = self.pages.site.pages.keys() | FILES.keys()
        self._to_squeeze: SimpleQueue[Answer] = SimpleQueue()
        Thread(target=self._squeeze, name="squeeze", daemon=True).start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as WSGI has it (PEP 3333)."""
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":
            return self.app(environ, start_response)
        answer = self._ready.get(environ["PATH_INFO"]) or self._answer(environ)
        form = answer.form(coding(environ.get("HTTP_ACCEPT_ENCODING", "")))
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and answer.whole and (answer.digest in known or known.strip() == "*"):
            start_response("304 Not Modified", form.unchanged)
            return ()
        start_response(answer.status, form.headers)
        return form.body if method == "GET" else ()

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        address = environ["PATH_INFO"]
        if address == CHOOSER:
            return self._chooser(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        if address not in self._known:
            return self._unkept(environ)
        answer = self._ask(address)
        if answer.whole:
            self._ready[address] = answer
            self._to_squeeze.put(answer)
        return answer

    def _chooser(self, accept_language: str) -> Answer:
        wanted = self._wanted(accept_language)
        answer = self._choosers.get(wanted)
        if answer is None:
            answer = self._ask(CHOOSER, ", ".join(wanted))
            if not answer.whole:
                return answer
            self._choosers[wanted] = answer
            self._to_squeeze.put(answer)
            if len(self._choosers) > CHOOSERS_KEPT:
                self._choosers.popitem(last=False)
        return answer

    def _wanted(self, accept_language: str) -> tuple[str, ...]:
        """Return the tags, at most three, that decide how the chooser looks to a reader."""
        return tuple(language.tag for language in self.pages.hub.negotiation.wanted(accept_language)[:3])

    def _ask(self, address: str, accept_language: str = "") -> Answer:
        """Ask Flask for an address as a plain reader would: nothing of the request at hand can reach what is kept."""
        environ = _plain_request(address, accept_language)
        return Answer(*_collect(self.app, environ), quality=FIRST_QUALITY)

    def _unkept(self, environ: WSGIEnvironment) -> Answer:
        """Ask Flask for an address that is no page; the few bodies it answers with are compressed once."""
        status, headers, body = _collect(self.app, {**environ, "REQUEST_METHOD": "GET"})
        key = f"{status} {sha256(repr(headers).encode() + body).hexdigest()}"
        answer = self._errors.get(key)
        if answer is None:
            answer = Answer(status, headers, body, FIRST_QUALITY)
            self._errors[key] = answer
            if len(self._errors) > ERRORS_KEPT:
                self._errors.popitem(last=False)
        return answer

    def _squeeze(self) -> None:
        while True:
            self._to_squeeze.get().squeeze()


@lru_cache(maxsize=256)
def coding(accept_encoding: str) -> str:
    """Return the best of "br", "gzip" and "" (none) that an Accept-Encoding header allows."""
    allowed: dict[str, float] = {}
    for part in accept_encoding[:500].lower().split(","):
        name, _, rest = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", rest)
        allowed[name.strip()] = float(quality[1]) if quality else 0.0 if rest else 1.0
    for name in ("br", "gzip"):
        if allowed.get(name, 0.0) > 0:
            return name
    return ""


def _plain_request(address: str, accept_language: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "SERVER_NAME": "hub",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_ACCEPT_LANGUAGE": accept_language,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _collect(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda data: None

    answer = app(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    status, headers = started[-1]
    return status, list(headers), body
