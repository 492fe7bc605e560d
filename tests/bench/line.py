"""Line: when a reader on a slow line first sees text, beside the same page with a CSS framework, script and fonts."""

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
from werkzeug.test import Client

from app import create_app
from app.delivery import Delivery
from tests.bench.report import Target, middle
from tests.bench.setting import Setting, node_packages, program
from tests.local import BROWSER, Lasting, served

PAGE = "/ar/"
FRAMED = "/framed"
RATE, TRIP = 50_000, 1_000  # bit/s, ms
PAINTED_WITHIN = 90_000  # ms
FILES = {
    "bootstrap.css": ("bootstrap/dist/css/bootstrap.min.css", "text/css"),
    "bootstrap.js": ("bootstrap/dist/js/bootstrap.bundle.min.js", "text/javascript"),
    "400.woff2": (
        "@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff2",
        "font/woff2",
    ),
    "700.woff2": (
        "@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-700-normal.woff2",
        "font/woff2",
    ),
}


@dataclass(frozen=True)
class Seen:
    """A load of one page: ms to the first text, and requests made by then."""

    paint: float
    requests: int


def measure(setting: Setting) -> None:
    """Print the first contentful paint of the home page and of its heavier double over an emulated line."""
    report = setting.report
    report.heading(f"Slow line: {RATE // 1000} kbit/s, {TRIP / 1000:.0f} s round trip, cold cache, {PAGE}")
    chromium = program("chromium") or program("chromium-browser")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        report.skip("first text", "Chromium (Debian: chromium) or the Python package playwright is missing")
        return
    modules, why = node_packages()
    if modules is None:
        report.skip("the same page with a framework", why)
    addresses = [PAGE, *([FRAMED + PAGE] if modules else [])]
    app = create_app(hub=setting.hub)
    both = _Both(Delivery(app.wsgi_app, app.extensions["hub"]()), modules)
    with served(both, Lasting) as origin:
        seen = _loads(chromium, [origin + address for address in addresses], setting.repeats)
    hub, *heavy = ((middle(each.paint for each in loads), loads[0].requests) for loads in seen)
    rows = []
    if heavy:
        ratio = heavy[0][0] / hub[0]
        judged = report.judge("first text, framework / hub", ratio, Target(3.5, at_least=True))
        rows.append(("with Bootstrap and Noto fonts", ratio, *judged, *heavy[0], both.weight))
    _, verdict = report.judge("requests before the text", hub[1], Target(1))
    rows.append(("the hub's home page", 1, "1 request", verdict, *hub, len(both.packed)))
    columns = ("page", "x the hub", "target", "", "first text ms", "requests by then", "B brotli in all")
    report.table(columns, rows)
    report.say("The browser's emulation adds no DNS, TCP or TLS round trips: real lines add up to three.")


class _Both:
    """The hub, and below FRAMED the same page as it would be with a framework; both with brotli 11."""

    def __init__(self, delivery: WSGIApplication, modules: Path | None):
        self.delivery = delivery
        self.ready: dict[str, tuple[str, bytes, bool]] = {}
        html = Client(delivery).get(PAGE).get_data()
        self.packed = brotli.compress(html, quality=11)
        if modules is None:
            return
        self._keep(PAGE, "text/html; charset=utf-8", framed(html.decode()).encode())
        for name, (path, kind) in FILES.items():
            self._keep(f"/{name}", kind, (modules / path).read_bytes())

    @property
    def weight(self) -> int:
        """The bytes of the heavier page and all it loads."""
        return sum(len(body) for _, body, _ in self.ready.values())

    def _keep(self, name: str, kind: str, body: bytes) -> None:
        packed = not kind.startswith("font")
        self.ready[FRAMED + name] = (kind, brotli.compress(body, quality=11) if packed else body, packed)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (found := self.ready.get(environ["PATH_INFO"])) is None:
            return self.delivery(environ, start_response)
        kind, body, packed = found
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response("200 OK", [*headers, ("Content-Encoding", "br")] if packed else headers)
        return (body,)


def framed(html: str) -> str:
    """Return a page of the hub with Bootstrap, its script and two fonts loaded the usual way."""
    fonts = "".join(
        f"@font-face{{font-family:'Noto Sans Arabic';font-weight:{weight};font-display:swap;"
        f"src:url({FRAMED}/{weight}.woff2) format('woff2')}}"
        for weight in (400, 700)
    )
    head = f'<link rel="stylesheet" href="{FRAMED}/bootstrap.css"><style>{fonts}body{{font-family:"Noto Sans Arabic"}}</style>'
    html = re.sub(r"(?=</head>)", head, html, count=1)
    return re.sub(r"(?=</body>)", f'<script src="{FRAMED}/bootstrap.js"></script>', html, count=1)


def _loads(chromium: str, urls: list[str], repeats: int) -> list[list[Seen]]:
    """Return what each load of each address showed, interleaved, each in a fresh browser profile."""
    from playwright.sync_api import sync_playwright

    seen: list[list[Seen]] = [[] for _ in urls]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(BROWSER))
        try:
            _load(browser, urls[0])  # the first page of a browser is slower for reasons of its own
            for _ in range(repeats):
                for url, loads in zip(urls, seen, strict=True):
                    loads.append(_load(browser, url))
        finally:
            browser.close()
    return seen


def _load(browser: Any, url: str) -> Seen:
    context = browser.new_context(viewport={"width": 360, "height": 640}, locale="ar")
    try:
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        line.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": TRIP, "downloadThroughput": RATE / 8, "uploadThroughput": RATE / 8},
        )
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url, wait_until="commit", timeout=PAINTED_WITHIN)
        paint = page.wait_for_function(_PAINTED, timeout=PAINTED_WITHIN).json_value()
        return Seen(paint, len(asked))
    finally:
        context.close()


_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
