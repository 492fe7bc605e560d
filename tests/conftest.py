"""What the tests share: the real hub, `get` that checks every page it fetches, and a browser that reads as a person does."""

import gzip
import importlib.resources
import os
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
import tinyhtml5.parser
from local import BROWSER, chromium_program, served
from playwright.sync_api import Browser, sync_playwright
from werkzeug.test import Client
from werkzeug.wrappers import Response

from app import create_app
from app.delivery import Delivery
from app.hub import CONTENT, TRANSLATIONS, Hub, open_hub
from app.settings import Settings

os.environ["HUB_SHEETS"] = ""  # no command of a test draws hundreds of sheets, or offers those of this copy
LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "audio": "src",
    "video": "src",
    "source": "src",
    "object": "data",
    "embed": "src",
    "form": "action",
}


# The short message, whole: it is never shown in part.
SHORT = (
    "short.stop",
    "short.do-not-touch",
    "short.keep-away",
    "short.tell",
    "still.question",
    "still.answer",
)


@dataclass
class Read:
    """A page as a test has read it: the answer, its HTML and what stands in it."""

    answer: Response
    html: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub(r"[ \t\n]+", " ", " ".join(self.words)).strip()

    @property
    def links(self) -> list[str]:
        return [
            attributes["href"] for tag, attributes in self.elements if tag == "a" and "href" in attributes
        ]

    @property
    def root(self) -> dict[str, str]:
        return next(attributes for tag, attributes in self.elements if tag == "html")


class _Reading(HTMLParser):
    def __init__(self, page: Read):
        super().__init__()
        self.page = page
        self.hidden = 0

    def handle_starttag(self, tag, attrs):
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.hidden:
            self.page.words.append(data)


def make_delivery(hub: Hub) -> Delivery:
    app = create_app(hub=hub)
    return Delivery(app.wsgi_app, app.extensions["hub"]())


@pytest.fixture(scope="session")
def hub() -> Hub:
    return open_hub(Settings())


@pytest.fixture(scope="session")
def delivery(hub: Hub) -> Delivery:
    return make_delivery(hub)


@pytest.fixture(scope="session")
def site(delivery: Delivery):
    return delivery.pages.site


@pytest.fixture(scope="session")
def get(delivery: Delivery) -> Callable[..., Read]:
    """Fetch an address and check the page as every page must be."""
    return Getter(delivery)


class Getter:
    def __init__(self, delivery: Delivery):
        self.delivery = delivery
        self.client = Client(delivery)
        self.site = delivery.pages.site

    def __call__(self, address: str, status: int = 200, **headers: str) -> Read:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.get(address, headers=named)
        assert answer.status_code == status, f"{address} answers {answer.status}"
        body = answer.get_data()
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(
            answer.headers.get("Content-Encoding", "")
        )
        page = Read(answer, (unpack(body) if unpack else body).decode())
        if answer.mimetype == "text/html" and page.html:
            reading = _Reading(page)
            reading.feed(page.html)
            reading.close()
            self.check(address, page)
        return page

    def check(self, address: str, page: Read) -> None:
        parser = tinyhtml5.parser.HTMLParser()
        parser.parse(page.html)
        assert not parser.errors, f"{address} is not valid HTML: {parser.errors[:3]}"
        hub = self.delivery.pages.hub
        language = hub.languages[page.root["lang"]]
        assert page.root["dir"] == language.direction, f"{address} reads in the wrong direction"
        first = address.split("/")[1]
        if first in hub.languages:
            assert language.tag == first, f"{address} is in {language.tag}"
        for header in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"):
            assert header in page.answer.headers, f"{address} lacks {header}"
        assert "Set-Cookie" not in page.answer.headers
        tags = Counter(tag for tag, _ in page.elements)
        assert tags["h1"] == 1, f"{address} has {tags['h1']} h1"
        assert tags["title"] == 1
        assert tags["main"] == 1
        ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
        assert not [name for name, times in ids.items() if times > 1], f"{address} repeats ids"
        self.check_links(address, page, set(ids))
        if address in self.delivery.pages.resources:
            self.check_stands_alone(address, page)
        else:
            self.check_language_menu(address, page)
        for tag, attributes in page.elements:
            assert "style" not in attributes, f"{address} has an inline style, which the policy forbids"
            assert not [name for name in attributes if name.startswith("on")], (
                f"{address} has an inline handler"
            )
            if tag in LOADING:
                outside = urlsplit(attributes.get(LOADING[tag], "")).netloc
                assert not outside, f"{address} loads {outside}"

    def check_links(self, address: str, page: Read, ids: set[str]) -> None:
        for tag, attributes in page.elements:
            target = attributes.get("href")
            if target is None:
                continue
            if target.startswith("#"):
                assert target[1:] in ids, f"{address} leads to {target}, which is not on it"
            elif target.startswith("/"):
                known = target in self.site.pages or target in self.delivery.pages.resources
                assert known, f"{address} leads to {target}, which does not exist"
            elif tag == "link":
                assert attributes["rel"] == "canonical", f"{address} loads {target}"
            elif target.startswith(f"{self.delivery.pages.hub.settings.url}/"):
                there = target.removeprefix(self.delivery.pages.hub.settings.url)
                assert there in self.site.pages, f"{address} leads to {target}, which does not exist"
            elif target.startswith(("https://", "http://")):
                assert "noreferrer" in attributes.get("rel", ""), (
                    f"{address} tells {target} where the reader was"
                )
            else:
                assert target.startswith(("tel:", "sms:", "mailto:")), f"{address} has an odd link {target}"

    def check_stands_alone(self, address: str, page: Read) -> None:
        """A page that is sent as a file needs no other file, and none of its links leads into the folder it lies in."""
        for tag, attributes in page.elements:
            assert tag not in ("script", "link", "img", "form"), (
                f"{address} has <{tag}>, which a file cannot use"
            )
            target = attributes.get("href", "#")
            assert target.startswith(("#", "tel:", "http://", "https://")), f"{address} leads to {target}"

    def check_language_menu(self, address: str, page: Read) -> None:
        hub = self.delivery.pages.hub
        here = self.site.pages.get(address.partition("?")[0])
        twin = here.twin if here else ""
        for tag in hub.languages:
            if tag != page.root["lang"]:
                assert f"/{tag}/{twin}" in page.links, f"{address} has no link to itself in {tag}"


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, run through `evaluate` because the pages allow no script of a stranger."""
    return (
        importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    )


@pytest.fixture(scope="session")
def address(delivery: Delivery) -> Iterator[str]:
    """The address of a running server."""
    with served(delivery) as origin:
        yield origin


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = chromium_program()
    assert found, "Chromium is not installed; tests/needs.sh installs it on Debian"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(BROWSER))
        yield browser
        browser.close()


class Copy:
    """A copy of the content and translations that a test may damage."""

    def __init__(self, folder: Path):
        self.content = folder / "content"
        self.translations = folder / "translations"
        shutil.copytree(CONTENT, self.content)
        shutil.copytree(TRANSLATIONS, self.translations)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.content / file if (self.content / file).exists() else self.translations / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r} to damage"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, file: str, more: str) -> None:
        with (self.content / file).open("a", encoding="utf-8") as handle:
            handle.write(more)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))
