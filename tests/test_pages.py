"""Every page of the hub, in every language, as a reader finds it."""

import pytest
from conftest import SHORT

from app.catalogue import load_catalogue
from app.hub import CONTENT

TAGS = [tag for tag, language in load_catalogue(CONTENT, []).languages.items() if language.published]


WALKED = {"en", "ar", "my"}  # every page of these; of the others the longest and shortest by each template


def walk(site, delivery, tag):
    pages = [page for page in site.pages.values() if page.language == tag]
    if tag in WALKED:
        return pages
    by_template = {}
    for page in pages:
        length = len(delivery.pages.page(page))
        by_template.setdefault(page.template, []).append((length, page.address, page))
    ends = [end(found) for found in by_template.values() for end in (min, max)]
    return {address: page for _, address, page in ends}.values()


@pytest.mark.parametrize("tag", TAGS)
def test_the_pages_of_a_language_are_whole_and_keep_the_policy(tag, get, site, delivery, hub):
    for page in walk(site, delivery, tag):
        read = get(page.address)
        texts = hub.texts[tag]
        assert not hub.policy.page_findings(read.html, tag, texts, hub.texts), page.address
        assert "{" not in read.text, f"{page.address} shows a raw placeholder"


def test_the_first_page_shows_every_language_with_its_short_message(get, hub):
    page = get("/")
    for tag, texts in hub.texts.items():
        assert f"/{tag}/" in page.links
        assert texts.language.name in page.text
        for name in SHORT:
            assert texts.forms[name][0] in page.text, f"{name} is missing in {tag}"


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("fa-IR,en;q=0.4", ["fa", "en"]),
        ("ku", ["kmr"]),
        ("ar-SY,ku;q=0.9,en;q=0.1", ["ar", "kmr", "en"]),
        ("zh-TW", ["zh-Hans"]),
        ("tlh,my-MM;q=0.5", ["my"]),
    ],
)
def test_the_first_page_puts_the_readers_languages_first_in_the_readers_order(get, asked, first):
    page = get("/", Accept_Language=asked)
    start = page.html.index("<main")
    order = sorted(TAGS, key=lambda tag: page.html.index(f'href="/{tag}/"', start))
    assert order[: len(first)] == first


@pytest.mark.parametrize("tag", TAGS)
def test_home_gives_the_answer_before_anything_else(get, hub, tag):
    texts = hub.texts[tag]
    page = get(f"/{tag}/")
    order = ["short.stop", "short.do-not-touch", "short.keep-away", "short.tell", "still.answer"]
    order += [f"message.{message}.order" for message in hub.catalogue.messages]
    order += ["standing"]
    text = page.text[page.text.index(texts.forms["short.heading"][0]) :]
    places = [text.find(texts.forms[name][0]) for name in order]
    assert -1 not in places, f"missing: {[n for n, p in zip(order, places, strict=True) if p < 0]}"
    assert places[:5] == sorted(places[:5])
    assert places[5:] == sorted(places[5:])


def test_every_message_names_its_official_page_or_says_that_there_is_none(get, hub):
    page = get("/en/")
    edition = hub.editions["en"]
    for message in hub.catalogue.messages.values():
        article = page.html.split(f"<h4>{edition.t(f'message.{message.id}.order')}</h4>")[1].split(
            "</article>"
        )[0]
        sources = edition.sources(message)
        if sources:
            assert sources[0].url.replace("&", "&amp;") in article
        else:
            assert edition.t("message.no-source") in article
            assert "<a " not in article


def test_a_source_is_shown_in_the_readers_own_language_where_there_is_one(hub):
    message = hub.catalogue.messages["report"]
    assert hub.editions["ar"].sources(message)[0].languages == ("ar",)
    assert hub.editions["uk"].sources(message)[0].languages == ("uk",)


def test_a_country_with_a_number_leads_with_it_as_a_link_that_dials(get, hub):
    page = get("/ar/countries/iq/")
    assert page.html.index('href="tel:182"') < page.html.index('id="rules"')
    assert "dma.gov.iq/ar-IQ/News/Details/4666" in page.html
    dated = get("/en/countries/ua/")
    assert "April 2024" in dated.text
    assert "Ukrainian Red Cross" in dated.text


@pytest.mark.parametrize("tag", TAGS)
def test_no_sentence_ends_twice(get, tag):
    for twin in ("countries/ua/", "countries/iq/", "materials/un/"):
        assert ".." not in get(f"/{tag}/{twin}").text


def test_a_country_without_a_number_says_so_and_shows_whom_to_ask(get, hub):
    page = get("/en/countries/sy/")
    texts = hub.texts["en"]
    assert "tel:" not in page.html
    assert texts.forms["country.no-number"][0] in page.text
    assert "National Mine Action Centre" in page.text
    worldwide = {link.url for link in hub.editions["en"].worldwide}
    assert worldwide <= set(page.links)
    assert (
        len({hub.catalogue.publishers[link.publisher].family for link in hub.editions["en"].worldwide}) == 2
    )


def test_no_number_that_waits_for_confirmation_is_shown_anywhere(get, site):
    waiting = load_catalogue(CONTENT, []).countries
    for country in waiting.values():
        hidden = [report.number for report in country.report if not report.publish]
        shown = {report.number for report in country.report if report.publish}
        page = get(f"/en/countries/{country.slug}/")
        for number in hidden:
            if number not in shown:
                assert f"tel:{number.replace(' ', '')}" not in page.html


def test_no_link_that_may_carry_technique_is_shown_anywhere(get, site, hub):
    hidden = {link.url for link in hub.catalogue.links.values() if link.technique != "none"}
    shown = {
        target for page in site.pages.values() if page.language == "en" for target in get(page.address).links
    }
    assert hidden
    assert not hidden & shown


def test_every_link_that_may_be_shown_is_shown(get, site, hub):
    shown = {
        target for page in site.pages.values() if page.language == "en" for target in get(page.address).links
    }
    assert {link.url for link in hub.catalogue.public_links} <= shown


def test_a_countrys_material_has_the_readers_language_first(get, hub):
    page = get("/ar/countries/sy/")
    assert page.html.index('id="own"') < page.html.index('id="others"')
    own = page.html[page.html.index('id="own"') : page.html.index('id="others"')]
    assert "sarc.sy" in own


def test_a_country_without_any_page_says_so_and_leads_to_the_worldwide_pages(get, hub):
    linked = {code for link in hub.catalogue.public_links for code in link.countries}
    bare = next(country for code, country in hub.catalogue.countries.items() if code not in linked)
    page = get(f"/en/countries/{bare.slug}/")
    assert hub.texts["en"].forms["country.no-material"][0] in page.text
    assert {link.url for link in hub.editions["en"].worldwide} <= set(page.links)


def test_a_card_says_before_the_tap_what_it_leads_to(get, hub):
    page = get("/fr/materials/ja/")
    card = page.html[page.html.index("jp.icrc.org") :].split("</li>")[0]
    assert 'lang="ja"' in card
    assert "ICRC" in card
    assert "japonais" in card
    assert str(hub.texts["fr"]("format.page")) in card
    assert str(hub.texts["fr"]("card.unchecked")) in card


def test_old_unencrypted_and_cited_addresses_say_so(hub):
    edition = hub.editions["en"]
    for link in hub.catalogue.public_links:
        notes = " ".join(edition.card(link).notes)
        assert (str(edition.t("card.http")) in notes) == link.url.startswith("http://")
        assert (str(edition.t("card.legacy")) in notes) == link.legacy_address
        assert (str(edition.t("card.cited")) in notes) == (link.evidence == "cited")


@pytest.mark.parametrize("tag", TAGS)
def test_a_draft_says_so_and_offers_the_same_page_in_another_language(get, hub, tag):
    texts = hub.texts[tag]
    name = "review.source" if tag == "en" else "review.draft"
    for twin in ("", "countries/", "countries/sy/", "materials/", "materials/un/", "about/"):
        page = get(f"/{tag}/{twin}")
        note = page.html.split('<p class="review">')[1].split("</p>")[0]
        assert texts.forms[name][0] in page.text
        assert any(f'href="/{other}/{twin}"' in note for other in TAGS if other != tag)


@pytest.mark.parametrize(
    ("address", "language"),
    [
        ("/nowhere", "en"),
        ("/ar/nowhere/", "ar"),
        ("/my/countries/zz/", "my"),
        ("/fr/materials/nothing/", "fr"),
        ("/xx/", "en"),
    ],
)
def test_an_unknown_address_gets_a_helpful_page_in_the_readers_language(get, hub, address, language):
    page = get(address, status=404)
    assert page.root["lang"] == language
    assert hub.texts[language].forms["missing.title"][0] in page.text
    assert {f"/{language}/", f"/{language}/countries/"} <= set(page.links)


def test_an_unknown_address_without_a_language_answers_in_the_browsers(get):
    assert get("/nowhere", status=404, Accept_Language="my, en;q=0.5").root["lang"] == "my"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("/ar", "/ar/"), ("/AR/Countries/SY", "/ar/countries/sy/"), ("/ZH-hans/", "/zh-Hans/")],
)
def test_a_mistyped_address_leads_to_the_one_that_is_meant(get, typed, meant):
    assert get(typed, status=308).answer.headers["Location"] == meant


def test_an_error_of_ours_still_says_what_to_do(hub, monkeypatch):
    from app.pages import Pages
    from tests.conftest import Getter, make_delivery

    own = Getter(make_delivery(hub))
    monkeypatch.setattr(Pages, "page", lambda *_: 1 / 0)
    page = own("/ar/", status=500)
    texts = hub.texts["ar"]
    assert texts.forms["still.answer"][0] in page.text
    assert texts.forms["broken.title"][0] in page.text
    assert "Traceback" not in page.html
    monkeypatch.undo()
    own("/ar/")


def test_the_sitemap_lists_every_page_with_its_other_languages(get, site, hub):
    body = get("/sitemap.xml").html
    for page in site.pages.values():
        assert f"<loc>{hub.settings.url}{page.address}</loc>" in body
    assert body.count('hreflang="ar"') == len(hub.languages) * sum(
        page.language == "ar" and not page.second for page in site.pages.values()
    )
    assert f"Sitemap: {hub.settings.url}/sitemap.xml" in get("/robots.txt").html


def test_the_hub_says_that_it_is_well(get):
    assert get("/healthz").html == "ok\n"
