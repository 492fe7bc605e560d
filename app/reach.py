"""Reach: how many people of a country speak a language that the hub publishes, by the figures of Unicode CLDR."""

from dataclasses import dataclass

from babel import Locale
from babel.languages import get_territory_language_info

from app.catalogue import Country
from app.languages import Negotiation

LOW = 70  # per cent; below it a country is named with the languages it lacks
FEW = 5  # per cent; a language of fewer people is named as missing only where the register names it


@dataclass(frozen=True)
class Reach:
    """The share of a country's people, in per cent, that speak a published language, and the codes `missing` there.

    `share` is None where CLDR has no figures. Shares of several languages are added, at most to 100: many people speak
    more than one, and CLDR does not say who.
    """

    share: float | None
    missing: tuple[str, ...]


def reach(country: Country, published: Negotiation) -> Reach:
    """Return the reach of the `published` languages in a country."""
    shares = {
        tag.replace("_", "-"): float(info["population_percent"] or 0)
        for tag, info in get_territory_language_info(country.code).items()
    }
    reached = [share for tag, share in shares.items() if published.best(tag)]
    named = Locale.parse("en").languages
    missing = [tag for tag in country.languages if not published.best(tag)]
    missing += [
        tag
        for tag, share in shares.items()
        if share >= FEW and tag in named and tag not in missing and not published.best(tag)
    ]
    return Reach(min(100.0, sum(reached)) if shares else None, tuple(missing))
