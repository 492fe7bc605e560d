"""Export: the whole hub as files, for any web server, CDN or memory card, written beside the last one and then exchanged."""

import gzip
import os
import posixpath
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import brotli
from flask import Flask

from app.headers import ERROR_CACHE, PAGE_CACHE
from app.hub import Hub
from app.pages import Pages
from app.site import Page

SUMS = "SHA256SUMS"
PACKED = (".html", ".xml", ".txt", ".svg", ".json", ".js")
RELATIVE = "relative"
_TAG = re.compile(r"""<([a-z][\w-]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')++)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_FETCH = re.compile(r"@import[^;]*|url\([^)]*\)", re.IGNORECASE)
_PLACE = re.compile(r'\sid="([^"]*)"')
_LEADING = {"href", "src", "action", "formaction", "data", "poster"}
_FETCHING = {"srcset", "imagesrcset", "ping", "style", "srcdoc", "background", "content"}  # beside those
_LEAVING = {"http", "https", "tel", "mailto"}


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
    pages = Pages(app, hub, Linker(base))
    folder = folder.resolve()
    if folder.is_dir() and os.listdir(folder) and not (folder / SUMS).is_file():
        raise ExportStopped([f"{folder} holds other things than an export; name a new or an empty folder"])
    made = {file: body.encode() for file, body in _render(app, pages, say)}
    _check(pages, made, base)
    made |= {name: body.encode() for name, body in _server_files(pages, base).items()}
    packed = () if base == RELATIVE else PACKED  # nothing on a memory card unpacks
    return _write(made, folder, packed, workers or min(2, os.cpu_count() or 1), say)


def _render(app: Flask, pages: Pages, say: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    total = len(pages.site.pages)
    faults = []
    for n, page in enumerate(pages.site.pages.values(), 1):
        try:
            yield file_of(page.address), pages.page(page)
        except Exception as fault:
            faults.append(f"{file_of(page.address)} cannot be made ({type(fault).__name__}: {fault})")
        if n % 500 == 0 or n == total:
            say(f"rendered {n} of {total} pages")
    if faults:
        raise ExportStopped(faults)
    for tag, edition in pages.hub.editions.items():
        yield f"{tag}/404.html", pages.problem(404, edition, f"/{tag}/404.html")
    yield "404.html", pages.problem(404, pages.hub.default, "/404.html")
    for name, body in pages.files().items():
        yield name.lstrip("/"), body


def _check(pages: Pages, made: dict[str, bytes], base: str) -> None:
    """Refuse pages that lead nowhere inside, load anything from elsewhere, or break the content policy."""
    faults = []
    html = {file: body.decode() for file, body in made.items() if file.endswith(".html")}
    places = {file: set(_PLACE.findall(text)) for file, text in html.items()}
    hub = pages.hub
    for file, text in html.items():
        faults += _link_faults(file, text, base, made, places)
        first = file.split("/")[0]
        language = first if first in hub.texts else hub.default.language.tag
        for finding in hub.policy.page_findings(text, language, hub.texts[language]):
            faults.append(f"{file} says “{finding.words}” ({finding.kind}), which is never shown")
    if faults:
        raise ExportStopped(faults)


def _link_faults(
    file: str, html: str, base: str, made: Collection[str], places: dict[str, set[str]]
) -> Iterator[str]:
    for tag, name, target in _attributes(html):
        if name not in _LEADING:
            if name in _FETCHING and "//" in target:
                yield f"{file} loads {target} from elsewhere"
            continue
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            there = _inside(file, target, base) if target.split("#")[0] else file
            if there not in made:
                yield f"{file} leads to {target}, which is not there"
            elif parts.fragment and parts.fragment not in places.get(there, ()):
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
        tag = tag.lower()
        given = [(name.lower(), unescape(a or b or c)) for name, a, b, c in _ATTRIBUTE.findall(rest)]
        names = dict(given)
        if (tag == "link" and names.get("rel") == "canonical") or (
            tag == "meta" and "http-equiv" not in names
        ):
            continue
        yield from ((tag, name, value) for name, value in given)


def _inside(file: str, target: str, base: str) -> str:
    path = target.split("#")[0]
    if base == RELATIVE:
        return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return file_of("/" + path.removeprefix(base)) if path.startswith(base) else path


def _write(
    made: dict[str, bytes], folder: Path, endings: tuple[str, ...], workers: int, say: Callable[[str], None]
) -> Exported:
    fresh, last = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.last")
    if last.exists() and not folder.exists():
        last.rename(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(last, ignore_errors=True)
    before = read_sums(folder)
    sums: dict[str, str] = {}
    changed: list[str] = []
    try:
        for name, body in sorted(made.items()):
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            sums[name] = sha256(body).hexdigest()
            packed = [name + ending for ending in (".br", ".gz") if name.endswith(endings)]
            if before.get(name) == sums[name] and all(
                _whole(folder, other, before) for other in (name, *packed)
            ):
                for other in (name, *packed):
                    _keep(folder / other, fresh / other)
                    sums[other] = before[other]
            else:
                path.write_bytes(body)
                changed.append(name)
        _pack(fresh, [name for name in changed if name.endswith(endings)], sums, workers, say)
        listing = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        if read_text(folder / SUMS) == listing:
            _keep(folder / SUMS, fresh / SUMS)
        else:
            (fresh / SUMS).write_text(listing, encoding="utf-8")
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if folder.exists():
        folder.rename(last)
    fresh.rename(folder)
    shutil.rmtree(last, ignore_errors=True)
    size = sum(len(body) for body in made.values())
    return Exported(len(sums) + 1, len(changed), size)


def _whole(folder: Path, name: str, sums: dict[str, str]) -> bool:
    try:
        return sums.get(name) == sha256((folder / name).read_bytes()).hexdigest()
    except FileNotFoundError:
        return False


def _keep(old: Path, new: Path) -> None:
    """Give an unchanged file its second name; where the disk has no hard links (a memory card), copy it."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def _pack(
    folder: Path, names: list[str], sums: dict[str, str], workers: int, say: Callable[[str], None]
) -> None:
    """Write the .br and .gz beside each named file, on several processors where that is worth it."""

    def note(done: Iterable[tuple[str, str, str]]) -> None:
        for n, (name, br, gz) in enumerate(done, 1):
            sums[name + ".br"], sums[name + ".gz"] = br, gz
            if n % 500 == 0 or n == len(names):
                say(f"compressed {n} of {len(names)} files")

    paths = [(str(folder), name) for name in names]
    if workers > 1 and len(names) > 20:
        with ProcessPoolExecutor(workers) as pool:
            note(pool.map(_pack_one, paths, chunksize=8))
    else:
        note(map(_pack_one, paths))


def _pack_one(place: tuple[str, str]) -> tuple[str, str, str]:
    folder, name = place
    path = Path(folder, name)
    body = path.read_bytes()
    packed = brotli.compress(body, mode=brotli.MODE_TEXT, quality=11)
    zipped = gzip.compress(body, 9, mtime=0)
    Path(f"{path}.br").write_bytes(packed)
    Path(f"{path}.gz").write_bytes(zipped)
    return name, sha256(packed).hexdigest(), sha256(zipped).hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 sums of an export by file name, or none where there is no whole export."""
    lines = (line.partition("  ") for line in read_text(folder / SUMS).splitlines())
    return {name: digest for digest, _, name in lines}


def read_text(path: Path) -> str:
    """Return a file's text, or nothing where there is no file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


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
        f"location ~ ^{re.escape(base)}(?<hub_language>{tags})/ {{",
        f"    error_page 404 {base}$hub_language/404.html;",
        '    add_header Content-Language "$hub_language";',
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
        f'    Cache-Control "{PAGE_CACHE}"',
        "    Vary Accept-Encoding",
        *(f'    {name} "{value}"' for name, value in headers.items()),
        "}",
        f"@language path_regexp language ^{re.escape(base)}({tags})/",
        "header @language Content-Language {re.language.1}",
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
        "",
    ]
    return {
        "_headers": "\n".join(common),
        "_config/nginx.conf": "\n".join(nginx),
        "_config/Caddyfile": "\n".join(caddy),
    }
