"""Languages: the register of those the hub speaks, their names, dates and digits, and which one a reader wants."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property, lru_cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_percent
from babel.units import format_unit
from pydantic import Field, field_validator
from werkzeug.http import parse_accept_header

from app.files import Record
from app.plain import checked_quotation


class Review(Record):
    """Who has read the safety messages of a language, in what `role`, and when; `reviewer` may be unnamed."""

    role: str
    date: date
    reviewer: str | None = None


class Language(Record):
    """A language that the hub has a place for: `tag` is its BCP 47 tag and the first part of its addresses.

    `name` is its own name, `cldr` the locale that stands in for it where CLDR does not know it, `zero` the digit
    zero of its readers, `serves` the further tags by which browsers ask for it.
    """

    tag: str = Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")
    name: str
    english: str
    script: str = Field(pattern=r"^[A-Z][a-z]{3}$")
    direction: Literal["ltr", "rtl"]
    cldr: str
    published: bool
    zero: str = Field(default="0", min_length=1, max_length=1)
    serves: tuple[str, ...] = ()
    review: Review | None = None
    waits_for: str | None = None

    _names = field_validator("name", "english")(checked_quotation)

    @field_validator("cldr")
    @classmethod
    def _known_to_cldr(cls, cldr: str) -> str:
        try:
            Locale.parse(cldr)
        except Exception as fault:
            raise ValueError(
                f"CLDR has no locale {cldr!r}; name the nearest one that it has, for dates"
            ) from fault
        return cldr

    @field_validator("zero")
    @classmethod
    def _a_zero(cls, zero: str) -> str:
        if not zero.isdecimal() or int(zero) != 0:
            raise ValueError(
                f"{zero!r} is not a digit zero; give the zero that readers of the language write"
            )
        return zero

    @cached_property
    def locale(self) -> Locale:
        """Babel's locale for names, dates and lists in this language."""
        return Locale.parse(self.cldr)

    def digits(self, text: str) -> str:
        """Return `text` with its ASCII digits as the readers of this language write them."""
        return text if self.zero == "0" else text.translate(_digits(self.zero))

    def number(self, n: int) -> str:
        """Return the whole number `n` as the readers of this language write it."""
        return self.digits(str(n))

    def date(self, when: date | str) -> str:
        """Return a day, or a month (`2024-04`) or year (`2024`) where no more is known, in this language."""
        if isinstance(when, date):
            return self.digits(format_date(when, format="long", locale=self.locale))
        if len(when) == 4:
            return self.digits(when)
        if len(when) == 7:
            return self.digits(format_skeleton("yMMMM", date.fromisoformat(f"{when}-01"), locale=self.locale))
        return self.date(date.fromisoformat(when))

    def list(self, items: Sequence[str]) -> str:
        """Return `items` joined as this language joins a list ("a, b and c")."""
        return format_list(list(items), locale=self.locale) if items else ""

    def percent(self, share: float) -> str:
        """Return a share of a hundred, in this language, without decimals."""
        return self.digits(format_percent(share / 100, locale=self.locale))

    def size(self, size: int) -> str:
        """Return how large a file of `size` bytes is, in this language: in whole kilobytes, to compare one with another."""
        kilobytes = max(1, round(size / 1000))
        return self.digits(format_unit(kilobytes, "digital-kilobyte", length="short", locale=self.locale))


@lru_cache(maxsize=64)
def _digits(zero: str) -> dict[int, str]:
    return {ord("0") + n: chr(ord(zero) + n) for n in range(10)}


class Negotiation:
    """Which of the hub's `languages` a reader asks for, walking the reader's own list in the reader's order."""

    def __init__(self, languages: Iterable[Language]):
        self._by_tag: dict[str, Language] = {}
        for language in languages:
            for tag in (language.tag, *language.serves):
                self._by_tag.setdefault(tag.casefold(), language)

    def wanted(self, accept_language: str) -> tuple[Language, ...]:
        """Return the languages that an Accept-Language header asks for, best first, each once.

        Each tag of the reader is tried whole, then with its last subtag dropped, before the reader's next tag.
        Headers of any form are taken; an unreadable one asks for nothing.
        """
        tags = [
            (quality, -position, tag)
            for position, (tag, quality) in enumerate(parse_accept_header(accept_language[:1000]))
            if quality > 0 and tag != "*"
        ]
        found: dict[str, Language] = {}
        for _, _, tag in sorted(tags, reverse=True):
            language = self.best(tag)
            if language is not None:
                found.setdefault(language.tag, language)
        return tuple(found.values())

    def best(self, tag: str) -> Language | None:
        """Return the language that serves a reader of `tag` (`fa-IR`, `prs`, `zh-TW`), or None."""
        parts = tag.casefold().replace("_", "-").split("-")
        while parts:
            language = self._by_tag.get("-".join(parts))
            if language is not None:
                return language
            parts.pop()
        return None
