"""Proposals: what the checks of official pages suggest to change in the content, as a patch that a person reads and applies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from app.addresses import fault_of_address, stands_on
from app.catalogue import Catalogue, OfficialPage
from app.health import Health


@dataclass(frozen=True)
class Proposal:
    """A new address for an official page: the `page`, where it is now, and what keeps it from the patch, if anything."""

    page: OfficialPage
    to: str
    against: str | None = None

    @property
    def ours(self) -> bool:
        """Whether the new address stands on a host of the page's publisher."""
        return stands_on(self.to, self.page.hosts) is not None

    def __str__(self) -> str:
        owner = self.page.publisher.id
        host = f"still a host of {owner}" if self.ours else f"no registered host of {owner}"
        text = f"{self.page.id}: {self.page.url} is now at {self.to}, {host}"
        return f"{text}; not in the patch: {self.against}" if self.against else text


def proposals(catalogue: Catalogue, health: Health) -> list[Proposal]:
    """Return a proposal for each page that moved for good or answers over https too, in the order of the register."""
    found = []
    for page in catalogue.official_pages.values():
        last = health.last(page.id, page.url)
        to = (last.to if last.result == "moved" else last.https) if last else None
        if to and to != page.url:
            found.append(Proposal(page, to, _against(page, to, catalogue)))
    return found


def _against(page: OfficialPage, to: str, catalogue: Catalogue) -> str | None:
    """Return what a person must look at before a new address may be taken, or None."""
    if fault := fault_of_address(to):
        return f"it {fault}"
    if to.rstrip("/") in catalogue.withheld:
        return "that page may carry technique"
    host = stands_on(to, page.hosts)
    if host is None:
        return "add the host to publishers.toml once you know that it is theirs"
    if to.startswith("http://") and not any(host in owner.http_only for owner in page.owners):
        return "it is not encrypted"
    if page.link:
        other = next(
            (link for link in catalogue.links.values() if link.url == to and link.id != page.id), None
        )
        if other:
            return f"link {other.id} has that address already"
    return None


def patch(content: Path, catalogue: Catalogue, found: Iterable[Proposal]) -> str:
    """Return the proposals as a unified diff against the files below `content`, for `git apply` at the top of the copy.

    Proposals that a person must look at first stand before it, as lines that begin with #.
    """
    notes: list[str] = []
    texts: dict[Path, list[str]] = {}
    for proposal in found:
        page = proposal.page
        kind, name = (
            ("link", page.id) if page.link else ("country", page.country.code if page.country else "")
        )
        path = content.parent / catalogue.origins[kind, name]
        lines = texts.setdefault(path, _lines(path))
        edited = None if proposal.against else _edited(lines, proposal)
        if edited is None:
            reason = "" if proposal.against else "; not in the patch: its line was not found, edit it by hand"
            notes.append(f"# {proposal}{reason}\n")
        else:
            texts[path] = edited
    return "".join(notes) + "".join(_differences(content, texts))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def _differences(content: Path, texts: dict[Path, list[str]]) -> Iterator[str]:
    for path, lines in sorted(texts.items()):
        name = path.relative_to(content.parent.parent).as_posix()
        yield from unified_diff(_lines(path), lines, f"a/{name}", f"b/{name}")


def _edited(lines: list[str], proposal: Proposal) -> list[str] | None:
    """Return the lines of a file with one address exchanged in its own entry, or None where it does not stand there."""
    page = proposal.page
    head, key = "[[link]]", f'id = "{page.id}"'
    if page.country:
        head, key = "[[country]]", f'code = "{page.country.code}"'
    begin = next((n for n, line in enumerate(lines) if line.strip() == key), None)
    if begin is None:
        return None
    end = next((n for n in range(begin, len(lines)) if lines[n].strip() == head), len(lines))
    name = "source" if page.report else "url"
    within = "[country.authority]" if page.country and not page.report else None
    table, done, edited = "", False, lines[:begin]
    for line in lines[begin:end]:
        table = line.strip() if line.startswith("[") else table
        if line.strip() == f'{name} = "{page.url}"' and within in (None, table):
            line = line.replace(page.url, proposal.to)
            done = True
        elif page.link and line.strip() == "legacy_address = true":
            continue  # it moved, and here is where to
        edited.append(line)
    return [*edited, *lines[end:]] if done else None
