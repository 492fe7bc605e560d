"""Link health: what the checks of official pages found, in one file beside the settings, written by the checker alone.

The rule by which a page leaves the hub: it failed on three different days, with no answer between them. A day counts
once, however often it was asked. A site that lets no program in says nothing about its page: that neither counts nor
clears. The same holds where only the issuer of a certificate is unknown to this machine, since phones know others.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from app.defects import Defect
from app.files import Record

DAYS = 3  # failing days until a page is gone
KEPT = 60  # checks of one page that are kept: a year and more of weekly ones
Result = Literal[
    "answers",
    "moved",
    "slow",
    "changed",
    "refused",
    "missing",
    "soft-404",
    "certificate",
    "issuer",
    "name",
    "silent",
    "broken",
]
ANSWERED = frozenset({"answers", "moved", "slow", "changed"})
UNKNOWN = frozenset({"refused", "issuer"})  # these say nothing about the page
STATES = ("answers", "slow", "moved", "changed", "refused", "failing", "gone", "unchecked")


class Check(Record):
    """One check of a page: `at` which moment, which address was asked, and the `result`.

    `status` is the last HTTP status, `to` the address it moved to for good (or where it ended), `https` the https address
    that answers in place of an http one, `title` what the page calls itself, `seconds` how long it took to answer, `why`
    a few words for editors.
    """

    at: AwareDatetime
    url: str
    result: Result
    status: int | None = None
    to: str | None = None
    https: str | None = None
    title: str | None = None
    seconds: float | None = None
    why: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the page was there."""
        return self.result in ANSWERED

    @property
    def day(self) -> date:
        """The day of the check, in UTC."""
        return self.at.astimezone(UTC).date()


class Event(Record):
    """What became of a page: it `moved`, is `gone` or is `back`, on which day, and the address it moved to."""

    what: Literal["moved", "gone", "back"]
    on: date
    to: str | None = None


class History(Record):
    """The checks of one page, oldest first, and what became of it."""

    checks: tuple[Check, ...] = ()
    events: tuple[Event, ...] = ()

    def last(self, url: str) -> Check | None:
        """Return the last check of the page at the address `url`, or None; checks of a former address do not count."""
        return next((check for check in reversed(self.checks) if check.url == url), None)

    def state(self, url: str) -> str:
        """Return what is known of the page at the address `url`: one of STATES."""
        last = self.last(url)
        if last is None:
            return "unchecked"
        if len(self._failing_days(url)) >= DAYS:
            return "gone"
        if last.result == "refused" or last.answered:
            return last.result
        return "failing"

    def _failing_days(self, url: str) -> set[date]:
        days: set[date] = set()
        for check in reversed(self.checks):
            if check.url != url or check.result in UNKNOWN:
                continue
            if check.answered:
                break
            days.add(check.day)
        return days

    def noting(self, check: Check) -> "History":
        """Return the history with one more check, and with what it shows to have become of the page."""
        grown = History(checks=(*self.checks, check)[-KEPT:], events=self.events)
        absent = next((e.what for e in reversed(self.events) if e.what != "moved"), "") == "gone"
        event = None
        if not absent and grown.state(check.url) == "gone":
            event = Event(what="gone", on=check.day)
        elif absent and check.answered:
            event = Event(what="back", on=check.day)
        elif check.result == "moved" and not any(e.to == check.to for e in self.events):
            event = Event(what="moved", on=check.day, to=check.to)
        return grown.model_copy(update={"events": (*self.events, event)}) if event else grown


class Run(Record):
    """A check of every page: when it `began`, and when it was through; None while it is not."""

    began: AwareDatetime
    finished: AwareDatetime | None = None


class Ledger(Record):
    """The whole file: the form of the file, the last run over every page, and the histories by id of the page."""

    form: Literal[1] = 1
    run: Run | None = None
    pages: dict[str, History] = {}


@dataclass(frozen=True)
class Health:
    """What is known of the official pages; with a `fault`, nothing is, because the file cannot be read."""

    pages: Mapping[str, History] = field(default_factory=dict)
    run: Run | None = None
    fault: Defect | None = None

    def state(self, name: str, url: str) -> str:
        """Return what is known of the page `name` at the address `url`: one of STATES."""
        history = self.pages.get(name)
        return history.state(url) if history else "unchecked"

    def is_gone(self, name: str, url: str) -> bool:
        """Return whether the page failed on three days, so that no reader is led to it."""
        return self.state(name, url) == "gone"

    def answers(self, name: str, url: str) -> bool:
        """Return whether the last check of the page found it there."""
        return self.state(name, url) in ANSWERED

    def last(self, name: str, url: str) -> Check | None:
        """Return the last check of the page `name` at the address `url`, or None."""
        history = self.pages.get(name)
        return history.last(url) if history else None


def load_health(path: Path | None) -> Health:
    """Return what the file at `path` says; a file that is not there says nothing, a damaged one has a `fault`."""
    if path is None:
        return Health()
    try:
        ledger = _read(path)
    except HealthDamaged as damaged:
        return Health(fault=damaged.defect)
    return Health(ledger.pages, ledger.run)


class HealthDamaged(Exception):
    """The file of link health cannot be read; `defect` says why and what to do."""

    def __init__(self, defect: Defect):
        self.defect = defect
        super().__init__(str(defect))


def _read(path: Path) -> Ledger:
    try:
        return Ledger.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except OSError as fault:
        wrong = f"cannot be read ({fault.strerror})"
    except ValidationError as fault:
        error = fault.errors(include_url=False)[0]
        where = ".".join(map(str, error["loc"])) or "file"
        wrong = f"is damaged ({where}: {error['msg']})"
    mend = "bring back a copy, or begin anew with `flask --app app links check --replace-damaged`"
    raise HealthDamaged(Defect(str(path), "link health", wrong, mend))


class Busy(Exception):
    """Another check is writing the file."""


class HealthFile:
    """The file of link health while a check writes it: always a whole file, the last or the next one.

    What is noted is on the disk once `save` has returned. Two checks never write one file: `open_file` raises Busy.
    """

    def __init__(self, path: Path, ledger: Ledger):
        self.path = path
        self.run = ledger.run
        self.pages = dict(ledger.pages)

    def note(self, name: str, check: Check) -> None:
        """Add a check to the history of the page `name`."""
        self.pages[name] = self.pages.get(name, History()).noting(check)

    def save(self) -> None:
        """Write the file beside the last one, and put it in its place in one step; OSError if the disk refuses."""
        ledger = Ledger(run=self.run, pages=self.pages)
        body = ledger.model_dump_json(exclude_none=True, exclude_defaults=False).encode()
        fresh = self.path.with_name(f".{self.path.name}.new")
        try:
            with fresh.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        _sync_folder(self.path.parent)


@contextmanager
def open_file(path: Path, replace_damaged: bool = False) -> Iterator[HealthFile]:
    """Open the file of link health for writing, alone.

    Raises HealthDamaged if it cannot be read, unless it may be replaced: then it is kept beside the new one, as
    `<name>.damaged`. Raises Busy while another check has it, OSError if its folder cannot be written.
    """
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another check is writing {path}; wait until it is done") from None
        try:
            ledger = _read(path)
        except HealthDamaged:
            if not replace_damaged:
                raise
            os.replace(path, path.with_name(f"{path.name}.damaged"))
            ledger = Ledger()
        yield HealthFile(path, ledger)


def _sync_folder(folder: Path) -> None:
    """Make the exchange of a file lasting, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def now() -> datetime:
    """Return this moment, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
