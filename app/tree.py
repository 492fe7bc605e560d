"""The tree of an export: files written beside the last ones, which keep what has not changed, and exchanged for them."""

import ctypes
import gzip
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from types import TracebackType

import brotli

SUMS = "SHA256SUMS"
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


class Tree:
    """A new tree of files for `folder`, made beside it so that a full disk or a killed export leaves the last one whole.

    Files whose names end with one of `packed` are compressed too. Used in a `with`: unless `replace` was called, nothing
    stays of it. Raises OSError if the disk refuses.
    """

    def __init__(self, folder: Path, packed: tuple[str, ...]):
        self.folder = folder
        self.packed = packed
        self.size = 0
        self.sums: dict[str, str] = {}
        self.changed: list[str] = []
        self._before: dict[str, str] = {}
        self._fresh = folder.with_name(f".{folder.name}.new")
        self._last = folder.with_name(f".{folder.name}.last")
        self._folders: set[Path] = set()

    def __enter__(self) -> "Tree":
        self._clear()
        self._before = read_sums(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def put(self, name: str, body: bytes) -> None:
        """Add a file: a second name for the last one where that is whole and the same, else a new one."""
        self.size += len(body)
        self.sums[name] = sha256(body).hexdigest()
        path = self._fresh / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        names = [name, *self._forms(name)]
        if self._before.get(name) == self.sums[name] and all(map(self._is_whole, names)):
            for each in names:
                _keep(self.folder / each, self._fresh / each)
                self.sums[each] = self._before[each]
        else:
            path.write_bytes(body)
            self.changed.append(name)

    def replace(self, workers: int, say: Callable[[str], None]) -> None:
        """Compress what has changed, on so many processors, write the list of sums and take the last tree's place."""
        self._pack([name for name in self.changed if name.endswith(self.packed)], workers, say)
        listing = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.sums.items()))
        if _read_text(self.folder / SUMS) == listing:
            _keep(self.folder / SUMS, self._fresh / SUMS)
        else:
            (self._fresh / SUMS).write_text(listing, encoding="utf-8")
        if not self.folder.exists():
            self._fresh.rename(self.folder)
        elif not exchange(self._fresh, self.folder):
            self.folder.rename(self._last)
            self._fresh.rename(self.folder)

    def _forms(self, name: str) -> list[str]:
        """Return the names of a file's compressed forms."""
        return [name + ending for ending in (".br", ".gz")] if name.endswith(self.packed) else []

    def _is_whole(self, name: str) -> bool:
        try:
            return self._before.get(name) == sha256((self.folder / name).read_bytes()).hexdigest()
        except FileNotFoundError:
            return False

    def _pack(self, names: list[str], workers: int, say: Callable[[str], None]) -> None:
        def note(done: Iterable[tuple[str, str, str]]) -> None:
            for n, (name, br, gz) in enumerate(done, 1):
                self.sums[name + ".br"], self.sums[name + ".gz"] = br, gz
                if n % 500 == 0 or n == len(names):
                    say(f"compressed {n} of {len(names)} files")

        paths = [(str(self._fresh), name) for name in names]
        if workers > 1 and len(names) > 20:
            with ProcessPoolExecutor(workers) as pool:
                note(pool.map(_pack_one, paths, chunksize=8))
        else:
            note(map(_pack_one, paths))

    def _clear(self) -> None:
        """Remove what is left of an export, this or a killed one, and put the last tree back if it lost its name."""
        if self._last.exists() and not self.folder.exists():
            self._last.rename(self.folder)
        _remove(self._fresh)
        _remove(self._last)


def exchange(one: Path, other: Path) -> bool:
    """Give two folders each other's name in one step, so that neither is ever missing; return False where none can.

    renameat2 is Linux's, and Python has no name for it; some file systems (FAT, NFS) refuse to exchange.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)


def read_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 sums of an export by file name, or none where there is no whole export."""
    lines = (line.partition("  ") for line in _read_text(folder / SUMS).splitlines())
    return {name: digest for digest, _, name in lines}


def _read_text(path: Path) -> str:
    """Return a file's text, or nothing where there is no file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _remove(folder: Path) -> None:
    """Remove a folder, those in it side by side: some disks let one wait a while for each."""
    if folder.is_dir():
        with ThreadPoolExecutor(8) as pool:
            for each in folder.iterdir():
                pool.submit(shutil.rmtree, each, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _keep(old: Path, new: Path) -> None:
    """Give an unchanged file its second name; where the disk has no hard links (a memory card), copy it."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def _pack_one(place: tuple[str, str]) -> tuple[str, str, str]:
    """Write the .br and .gz beside a file and return its name and their sums."""
    folder, name = place
    path = Path(folder, name)
    body = path.read_bytes()
    packed = brotli.compress(body, mode=brotli.MODE_TEXT, quality=11)
    zipped = gzip.compress(body, 9, mtime=0)
    Path(f"{path}.br").write_bytes(packed)
    Path(f"{path}.gz").write_bytes(zipped)
    return name, sha256(packed).hexdigest(), sha256(zipped).hexdigest()
