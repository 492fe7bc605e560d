"""Coverage: for each language spoken in each country, whether an official page to read is known, and where none is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.catalogue import Catalogue, Country, Link


class Found(StrEnum):
    """What is found in a language of a country, the best that holds."""

    OWN = "own"  # pages about the country in the language
    GENERAL = "general"  # none of those, but pages for all countries in the language
    OTHER = "other"  # none of those, but pages about the country in other languages
    NONE = "none"


@dataclass(frozen=True)
class Row:
    """One language spoken in one country: what is `found`, and how many `pages` about the country are in the language."""

    country: Country
    language: str
    found: Found
    pages: int


def coverage(catalogue: Catalogue) -> tuple[Row, ...]:
    """Return a row for each language of each country, both in register order, of links that readers are shown."""
    return tuple(_rows(catalogue))


def sums(rows: tuple[Row, ...]) -> dict[Found, int]:
    """Return how many rows there are of each kind."""
    return {found: sum(row.found is found for row in rows) for found in Found}


def _rows(catalogue: Catalogue) -> Iterator[Row]:
    general = {tag for link in catalogue.public_links if not link.countries for tag in link.languages}
    by_country: dict[str, list[Link]] = {}
    for link in catalogue.public_links:  # not what stands in for a gone page: it is about something else
        for code in link.countries:
            by_country.setdefault(code, []).append(link)
    for code, country in catalogue.countries.items():
        about = by_country.get(code, [])
        for tag in country.languages:
            pages = sum(tag in link.languages for link in about)
            if pages:
                found = Found.OWN
            elif tag in general:
                found = Found.GENERAL
            else:
                found = Found.OTHER if about else Found.NONE
            yield Row(country, tag, found, pages)
