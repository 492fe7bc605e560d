"""Pages: Flask's routes, each answering one page of the site's list, and the helpful answers when there is none."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, request
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from app.catalogue import Link
from app.editions import Edition
from app.headers import ERROR_CACHE, PAGE_CACHE, security_headers
from app.hub import Hub
from app.languages import Language
from app.site import CHOOSER, PART, Page, Selection, Site

CODE_LICENCE = "Apache 2.0"
CONTENT_LICENCE = "CC BY 4.0"
ICON_LINES = 'fill="none" stroke="#8a3800" color="#8a3800" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"'
FILES = {"/sitemap.xml": "application/xml", "/robots.txt": "text/plain", "/icon.svg": "image/svg+xml"}
log = logging.getLogger("hub")


def _as_it_is(page: Page, target: str) -> str:
    return target


class Pages:
    """Renders the pages of one hub; `link` turns an address of the site into what a link on a page holds."""

    def __init__(self, app: Flask, hub: Hub, link: Callable[[Page, str], str] = _as_it_is):
        self.hub = hub
        self.link = link
        self.site = Site(hub)
        self.env = app.jinja_env
        self._orders: dict[tuple[str, str], tuple[Link, ...]] = {}
        self.style = self._asset("style.css")
        self.script = self._asset("countries.js")
        self.headers = security_headers([self.style], [self.script], hub.settings.hsts)

    def _asset(self, name: str) -> Markup:
        source, _, _ = self.env.loader.get_source(self.env, name)  # type: ignore[union-attr]
        return Markup(
            "".join(line.strip() for line in source.splitlines() if not line.strip().startswith(("/*", "//")))
        )

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

    def files(self) -> dict[str, str]:
        """Return the files of the site that are not pages, by address: sitemap, robots.txt and icon."""
        url = self.hub.settings.url
        by_twin: dict[str, list[Page]] = {}
        for page in self.site.pages.values():
            by_twin.setdefault(page.twin if page.language else CHOOSER, []).append(page)
        return {
            "/sitemap.xml": self.env.get_template("sitemap.xml").render(by_twin=by_twin, url=url),
            "/robots.txt": f"User-agent: *\nAllow: /\nSitemap: {url}/sitemap.xml\n",
            "/icon.svg": self.hub.catalogue.pictograms["mark"].replace("<svg ", f"<svg {ICON_LINES} ", 1),
        }

    def edition_for(self, address: str, accept_language: str) -> Edition:
        """Return the edition in which to answer an address that is no page: the address's language, or the reader's."""
        first = address.lstrip("/").split("/")[0]
        meant = self.hub.negotiation.best(first) if first else None
        wanted = meant or next(iter(self.hub.negotiation.wanted(accept_language)), None)
        return self.hub.editions[wanted.tag] if wanted else self.hub.default

    def _render(self, page: Page, edition: Edition, **particulars: Any) -> str:
        template = self.env.get_template(page.template)
        return template.render(
            t=edition.texts,
            page=page,
            edition=edition,
            language=edition.language,
            hub=self.hub,
            site=self.site,
            href=partial(self.link, page),
            style=self.style,
            picture=self.picture,
            **particulars,
        )

    def picture(self, name: str) -> Markup:
        """Return a pictogram as inline SVG, hidden from screen readers: words always stand beside it."""
        drawing = self.hub.catalogue.pictograms[name].replace(' xmlns="http://www.w3.org/2000/svg"', "")
        return Markup(drawing.replace("<svg ", '<svg aria-hidden="true" ', 1))

    def _chooser(self, page: Page, accept_language: str) -> str:
        first = [language.tag for language in self.hub.negotiation.wanted(accept_language)]
        order = [*first, *(tag for tag in self.hub.languages if tag not in first)]
        editions = [self.hub.editions[tag] for tag in order]
        return self._render(page, editions[0] if first else self.hub.default, editions=editions)

    def _particulars(self, page: Page) -> dict[str, Any]:
        edition = self.hub.editions[page.language or ""]
        if page.template == "home.html":
            catalogue = self.hub.catalogue
            return {
                "situations": [
                    (situation, [m for m in catalogue.messages.values() if m.situation == situation.id])
                    for situation in catalogue.situations.values()
                ]
            }
        if page.country:
            return {"material": edition.material_of(page.country), "spoken": self._spoken(page)}
        if page.selection:
            links = self._ordered(page.selection, edition)
            return {
                "links": links[(page.part - 1) * PART : page.part * PART],
                "heading": self.heading(page.selection, edition),
            }
        if page.template == "materials.html":
            return {"groups": self._groups(edition)}
        if page.template == "countries.html":
            return {"script": self.script}
        if page.template == "about.html":
            return {"code_licence": CODE_LICENCE, "content_licence": CONTENT_LICENCE}
        return {}

    def _ordered(self, selection: Selection, edition: Edition) -> tuple[Link, ...]:
        """Return a selection's links in one language's reading order, sorted once for all its parts."""
        key = (selection.id, edition.language.tag)
        if key not in self._orders:
            self._orders[key] = edition.in_reading_order(selection.links)
        return self._orders[key]

    def heading(self, selection: Selection, edition: Edition) -> Markup:
        """Return the name of a selection in one language."""
        if selection.kind == "language":
            return edition.texts(
                "materials.in-language", language=edition.language_name(self.site.language_of(selection))
            )
        return edition.texts(f"{selection.kind}.{selection.id}")

    def _groups(self, edition: Edition) -> list[tuple[str, list[tuple[Any, Any]]]]:
        groups: dict[str, list[tuple[Any, Any]]] = {}
        for selection in self.site.selections.values():
            if selection.kind == "language":
                name: Any = edition.language_name(self.site.language_of(selection))
            else:
                name = self.heading(selection, edition)
            groups.setdefault(selection.kind, []).append((selection, name))
        return list(groups.items())

    def _spoken(self, page: Page) -> tuple[list[Language], list[str]]:
        country = page.country
        assert country is not None
        here = [self.hub.languages[tag] for tag in country.languages if tag in self.hub.languages]
        return here, [tag for tag in country.languages if tag not in self.hub.languages]


def add_pages(app: Flask, pages: Callable[[], Pages]) -> None:
    """Give `app` its routes and its answers to errors; `pages` returns the pages as they stand now."""
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    @app.get("/<any('sitemap.xml', 'robots.txt', 'icon.svg'):name>")
    def file(name: str) -> Response:
        body = pages().files()[f"/{name}"]
        return Response(body, mimetype=FILES[f"/{name}"], headers={"Cache-Control": PAGE_CACHE})

    @app.get("/", defaults={"address": ""})
    @app.get("/<path:address>")
    def page(address: str) -> Response:
        now = pages()
        found = now.site.pages.get(f"/{address}")
        if found is None:
            if meant := now.site.canonical(f"/{address}"):
                return Response(status=308, headers={"Location": meant, "Cache-Control": PAGE_CACHE})
            return problem(404)
        accept = request.headers.get("Accept-Language", "")
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
