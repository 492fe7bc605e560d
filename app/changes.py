"""Changes: what has become of official pages, newest first, for the status page and as an Atom feed (RFC 4287)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from xml.etree import ElementTree

from app.catalogue import MADE, OfficialPage
from app.hub import Hub

ATOM = "http://www.w3.org/2005/Atom"
FEED = "/data/changes.atom"
MOST = 100  # changes in the feed
ORDER = ("new", "moved", "gone", "back")


@dataclass(frozen=True)
class Change:
    """What became of an official page: "new", "moved", "gone" or "back", `on` which day, and the address it moved to."""

    what: str
    on: date
    page: OfficialPage
    to: str | None = None


def changes(hub: Hub) -> tuple[Change, ...]:
    """Return the changes of the pages that this copy lists, newest first.

    New are pages whose entry says when it was `added`; the first entries of the register say nothing, and are not new.
    What the operator has withdrawn is not among them.
    """
    found = list(_changes(hub))
    found.sort(key=lambda change: (change.on, ORDER.index(change.what), change.page.id), reverse=True)
    return tuple(found)


def _changes(hub: Hub) -> Iterator[Change]:
    for page in hub.listed.official_pages.values():
        if page.link and page.link.added:
            yield Change("new", page.link.added, page)
        history = hub.health.pages.get(page.id)
        for event in history.events if history else ():
            yield Change(event.what, event.on, page, event.to)


def feed(hub: Hub) -> bytes:
    """Return the newest changes as an Atom feed in English; its ids are tag: URIs (RFC 4151) that never change."""
    url = hub.settings.url
    found = changes(hub)[:MOST]
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    name, title = hub.source["hub.name"].text, hub.source["status.changes"].text
    _add(root, "id", _tag(hub, "changes"))
    _add(root, "title", f"{name}: {title}")
    _add(root, "updated", _moment(found[0].on if found else MADE))
    _add(root, "link", rel="self", type="application/atom+xml", href=url + FEED)
    status = f"{url}/{hub.default.language.tag}/status/"
    _add(root, "link", rel="alternate", type="text/html", href=status)
    author = ElementTree.SubElement(root, "author")
    _add(author, "name", hub.settings.operator or name)
    for change in found:
        entry = ElementTree.SubElement(root, "entry")
        _add(entry, "id", _tag(hub, f"changes/{change.page.id}/{change.what}/{change.on}"))
        _add(
            entry, "title", f"{hub.source[f'status.change-{change.what}'].text}: {title_of(hub, change.page)}"
        )
        _add(entry, "updated", _moment(change.on))
        _add(entry, "link", rel="alternate", href=status if change.what == "gone" else change.page.url)
        _add(entry, "summary", change.to or change.page.url)
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def title_of(hub: Hub, page: OfficialPage) -> str:
    """Return an English line for an official page: the page's own title, or who speaks there about what."""
    publisher = page.publisher.name
    if page.report:
        return f"{publisher}: {page.report.number}"
    if page.link is None:
        assert page.country is not None
        return page.country.authority.name if page.country.authority else publisher
    if page.link.own_title:
        return f"{publisher}: {page.link.title}"
    subject = "topic" if page.link.topic in hub.listed.topics else "audience"
    topic = hub.source[f"{subject}.{page.link.topic}"].text
    return hub.source["card.composed"].text.format(publisher=publisher, topic=topic)


def _tag(hub: Hub, name: str) -> str:
    """Return a tag: URI; the day in it is that of the register, so that it stays the same for good."""
    return f"tag:{urlsplit(hub.settings.url).hostname},{MADE}:{name}"


def _moment(day: date) -> str:
    return f"{day}T00:00:00Z"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> None:
    ElementTree.SubElement(parent, name, attributes).text = text
