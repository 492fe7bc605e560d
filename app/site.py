"""The site: the list of every page of the hub. Routes answer it, the sitemap prints it, the export and the tests walk it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from app.catalogue import Country, Link
from app.hub import Hub

CHOOSER = "/"
PART = 20  # links in one part of a long list, so that each part stays within the page budget
WHOLE = "all/"  # after a country's address: all official pages about it
CROSSED = 4  # links from which on a country's or a language's pages about one topic have a page of their own
UN_LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh-Hans")  # the six official languages of the United Nations
PICTURE = "picture.png"
PAPERS = {"sheet.html": "sheet.pdf", "cards.html": "cards.pdf"}  # what is printed, and the name of its PDF


@dataclass(frozen=True)
class Selection:
    """Official pages that stand under one heading, and their `links` in register order.

    `kind` is what narrows them (topic, audience, format, family, language, country), `id` which one, as addresses hold
    it, and `twin` the address of the first part without the language. A crossed selection is of one topic or audience
    `within` those of a country or a language.
    """

    id: str
    kind: str
    twin: str
    links: tuple[Link, ...]
    within: "Selection | None" = None

    @property
    def parts(self) -> int:
        """Into how many pages the selection is cut."""
        return max(1, -(-len(self.links) // PART))


@dataclass(frozen=True)
class Page:
    """One page: its `address`, the `template` that shows it, the tag of its `language`, and what it is about.

    `twin` is its address without the language, the same in every language; `second` is the tag of a second language on it.
    """

    address: str
    template: str
    language: str | None = None
    twin: str = ""
    country: Country | None = None
    selection: Selection | None = None
    part: int = 1
    second: str | None = None


class Site:
    """Every page of a hub, by address."""

    def __init__(self, hub: Hub):
        self.hub = hub

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page by its address, the language chooser first."""
        pages = {CHOOSER: Page(CHOOSER, "choose.html")}
        for tag in self.hub.languages:
            for page in self._pages_of(tag):
                pages[page.address] = page
        return pages

    def _pages_of(self, tag: str) -> Iterator[Page]:
        for twin, template, about in self._twins:
            yield Page(f"/{tag}/{twin}", template, tag, twin, **about)
        for country in self.hub.catalogue.countries.values():
            for second in self.seconds(tag, country):
                twin = f"countries/{country.slug}/sheet/"
                yield Page(f"/{tag}/{twin}{second}/", "sheet.html", tag, twin, country, second=second)

    def seconds(self, tag: str, country: Country) -> tuple[str, ...]:
        """Return the languages that share a sheet with `tag`: where it is spoken in a country, the others spoken there."""
        spoken = [other for other in country.languages if other in self.hub.languages]
        return tuple(other for other in spoken if other != tag) if tag in spoken else ()

    @cached_property
    def drawings(self) -> dict[str, Page]:
        """The files that are drawn ahead of time, by address, each with the page it is drawn from.

        They are the PDFs of the sheet and cards of each language and, for each country, in the languages spoken there (the
        sheet in the six of the United Nations too), and the picture of each language.
        """
        drawn = {
            page.address + PAPERS[page.template]: page
            for page in self.pages.values()
            if page.template in PAPERS and _is_drawn(page)
        }
        for tag in self.hub.languages:
            address = f"/{tag}/{PICTURE}"
            drawn[address] = Page(address, "picture.html", tag)
        return drawn

    @cached_property
    def _twins(self) -> tuple[tuple[str, str, dict], ...]:
        twins: list[tuple[str, str, dict]] = [("", "home.html", {}), ("countries/", "countries.html", {})]
        for country in self.hub.catalogue.countries.values():
            twins.append((f"countries/{country.slug}/", "country.html", {"country": country}))
            if whole := self.whole(country):
                twins += self._parts(whole)
            twins.append((f"countries/{country.slug}/sheet/", "sheet.html", {"country": country}))
            twins.append((f"countries/{country.slug}/cards/", "cards.html", {"country": country}))
        twins += [("sheet/", "sheet.html", {}), ("cards/", "cards.html", {})]
        twins.append(("materials/", "materials.html", {}))
        for selection in (*self.selections.values(), *self.crossed):
            twins += self._parts(selection)
        twins.append(("share/", "share.html", {}))
        twins.append(("search/", "search.html", {}))
        twins += [
            ("status/", "status.html", {}),
            ("coverage/", "coverage.html", {}),
            ("about/", "about.html", {}),
        ]
        return tuple(twins)

    def _parts(self, selection: Selection) -> Iterator[tuple[str, str, dict]]:
        for part in range(1, selection.parts + 1):
            twin = selection.twin + (f"{part}/" if part > 1 else "")
            yield twin, "facet.html", {"selection": selection, "part": part}

    @cached_property
    def selections(self) -> dict[str, Selection]:
        """The facets that have at least one link, by id: topics, audiences, formats, publisher families, languages."""
        catalogue = self.hub.catalogue
        subjects = catalogue.grouped(lambda link: [link.topic])  # a link's topic may be an audience
        formats = catalogue.grouped(lambda link: [link.format])
        speakers = catalogue.grouped(lambda link: [catalogue.publishers[link.publisher].family])
        languages = catalogue.grouped(lambda link: link.languages, stand_ins=False)  # not in another language
        found: dict[str, Selection] = {}
        for kind, names, groups in (
            ("topic", catalogue.topics, subjects),
            ("audience", catalogue.audiences, subjects),
            ("format", catalogue.formats, formats),
            ("family", catalogue.families, speakers),
            ("language", sorted(languages), languages),
        ):
            for name in names:
                if name in groups:
                    id = name.lower()
                    found[id] = Selection(id, kind, f"materials/{id}/", groups[name])
        return found

    @cached_property
    def _about(self) -> dict[str, Selection]:
        """The official pages about each country of this copy that has any, by its code."""
        return {
            code: Selection(country.slug, "country", f"countries/{country.slug}/{WHOLE}", links)
            for code, country in self.hub.catalogue.countries.items()
            if (links := self.hub.catalogue.links_about.get(code))
        }

    def whole(self, country: Country) -> Selection | None:
        """Return all official pages about a country where they are more than its own page shows, else None."""
        about = self._about.get(country.code)
        return about if about and len(about.links) > PART else None

    @cached_property
    def crossed(self) -> tuple[Selection, ...]:
        """The pages about each country, and in each language, by topic and audience, where they are at least CROSSED.

        One that would hold just what the country, the language or the topic holds anyway is left out.
        """
        return tuple(self._crossings())

    def _crossings(self) -> Iterator[Selection]:
        groups = self.hub.catalogue.grouped(_crossings_of)
        subjects = [each for each in self.selections.values() if each.kind in ("topic", "audience")]
        languages = [each for each in self.selections.values() if each.kind == "language"]
        for within in (*self._about.values(), *languages):
            for subject in subjects:
                twin = f"{within.twin.removesuffix(WHOLE)}{subject.id}/"
                links = groups.get(twin, ())
                if CROSSED <= len(links) < min(len(within.links), len(subject.links)):
                    yield Selection(subject.id, subject.kind, twin, links, within)

    @cached_property
    def _narrower(self) -> dict[str, list[Selection]]:
        found: dict[str, list[Selection]] = {}
        for crossed in self.crossed:
            for wider in (crossed.within, self.selections[crossed.id]):
                if wider:
                    found.setdefault(wider.twin, []).append(crossed)
        return found

    def narrower(self, selection: Selection) -> list[Selection]:
        """Return the crossed selections that hold a part of one by topic, audience, language or country."""
        return self._narrower.get(selection.twin, [])

    def topics_of(self, country: Country) -> list[Selection]:
        """Return the crossed selections that hold a part of the pages about a country."""
        about = self._about.get(country.code)
        return self.narrower(about) if about else []

    def language_of(self, selection: Selection) -> str:
        """Return the language tag of a selection by language."""
        return self._tags[selection.id]

    @cached_property
    def _tags(self) -> dict[str, str]:
        return {tag.lower(): tag for tag in (*self.hub.catalogue.languages, *self.hub.catalogue.spoken)}

    def canonical(self, address: str) -> str | None:
        """Return the page's address that a mistyped one plainly means (no last slash, other capitals), or None."""
        meant = address if address.endswith("/") else address + "/"
        return self._folded.get(meant.casefold())

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {address.casefold(): address for address in self.pages}


def _crossings_of(link: Link) -> Iterator[str]:
    """Yield the addresses, without the language, of the crossed selections in which a link would stand."""
    for code in link.countries:
        yield f"countries/{code.lower()}/{link.topic}/"
    for tag in link.languages:
        yield f"materials/{tag.lower()}/{link.topic}/"


def _is_drawn(page: Page) -> bool:
    """Cards are handed out where their language is spoken; sheets serve those too who come to help."""
    if page.country is None or page.language in page.country.languages:
        return True
    return page.template == "sheet.html" and page.language in UN_LANGUAGES
