"""Translators' files: gettext templates and catalogues written from the English source, so that diffs show only words."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app.languages import Language
from app.texts import DOMAINS, Source, catalogue_path


@dataclass(frozen=True)
class Progress:
    """How far a catalogue is: how many strings it should have and how many are translated and up to date."""

    domain: str
    wanted: int
    done: int


def write_templates(source: dict[str, Source], translations: Path) -> list[Path]:
    """Write the .pot files of both domains and return their paths."""
    paths = []
    for domain in DOMAINS:
        path = translations / f"{domain}.pot"
        _write(path, _catalog(source, domain, Catalog()), None)
        paths.append(path)
    return paths


def update(source: dict[str, Source], language: Language, translations: Path) -> list[Progress]:
    """Bring a language's catalogues up to the English source and return how far each is.

    New strings come in empty, strings whose English changed stay but are marked fuzzy, strings no longer used go.
    """
    progress = []
    for domain in DOMAINS:
        path = catalogue_path(translations, language, domain)
        old = _read(path, language)
        catalog = _catalog(source, domain, old, language)
        _write(path, catalog, language)
        progress.append(_progress(catalog, domain))
    return progress


def progress(source: dict[str, Source], language: Language, translations: Path) -> list[Progress]:
    """Return how far each of a language's catalogues is, without writing anything."""
    found = []
    for domain in DOMAINS:
        old = _read(catalogue_path(translations, language, domain), language)
        found.append(_progress(_catalog(source, domain, old, language), domain))
    return found


def _read(path: Path, language: Language) -> Catalog:
    """Return the catalogue at `path`, or an empty one where there is none yet."""
    if not path.exists():
        return Catalog(locale=language.cldr)
    return read_po(BytesIO(path.read_bytes()), locale=language.cldr)


def _progress(catalog: Catalog, domain: str) -> Progress:
    messages = [message for message in catalog if message.id]
    done = [
        m for m in messages if not m.fuzzy and all(m.string if isinstance(m.string, tuple) else [m.string])
    ]
    return Progress(domain, len(messages), len(done))


def _catalog(
    source: dict[str, Source], domain: str, old: Catalog, language: Language | None = None
) -> Catalog:
    before: dict[str, Message] = {m.context: m for m in old if m.id and m.context}
    catalog = Catalog(locale=language.cldr if language else None, fuzzy=False)
    for each in source.values():
        if each.domain != domain or each.source_only:
            continue
        identity = each.text if each.many is None else each.forms
        known = before.get(each.id)
        flags: set[str] = set()
        string = known.string if known else None
        if known and tuple(known.id if isinstance(known.id, (tuple, list)) else (known.id,)) != each.forms:
            flags = {"fuzzy"} if all(string if isinstance(string, tuple) else [string]) else set()
            string = string if isinstance(string, tuple) == (each.many is not None) else None
        elif known and known.fuzzy:
            flags = {"fuzzy"}
        comments = known.user_comments if known else ()
        catalog.add(
            identity, string, flags=flags, auto_comments=[each.note], user_comments=comments, context=each.id
        )
    return catalog


def _write(path: Path, catalog: Catalog, language: Language | None) -> None:
    body = BytesIO()
    write_po(body, catalog, width=0, no_location=True, omit_header=True)
    header = [
        'msgid ""',
        'msgstr ""',
        '"MIME-Version: 1.0\\n"',
        '"Content-Type: text/plain; charset=UTF-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
    ]
    if language:
        header += [f'"Language: {language.tag}\\n"', f'"Plural-Forms: {catalog.plural_forms}\\n"']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\n".join(header).encode() + b"\n\n" + body.getvalue().lstrip(b"\n"))
