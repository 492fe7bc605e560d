"""The hub in a real browser, as a person meets it: a small phone, a desktop, no scripts, the dark, the keyboard."""

import json
import subprocess

import pytest
from conftest import SHORT, make_delivery
from local import served
from werkzeug.wrappers import Request, Response

from app.catalogue import load_catalogue
from app.hub import CONTENT

PUBLISHED = [language for language in load_catalogue(CONTENT, []).languages.values() if language.published]
ONE_PER_SCRIPT = list({language.script: language.tag for language in reversed(PUBLISHED)}.values())
TEMPLATES = {
    "choose": "/",
    "home": "/{}/",
    "countries": "/{}/countries/",
    "country-number": "/{}/countries/ua/",
    "country-none": "/{}/countries/sy/",
    "materials": "/{}/materials/",
    "facet": "/{}/materials/un/",
    "about": "/{}/about/",
    "problem": "/{}/nowhere/",
}
PHONE, DESKTOP = {"width": 320, "height": 568}, {"width": 1280, "height": 800}
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


@pytest.fixture
def open_page(chromium, address):
    contexts = []

    def open_page(path, viewport=PHONE, **options):
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("tag", [language.tag for language in PUBLISHED])
def test_the_whole_answer_is_on_the_first_screen_of_a_small_phone(open_page, hub, tag):
    page = open_page(f"/{tag}/", java_script_enabled=False)
    for name in SHORT:
        box = page.get_by_text(hub.texts[tag].forms[name][0], exact=True).first.bounding_box()
        assert box is not None, name
        assert box["y"] + box["height"] <= PHONE["height"], (
            f"{name} ends {box['y'] + box['height'] - 568:.0f} px below the screen"
        )
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("tag", ONE_PER_SCRIPT)
@pytest.mark.parametrize("template", TEMPLATES)
def test_axe_finds_nothing_and_nothing_overflows(open_page, axe, template, tag):
    for viewport, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
        page = open_page(TEMPLATES[template].format(tag), viewport, color_scheme=scheme)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{template} in {tag} is {width} px wide on {viewport['width']}"
        page.evaluate(axe)
        found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"][:200]) for each in found]


@pytest.mark.parametrize("tag", ONE_PER_SCRIPT)
def test_every_letter_has_a_glyph_and_lines_do_not_collide(open_page, tag):
    page = open_page(f"/{tag}/", java_script_enabled=True)
    heights = page.evaluate(
        """[...document.querySelectorAll("p, h4, li b")].map(e => parseFloat(getComputedStyle(e).lineHeight) / parseFloat(getComputedStyle(e).fontSize))"""
    )
    least = {"Mymr": 1.5, "Arab": 1.45}.get(
        next(language.script for language in PUBLISHED if language.tag == tag), 1.2
    )
    assert min(heights) >= least - 0.01


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_a_reader_goes_from_language_to_number_without_scripts(open_page, hub, tag):
    page = open_page("/", java_script_enabled=False, locale=tag)
    page.get_by_role("main").get_by_role("link", name=hub.languages[tag].name).click()
    page.get_by_role("main").get_by_role(
        "link", name=str(hub.texts[tag].forms["home.all-countries"][0])
    ).click()
    page.get_by_role("link", name=hub.editions[tag].country_name("IQ"), exact=True).click()
    assert page.locator('a[href="tel:182"]').is_visible()
    other = hub.languages["fr"]
    page.get_by_role("navigation").get_by_role("link", name=other.name, exact=True).click()
    assert page.url.endswith("/fr/countries/iq/")
    assert page.locator("html").get_attribute("lang") == "fr"


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_is_one_request_to_be_read_and_goes_nowhere_else(open_page, address, template):
    path = TEMPLATES[template].format("ar")
    read = open_page(path, java_script_enabled=False)
    assert [url for url in read.requests if not url.endswith("/icon.svg")] == [address + path]
    page = open_page(path)
    waits = page.evaluate("performance.getEntriesByType('resource').map(e => e.renderBlockingStatus)")
    assert "blocking" not in waits
    assert all(url.startswith(address) for url in page.requests)
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_list_of_countries_shortens_as_one_types(open_page, hub):
    page = open_page("/ar/countries/")
    field = page.get_by_role("searchbox")
    field.fill("سورية")
    assert page.locator(".countries li:visible").count() == 0
    assert page.get_by_role("status").inner_text() == hub.texts["ar"].forms["countries.none"][0]
    field.fill("سوري")
    assert page.locator(".countries li:visible").all_inner_texts() == [hub.editions["ar"].country_name("SY")]
    field.fill("")
    assert page.locator(".countries li:visible").count() == len(hub.catalogue.countries)


def test_without_scripts_the_list_is_whole_and_no_dead_field_stands_there(open_page, hub):
    page = open_page("/ar/countries/", java_script_enabled=False)
    assert not page.locator("input").is_visible()
    assert page.locator(".countries li:visible").count() == len(hub.catalogue.countries)


def test_right_to_left_is_a_mirror(open_page):
    left = open_page("/en/", DESKTOP).locator("article svg").first.bounding_box()
    right = open_page("/ar/", DESKTOP).locator("article svg").first.bounding_box()
    assert abs((left["x"] + left["width"] / 2) + (right["x"] + right["width"] / 2) - DESKTOP["width"]) < 20


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_everything_can_be_reached_and_seen_with_the_keyboard(open_page, tag):
    page = open_page(f"/{tag}/countries/ua/", DESKTOP)
    links = page.locator("a").count()
    seen = []
    for _ in range(links):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(() => {const e = document.activeElement, s = getComputedStyle(e);"
                "return [e.getAttribute('href'), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]})()"
            )
        )
    assert seen[0][0] == "#text"
    order = page.eval_on_selector_all("a", "links => links.map(a => a.getAttribute('href'))")
    assert [href for href, _ in seen] == order
    assert all(outlined for _, outlined in seen)


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_targets_are_large_enough_for_a_thumb(open_page, template, tag):
    page = open_page(TEMPLATES[template].format(tag))
    small = page.evaluate(
        """[...document.querySelectorAll("header a, footer a, .go, .countries a, .facets a, .choose h2 a, .orders li, input")]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert not small


def test_large_letters_and_wide_spacing_lose_nothing(open_page):
    for tag in ("en", "ar", "my"):
        page = open_page(f"/{tag}/countries/ua/", {"width": 320, "height": 568})
        page.evaluate(
            """(() => {for (const e of document.querySelectorAll("*")) {
            for (const [k, v] of [["line-height", "1.5"], ["letter-spacing", ".12em"], ["word-spacing", ".16em"]])
            e.style.setProperty(k, v, "important")}
            document.documentElement.style.setProperty("font-size", "200%")})()"""
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_strangers_script_does_not_run_and_a_framed_page_does_not_show(chromium, hub, address):
    delivery = make_delivery(hub)
    plain = delivery.pages.page

    def poisoned(page, accept=""):
        return plain(page, accept).replace("<main", "<script>document.title='broken in'</script><main", 1)

    delivery.pages.page = poisoned

    @Request.application
    def framing(request):
        return Response(
            f'<!doctype html><title>frame</title><iframe src="{address}/en/"></iframe>', mimetype="text/html"
        )

    with served(delivery) as poisoned_hub, served(framing) as framed_hub:
        page = chromium.new_page()
        page.goto(f"{poisoned_hub}/en/")
        assert "broken in" not in page.title()
        page.goto(framed_hub)
        assert all("Mine" not in frame.content() for frame in page.frames)
        page.close()


def test_links_that_leave_tell_nothing_of_the_reader(open_page):
    page = open_page("/en/countries/ua/")
    rels = page.eval_on_selector_all(
        'a[href^="http"]',
        "links => links.map(a => a.relList.contains('noreferrer') && a.relList.contains('noopener'))",
    )
    assert rels
    assert all(rels)
    assert page.evaluate("document.querySelector('form')") is None


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_a_text_browser_reads_the_answer_first(address, hub, tag):
    read = subprocess.run(
        ["w3m", "-dump", "-cols", "80", "-I", "UTF-8", "-O", "UTF-8", f"{address}/{tag}/"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    text = " ".join(read.split())
    names = (
        "short.heading",
        "short.stop",
        "short.do-not-touch",
        "short.keep-away",
        "short.tell",
        "still.answer",
        "message.ask.order",
    )
    places = [text.find(" ".join(hub.texts[tag].forms[name][0].split())) for name in names]
    assert -1 not in places
    assert places == sorted(places)
    assert places[5] < 700
