"""Making: how long pages take to be rendered for the first time, the hub to start, and what memory a worker holds."""

import time
from collections import defaultdict

from app.hub import open_hub
from tests.bench.report import Report, Target, middle
from tests.bench.servers import Server
from tests.bench.setting import Setting

FOR_PAGES = 3000


def measure(setting: Setting) -> None:
    """Print first renders by template, start-up beside peers, and private memory."""
    setting.report.heading("First rendering: a hub that has just started and has shown no page (CPU ms)")
    _first_renders(setting)
    setting.report.heading("Start and memory, on the server we ship")
    _start_and_memory(setting)


def _first_renders(setting: Setting) -> None:
    first: dict[str, list[float]] = defaultdict(list)
    by_template: dict[str, list[list[float]]] = defaultdict(list)
    every, opened, prepared = [], [], []
    for _ in range(setting.repeats):
        begun = time.process_time()
        hub = open_hub(setting.settings)
        opened.append(time.process_time() - begun)
        begun = time.process_time()
        pages = setting.fresh_pages(hub)
        prepared.append(time.process_time() - begun)
        spent: dict[str, list[float]] = defaultdict(list)
        for page in pages.site.pages.values():
            begun = time.process_time()
            pages.page(page)
            spent[page.template].append((time.process_time() - begun) * 1000)
        for template, values in spent.items():
            first[template].append(values[0])
            by_template[template].append(values)
        every.append(sum(map(sum, spent.values())) / len(pages.site.pages))
    _print_renders(setting.report, first, by_template, middle(every))
    setting.report.say(
        f"Reading and checking all content took {middle(opened):.2f} s of CPU before that, "
        f"compiling the templates and ordering the countries {middle(prepared):.2f} s."
    )


def _print_renders(
    report: Report,
    first: dict[str, list[float]],
    by_template: dict[str, list[list[float]]],
    every: float,
) -> None:
    rows = []
    for template, repeats in by_template.items():
        usual = middle(value for values in repeats for value in values)
        mean = middle(sum(values) / len(values) for values in repeats)
        judged = report.judge(f"{template}, ms a page", usual, Target(1))
        rows.append((template, usual, *judged, mean, middle(first[template])))
    rows.append(("all pages", "", *report.judge("all pages, ms a page", every, Target(1)), every, ""))
    seconds = every * FOR_PAGES / 1000
    name = f"{FOR_PAGES:,} pages, s"
    rows.append((name, "", *report.judge(name, seconds, Target(3)), seconds, ""))
    report.table(("template", "median ms", "target", "", "mean ms", "the very first"), rows)


def _start_and_memory(setting: Setting) -> None:
    report = setting.report
    starts: dict[str, list[float]] = defaultdict(list)
    private: dict[str, list[float]] = defaultdict(list)
    for _ in range(setting.repeats):
        for target in ("app.serve:application", "tests.bench.plain:bare_flask", "tests.bench.plain:empty"):
            with setting.servers() as servers:
                begun = time.monotonic()
                server = servers.granian(target, ready="/ar/")
                starts[target].append(time.monotonic() - begun)
                private[target].append(worker_memory(server))
                if target == "app.serve:application":
                    server.visit(setting.some_addresses)
                    private["filled"].append(worker_memory(server))
    hub, flask, empty = (middle(values) for values in starts.values())
    rows = [
        ("start to first answer, s", hub / flask, hub, *report.judge("start, s", hub, Target(3))),
        ("bare Flask", 1, flask, "", ""),
        ("empty WSGI app", empty / flask, empty, "", ""),
    ]
    report.table(("what", "x bare Flask", "s", "target", ""), rows)
    report.say("")
    _print_memory(setting, {name: middle(values) for name, values in private.items()})


def _print_memory(setting: Setting, private: dict[str, float]) -> None:
    report = setting.report
    flask = private["tests.bench.plain:bare_flask"]
    rows = []
    for name, key, target in (
        ("after the first answer", "app.serve:application", Target(80)),
        (f"after {len(setting.some_addresses)} pages were asked for", "filled", Target(80)),
        ("bare Flask", "tests.bench.plain:bare_flask", None),
        ("empty WSGI app", "tests.bench.plain:empty", None),
    ):
        rows.append((name, private[key] / flask, private[key], *report.judge(name, private[key], target)))
    report.table(("private memory of a worker", "x bare Flask", "MiB", "target", ""), rows)
    report.say("granian shares no memory between workers, so a further worker holds as much again.")


def worker_memory(server: Server) -> float:
    """Return the private MiB of the worker: of a server's processes the one that holds most."""
    time.sleep(0.3)
    return server.private()[0]
