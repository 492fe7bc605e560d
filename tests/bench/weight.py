"""Weight: what every page and file costs on the line in every language, body and headers, against the budgets."""

import re
from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from app.export import file_of
from app.resources import Resource
from app.site import Page
from tests.bench.report import Report, Target
from tests.bench.servers import Server
from tests.bench.setting import Setting

CIVILIAN, REFERENCE = 8_192, 24_000
WITH_HEADERS = 10_240
HEADERS = 1_024
SCRIPTS = 4_000
SCRIPT_FILES = (
    "/hub.js",
    "/sw.js",
)  # what runs on pages; the other .js files are data, asked for by who searches
KEPT = 50_000
BUDGETS = {
    "materials.html": REFERENCE,
    "status.html": REFERENCE,
    "coverage.html": REFERENCE,
    "about.html": REFERENCE,
}
FILE_BUDGETS = {"/<language>/keep.json": KEPT}


@dataclass(frozen=True)
class Weight:
    """The bytes of one page or file: its address, and its body raw, with brotli 11 and with gzip 9."""

    address: str
    raw: int
    brotli: int
    gzip: int


def measure(setting: Setting) -> None:
    """Print the worst and median page of every template over every language, headers, files, and all script."""
    report = setting.report
    report.heading("Bytes: every page of every template, and every file, in every language")
    weights: dict[str, list[Weight]] = defaultdict(list)
    for page in setting.pages.values():
        weights[page.template].append(_weigh(setting, page))
    headers = _headers(setting, weights)
    _print_bodies(report, weights, headers)
    _print_headers(report, headers)
    files: dict[str, list[Weight]] = defaultdict(list)
    for resource in setting.resources.values():
        files[_kind_of(setting, resource)].append(_weigh(setting, resource))
    _print_files(report, files)


def _weigh(setting: Setting, about: Page | Resource) -> Weight:
    """Return the bytes of a page or file as the export wrote them; what is not packed there counts as it is."""
    path = setting.exported / file_of(about.address)
    raw = path.stat().st_size
    packed, zipped = (
        other.stat().st_size if (other := path.with_name(path.name + ending)).exists() else raw
        for ending in (".br", ".gz")
    )
    return Weight(about.address, raw, packed, zipped)


def _kind_of(setting: Setting, resource: Resource) -> str:
    """Return a file's address with what differs from language to language and from country to country left out."""
    tags = "|".join(map(re.escape, setting.hub.languages))
    address = re.sub(rf"(?<=/)(?:{tags})(?=[/.])", "<language>", resource.address)
    return re.sub("/countries/[a-z]{2}/", "/countries/<country>/", address)


def _headers(setting: Setting, weights: dict[str, list[Weight]]) -> dict[str, int]:
    """Return the largest header of each template as the shipped server sends it over HTTP/1.1."""
    with setting.servers() as servers:
        server = servers.granian("app.serve:application")
        return {name: max(head_of(server, each) for each in _few(pages)) for name, pages in weights.items()}


def _few(pages: list[Weight]) -> list[str]:
    """Return one address a language, so that the longest Content-Language is among them."""
    return list({each.address.split("/")[1]: each.address for each in pages}.values())


def head_of(server: Server, address: str) -> int:
    """Return the bytes of an answer's status line and headers, the empty line included."""
    _, headers, _ = server.get(address)
    return len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(name) + len(value) + 4 for name, value in headers)


def _print_bodies(report: Report, weights: dict[str, list[Weight]], headers: dict[str, int]) -> None:
    rows = []
    for template, pages in weights.items():
        limit = BUDGETS.get(template, CIVILIAN)
        worst = max(pages, key=lambda each: each.brotli)
        largest = max(each.gzip for each in pages) + headers[template]
        wanted, verdict = report.judge(
            f"{template}, worst brotli ({worst.address})", worst.brotli, Target(limit)
        )
        whole = ("", "")
        if limit == CIVILIAN:
            whole = report.judge(f"{template}, gzip and headers", largest, Target(WITH_HEADERS))
        over = sum(each.brotli > limit for each in pages)
        rows.append(
            (
                template,
                worst.brotli / limit,
                worst.brotli,
                wanted,
                verdict,
                f"{over} of {len(pages)}",
                int(median(each.brotli for each in pages)),
                int(median(each.raw for each in pages)),
                max(each.gzip for each in pages),
                largest,
                *whole,
                worst.address,
            )
        )
    report.table(
        (
            "template",
            "of budget",
            "worst br 11",
            "target",
            "",
            "pages over",
            "median br",
            "median raw",
            "worst gzip 9",
            "with headers",
            "target",
            "",
            "worst page",
        ),
        rows,
    )


def _print_headers(report: Report, headers: dict[str, int]) -> None:
    rows = [
        (name, size / HEADERS, size, *report.judge(f"{name}, headers", size, Target(HEADERS)))
        for name, size in headers.items()
    ]
    report.say("")
    report.table(("headers, HTTP/1.1", "of budget", "B", "target", ""), rows)


def _print_files(report: Report, files: dict[str, list[Weight]]) -> None:
    rows = []
    for kind, found in files.items():
        worst = max(found, key=lambda each: each.brotli)
        limit = FILE_BUDGETS.get(kind)
        judged = report.judge(f"{kind}, worst brotli", worst.brotli, Target(limit) if limit else None)
        rows.append((kind, len(found), worst.brotli, *judged, worst.gzip, worst.raw, worst.address))
    report.say("")
    report.table(("file", "files", "worst br 11", "target", "", "gzip 9", "raw", "worst"), rows)
    scripts = sum(worst.brotli for name in SCRIPT_FILES for worst in files.get(name, ()))
    judged = report.judge("all script", scripts, Target(SCRIPTS))
    report.say("")
    report.table(
        ("what", "B brotli", "target", ""), [(f"all script ({', '.join(SCRIPT_FILES)})", scripts, *judged)]
    )
