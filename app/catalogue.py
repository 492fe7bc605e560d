"""The catalogue: publishers, links, countries and messages, read from content files into checked records."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from app.addresses import fault_of_address, fault_of_host, stands_on
from app.defects import Defect
from app.files import R, Record, read_records, read_toml, refuse_unknown_keys
from app.languages import Language
from app.plain import checked_quotation

ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
CODE = r"^[A-Z]{2}$"
PARTIAL_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
PUBLIC_TECHNIQUE = "none"
RESERVED = ("all", "cards", "pack", "sheet")  # pages below a country, where its topics stand too
AUTHORITIES = ("national-authority", "public-authority")
MADE = date(
    2026, 11, 22
)  # a clock that stands before this day is wrong (a small computer without a battery), and asked nothing


Day = date  # a record with a field called date needs another name for the type


def _plain_address(address: str) -> str:
    if fault := fault_of_address(address):
        raise ValueError(f"{address!r} {fault}; give the plain address of the official page")
    return address


def _real_date(when: str) -> str:
    try:
        day = date.fromisoformat(when + "-01-01"[len(when) - 4 :])
    except ValueError as fault:
        raise ValueError(
            f"{when!r} is not a day, month or year; write YYYY-MM-DD, YYYY-MM or YYYY"
        ) from fault
    today = date.today()
    if today >= MADE and day > today:
        raise ValueError(f"{when!r} lies in the future; give the date that stands on the page")
    return when


class Publisher(Record):
    """A body that speaks for itself: its `name` as it writes it, its `family`, and the `hosts` links may stand on."""

    id: str = Field(pattern=ID)
    name: str = Field(min_length=1)
    language: str = "en"
    family: str
    hosts: tuple[str, ...]
    http_only: tuple[str, ...] = ()

    _name = field_validator("name")(checked_quotation)

    @field_validator("hosts")
    @classmethod
    def _plain_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if fault := fault_of_host(host):
                raise ValueError(
                    f"host {host!r} {fault}; write it like unmas.org or, where it is shared, gov.krd/maa"
                )
        return hosts


class Link(Record):
    """An official page: its address, its `title` as published, who publishes it, in which languages, about what."""

    id: str = Field(pattern=ID)
    url: str
    title: str = Field(min_length=1)
    own_title: bool = True
    title_language: str | None = None
    publisher: str
    via: str | None = None
    languages: tuple[str, ...] = Field(min_length=1)
    countries: tuple[str, ...] = ()
    topic: str
    format: str
    technique: Literal["none", "some", "unknown"]
    evidence: Literal["direct", "cited"]
    legacy_address: bool = False
    date: str | None = Field(default=None)
    seen: str | None = None
    held: str | None = None
    added: Day | None = None

    _title = field_validator("title")(checked_quotation)
    _address = field_validator("url")(_plain_address)
    _date = field_validator("date")(lambda when: when if when is None else _real_date(when))
    _added = field_validator("added")(lambda day: day if day is None or _real_date(day.isoformat()) else None)

    @property
    def encrypted(self) -> bool:
        """Whether the address is https."""
        return self.url.startswith("https://")


class StandIn(Link):
    """A link shown in place of another, `stands_for`, whose page no longer answers."""

    stands_for: str


class Authority(Record):
    """The body a state has named for mine action, with its own page where one may be linked."""

    name: str = Field(min_length=1)
    language: str = "en"
    url: str | None = None

    _name = field_validator("name")(checked_quotation)
    _address = field_validator("url")(lambda url: url if url is None else _plain_address(url))


class Status(Record):
    """Where the register has it from that a country is affected; for editors."""

    source: str
    url: str | None = None
    date: str | None = None

    _address = field_validator("url")(lambda url: url if url is None else _plain_address(url))


class Report(Record):
    """A phone number to tell of a dangerous thing, with who published it, where and when; shown only if `publish`."""

    number: str = Field(pattern=r"^\+?[0-9]+( [0-9]+)*$", min_length=3, max_length=20)
    purpose: str = Field(pattern=ID)
    what: str
    published_by: str | None = None
    published_by_name: str | None = None
    source: str | None = None
    published_on: str | None = None
    undated: bool = False
    evidence: str
    publish: bool
    note: str | None = None
    confirmed: str | None = None

    _address = field_validator("source")(lambda url: url if url is None else _plain_address(url))
    _date = field_validator("published_on")(lambda when: when if when is None else _real_date(when))

    @property
    def dial(self) -> str:
        """The number as a `tel:` link holds it."""
        return self.number.replace(" ", "")


class Country(Record):
    """A mine-affected country or territory: languages spoken there in order, its authority and where to report."""

    code: str = Field(pattern=CODE)
    languages: tuple[str, ...]
    names: dict[str, str] = {}
    authority: Authority | None = None
    status: Status | None = None
    report: tuple[Report, ...] = ()

    @field_validator("names")
    @classmethod
    def _plain_names(cls, names: dict[str, str]) -> dict[str, str]:
        for name in names.values():
            checked_quotation(name)
        return names

    @property
    def slug(self) -> str:
        """The code as addresses hold it, in small letters."""
        return self.code.lower()


class Place(Record):
    """A populated place that people search for: its `names` in any script, the plainest first, and its `country`.

    `geonames` is its number in GeoNames, where the names are from.
    """

    id: str = Field(pattern=ID)
    names: tuple[str, ...] = Field(min_length=1)
    country: str = Field(pattern=CODE)
    geonames: int

    @field_validator("names")
    @classmethod
    def _plain_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            checked_quotation(name)
        return names


class Naming(Record):
    """Further `names` by which people search for the country `code`: in languages that the hub does not speak, official, older."""

    code: str = Field(pattern=CODE)
    names: tuple[str, ...] = Field(min_length=1)

    @field_validator("names")
    @classmethod
    def _plain_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            checked_quotation(name)
        return names


class Spoken(Record):
    """A language spoken in a registered country, or of a link, that the hub has no place for yet."""

    code: str
    name: str = Field(min_length=1)
    script: str | None = None
    direction: Literal["ltr", "rtl"] = "ltr"

    _name = field_validator("name")(checked_quotation)


class Facet(Record):
    """One way to narrow official material: a topic, an audience, a format or a publisher family."""

    id: str = Field(pattern=ID)
    text: str
    note: str


class Situation(Record):
    """A heading under which messages stand."""

    id: str = Field(pattern=ID)
    text: str
    note: str


class Message(Record):
    """One of the safety messages, in English, with its pictogram and the links it rests on (`sources`, best first)."""

    id: str = Field(pattern=ID)
    situation: str
    pictogram: str
    order: str = Field(min_length=2)
    detail: str = Field(min_length=2)
    why: str = Field(min_length=2)
    sources: tuple[str, ...]
    help: tuple[str, ...] = ()
    note: str


class Text(Record):
    """A string of the site in English: its `id`, the `text`, for a counted text the plural `many`, and a note."""

    id: str = Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    text: str = Field(min_length=1)
    many: str | None = None
    note: str = Field(min_length=1)
    source_only: bool = False


class Reading(Record):
    """The last independent reading of a language: `strings` read, ids whose sense had `moved`, `others` mended."""

    language: str
    date: date
    strings: int
    moved: tuple[str, ...]
    others: int
    mended: bool


@dataclass(frozen=True)
class OfficialPage:
    """A page of somebody else that the hub leads to: a link, a country's authority, or where a number is printed.

    `id` is the link's, or `authority-SY`, or `number-UA-101`; `owners` are the publishers on whose hosts it may stand.
    """

    id: str
    url: str
    owners: tuple[Publisher, ...]
    link: Link | None = None
    country: Country | None = None
    report: Report | None = None

    @property
    def publisher(self) -> Publisher:
        """Who speaks on the page."""
        return self.owners[0]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where the page may stand."""
        return tuple(host for owner in self.owners for host in owner.hosts)


@dataclass(frozen=True)
class Catalogue:
    """Everything the hub knows, by id or code and in file order; `origins` says which file an entry stands in.

    `gone` are the links whose page no longer answers, taken out of `links`; `stand_ins` the pages shown in their place.
    """

    languages: dict[str, Language]
    spoken: dict[str, Spoken]
    publishers: dict[str, Publisher]
    links: dict[str, Link]
    countries: dict[str, Country]
    places: dict[str, Place]
    namings: dict[str, Naming]
    topics: dict[str, Facet]
    audiences: dict[str, Facet]
    formats: dict[str, Facet]
    families: dict[str, Facet]
    situations: dict[str, Situation]
    messages: dict[str, Message]
    worldwide: tuple[str, ...]
    texts: dict[str, dict[str, Text]]
    pictograms: dict[str, str]
    readings: dict[str, Reading]
    origins: dict[tuple[str, str], str]
    gone: dict[str, Link] = field(default_factory=dict)
    stand_ins: dict[str, StandIn] = field(default_factory=dict)

    @cached_property
    def public_links(self) -> tuple[Link, ...]:
        """The links that civilians may be shown: those known to carry no technique."""
        return tuple(link for link in self.links.values() if link.technique == PUBLIC_TECHNIQUE)

    @cached_property
    def links_about(self) -> dict[str, tuple[Link, ...]]:
        """The links that civilians may be shown, by the code of each country they are about."""
        return self.grouped(lambda link: link.countries)

    def grouped(
        self, names: Callable[[Link], Iterable[str]], stand_ins: bool = True
    ) -> dict[str, tuple[Link, ...]]:
        """Return the links that civilians may be shown, under each of the `names` that a link gives itself.

        Where a gone link would stand in a group, the page in its place stands there, unless it is there already, or no
        `stand_ins` are wanted.
        """
        found: dict[str, dict[str, Link]] = {}
        for link in self.public_links:
            for name in names(link):
                found.setdefault(name, {})[link.id] = link
        for gone in self.gone.values() if stand_ins else ():
            if link := self.stand_ins.get(gone.id):
                for name in names(gone):
                    found.setdefault(name, {}).setdefault(link.id, link)
        return {name: tuple(links.values()) for name, links in found.items()}

    @cached_property
    def official_pages(self) -> dict[str, OfficialPage]:
        """Every page outside that readers are led to, by id: links, then authorities' pages and those of numbers."""
        pages = [self.page_of(link) for link in self.public_links]
        for country in self.countries.values():
            pages += self._pages_of(country)
        return {page.id: page for page in pages}

    def page_of(self, link: Link) -> OfficialPage:
        """Return the official page that a link leads to."""
        owners = tuple(
            self.publishers[name] for name in (link.publisher, link.via) if name in self.publishers
        )
        return OfficialPage(link.id, link.url, owners, link)

    def _pages_of(self, country: Country) -> Iterator[OfficialPage]:
        url = country.authority.url if country.authority else None
        owners = tuple(each for each in self.publishers.values() if url and _speaks_there(each, url))
        if url and owners:
            yield OfficialPage(f"authority-{country.code}", url, owners, country=country)
        for report in country.report:
            owner = self.publishers.get(report.published_by or "")
            if report.publish and report.source and owner:
                name = number_id(country, report)
                yield OfficialPage(name, report.source, (owner,), country=country, report=report)

    @cached_property
    def withheld(self) -> frozenset[str]:
        """The addresses, without their last slash, that civilians may not be shown."""
        return frozenset(
            link.url.rstrip("/") for link in self.links.values() if link.technique != PUBLIC_TECHNIQUE
        )

    @cached_property
    def subjects(self) -> dict[str, Facet]:
        """Topics and audiences: what the `topic` of a link may be."""
        return {**self.topics, **self.audiences}


def number_id(country: Country, report: Report) -> str:
    """Return the id of the official page that prints a number, such as `number-UA-101`."""
    return f"number-{country.code}-{''.join(filter(str.isdecimal, report.number))}"


def _speaks_there(publisher: Publisher, url: str) -> bool:
    """Return whether `url` is a page of an authority."""
    return publisher.family in AUTHORITIES and stands_on(url, publisher.hosts) is not None


def load_catalogue(content: Path, defects: list[Defect]) -> Catalogue:
    """Read every content file under the folder `content`; note each defect of each file in `defects`.

    A catalogue is returned even then, of what could be read, so that later checks find their defects too.
    """
    reader = _Reader(content, defects)
    languages = reader.register("languages.toml", "language", Language, "tag")
    facets = reader.tables("facets.toml", {"topic", "audience", "format", "family"})
    messages = reader.tables("messages.toml", {"text", "situation", "message"})
    places = reader.tables("places.toml", {"place", "naming"})
    catalogue = Catalogue(
        languages=languages,
        spoken=reader.register("spoken.toml", "spoken", Spoken, "code"),
        publishers=reader.register("publishers.toml", "publisher", Publisher),
        links=reader.folder("links", "link", Link),
        countries=reader.register("countries.toml", "country", Country, "code"),
        places=reader.records(places, "places.toml", "place", Place),
        namings=reader.records(places, "places.toml", "naming", Naming, "code"),
        topics=reader.records(facets, "facets.toml", "topic", Facet),
        audiences=reader.records(facets, "facets.toml", "audience", Facet),
        formats=reader.records(facets, "facets.toml", "format", Facet),
        families=reader.records(facets, "facets.toml", "family", Facet),
        situations=reader.records(messages, "messages.toml", "situation", Situation),
        messages=reader.records(messages, "messages.toml", "message", Message),
        worldwide=reader.worldwide(),
        texts={
            "safety": reader.records(messages, "messages.toml", "text", Text),
            "interface": reader.register("interface.toml", "text", Text),
        },
        pictograms=reader.pictograms(),
        readings=reader.register("readings.toml", "reading", Reading, "language"),
        origins=reader.file_of,
    )
    _check_references(catalogue, reader.file_of, defects)
    return catalogue


class _Reader:
    """Reads content files and remembers which file each entry came from."""

    def __init__(self, content: Path, defects: list[Defect]):
        self.content = content
        self.defects = defects
        self.file_of: dict[tuple[str, str], str] = {}

    def name(self, file: str) -> str:
        return f"{self.content.name}/{file}"

    def tables(self, file: str, known: set[str]) -> dict:
        tables = read_toml(self.content / file, self.defects, self.content.parent)
        refuse_unknown_keys(tables, known, self.name(file), self.defects)
        return tables

    def register(self, file: str, key: str, record: type[R], name: str = "id") -> dict[str, R]:
        return self.records(self.tables(file, {key}), file, key, record, name)

    def records(self, tables: dict, file: str, key: str, record: type[R], name: str = "id") -> dict[str, R]:
        found = self._by_name(
            read_records(tables, key, record, self.name(file), self.defects, name), file, key, name
        )
        self._refuse_empty(found, file, key)
        return found

    def folder(self, folder: str, key: str, record: type[R]) -> dict[str, R]:
        found: dict[str, R] = {}
        for path in sorted((self.content / folder).glob("*.toml")):
            file = f"{folder}/{path.name}"
            records = read_records(self.tables(file, {key}), key, record, self.name(file), self.defects)
            self._refuse_empty(dict.fromkeys(range(len(records))), file, key)
            found |= self._by_name(records, file, key, "id", found)
        return found

    def worldwide(self) -> tuple[str, ...]:
        ids = self.tables("worldwide.toml", {"links"}).get("links", [])
        if not isinstance(ids, list) or not all(isinstance(link, str) for link in ids):
            self.defects.append(
                Defect(
                    self.name("worldwide.toml"),
                    "links",
                    "is not a list of link ids",
                    'write links = ["id", ...]',
                )
            )
            return ()
        return tuple(ids)

    def pictograms(self) -> dict[str, str]:
        found = {}
        for path in sorted((self.content / "pictograms").glob("*.svg")):
            try:
                found[path.stem] = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                self.defects.append(
                    Defect(self.name(f"pictograms/{path.name}"), "file", "cannot be read", "redraw it")
                )
        return found

    def _refuse_empty(self, found: dict, file: str, key: str) -> None:
        if not found:
            self.defects.append(
                Defect(self.name(file), key, "has no entries", f"restore the [[{key}]] entries")
            )

    def _by_name(
        self, records: Iterable[R], file: str, key: str, name: str, before: dict | None = None
    ) -> dict[str, R]:
        found: dict[str, R] = {}
        for entry in records:
            label = getattr(entry, name)
            if label in found or label in (before or {}):
                first = self.file_of[key, label]
                self.defects.append(
                    Defect(
                        self.name(file),
                        f"{key} {label}",
                        f"stands already in {first}",
                        "give it another id or remove it",
                    )
                )
                continue
            found[label] = entry
            self.file_of[key, label] = self.name(file)
        return found


def _check_references(
    catalogue: Catalogue, file_of: dict[tuple[str, str], str], defects: list[Defect]
) -> None:
    """Note a defect for each entry that names another one that does not exist, or a page its publisher does not own."""

    def note(kind: str, entry: str, wrong: str, mend: str) -> None:
        defects.append(Defect(file_of[kind, entry], f"{kind} {entry}", wrong, mend))

    def must_know(kind: str, entry: str, field: str, value: str, known: Iterable[str], where: str) -> None:
        if value not in known:
            note(kind, entry, f"{field} {value!r} is not registered", f"register it in {where} or correct it")

    known_languages = {**catalogue.languages, **catalogue.spoken}
    for publisher in catalogue.publishers.values():
        must_know("publisher", publisher.id, "family", publisher.family, catalogue.families, "facets.toml")
        for host in publisher.http_only:
            must_know("publisher", publisher.id, "http_only host", host, publisher.hosts, "its hosts")
    addresses: dict[str, str] = {}
    for link in catalogue.links.values():
        must_know("link", link.id, "publisher", link.publisher, catalogue.publishers, "publishers.toml")
        must_know("link", link.id, "topic", link.topic, catalogue.subjects, "facets.toml")
        must_know("link", link.id, "format", link.format, catalogue.formats, "facets.toml")
        for language in (*link.languages, *filter(None, [link.title_language])):
            must_know("link", link.id, "language", language, known_languages, "languages.toml or spoken.toml")
        for code in link.countries:
            if len(code) != 2 or not code.isupper():
                note(
                    "link",
                    link.id,
                    f"country {code!r} is not a code",
                    "write two capital letters, such as SY",
                )
        if link.via:
            must_know("link", link.id, "via", link.via, catalogue.publishers, "publishers.toml")
        _check_owner("link", link.id, link.url, [link.publisher, link.via], catalogue, note)
        if first := addresses.setdefault(link.url, link.id) != link.id and addresses[link.url]:
            note("link", link.id, f"has the same address as link {first}", "keep one of the two")
    for country in catalogue.countries.values():
        _check_country(country, catalogue, must_know, note)
    for naming in catalogue.namings.values():
        must_know("naming", naming.code, "code", naming.code, catalogue.countries, "countries.toml")
    for place in catalogue.places.values():
        must_know("place", place.id, "country", place.country, catalogue.countries, "countries.toml")
    for message in catalogue.messages.values():
        must_know(
            "message", message.id, "situation", message.situation, catalogue.situations, "messages.toml"
        )
        must_know("message", message.id, "pictogram", message.pictogram, catalogue.pictograms, "pictograms/")
        for link_id in (*message.sources, *message.help):
            _check_shown("message", message.id, link_id, catalogue, note)
    for language in catalogue.readings:
        must_know("reading", language, "language", language, catalogue.languages, "languages.toml")
    for link_id in catalogue.worldwide:
        if (link := catalogue.links.get(link_id)) is None or link.technique != PUBLIC_TECHNIQUE:
            defects.append(
                Defect(
                    "content/worldwide.toml",
                    link_id,
                    "is not a link that may be shown",
                    "name a link with technique none",
                )
            )
    seen: dict[str, str] = {}
    taken = {tag.lower() for tag in known_languages}
    for kind, facets in (
        ("topic", catalogue.topics),
        ("audience", catalogue.audiences),
        ("format", catalogue.formats),
        ("family", catalogue.families),
    ):
        for facet in facets:
            if facet in seen or facet in taken:
                note(kind, facet, "its id stands already for another facet or language", "give it another id")
            if facet in RESERVED or facet.isdecimal():
                note(kind, facet, "its id is the address of another page", "give it another id")
            seen[facet] = kind


Note = Callable[[str, str, str, str], None]


def _check_owner(
    kind: str, entry: str, url: str, owners: list[str | None], catalogue: Catalogue, note: Note
) -> None:
    publishers = [catalogue.publishers[owner] for owner in owners if owner in catalogue.publishers]
    if not publishers:
        return
    for publisher in publishers:
        host = stands_on(url, publisher.hosts)
        if host is None:
            continue
        if url.startswith("http://") and host not in publisher.http_only:
            note(
                kind,
                entry,
                f"{url} is not https, and {publisher.id} was seen over https there",
                "use https, or add the host to http_only of the publisher if it answers over http alone",
            )
        return
    names = " or ".join(publisher.id for publisher in publishers)
    note(
        kind,
        entry,
        f"{url} stands on no host of {names}",
        "correct the address, or add its host to the publisher once you know it is theirs",
    )


def _check_shown(kind: str, entry: str, link_id: str, catalogue: Catalogue, note: Note) -> None:
    link = catalogue.links.get(link_id)
    if link is None:
        note(
            kind,
            entry,
            f"names link {link_id!r}, which is not registered",
            "register it under links/ or correct it",
        )
    elif link.technique != PUBLIC_TECHNIQUE:
        note(
            kind,
            entry,
            f"names link {link_id!r}, which may carry technique",
            "name a link with technique none",
        )


def _check_country(
    country: Country, catalogue: Catalogue, must_know: Callable[..., None], note: Note
) -> None:
    code = country.code
    known_languages = {**catalogue.languages, **catalogue.spoken}
    for language in country.languages:
        must_know("country", code, "language", language, known_languages, "languages.toml or spoken.toml")
    for language in country.names:
        must_know("country", code, "name in language", language, catalogue.languages, "languages.toml")
    if country.authority and country.authority.url:
        url = country.authority.url
        if url.rstrip("/") in catalogue.withheld:
            note(
                "country",
                code,
                f"authority page {url} may carry technique",
                "leave the url out until somebody has read the page",
            )
        owners = [each for each in catalogue.publishers.values() if _speaks_there(each, url)]
        if not owners:
            note(
                "country",
                code,
                f"authority page {url} stands on no authority's host",
                "register the authority as a publisher",
            )
        elif url.startswith("http://") and not any(stands_on(url, owner.http_only) for owner in owners):
            note(
                "country",
                code,
                f"authority page {url} is not https",
                "use https, or add the host to http_only",
            )
    for report in country.report:
        _check_report(country, report, catalogue, must_know, note)


def _check_report(
    country: Country, report: Report, catalogue: Catalogue, must_know: Callable[..., None], note: Note
) -> None:
    """Note a defect unless a shown number has an official page and a date, or the word that the page has none (README)."""
    code, number = country.code, report.number
    if report.published_by:
        must_know(
            "country",
            code,
            f"publisher of number {number},",
            report.published_by,
            catalogue.publishers,
            "publishers.toml",
        )
    if f"report.{report.purpose}" not in catalogue.texts["interface"]:
        note(
            "country",
            code,
            f"number {number} has an unknown purpose {report.purpose!r}",
            "add a text report.<purpose> to interface.toml",
        )
    if not report.publish:
        return
    if report.source and report.source.rstrip("/") in catalogue.withheld:
        note(
            "country",
            code,
            f"the page of number {number} may carry technique",
            "set publish = false until somebody has read it",
        )
    if not report.published_by or not report.source:
        note(
            "country",
            code,
            f"number {number} is published without publisher or page",
            "name published_by and source, or set publish = false",
        )
    elif report.published_by in catalogue.publishers:
        _check_owner("country", code, report.source, [report.published_by], catalogue, note)
    if (report.published_on is None) != report.undated:
        note(
            "country",
            code,
            f"number {number} needs a date or undated = true, one of the two",
            "give published_on as on the page, or undated = true",
        )
    if report.evidence != "official page":
        note(
            "country",
            code,
            f"number {number} was not seen on an official page",
            "set publish = false until it is",
        )
