"""Where official pages are missing: the table equals a count made by other means, and anybody can read it."""

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import brotli
import pytest
from conftest import CONTENT, Getter, make_delivery, toml
from test_browser import RULES
from test_delivery import REFERENCE_BUDGET, raw

from app.folding import fold
from app.hub import open_hub
from app.settings import Settings, Withdrawn


def counted(without=()):
    """What each language of each country has, counted from the files link by link."""
    about, worldwide, countries = defaultdict(Counter), set(), set()
    for path in sorted((CONTENT / "links").glob("*.toml")):
        for link in toml(path)["link"]:
            if link["technique"] != "none" or link["id"] in without:
                continue
            for code in link.get("countries", []):
                countries.add(code)
                about[code].update(link["languages"])
            if not link.get("countries"):
                worldwide.update(link["languages"])
    found = {}
    for country in toml(CONTENT / "countries.toml")["country"]:
        for tag in country["languages"]:
            n = about[country["code"]][tag]
            if n:
                kind = "own"
            elif tag in worldwide:
                kind = "general"
            else:
                kind = "other" if country["code"] in countries else "none"
            found[country["code"], tag] = (kind, n)
    return found


class Table(HTMLParser):
    """The table of a page: its groups, each with its heading and its rows of heading and cell."""

    def __init__(self, html):
        super().__init__()
        self.groups, self.words, self.inside, self.scope = [], None, False, ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "table" or (self.inside and tag != "footer")
        if self.inside and tag in ("th", "td"):
            self.scope, self.words = dict(attrs).get("scope", ""), []

    def handle_data(self, data):
        if self.words is not None:
            self.words.append(data)

    def handle_endtag(self, tag):
        if tag not in ("th", "td") or self.words is None:
            return
        text, self.words = "".join(self.words).strip(), None
        if self.scope == "rowgroup":
            self.groups.append((text, []))
        elif self.scope == "row":
            self.groups[-1][1].append([text])
        elif tag == "td":
            self.groups[-1][1][-1].append(text)


def cell(texts, kind, n):
    return str(texts.count("coverage.own", n)) if kind == "own" else texts.forms[f"coverage.{kind}"][0]


@pytest.mark.parametrize("tag", ["en", "ar", "fr", "uk", "my"])
def test_the_table_says_what_one_counts_in_the_registers(get, hub, tag):
    edition, texts = hub.editions[tag], hub.texts[tag]
    shown = Table(get(f"/{tag}/coverage/").html).groups
    expected = defaultdict(list)
    for (code, language), (kind, n) in counted().items():
        name = edition.language_name(language)
        expected[edition.country_name(code)].append([getattr(name, "text", name), cell(texts, kind, n)])
    assert {
        country: [[name, words.split(" ", 1)[1]] for name, words in rows] for country, rows in shown
    } == expected
    assert [country for country, _ in shown] == sorted(expected, key=fold)
    signs = defaultdict(set)
    for _, rows in shown:
        for _, words in rows:
            sign, words = words.split(" ", 1)
            kind = next((k for k in ("general", "other", "none") if words == cell(texts, k, 0)), "own")
            signs[kind].add(sign)
    assert sorted(map(len, signs.values())) == [1] * len(signs), "one sign for each kind"
    assert len(set.union(*signs.values())) == len(signs), "another sign for another kind"


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_the_sums_are_the_sums_of_the_table(get, hub, tag):
    language, texts = hub.languages[tag], hub.texts[tag]
    sums = Counter(kind for kind, _ in counted().values())
    text = get(f"/{tag}/coverage/").text
    total = language.number(sums.total())
    assert str(texts("coverage.sum-own", n=language.number(sums["own"]), total=total)) in text
    for kind in ("general", "other", "none"):
        assert str(texts(f"coverage.sum-{kind}", n=language.number(sums[kind]))) in text


def test_the_open_data_hold_the_same_figures(get):
    expected = counted()
    file = json.loads(get("/data/coverage.json").html)
    assert {
        (row["country"], row["language"]): (row["found"], row["pages"]) for row in file["coverage"]
    } == expected
    assert file["sums"] == Counter(kind for kind, _ in expected.values())
    rows = list(csv.DictReader(io.StringIO(get("/data/coverage.csv").html)))
    assert {(r["country"], r["language"]): (r["found"], int(r["pages"])) for r in rows} == expected


def test_a_link_that_is_not_shown_does_not_count():
    only = [
        link["id"]
        for path in (CONTENT / "links").glob("*.toml")
        for link in toml(path)["link"]
        if "SY" in link.get("countries", []) and "ar" in link["languages"]
    ]
    assert only
    hub = open_hub(Settings(withdrawn=Withdrawn(links=tuple(only))))
    expected = counted(without=only)
    file = json.loads(Getter(make_delivery(hub))("/data/coverage.json").html)
    assert {
        (row["country"], row["language"]): (row["found"], row["pages"]) for row in file["coverage"]
    } == expected
    assert expected["SY", "ar"] != counted()["SY", "ar"]


def test_it_covers_the_countries_of_this_copy_alone():
    get = Getter(make_delivery(open_hub(Settings(countries=("SY", "UA"), languages=("en",)))))
    groups = Table(get("/en/coverage/").html).groups
    assert [country for country, _ in groups] == ["Syria", "Ukraine"]


@pytest.mark.parametrize(
    ("contact", "href"), [("links@hub.example.org", "mailto:links@hub.example.org"), ("https://hub.example.org/@links", "https://hub.example.org/@links")]
)  # fmt: skip
def test_it_says_where_to_propose_a_page(hub, contact, href):
    own = replace(hub, settings=Settings(contact=contact))
    get = Getter(make_delivery(own))
    for tag in ("en", "ar"):
        for twin in ("coverage/", "about/"):
            page = get(f"/{tag}/{twin}")
            assert href in page.links
            assert contact in page.text


def test_where_nobody_is_named_it_says_whom_to_tell(get, hub):
    for tag in ("en", "ar", "my"):
        assert hub.texts[tag].forms["coverage.propose-unnamed"][0] in get(f"/{tag}/coverage/").text


def test_it_carries_the_day_of_the_count(hub):
    get = Getter(make_delivery(replace(hub, made=date(2027, 1, 31))))
    assert "31 January 2027" in get("/en/coverage/").text
    assert json.loads(get("/data/coverage.json").html)["made"] == "2027-01-31"


def test_it_fits_the_budget_in_every_language(delivery, hub):
    sizes = {
        tag: len(brotli.compress(raw(delivery, f"/{tag}/coverage/").data, quality=11))
        for tag in hub.languages
    }
    assert not {tag: size for tag, size in sizes.items() if size > REFERENCE_BUDGET}


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_pages_that_people_read_lead_to_it(get, tag):
    for twin in ("about/", "materials/"):
        assert f"/{tag}/coverage/" in get(f"/{tag}/{twin}").links


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_a_screen_reader_finds_a_table_with_its_headings(chromium, address, hub, tag):
    edition, texts = hub.editions[tag], hub.texts[tag]
    page = chromium.new_page(viewport={"width": 320, "height": 568})
    page.goto(f"{address}/{tag}/coverage/")
    table = page.get_by_role("table", name=texts.forms["coverage.title"][0])
    rows = len(counted()) + len(edition.countries) + 1
    assert table.get_by_role("row").count() == rows
    assert table.get_by_role("columnheader").all_inner_texts() == [
        texts.forms["coverage.language"][0],
        texts.forms["coverage.pages"][0],
    ]
    country = edition.country_name("SY")
    group = table.get_by_role("rowgroup").filter(has=page.get_by_role("link", name=country, exact=True))
    arabic = group.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name=edition.language_name("ar"))
    )
    kind, n = counted()["SY", "ar"]
    words = arabic.get_by_role("cell").aria_snapshot()
    assert cell(texts, kind, n) in words
    assert not set("●○□×") & set(words), "the signs are for the eye alone"
    group.get_by_role("link").click()
    assert page.url.endswith(f"/{tag}/countries/sy/")
    page.close()


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_axe_finds_nothing_and_nothing_overflows(chromium, address, axe, tag):
    for width, options in ((320, {"forced_colors": "active"}), (1280, {"color_scheme": "dark"})):
        page = chromium.new_page(viewport={"width": width, "height": 568}, **options)
        page.goto(f"{address}/{tag}/coverage/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(axe)
        found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
        small = page.evaluate(
            "[...document.querySelectorAll('main a')].filter(a => a.offsetHeight < 24).map(a => a.outerHTML)"
        )
        assert not small
        page.close()
