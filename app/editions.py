"""Editions: the hub as readers of one language see it, with its names, order and cards."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from babel import Locale
from markupsafe import Markup, escape

from app.catalogue import Catalogue, Country, Link, Message, OfficialPage, Report, StandIn, number_id
from app.folding import fold
from app.health import Health
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
        return self._html

    @cached_property
    def _html(self) -> Markup:
        lang, dir, text = map(escape, (self.lang, self.dir, self.text))
        return Markup(f'<cite lang="{lang}" dir="{dir}">{text}</cite>')


@dataclass(frozen=True)
class Card:
    """A link as a reader sees it before the tap: its address and title, and what is known about it, each a phrase.

    `checked` is the one of its `notes` that says when it was last asked, if it ever was.
    """

    url: str
    title: Quote | Markup
    publisher: Quote
    languages: Markup
    kind: str
    notes: tuple[Markup, ...]
    checked: Markup | None = None


@dataclass(frozen=True)
class Rule:
    """A message on a country's page, or the national authority's words or decision in its place."""

    message: Message
    words: OwnWords | None = None
    off: SwitchedOff | None = None


class Edition:
    """The hub in one language: how it names countries and languages, what it puts first, and its cards.

    `countries` are all countries of this copy, by their names in this language.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        settings: Settings,
        texts: Texts,
        languages: dict[str, Language],
        health: Health | None = None,
    ):
        self.health = health or Health()
        self.catalogue = catalogue
        self.settings = settings
        self.texts = texts
        self.language = texts.language
        self.languages = languages
        self._cards: dict[str, Card] = {}
        self._quotes: dict[tuple[str, str], Quote] = {}
        by_name = sorted(catalogue.countries.values(), key=lambda c: fold(self.country_name(c.code)))
        self.countries = tuple(by_name)

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

    def english_name(self, country: Country) -> str:
        """Return the name of a country in English, for the names of files."""
        return country.names.get("en") or _english().territories[country.code]

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
        key = f"{link.id} for {link.stands_for}" if isinstance(link, StandIn) else link.id
        if key not in self._cards:
            self._cards[key] = self._make_card(link)
        return self._cards[key]

    def _make_card(self, link: Link) -> Card:
        by = self.quote_publisher(link.publisher)
        topic = self.topic(link)
        notes = []
        if link.date:
            notes.append(self.texts("card.content-date", date=self.language.date(link.date)))
        if isinstance(link, StandIn):
            notes.append(self.texts("card.instead"))
        checked = self.checked(link.id, link.url)
        if checked:
            notes.append(checked)
        elif not self.health.fault:
            notes.append(self.texts("card.unchecked"))
        if link.legacy_address:
            notes.append(self.texts("card.legacy"))
        if not link.encrypted:
            notes.append(self.texts("card.http"))
        if link.evidence == "cited":
            notes.append(self.texts("card.cited"))
        kind = self.texts(f"format.{link.format}")
        return Card(
            link.url,
            self.link_title(link),
            by,
            self.language_names(link.languages),
            f"{topic}, {kind}",
            tuple(notes),
            checked,
        )

    def topic(self, link: Link) -> Markup:
        """Return what a link is about, or whom it is for."""
        subject = "topic" if link.topic in self.catalogue.topics else "audience"
        return self.texts(f"{subject}.{link.topic}")

    def link_title(self, link: Link) -> Quote | Markup:
        """Return the title of a link as its publisher wrote it, or else who speaks there about what."""
        if link.own_title:
            return self.quote(link.title, link.title_language or link.languages[0])
        by, topic = self.quote_publisher(link.publisher), self.topic(link)
        if link.countries:
            names = self.language.list([self.country_name(code) for code in link.countries])
            return self.texts("card.composed-country", publisher=by, topic=topic, countries=names)
        return self.texts("card.composed", publisher=by, topic=topic)

    def title(self, page: OfficialPage) -> Quote | Markup | str:
        """Return what an official page is called: a link's title, an authority's name, or what a number is for."""
        if page.link:
            return self.link_title(page.link)
        assert page.country is not None
        if page.report:
            number = Markup("<bdi>{}</bdi>").format(page.report.number)
            return Markup("{} {} ({})").format(
                self.texts(f"report.{page.report.purpose}"), number, self.country_name(page.country.code)
            )
        assert page.country.authority is not None
        return self.quote(page.country.authority.name, page.country.authority.language)

    def checked(self, name: str, url: str) -> Markup | None:
        """Return the words for the last check of an official page, or None where it was not asked yet."""
        last = self.health.last(name, url)
        if last is None:
            return None
        found = "refused" if last.result == "refused" else "checked" if last.answered else "failed"
        return self.texts(f"card.{found}", date=self.language.date(last.day))

    def quote(self, text: str, tag: str) -> Quote:
        """Return `text` as a quotation in the language `tag`."""
        if (text, tag) not in self._quotes:
            known = self.catalogue.languages.get(tag) or self.catalogue.spoken.get(tag)
            self._quotes[text, tag] = Quote(text, tag, known.direction if known else "auto")
        return self._quotes[text, tag]

    def quote_publisher(self, publisher_id: str) -> Quote:
        """Return the name of a registered publisher as a quotation."""
        publisher = self.catalogue.publishers[publisher_id]
        return self.quote(publisher.name, publisher.language)

    def in_reading_order(self, links: Iterable[Link], spoken: Collection[str] = ()) -> tuple[Link, ...]:
        """Return links with those in this language first, then those in a language of `spoken`, then the others.

        Among these stand worldwide links before those about one country, and newer ones before older.
        """

        def rank(link: Link) -> tuple:
            own = self.language.tag in link.languages
            return (
                0 if own else 1 if any(tag in spoken for tag in link.languages) else 2,
                link.legacy_address,
                not link.own_title,
                bool(link.countries),
                _newest(link.date),
                link.id,
            )

        return tuple(sorted(links, key=rank))

    def material_of(self, country: Country, most: int | None = None) -> dict[str, tuple[Link, ...]]:
        """Return a country's links as `survivors`, and the others as `own`, `spoken` and `others` by their languages.

        Of a country with more than `most` links, return that many: the first of each group, then more of those in
        this language, of those in languages spoken there and of the others.
        """
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
        if most is not None and len(about) > most:
            shown = {name: min(most // len(groups), len(links)) for name, links in groups.items()}
            for name in ("own", "spoken", "others", "survivors"):
                shown[name] += min(most - sum(shown.values()), len(groups[name]) - shown[name])
            groups = {name: links[: shown[name]] for name, links in groups.items()}
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

    def number_page(self, country: Country, report: Report) -> str | None:
        """Return the address of the page that prints a number, or None where it no longer answers; the number stays."""
        gone = self.health.is_gone(number_id(country, report), report.source or "")
        return None if gone else report.source

    def number_checked(self, country: Country, report: Report) -> Markup | None:
        """Return the words for the last check of the page that prints a number, or None where it was not asked yet."""
        return self.checked(number_id(country, report), report.source or "")

    def report_date(self, report: Report) -> str | None:
        """Return when a number was published, in this language, or None where its page has no date."""
        return self.language.date(report.published_on) if report.published_on else None


@lru_cache(maxsize=1)
def _english() -> Locale:
    return Locale.parse("en")


def _newest(when: str | None) -> str:
    """Return a key that sorts newer dates before older ones, and none last."""
    return "".join(chr(ord("9") - int(c) + ord("0")) if c.isdigit() else c for c in when) if when else "~"
