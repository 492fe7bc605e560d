"""The site: the list of every page of the hub. Routes answer it, the sitemap prints it, the export and the tests walk it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from app.catalogue import Country, Link
from app.hub import Hub

CHOOSER = "/"
PART = 20  # links in one part of a long list, so that each part stays within the page budget


@dataclass(frozen=True)
class Selection:
    """Official pages narrowed by one facet: its `id` in addresses, its `kind`, and its links, in register order."""

    id: str
    kind: str
    links: tuple[Link, ...]

    @property
    def parts(self) -> int:
        """Into how many pages the selection is cut."""
        return max(1, -(-len(self.links) // PART))


@dataclass(frozen=True)
class Page:
    """One page: its `address`, the `template` that shows it, the tag of its `language`, and what it is about.

    `twin` is its address without the language, the same in every language.
    """

    address: str
    template: str
    language: str | None = None
    twin: str = ""
    country: Country | None = None
    selection: Selection | None = None
    part: int = 1


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

    @cached_property
    def _twins(self) -> tuple[tuple[str, str, dict], ...]:
        twins: list[tuple[str, str, dict]] = [("", "home.html", {}), ("countries/", "countries.html", {})]
        for country in self.hub.catalogue.countries.values():
            twins.append((f"countries/{country.slug}/", "country.html", {"country": country}))
        twins.append(("materials/", "materials.html", {}))
        for selection in self.selections.values():
            for part in range(1, selection.parts + 1):
                twin = f"materials/{selection.id}/" + (f"{part}/" if part > 1 else "")
                twins.append((twin, "facet.html", {"selection": selection, "part": part}))
        twins.append(("about/", "about.html", {}))
        return tuple(twins)

    @cached_property
    def selections(self) -> dict[str, Selection]:
        """The facets that have at least one link, by id: topics, audiences, formats, publisher families, languages."""
        catalogue = self.hub.catalogue
        links = catalogue.public_links
        families = {publisher.id: publisher.family for publisher in catalogue.publishers.values()}
        found: dict[str, Selection] = {}

        def select(kind: str, name: str, chosen: Iterator[Link]) -> None:
            if selected := tuple(chosen):
                found[name] = Selection(name, kind, selected)

        for name in catalogue.topics:
            select("topic", name, (link for link in links if link.topic == name))
        for name in catalogue.audiences:
            select("audience", name, (link for link in links if link.topic == name))
        for name in catalogue.formats:
            select("format", name, (link for link in links if link.format == name))
        for name in catalogue.families:
            select("family", name, (link for link in links if families.get(link.publisher) == name))
        for tag in sorted({tag for link in links for tag in link.languages}):
            select("language", tag.lower(), (link for link in links if tag in link.languages))
        return found

    def language_of(self, selection: Selection) -> str:
        """Return the language tag of a selection by language."""
        return next(tag for tag in selection.links[0].languages if tag.lower() == selection.id)

    def canonical(self, address: str) -> str | None:
        """Return the page's address that a mistyped one plainly means (no last slash, other capitals), or None."""
        meant = address if address.endswith("/") else address + "/"
        return self._folded.get(meant.casefold())

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {address.casefold(): address for address in self.pages}
