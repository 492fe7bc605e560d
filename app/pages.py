"""Pages: Flask's routes, each answering one page of the site's list, and the helpful answers when there is none."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property, partial
from hashlib import sha256
from itertools import groupby
from typing import Any

from flask import Flask, Response, request
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from app import sms
from app.catalogue import Country, Link, OfficialPage, Situation
from app.changes import FEED, changes, feed
from app.coverage import Row, coverage, sums
from app.editions import Edition, Rule
from app.headers import ANSWER_CACHE, ASKED_CACHE, ERROR_CACHE, PAGE_CACHE, security_headers
from app.health import STATES
from app.hub import Hub
from app.keeping import MANIFEST, Copy, copy_of, manifest
from app.languages import Language
from app.opendata import OpenData
from app.pack import TEMPLATE as PACK
from app.pack import Offer, file_name, limit, pack, packs
from app.qr import code
from app.reach import reach
from app.resources import ATOM, HTML, JSON, SCRIPT, Resource
from app.search import AUTHORITY, SHOWN, Found, Search
from app.sheets import Sheets
from app.site import CHOOSER, PAPERS, PART, Page, Selection, Site
from app.voice import MEDIA, voices

CODE_LICENCE = "Apache 2.0"
CONTENT_LICENCE = "CC BY 4.0"
ICON_LINES = 'fill="none" stroke="#8a3800" color="#8a3800" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"'
SCRIPTS = (
    "countries.js",
    "share.js",
    "search.js",
    "voice.js",
    "keep.js",
)  # what hub.js is made of; without it every page reads as well
OFFERED = 12  # at most so many ways to narrow a topic, so that its page stays within the budget
PAPER_LINES = ICON_LINES.replace("#8a3800", "#000")
PDF, PNG = "application/pdf", "image/png"
NO_DAY = date(2000, 1, 1)  # in place of the day a sheet was made, where only its content counts
FIRST_COLUMN = ("before", "see", "inside")  # situations; beside the others is room for the number to call
HEADED = ("inside",)  # situations whose rules say nothing without their heading
DETAILED = ("turn-back", "hurt-person")  # rules that could lead into danger without their second sentence
MOST_SHOWN = 30  # changes on the status page; the feed has more
NOT_KEPT = {
    *PAPERS,
    "status.html",
    "coverage.html",
}  # what is printed, and what editors read: so a copy stays small
log = logging.getLogger("hub")


def _as_it_is(page: Page, target: str) -> str:
    return target


def _is_kept(page: Page, tag: str) -> bool:
    """Return whether a page is in the copy of a language that phones keep: all are that civilians read on a screen."""
    return page.language == tag and page.template not in NOT_KEPT


class Pages:
    """Renders the pages of one hub; `link` turns an address of the site into what a link on a page holds.

    `keeps` says whether phones may keep them, which takes a web server.
    """

    def __init__(
        self, app: Flask, hub: Hub, link: Callable[[Page, str], str] = _as_it_is, keeps: bool = True
    ):
        self.hub = hub
        self.link = link
        self.keeps = keeps
        self._copy: tuple[str, Copy] | None = None
        self.site = Site(hub)
        self.search = Search(hub, self.site)
        self.env = app.jinja_env
        self._sizes: dict[str, int] = {}
        self._orders: dict[tuple[str, str], tuple[Link, ...]] = {}
        self._pictures: dict[str, Markup] = {}
        self.style = self._asset("style.css")
        self.paper_style = self._asset("sheet.css")
        self.headers = security_headers(
            [self.style, self.paper_style], hub.settings.hsts, sounds=bool(hub.recordings)
        )
        self.sheets = Sheets(hub.settings.sheets)
        self._built: dict[str, int | None] = {}

    def _asset(self, name: str) -> Markup:
        source, _, _ = self.env.loader.get_source(self.env, name)  # type: ignore[union-attr]
        return Markup(
            "".join(line.strip() for line in source.splitlines() if not line.strip().startswith(("/*", "//")))
        )

    def prepare(self) -> None:
        """Compile every template and open every edition, so that no reader waits for that."""
        for name in self.env.list_templates(extensions=["html", "xml"]):
            self.env.get_template(name)
        self.hub.editions.keys()

    def page(self, page: Page, accept_language: str = "") -> str:
        """Return the HTML of a page; only the language chooser looks at the reader's `accept_language`."""
        if page.language is None:
            return self._chooser(page, accept_language)
        return self._render(page, self.hub.editions[page.language], **self._particulars(page))

    def problem(self, status: int, edition: Edition, address: str = "") -> str:
        """Return the HTML that says what is wrong and the way on, in one language; it may stand at an `address`."""
        name = {404: "missing", 400: "refused", 405: "refused"}.get(
            status, "broken" if status >= 500 else "refused"
        )
        return self._render(Page(address, "problem.html", edition.language.tag), edition, problem=name)

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The files of the site that are not pages, by address."""
        return {resource.address: resource for resource in self._resources()}

    def _resources(self) -> Iterator[Resource]:
        yield Resource("/sitemap.xml", "application/xml", self._sitemap)
        yield Resource("/robots.txt", "text/plain", self._robots)
        yield Resource("/icon.svg", "image/svg+xml", self._icon)
        yield Resource("/hub.js", SCRIPT, self._script)
        if self.keeps:
            yield from self._keeping()
        for sound in self.hub.recordings.values():
            yield Resource(sound.address, MEDIA, sound.read, kept=False)
        yield from OpenData(self.hub).resources()
        yield Resource(FEED, ATOM, partial(feed, self.hub))
        for tag, edition in self.hub.editions.items():
            yield Resource(f"/{tag}/search.js", SCRIPT, partial(self._near, edition), language=tag)
        yield Resource("/names.js", SCRIPT, self._far)
        for each in packs(self.hub):
            make = partial(self._file, each)
            yield Resource(each.address, HTML, make, language=each.language, most=limit(each))
        for address in self.site.drawings:
            if self.built(address):
                media = PNG if address.endswith(".png") else PDF
                yield Resource(address, media, partial(self.sheets.read, address), kept=False)

    def _file(self, page: Page) -> bytes:
        return self.page(page).encode()

    def _keeping(self) -> Iterator[Resource]:
        yield Resource("/sw.js", SCRIPT, lambda: self._asset("sw.js").encode(), ASKED_CACHE)
        root = self.link(Page("", ""), "/")
        yield Resource("/manifest.webmanifest", MANIFEST, partial(manifest, self.hub.default, root, root))
        for tag, edition in self.hub.editions.items():
            make = partial(manifest, edition, root, f"{root}{tag}/")
            yield Resource(f"/{tag}/manifest.webmanifest", MANIFEST, make)
            note, pages = partial(self._kept_note, tag), partial(self._kept_pages, tag)
            yield Resource(f"/{tag}/keep-note.json", JSON, note, ASKED_CACHE, ahead=True)
            yield Resource(f"/{tag}/keep.json", JSON, pages, ahead=True)

    def _kept_note(self, tag: str) -> bytes:
        return self.copy(tag).note

    def _kept_pages(self, tag: str) -> bytes:
        return self.copy(tag).pages

    def copy(self, tag: str) -> Copy:
        """Return the copy of a language for phones to keep; the last one is held, for its two files are asked together."""
        last = self._copy
        if last is None or last[0] != tag:
            checks = (check for history in self.hub.health.pages.values() for check in history.checks)
            last = self._copy = (
                tag,
                copy_of(
                    self.hub.editions[tag],
                    {page.twin: self.page(page) for page in self.site.pages.values() if _is_kept(page, tag)},
                    self._script(),
                    self.headers,
                    (self.hub.made, self.hub.again),
                    {check.day for check in checks},
                    self.link(Page("", ""), "/"),
                ),
            )
        return last[1]

    def _sitemap(self) -> bytes:
        by_twin: dict[str, list[Page]] = {}
        for page in self.site.pages.values():
            by_twin.setdefault(page.twin if page.language else CHOOSER, []).append(page)
        template = self.env.get_template("sitemap.xml")
        return template.render(by_twin=by_twin, url=self.hub.settings.url).encode()

    def _robots(self) -> bytes:
        return f"User-agent: *\nAllow: /\nSitemap: {self.hub.settings.url}/sitemap.xml\n".encode()

    def _icon(self) -> bytes:
        mark = self.hub.catalogue.pictograms["mark"]
        return mark.replace("<svg ", f"<svg {ICON_LINES} ", 1).encode()

    def _script(self) -> bytes:
        return "\n".join(self._asset(name) for name in SCRIPTS).encode()

    def edition_for(self, address: str, accept_language: str) -> Edition:
        """Return the edition in which to answer an address that is no page: the address's language, or the reader's."""
        first = address.lstrip("/").split("/")[0]
        meant = self.hub.negotiation.best(first) if first else None
        wanted = meant or next(iter(self.hub.negotiation.wanted(accept_language)), None)
        return self.hub.editions[wanted.tag] if wanted else self.hub.default

    def built(self, address: str) -> int | None:
        """Return the size in bytes of the PDF or picture at `address`, or None where none is built that is still true."""
        if address not in self._built:
            self._built[address] = self._look_up(address)
        return self._built[address]

    def _look_up(self, address: str) -> int | None:
        page = self.site.drawings.get(address)
        if page is None or address not in self.sheets.manifest:
            return None
        days = self.hub.settings.recheck_days
        found = self.sheets.current(address, self.digest(page), self.hub.made, days)
        return found.size if found else None

    def digest(self, page: Page) -> str:
        """Return the digest of what a drawing says and how it looks, whatever the day on which it is made.

        The names of pictograms stand for them, and an address for its code: at the start every file that was built is
        held against its page, and drawing all codes would take longer than all else.
        """
        said = self._document(page, NO_DAY, qr=str, drawn=str)
        return sha256(f"{self._look}{said}".encode()).hexdigest()

    @cached_property
    def _look(self) -> str:
        looks = [*self.hub.catalogue.pictograms.values(), code("look"), self._asset("print.css")]
        return sha256("".join(looks).encode()).hexdigest()

    def drawing(self, page: Page, made: date) -> str:
        """Return the document from which the PDF or picture of a page of `site.drawings` is drawn, made on a day."""
        return self._document(page, made)

    def _document(self, page: Page, made: date, **instead: Any) -> str:
        edition = self.hub.editions[page.language or ""]
        about = self._paper(page, edition)
        about["paper_style"] = self.paper_style + self._asset("print.css")
        about |= {"made": made, "again": made + timedelta(days=self.hub.settings.recheck_days)}
        template = page.template if page.template not in PAPERS else "print.html"
        return self._render(page, edition, template, **about | instead)

    def drawn(self, name: str) -> Markup:
        """Return a pictogram for paper: black, with its lines in attributes, for what reads no stylesheet in an SVG."""
        return Markup(str(self.picture(name)).replace("<svg ", f"<svg {PAPER_LINES} ", 1))

    def _render(self, page: Page, edition: Edition, template_name: str = "", **particulars: Any) -> str:
        template = self.env.get_template(template_name or page.template)
        return template.render(
            t=edition.texts,
            page=page,
            edition=edition,
            language=edition.language,
            hub=self.hub,
            site=self.site,
            href=partial(self._link, page),
            style=self.style,
            picture=self.picture,
            built=self.built,
            keeps=self.keeps,
            recordings=self.hub.recordings,
            voices=voices,
            **particulars,
        )

    def _link(self, page: Page, target: str) -> str:
        """Return what a link on `page` holds; a pack leaves the site, so its links lead to the live pages."""
        return self.hub.settings.url + target if page.template == PACK else self.link(page, target)

    def picture(self, name: str) -> Markup:
        """Return a pictogram as inline SVG, hidden from screen readers: words always stand beside it."""
        if name not in self._pictures:
            drawing = self.hub.catalogue.pictograms[name].replace(' xmlns="http://www.w3.org/2000/svg"', "")
            self._pictures[name] = Markup(drawing.replace("<svg ", '<svg aria-hidden="true" ', 1))
        return self._pictures[name]

    def _chooser(self, page: Page, accept_language: str) -> str:
        first = [language.tag for language in self.hub.negotiation.wanted(accept_language)]
        order = [*first, *(tag for tag in self.hub.languages if tag not in first)]
        editions = [self.hub.editions[tag] for tag in order]
        return self._render(page, editions[0] if first else self.hub.default, editions=editions)

    def _particulars(self, page: Page) -> dict[str, Any]:
        """Return what the template of a page needs beside what every page has."""
        gather = {
            "home.html": self._home,
            "country.html": self._country,
            "share.html": self._share,
            PACK: self._pack,
            "facet.html": self._facet,
            "materials.html": self._materials,
            "search.html": self._search,
            "status.html": self._status,
            "coverage.html": self._coverage,
            "about.html": self._about,
            "sheet.html": self._paper,
            "cards.html": self._paper,
        }.get(page.template)
        return gather(page, self.hub.editions[page.language or ""]) if gather else {}

    def answer(self, page: Page, query: str) -> str:
        """Return the HTML of the search page that answers a reader's `query`; it may be any text."""
        edition = self.hub.editions[page.language or ""]
        found = self.search.find(query, edition)
        if any(self.hub.policy.findings(found.query, tag) for tag in {edition.language.tag, "en"}):
            found = replace(found, query="…")  # the hub says none of these words, not even after a reader
        about = self._search(page, edition) | {"found": found}
        return self._render(replace(page, address=""), edition, **about)

    def _search(self, page: Page, edition: Edition) -> dict[str, Any]:
        return {
            "found": Found(""),
            "shown": SHOWN,
            "served": self.link is _as_it_is,
            "authority": AUTHORITY,
            "heading": self.heading,
            "unknown": Markup('<cite lang="" dir="auto">{}</cite>').format,
        }

    def _near(self, edition: Edition) -> bytes:
        return self._asset("find.js").encode() + b"\n" + _as_script(self.search.near(edition))

    def _far(self) -> bytes:
        return _as_script(self.search.far())

    def _home(self, page: Page, edition: Edition) -> dict[str, Any]:
        catalogue = self.hub.catalogue
        return {
            "situations": [
                (situation, [m for m in catalogue.messages.values() if m.situation == situation.id])
                for situation in catalogue.situations.values()
            ]
        }

    def _paper(self, page: Page, edition: Edition) -> dict[str, Any]:
        """Return what a sheet, cards or the picture show, on the page and in the file drawn from it."""
        country = page.country
        start = f"/{edition.language.tag}/" + (f"countries/{country.slug}/" if country else "")
        editions = [edition, *([self.hub.editions[page.second]] if page.second else [])]
        seconds = self.site.seconds(edition.language.tag, country) if country else ()
        live = start.split("/", 2)[2]
        return {
            "start": start,
            "where": edition.country_name(country.code) if country else edition.t("hub.name"),
            "papers": editions,
            "seconds": [self.hub.languages[tag] for tag in seconds] if page.template == "sheet.html" else [],
            "situations": [self._halves(each, country) for each in editions],
            "detailed": DETAILED,
            "headed": HEADED,
            "pdf": page.address + PAPERS.get(page.template, ""),
            "pdf_name": file_name(edition, self.hub.made, country, _ending(page)),
            "address": lambda tag: f"{self.hub.settings.url}/{tag}/{live}",
            "made": self.hub.made,
            "again": self.hub.again,
            "qr": code,
            "drawn": self.drawn,
            "paper_style": self.paper_style,
        }

    def _halves(self, edition: Edition, country: Country | None) -> tuple[list, list]:
        """Return the rules by situation for the two columns of a sheet."""
        groups = self._situations(edition, country)
        return (
            [(each, rules) for each, rules in groups if each.id in FIRST_COLUMN],
            [(each, rules) for each, rules in groups if each.id not in FIRST_COLUMN],
        )

    def _situations(self, edition: Edition, country: Country | None) -> list[tuple[Situation, list[Rule]]]:
        """Return the rules by situation, as they stand for a country, or for all."""
        catalogue = self.hub.catalogue
        rules = edition.rules(country) if country else tuple(map(Rule, catalogue.messages.values()))
        return [
            (situation, [rule for rule in rules if rule.message.situation == situation.id])
            for situation in catalogue.situations.values()
        ]

    def _pack(self, page: Page, edition: Edition) -> dict[str, Any]:
        catalogue = self.hub.catalogue
        general = (
            link for link in catalogue.public_links if catalogue.countries.keys().isdisjoint(link.countries)
        )
        return {
            "situations": self._situations(edition, page.country),
            "countries": (*edition.countries_here, *edition.countries_elsewhere),
            "groups_of": partial(self._groups_of, edition),
            "general": () if page.country else edition.in_reading_order(general),
            "qr": code,
            "content_licence": CONTENT_LICENCE,
            "code_licence": CODE_LICENCE,
        }

    def _groups_of(self, edition: Edition, country: Country) -> list[tuple[Markup, tuple[Link, ...]]]:
        """Return a country's links in groups, each with its heading."""
        t = edition.texts
        headings = {
            "survivors": t("country.survivors"),
            "own": t("country.material-own", language=edition.language_name(edition.language.tag)),
            "spoken": t("country.material-spoken"),
            "others": t("country.material-others"),
        }
        return [(headings[name], links) for name, links in edition.material_of(country).items() if links]

    def _offer(self, edition: Edition, country: Country | None = None) -> Offer:
        """Return what a link to a pack says, its size to within a kilobyte.

        To know it the pack is made, but with a code drawn before: drawing one takes longer than all the rest.
        """
        page = pack(edition.language.tag, country)
        if page.address not in self._sizes:
            drawn = code(f"{self.hub.settings.url}/")
            gathered = self._pack(page, edition) | {"qr": lambda address: drawn}
            self._sizes[page.address] = len(self._render(page, edition, **gathered).encode())
        return Offer(page.address, file_name(edition, self.hub.made, country), self._sizes[page.address])

    def _share(self, page: Page, edition: Edition) -> dict[str, Any]:
        brief, longer = sms.short(edition), sms.long(edition)
        texts = [("share.text-one", brief), ("share.text-two", longer)]
        if longer and longer.segments == 1:
            texts = [("share.text-one", longer)]
        return {
            "pack": self._offer(edition),
            "texts": [(heading, text) for heading, text in texts if text],
            "live": f"{self.hub.settings.url}/{edition.language.tag}/",
            "made": self.hub.made,
            "file_name": partial(file_name, edition, self.hub.made),
            "qr": code,
        }

    def _country(self, page: Page, edition: Edition) -> dict[str, Any]:
        assert page.country is not None
        return {
            "pack": self._offer(edition, page.country),
            "text": sms.long(edition, page.country),
            "material": edition.material_of(page.country, PART),
            "spoken": self._spoken(page),
            "topics": [(each, self.name(each, edition)) for each in self.site.topics_of(page.country)],
            "whole": self.site.whole(page.country),
        }

    def _facet(self, page: Page, edition: Edition) -> dict[str, Any]:
        assert page.selection is not None
        links = self._ordered(page.selection, edition)
        return {
            "links": links[(page.part - 1) * PART : page.part * PART],
            "heading": self.heading(page.selection, edition),
            "narrower": self._narrower(page.selection, edition),
            "wider": self._wider(page.selection, edition),
        }

    def _narrower(self, selection: Selection, edition: Edition) -> list[tuple[Selection, Any]]:
        """Return the crossings to offer on a selection's page, with their names.

        A topic offers those of this language and of the countries where it is spoken first, then the largest.
        """
        narrower = self.site.narrower(selection)
        if selection.kind in ("language", "country"):
            return [(each, self.name(each, edition)) for each in narrower]
        here = [edition.language.tag.lower(), *(country.slug for country in edition.countries_here)]
        first = sorted(
            ((each, each.within) for each in narrower if each.within),
            key=lambda pair: (pair[1].id != here[0], pair[1].id not in here, -len(pair[0].links)),
        )
        return [(each, self.name(within, edition)) for each, within in first[:OFFERED]]

    def _wider(self, selection: Selection, edition: Edition) -> list[tuple[str, Any]]:
        """Return where a selection about a country or in a language leads back to: addresses without language, and names."""
        within = selection.within or selection
        wider = []
        if within.kind == "country":
            name = self.name(within, edition)
            wider.append((f"countries/{within.id}/", edition.texts("country.title", country=name)))
        elif selection.within:
            wider.append((within.twin, self.heading(within, edition)))
        if selection.within:
            topic = self.site.selections[selection.id]
            wider.append((topic.twin, self.name(topic, edition)))
        return wider

    def _coverage(self, page: Page, edition: Edition) -> dict[str, Any]:
        by_country = {
            code: list(rows) for code, rows in groupby(self._rows, key=lambda row: row.country.code)
        }
        return {"rows": by_country, "sums": sums(self._rows), "total": len(self._rows)}

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return coverage(self.hub.catalogue)

    def _materials(self, page: Page, edition: Edition) -> dict[str, Any]:
        return {"groups": self._groups(edition)}

    def _status(self, page: Page, edition: Edition) -> dict[str, Any]:
        """Return every official page by publisher, each with its state, the day it was asked and what is shown instead."""
        health, catalogue = self.hub.health, self.hub.catalogue
        groups: dict[str, list[tuple[OfficialPage, str | None, date | None, OfficialPage | None]]] = {}
        states: Counter[str] = Counter()
        days = set()
        for each in self.hub.listed.official_pages.values():
            last = health.last(each.id, each.url)
            state = health.state(each.id, each.url)
            states[state] += 1
            if last:
                days.add(last.day)
            link = catalogue.stand_ins.get(each.id)
            instead = catalogue.page_of(link) if link else None
            row = (each, state, last.day if last else None, instead)
            groups.setdefault(each.publisher.id, []).append(row)
        return {
            "groups": list(groups.items()),
            "reaches": [(each, reach(each, self.hub.negotiation)) for each in edition.countries],
            "sums": {state: states[state] for state in STATES if states[state]},
            "last": max(days, default=None),
            "changes": changes(self.hub)[:MOST_SHOWN],
            "feed": FEED,
        }

    def _about(self, page: Page, edition: Edition) -> dict[str, Any]:
        return {"code_licence": CODE_LICENCE, "content_licence": CONTENT_LICENCE}

    def _ordered(self, selection: Selection, edition: Edition) -> tuple[Link, ...]:
        """Return a selection's links in one language's reading order, sorted once for all its parts."""
        key = (selection.twin, edition.language.tag)
        if key not in self._orders:
            within = selection.within or selection
            country = self.hub.catalogue.countries[within.id.upper()] if within.kind == "country" else None
            spoken = country.languages if country else ()
            self._orders[key] = edition.in_reading_order(selection.links, spoken)
        return self._orders[key]

    def name(self, selection: Selection, edition: Edition) -> Any:
        """Return what a selection is of, in one language: the name of a topic, a country, a language..."""
        if selection.kind == "country":
            return edition.country_name(selection.id.upper())
        if selection.kind == "language":
            return edition.language_name(self.site.language_of(selection))
        return edition.texts(f"{selection.kind}.{selection.id}")

    def heading(self, selection: Selection, edition: Edition) -> Markup:
        """Return the heading of a selection in one language."""
        name = self.name(selection, edition)
        if selection.within:
            return edition.texts("materials.crossed", topic=name, name=self.name(selection.within, edition))
        if selection.kind == "country":
            return edition.texts("materials.crossed", topic=edition.texts("materials.title"), name=name)
        if selection.kind == "language":
            return edition.texts("materials.in-language", language=name)
        return Markup(name)

    def _groups(self, edition: Edition) -> list[tuple[str, list[tuple[Any, Any]]]]:
        groups: dict[str, list[tuple[Any, Any]]] = {}
        for selection in self.site.selections.values():
            groups.setdefault(selection.kind, []).append((selection, self.name(selection, edition)))
        return list(groups.items())

    def _spoken(self, page: Page) -> tuple[list[Language], list[str]]:
        country = page.country
        assert country is not None
        here = [self.hub.languages[tag] for tag in country.languages if tag in self.hub.languages]
        return here, [tag for tag in country.languages if tag not in self.hub.languages]


def _as_script(lines: str) -> bytes:
    """Return lines as the script that hands them to the search script: unlike a fetch, it runs from a memory card too."""
    return f"hubLines({json.dumps(lines, ensure_ascii=False)})\n".encode()


def _ending(page: Page) -> str:
    """Return how the saved PDF of a page to print is called at its end, so that no two have one name."""
    return f"{page.second}.pdf" if page.second else PAPERS.get(page.template, "png")


def add_pages(app: Flask, pages: Callable[[], Pages]) -> None:
    """Give `app` its routes and its answers to errors; `pages` returns the pages as they stand now."""
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    @app.get("/", defaults={"address": ""})
    @app.get("/<path:address>")
    def page(address: str) -> Response:
        now = pages()
        if resource := now.resources.get(f"/{address}"):
            answer = Response(
                resource.make(), mimetype=resource.media, headers={"Cache-Control": resource.cache}
            )
            answer.vary.add("Accept-Encoding")
            if resource.language:
                answer.headers["Content-Language"] = resource.language
            return answer
        found = now.site.pages.get(f"/{address}")
        if found is None:
            if meant := now.site.canonical(f"/{address}"):
                return Response(status=308, headers={"Location": meant, "Cache-Control": PAGE_CACHE})
            return problem(404)
        accept = request.headers.get("Accept-Language", "")
        if found.template == "search.html" and (query := request.args.get("q", "").strip()):
            answer = Response(
                now.answer(found, query), mimetype="text/html", headers={"Cache-Control": ANSWER_CACHE}
            )
            answer.headers["Content-Language"] = found.language
            answer.vary.add("Accept-Encoding")
            return answer
        answer = Response(
            now.page(found, accept), mimetype="text/html", headers={"Cache-Control": PAGE_CACHE}
        )
        answer.vary.add("Accept-Encoding")
        if found.language is None:
            answer.vary.add("Accept-Language")
        else:
            answer.headers["Content-Language"] = found.language
        return answer

    def problem(status: int) -> Response:
        now = pages()
        edition = now.edition_for(request.path, request.headers.get("Accept-Language", ""))
        answer = Response(now.problem(status, edition), status, mimetype="text/html")
        answer.headers["Cache-Control"] = ERROR_CACHE
        answer.headers["Content-Language"] = edition.language.tag
        answer.vary.update(("Accept-Encoding", "Accept-Language"))
        return answer

    @app.errorhandler(HTTPException)
    def refused(fault: HTTPException) -> Response:
        answer = problem(fault.code or 500)
        for name, value in fault.get_headers():
            if name == "Allow":
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def broken(fault: Exception) -> Response:
        log.error("a page could not be made", exc_info=fault)
        return problem(500)

    @app.after_request
    def secure(answer: Response) -> Response:
        answer.headers.update(pages().headers)
        return answer
