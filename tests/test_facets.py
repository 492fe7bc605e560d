"""Official pages by topic, crossed with countries and languages: each an address to share, none empty, none a double."""

import json
import re
from collections import Counter

import brotli
import pytest
from conftest import CONTENT, Getter, make_delivery, toml
from test_browser import RULES
from test_delivery import PAGE_BUDGET, PAGE_BUDGET_WITH_HEADERS, raw

from app.hub import inspect, open_hub, seal
from app.settings import Settings, Withdrawn

FOUR = 4


def entries():
    """The links that may be shown, read from the files by other means than the hub's."""
    links = [link for path in sorted((CONTENT / "links").glob("*.toml")) for link in toml(path)["link"]]
    return [link for link in links if link["technique"] == "none"]


def counted():
    """How many links there are on each topic, and about each country and in each language by topic, by address."""
    registered = {country["code"] for country in toml(CONTENT / "countries.toml")["country"]}
    counts, wholes, topics = Counter(), Counter(), Counter()
    for link in entries():
        places = [f"countries/{code.lower()}/" for code in link.get("countries", []) if code in registered]
        places += [f"materials/{tag.lower()}/" for tag in link["languages"]]
        topics[link["topic"]] += 1
        for place in places:
            wholes[place] += 1
            counts[place, link["topic"]] += 1
    return counts, wholes, topics


def expected():
    counts, wholes, topics = counted()
    return {
        f"{place}{topic}/": n
        for (place, topic), n in counts.items()
        if n >= FOUR and n not in (wholes[place], topics[topic])
    }


def crossed(site, tag):
    """The first parts of the crossed pages of a language."""
    return [
        page
        for page in site.pages.values()
        if page.language == tag and page.selection and page.selection.within and page.part == 1
    ]


def cards(page):
    """The addresses of the official pages that a page lists."""
    return re.findall(r'<li><a href="([^"]*)" rel="external', page.html)


def whole_list(get, address):
    """Follow the parts of a list and return the official pages on them."""
    found = []
    while address:
        page = get(address)
        found += cards(page)
        following = re.search(r'rel="next" href="([^"]*)"', page.html)
        address = following and following[1]
    return found


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_topics_cross_countries_and_languages_wherever_four_pages_or_more_are_found(get, site, tag):
    assert {page.twin for page in crossed(site, tag)} == set(expected())
    assert any(twin.startswith("countries/") for twin in expected())
    assert any(twin.startswith("materials/") for twin in expected())


def test_a_crossed_page_lists_just_the_pages_of_both_and_says_how_many(get, hub):
    links = entries()
    for twin, n in expected().items():
        kind, place, topic = twin.strip("/").split("/")
        field, name = ("countries", place.upper()) if kind == "countries" else ("languages", place)
        wanted = {
            link["url"]
            for link in links
            if link["topic"] == topic and name in [each if kind == "countries" else each.lower() for each in link.get(field, [])]
        }  # fmt: skip
        listed = [address.replace("&amp;", "&") for address in whole_list(get, f"/en/{twin}")]
        assert set(listed) == wanted
        assert len(listed) == n
        assert f"<p>{n} pages" in get(f"/en/{twin}").html


def test_no_list_is_empty_and_no_crossed_one_is_the_double_of_what_it_narrows(get, site):
    for page in site.pages.values():
        if page.language == "en" and page.selection:
            assert cards(get(page.address)), f"{page.address} is empty"
    for page in crossed(site, "en"):
        own = set(whole_list(get, page.address))
        topic = set(whole_list(get, f"/en/materials/{page.selection.id}/"))
        assert own < topic
        if page.twin.startswith("materials/"):
            assert own < set(whole_list(get, f"/en/{page.selection.within.twin}"))


@pytest.mark.parametrize("tag", ["en", "ar", "uk", "my"])
def test_every_list_has_a_title_of_its_own(get, site, tag):
    titles = Counter(
        re.search("<title>(.*?)</title>", get(page.address).html)[1]
        for page in site.pages.values()
        if page.language == tag and page.selection
    )
    assert not [title for title, times in titles.items() if times > 1]


def test_what_narrows_a_list_says_how_many_pages_it_leads_to(get, site, hub):
    """The lists by topic, by language and about a country offer what narrows them; there one finds as many."""
    seen = set()
    for twin in (
        "materials/about/", "materials/children/", "materials/ar/", "materials/fr/", "countries/sy/", "countries/ua/",
    ):  # fmt: skip
        for tag in ("en", "ar"):
            page = get(f"/{tag}/{twin}")
            offered = re.findall(
                r'<li><a href="([^"]*)">(?:(?!</a>).)* <small>\((.*)\)</small></a>', page.html
            )
            assert offered, f"/{tag}/{twin} offers nothing"
            for address, count in offered:
                there = whole_list(get, address)
                assert count == hub.languages[tag].number(len(there))
                assert len(there) >= FOUR
                seen.add(address.removeprefix(f"/{tag}/"))
    assert {"countries/sy/children/", "materials/ar/children/", "countries/ua/children/"} <= seen


def test_every_crossed_page_can_be_reached_and_leads_back(get, site):
    for page in crossed(site, "ar"):
        within = page.selection.within
        wide = f"/ar/countries/{within.id}/" if within.kind == "country" else f"/ar/{within.twin}"
        assert page.address in get(wide).links
        links = get(page.address).links
        assert {wide, f"/ar/materials/{page.selection.id}/", "/ar/materials/"} <= set(links)


def test_a_topic_offers_the_readers_language_and_countries_first(get):
    links = get("/ar/materials/children/").links
    offered = [link for link in links if re.fullmatch(r"/ar/(countries|materials)/[a-z-]+/children/", link)]
    assert offered[0] == "/ar/materials/ar/children/"
    assert offered.index("/ar/countries/sy/children/") < offered.index("/ar/countries/ua/children/")


def test_a_crossed_page_goes_when_fewer_than_four_are_left():
    about = [
        link["id"] for link in entries() if link["topic"] == "children" and "SY" in link.get("countries", [])
    ]
    assert len(about) == FOUR
    hub = open_hub(Settings(withdrawn=Withdrawn(links=(about[0],))))
    get = Getter(make_delivery(hub))
    get("/ar/countries/sy/children/", status=404)
    assert "/ar/countries/sy/children/" not in get("/ar/countries/sy/").links


@pytest.mark.parametrize("id", ["sheet", "cards", "all", "pack", "2", "ja", "zh-hans", "un"])
def test_a_topic_cannot_take_the_address_of_another_page(copy, id):
    copy.edit("facets.toml", 'id = "farmers"', f'id = "{id}"')
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert [d for d in defects if d.file == "content/facets.toml" and id in d.entry and "id" in d.wrong]


MANY = 300
LINK = """
[[link]]
id = "many-{n}"
url = "https://www.unmas.org/en/many/{n}"
title = "What people of the village number {n} learned about mines this spring"
publisher = "unmas"
languages = ["{language}"]
countries = ["UA"]
topic = "{topic}"
format = "page"
technique = "none"
evidence = "direct"
date = "20{year}"
"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A hub where one country has three hundred pages more."""
    from conftest import Copy

    copy = Copy(tmp_path_factory.mktemp("crowded"))
    topics = ["about", "children", "safety-advice", "victim-assistance", "returnees", "law-and-treaties"]
    for n in range(MANY):
        languages = ["uk", "en", "ru", "ar", "de", "my", "fr"]
        link = LINK.format(n=n, language=languages[n % 7], topic=topics[n % 6], year=10 + n % 15)
        copy.append("links/unmas.toml", link)
    seal(copy.content, copy.translations)
    return make_delivery(open_hub(Settings(), copy.content, copy.translations))


def test_a_country_with_very_many_pages_shows_the_first_and_leads_on_to_all(crowded):
    get = Getter(crowded)
    about = crowded.pages.hub.catalogue.links_about["UA"]
    assert len(about) > MANY
    for tag in ("uk", "en", "my", "zh-Hans"):
        page = get(f"/{tag}/countries/ua/")
        country_page = set(cards(page)) & {link.url for link in about}
        assert len(country_page) == 20
        for part in ("survivors", "others"):
            assert f'id="{part}"' in page.html
        assert f"/{tag}/countries/ua/all/" in page.links
        listed = whole_list(get, f"/{tag}/countries/ua/all/")
        assert sorted(listed) == sorted(link.url for link in about)
        own = [link.url for link in about if tag in link.languages]
        assert set(listed[: len(own)]) == set(own), "the reader's own language comes first"


def test_every_list_of_a_crowded_country_is_within_the_budget(crowded):
    sizes = {}
    for page in crowded.pages.site.pages.values():
        if page.language in ("my", "uk") and (
            page.twin == "countries/ua/" or (page.selection and page.part < 3)
        ):
            html = raw(crowded, page.address).data
            packed = raw(crowded, page.address, Accept_Encoding="gzip")
            headers = sum(len(name) + len(value) + 4 for name, value in packed.headers)
            sizes[page.address] = len(brotli.compress(html, quality=11)), len(packed.data) + headers
    assert len(sizes) > 50
    assert not {page: size for page, size in sizes.items() if size[0] > PAGE_BUDGET}
    assert not {page: size for page, size in sizes.items() if size[1] > PAGE_BUDGET_WITH_HEADERS}


def test_a_country_whose_pages_all_fit_has_no_second_list_of_them(get, site, hub):
    for country in hub.catalogue.countries.values():
        about = hub.catalogue.links_about.get(country.code, ())
        shown = cards(get(f"/en/countries/{country.slug}/"))
        if f"/en/countries/{country.slug}/all/" in site.pages:
            assert not {link.url for link in about} <= set(shown)
        else:
            assert {link.url for link in about} <= {each.replace("&amp;", "&") for each in shown}


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_a_mother_finds_what_is_there_for_children_in_her_country(chromium, address, axe, hub, tag):
    context = chromium.new_context(viewport={"width": 320, "height": 568}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{tag}/countries/sy/")
    topics = page.locator("section", has=page.locator("h2#topics"))
    children = str(hub.texts[tag]("audience.children"))
    topics.get_by_role("link", name=children).click()
    assert page.url.endswith(f"/{tag}/countries/sy/children/")
    heading = page.get_by_role("heading", level=1).inner_text()
    assert children in heading
    assert hub.editions[tag].country_name("SY") in heading
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    small = page.evaluate(
        "[...document.querySelectorAll('main .countries a, main .ways a')].filter(a => a.offsetHeight < 43.5).length"
    )
    assert small == 0
    context.close()


@pytest.mark.parametrize(
    "twin", ["countries/sy/children/", "materials/children/", "materials/ar/", "countries/ua/all/"]
)
@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_axe_finds_nothing_on_lists_that_can_be_narrowed(chromium, address, axe, tag, twin):
    for width, scheme in ((320, "dark"), (1280, "light")):
        page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto(f"{address}/{tag}/{twin}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(axe)
        found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
        page.close()
