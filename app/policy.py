"""The content policy: what may never appear in the hub, in any language, and where it looks for it.

The list itself is content: kinds of things (never.toml), each with its words in every published language
(never/<language>.toml). Quoted titles and publishers' names stand in <cite> and are theirs: the words of the policy do not apply to them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from pydantic import Field

from app.catalogue import ID, Catalogue
from app.defects import Defect
from app.files import Record, read_records, read_toml, refuse_unknown_keys
from app.folding import fold
from app.texts import Source, Texts

FILE = "never.toml"
WORTH_KEEPING = 2_000  # letters; a longer block is one page's own, such as its head
SPACELESS = {"zh-Hans", "my", "th", "lo", "km"}


class Kind(Record):
    """One kind of thing that never appears: what the `idea` is, and `patterns` that give it away in any language."""

    id: str = Field(pattern=ID)
    idea: str
    patterns: tuple[str, ...] = ()


class Words(Record):
    """The words of one language that give kinds away: a word may begin or end with `*` for any letters.

    `words` stand alone, `units` only count after a number.
    """

    words: dict[str, tuple[str, ...]]
    units: dict[str, tuple[str, ...]] = {}


class Allowed(Record):
    """A string that names one kind of thing in order to forbid or deny it, and why it may."""

    string: str
    kind: str
    why: str


@dataclass(frozen=True)
class Finding:
    """A breach: the `kind` it breaks and the `words` that break it."""

    kind: str
    words: str


class Policy:
    """The never-list, ready to be held against any text."""

    def __init__(self, kinds: Iterable[Kind], words: dict[str, Words], allowed: Iterable[Allowed]):
        self.kinds = {kind.id: kind for kind in kinds}
        self.words = words
        self.allowed = {(entry.string, entry.kind) for entry in allowed}
        self._by_language: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        self._known: dict[tuple[str, tuple[str, ...]], dict[str, list[Finding]]] = {}
        self._raw = [
            (kind.id, re.compile(pattern)) for kind in self.kinds.values() for pattern in kind.patterns
        ]

    def findings(self, text: str, language: str, string: str = "") -> list[Finding]:
        """Return each breach in `text`, read as `language`; `string` is its id where it is one of the hub's strings."""
        found = []
        folded = fold(text)
        for kind, pattern in self._patterns(language):
            if (string, kind) not in self.allowed and (match := pattern.search(folded)):
                found.append(Finding(kind, match.group().strip()))
        for kind, raw in self._raw:
            if (string, kind) not in self.allowed and (match := raw.search(text)):
                found.append(Finding(kind, match.group().strip()))
        return found

    def page_findings(
        self, html: str, language: str, texts: Texts | None = None, others: Mapping[str, Texts] | None = None
    ) -> list[Finding]:
        """Return each breach in a rendered page: its texts, alternative texts and labels, without what it quotes.

        `texts` are the page's strings: those that may name a thing in order to forbid it are left out. A part of the
        page in another language is read as that language if it is one of `others`, by tag, and else as the page's.
        """
        named = dict(others or {})
        own = self._exempt(texts)
        exempt = {tag: self._exempt(each) for tag, each in named.items()} if _has_parts(html) else {}
        found = []
        for tag, text in _texts(html):
            reading = (tag, exempt[tag]) if tag in exempt else (language, own)
            known = self._known.setdefault(reading, {})
            if text not in known:
                held = text
                for sentence in reading[1]:
                    held = held.replace(sentence, " ")
                known[text] = self.findings(held, reading[0])
            found += known[text]
        return found

    def _exempt(self, texts: Texts | None) -> tuple[str, ...]:
        """Return the sentences of a language that name a thing in order to forbid it."""
        forms = texts.forms if texts else {}
        return tuple(forms[name][0] for name, _ in self.allowed if name in forms)

    def _patterns(self, language: str) -> list[tuple[str, re.Pattern[str]]]:
        if language not in self._by_language:
            words = self.words.get(language)
            self._by_language[language] = [
                (kind, pattern)
                for kind in self.kinds
                if words and (pattern := _compile(words, kind, language))
            ]
        return self._by_language[language]


def load_policy(content: Path, defects: list[Defect]) -> Policy:
    """Read the never-list from the folder `content`, noting its defects."""
    file = f"{content.name}/{FILE}"
    tables = read_toml(content / FILE, defects, content.parent)
    refuse_unknown_keys(tables, {"kind", "allowed"}, file, defects)
    words = {
        path.stem: read
        for path in sorted((content / "never").glob("*.toml"))
        if (read := _read_words(path, content, defects))
    }
    kinds = read_records(tables, "kind", Kind, file, defects)
    allowed = read_records(tables, "allowed", Allowed, file, defects, "string")
    for kind in kinds:
        for pattern in kind.patterns:
            try:
                re.compile(pattern)
            except re.error as fault:
                defects.append(
                    Defect(file, f"kind {kind.id}", f"pattern {pattern!r}: {fault}", "correct the pattern")
                )
    known = {kind.id for kind in kinds}
    if not kinds:
        defects.append(Defect(file, "kind", "has no entries", "restore the [[kind]] entries"))
    for entry in allowed:
        if entry.kind not in known:
            defects.append(
                Defect(file, f"allowed {entry.string}", f"names unknown kind {entry.kind!r}", "correct it")
            )
    for tag, each in words.items():
        for kind in {*each.words, *each.units} - known:
            defects.append(
                Defect(f"{content.name}/never/{tag}.toml", kind, "is not a kind of never.toml", "correct it")
            )
        for kind in sorted(known - each.words.keys()):
            defects.append(
                Defect(
                    f"{content.name}/never/{tag}.toml", kind, "has no words", "write the words of this kind"
                )
            )
    return Policy(kinds, words, allowed)


def _read_words(path: Path, content: Path, defects: list[Defect]) -> Words | None:
    tables = read_toml(path, defects, content.parent)
    read = read_records({"words": [tables]}, "words", Words, f"{content.name}/never/{path.name}", defects)
    return read[0] if read else None


def check_policy(
    policy: Policy,
    catalogue: Catalogue,
    source: dict[str, Source],
    texts: Iterable[Texts],
    defects: list[Defect],
) -> None:
    """Hold every string of every language, and every register's own words, against the never-list."""
    mend = "say it without; the list and its reasons are in content/never.toml"
    for name, each in source.items():
        for form in each.forms:
            for finding in policy.findings(form, "en", name):
                defects.append(
                    Defect(
                        f"content/{each.file}",
                        name,
                        f"“{finding.words}” is never shown ({finding.kind})",
                        mend,
                    )
                )
    for translated in texts:
        tag = translated.language.tag
        if tag not in policy.words:
            file = f"content/never/{tag}.toml"
            defects.append(
                Defect(file, "file", "is missing", "write the language's words before it is published")
            )
        for name, forms in translated.forms.items():
            if name not in source:
                continue
            domain = source[name].domain
            for form in forms if tag != "en" else ():
                for finding in policy.findings(form, tag, name):
                    file = f"translations/{tag}/LC_MESSAGES/{domain}.po"
                    defects.append(
                        Defect(file, name, f"“{finding.words}” is never shown ({finding.kind})", mend)
                    )
    for entry in policy.allowed:
        if entry[0] not in source:
            defects.append(
                Defect(f"content/{FILE}", f"allowed {entry[0]}", "is not a string of the hub", "remove it")
            )
    for name, drawing in catalogue.pictograms.items():
        for wrong in _drawing_faults(drawing):
            defects.append(
                Defect(f"content/pictograms/{name}.svg", "drawing", wrong, "draw with plain shapes only")
            )


_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon"}
_DRAWN = {"xmlns", "viewbox", "d", "cx", "cy", "r", "rx", "ry", "x", "y", "x1", "x2", "y1", "y2", "width", "height",
          "points", "class", "fill", "stroke", "stroke-width", "transform"}  # fmt: skip


def _drawing_faults(drawing: str) -> Iterator[str]:
    if "<!" in drawing or "<?" in drawing:
        yield "holds a declaration, an instruction or a comment"
        return
    try:
        root = ElementTree.fromstring(drawing)
    except ElementTree.ParseError as fault:
        yield f"is not one whole drawing ({fault})"
        return
    if root.tag != f"{_SVG}svg" or not len(root):
        yield "is empty, or not an <svg>"
    for shape in root.iter():
        tag = shape.tag.removeprefix(_SVG)
        if tag not in _SHAPES:
            yield f"holds <{tag}>, which is not a plain shape"
        for name, value in shape.attrib.items():
            if name.lower() not in _DRAWN:
                yield f"holds the attribute {name}, which pictograms do not use"
            elif "(" in value and name != "transform":
                yield f"holds {name}={value!r}, which points elsewhere"
        if words := f"{shape.text or ''}{shape.tail or ''}".strip():
            yield f"holds words: {words!r}"


_BREAKS = {"p", "li", "h1", "h2", "h3", "h4", "div", "section", "nav", "main", "header", "footer", "td", "th",
           "dt", "dd", "button", "label", "option", "title", "figcaption", "article", "ul", "ol", "tr", "br"}  # fmt: skip
_BLOCK = re.compile(rf"<(?=/?(?:{'|'.join(sorted(_BREAKS))})[\s/>])", re.IGNORECASE)
_PART = re.compile(r'<(?:section|article|div|li)\s(?:[^>]*\s)?lang="', re.IGNORECASE)
_ALONE = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}


def _has_parts(html: str) -> bool:
    """Return whether whole parts of a page, and not just a few words, may be in languages of their own."""
    return _PART.search(html) is not None


def _texts(html: str) -> Iterator[tuple[str, str]]:
    """Yield what a reader sees or hears on a page, each text with the tag of its language, or "" for the page's own.

    A page in one language is read block by block, since most blocks stand on other pages too.
    """
    if _has_parts(html):
        words = _Words()
        words.feed(html)
        words.close()
        yield from words.texts
    else:
        yield from (("", text) for text in _block_texts(html))


def _block_texts(html: str) -> Iterator[str]:
    first, *others = _BLOCK.split(html)
    read = first
    for block in others:
        texts = _kept_texts(read) if len(read) < WORTH_KEEPING else _texts_of(read)
        if texts is None:
            read = f"{read}<{block}"
        else:
            yield from texts
            read = f"<{block}"
    yield from _texts_of(read, last=True) or ()


def _texts_of(part: str, last: bool = False) -> tuple[str, ...] | None:
    """Return the texts of a part of a page, or None where a quotation, script or tag goes on and it is not the last."""
    words = _Words()
    words.feed(part)
    if words.goes_on and not last:
        return None
    words.close()
    return tuple(text for _, text in words.texts)


_kept_texts = lru_cache(maxsize=20_000)(_texts_of)


class _Words(HTMLParser):
    """Gathers what a reader sees or hears on a page, a text a block, without quotations, scripts and styles.

    Each of its `texts` stands with the language of the element that it is in, or "" where none is said.
    """

    _SKIPPED = {"cite", "script", "style"}
    _SPOKEN = {"alt", "title", "aria-label", "placeholder", "content", "value", "aria-description"}

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._skipping: list[str] = []
        self._open: list[tuple[str, str]] = []

    @property
    def language(self) -> str:
        """The language of the innermost element that is open."""
        return self._open[-1][1] if self._open else ""

    @property
    def goes_on(self) -> bool:
        """Whether what was read ends within a quotation, a script or a tag."""
        return bool(self._skipping or self.cdata_elem or "<" in self.rawdata)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self._flush()
        if tag in self._SKIPPED:
            self._skipping.append(tag)
        language = dict(attrs).get("lang") or self.language
        if tag not in _ALONE:
            self._open.append((tag, language))
        if not self._skipping:
            self.texts += [(language, value) for name, value in attrs if name in self._SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        if self._skipping and tag == self._skipping[-1]:
            self._skipping.pop()
        if tag in _BREAKS:
            self._flush()
        if tag in [name for name, _ in self._open]:
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _flush(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text = []
        if text:
            self.texts.append((self.language, text))


def _compile(words: Words, kind: str, language: str) -> re.Pattern[str] | None:
    """Return one pattern for a kind; words that begin a word are tried only where one begins, which is what makes it quick."""
    anywhere, at_start = [], []
    for word in words.words.get(kind, ()):
        free = language in SPACELESS or word.startswith("*")
        (anywhere if free else at_start).append(_word(word, language))
    units = [_word(unit, language) for unit in words.units.get(kind, ())]
    parts = []
    if at_start:
        parts.append(rf"(?<!\w)(?:{'|'.join(at_start)})")
    if anywhere:
        parts.append("|".join(anywhere))
    if units:
        parts.append(rf"\d(?:[\d.,]*\d)?[\s-]?(?:{'|'.join(units)})")
    return re.compile("|".join(parts)) if parts else None


def _word(word: str, language: str) -> str:
    core = r"[\s-]+".join(
        re.escape(part).replace(r"\*", r"\S{0,20}") for part in fold(word.strip("*")).split()
    )
    return core if language in SPACELESS else core + (r"\w*" if word.endswith("*") else r"(?!\w)")
