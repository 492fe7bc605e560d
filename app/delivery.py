"""Delivery: each page rendered once, kept as compressed bytes, and answered before Flask is asked.

A page depends on nothing but its address (the language chooser also on the reader's languages) until content changes,
and new content is served by a new delivery, so what is kept can be neither another reader's nor stale. Only addresses
of the site's own list are kept: query strings, headers and unknown addresses cannot make the store grow.

A browser that offers it gets the next page of a language as the difference from that language's home page, which it has
(compression dictionaries, RFC 9842, in the `dcz` form).
"""

import gzip
import re
from base64 import b64encode
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
import zstandard

from app.pages import Pages
from app.resources import is_packed
from app.site import CHOOSER

Headers = list[tuple[str, str]]
FIRST_QUALITY, LAST_QUALITY = 5, 11  # brotli: the first takes under 1 ms a page, the last some 25 ms, later
WORTH_PACKING = 200  # bytes; below this a packed body is no smaller with its header
DCZ_MAGIC = b"\x5e\x2a\x4d\x18\x20\x00\x00\x00"
CHOOSERS_KEPT = 64
ERRORS_KEPT = 64
QUERY_READ = 4096  # letters of a query string that are read


@dataclass(frozen=True)
class Dictionary:
    """A home page that a browser may have: its body, prepared, and its SHA-256 as the browser names it."""

    digest: bytes
    name: str
    prepared: zstandard.ZstdCompressionDict

    @classmethod
    def of(cls, body: bytes) -> "Dictionary":
        """Return the dictionary that `body` is."""
        digest = sha256(body).digest()
        prepared = zstandard.ZstdCompressionDict(body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        return cls(digest, f":{b64encode(digest).decode()}:", prepared)

    def pack(self, body: bytes) -> bytes:
        """Return `body` in the `dcz` coding (RFC 9842, section 5)."""
        stream = zstandard.ZstdCompressor(level=19, dict_data=self.prepared).compress(body)
        return DCZ_MAGIC + self.digest + stream


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
        self._base = [
            (name, value) for name, value in headers if name.lower() not in ("content-length", "etag")
        ]
        self.digest = sha256(repr(self._base).encode() + body).hexdigest()[:24]
        self._by_dictionary: Form | None = None
        self._zipped = gzip.compress(body, 9, mtime=0)
        media = next((value for name, value in headers if name.lower() == "content-type"), "")
        if is_packed(media):
            self.gzip = self._form("gzip", self._zipped)
            packed = brotli.compress(body, mode=brotli.MODE_TEXT, quality=quality)
            self.brotli = self._form(f"br{quality}", packed)
        else:
            self.gzip = self.brotli = self._form("", body)

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

    def from_dictionary(self, dictionary: Dictionary) -> Form:
        """Return the body as its difference from a home page that the reader has."""
        if self._by_dictionary is None:
            self._by_dictionary = self._form("dcz", dictionary.pack(self.text()))
        return self._by_dictionary

    def form(self, coding: str) -> Form:
        """Return the form for "br", "gzip" or "" (neither)."""
        return self.brotli if coding == "br" else self.gzip if coding == "gzip" else self.identity

    def _form(self, coding: str, body: bytes) -> Form:
        headers = [*self._base, ("Content-Length", str(len(body)))]
        if coding:
            headers.append(("Content-Encoding", coding.rstrip("0123456789")))
        if self.whole:
            headers.append(("ETag", f'"{self.digest}-{coding or "id"}"'))
        # What RFC 9110, 15.4.5 asks of a 304. The digest covers every header, so that a reader whose copy is still
        # good has the security headers of today too; to send them again would cost 0.1 s on a slow line.
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
        self._dictionaries: dict[str, Dictionary] = {}
        kept = {address for address, resource in pages.resources.items() if resource.kept}
        self._known = pages.site.pages.keys() | kept
        self._large = pages.resources.keys() - kept
        self._ahead = [address for address, resource in pages.resources.items() if resource.ahead]
        self._closed = False
        self._searches = {
            each.address for each in pages.site.pages.values() if each.template == "search.html"
        }
        self._to_squeeze: SimpleQueue[Answer | None] = SimpleQueue()
        Thread(target=self._squeeze, name="squeeze", daemon=True).start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as WSGI has it (PEP 3333)."""
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":
            return self.app(environ, start_response)
        if environ.get("QUERY_STRING") and environ["PATH_INFO"] in self._searches:
            answer: Answer | None = self._unheld(environ)
        else:
            answer = self._ready.get(environ["PATH_INFO"]) or self._answer(environ)
        if answer is None:
            return self.app(environ, start_response)
        accept = environ.get("HTTP_ACCEPT_ENCODING", "")
        named = environ.get("HTTP_AVAILABLE_DICTIONARY")
        if named and (dictionary := self._dictionary(environ["PATH_INFO"], named, accept)):
            form = answer.from_dictionary(dictionary)
        else:
            form = answer.form(coding(accept))
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and answer.whole and (answer.digest in known or known.strip() == "*"):
            start_response("304 Not Modified", form.unchanged)
            return ()
        start_response(answer.status, form.headers)
        return form.body if method == "GET" else ()

    def _answer(self, environ: WSGIEnvironment) -> Answer | None:
        """Return the answer to a request, or None where it is a large file that is read from the disk each time."""
        address = environ["PATH_INFO"]
        if address in self._large:
            return None
        if address == CHOOSER:
            return self._chooser(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        if address not in self._known:
            return self._unkept(environ)
        return self._keep(address)

    def _unheld(self, environ: WSGIEnvironment) -> Answer:
        """Answer a search afresh: what a reader looked for is kept nowhere, and nothing else of the request is told."""
        request = _plain_request(environ["PATH_INFO"], "")
        request["QUERY_STRING"] = environ["QUERY_STRING"][:QUERY_READ]
        return Answer(*_collect(self.app, request), FIRST_QUALITY)

    def _keep(self, address: str) -> Answer:
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
        status, headers, body = _collect(self.app, _plain_request(address, accept_language))
        page = self.pages.site.pages.get(address)
        if page and page.language:
            headers = [
                (name, f"{value}, Available-Dictionary" if name == "Vary" else value)
                for name, value in headers
            ]
            if not page.twin:
                headers.append(("Use-As-Dictionary", f'match="{address}*"'))
        quality = LAST_QUALITY if address in self._ahead else FIRST_QUALITY
        return Answer(status, headers, body, quality)

    def _dictionary(self, address: str, named: str, accept: str) -> Dictionary | None:
        """Return the home page that a browser names as its dictionary, if it is the one it would get now."""
        page = self.pages.site.pages.get(address)
        if page is None or page.language is None or not page.twin or "dcz" not in accept:
            return None
        dictionary = self._dictionaries.get(page.language)
        if dictionary is None:
            home = f"/{page.language}/"
            kept = self._ready.get(home) or self._keep(home)
            dictionary = self._dictionaries[page.language] = Dictionary.of(kept.text())
        return dictionary if dictionary.name == named else None

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

    def prepare(self) -> None:
        """Make, in the background, what takes too long to be made when it is asked for."""
        Thread(target=self._make_ahead, name="ahead", daemon=True).start()

    def _make_ahead(self) -> None:
        for address in self._ahead:
            if not self._closed and address not in self._ready:
                self._keep(address)

    def close(self) -> None:
        """Let go of what is kept, once another delivery serves in this one's place."""
        self._closed = True
        self._to_squeeze.put(None)

    def _squeeze(self) -> None:
        while answer := self._to_squeeze.get():
            answer.squeeze()


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
