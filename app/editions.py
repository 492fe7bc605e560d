"""Editions: the hub as readers of one language see it, with its names, order and cards."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from babel import Locale
from markupsafe import Markup, escape

from app.catalogue import Catalogue, Country, Link, Message, Report
from app.folding import fold
from app.languages import Language
from app.settings import OwnWords, Settings, SwitchedOff
from app.texts import Texts


@dataclass(frozen=True)
class Quote:
    """Words of somebody else, with their own language and direction."""

    text: str
    lang: str
    dir: str

    def __html__(self) -> Markup:
        return Markup('<cite lang="{}" dir="{}">{}</cite>').format(self.lang, self.dir, self.text)


@dataclass(frozen=True)
class Card:
    """A link as a reader sees it before the tap: its address and title, and what is known about it, each a phrase."""

    url: str
    title: Quote | Markup
    publisher: Quote
    languages: Markup
    kind: str
    notes: tuple[Markup, ...]


@dataclass(frozen=True)
class Rule:
    """A message on a country's page, or the national authority's words or decision in its place."""

    message: Message
    words: OwnWords | None = None
    off: SwitchedOff | None = None


class Edition:
    """The hub in one language: how it names countries and languages, what it puts first, and its cards."""

    def __init__(
        self, catalogue: Catalogue, settings: Settings, texts: Texts, languages: dict[str, Language]
    ):
        self.catalogue = catalogue
        self.settings = settings
        self.texts = texts
        self.language = texts.language
        self.languages = languages
        self._cards: dict[str, Card] = {}

    @property
    def t(self) -> Texts:
        """The strings of this language."""
        return self.texts

    # Names

    def country_name(self, code: str) -> str:
        """Return the name of the country `code` in this language: the register's where it has one, else CLDR's."""
        country = self.catalogue.countries.get(code)
        if country and (name := country.names.get(self.language.tag)):
            return name
        return self.language.locale.territories.get(code) or _english().territories.get(code, code)

    def language_name(self, tag: str) -> Quote | str:
        """Return the name of a language in this language; where CLDR has none, its own name or an English one, quoted."""
        names = self.language.locale.languages
        if name := names.get(tag) or names.get(tag.replace("-", "_")):
            return name
        if own := self.catalogue.languages.get(tag):
            return own.english if self.language.tag == "en" else Quote(own.name, own.tag, own.direction)
        return Quote(_english().languages.get(tag) or self.catalogue.spoken[tag].name, "en", "ltr")

    def language_names(self, tags: Iterable[str]) -> Markup:
        """Return the names of languages as this language joins a list."""
        return Markup(self.language.list([str(escape(self.language_name(tag))) for tag in tags]))

    # Countries

    @cached_property
    def countries(self) -> tuple[Country, ...]:
        """All countries of this copy, by their names in this language."""
        return tuple(sorted(self.catalogue.countries.values(), key=lambda c: fold(self.country_name(c.code))))

    @cached_property
    def countries_here(self) -> tuple[Country, ...]:
        """The countries where this language is spoken, the operator's first country before the others."""
        here = [country for country in self.countries if self.language.tag in country.languages]
        first = self.settings.first_country
        if first in self.catalogue.countries:
            here = [self.catalogue.countries[first], *(country for country in here if country.code != first)]
        return tuple(here)

    @cached_property
    def countries_elsewhere(self) -> tuple[Country, ...]:
        """The other countries."""
        return tuple(country for country in self.countries if country not in self.countries_here)

    @cached_property
    def neighbours(self) -> tuple[Language, ...]:
        """Up to three other published languages to compare a page with: those most often spoken beside this one."""
        shared: dict[str, int] = {}
        for country in self.catalogue.countries.values():
            if self.language.tag in country.languages:
                for tag in country.languages:
                    shared[tag] = shared.get(tag, 0) + 1
        order = list(self.languages)
        others = [tag for tag in order if tag != self.language.tag]
        others.sort(key=lambda tag: (-shared.get(tag, 0), tag != "en", order.index(tag)))
        chosen = others[:3]
        if "en" in others and "en" not in chosen:
            chosen[-1:] = ["en"]
        return tuple(self.languages[tag] for tag in chosen)

    def rules(self, country: Country) -> tuple[Rule, ...]:
        """Return the messages as they stand for a country: ours, its authority's own words, or switched off."""
        words = {entry.message: entry for entry in self.settings.words if entry.country == country.code}
        off = {entry.message: entry for entry in self.settings.off if entry.country == country.code}
        return tuple(
            Rule(message, words.get(message.id), off.get(message.id))
            for message in self.catalogue.messages.values()
        )

    # Links

    def card(self, link: Link) -> Card:
        """Return the card of a link in this language."""
        if link.id not in self._cards:
            self._cards[link.id] = self._make_card(link)
        return self._cards[link.id]

    def _make_card(self, link: Link) -> Card:
        publisher = self.catalogue.publishers[link.publisher]
        by = self.quote(publisher.name, publisher.language)
        subject = "topic" if link.topic in self.catalogue.topics else "audience"
        topic = self.texts(f"{subject}.{link.topic}")
        if link.own_title:
            title: Quote | Markup = self.quote(link.title, link.title_language or link.languages[0])
        elif link.countries:
            names = self.language.list([self.country_name(code) for code in link.countries])
            title = self.texts("card.composed-country", publisher=by, topic=topic, countries=names)
        else:
            title = self.texts("card.composed", publisher=by, topic=topic)
        notes = []
        if link.date:
            notes.append(self.texts("card.content-date", date=self.language.date(link.date)))
        notes.append(self.texts("card.unchecked"))
        if link.legacy_address:
            notes.append(self.texts("card.legacy"))
        if not link.encrypted:
            notes.append(self.texts("card.http"))
        if link.evidence == "cited":
            notes.append(self.texts("card.cited"))
        kind = self.texts(f"format.{link.format}")
        return Card(
            link.url, title, by, self.language_names(link.languages), f"{topic}, {kind}", tuple(notes)
        )

    def quote(self, text: str, tag: str) -> Quote:
        """Return `text` as a quotation in the language `tag`."""
        known = self.catalogue.languages.get(tag) or self.catalogue.spoken.get(tag)
        return Quote(text, tag, known.direction if known else "auto")

    def quote_publisher(self, publisher_id: str) -> Quote:
        """Return the name of a registered publisher as a quotation."""
        publisher = self.catalogue.publishers[publisher_id]
        return self.quote(publisher.name, publisher.language)

    def in_reading_order(self, links: Iterable[Link]) -> tuple[Link, ...]:
        """Return links with those in this language first, then those in English, newest first, worldwide before one country."""

        def rank(link: Link) -> tuple:
            own = 0 if self.language.tag in link.languages else 1
            return (
                own,
                link.legacy_address,
                not link.own_title,
                bool(link.countries),
                _newest(link.date),
                link.id,
            )

        return tuple(sorted(links, key=rank))

    def material_of(self, country: Country) -> dict[str, tuple[Link, ...]]:
        """Return a country's links as `survivors`, and the others as `own`, `spoken` and `others` by their languages."""
        about = self.catalogue.links_about.get(country.code, ())
        groups: dict[str, list[Link]] = {"survivors": [], "own": [], "spoken": [], "others": []}
        for link in self.in_reading_order(about):
            if link.topic == "victim-assistance":
                groups["survivors"].append(link)
            elif self.language.tag in link.languages:
                groups["own"].append(link)
            elif any(tag in country.languages for tag in link.languages):
                groups["spoken"].append(link)
            else:
                groups["others"].append(link)
        return {name: tuple(links) for name, links in groups.items()}

    @cached_property
    def worldwide(self) -> tuple[Link, ...]:
        """The United Nations and Red Cross and Red Crescent pages for all countries, this language first."""
        first: dict[str, Link] = {}
        for link in self._best_first(self.catalogue.worldwide):
            if self.language.tag in link.languages or "en" in link.languages:
                first.setdefault(link.publisher, link)
        return tuple(first.values())

    def sources(self, message: Message) -> tuple[Link, ...]:
        """Return the official page a message rests on: the best in this language, or else the best there is."""
        return tuple(self._best_first(message.sources)[:1])

    def help(self, message: Message) -> tuple[Link, ...]:
        """Return the further official help that goes with a message, such as first aid: the best for this language."""
        return tuple(self._best_first(message.help)[:1])

    def _best_first(self, ids: Iterable[str]) -> list[Link]:
        """Return links in this language before those in English before others, each in the order given."""
        links = [self.catalogue.links[name] for name in ids if name in self.catalogue.links]
        return sorted(
            links, key=lambda link: (self.language.tag not in link.languages, "en" not in link.languages)
        )

    def report_date(self, report: Report) -> str | None:
        """Return when a number was published, in this language, or None where its page has no date."""
        return self.language.date(report.published_on) if report.published_on else None


@lru_cache(maxsize=1)
def _english() -> Locale:
    return Locale.parse("en")


def _newest(when: str | None) -> str:
    """Return a key that sorts newer dates before older ones, and none last."""
    return "".join(chr(ord("9") - int(c) + ord("0")) if c.isdigit() else c for c in when) if when else "~"
