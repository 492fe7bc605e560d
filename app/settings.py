"""What an operator sets: one small file (hub.toml) and environment variables, checked like any other content."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from app.addresses import fault_of_address
from app.catalogue import CODE, Catalogue
from app.defects import ContentRefused, Defect
from app.files import Record, read_records
from app.plain import checked_quotation

FILE = "hub.toml"
HEALTH = "health.json"
SHEETS = "sheets"
_NUMBER = r"(?:0|[1-9][0-9]{0,2})"
_ORIGIN = re.compile(
    rf"https?://(?:{_NUMBER}(?:\.{_NUMBER}){{3}}|(?:[a-z0-9-]+\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?)(?::[0-9]{{1,5}})?"
)
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*@(?:[a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


class Withdrawn(Record):
    """What this copy no longer shows: ids of links, numbers as `SY:112`, tags of languages."""

    links: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class OwnWords(Record):
    """A national authority's own words in place of a message, on its country's pages, and who decided it when."""

    country: str = Field(pattern=CODE)
    message: str
    language: str
    text: str = Field(min_length=1)
    decided_by: str
    decided_on: date
    link: str | None = None


class SwitchedOff(Record):
    """A message that is not shown for a country, and who decided it when."""

    country: str = Field(pattern=CODE)
    message: str
    decided_by: str
    decided_on: date


class Settings(Record):
    """How one copy of the hub is run. `url` is its public address; everything else may be left unset.

    After `recheck_days` a sheet, file or kept copy asks to be looked up again. `health` is the file in which link checks are kept, `sheets` the folder of PDFs and pictures that were built ahead. `log` writes the hub's own faults to standard error, never who asked, with what, or for what.
    """

    url: str = "http://127.0.0.1:8000"
    operator: str | None = None
    contact: str | None = None
    languages: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    reviewed_only: bool = False
    first_country: str | None = None
    hsts: bool = False
    recheck_days: int = Field(default=90, ge=1, le=366)
    log: bool = True
    health: Path | None = None
    sheets: Path | None = None
    withdrawn: Withdrawn = Withdrawn()
    words: tuple[OwnWords, ...] = ()
    off: tuple[SwitchedOff, ...] = ()

    _plain = field_validator("operator")(checked_quotation)

    @field_validator("url")
    @classmethod
    def _an_origin(cls, url: str) -> str:
        url = url.rstrip("/")
        if not _ORIGIN.fullmatch(url) or "xn--" in url or ".." in url:
            raise ValueError(f"{url!r} is not a public address; write it like https://hub.example.org")
        return url

    @field_validator("contact")
    @classmethod
    def _mail_or_page(cls, contact: str | None) -> str | None:
        if contact is None or _MAIL.fullmatch(contact):
            return contact
        if fault := fault_of_address(contact):
            raise ValueError(
                f"{contact!r} is neither an e-mail address nor a web page ({fault}); give one of the two"
            )
        return contact

    @property
    def caller(self) -> str | None:
        """How a site can reach whoever asks it: the contact, else the public address of this copy, else None."""
        named = self.url if "//127." not in self.url and "//localhost" not in self.url else None
        return self.contact or named

    @model_validator(mode="after")
    def _secure_only_over_https(self) -> "Settings":
        if self.hsts and not self.url.startswith("https://"):
            raise ValueError("hsts is on, but url is not https; set an https url, or leave hsts off")
        return self


_LISTS = {"languages", "countries"}
_SWITCHES = {"reviewed_only", "hsts", "log"}


def load_settings(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the operator's settings from `path` (or HUB_SETTINGS, or hub.toml where it exists) and HUB_* variables.

    Link health stands in health.json, and built sheets in sheets/, in the working folder unless others are named.

    Variables win over the file. Raises ContentRefused with every defect of both.
    """
    defects: list[Defect] = []
    named = path or (Path(environment["HUB_SETTINGS"]) if environment.get("HUB_SETTINGS") else None)
    file = named or Path(FILE)
    tables: dict = {}
    if named or file.exists():
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            defects.append(
                Defect(str(file), "file", f"cannot be read ({fault})", "correct it, or unset HUB_SETTINGS")
            )
    for name in sorted(Settings.model_fields):
        value = environment.get(f"HUB_{name.upper()}")
        if value is None or name in ("withdrawn", "words", "off"):
            continue
        if name in _LISTS:
            tables[name] = [part.strip() for part in value.split(",") if part.strip()]
        elif name in _SWITCHES:
            tables[name] = value.casefold() in ("1", "true", "yes", "on")
        else:
            tables[name] = value or None
    tables.setdefault("health", HEALTH)
    tables.setdefault("sheets", SHEETS)
    settings = read_records({"settings": [tables]}, "settings", Settings, str(file), defects)
    if defects:
        raise ContentRefused(defects)
    return settings[0]


def check_settings(settings: Settings, catalogue: Catalogue, defects: list[Defect]) -> None:
    """Note a defect for each setting that names a language, country, link or message that is not registered."""

    def must_know(entry: str, value: str, known: Mapping[str, object]) -> None:
        if value not in known:
            defects.append(
                Defect(
                    FILE,
                    entry,
                    f"{value!r} is not registered",
                    f"use one of app/content, such as {next(iter(known), '')}",
                )
            )

    for tag in (*(settings.languages or ()), *settings.withdrawn.languages):
        must_know("languages", tag, catalogue.languages)
    for code in (*(settings.countries or ()), *filter(None, [settings.first_country])):
        must_know("countries", code, catalogue.countries)
    for link in settings.withdrawn.links:
        must_know("withdrawn links", link, catalogue.links)
    numbers = {f"{c.code}:{r.number}": r for c in catalogue.countries.values() for r in c.report}
    for number in settings.withdrawn.numbers:
        must_know("withdrawn numbers", number, numbers)
    for kind, entries in (("words", settings.words), ("off", settings.off)):
        for entry in entries:
            must_know(f"{kind} {entry.country}", entry.country, catalogue.countries)
            must_know(f"{kind} {entry.country}", entry.message, catalogue.messages)
    for words in settings.words:
        must_know(f"words {words.country}", words.language, {**catalogue.languages, **catalogue.spoken})
        if words.link:
            must_know(
                f"words {words.country}", words.link, {link.id: link for link in catalogue.public_links}
            )
