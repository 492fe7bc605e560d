"""The hub: content, settings and translations brought together, checked, and ready to be read."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from app.catalogue import Catalogue, load_catalogue
from app.defects import ContentRefused, Defect
from app.editions import Edition
from app.languages import Language, Negotiation
from app.policy import Policy, check_policy, load_policy
from app.seal import FILE as SEAL
from app.seal import Entry, check_seal, differences, facts, read_seal, write_seal
from app.settings import Settings, check_settings
from app.texts import Source, Texts, check_english, english, load_texts, sources

ROOT = Path(__file__).resolve().parent
CONTENT = ROOT / "content"
TRANSLATIONS = ROOT.parent / "translations"
SOURCE_LANGUAGE = "en"


@dataclass(frozen=True)
class Hub:
    """One copy of the hub: what it may show, in the languages it publishes."""

    catalogue: Catalogue
    settings: Settings
    policy: Policy
    source: dict[str, Source]
    texts: dict[str, Texts]

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
            tag: Edition(self.catalogue, self.settings, texts, self.languages)
            for tag, texts in self.texts.items()
        }

    @property
    def default(self) -> Edition:
        """The edition for a reader whose language is not known: English, or the first published."""
        return self.editions.get(SOURCE_LANGUAGE) or next(iter(self.editions.values()))


def open_hub(settings: Settings, content: Path = CONTENT, translations: Path = TRANSLATIONS) -> Hub:
    """Read and check everything; raise ContentRefused with all defects of all files if there is any."""
    hub, defects = inspect(settings, content, translations)
    if defects:
        raise ContentRefused(defects)
    return hub


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
    everything = facts(catalogue, policy, source, sealed, content.name)
    check_seal(everything, content.parent, content.name, defects)
    shown = {tag: each for tag, each in texts.items() if _is_shown(each.language, settings)}
    if not shown and not defects:
        defects.append(
            Defect("hub.toml", "languages", "leave no language to publish", "publish at least one")
        )
    return Hub(_as_shown(catalogue, settings), settings, policy, source, shown), defects


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
    if defects:
        raise ContentRefused(defects)
    now = facts(catalogue, policy, source, texts.values(), content.name)
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


def _as_shown(catalogue: Catalogue, settings: Settings) -> Catalogue:
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
