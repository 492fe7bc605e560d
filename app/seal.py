"""The seal: digests of everything that a silent change could turn against readers, compared each time the hub starts.

A wrong digit in a phone number, a message moved or robbed of its source, or one word of an order in one language passes every
other check. So what safety rests on is sealed: `flask --app app seal` shows what differs from the last seal and writes
the new one, which is committed with the change it belongs to.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from app.catalogue import PUBLIC_TECHNIQUE, Catalogue
from app.defects import Defect
from app.files import Record, read_toml
from app.policy import FILE as NEVER
from app.policy import Policy
from app.texts import Source, Texts
from app.voice import FILE as RECORDINGS
from app.voice import Sound

FILE = "seal.toml"
NEW = "is new"
HEAD = """# Digests of what safety rests on: messages and their sources, numbers, publishers, the never-list, recordings, every translated string.
# Written by `flask --app app seal`, never by hand, and committed with the change it belongs to.
"""
Entry = tuple[
    str, str
]  # a file, relative to the folder that holds content and translations, and an entry in it


def facts(
    catalogue: Catalogue,
    policy: Policy,
    source: dict[str, Source],
    texts: Iterable[Texts],
    sounds: Iterable[Sound],
    content: str,
) -> dict[Entry, str]:
    """Return the digest of every sealed fact, by file and entry; `content` is the name of the content folder."""
    found = {
        (f"{content}/{file}", entry): _digest(fact)
        for file, entry, fact in _register_facts(catalogue, policy)
    }
    for translated in texts:
        tag = translated.language.tag
        if tag == "en":
            for each in source.values():
                found[f"{content}/{each.file}", each.id] = _digest("\n".join(each.forms))
            continue
        for name, each in source.items():
            forms = translated.forms.get(name, ())
            found[f"translations/{tag}/LC_MESSAGES/{each.domain}.po", name] = _digest("\n".join(forms))
    for sound in sounds:
        entry = f"{content}/{RECORDINGS}", f"recording {sound.recording.file}"
        found[entry] = _digest(_plain(sound.recording) + sha256(sound.read()).hexdigest())
    return found


def _register_facts(catalogue: Catalogue, policy: Policy) -> Iterator[tuple[str, str, str]]:
    order = [f"{message.situation}/{message.id}" for message in catalogue.messages.values()]
    yield "messages.toml", "order", " ".join([*catalogue.situations, *order])
    for message in catalogue.messages.values():
        yield "messages.toml", f"message {message.id}", _plain(message)
    for country in catalogue.countries.values():
        if country.report:
            yield "countries.toml", f"country {country.code}", "\n".join(map(_plain, country.report))
    for publisher in catalogue.publishers.values():
        yield "publishers.toml", f"publisher {publisher.id}", _plain(publisher)
    for language in catalogue.languages.values():
        if language.published:
            yield "languages.toml", f"language {language.tag}", _plain(language)
    for link in catalogue.links.values():
        if link.technique != PUBLIC_TECHNIQUE:
            file = catalogue.origins["link", link.id].partition("/")[2]
            yield file, f"link {link.id}", f"{link.technique} {link.url}"
    yield "worldwide.toml", "links", " ".join(catalogue.worldwide)
    yield NEVER, "list", "\n".join([*map(_plain, policy.kinds.values()), *map(str, sorted(policy.allowed))])
    for tag, words in policy.words.items():
        yield f"never/{tag}.toml", "list", _plain(words)
    for name, drawing in catalogue.pictograms.items():
        yield f"pictograms/{name}.svg", "drawing", drawing


def check_seal(now: dict[Entry, str], root: Path, content: str, defects: list[Defect]) -> None:
    """Note a defect for every sealed fact that is not what it was when somebody last meant it.

    What is new has passed the other checks and needs no seal to be tried; the tests ask that all of it is sealed.
    """
    sealed = read_seal(root / content / FILE, defects, root)
    for (file, entry), wrong in differences(sealed, now).items():
        if wrong == NEW:
            continue
        defects.append(
            Defect(
                file,
                entry,
                f"{wrong} since the last seal",
                "if that is meant, run `flask --app app seal` and commit the seal with it",
            )
        )


def differences(sealed: dict[Entry, str], now: dict[Entry, str]) -> dict[Entry, str]:
    """Return what became of each fact that is not as it was sealed: "changed", "is new" or "is gone"."""
    found = {}
    for entry in sorted(sealed.keys() | now.keys()):
        if sealed.get(entry) != now.get(entry):
            found[entry] = "is gone" if entry not in now else NEW if entry not in sealed else "changed"
    return found


def read_seal(path: Path, defects: list[Defect], root: Path) -> dict[Entry, str]:
    """Return the digests that were sealed; a file's entries stand in one line, as `entry:digest` each."""
    return {
        (file, entry): digest
        for file, line in read_toml(path, defects, root).items()
        if isinstance(line, str)
        for entry, _, digest in (part.rpartition(":") for part in line.split(" | "))
    }


def write_seal(path: Path, now: dict[Entry, str]) -> None:
    """Write the digests of `now` as the new seal, a line a file."""
    lines: dict[str, list[str]] = {}
    for (file, entry), digest in now.items():
        lines.setdefault(file, []).append(f"{entry}:{digest}")
    body = "".join(f'"{file}" = "{" | ".join(parts)}"\n' for file, parts in sorted(lines.items()))
    path.write_text(f"{HEAD}\n{body}", encoding="utf-8")


def _plain(record: Record) -> str:
    return record.model_dump_json()


def _digest(fact: str) -> str:
    return sha256(fact.encode()).hexdigest()[:12]
