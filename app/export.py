"""Export: the whole hub as files, for any web server, CDN or memory card, each checked before any is published."""

import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from app.editions import Edition
from app.headers import ASKED_CACHE, ERROR_CACHE, PAGE_CACHE
from app.hub import Hub
from app.pages import Pages
from app.resources import Resource
from app.site import Page
from app.tree import SUMS, Tree

PACKED = (".html", ".xml", ".txt", ".svg", ".json", ".js", ".csv", ".atom", ".webmanifest")
RELATIVE = "relative"
_TAG = re.compile(r"""<([a-z][\w-]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')++)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_FETCH = re.compile(r"@import[^;]*|url\([^)]*\)", re.IGNORECASE)
_LEADING = {"href", "src", "action", "formaction", "data", "poster"}
_FETCHING = {"srcset", "imagesrcset", "ping", "style", "srcdoc", "background", "content"}  # beside those
_LEAVING = {"http", "https", "tel", "sms", "mailto"}


class ExportStopped(Exception):
    """The export found something that may not be published; `faults` says what, a line each. Nothing was changed."""

    def __init__(self, faults: Iterable[str]):
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Exported:
    """What an export did: how many files the hub has, how many were written anew, and all their bytes."""

    files: int
    written: int
    size: int


class Linker:
    """Writes the links of exported pages: below a `base` path, or relative with file names, for a memory card."""

    def __init__(self, base: str):
        if base != RELATIVE and not re.fullmatch(r"/((?!\.{1,2}/)[A-Za-z0-9._~-]+/)*", base):
            raise ExportStopped([f"base {base!r} is neither {RELATIVE!r} nor a path like / or /hub/"])
        self.base = base

    def __call__(self, page: Page, target: str) -> str:
        """Return how `page` links to the address `target` of the site."""
        if self.base != RELATIVE:
            return self.base + target[1:]
        here = posixpath.dirname(file_of(page.address))
        path, _, part = file_of(target).partition("#")
        return posixpath.relpath(path, here or ".") + (f"#{part}" if part else "")


def file_of(address: str) -> str:
    """Return the file, relative to the export's folder, that holds an address of the site."""
    return (address + "index.html" if address.endswith("/") else address).lstrip("/")


def export(
    app: Flask,
    hub: Hub,
    folder: Path,
    base: str = "/",
    workers: int | None = None,
    say: Callable[[str], None] = print,
) -> Exported:
    """Write every page of the hub to `folder` and return what was done.

    Files that did not change keep their inode and time. The new tree is made beside `folder` and exchanged for it at
    the end, so that a full disk or a killed export leaves the last one whole. Raises ExportStopped, with every fault,
    if a page does not answer 200, a link inside leads nowhere, anything is loaded from elsewhere or the policy is
    broken; OSError if the disk refuses.
    """
    pages = Pages(app, hub, Linker(base), keeps=base != RELATIVE)
    folder = folder.resolve()
    if folder.is_dir() and os.listdir(folder) and not (folder / SUMS).is_file():
        raise ExportStopped([f"{folder} holds other things than an export; name a new or an empty folder"])
    packed = () if base == RELATIVE else PACKED  # nothing on a memory card unpacks
    with Tree(folder, packed) as tree:
        files = _files(pages)
        check = Check(pages, base, files)
        for n, (name, make) in enumerate(files.items(), 1):
            try:
                body = make()
            except Exception as fault:
                check.faults.append(f"{name} cannot be made ({type(fault).__name__}: {fault})")
                continue
            check.read(name, body)
            tree.put(name, body)
            if n % 500 == 0 or n == len(files):
                say(f"made {n} of {len(files)} files")
        check.finish()
        for name, text in _server_files(pages, base).items():
            tree.put(name, text.encode())
        tree.replace(workers or min(2, os.cpu_count() or 1), say)
    return Exported(len(tree.sums) + 1, len(tree.changed), tree.size)


def _files(pages: Pages) -> dict[str, Callable[[], bytes]]:
    """Return what makes each file of the export that a page may lead to, by the file's name."""

    def shown(page: Page) -> bytes:
        return pages.page(page).encode()

    def missing(edition: Edition, address: str) -> bytes:
        return pages.problem(404, edition, address).encode()

    files: dict[str, Callable[[], bytes]] = {}
    for each in pages.site.pages.values():
        files[file_of(each.address)] = partial(shown, each)
    for tag, edition in pages.hub.editions.items():
        files[f"{tag}/404.html"] = partial(missing, edition, f"/{tag}/404.html")
    files["404.html"] = partial(missing, pages.hub.default, "/404.html")
    for address, resource in pages.resources.items():
        files[file_of(address)] = partial(_sized, resource)
    return files


def _sized(resource: Resource) -> bytes:
    """Return a resource's bytes; ValueError if they are more than it may have."""
    body = resource.make()
    if resource.most and len(body) > resource.most:
        raise ValueError(f"{len(body)} bytes, where {resource.most} may be; it holds too many links")
    return body


class Check:
    """Gathers the `faults` of pages: what leads nowhere inside, is loaded from elsewhere, or breaks the content policy.

    `names` are all files that pages may lead to. One page is read at a time, and what stands on many pages once.
    """

    def __init__(self, pages: Pages, base: str, names: Collection[str]):
        self.hub = pages.hub
        self.base = base
        self.names = names
        self.faults: list[str] = []
        self._places: dict[str, set[str]] = {}
        self._elsewhere: list[
            tuple[str, str, str, str]
        ] = []  # places on other pages, looked for when all are read

    def read(self, file: str, body: bytes) -> None:
        """Note the faults of a file, if it is a page."""
        if not file.endswith(".html"):
            return
        html = body.decode()
        first = file.split("/")[0]
        language = first if first in self.hub.texts else self.hub.default.language.tag
        texts = self.hub.texts
        for finding in self.hub.policy.page_findings(html, language, texts[language], texts):
            self.faults.append(f"{file} says “{finding.words}” ({finding.kind}), which is never shown")
        self.faults += self._link_faults(file, html)

    def finish(self) -> None:
        """Raise ExportStopped with every fault, once every page was read, if there is one."""
        for file, there, place, target in self._elsewhere:
            if place not in self._places.get(there, ()):
                self.faults.append(f"{file} leads to {target}, which is not on that page")
        if self.faults:
            raise ExportStopped(self.faults)

    def _link_faults(self, file: str, html: str) -> Iterator[str]:
        attributes = dict.fromkeys(_attributes(html))
        places = self._places[file] = {value for _, name, value in attributes if name == "id"}
        for tag, name, target in attributes:
            if name not in _LEADING:
                if name in _FETCHING and "//" in target:
                    yield f"{file} loads {target} from elsewhere"
                continue
            parts = urlsplit(target)
            if not parts.scheme and not parts.netloc:
                there = _inside(file, target, self.base) if target.split("#")[0] else file
                if there not in self.names:
                    yield f"{file} leads to {target}, which is not there"
                elif parts.fragment and there != file:
                    self._elsewhere.append((file, there, parts.fragment, target))
                elif parts.fragment and parts.fragment not in places:
                    yield f"{file} leads to {target}, which is not on that page"
            elif tag != "a":
                yield f"{file} loads {target} from elsewhere"
            elif parts.scheme not in _LEAVING:
                yield f"{file} leads to {target}, which is no address"
        for style in _STYLE.findall(html):
            for fetch in _FETCH.findall(style):
                yield f"{file} loads {fetch} from elsewhere"


def _attributes(html: str) -> Iterator[tuple[str, str, str]]:
    """Yield tag, name and value of each attribute, but for what only describes the page."""
    for tag, rest in _TAG.findall(html):
        yield from _attributes_of(tag.lower(), rest)


@lru_cache(maxsize=20_000)
def _attributes_of(tag: str, rest: str) -> tuple[tuple[str, str, str], ...]:
    given = [(name.lower(), unescape(a or b or c)) for name, a, b, c in _ATTRIBUTE.findall(rest)]
    names = dict(given)
    if (tag == "link" and names.get("rel") == "canonical") or (tag == "meta" and "http-equiv" not in names):
        return ()
    return tuple((tag, name, value) for name, value in given)


def _inside(file: str, target: str, base: str) -> str:
    path = target.split("#")[0]
    if base == RELATIVE:
        return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return file_of("/" + path.removeprefix(base)) if path.startswith(base) else path


def _server_files(pages: Pages, base: str) -> dict[str, str]:
    """Return configuration that makes web servers send what the hub itself sends; it holds no secret."""
    if base == RELATIVE:
        return {}
    headers = pages.headers
    tags = "|".join(pages.hub.languages)
    place = (
        f"the export must lie in {base[:-1]} below its root" if base != "/" else "its root holds the export"
    )
    always = [f'    add_header {name} "{value}" always;' for name, value in headers.items()]
    page = [
        "    index index.html;",
        f'    add_header Cache-Control "{PAGE_CACHE}";',
        '    add_header Vary "Accept-Encoding";',
        *always,
    ]
    asked = [address for address, each in pages.resources.items() if each.cache == ASKED_CACHE]
    nginx = [
        f"# Put this into the server block; {place}.",
        "# brotli_static needs Debian's libnginx-mod-http-brotli-static and may be left out.",
        "charset utf-8;",
        "absolute_redirect off;",
        "gzip_static on;",
        "brotli_static on;",
        f"location ~ ^{re.escape(base)}(?:(?<hub_language>{tags})/)?404\\.html$ {{",
        f'    add_header Cache-Control "{ERROR_CACHE}" always;',
        '    add_header Vary "Accept-Encoding" always;',
        '    add_header Content-Language "$hub_language" always;',
        *always,
        "}",
        *(
            f"location = {base}{address[1:]} {{ add_header Cache-Control {ASKED_CACHE}; {' '.join(always).strip()} }}"
            for address in asked
        ),
        f"location ~ ^{re.escape(base)}(?<hub_language>{tags})/ {{",
        f"    error_page 404 {base}$hub_language/404.html;",
        '    add_header Content-Language "$hub_language";',
        *page,
        "}",
        f"location ~ ^{re.escape(base)}data/.+\\.csv$ {{",  # a type that nginx and Caddy do not know by themselves
        '    types { } default_type "text/csv; charset=utf-8";',
        *page,
        "}",
        f"location {base} {{",
        f"    error_page 404 {base}404.html;",
        *page,
        "}",
        "",
    ]
    caddy = [
        f"# Put this into the site block; {place}.",
        "header {",
        "    Vary Accept-Encoding",
        *(f'    {name} "{value}"' for name, value in headers.items()),
        "}",
        f"@language path_regexp language ^{re.escape(base)}({tags})/",
        "header @language Content-Language {re.language.1}",
        f"@asked path {' '.join(base + address[1:] for address in asked)}",
        f"header @asked Cache-Control {ASKED_CACHE}",
        f"@kept not path {' '.join(base + address[1:] for address in asked)}",
        f'header @kept Cache-Control "{PAGE_CACHE}"',
        'header *.csv Content-Type "text/csv; charset=utf-8"',
        "handle_errors {",
        f"    @missing path_regexp missing ^{re.escape(base)}({tags})/",
        f"    rewrite @missing {base}{{re.missing.1}}/404.html",
        f"    @other not path_regexp ^{re.escape(base)}({tags})/",
        f"    rewrite @other {base}404.html",
        f'    header Cache-Control "{ERROR_CACHE}"',
        "    file_server {",
        "        precompressed br gzip",
        "    }",
        "}",
        "file_server {",
        "    precompressed br gzip",
        "}",
        "",
    ]
    common = [
        f"{base}*",
        f"  Cache-Control: {PAGE_CACHE}",
        *(f"  {name}: {value}" for name, value in headers.items()),
        *(line for address in asked for line in (base + address[1:], f"  Cache-Control: {ASKED_CACHE}")),
        "",
    ]
    return {
        "_headers": "\n".join(common),
        "_config/nginx.conf": "\n".join(nginx),
        "_config/Caddyfile": "\n".join(caddy),
    }
