"""Lighthouse: the mobile scores of every template, left to right and right to left and in a script with tall letters."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.bench.report import Target
from tests.bench.servers import Server
from tests.bench.setting import Setting, node_packages, program

LANGUAGES = ("en", "ar", "my")
SCORES = ("performance", "accessibility", "best-practices", "seo")
SECONDS = 90  # for one page


def measure(setting: Setting) -> None:
    """Print the four scores of one page a template and language."""
    report = setting.report
    report.heading("Lighthouse 12, mobile: 100 is a floor here, reached by light pages of any kind")
    node, chromium = shutil.which("node"), program("chromium") or program("chromium-browser")
    modules, why = node_packages()
    if modules is None or node is None or chromium is None:
        report.skip("all scores", why or "node or Chromium (Debian: chromium) is not installed")
        return
    rows = []
    with setting.servers() as servers:
        server = servers.granian("app.serve:application", own_address=True)
        addresses = _addresses(setting)
        server.visit(addresses)
        for address in addresses:
            found = _scores(node, chromium, modules, server, address, setting.folder / "scores.json")
            if isinstance(found, str):  # its recording of a page sometimes fails on a busy machine
                found = _scores(node, chromium, modules, server, address, setting.folder / "scores.json")
            if isinstance(found, str):
                report.skip(address, found)
                continue
            scores, paint, faults = found
            judged = report.judge(f"{address}, lowest score", min(scores), Target(100, at_least=True))
            rows.append((address, *scores, *judged, paint, faults))
    columns = (
        "page",
        "perf",
        "a11y",
        "practice",
        "seo",
        "target",
        "",
        "simulated first text ms",
        "audits failed",
    )
    report.table(columns, rows)


def _addresses(setting: Setting) -> list[str]:
    """Return the first page of each template in each language, or in a quick run the home page in one."""
    chosen: dict[tuple[str, str | None], str] = {}
    for page in setting.pages.values():
        if page.language in (None, *LANGUAGES):
            chosen.setdefault((page.template, page.language), page.address)
    return ["/ar/"] if setting.quick else list(chosen.values())


def _scores(
    node: str, chromium: str, modules: Path, server: Server, address: str, out: Path
) -> tuple[list[int], float, str] | str:
    """Return a page's scores, its simulated first contentful paint and the audits it fails, or why there are none."""
    command = [node, str(modules / "lighthouse" / "cli" / "index.js"), server.origin + address, "--quiet"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu", "--output=json"]
    command += [f"--output-path={out}", f"--only-categories={','.join(SCORES)}"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "CHROME_PATH": chromium},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    out.unlink(missing_ok=True)
    try:
        _, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done within {SECONDS} s"
    finally:
        _end(process)
    if process.returncode or not out.exists():
        return errors.decode(errors="replace").strip()[-200:] or "Lighthouse wrote nothing"
    result = json.loads(out.read_text(encoding="utf-8"))
    scores = [round((result["categories"][name]["score"] or 0) * 100) for name in SCORES]
    paint = float(result["audits"]["first-contentful-paint"]["numericValue"])
    return scores, paint, ", ".join(_failed(result))


def _failed(result: dict) -> list[str]:
    """Return the ids of the audits that cost a page points, those of performance apart: they are times."""
    weighted = [
        ref for name in SCORES[1:] for ref in result["categories"][name]["auditRefs"] if ref["weight"]
    ]
    return [ref["id"] for ref in weighted if result["audits"][ref["id"]]["score"] == 0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Lighthouse and the browser it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(5)
