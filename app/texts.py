"""Texts: what the hub says, in every language, from the English source and the gettext catalogues, checked as they load."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations
from markupsafe import Markup, escape

from app.catalogue import Catalogue
from app.defects import Defect
from app.folding import script_of
from app.languages import Language
from app.plain import (
    BREAK,
    BREAKING_SCRIPTS,
    JOINED_SCRIPTS,
    JOINERS,
    MARKS,
    hidden_faults,
    letter_faults,
    shape_faults,
)

S = TypeVar("S", bound=str)
FORMATTER = string.Formatter()
DOMAINS = ("safety", "interface")
FACETS = ("topic.", "audience.", "format.", "family.")
ORDER_LIMIT = 40  # letters; the four orders stand beside pictograms on a 320 px screen
MESSAGE_LIMIT = 70  # UTF-16 units; one text message in any script (3GPP TS 23.040)


@dataclass(frozen=True)
class Source:
    """An English string: its `id` (the gettext context), `domain`, text, plural if it is counted, and a note."""

    id: str
    domain: str
    text: str
    many: str | None
    note: str
    source_only: bool = False

    @property
    def file(self) -> str:
        """The content file in which the English text stands."""
        if self.domain == "safety":
            return "messages.toml"
        return "facets.toml" if self.id.startswith(FACETS) else "interface.toml"

    @property
    def forms(self) -> tuple[str, ...]:
        """The English forms: one, or singular and plural."""
        return (self.text,) if self.many is None else (self.text, self.many)

    @property
    def limit(self) -> int:
        """How many characters a translation may have before it no longer fits its place."""
        if self.id == "sms.short":
            return MESSAGE_LIMIT
        if re.fullmatch(r"short\.(?!heading).*", self.id):
            return ORDER_LIMIT
        return max(60, 3 * len(self.text))


def sources(catalogue: Catalogue) -> dict[str, Source]:
    """Return every English string of the hub by its id, safety messages first, in reading order."""
    found: dict[str, Source] = {}
    for source in _sources(catalogue):
        found.setdefault(source.id, source)
    return found


def _sources(catalogue: Catalogue) -> Iterator[Source]:
    for text in catalogue.texts["safety"].values():
        yield Source(text.id, "safety", text.text, text.many, text.note)
    for situation in catalogue.situations.values():
        yield Source(f"situation.{situation.id}", "safety", situation.text, None, situation.note)
        for message in catalogue.messages.values():
            if message.situation == situation.id:
                for part in ("order", "detail", "why"):
                    yield Source(
                        f"message.{message.id}.{part}", "safety", getattr(message, part), None, message.note
                    )
    for text in catalogue.texts["interface"].values():
        yield Source(text.id, "interface", text.text, text.many, text.note, text.source_only)
    for kind, facets in (
        ("topic", catalogue.topics),
        ("audience", catalogue.audiences),
        ("format", catalogue.formats),
        ("family", catalogue.families),
    ):
        for facet in facets.values():
            yield Source(f"{kind}.{facet.id}", "interface", facet.text, None, facet.note)


class Texts:
    """The strings of one language, escaped for HTML: call it with an id and the values of its placeholders."""

    def __init__(self, language: Language, forms: dict[str, tuple[str, ...]], plural: Callable[[int], int]):
        self.language = language
        self.forms = forms
        self._plural = plural
        self._single = {name: Markup(escape(texts[0])) for name, texts in forms.items() if len(texts) == 1}
        self._parts: dict[str, list[tuple[str, str | None]]] = {}

    def __call__(self, name: str, /, **values: Any) -> Markup:
        """Return the string `name`; `values` fill its placeholders and are escaped unless they are Markup."""
        return Markup(_one_stop("".join(self._filled(name, values)))) if values else self._single[name]

    def _filled(self, name: str, values: dict[str, Any]) -> Iterator[str]:
        if name not in self._parts:  # Markup.format would read the text anew each time, at ten times the cost
            self._parts[name] = [(text, field) for text, field, _, _ in FORMATTER.parse(self._single[name])]
        for text, field in self._parts[name]:
            yield text
            if field:
                yield escape(values[field])

    def count(self, name: str, n: int) -> Markup:
        """Return the counted string `name` in the form that this language uses for `n`."""
        forms = self.forms[name]
        form = forms[min(self._plural(n), len(forms) - 1)]
        return Markup(escape(form)).format(n=self.language.number(n))

    def plain(self, name: str, /, **values: Any) -> str:
        """Return the string `name` as plain text, for places that are not HTML."""
        return _one_stop(self.forms[name][0].format(**values))


def _one_stop(text: S) -> S:
    """Return `text` without the second of two stops: a date may bring one of its own ("2024 р.")."""
    return text.replace("..", ".")  # type: ignore[return-value]


def english(language: Language, source: dict[str, Source]) -> Texts:
    """Return the texts of English, which is the source itself."""
    return Texts(language, {name: each.forms for name, each in source.items()}, lambda n: int(n != 1))


def catalogue_path(translations: Path, language: Language, domain: str) -> Path:
    """Return where the gettext catalogue of a language's domain lies."""
    return translations / language.tag / "LC_MESSAGES" / f"{domain}.po"


def load_texts(
    language: Language, source: dict[str, Source], translations: Path, defects: list[Defect]
) -> Texts:
    """Read a language's catalogues and return its texts; note a defect for every string that may not be shown.

    The texts are whole only if no defect was noted: a missing string is missing in them.
    """
    forms: dict[str, tuple[str, ...]] = {}
    plural: Callable[[int], int] = lambda n: int(n != 1)  # noqa: E731
    for domain in DOMAINS:
        path = catalogue_path(translations, language, domain)
        file = str(path.relative_to(translations.parent))
        catalog = _read(path, file, language, defects)
        if catalog is None:
            continue
        wanted = {s.id: s for s in source.values() if s.domain == domain and not s.source_only}
        forms |= _check(catalog, wanted, file, language, defects)
        if domain == "interface":
            plural = _plural(language)
    for each in source.values():
        if each.source_only:
            forms[each.id] = each.forms
    return Texts(language, forms, plural)


def _read(path: Path, file: str, language: Language, defects: list[Defect]) -> Catalog | None:
    try:
        raw = path.read_bytes()
        contexts = Counter(re.findall(rb'^msgctxt "(.*)"', raw, re.MULTILINE))
        for context, times in contexts.items():
            if times > 1:
                defects.append(
                    Defect(file, context.decode(errors="replace"), f"stands {times} times", "keep one entry")
                )
        _check_header(raw.decode("utf-8"), file, language, defects)
        return read_po(BytesIO(raw), locale=language.cldr, abort_invalid=True, ignore_obsolete=True)
    except FileNotFoundError:
        defects.append(
            Defect(
                file,
                "file",
                "is missing",
                f"run `flask --app app translations update {language.tag}` and translate it",
            )
        )
    except UnicodeDecodeError as fault:
        defects.append(Defect(file, f"byte {fault.start}", "is not UTF-8", "save the file as UTF-8"))
    except PoFileError as fault:
        defects.append(
            Defect(file, f"line {fault.lineno}", str(fault), "correct the line; a PO editor shows it")
        )
    except (OSError, ValueError) as fault:
        defects.append(
            Defect(file, "file", f"cannot be read ({fault})", "open it in a PO editor and save it again")
        )
    return None


def _check_header(text: str, file: str, language: Language, defects: list[Defect]) -> None:
    """Refuse a catalogue that says it is another language's, or counts by another rule than its language."""
    header = dict(re.findall(r'^"([A-Za-z-]+): (.*?)(?:\\n)?"$', text.split("\n\n")[0], re.MULTILINE))
    update = f"run `flask --app app translations update {language.tag}`"
    said = header.get("Language", "")
    if said.replace("_", "-").casefold() != language.tag.casefold():
        defects.append(
            Defect(
                file, "header Language", f"says that the language is {said!r}, not {language.tag!r}", update
            )
        )
    rule = Catalog(locale=language.cldr).plural_forms
    if header.get("Plural-Forms", "").replace(" ", "").rstrip(";") != rule.replace(" ", "").rstrip(";"):
        defects.append(
            Defect(
                file, "header Plural-Forms", f"is not the rule for plural forms in {language.english}", update
            )
        )


def _plural(language: Language) -> Callable[[int], int]:
    """Return the plural rule of a language, which its catalogue's header must equal."""
    compiled = BytesIO()
    write_mo(compiled, Catalog(locale=language.cldr))
    compiled.seek(0)
    return Translations(compiled).plural  # type: ignore[no-any-return]


def _check(
    catalog: Catalog, wanted: dict[str, Source], file: str, language: Language, defects: list[Defect]
) -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {}
    update = f"run `flask --app app translations update {language.tag}`"
    plurals = catalog.num_plurals
    for message in catalog:
        if not message.id:
            continue
        name = message.context or ""
        each = wanted.get(name)
        if each is None:
            defects.append(Defect(file, name or str(message.id), "is not a string of the hub", update))
            continue
        english_forms = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if tuple(english_forms) != each.forms:
            defects.append(
                Defect(file, name, "translates an older English text", f"{update} and translate it again")
            )
        elif message.fuzzy:
            defects.append(Defect(file, name, "is marked fuzzy", "check the translation and remove the mark"))
        elif not all(texts):
            defects.append(Defect(file, name, "is not translated", "translate it"))
        elif each.many is not None and len(texts) != plurals:
            defects.append(
                Defect(
                    file,
                    name,
                    f"has {len(texts)} plural forms, the header says {plurals}",
                    "give one text per form",
                )
            )
        else:
            forms[name] = tuple(texts)
            for text in texts:
                for wrong, mend in faults(each, text, language):
                    defects.append(Defect(file, name, wrong, mend))
    for name in wanted.keys() - {message.context for message in catalog if message.id}:
        defects.append(Defect(file, name, "is missing", f"{update} and translate it"))
    return forms


def faults(source: Source, text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a translation, and the mend, apart from its sense (policy looks at that)."""
    english_text = source.many or source.text
    yield from plain_faults(text, language)
    yield from _foreign_words(source, text, language)
    if fault := _placeholders(english_text, text):
        yield fault
    if _digits(text) != _digits(english_text):
        yield "has other digits than the English text", "keep the same numbers, or write them as words"
    if _addresses(text) != _addresses(english_text):
        yield "has another address, number or e-mail than the English text", "keep addresses as they are"
    if len(text) > source.limit:
        yield f"has {len(text)} characters where {source.limit} fit", "say it shorter"
    words = re.sub(r"\{[a-z_]+\}", "", text)
    if text == english_text and len(re.findall(r"[^\W\d_]+", words)) > (
        2 if language.script == "Latn" else 0
    ):
        yield "is the same as the English text", "translate it"
    if source.domain == "safety" and not any(script_of(c) == language.script for c in words):
        yield "has no letter of the language's own script", "translate it"


def plain_faults(text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Yield what no string of the hub may hold in any language, English included: hidden letters, markup, odd forms."""
    allowed = JOINERS if language.script in JOINED_SCRIPTS else frozenset()
    if language.script in BREAKING_SCRIPTS:
        allowed |= {BREAK}
    if language.direction == "rtl":
        allowed |= MARKS
    yield from hidden_faults(text, allowed)
    yield from shape_faults(text)
    yield from letter_faults(re.sub(r"\{[a-z_]+\}", " ", text))
    if re.search(r"[<>&]|javascript:", text, re.IGNORECASE):
        yield "holds markup or an HTML entity", "write plain text; the pages do the markup"
    if odd := [c for c in text if unicodedata.category(c) in ("No", "Nl") or c == "〇"]:
        yield f"has digits of another kind (“{odd[0]}”)", "write numbers as words"


def check_english(source: Iterable[Source], language: Language, defects: list[Defect]) -> None:
    """Note a defect for each English string that could not be shown, or that names an address or number."""
    for each in source:
        for text in each.forms:
            found = list(plain_faults(text, language))
            if fault := _placeholders(text, text):
                found.append(fault)
            if not re.search(r"[A-Za-z]", re.sub(r"\{[a-z_]+\}", "", text)) and not re.search(r"\{", text):
                found.append(("says nothing", "write the sentence"))
            if any(script_of(c) not in ("Latn", "Zyyy") for c in text):
                found.append(("has letters of another script", "write it in English"))
            if _digits(text) or _addresses(text):
                found.append(
                    (
                        "holds digits or an address",
                        "write numbers as words; addresses and numbers are entries of registers",
                    )
                )
            for wrong, mend in found:
                defects.append(Defect(f"content/{each.file}", each.id, wrong, mend))


def _placeholders(english_text: str, text: str) -> tuple[str, str] | None:
    wanted = _fields(english_text)
    try:
        found = _fields(text)
    except ValueError as fault:
        return f"has a stray brace ({fault})", "keep placeholders exactly as in English, like {country}"
    if found != wanted:
        return (
            f"has placeholders {_named(found)}, the English text {_named(wanted)}",
            "keep placeholders exactly as in English, like {country}",
        )
    return None


def _named(fields: Counter[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(fields.elements())) or "none"


def _fields(text: str) -> Counter[str]:
    fields: Counter[str] = Counter()
    for _, name, spec, conversion in FORMATTER.parse(text):
        if name is not None:
            if not name.isidentifier() or spec or conversion:
                raise ValueError(f"{{{name}}}")
            fields[name] += 1
    return fields


def _digits(text: str) -> Counter[str]:
    """Return the numbers of a text, each whole and in ASCII digits."""
    plain = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    return Counter(re.findall(r"[0-9]+", plain))


def _addresses(text: str) -> Counter[str]:
    folded = re.sub("[。．｡․]", ".", text.lower())
    return Counter(
        re.findall(
            r"\b(?:https?|tel|mailto|sms|geo|javascript|data):\S*|www\.\S+|\S*@\S+|[\w-]+\.[a-z]{2,}\b",
            folded,
        )
    )


def _foreign_words(source: Source, text: str, language: Language) -> Iterator[tuple[str, str]]:
    latin_in_source = set(re.findall(r"[A-Za-z]+", source.text + " " + (source.many or "")))
    for word in re.findall(r"[^\W\d_]+", re.sub(r"\{[a-z_]+\}", " ", text)):
        scripts = {script_of(letter) for letter in word} - {"Zyyy"}
        if (
            len(scripts) == 1
            and scripts != {language.script}
            and not (scripts == {"Latn"} and word in latin_in_source)
        ):
            yield (
                f"has “{word}” in another script than {language.english}",
                "write it in the language's own script",
            )
