"""Sheets: the files that were drawn ahead of time, PDFs and pictures, and which of them may be offered today.

They lie in a folder with a manifest that says, for each, what it was drawn from. One is offered only while the page says
the same as on the day it was drawn, and not after the day on which it asks to be looked up again itself: nothing stale is
served. A damaged or missing manifest only means that nothing is offered; the pages print without it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.files import Record

MANIFEST = "manifest.json"


class Built(Record):
    """A file drawn ahead: the digest of its `drawing`, the day it was `made`, its `size` in bytes and their SHA-256."""

    drawing: str
    made: date
    size: int
    sha256: str


_MANIFEST = TypeAdapter(dict[str, Built])


class Sheets:
    """The folder of files drawn ahead, by their addresses; no folder is an empty one."""

    def __init__(self, folder: Path | None):
        self.folder = folder
        self.manifest = _read(folder) if folder else {}

    def path(self, address: str) -> Path:
        """Return where the file of an address of the site lies."""
        assert self.folder is not None
        return self.folder / address.lstrip("/")

    def current(self, address: str, drawing: str, today: date, days: int) -> Built | None:
        """Return what was built at `address` if it shows this `drawing`, is less than `days` old and lies there whole."""
        found = self.manifest.get(address)
        if found is None or found.drawing != drawing or found.made + timedelta(days=days) <= today:
            return None
        try:
            return found if self.path(address).stat().st_size == found.size else None
        except OSError:
            return None

    def read(self, address: str) -> bytes:
        """Return the bytes of a file that was built; raise OSError if they are not whole."""
        body = self.path(address).read_bytes()
        known = _read(self.path("")).get(address) or self.manifest[address]
        if sha256(body).hexdigest() != known.sha256:
            raise OSError(f"{self.path(address)} is damaged; build it again with `make sheets`")
        return body

    def write(self, kept: Mapping[str, Built], made: Mapping[str, tuple[Built, bytes]]) -> None:
        """Put what was `made` beside what is `kept`, name both in the manifest, and remove every other file.

        Each file is exchanged whole, so that a server that reads them meanwhile never sends half of one.
        """
        assert self.folder is not None
        for address, (_, body) in made.items():
            self.path(address).parent.mkdir(parents=True, exist_ok=True)
            _exchange(self.path(address), body)
        self.manifest = dict(
            sorted({**kept, **{address: built for address, (built, _) in made.items()}}.items())
        )
        _exchange(self.folder / MANIFEST, _MANIFEST.dump_json(self.manifest, indent=1))
        named = {self.folder / MANIFEST, *map(self.path, self.manifest)}
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in named:
                path.unlink()


def _exchange(path: Path, body: bytes) -> None:
    fresh = path.with_name(f".{path.name}")
    fresh.write_bytes(body)
    fresh.replace(path)


def _read(folder: Path) -> dict[str, Built]:
    try:
        return _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return {}
