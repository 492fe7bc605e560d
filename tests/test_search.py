"""Searching: what people write finds what they mean, on a server and in a copy; whatever is written gets an answer."""

import functools
import http.server
import json
import re
import threading
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin

import brotli
import pytest
from conftest import Copy, Getter, make_delivery, toml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from app import create_app
from app.catalogue import PUBLIC_TECHNIQUE
from app.export import Linker, file_of
from app.folding import script_of
from app.hub import inspect, open_hub
from app.pages import Pages
from app.search import SHOWN, cleaned, words
from app.settings import Settings

TABLE = toml(Path(__file__).with_name("search_queries.toml"))["query"]
QUERIES = [(row["in"], asked, row["to"]) for row in TABLE for asked in row["asked"]]
INDEX = 25_000  # bytes, compressed, of what a copy loads to answer a search in one language
PAGE = 8_192


@pytest.fixture(scope="module")
def ask(get):
    def asking(query, tag="en"):
        page = get(f"/{tag}/search/?q={quote(query)}")
        page.found = _found(page.html)
        return page

    return asking


def _found(html):
    box = re.search(r'<section id="found".*?</section>', html, re.DOTALL)
    return [unescape(target) for target in re.findall(r'<a href="([^"]*)"', box[0])] if box else None


def test_the_table_covers_many_scripts():
    scripts = {script_of(letter) for _, asked, _ in QUERIES for letter in asked} - {"Zyyy", "Zzzz"}
    assert len(scripts) >= 8, scripts


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["to"])
def test_what_people_write_finds_first_what_they_mean(ask, row):
    wrong = {}
    for asked in row["asked"]:
        found = ask(asked, row["in"]).found
        if not found or found[0] != row["to"]:
            wrong[asked] = found and found[:3]
    assert not wrong


def test_every_country_and_place_is_found_by_each_of_its_names(delivery, hub):
    search = delivery.pages.search
    edition = hub.editions["en"]
    for entry in search.entries:
        if entry.country:
            for name in entry.names:
                found = search.find(name, edition).results
                assert any(result.entry is entry for result in found), (
                    f"{name} does not find {entry.country.code}"
                )


def test_every_publisher_and_title_finds_its_page(delivery, hub):
    search = delivery.pages.search
    edition = hub.editions["en"]
    for entry in search.entries:
        if entry.link and entry.link.own_title and len(words(entry.link.title)) > 2:
            found = search.find(entry.link.title, edition).results
            alike = {result.entry.link.title for result in found if result.entry.link}
            assert entry.link.title in alike, f"{entry.link.title} does not find {entry.link.id}"


def test_the_readers_language_comes_first(ask, hub):
    links = {link.url: link for link in hub.catalogue.public_links}
    for tag in hub.languages:
        own = [tag in links[url].languages for url in ask("UNICEF", tag).found if url in links]
        assert own == sorted(own, reverse=True), f"{tag} finds pages in other languages before its own"


def test_only_what_may_be_shown_is_found(delivery, hub):
    public = {link.url for link in hub.catalogue.public_links}
    hidden = [link for link in hub.catalogue.links.values() if link.technique != PUBLIC_TECHNIQUE]
    index = "".join(delivery.pages.search.near(edition) for edition in hub.editions.values())
    for link in hidden:
        found = delivery.pages.search.find(link.title, hub.editions["en"]).results
        assert {result.entry.link.url for result in found if result.entry.link} <= public
        assert link.url not in {line.split("\t")[0] for line in index.split("\n")}


def test_without_a_question_the_page_shows_the_form_and_the_ways_on(get, hub):
    for tag in hub.languages:
        page = get(f"/{tag}/search/")
        assert ("form", {"role": "search", "action": f"/{tag}/search/"}) in page.elements
        assert {f"/{tag}/countries/", f"/{tag}/materials/"} <= set(page.links)
        assert 'id="found"' not in page.html


@pytest.mark.parametrize("empty", ["", "%20%20", "%00%01", "%E2%80%8B", "%FF"])
def test_an_empty_question_is_none(get, empty):
    page = get(f"/en/search/?q={empty}")
    assert page.answer.status_code == 200
    assert not _found(page.html)


def test_with_no_hit_the_page_says_so_and_how_to_go_on(ask, hub):
    for tag, edition in hub.editions.items():
        page = ask("qqzzxxww", tag)
        assert page.found == []
        assert "qqzzxxww" in page.text
        assert str(edition.t("search.none-help")) in page.html
        assert {f"/{tag}/countries/", f"/{tag}/materials/"} <= set(page.links)


def test_at_most_twenty_are_shown_and_the_page_says_so(ask, hub):
    page = ask("mine")
    assert len(page.found) == SHOWN
    assert str(hub.editions["en"].t("search.best", n=SHOWN)) in page.html


def test_an_answer_is_kept_nowhere_and_not_indexed(delivery, ask, get):
    before = get("/en/search/").html
    held = dict(delivery._ready), len(delivery._errors)
    page = ask("Hajin")
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert ("meta", {"name": "robots", "content": "noindex"}) in page.elements
    assert not [e for tag, e in page.elements if tag == "link" and e.get("rel") == "canonical"]
    assert ask("Mosul").found == ["/en/countries/iq/"]
    assert get("/en/search/").html == before
    assert (dict(delivery._ready), len(delivery._errors)) == held


def test_other_parameters_change_nothing(get):
    assert get("/en/search/?x=1").html == get("/en/search/").html
    assert _found(get("/en/search/?x=1&q=Hajin&q=Mosul").html) == ["/en/countries/sy/"]


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
@pytest.mark.parametrize("asked", ["UNICEF", "mine", "ukraine", "ICRC", "قانون"])
def test_answers_stay_within_the_budget(get, tag, asked):
    for coding in ("br", "gzip"):
        answer = get(f"/{tag}/search/?q={quote(asked)}", Accept_Encoding=coding).answer
        assert len(answer.get_data()) <= PAGE


MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt;",
    "{{7*7}}",
    "' OR one=one --",
    '" NEAR "',
    "*",
    "a AND b",
]


@pytest.mark.parametrize("asked", MARKUP)
def test_markup_and_query_language_are_words_like_others(ask, asked):
    page = ask(asked)
    assert not [e for tag, e in page.elements if tag in ("img", "b") and "onerror" in e]
    assert [e["src"] for tag, e in page.elements if tag == "script"] == ["/hub.js"]
    assert [e["value"] for tag, e in page.elements if tag == "input"] == [cleaned(asked)]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=1, max_size=300))
def test_any_text_gets_an_answer(get, asked):
    page = get("/en/search/?q=" + quote(asked, errors="surrogatepass"))
    assert page.answer.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "a" * 100_000,
        "q=" + "%E1%80%9B" * 30_000,
        "q=%E1%80",
        "q=%",
        "&" * 50_000,
        "q=" + "%F0%9F%92%A3" * 999,
    ],
)
def test_long_and_broken_queries_get_an_answer(get, query):
    page = get("/my/search/?" + query)
    assert page.answer.status_code == 200
    assert len(page.html) < 60_000


def test_many_words_at_once_get_an_answer(ask):
    assert ask(" ".join(["landmines children Syria mine"] * 40)).answer.status_code == 200


def test_an_answer_says_none_of_the_words_that_are_never_said(ask, hub):
    for tag, each in hub.policy.words.items():
        if tag not in hub.languages:
            continue
        for named in each.words.values():
            asked = named[0].strip("*")
            page = ask(asked, tag)
            findings = hub.policy.page_findings(page.html, tag, hub.texts[tag])
            assert not findings, f"/{tag}/search/?q={asked} says {findings[0]}"


def test_a_long_question_is_not_repeated_as_if_it_were_ours(ask):
    page = ask("qzx " * 30)
    assert page.text.count("qzx") <= 12


def test_a_country_that_a_copy_leaves_out_is_not_found(copy: Copy):
    hub = open_hub(Settings(countries=("SY", "IQ")), copy.content, copy.translations)
    getter = Getter(make_delivery(hub))
    assert _found(getter("/en/search/?q=Hajin").html) == ["/en/countries/sy/"]
    assert _found(getter("/en/search/?q=Kharkiv").html)[:1] != ["/en/countries/ua/"]
    assert "countries/ua/" not in getter("/names.js").html


def test_a_damaged_place_names_its_file_and_mend(copy: Copy):
    copy.edit("places.toml", 'country = "SY"', 'country = "QQ"')
    copy.append(
        "places.toml", '\n[[place]]\nid = "x"\nnames = ["Hid\\u202eden"]\ncountry = "SY"\ngeonames = 1\n'
    )
    defects = inspect(Settings(), copy.content, copy.translations)[1]
    said = [str(defect) for defect in defects if defect.file == "content/places.toml"]
    assert any("'QQ'" in each and "countries.toml" in each for each in said)
    assert any("place x" in each for each in said)


# Copies without a server


def _write(pages: Pages, folder: Path) -> Path:
    hub = pages.hub
    pages_of = [
        f"/{tag}/{twin}"
        for tag in hub.languages
        for twin in ("", "search/", "countries/", "materials/", "countries/sy/")
    ]
    for address in pages_of:
        path = folder / file_of(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages.page(pages.site.pages[address]), encoding="utf-8")
    for address in ("/hub.js", "/names.js", "/icon.svg", *(f"/{tag}/search.js" for tag in hub.languages)):
        (folder / address[1:]).write_bytes(pages.resources[address].make())
    return folder


@pytest.fixture(scope="module")
def card(hub, tmp_path_factory):
    """A copy as on a memory card."""
    return _write(Pages(create_app(hub=hub), hub, Linker("relative")), tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def static(hub, tmp_path_factory):
    """The address of a copy below a path of a plain file server, which sends the hub's headers as its operator was told."""
    folder = tmp_path_factory.mktemp("static")
    pages = Pages(create_app(hub=hub), hub, Linker("/hub/"))
    _write(pages, folder / "hub")

    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            """Say nothing."""

        def end_headers(self):
            for name, value in pages.headers.items():
                self.send_header(name, value)
            super().end_headers()

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Files, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hub"
    server.shutdown()
    thread.join()
    server.server_close()


def _answer(page, address):
    page.goto(address)
    page.wait_for_selector("#answer:not([hidden])")
    return page.eval_on_selector_all("#answer a", "links => links.map(link => link.href)")


@pytest.mark.parametrize("row", [row for row in TABLE if row.get("copy", True)], ids=lambda row: row["to"])
def test_a_copy_finds_the_same_without_a_server(chromium, static, row):
    context = chromium.new_context()
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    wrong = {}
    for asked in row["asked"]:
        found = _answer(page, f"{static}/{row['in']}/search/?q={quote(asked)}")
        if not found or found[0] != static + row["to"]:
            wrong[asked] = found[:3]
    context.close()
    assert not faults
    assert not wrong


def test_a_copy_says_when_nothing_is_found_and_runs_nothing_of_the_reader(chromium, static, hub):
    context = chromium.new_context()
    page = context.new_page()
    asked = "<img src=x onerror=document.title='owned'>zzqq"
    assert _answer(page, f"{static}/en/search/?q={quote(asked)}") == []
    said = page.inner_text("#answer")
    assert "<img src=x" in said
    assert hub.editions["en"].t.plain("search.none-help") in said
    assert page.title() != "owned"
    assert page.input_value("#q") == asked
    context.close()


@pytest.mark.parametrize(
    "asked", ["a" * 5000, "%", "%E1%80", "+%00+x", "[(*\\", "constructor __proto__", "%F0%9F%92%A3"]
)
def test_a_copy_answers_whatever_is_asked(chromium, static, asked):
    context = chromium.new_context()
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    _answer(page, f"{static}/en/search/?q={asked}")
    context.close()
    assert not faults


def test_a_copy_asks_for_nothing_until_somebody_searches(chromium, static):
    context = chromium.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.goto(f"{static}/en/search/")
    page.wait_for_load_state("networkidle")
    assert not {"search.js", "names.js"} & set(asked)
    page.fill("#q", "Hajin")
    page.press("#q", "Enter")
    page.wait_for_selector("#answer:not([hidden])")
    assert "search.js" in asked
    assert "names.js" not in asked, (
        "the names in all languages are asked for only where the nearer ones do not suffice"
    )
    context.close()


def test_a_memory_card_answers_too(chromium, card):
    context = chromium.new_context()
    page = context.new_page()
    page.goto((card / "ar/search/index.html").as_uri())
    page.fill("#q", "هجين")
    page.press("#q", "Enter")
    page.wait_for_selector("#answer:not([hidden])")
    page.click("#answer a")
    assert page.url == (card / "ar/countries/sy/index.html").as_uri()
    page.goto((card / "ar/search/index.html").as_uri() + "?q=Arabic")
    page.wait_for_selector("#answer:not([hidden])")
    found = page.get_attribute("#answer a", "href")
    assert urljoin(page.url, found) == (card / "ar/index.html").as_uri()
    context.close()


def test_without_script_a_copy_says_so_and_a_server_does_not(chromium, card, get, hub):
    off = hub.editions["en"].t.plain("search.off")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((card / "en/search/index.html").as_uri() + "?q=Hajin")
    assert off in page.inner_text("main")
    page.click("main .ways a")
    assert page.url == (card / "en/countries/index.html").as_uri()
    context.close()
    assert off not in get("/en/search/").html


def test_the_index_of_a_language_stays_small(delivery, hub):
    for tag in hub.languages:
        body = delivery.pages.resources[f"/{tag}/search.js"].make()
        assert len(brotli.compress(body, mode=brotli.MODE_TEXT)) <= INDEX, tag


def test_the_index_is_text_and_no_program_of_a_title(delivery, hub):
    for address in ("/names.js", *(f"/{tag}/search.js" for tag in hub.languages)):
        last = delivery.pages.resources[address].make().decode().strip().rpartition("\n")[2]
        assert json.loads(re.fullmatch(r"hubLines\((.*)\)", last)[1]).count("\n") > 60


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_the_search_page_is_accessible(chromium, address, axe, tag):
    context = chromium.new_context(bypass_csp=True, viewport={"width": 320, "height": 640})
    page = context.new_page()
    for query in ("", "?q=UNICEF", "?q=zzqqxx", "?q=" + quote("هجين")):
        page.goto(f"{address}/{tag}/search/{query}")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document)")["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_a_person_finds_their_town_without_script(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ar/countries/")
    page.click("main a[href='/ar/search/']")
    page.fill("#q", "دير الزور")
    page.press("#q", "Enter")
    page.click("#found a")
    assert page.url == f"{address}/ar/countries/sy/"
    context.close()


def test_a_page_that_is_not_there_offers_the_search(get):
    page = get("/en/nothing-here/", 404)
    assert ("form", {"role": "search", "action": "/en/search/"}) in page.elements


def test_asking_with_other_methods_is_refused(delivery):
    assert Client(delivery).post("/en/search/?q=x").status_code == 405
