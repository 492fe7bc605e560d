"""Packs as people meet them: saved from a page, sent to another phone, opened there with no network."""

import re
import subprocess
from datetime import date

import pytest
import zxingcpp
from conftest import SHORT, Getter, make_delivery
from PIL import Image
from werkzeug.test import Client

from app import create_app
from app.catalogue import load_catalogue
from app.export import ExportStopped, export
from app.hub import CONTENT, open_hub
from app.pack import COUNTRY_LIMIT, LANGUAGE_LIMIT, packs
from app.settings import OwnWords, Settings, SwitchedOff

PUBLISHED = [language for language in load_catalogue(CONTENT, []).languages.values() if language.published]
TAGS = [language.tag for language in PUBLISHED]
ONE_PER_SCRIPT = list({language.script: language.tag for language in reversed(PUBLISHED)}.values())
FEW = ("ua", "sy", "mm")
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


def has_all_safety_texts(text, t, catalogue):
    names = [
        f"message.{message}.{part}" for message in catalogue.messages for part in ("order", "detail", "why")
    ]
    return [name for name in (*SHORT, *names, "standing") if t.forms[name][0] not in text] == []


@pytest.mark.parametrize("tag", TAGS)
def test_a_pack_holds_what_the_country_page_says_and_all_twelve_messages(get, hub, tag):
    edition, t = hub.editions[tag], hub.texts[tag]
    for slug in FEW:
        country = hub.catalogue.countries[slug.upper()]
        page = get(f"/{tag}/countries/{slug}/pack.html")
        assert has_all_safety_texts(page.text, t, hub.catalogue)
        about = {link.url for link in hub.catalogue.links_about.get(country.code, ())}
        assert about <= set(page.links)
        for report in country.report:
            assert f"tel:{report.dial}" in page.links
            assert edition.report_date(report) in page.text
        if country.authority:
            assert country.authority.name in page.text
        live = f"{hub.settings.url}/{tag}/countries/{slug}/"
        assert live in page.links
        assert live in page.text
        assert edition.language.date(hub.made) in page.text
        assert edition.language.date(hub.again) in page.text
        assert t.forms["review.source" if tag == "en" else "review.draft"][0] in page.text
        assert page.answer.headers["Content-Language"] == tag
        assert '<meta name="robots" content="noindex">' in page.html
        assert page.html.count("<svg") >= 12 + 4 + 1 + 1
        assert "{" not in page.text


@pytest.mark.parametrize("tag", TAGS)
def test_the_pack_of_a_language_holds_every_country_and_every_official_page(get, hub, tag):
    edition, t = hub.editions[tag], hub.texts[tag]
    page = get(f"/{tag}/pack.html")
    assert has_all_safety_texts(page.text, t, hub.catalogue)
    for country in hub.catalogue.countries.values():
        assert f"#{country.slug}" in page.links
        assert edition.country_name(country.code) in page.text
        for report in country.report:
            assert f"tel:{report.dial}" in page.links
    assert {link.url for link in hub.catalogue.public_links} <= set(page.links)
    assert f"{hub.settings.url}/{tag}/" in page.links


@pytest.mark.parametrize("tag", TAGS)
def test_every_pack_is_small_alone_and_keeps_the_policy(delivery, hub, tag):
    mine = [page for page in packs(hub) if page.language == tag]
    assert len(mine) == len(hub.catalogue.countries) + 1
    for page in mine:
        html = delivery.pages.page(page)
        assert len(html.encode()) < (COUNTRY_LIMIT if page.country else LANGUAGE_LIMIT), page.address
        assert not hub.policy.page_findings(html, tag, hub.texts[tag]), page.address
        assert not re.search(r"<(script|link|img|iframe|object|form)\b|\bsrc=|url\(|@import", html), (
            page.address
        )
        targets = re.findall(r'\shref="([^"]*)"', html)
        assert all(target.startswith(("#", "http://", "https://", "tel:")) for target in targets), (
            page.address
        )


@pytest.mark.parametrize(
    "address", ["/ar/countries/zz/pack.html", "/ar/countries/pack.html", "/ar/about/pack.html"]
)
def test_a_pack_that_does_not_exist_is_answered_in_the_readers_language(get, hub, address):
    page = get(address, 404)
    assert page.root["lang"] == "ar"
    assert hub.texts["ar"].forms["still.answer"][0] in page.text


def test_packs_are_no_pages_for_search_engines(get, site):
    assert "pack.html" not in get("/sitemap.xml").html
    assert not [address for address in site.pages if address.endswith(".html")]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("/ar/countries/sy/", "mines-Syria-Arabic-{}.html"),
        ("/zh-Hans/countries/tr/", "mines-Turkiye-Chinese-Simplified-{}.html"),
        ("/my/share/", "mines-Burmese-{}.html"),
    ],
)
def test_a_person_saves_a_pack_by_one_link_under_a_name_that_says_what_it_is(
    chromium, address, get, hub, tmp_path, start, name
):
    context = chromium.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(address + start)
    link = page.locator("a[download$='.html']")
    with page.expect_download() as download:
        link.click()
    saved = tmp_path / "saved"
    download.value.save_as(saved)
    context.close()
    assert download.value.suggested_filename == name.format(hub.made.isoformat())
    body = saved.read_bytes()
    there = start.replace("share/", "") + "pack.html"
    assert body.decode() == get(there).html
    stated = link_text(get(start), there)
    near = [hub.languages[start.split("/")[1]].size(len(body) + more) for more in (-1000, 0, 1000)]
    assert any(size in stated for size in near), stated


def link_text(page, target):
    return re.search(rf'<a [^>]*href="{target}"[^>]*>(.*?)</a>', page.html)[1]


@pytest.mark.parametrize("tag", ONE_PER_SCRIPT)
def test_a_pack_opens_from_a_memory_card_and_asks_for_nothing(chromium, get, hub, axe, tmp_path, tag):
    country = next(c for c in hub.catalogue.countries.values() if c.report)
    file = tmp_path / "mines.html"
    file.write_text(get(f"/{tag}/countries/{country.slug}/pack.html").html, encoding="utf-8")
    context = chromium.new_context(viewport={"width": 320, "height": 568}, offline=True)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    faults = []
    page.on("console", lambda message: faults.append(message.text))
    page.goto(file.as_uri())
    t = hub.texts[tag]
    for message in hub.catalogue.messages:
        order = page.get_by_role("heading", name=t.forms[f"message.{message}.order"][0], exact=True)
        assert order.is_visible()
        drawing = order.locator("xpath=ancestor::article").locator("svg").bounding_box()
        assert drawing["width"] > 40
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    code = tmp_path / "code.png"
    page.locator("svg.code").screenshot(path=code)
    assert [found.text for found in zxingcpp.read_barcodes(Image.open(code))] == [
        f"{hub.settings.url}/{tag}/countries/{country.slug}/"
    ]
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert asked == [file.as_uri()]
    assert faults == []
    context.close()


def test_a_pack_reads_in_a_text_browser(get, hub, tmp_path):
    file = tmp_path / "mines.html"
    file.write_text(get("/en/countries/ua/pack.html").html, encoding="utf-8")
    read = subprocess.run(
        ["w3m", "-dump", "-cols", "60", "-I", "utf-8", "-O", "utf-8", file],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    words = " ".join(read.split())
    t = hub.texts["en"]
    order = [
        "short.stop",
        "still.answer",
        "country.tell",
        "message.ask.order",
        "standing",
        "share.links-need",
    ]
    places = [words.find(t.forms[name][0]) for name in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.fixture(scope="module")
def decided():
    """A hub in which Iraq's authority put its own words in place of one message and switched off another."""
    words = OwnWords(
        country="IQ",
        message="ask",
        language="ar",
        text="اسألوا دائرتنا.",
        decided_by="Directorate for Mine Action",
        decided_on=date(2026, 10, 1),
    )
    off = SwitchedOff(
        country="IQ", message="report", decided_by="Directorate for Mine Action", decided_on=date(2026, 10, 2)
    )
    return make_delivery(
        open_hub(Settings(languages=("en", "ar"), countries=("IQ", "SY"), words=(words,), off=(off,)))
    )


def test_a_pack_respects_what_a_countrys_authority_decided(decided):
    get, t = Getter(decided), decided.pages.hub.texts["en"]
    page = get("/en/countries/iq/pack.html")
    assert "اسألوا دائرتنا." in page.text
    assert "1 October 2026" in page.text
    assert "2 October 2026" in page.text
    for name in ("message.ask.order", "message.ask.why", "message.report.order", "message.report.why"):
        assert t.forms[name][0] not in page.text
        assert t.forms[name][0] in get("/en/countries/sy/pack.html").text
    assert t.forms["still.answer"][0] in page.text


SMALL = Settings(languages=("en", "ar"), countries=("SY", "IQ"), url="https://hub.example.org")


@pytest.mark.parametrize("base", ["/", "relative"])
def test_the_export_has_every_pack_and_pages_that_lead_to_it(tmp_path, base):
    hub = open_hub(SMALL)
    export(create_app(hub=hub), hub, tmp_path / "dist", base, 1, lambda line: None)
    served = Client(make_delivery(hub))
    for page in packs(hub):
        assert (tmp_path / "dist" / page.address.lstrip("/")).read_text(encoding="utf-8") == served.get(
            page.address
        ).text
    start = (tmp_path / "dist/ar/countries/sy/index.html").read_text(encoding="utf-8")
    assert (
        'href="pack.html" download=' if base == "relative" else 'href="/ar/countries/sy/pack.html" '
    ) in start


def test_a_pack_over_its_size_is_not_exported_and_is_named(tmp_path, monkeypatch):
    hub = open_hub(SMALL)
    monkeypatch.setattr("app.pages.limit", lambda page: 100_000 if page.country else 20_000)
    with pytest.raises(ExportStopped) as stopped:
        export(create_app(hub=hub), hub, tmp_path / "dist", "/", 1, lambda line: None)
    assert sorted(fault.split()[0] for fault in stopped.value.faults) == ["ar/pack.html", "en/pack.html"]
    assert not (tmp_path / "dist").exists()
