"""Search: countries, places, languages, topics and official pages, found by any of their names however they are spelt.

One rule says how well a word that a reader wrote fits a word of a name (`fit`); `templates/search.js` says the same
for copies that no server answers, over the lines of `Index.near` and `Index.far`. Here SQLite's FTS5 picks the words
that are worth comparing, by the letters they share, three at a time.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock

from markupsafe import Markup

from app.catalogue import Country, Link, Place
from app.editions import Edition, Quote
from app.folding import LETTERS, SOUNDS, VARIANTS, fold, script_of, sound
from app.hub import Hub
from app.site import Selection, Site

LONGEST = 200  # letters of a query that are looked at
WORDS = 12  # words of a query that are looked at
WORD = 40  # letters of a word of a query that are looked at
SHOWN = 20  # results on the page
COMPARED = 400  # words of names that are compared with a word of a query
LISTED = 150  # official pages in the index of one language
ECHO = 40  # letters of a query that an answer repeats
GOOD = 2  # up to this, a word fits without a slip of a letter
SLIP = 3
FARTHER = 2  # results that much farther off than the best are left out
PARTICLES = frozenset(
    [
        "al",
        "el",
        "ad",
        "an",
        "ar",
        "as",
        "at",
        "ash",
        "az",
        "ez",
        "es",
        "of",
        "the",
        "and",
        "de",
        "la",
        "le",
        "el",
        "los",
        "las",
        "du",
        "des",
        "в",
        "на",
        "и",
        "و",
    ]
)
MARKS = "‘`´ʿʾʹ"
APART = (
    "\\x00-/:-@\\[-`{-\\xbf\\u02b0-\\u02ff\\u055a-\\u055f\\u060c\\u061b\\u061f\\u066a-\\u066d\\u06d4\\u104a-\\u104f"
    "\\u1361-\\u1368\\u17d4-\\u17da\\u2000-\\u2bff\\u3000-\\u3020\\u30fb\\ufe30-\\ufe4f\\uff00-\\uff0f\\uff1a-\\uff20"
)
SPACELESS = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2e80-\\u9fff"
VOWELLESS = "\\u0600-\\u06ff"
_MARKS = re.compile(f"[{MARKS}]")
_APART = re.compile(f"[{APART}]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_VOWELLESS = re.compile(f"[{VOWELLESS}]")
_HAN = re.compile("[\\u2e80-\\u9fff]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word made ready to compare: folded, how it sounds, and what is left of that without vowels."""

    text: str
    said: str
    bones: str
    spaceless: bool
    vowelless: bool


@lru_cache(maxsize=4096)
def word(text: str) -> Word:
    """Return a folded word, ready to compare."""
    said = sound(text)
    return Word(
        text, said, re.sub("[aiu]", "", said), bool(_SPACELESS.search(text)), bool(_VOWELLESS.search(text))
    )


def parts(text: str) -> list[str]:
    """Return the folded words of a name or query."""
    return [part for part in _APART.split(_MARKS.sub("", fold(text))) if part]


def words(text: str) -> list[str]:
    """Return the folded words of a name or query, without articles and such where there are others."""
    found = parts(text)
    found = [part[2:] if part.startswith("ال") and len(part) > 4 else part for part in found]
    return [part for part in found if part not in PARTICLES] or found


def joined(text: str) -> dict[str, None]:
    """Return a name or query written as one word, with its articles and without, as readers may write it."""
    return dict.fromkeys(("".join(words(text)), "".join(parts(text))))


def fit(asked: Word, found: Word, least: int = 3) -> int | None:
    """Return how far a word of a name is from one asked for, 0 for the same, or None where it is another word.

    1 if it sounds the same; 2 if it begins with it, or holds it in a script that sets no spaces; 3 or more for one
    letter put wrong, left out, put in or exchanged. Fewer than `least` letters are the beginning of no word.
    """
    if asked.text == found.text:
        return 0
    if len(asked.said) > 1 and asked.said == found.said:
        return 1
    if asked.spaceless:
        if asked.text in found.text:
            return GOOD
        if len(found.text) > 1 and found.text in asked.text and found.spaceless:
            return GOOD
    elif len(asked.text) >= least and found.text.startswith(asked.text):
        return GOOD
    if len(asked.text) > 3 and one_slip(asked.text, found.text):
        return SLIP
    if not asked.spaceless and len(asked.said) > 5 and found.said.startswith(asked.said):
        return SLIP + 1
    if len(asked.said) > 3 and one_slip(asked.said, found.said):
        return SLIP + 2
    if asked.vowelless != found.vowelless and len(asked.bones) > 2 and asked.bones == found.bones:
        return SLIP + 3
    return None


def one_slip(one: str, other: str) -> bool:
    """Return whether two words differ by one letter wrong, missing or too much, or two letters exchanged."""
    if abs(len(one) - len(other)) > 1:
        return False
    n = 0
    while n < min(len(one), len(other)) and one[n] == other[n]:
        n += 1
    if len(one) > len(other):
        return one[n + 1 :] == other[n:]
    if len(one) < len(other):
        return one[n:] == other[n + 1 :]
    return (
        one[n + 1 :] == other[n + 1 :]
        or one[n : n + 2] == other[n : n + 2][::-1]
        and one[n + 2 :] == other[n + 2 :]
    )


@dataclass(eq=False)
class Entry:
    """One thing that can be found, by its `kind`; `names` are its spellings, each with the languages it is read in.

    A place and an official page are also found by the countries and topics they belong to (`about`).
    """

    kind: int
    country: Country | None = None
    place: Place | None = None
    selection: Selection | None = None
    tongue: str | None = None
    link: Link | None = None
    names: dict[str, set[str]] = field(default_factory=dict)
    about: tuple["Entry", ...] = ()

    def call(self, name: str, tag: str = "") -> None:
        """Give it a name that readers of the language `tag` know it by; all readers, where none is given."""
        self.names.setdefault(name, set()).add(tag)


COUNTRY, PLACE, TONGUE, FACET, AUTHORITY, LINK = range(6)


@dataclass(frozen=True)
class Result:
    """One thing found: its `entry`, and the `name` by which it was found."""

    entry: Entry
    name: str


@dataclass(frozen=True)
class Found:
    """The answer to a query: what was asked, the best results, and how many there were."""

    query: str
    results: tuple[Result, ...] = ()
    total: int = 0

    @property
    def echo(self) -> str:
        """As much of the query as an answer repeats: it must not look like words of the hub's own."""
        return self.query if len(self.query) <= ECHO else self.query[:ECHO] + "…"


def cleaned(query: str) -> str:
    """Return a query as it is looked for: no control characters or stray halves of letters, at most LONGEST letters."""
    plain = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in query[: 2 * LONGEST])
    return " ".join(plain.split())[:LONGEST]


class Search:
    """Everything that can be found in one hub. It is built at the first question, and may be asked by several threads."""

    def __init__(self, hub: Hub, site: Site):
        self.hub = hub
        self.site = site
        self._lock = Lock()
        self._orders: dict[str, dict[Entry, int]] = {}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Everything that can be found."""
        return tuple(self._entries())

    def find(self, query: str, edition: Edition) -> Found:
        """Return what fits a query best, what its readers are nearest to first. Any text may be asked."""
        query = cleaned(query)
        asked = [word(text[:WORD]) for text in [*dict.fromkeys(words(query))][:WORDS]]
        if not asked:
            return Found(query)
        with self._lock:
            index = self._index
            fits = [index.near(each, 1 if len(asked) == 1 else 3) for each in asked]
            whole: dict[int, int] = {}
            for text in joined(query):
                for n, far in index.whole(word(text[: 2 * WORD])).items():
                    whole[n] = min(far, whole.get(n, far))
        order = self._order(edition)
        ranked = sorted(
            self._ranked(asked, fits, whole, edition.language.tag),
            key=lambda each: (*each[0], order[each[1]]),
        )
        if ranked:
            lacking, far, *_ = ranked[0][0]
            ranked = [each for each in ranked if each[0][0] == lacking and each[0][1] <= far + FARTHER]
        best = tuple(Result(entry, name) for _, entry, name in ranked[:SHOWN])
        return Found(query, best, len(ranked))

    def _ranked(
        self, asked: list[Word], fits: list[dict[int, int]], whole: dict[int, int], tag: str
    ) -> Iterator[tuple[tuple[int, int, int, bool, int], Entry, str]]:
        """Yield what was found with its rank: words it lacks, how far the others are off, kind, language, words too many."""
        index = self._index
        by_entry: dict[Entry, list[int]] = {}
        for n in {*whole, *(n for each in fits for n in each)}:
            by_entry.setdefault(index.names[n].entry, []).append(n)
        best: dict[Entry, list[int | None]] = {
            entry: [min((each[n] for n in found if n in each), default=None) for each in fits]
            for entry, found in by_entry.items()
        }
        for entry, found in by_entry.items():
            choices = []
            for n in found:
                name = index.names[n]
                own = [each.get(n) for each in fits]
                strange = bool(name.tags) and not name.tags & {tag, "en", ""}
                lacking, far = own.count(None), sum(filter(None, own))
                extra = max(0, name.words - len(asked) + lacking)
                if n in whole and (lacking, far) > (0, whole[n]):
                    lacking, far, extra = 0, whole[n], int(whole[n] == GOOD)
                if lacking > 1 and extra == 0 and far <= GOOD and entry.kind <= PLACE:
                    lacking = 1  # a whole name inside a sentence
                choices.append(((lacking, far, entry.kind, strange, extra), n))
            rank, n = min(choices)
            if entry.about:
                shared = [
                    min(
                        (
                            c
                            for c in (own, *(_more(best.get(other), i) for other in entry.about))
                            if c is not None
                        ),
                        default=None,
                    )
                    for i, own in enumerate(best[entry])
                ]
                rank = min(rank, (shared.count(None), sum(filter(None, shared)), entry.kind, False, 0))
            if rank[0] <= len(asked) / 2:
                yield rank, entry, index.names[n].text

    def _order(self, edition: Edition) -> dict[Entry, int]:
        """Return where each entry stands among its like for the readers of one language."""
        tag = edition.language.tag
        if tag not in self._orders:
            links = {link.id: n for n, link in enumerate(edition.in_reading_order(self._links.values()))}
            countries = [*edition.countries_here, *edition.countries_elsewhere]
            codes = {country.code: n for n, country in enumerate(countries)}
            self._orders[tag] = {
                entry: links[entry.link.id]
                if entry.link
                else codes[entry.country.code] * len(self.entries) + n
                if entry.country
                else n
                for n, entry in enumerate(self.entries)
            }
        return self._orders[tag]

    @cached_property
    def _index(self) -> "_Index":
        return _Index(self.entries)

    @cached_property
    def _links(self) -> dict[str, Link]:
        return {link.id: link for link in self.hub.catalogue.public_links}

    # Registers

    def _entries(self) -> Iterator[Entry]:
        countries = {
            country.code: self._of_country(country) for country in self.hub.catalogue.countries.values()
        }
        facets = {each.id: self._of_facet(each) for each in self.site.selections.values()}
        for code, entry in countries.items():
            yield entry
            for place in self.hub.catalogue.places.values():
                if place.country == code:
                    yield _of_place(place, entry)
            if authority := self._of_authority(entry):
                yield authority
        yield from self._tongues()
        yield from facets.values()
        for link in self._links.values():
            topic = facets.get(link.topic)
            about = [countries[code] for code in link.countries if code in countries]
            yield self._of_link(link, (*about, topic) if topic else tuple(about))

    def _of_country(self, country: Country) -> Entry:
        entry = Entry(COUNTRY, country)
        for tag, edition in self.hub.editions.items():
            entry.call(edition.country_name(country.code), tag)
            if name := edition.language.locale.territories.get(country.code):
                entry.call(name, tag)
        if more := self.hub.catalogue.namings.get(country.code):
            for name in more.names:
                entry.call(name)
        return entry

    def _of_authority(self, country: Entry) -> Entry | None:
        assert country.country is not None
        if authority := country.country.authority:
            entry = Entry(AUTHORITY, country.country, about=(country,))
            entry.call(authority.name)
            return entry
        return None

    def _of_facet(self, selection: Selection) -> Entry:
        entry = Entry(FACET, selection=selection)
        for tag, edition in self.hub.editions.items():
            if selection.kind == "language":
                name = edition.language_name(self.site.language_of(selection))
                entry.call(name.text if isinstance(name, Quote) else name, tag)
            else:
                entry.call(str(edition.t.plain(f"{selection.kind}.{selection.id}")), tag)
        if selection.kind == "language" and (
            own := self.hub.catalogue.languages.get(self.site.language_of(selection))
        ):
            entry.call(own.name)
        return entry

    def _tongues(self) -> Iterator[Entry]:
        for language in self.hub.languages.values():
            entry = Entry(TONGUE, tongue=language.tag)
            entry.call(language.name)
            entry.call(language.english)
            for tag, edition in self.hub.editions.items():
                name = edition.language_name(language.tag)
                entry.call(name.text if isinstance(name, Quote) else name, tag)
            yield entry

    def _of_link(self, link: Link, about: tuple[Entry, ...]) -> Entry:
        entry = Entry(LINK, link=link, about=about)
        publisher = self.hub.catalogue.publishers[link.publisher]
        if link.own_title:
            entry.call(link.title)
        entry.call(publisher.name)
        entry.call(publisher.id.replace("-", " "))
        return entry

    # The index for the script

    def near(self, edition: Edition) -> str:
        """Return what readers of one language search first, a line an entry, for the script of copies without a server.

        It begins with the rules of comparing, so that they stand in one place: letters alike, letters as they sound,
        groups of letters as they sound, particles, and the letters that part words, that are left out, that stand in
        words without spaces and in words without vowels. Then a country: its address below the language, its name, its other names there. A place, after its country: `-` and
        its names. Its authority: `+` and its name. A language of the hub: `~` and its tag, names. A facet: its address,
        names. A publisher: `@` and its name, its id. An official page: address, language and direction of the title, title,
        languages, which of the publishers it is by, then the countries and the topic it belongs to.
        """
        return "\n".join((*_rules(), *self._lines(edition)))

    def _lines(self, edition: Edition) -> Iterator[str]:
        order = self._order(edition)
        tag = edition.language.tag
        inside = sorted((each for each in self.entries if not each.link), key=lambda entry: order[entry])
        inside.sort(key=lambda entry: entry.kind if entry.kind in (TONGUE, FACET) else COUNTRY)
        for entry in inside:
            names = [name for name, tags in entry.names.items() if tags & {tag, "en", ""}]
            names.sort(key=lambda name: tag not in entry.names[name])
            if entry.kind == COUNTRY and entry.country:
                yield _line(
                    f"countries/{entry.country.slug}/", edition.country_name(entry.country.code), *names
                )
            elif entry.place and entry.country:
                yield _line("-", *self._known(entry.place, entry.country, edition))
            elif entry.kind == AUTHORITY:
                yield _line("+", *names)
            elif entry.tongue:
                yield _line("~" + entry.tongue, self.hub.languages[entry.tongue].name, *names)
            elif entry.selection:
                yield _line(entry.selection.twin, *names)
        links = sorted((each for each in self.entries if each.link), key=lambda entry: order[entry])[:LISTED]
        speakers = list(dict.fromkeys(each.link.publisher for each in links if each.link))
        for name in speakers:
            yield _line("@", self.hub.catalogue.publishers[name].name, name.replace("-", " "))
        for entry in links:
            yield self._link_line(entry, edition, speakers)

    def _known(self, place: Place, country: Country, edition: Edition) -> Iterator[str]:
        """Yield the spellings of a place that a language's readers may write: Latin, their script, those of the country."""
        catalogue = self.hub.catalogue
        known = {**catalogue.spoken, **catalogue.languages}
        scripts = {"Latn", edition.language.script, *(known[tag].script for tag in country.languages)}
        yield from (name for n, name in enumerate(place.names) if not n or _script(name) in scripts)

    def _link_line(self, entry: Entry, edition: Edition, speakers: list[str]) -> str:
        link = entry.link
        assert link is not None
        card = edition.card(link)
        title = card.title if isinstance(card.title, Quote) else Quote(Markup(card.title).striptags(), "", "")
        about = [
            other.country.slug if other.country else other.selection.id if other.selection else ""
            for other in entry.about
        ]
        return "\t".join(
            [link.url, f"{title.lang} {title.dir}".strip(), title.text, Markup(card.languages).striptags()]
            + [str(speakers.index(link.publisher)), *about]
        )

    def far(self) -> str:
        """Return the names of countries, places and topics in all languages, a line each as in `near`."""
        lines = []
        for entry in self.entries:
            if entry.kind == COUNTRY and entry.country:
                lines.append(_line(f"countries/{entry.country.slug}/", *entry.names))
            elif entry.place:
                lines.append(_line("-", *entry.place.names))
            elif entry.selection and entry.selection.kind in ("topic", "audience"):
                lines.append(_line(entry.selection.twin, *entry.names))
        return "\n".join(lines)


def _rules() -> Iterator[str]:
    for letters in (VARIANTS, LETTERS):
        yield " ".join(chr(letter) + (said or "") for letter, said in letters.items())
    yield " ".join(f"{written}:{said}" for written, said in SOUNDS)
    yield " ".join(sorted(PARTICLES))
    yield from (APART, MARKS, SPACELESS, VOWELLESS)


def _more(fits: list[int | None] | None, i: int) -> int | None:
    """Return how far a word is from what an entry belongs to: a little farther than from itself."""
    return None if fits is None or fits[i] is None else fits[i] + 1  # type: ignore[operator]


def _of_place(place: Place, country: Entry) -> Entry:
    entry = Entry(PLACE, country.country, place, about=(country,))
    for name in place.names:
        entry.call(name)
    return entry


def _script(name: str) -> str:
    return next((script for letter in name if (script := script_of(letter)) != "Zyyy"), "Zyyy")


def _line(first: str, *names: str) -> str:
    return "\t".join(dict.fromkeys((first, *names)))


@dataclass(frozen=True, slots=True)
class _Name:
    entry: Entry
    text: str
    tags: frozenset[str]
    words: int


class _Index:
    """The words of all names, each once, and in which names they stand."""

    def __init__(self, entries: Iterable[Entry]):
        self.names: list[_Name] = []
        places: dict[str, list[int]] = {}
        whole: dict[str, list[int]] = {}
        for entry in entries:
            for text, tags in entry.names.items():
                found = words(text)
                for part in dict.fromkeys(found):
                    places.setdefault(part, []).append(len(self.names))
                for part in joined(text) if found else ():
                    whole.setdefault(part, []).append(len(self.names))
                self.names.append(_Name(entry, text, frozenset(tags), len(found)))
        self._words = [word.__wrapped__(text) for text in dict.fromkeys((*places, *whole))]
        self._places = [tuple(places.get(each.text, ())) for each in self._words]
        self._whole = [tuple(whole.get(each.text, ())) for each in self._words]
        self._letters = sqlite3.connect(":memory:", check_same_thread=False)
        self._letters.execute(
            "CREATE VIRTUAL TABLE words USING fts5(letters, content='', detail=none, tokenize='trigram case_sensitive 1')"
        )
        self._letters.executemany(
            "INSERT INTO words(rowid, letters) VALUES (?, ?)",
            ((n, " ".join(_forms(each))) for n, each in enumerate(self._words)),
        )

    def near(self, asked: Word, least: int) -> dict[int, int]:
        """Return the names that hold a word like the one asked for, with how far it is from it."""
        return self._compare(asked, self._places, least)

    def whole(self, asked: Word) -> dict[int, int]:
        """Return the names that, written as one word, are like the one asked for."""
        return self._compare(asked, self._whole, 4)

    def _compare(self, asked: Word, holding: list[tuple[int, ...]], least: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for n in self._alike(asked):
            if holding[n] and (far := fit(asked, self._words[n], least)) is not None:
                for name in holding[n]:
                    if far < found.get(name, 99):
                        found[name] = far
        return found

    def _alike(self, asked: Word) -> Iterable[int]:
        """Return the words that share most letters with one, three at a time."""
        threes = dict.fromkeys(text[n : n + 3] for text in _forms(asked) for n in range(len(text) - 2))
        if _HAN.search(asked.text):  # two letters are a name there, wherever they stand in what was written
            threes |= dict.fromkeys(f" {asked.text[n : n + 2]}" for n in range(len(asked.text) - 1))
        if not threes:
            return range(len(self._words))
        wanted = " OR ".join('"' + three.replace('"', '""') + '"' for three in threes)
        rows = self._letters.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (wanted, COMPARED)
        )
        return [row[0] for row in rows]


def _forms(each: Word) -> list[str]:
    """Return a word as it is written, said and without vowels, each between spaces, so that its ends count as letters."""
    forms = dict.fromkeys((each.text, each.said, each.bones if len(each.bones) > 2 else each.text))
    return [f" {form} " for form in forms]
