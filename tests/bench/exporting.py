"""Exporting: how long the whole hub takes to become files, and how little is made again when little has changed."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from app.export import Exported
from app.hub import Hub, open_hub, seal
from tests.bench.growth import Copy
from tests.bench.report import Target
from tests.bench.setting import Setting

CHANGED = "ar"  # the language in which a string is changed
STRING = "nav.about"  # it stands on every page
FOR_PAGES = 3000  # the budgets are for a hub of so many
ONE_PROCESS_AT_MOST = 2500  # pages; beyond this the run with one process would take minutes


@dataclass(frozen=True)
class Timed:
    """An export and the seconds it took."""

    done: Exported
    seconds: float


def measure(setting: Setting) -> None:
    """Print the times of exports, and leave the export of the last for the sections that read it."""
    report = setting.report
    report.heading("Export: the whole hub as compressed files")
    pages, rows = len(setting.pages), []
    scale = FOR_PAGES / pages

    def row(name: str, timed: Timed, value: float, unit: str, target: Target | None = None) -> None:
        wanted, verdict = report.judge(name, value, target)
        per_page = f"{timed.seconds * 1000 / pages:.1f}"
        rows.append(
            (
                name,
                value,
                unit,
                wanted,
                verdict,
                timed.seconds,
                per_page,
                timed.done.files,
                timed.done.written,
            )
        )

    folder = setting.folder / "export"
    two = _export(setting, folder, setting.hub, 2)
    setting.__dict__["exported"] = folder
    if pages <= ONE_PROCESS_AT_MOST:
        one = _export(setting, setting.folder / "one", setting.hub, 1)
        shutil.rmtree(setting.folder / "one")
        row("one process", one, one.seconds / two.seconds, "x two processes")
    else:
        report.skip("one process", f"{pages} pages would take minutes")
    row("two processes", two, two.seconds * scale, f"s for {FOR_PAGES:,} pages", Target(45))
    again = _export(setting, folder, setting.hub, 2)
    row("again, nothing changed", again, again.done.written, "files written", Target(0))
    row(
        "the same: render, check, link",
        again,
        again.seconds * scale,
        f"s for {FOR_PAGES:,} pages",
        Target(10),
    )
    tag = CHANGED if CHANGED in setting.hub.texts else next(t for t in setting.hub.texts if t != "en")
    allowed = _files_of(folder, tag)
    other = _export(setting, folder, _with_a_changed_string(setting, tag), 2)
    row(f"one string changed in {tag}", other, other.done.written, f"of {allowed} in {tag}", Target(allowed))
    report.table(("export", "value", "", "target", "", "s", "ms/page", "files", "written"), rows)
    report.say(
        "Seconds include rendering and checking every page; `written` counts files before compression."
    )
    _export(setting, folder, setting.hub, 2)


def _export(setting: Setting, folder: Path, hub: Hub, workers: int) -> Timed:
    begun = time.perf_counter()
    done = setting.export_to(folder, hub, workers)
    return Timed(done, time.perf_counter() - begun)


def _files_of(folder: Path, tag: str) -> int:
    """Return how many files of an export hold a language's words."""
    return sum(1 for _ in (folder / tag).rglob("*.html"))


def _with_a_changed_string(setting: Setting, tag: str) -> Hub:
    """Return the hub opened anew from a copy of its catalogues with one string of one language changed."""
    copy = Copy(setting.folder / "changed")
    path = copy.translations / tag / "LC_MESSAGES" / "interface.po"
    text = path.read_text(encoding="utf-8")
    entry = rf'(msgctxt "{re.escape(STRING)}"\nmsgid "[^"]+"\nmsgstr "[^"]+)"'
    changed, times = re.subn(entry, r'\1…"', text)
    if times != 1:
        raise LookupError(f"{path.name} of {tag} has no string {STRING} on one line")
    path.write_text(changed, encoding="utf-8")
    seal(copy.content, copy.translations)
    return open_hub(setting.settings, copy.content, copy.translations)
