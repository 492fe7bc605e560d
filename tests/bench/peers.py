"""Peers: the same pages as other applications make them, each a factory for the server that also runs the hub."""

import os
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, abort, render_template

from app import create_app
from app.catalogue import Country, Link
from app.hub import ROOT, Hub, open_hub
from app.settings import load_settings

PART = Path(__file__).parent / "stock"


def rendering() -> Flask:
    """Return the hub without its delivery: Flask renders the page for every request."""
    app = create_app()
    app.extensions["hub"]()
    return app


def stock() -> Flask:
    """Return the hub's home and country pages as an ordinary Flask-Babel application makes them, each time anew."""
    return stock_of(open_hub(load_settings()), Path(os.environ["BENCH_FOLDER"]))


def stock_of(hub: Hub, folder: Path) -> Flask:
    """Return the Flask-Babel application over the records of `hub`; its compiled catalogues go to `folder`."""
    from flask_babel import Babel, format_date, get_locale, gettext

    catalogues = folder / "stock"
    _compile_catalogues(hub, catalogues)
    app = Flask("stock", static_folder=None, template_folder=str(PART))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(catalogues)
    Babel(app, locale_selector=_locale_of_address)
    catalogue = hub.catalogue
    style = (ROOT / "templates" / "style.css").read_text(encoding="utf-8")
    english = {name: each.text for name, each in hub.source.items()}

    def country_name(code: str) -> str:
        return get_locale().territories.get(code, code)

    def language_names(tags: Iterable[str]) -> str:
        return ", ".join(get_locale().languages.get(tag.replace("-", "_"), tag) for tag in tags)

    def day(when: str) -> str:
        parts = [int(part) for part in when.split("-")]
        if len(parts) == 1:
            return when
        return format_date(date(*[*parts, 1][:3]), "MMMM y" if len(parts) == 2 else "long")

    def order(links: Iterable[Link], tag: str) -> list[Link]:
        return sorted(links, key=lambda link: (tag not in link.languages, bool(link.countries), link.id))

    def shared(tag: str, twin: str) -> dict[str, Any]:
        here = [c for c in catalogue.countries.values() if tag in c.languages]
        return {
            "tag": tag,
            "twin": twin,
            "language": catalogue.languages[tag],
            "languages": hub.languages,
            "here": sorted(here, key=lambda country: country_name(country.code)),
            "catalogue": catalogue,
            "url": hub.settings.url,
            "style": style,
            "english": english,
            "say": lambda name, **values: gettext(english[name]).format(**values),
            "country_name": country_name,
            "language_names": language_names,
            "day": day,
        }

    @app.get("/<tag>/")
    def home(tag: str) -> str:
        if tag not in hub.languages:
            abort(404)
        situations = [
            (each, [m for m in catalogue.messages.values() if m.situation == each.id])
            for each in catalogue.situations.values()
        ]
        return render_template("home.html", situations=situations, **shared(tag, ""))

    @app.get("/<tag>/countries/<code>/")
    def country(tag: str, code: str) -> str:
        found: Country | None = catalogue.countries.get(code.upper())
        if tag not in hub.languages or found is None:
            abort(404)
        links = order((link for link in catalogue.public_links if found.code in link.countries), tag)
        return render_template(
            "country.html",
            country=found,
            links=links,
            worldwide=[catalogue.links[name] for name in catalogue.worldwide],
            **shared(tag, f"countries/{code}/"),
        )

    return app


def _locale_of_address() -> str:
    from flask import request

    return str((request.view_args or {}).get("tag", "en")).replace("-", "_")


def _compile_catalogues(hub: Hub, folder: Path) -> None:
    """Write a .mo file a language, keyed by the English text as Flask-Babel's users do."""
    for tag, texts in hub.texts.items():
        catalog = Catalog(locale=texts.language.cldr)
        for name, source in hub.source.items():
            if name in texts.forms:
                catalog.add(source.text, texts.forms[name][0])
        path = folder / tag.replace("-", "_") / "LC_MESSAGES" / "messages.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = BytesIO()
        write_mo(body, catalog)
        path.write_bytes(body.getvalue())


def django() -> WSGIApplication:
    """Return Django with the middleware order of its own documentation, its cache holding the hub's finished pages.

    Its views hand over the exported HTML, so that nothing but Django's way to a cached page is measured.
    """
    return django_over(Path(os.environ["BENCH_EXPORT"]))


def django_over(exported: Path) -> WSGIApplication:
    """Return the Django application over an exported hub."""
    from django.conf import settings

    middleware = (
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    )
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        SECRET_KEY="for a measurement on this machine",
        USE_I18N=True,
        LANGUAGES=[("en", "English"), ("ar", "العربية")],
        LANGUAGE_CODE="en",
        MIDDLEWARE=middleware,
        ROOT_URLCONF="tests.bench.django_urls",
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        CACHE_MIDDLEWARE_SECONDS=3600,
        LOGGING_CONFIG=None,
        BENCH_EXPORT=exported,
    )
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()
