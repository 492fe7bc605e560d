"""Growth: how the hub's cost grows with its languages and links, on copies of its content made for the measurement.

As a program (`python -m tests.bench.growth CONTENT TRANSLATIONS`) it opens one such copy and prints what it cost.
"""

import json
import random
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from app import create_app
from app.export import Linker
from app.hub import CONTENT, SOURCE_LANGUAGE, TRANSLATIONS, open_hub, seal
from app.pages import Pages
from app.policy import SPACELESS
from app.settings import Settings
from tests.bench.servers import ROOT
from tests.bench.setting import Setting

LANGUAGES, LINKS = (10, 25, 50), (300, 3_000, 30_000)
FEW_LANGUAGES, FEW_LINKS = (3, 6), (300, 3_000)
SAMPLE = 1200  # pages rendered of each copy
WITHIN = 25  # seconds for the rendering of one copy
STOPPED_AFTER = 150  # seconds for everything of one copy
PRIVATE_TAGS = [f"q{a}{b}" for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrstuvwxyz"]


@dataclass(frozen=True)
class Grown:
    """What one copy of the hub cost: CPU seconds to open and check it, and CPU ms for a page of the export."""

    languages: int
    links: int
    pages: int
    rendered: int
    opened: float
    page: float
    memory: float

    @property
    def whole(self) -> float:
        """CPU ms of all pages."""
        return self.page * self.pages

    def opening_of_one(self, unit: str) -> float:
        """Return the CPU ms of opening the hub for one "language" or "link"."""
        return self.opened * 1000 / self._count(unit)

    def rendering_of_one(self, unit: str) -> float:
        """Return the CPU ms of rendering every page for one "language" or "link"."""
        return self.whole / self._count(unit)

    def _count(self, unit: str) -> int:
        return self.languages if unit == "language" else self.links


def measure(setting: Setting) -> None:
    """Print the cost of hubs with more and more languages, and with more and more links."""
    report = setting.report
    report.heading("Growth: copies of the hub with more languages and more links (CPU time)")
    rows = []
    for wanted in FEW_LANGUAGES if setting.quick else LANGUAGES:
        copy = Copy(setting.folder / "growth")
        copy.publish(wanted)
        seal(copy.content, copy.translations)
        rows.append((f"{wanted} languages", _cost(setting, copy)))
    _print(setting, rows, "language")
    rows = []
    for more in FEW_LINKS if setting.quick else LINKS:
        copy = Copy(setting.folder / "growth")
        copy.publish(2)
        copy.add_links(more)
        seal(copy.content, copy.translations)
        rows.append((f"{more:,} links added", _cost(setting, copy)))
    _print(setting, rows, "link")
    report.say(
        f"Up to {SAMPLE} pages of each copy, spread by chance, were rendered; `all pages` is that times their number. "
        "Copies with more links have two languages."
    )


class Copy:
    """A copy of the content and translations in a folder of its own, which goes when the next is made."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.content = folder / CONTENT.name
        self.translations = folder / TRANSLATIONS.name
        shutil.copytree(CONTENT, self.content)
        shutil.copytree(TRANSLATIONS, self.translations)

    def publish(self, wanted: int) -> None:
        """Publish so many languages: the hub's own first, then the same catalogues under other tags."""
        entries = tomllib.loads((self.content / "languages.toml").read_text(encoding="utf-8"))["language"]
        for entry in entries:
            entry.pop("review", None)
        published = [entry for entry in entries if entry["published"]]
        published.sort(key=lambda entry: entry["tag"] != SOURCE_LANGUAGE)
        chosen = {entry["tag"] for entry in published[:wanted]}
        missing = max(0, wanted - len(published))
        spare = [entry for entry in entries if not entry["published"] and entry["tag"] not in SPACELESS]
        spare += [{"tag": tag, "name": tag, "english": tag} for tag in PRIVATE_TAGS[:missing]]
        models = cycle([entry for entry in published if entry["tag"] != SOURCE_LANGUAGE])
        for entry, model in islice(zip(spare, models, strict=False), missing):
            self._stand_in(entry, model)
            chosen.add(entry["tag"])
            entries += [entry] if entry not in entries else []
        for entry in entries:
            entry["published"] = entry["tag"] in chosen
        _write_records(self.content / "languages.toml", "language", entries)

    def _stand_in(self, entry: dict, model: dict) -> None:
        """Let a language be written as another one is, with that one's catalogues."""
        for name in ("script", "direction", "cldr", "zero"):
            entry.pop(name, None)
            if name in model:
                entry[name] = model[name]
        entry["serves"] = []
        shutil.copytree(
            self.translations / model["tag"], self.translations / entry["tag"], dirs_exist_ok=True
        )
        shutil.copy(
            self.content / "never" / f"{model['tag']}.toml", self.content / "never" / f"{entry['tag']}.toml"
        )

    def add_links(self, more: int) -> None:
        """Add so many links, each like one that is shown, with an address and a title of its own."""
        files = sorted((self.content / "links").glob("*.toml"))
        shown = [
            link
            for file in files
            for link in tomllib.loads(file.read_text(encoding="utf-8")).get("link", [])
            if link["technique"] == "none"
        ]
        added = []
        for number, link in enumerate(islice(cycle(shown), more), 1):
            address = link["url"].partition("?")[0].rstrip("/")
            own = {
                "id": f"generated-{number}",
                "url": f"{address}/generated-{number}",
                "title": f"Page {number}",
            }
            added.append(link | own)
        _write_records(self.content / "links" / "generated.toml", "link", added)


def _write_records(path: Path, key: str, entries: Iterable[dict]) -> None:
    lines = []
    for entry in entries:
        lines.append(f"[[{key}]]")
        for name, value in entry.items():
            kept = value if isinstance(value, str | bool | int | list) else str(value)
            lines.append(f"{name} = {json.dumps(kept, ensure_ascii=False)}")
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")


def _cost(setting: Setting, copy: Copy) -> Grown | str:
    """Return what a copy cost in a process of its own, or why that is not known."""
    command = [sys.executable, "-m", "tests.bench.growth", str(copy.content), str(copy.translations)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=setting.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STOPPED_AFTER,
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {STOPPED_AFTER} s"
    finally:
        shutil.rmtree(copy.content.parent, ignore_errors=True)
    if done.returncode:
        return f"could not be opened: {(done.stderr or done.stdout).strip()[-400:]}"
    return Grown(**json.loads(done.stdout.splitlines()[-1]))


def _print(setting: Setting, rows: list[tuple[str, Grown | str]], unit: str) -> None:
    report = setting.report
    found = [(name, grown) for name, grown in rows if isinstance(grown, Grown)]
    for name, grown in rows:
        if isinstance(grown, str):
            report.skip(name, grown)
    if not found:
        return
    first = found[0][1]
    table = [
        (
            name,
            grown.opening_of_one(unit) / first.opening_of_one(unit),
            grown.page / first.page,
            grown.rendering_of_one(unit) / first.rendering_of_one(unit),
            grown.languages,
            grown.links,
            grown.pages,
            grown.opened,
            grown.opening_of_one(unit),
            grown.page,
            grown.whole / 1000,
            grown.rendering_of_one(unit),
            grown.memory,
        )
        for name, grown in found
    ]
    columns = ("hub", f"open/{unit} x first", "render/page x first", f"render/{unit} x first")
    columns += ("languages", "links", "pages", "open+check s", f"open ms/{unit}")
    columns += ("render ms/page", "all pages s", f"render ms/{unit}", "peak MiB")
    report.say("")
    report.table(columns, table)


def _peak() -> float:
    """Return the most memory in MiB that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def grown(content: Path, translations: Path) -> Grown:
    """Open a copy of the hub, render pages of it as the export does, and return the cost."""
    begun = time.process_time()
    hub = open_hub(Settings(), content, translations)
    opened = time.process_time() - begun
    pages = Pages(create_app(hub=hub), hub, Linker("/"))
    every = list(pages.site.pages.values())
    chosen = random.Random(5).sample(every, min(SAMPLE, len(every)))
    for page in islice(chosen, 20):
        pages.page(page)
    begun, rendered = time.process_time(), 0
    for page in chosen:
        pages.page(page)
        rendered += 1
        if time.process_time() - begun > WITHIN:
            break
    each = (time.process_time() - begun) * 1000 / rendered
    memory = _peak()
    links = len(hub.catalogue.public_links)
    return Grown(len(hub.languages), links, len(every), rendered, opened, each, memory)


if __name__ == "__main__":
    print(json.dumps(grown(Path(sys.argv[1]), Path(sys.argv[2])).__dict__))
