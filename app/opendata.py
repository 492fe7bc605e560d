"""Open data: the registers as readers see them, as JSON and CSV files, with a dictionary that says what each column is.

The dictionary is a Data Package (https://datapackage.org, version 2), so that programs can read and check the files.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from babel import Locale

from app.catalogue import Country, Link, Message
from app.coverage import Found, coverage, sums
from app.editions import Edition
from app.health import STATES
from app.hub import Hub
from app.languages import Language
from app.resources import JSON, Resource

CSV = "text/csv"
PLACE = "/data/"
DICTIONARY = f"{PLACE}datapackage.json"
LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
QUOTED = "Titles of official pages and names of publishers belong to their publishers and stand as they wrote them."
GUARDED = "In CSV files, a cell that would begin with = + - @, a tab or a line break has an apostrophe before it, so that no spreadsheet takes it for a formula."
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what OWASP's "CSV Injection" says begins one
CLDR = {
    "title": "Unicode CLDR: names of countries and of languages",
    "path": "https://cldr.unicode.org/",
}
SHORT = ("heading", "stop", "do-not-touch", "keep-away", "tell")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Column:
    """A column of a table: its `name`, its `type` in Table Schema, what it holds, and further properties of it there."""

    name: str
    type: str
    holds: str
    more: dict[str, Any] = field(default_factory=dict)

    def described(self, form: str) -> dict[str, Any]:
        """Return the column as the dictionary describes it, for the `form` "csv" or "json" of its table."""
        if self.type == "list" and form == "json":
            kind: dict[str, Any] = {"type": "array"}
        elif self.type == "list":
            kind = {"type": "list", "delimiter": " ", "itemType": "string"}
        else:
            kind = {"type": self.type}
        return {"name": self.name, **kind, "description": self.holds, **self.more}


@dataclass(frozen=True)
class Table:
    """A table of the open data: its `name` in addresses, the `key` its records stand under in JSON, and its columns.

    `rows` makes the records, `refers` names the tables that columns refer to, and `beside` makes what a JSON file says
    beside the records.
    """

    name: str
    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Rows]
    primary: tuple[str, ...] = ("id",)
    refers: dict[str, tuple[str, str]] = field(default_factory=dict)
    beside: Callable[[], dict[str, Any]] = dict

    def address(self, form: str) -> str:
        """Return the address of the table as "csv" or "json"."""
        return f"{PLACE}{self.name}.{form}"

    def csv(self) -> bytes:
        """Return the table as CSV (RFC 4180, UTF-8), the names of its columns first."""
        text = io.StringIO()
        writer = csv.writer(text)
        names = [column.name for column in self.columns]
        writer.writerow(names)
        writer.writerows([_cell(row[name]) for name in names] for row in self.rows())
        return text.getvalue().encode()

    def described(self, form: str) -> dict[str, Any]:
        """Return the table's file in one form as the dictionary describes it."""
        label = self.name.replace("/", "-").lower()
        schema: dict[str, Any] = {
            "fields": [column.described(form) for column in self.columns],
            "primaryKey": list(self.primary),
            "missingValues": [""],
        }
        if self.refers:
            schema["foreignKeys"] = [
                {"fields": [name], "reference": {"resource": _label(table, form), "fields": [key]}}
                for name, (table, key) in self.refers.items()
            ]
        described = {
            "name": _label(label, form),
            "type": "table",
            "title": self.title,
            "path": self.address(form).removeprefix(PLACE),
            "format": form,
            "mediatype": CSV if form == "csv" else JSON,
            "encoding": "utf-8",
            "licenses": [LICENCE],
            "schema": schema,
        }
        if form == "json":  # as Table Dialect 2 says it, and as the Python reader of Data Packages does
            described["dialect"] = {"property": self.key, "json": {"property": self.key}}
        return described


class OpenData:
    """The open data of one hub: exactly what it shows, without what it withholds or has withdrawn."""

    def __init__(self, hub: Hub):
        self.hub = hub

    def resources(self) -> Iterator[Resource]:
        """Yield every file of the open data, the dictionary last."""
        for table in self.tables():
            yield Resource(table.address("csv"), CSV, table.csv)
            yield Resource(table.address("json"), JSON, partial(self._json, table))
        yield Resource(DICTIONARY, JSON, self._dictionary)

    def tables(self) -> list[Table]:
        """Return every table, with the messages once for each language."""
        return [
            Table(
                "links",
                "links",
                "Official pages that the hub links to",
                self._link_columns(),
                self._links,
            ),
            Table(
                "countries",
                "countries",
                "Countries and territories, with the languages spoken there and the national authority",
                COUNTRY_COLUMNS,
                self._countries,
                ("code",),
            ),
            Table(
                "numbers",
                "numbers",
                "Phone numbers to tell of a dangerous thing, as an official page gives them",
                NUMBER_COLUMNS,
                self._numbers,
                refers={"country": ("countries", "code")},
            ),
            Table(
                "languages",
                "languages",
                "Languages of the hub, of official pages and of the countries",
                LANGUAGE_COLUMNS,
                self._languages,
                ("tag",),
            ),
            Table(
                "coverage",
                "coverage",
                "For each language spoken in each country, whether an official page to read is known",
                COVERAGE_COLUMNS,
                self._coverage,
                ("country", "language"),
                {"country": ("countries", "code"), "language": ("languages", "tag")},
                self._sums,
            ),
            *(self._message_table(edition) for edition in self.hub.editions.values()),
        ]

    # Files

    def _json(self, table: Table) -> bytes:
        return _dump(
            {
                "title": table.title,
                "made": self.hub.made.isoformat(),
                "again": self.hub.again.isoformat(),
                "licence": LICENCE,
                "quoted": QUOTED,
                "dictionary": f"{self.hub.settings.url}{DICTIONARY}",
                **table.beside(),
                table.key: table.rows(),
            }
        )

    def _dictionary(self) -> bytes:
        settings = self.hub.settings
        package: dict[str, Any] = {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": "mine-awareness-hub",
            "title": "Mine Awareness Hub: open data",
            "description": f"What the hub shows, as files. {QUOTED} {GUARDED} The files were made on the day `created`; "
            f"after {self.hub.again} look for newer ones, since numbers and pages change.",
            "homepage": settings.url,
            "created": f"{self.hub.made}T00:00:00Z",
            "version": self.hub.made.isoformat(),
            "licenses": [LICENCE],
            "sources": [CLDR],
        }
        if settings.operator:
            package["contributors"] = [{"title": settings.operator, "roles": ["publisher"]}]
        tables = self.tables()
        package["resources"] = [table.described(form) for form in ("csv", "json") for table in tables]
        return _dump(package)

    # Links

    def _link_columns(self) -> tuple[Column, ...]:
        catalogue = self.hub.catalogue
        return (
            Column("id", "string", "Stable id of the link."),
            Column("url", "string", "Address of the official page.", {"format": "uri"}),
            Column("title", "string", "Title as published; empty where the page has none of its own."),
            Column("title_language", "string", "Language of the title, a tag of the languages table."),
            Column("publisher", "string", "Stable id of who publishes the page."),
            Column("publisher_name", "string", "Name of the publisher, as it writes it."),
            Column("family", "string", "What kind of body the publisher is.", _labels(catalogue.families)),
            Column("languages", "list", "Languages of the page, tags of the languages table."),
            Column(
                "countries",
                "list",
                "ISO 3166-1 codes of the countries it is about (XK for Kosovo); none = all.",
            ),
            Column("topic", "string", "What or whom the page is for.", _labels(catalogue.subjects)),
            Column("format", "string", "What kind of page it is.", _labels(catalogue.formats)),
            Column(
                "evidence",
                "string",
                "How the page is known.",
                _values(direct="the page itself was read", cited="its address was seen in another text"),
            ),
            Column("legacy_address", "boolean", "Whether the address looks out of date and may have moved."),
            Column("date", "string", "Date inside the page: a day, a month or a year."),
            Column("added", "date", "Day on which the link came into the register, where that is known."),
            Column(
                "state",
                "string",
                "What the last check of the page from this copy found; empty where the record of checks is unreadable.",
                {"categories": list(STATES)},
            ),
            Column("checked_on", "date", "Day of that check, in UTC; empty where there was none."),
        )

    def _links(self) -> Rows:
        return [self._link(link) for link in self.hub.catalogue.public_links]

    def _link(self, link: Link) -> dict[str, Any]:
        publisher = self.hub.catalogue.publishers[link.publisher]
        health = self.hub.health
        last = health.last(link.id, link.url)
        return {
            "id": link.id,
            "url": link.url,
            "title": link.title if link.own_title else None,
            "title_language": (link.title_language or link.languages[0]) if link.own_title else None,
            "publisher": link.publisher,
            "publisher_name": publisher.name,
            "family": publisher.family,
            "languages": list(link.languages),
            "countries": list(link.countries),
            "topic": link.topic,
            "format": link.format,
            "evidence": link.evidence,
            "legacy_address": link.legacy_address,
            "date": link.date,
            "added": link.added.isoformat() if link.added else None,
            "state": None if health.fault else health.state(link.id, link.url),
            "checked_on": last.day.isoformat() if last else None,
        }

    # Countries and numbers

    def _countries(self) -> Rows:
        return [_country(country) for country in self.hub.catalogue.countries.values()]

    def _numbers(self) -> Rows:
        return [
            {
                "id": f"{country.code}:{report.number}",
                "country": country.code,
                "number": report.number,
                "dial": f"tel:{report.dial}",
                "purpose": report.purpose,
                "publisher": report.published_by,
                "source": report.source,
                "date": report.published_on,
            }
            for country in self.hub.catalogue.countries.values()
            for report in country.report
        ]

    # Languages and coverage

    def _languages(self) -> Rows:
        catalogue = self.hub.catalogue
        rows = [self._language(language) for language in catalogue.languages.values()]
        empty = dict.fromkeys(column.name for column in LANGUAGE_COLUMNS)
        for code, spoken in catalogue.spoken.items():
            if code not in catalogue.languages:
                known = {"english": spoken.name, "script": spoken.script, "direction": spoken.direction}
                rows.append(empty | known | {"tag": code, "published": False})
        return rows

    def _language(self, language: Language) -> dict[str, Any]:
        published = language.tag in self.hub.languages
        review = language.review if published else None
        reading = self.hub.catalogue.readings.get(language.tag) if published else None
        return {
            "tag": language.tag,
            "name": language.name,
            "english": language.english,
            "script": language.script,
            "direction": language.direction,
            "published": published,
            "review": _review(language) if published else None,
            "reviewed_by": review.reviewer if review else None,
            "reviewed_role": review.role if review else None,
            "reviewed_on": review.date.isoformat() if review else None,
            "read_again_on": reading.date.isoformat() if reading else None,
        }

    def _coverage(self) -> Rows:
        return [
            {
                "country": row.country.code,
                "language": row.language,
                "found": str(row.found),
                "pages": row.pages,
            }
            for row in coverage(self.hub.catalogue)
        ]

    def _sums(self) -> dict[str, Any]:
        return {"sums": {str(found): n for found, n in sums(coverage(self.hub.catalogue)).items()}}

    # Messages

    def _message_table(self, edition: Edition) -> Table:
        language = edition.language
        return Table(
            f"messages/{language.tag}",
            "messages",
            f"The safety messages in {language.english}",
            self._message_columns(),
            lambda: [self._message(message, edition) for message in self.hub.catalogue.messages.values()],
            beside=lambda: _carried(edition),
        )

    def _message_columns(self) -> tuple[Column, ...]:
        return (
            Column("id", "string", "Stable id of the message, the same in every language."),
            Column("language", "string", "Language of the texts, a tag of the languages table."),
            Column("situation", "string", "Stable id of the situation that the message is for."),
            Column("situation_text", "string", "The situation in words."),
            Column("order", "string", "What to do."),
            Column("detail", "string", "What to do, in more words."),
            Column("why", "string", "Why."),
            Column(
                "sources", "list", "Ids of the links to official pages it rests on; none = none found yet."
            ),
            Column("source_addresses", "list", "Addresses of those pages, in the same order."),
            Column("help", "list", "Ids of links to further official help."),
            Column(
                "not_for",
                "list",
                "Codes of countries whose authority's own words stand in its place, or where it is not shown: see their pages.",
            ),
            REVIEW,
        )

    def _message(self, message: Message, edition: Edition) -> dict[str, Any]:
        links = self.hub.catalogue.links
        sources = [links[name] for name in message.sources if name in links]
        settings = self.hub.settings
        other = {entry.country for entry in (*settings.words, *settings.off) if entry.message == message.id}
        return {
            "id": message.id,
            "language": edition.language.tag,
            "situation": message.situation,
            "situation_text": edition.t.plain(f"situation.{message.situation}"),
            "order": edition.t.plain(f"message.{message.id}.order"),
            "detail": edition.t.plain(f"message.{message.id}.detail"),
            "why": edition.t.plain(f"message.{message.id}.why"),
            "sources": [link.id for link in sources],
            "source_addresses": [link.url for link in sources],
            "help": [name for name in message.help if name in links],
            "not_for": sorted(other & self.hub.catalogue.countries.keys()),
            "review": _review(edition.language),
        }


def _labels(facets: dict[str, Any]) -> dict[str, Any]:
    return _values(**{name: facet.text for name, facet in facets.items()})


def _values(**labels: str) -> dict[str, Any]:
    return {"categories": [{"value": value, "label": label} for value, label in labels.items()]}


REVIEW = Column(
    "review",
    "string",
    "Whether a person has checked the safety messages in the language; empty where they are not published.",
    _values(draft="not yet checked by a person", reviewed="checked by a person"),
)
COUNTRY_COLUMNS = (
    Column("code", "string", "ISO 3166-1 alpha-2 code; XK for Kosovo. Says nothing about whose land it is."),
    Column("name", "string", "Name in English."),
    Column("languages", "list", "Languages spoken there, most useful first, tags of the languages table."),
    Column("authority", "string", "Name of the national mine action authority, where one is known."),
    Column("authority_language", "string", "Language of that name."),
    Column("authority_url", "string", "Page of the authority, where one may be linked.", {"format": "uri"}),
    Column(
        "numbers",
        "list",
        "Phone numbers that the hub shows, without their spaces; more in the numbers table.",
    ),
)
NUMBER_COLUMNS = (
    Column("id", "string", "Stable id: the country's code and the number."),
    Column("country", "string", "Code of the country, as in the countries table."),
    Column("number", "string", "The number as it was published."),
    Column("dial", "string", "The number as a tel: address (RFC 3966)."),
    Column("purpose", "string", "Whom it reaches."),
    Column("publisher", "string", "Stable id of the official body that published it."),
    Column("source", "string", "Address of the official page that prints it.", {"format": "uri"}),
    Column("date", "string", "Date of that page: a day, a month or a year; empty where the page has none."),
)
LANGUAGE_COLUMNS = (
    Column("tag", "string", "BCP 47 tag."),
    Column("name", "string", "Its own name, where the hub has a place for it."),
    Column("english", "string", "Its name in English."),
    Column("script", "string", "ISO 15924 code of its script, where that is settled."),
    Column(
        "direction", "string", "Which way it is written.", _values(ltr="left to right", rtl="right to left")
    ),
    Column("published", "boolean", "Whether this copy of the hub has it."),
    REVIEW,
    Column("reviewed_by", "string", "Who checked them, where that may be named."),
    Column("reviewed_role", "string", "In what role."),
    Column("reviewed_on", "date", "On what day."),
    Column(
        "read_again_on",
        "date",
        "Day on which a second reader, a computer program, looked at the translation.",
    ),
)
COVERAGE_COLUMNS = (
    Column("country", "string", "Code of the country, as in the countries table."),
    Column("language", "string", "A language spoken there, a tag of the languages table."),
    Column(
        "found",
        "string",
        "What is found in that language.",
        _values(
            own="pages about the country in the language",
            general="only pages for all countries in the language",
            other="pages about the country, only in other languages",
            none="no page known; this does not mean that there is none",
        ),
    ),
    Column("pages", "integer", "How many pages about the country are in the language."),
)
assert {each["value"] for each in COVERAGE_COLUMNS[2].more["categories"]} == set(Found)


def _country(country: Country) -> dict[str, Any]:
    authority = country.authority
    english = country.names.get("en") or Locale.parse("en").territories.get(country.code, country.code)
    return {
        "code": country.code,
        "name": english,
        "languages": list(country.languages),
        "authority": authority.name if authority else None,
        "authority_language": authority.language if authority else None,
        "authority_url": authority.url if authority else None,
        "numbers": [report.dial for report in country.report],
    }


def _carried(edition: Edition) -> dict[str, Any]:
    """Return what goes wherever the messages go: the short orders, the stand-still line and the standing line."""
    t = edition.t
    return {
        "language": edition.language.tag,
        "review": _review(edition.language),
        "short": {name: t.plain(f"short.{name}") for name in SHORT},
        "stand_still": {"question": t.plain("still.question"), "answer": t.plain("still.answer")},
        "standing": t.plain("standing"),
    }


def _review(language: Language) -> str:
    return "draft" if language.review is None else "reviewed"


def _label(table: str, form: str) -> str:
    return table if form == "csv" else f"{table}-json"


def _dump(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _cell(value: Any) -> str:
    """Return a value as CSV holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = " ".join(value) if isinstance(value, list) else value
    return f"'{text}" if text.startswith(FORMULA) else text
