"""The hub: content, settings and translations brought together, checked, and ready to be read."""

import logging
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from app.catalogue import Catalogue, Country, Link, StandIn, load_catalogue
from app.defects import ContentRefused, Defect
from app.editions import Edition
from app.health import Health, load_health
from app.languages import Language, Negotiation
from app.policy import Policy, check_policy, load_policy
from app.seal import FILE as SEAL
from app.seal import Entry, check_seal, differences, facts, read_seal, write_seal
from app.settings import Settings, check_settings
from app.sms import check_text_messages
from app.texts import Source, Texts, check_english, english, load_texts, sources
from app.voice import Sound, load_recordings

ROOT = Path(__file__).resolve().parent
CONTENT = ROOT / "content"
TRANSLATIONS = ROOT.parent / "translations"
SOURCE_LANGUAGE = "en"
log = logging.getLogger("hub")


def _today() -> date:
    """Return the day on which things are made: today, or that of SOURCE_DATE_EPOCH, for builds that can be repeated."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(given), UTC).date() if given.isdecimal() else date.today()


@dataclass(frozen=True)
class Hub:
    """One copy of the hub: what it may show, in the languages it publishes, and the day it was `made`.

    `listed` is the catalogue of this copy whether its official pages answer or not; `catalogue` leads only to those that do,
    as far as `health` knows.
    """

    catalogue: Catalogue
    listed: Catalogue
    health: Health
    settings: Settings
    policy: Policy
    source: dict[str, Source]
    texts: dict[str, Texts]
    made: date = field(default_factory=_today)
    recordings: Mapping[tuple[str, str], Sound] = field(default_factory=dict)

    @cached_property
    def languages(self) -> dict[str, Language]:
        """The languages this copy publishes, by tag, in register order."""
        return {tag: texts.language for tag, texts in self.texts.items()}

    @cached_property
    def negotiation(self) -> Negotiation:
        """Which of the published languages a reader asks for."""
        return Negotiation(self.languages.values())

    @cached_property
    def editions(self) -> dict[str, Edition]:
        """The hub in each published language, by tag."""
        return {
            tag: Edition(self.catalogue, self.settings, texts, self.languages, self.health)
            for tag, texts in self.texts.items()
        }

    def knowing(self, health: Health) -> "Hub":
        """Return the hub as it is shown when this is known of the official pages."""
        return replace(self, catalogue=_as_shown(self.listed, health), health=health)

    @property
    def again(self) -> date:
        """The day after which a sheet, file or kept copy should be looked up again."""
        return self.made + timedelta(days=self.settings.recheck_days)

    @property
    def default(self) -> Edition:
        """The edition for a reader whose language is not known: English, or the first published."""
        return self.editions.get(SOURCE_LANGUAGE) or next(iter(self.editions.values()))


def open_hub(settings: Settings, content: Path = CONTENT, translations: Path = TRANSLATIONS) -> Hub:
    """Read and check everything; raise ContentRefused with all defects of all files if there is any."""
    hub, defects = inspect(settings, content, translations)
    if defects:
        raise ContentRefused(defects)
    if hub.health.fault:
        log.error("%s", hub.health.fault)
    return hub


def open_catalogue(settings: Settings, content: Path = CONTENT) -> Catalogue:
    """Return everything this copy lists, whether it answers or not; raise ContentRefused if the registers are broken."""
    defects: list[Defect] = []
    catalogue = load_catalogue(content, defects)
    check_settings(settings, catalogue, defects)
    if defects:
        raise ContentRefused(defects)
    return _of_this_copy(catalogue, settings)


def inspect(
    settings: Settings, content: Path = CONTENT, translations: Path = TRANSLATIONS, also: Collection[str] = ()
) -> tuple[Hub, list[Defect]]:
    """Read everything and return the hub with every defect found; with any, the hub must not be shown.

    `also` are tags of languages not yet published that are checked as if they were.
    """
    defects: list[Defect] = []
    catalogue = load_catalogue(content, defects)
    policy = load_policy(content, defects)
    check_settings(settings, catalogue, defects)
    source, texts = _read_texts(catalogue, translations, defects, also)
    check_policy(policy, catalogue, source, texts.values(), defects)
    check_text_messages(texts.values(), settings.url, defects)
    for words in settings.words:
        for finding in policy.findings(words.text, words.language):
            defects.append(
                Defect(
                    "hub.toml",
                    f"words {words.country} {words.message}",
                    f"“{finding.words}” is never shown ({finding.kind})",
                    "link to the authority's page instead",
                )
            )
    sealed = [each for each in texts.values() if each.language.published]
    sounds = load_recordings(content, catalogue, texts, defects)
    everything = facts(catalogue, policy, source, sealed, sounds.values(), content.name)
    check_seal(everything, content.parent, content.name, defects)
    shown = {tag: each for tag, each in texts.items() if _is_shown(each.language, settings)}
    if not shown and not defects:
        defects.append(
            Defect("hub.toml", "languages", "leave no language to publish", "publish at least one")
        )
    listed = _of_this_copy(catalogue, settings)
    heard = {each: sound for each, sound in sounds.items() if each[0] in shown}
    hub = Hub(listed, listed, Health(), settings, policy, source, shown, recordings=heard)
    return hub.knowing(load_health(settings.health)), defects


def seal(content: Path = CONTENT, translations: Path = TRANSLATIONS) -> dict[Entry, str]:
    """Seal the content as it stands and return what differed from the last seal.

    Raises ContentRefused, and writes nothing, if anything but the seal itself is wrong.
    """
    path = content / SEAL
    last = read_seal(path, [], content.parent)
    defects: list[Defect] = []
    catalogue = load_catalogue(content, defects)
    policy = load_policy(content, defects)
    source, texts = _read_texts(catalogue, translations, defects)
    check_policy(policy, catalogue, source, texts.values(), defects)
    sounds = load_recordings(content, catalogue, texts, defects)
    if defects:
        raise ContentRefused(defects)
    now = facts(catalogue, policy, source, texts.values(), sounds.values(), content.name)
    write_seal(path, now)
    return differences(last, now)


def _read_texts(
    catalogue: Catalogue, translations: Path, defects: list[Defect], also: Collection[str] = ()
) -> tuple[dict[str, Source], dict[str, Texts]]:
    source = sources(catalogue)
    texts = {
        language.tag: english(language, source)
        if language.tag == SOURCE_LANGUAGE
        else load_texts(language, source, translations, defects)
        for language in catalogue.languages.values()
        if language.published or language.tag in also
    }
    if own := catalogue.languages.get(SOURCE_LANGUAGE):
        check_english(source.values(), own, defects)
    return source, texts


def _is_shown(language: Language, settings: Settings) -> bool:
    if language.tag in settings.withdrawn.languages:
        return False
    if settings.languages is not None and language.tag not in settings.languages:
        return False
    return language.review is not None or not settings.reviewed_only


def _of_this_copy(catalogue: Catalogue, settings: Settings) -> Catalogue:
    """Leave out what this copy has withdrawn or does not cover."""
    links = {name: link for name, link in catalogue.links.items() if name not in settings.withdrawn.links}
    countries = {
        code: country.model_copy(
            update={
                "report": tuple(
                    report
                    for report in country.report
                    if report.publish and f"{code}:{report.number}" not in settings.withdrawn.numbers
                )
            }
        )
        for code, country in catalogue.countries.items()
        if settings.countries is None or code in settings.countries
    }
    return replace(catalogue, links=links, countries=countries)


def _as_shown(listed: Catalogue, health: Health) -> Catalogue:
    """Leave out pages that are gone, and note which of the same publisher stands in for each; a number always stays."""
    lost = {page.id for page in listed.official_pages.values() if health.is_gone(page.id, page.url)}
    if not lost:
        return listed
    gone = {name: link for name, link in listed.links.items() if name in lost}
    there = {name: link for name, link in listed.links.items() if name not in lost}
    answering = [
        link for link in listed.public_links if link.id in there and health.answers(link.id, link.url)
    ]
    stand_ins = {name: found for name, link in gone.items() if (found := _nearest(link, answering))}
    countries = {code: _without_lost(country, lost) for code, country in listed.countries.items()}
    return replace(listed, links=there, gone=gone, stand_ins=stand_ins, countries=countries)


def _nearest(gone: Link, answering: Iterable[Link]) -> StandIn | None:
    """Return the page that stands in for a gone one: of its publisher, never about another country; or None."""
    countries, languages = set(gone.countries), set(gone.languages)
    near = [
        link
        for link in answering
        if link.publisher == gone.publisher and (not link.countries or countries & set(link.countries))
    ]
    if not near:
        return None
    best = max(
        near,
        key=lambda link: (
            link.topic == gone.topic,
            bool(languages & set(link.languages)),
            bool(countries & set(link.countries)),
            link.format == gone.format,
            link.date or "",
            link.id,
        ),
    )
    return StandIn(**best.model_dump(), stands_for=gone.id)


def _without_lost(country: Country, lost: Collection[str]) -> Country:
    """Return a country without the page of its authority if that is gone."""
    if f"authority-{country.code}" not in lost or country.authority is None:
        return country
    nameless = country.authority.model_copy(update={"url": None})
    return country.model_copy(update={"authority": nameless})
