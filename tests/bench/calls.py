"""Calls: the applications called directly in one process, without a server: the steadiest comparison of all."""

import importlib.util
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication

from app import create_app
from app.delivery import Delivery
from tests.bench import peers, plain
from tests.bench.report import Target, middle
from tests.bench.setting import Setting

EMPTY, HIT, FLASK, STOCK, RENDER = (
    "empty WSGI app",
    "the hub, ready page",
    "bare Flask, constant",
    "Flask-Babel, rendering",
    "the hub's Flask, rendering",
)
SLOW = {STOCK, RENDER}
ADDRESSES = ("/ar/", "/ar/countries/iq/")


def measure(setting: Setting) -> None:
    """Print the microseconds of a call to the hub and its peers, and the ratios."""
    report = setting.report
    report.heading("Calls: no server, one process, CPU time")
    for address in ADDRESSES:
        figures = _figures(setting, address)
        hit = figures[HIT]
        rows: list[tuple[object, ...]] = [
            (HIT, "us", hit, *report.judge(f"{address}, a ready page, us", hit, Target(2)), hit)
        ]
        for name, words, ratio, target in (
            (EMPTY, "hub / it", hit / figures[EMPTY], None),
            (FLASK, "it / hub", figures[FLASK] / hit, Target(20, at_least=True)),
            (RENDER, "it / hub", figures[RENDER] / hit, None),
            (STOCK, "it / hub", figures.get(STOCK, 0) / hit, None),
        ):
            if name in figures:
                rows.append(
                    (name, words, ratio, *report.judge(f"{address}, {name}", ratio, target), figures[name])
                )
        if STOCK in figures:
            ratio = figures[STOCK] / figures[RENDER]
            rows.append(("Flask-Babel / the hub, both rendering", "ratio", ratio, "", "", figures[RENDER]))
        report.say(f"\n{address}")
        report.table(("peer", "compared", "ratio", "target", "", "us/call"), rows)


def _figures(setting: Setting, address: str) -> dict[str, float]:
    apps = _applications(setting, address)
    few, repeats = (200, 5) if setting.quick else (2000, 15)
    taken: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(repeats):
        for name, app in apps.items():
            taken[name].append(microseconds(app, address, few // 100 if name in SLOW else few))
    return {name: middle(values) for name, values in taken.items()}


def _applications(setting: Setting, address: str) -> dict[str, WSGIApplication]:
    app = create_app(hub=setting.hub)
    delivery = Delivery(app.wsgi_app, app.extensions["hub"]())
    apps: dict[str, WSGIApplication] = {
        EMPTY: plain.empty(),
        HIT: delivery,
        FLASK: plain.bare_flask(),
        RENDER: app,
    }
    if importlib.util.find_spec("flask_babel"):
        apps[STOCK] = peers.stock_of(setting.hub, setting.folder)
    else:
        setting.report.skip(STOCK, "the Python package flask_babel is not installed")
    for each in apps.values():
        microseconds(each, address, 3)
    time.sleep(0.3)
    return apps


def microseconds(app: WSGIApplication, address: str, times: int) -> float:
    """Return the CPU microseconds of one call, over so many."""
    ask = _caller(app, address)
    begun = time.thread_time()
    for _ in range(times):
        ask()
    return (time.thread_time() - begun) * 1e6 / times


def _caller(app: WSGIApplication, address: str) -> Callable[[], None]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        if not status.startswith("200"):
            raise LookupError(f"{address} answers {status}")
        return lambda data: None

    def ask() -> None:
        answer = app(dict(environ), start_response)
        for _ in answer:
            pass
        if close := getattr(answer, "close", None):
            close()

    return ask
