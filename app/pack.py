"""Packs: all of a country, or of a language, as one file that opens from a memory card, with no network and in any browser."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.catalogue import Country
from app.editions import Edition
from app.hub import Hub
from app.site import Page

TEMPLATE = "pack.html"
# Bytes that a pack may have, so that an old phone takes it over Bluetooth and opens it; over them nothing is exported.
COUNTRY_LIMIT, LANGUAGE_LIMIT = 100_000, 400_000


@dataclass(frozen=True)
class Offer:
    """What a link to a pack says: its `address`, the `name` of the file that it saves, and the `size` in bytes."""

    address: str
    name: str
    size: int


def packs(hub: Hub) -> Iterator[Page]:
    """Yield every pack of a hub: for each language one with all countries, and one for each country."""
    for tag in hub.languages:
        yield pack(tag)
        for country in hub.catalogue.countries.values():
            yield pack(tag, country)


def pack(tag: str, country: Country | None = None) -> Page:
    """Return the pack of a language, or of a country in it; its twin is that of the page it is made of."""
    twin = f"countries/{country.slug}/" if country else ""
    return Page(f"/{tag}/{twin}pack.html", TEMPLATE, tag, twin, country)


def limit(page: Page) -> int:
    """Return how many bytes a pack may have."""
    return COUNTRY_LIMIT if page.country else LANGUAGE_LIMIT


def file_name(edition: Edition, made: date, country: Country | None = None, ending: str = "html") -> str:
    """Return a name by which people know a saved file: what of, which country and language, and of which day.

    In English and plain letters, because old phones lose others when a file goes over Bluetooth or onto a card.
    """
    names = ["mines", *([edition.english_name(country)] if country else []), edition.language.english]
    return f"{'-'.join(map(_plain, names))}-{made.isoformat()}.{ending}"


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", letters).strip("-")
