"""Setting: what every measurement shares: the hub as it is published, a folder that goes away, and what is installed."""

import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from app import create_app
from app.export import Exported, export
from app.hub import Hub, open_hub
from app.pages import Pages
from app.resources import Resource
from app.settings import Settings
from app.site import Page
from tests.bench.report import Report
from tests.bench.servers import ROOT, Servers

CACHE = ROOT / ".cache" / "bench"
NPM = ("lighthouse@12.8.2", "bootstrap@5.3.9", "@fontsource/noto-sans-arabic@5.3.0")
DEBIAN = {"nginx": "nginx-light libnginx-mod-http-brotli-static", "wrk": "wrk", "chromium": "chromium"}
FEW = ("en", "ar", "my")  # languages of a quick run
RANDOM_PAGES = 600  # kept small enough that filling the hub's store does not take minutes


class Setting:
    """How this run measures; `quick` takes fewer repeats, shorter ones, and three languages."""

    def __init__(self, folder: Path, report: Report, quick: bool):
        self.folder = folder
        self.report = report
        self.quick = quick
        self.repeats = 1 if quick else 3
        self.seconds = 1 if quick else 3

    @cached_property
    def settings(self) -> Settings:
        """The settings of a hub nobody has set up, so that the figures are the repository's own."""
        return Settings(languages=FEW) if self.quick else Settings()

    @cached_property
    def hub(self) -> Hub:
        """The hub, opened once."""
        return open_hub(self.settings)

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of servers: this one without any setting of the hub but ours."""
        plain = self.folder / "hub.toml"
        plain.write_text("" if not self.quick else f"languages = {list(FEW)}\n", encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return kept | {"HUB_SETTINGS": str(plain), "BENCH_FOLDER": str(self.folder)}

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page of the hub by address."""
        return self.fresh_pages().site.pages

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Every file of the hub that is not a page, by address."""
        return self.fresh_pages().resources

    @cached_property
    def some_addresses(self) -> list[str]:
        """Addresses spread by chance over all languages and templates, always the same ones."""
        every = [address for address in self.pages if address != "/"]
        return random.Random(4).sample(every, min(len(every), 60 if self.quick else RANDOM_PAGES))

    @cached_property
    def exported(self) -> Path:
        """The folder of the whole hub as files, compressed."""
        self.export_to(self.folder / "export")
        return self.folder / "export"

    def export_to(self, folder: Path, hub: Hub | None = None, workers: int = 2) -> Exported:
        """Export a hub (or this one) and return what was done."""
        hub = hub or self.hub
        return export(create_app(hub=hub), hub, folder, workers=workers, say=lambda line: None)

    def fresh_pages(self, hub: Hub | None = None) -> Pages:
        """Return the pages of a Flask application that has just started and has shown none yet."""
        pages: Pages = create_app(hub=hub or self.hub).extensions["hub"]()
        pages.prepare()
        return pages

    def servers(self) -> Servers:
        """Return a place to start servers in, for a `with`."""
        return Servers(self.folder, self.environment)


def program(name: str) -> str | None:
    """Return where a program is, installing its Debian packages quietly if this is root; None if it cannot be had."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *DEBIAN[name].split()]
    for command in (["apt-get", "update", "-qq"], install):
        try:
            subprocess.run(command, env=quiet, capture_output=True, stdin=subprocess.DEVNULL, timeout=180)
        except (OSError, subprocess.TimeoutExpired):
            return None
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def node_packages() -> tuple[Path | None, str]:
    """Return the folder of installed npm packages, or None and why there is none."""
    modules = CACHE / "node_modules"
    if all(_has(modules, each) for each in NPM):
        return modules, ""
    npm = shutil.which("npm")
    if npm is None:
        return None, "npm is not installed"
    CACHE.mkdir(parents=True, exist_ok=True)
    fault = _install([npm, "install", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", ".", *NPM])
    return (None, fault) if fault else (modules, "")


def _has(modules: Path, pinned: str) -> bool:
    name, _, version = pinned.rpartition("@")
    try:
        return f'"version": "{version}"' in (modules / name / "package.json").read_text(encoding="utf-8")
    except OSError:
        return False


def _install(command: Sequence[str]) -> str:
    """Run npm and return what went wrong, or nothing."""
    try:
        done = subprocess.run(
            command, cwd=CACHE, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return f"npm could not install {', '.join(NPM)} ({fault})"
    return "" if done.returncode == 0 else f"npm could not install {', '.join(NPM)}: {done.stderr[-200:]}"
