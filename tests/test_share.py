"""The share page and its text messages, as people meet them who pass the rules on."""

import re
from datetime import date
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from conftest import Getter, make_delivery
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from app import sms
from app.catalogue import load_catalogue
from app.hub import CONTENT, inspect, open_hub
from app.settings import OwnWords, Settings, SwitchedOff
from app.sms import DEFAULT, EXTENSION, segments, sendable

PUBLISHED = [language for language in load_catalogue(CONTENT, []).languages.values() if language.published]
TAGS = [language.tag for language in PUBLISHED]
ONE_PER_SCRIPT = list({language.script: language.tag for language in reversed(PUBLISHED)}.values())
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("ê" + "a" * 69, 1),  # no ê in the default alphabet: the whole text goes in 16-bit units
        ("ê" + "a" * 70, 2),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # the escape is not cut from what it escapes
        ("a" * 151 + "€" + "a" * 153, 2),
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("م" * 134, 2),
        ("م" * 135, 3),
        ("😀" * 35, 1),  # two units each
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 in a part, never half of one
        ("a\nb", 1),
    ],
)
def test_a_text_is_counted_as_networks_count_it(text, parts):
    assert segments(text) == parts


@given(some.text())
def test_no_text_counts_less_than_it_needs(text):
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    plain = all(c in DEFAULT or c in EXTENSION for c in text)
    fewest = -(-len(text) // 160) if plain else -(-units // 70)
    assert max(1, fewest) <= segments(text) <= max(1, 2 * fewest)
    assert segments(text) <= segments(text + text)


@given(some.text(alphabet="abcé’“”… «»–ê", max_size=200))
def test_signs_are_exchanged_only_where_that_alone_makes_a_text_shorter(text):
    sent = sendable(text)
    if "ê" in text:
        assert sent == text
    assert [c for c in sent if c.isalpha()] == [c for c in text if c.isalpha()]
    assert segments(sent) <= max(segments(text), segments("a" * len(sent)))


def test_an_apostrophe_does_not_cost_a_second_message():
    assert sendable("Appelez à l’aide…") == "Appelez à l'aide..."
    assert sendable("Dest nedinê… ‘na’") == "Dest nedinê… ‘na’"


def texts_on(page):
    """Return the ready messages of a page as they are shown, in order."""
    found = re.findall(r'<p class="sms" id="sms-\d"[^>]*>(.*?)</p>', page.html, re.DOTALL)
    return [unescape(re.sub("<[^>]+>", "", text)) for text in found]


def body_of(link):
    return parse_qs(urlsplit(unescape(link)).query, strict_parsing=False)["body"][0]


@pytest.mark.parametrize("tag", TAGS)
def test_the_ready_messages_fit_and_say_to_stand_still_and_where_to_read_more(get, hub, tag):
    page, t = get(f"/{tag}/share/"), hub.texts[tag]
    texts = texts_on(page)
    stands_still = (sendable(t.forms["sms.short"][0]), sendable(t.forms["still.answer"][0]))
    assert [segments(text) for text in texts] in ([1], [1, 2])
    assert all(any(words in text for words in stands_still) for text in texts)
    assert f"{hub.settings.url}/{tag}/" in texts[-1]
    assert (t.forms["share.text-two"][0] in page.text) == (len(texts) == 2)
    for scheme in ("sms:", "mailto:"):
        links = [link for link in page.links if link.startswith(scheme)]
        assert [body_of(link).replace("\r\n", "\n") for link in links] == texts
        assert all(re.fullmatch(r"[a-z]+:\?[\x21-\x7e]+", unescape(link)) for link in links)


@pytest.mark.parametrize("tag", TAGS)
def test_a_countrys_message_has_its_number_and_its_own_page(hub, tag):
    edition = hub.editions[tag]
    for country in hub.catalogue.countries.values():
        text = sms.long(edition, country)
        assert text.segments <= 2, country.code
        assert f"/{tag}/countries/{country.slug}/" in text.text
        if country.report:
            assert re.search(rf"(?<!\d){re.escape(country.report[0].number)}(?!\d)", text.text), country.code


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_the_country_page_sends_that_message_and_leads_to_paper_and_file(get, hub, tag):
    page = get(f"/{tag}/countries/iq/")
    sent = [body_of(link) for link in page.links if link.startswith("sms:")]
    assert sent == [sms.long(hub.editions[tag], hub.catalogue.countries["IQ"]).text]
    for there in ("sheet/", "cards/", "pack.html"):
        assert f"/{tag}/countries/iq/{there}" in page.links


@pytest.mark.parametrize("tag", TAGS)
def test_the_first_page_leads_to_what_can_be_taken_along(get, tag):
    page = get(f"/{tag}/")
    assert f"/{tag}/share/" in page.links[page.links.index(f"/{tag}/countries/") :]
    share = get(f"/{tag}/share/")
    for there in ("sheet/", "cards/", "pack.html", "countries/"):
        assert f"/{tag}/{there}" in share.links


@pytest.mark.parametrize("kind", ["words", "off"])
def test_no_text_of_ours_speaks_against_a_countrys_authority(kind):
    decided = {"country": "IQ", "decided_by": "Directorate for Mine Action", "decided_on": date(2026, 10, 1)}

    def hub_where(message):
        if kind == "off":
            return open_hub(Settings(languages=("en",), off=(SwitchedOff(message=message, **decided),)))
        words = OwnWords(message=message, language="ar", text="اسألوا دائرتنا.", **decided)
        return open_hub(Settings(languages=("en",), words=(words,)))

    get = Getter(make_delivery(hub_where("stand-still")))
    assert not [link for link in get("/en/countries/iq/").links if link.startswith("sms:")]
    assert [link for link in get("/en/countries/sy/").links if link.startswith("sms:")]
    assert [link for link in get("/en/share/").links if link.startswith("sms:")]
    other = hub_where("going-home")
    assert sms.long(other.editions["en"], other.catalogue.countries["IQ"])


def defects_of(copy, **settings):
    return inspect(Settings(**settings), copy.content, copy.translations)[1]


def test_a_message_too_long_for_its_segments_is_refused_and_named(copy):
    short = "Mines: stop. Do not touch. Tell. Not sure? Stand still."
    more = "Keep away from it. " * 16
    copy.edit("messages.toml", f'text = "{short}"', f'text = "{more}{short}"')
    wrong = "content/messages.toml: sms.short: takes 3 text messages where 1 must do. Mend: say it shorter."
    assert wrong in map(str, defects_of(copy))
    answer = "Stand still. Call for help. Wait."
    copy.edit("messages.toml", f'text = "{answer}"', f'text = "{more}{answer}"')
    assert [d for d in defects_of(copy) if d.entry == "sms.short" and d.wrong.endswith("where 2 must do")]


def test_an_address_too_long_for_a_text_message_is_refused_and_named(copy):
    fine = "https://mine-action-information.example.org"
    assert not [d for d in defects_of(copy, url=fine) if d.entry == "url"]
    found = [d for d in defects_of(copy, url=f"https://{'very-' * 12}long.example.org") if d.entry == "url"]
    assert found
    assert {defect.file for defect in found} == {"hub.toml"}


@pytest.fixture
def open_page(chromium, address):
    contexts = []

    def open_page(path, script="", **options):
        context = chromium.new_context(viewport={"width": 320, "height": 568}, **options)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("tag", ["ar", "en"])
def test_copy_copies_the_text_as_it_is_shown_and_says_so(open_page, hub, get, tag):
    page, t = open_page(f"/{tag}/share/"), hub.texts[tag]
    buttons = page.get_by_role("button", name=t.forms["share.copy"][0], exact=True)
    expected = [*texts_on(get(f"/{tag}/share/")), f"{hub.settings.url}/{tag}/"]
    assert buttons.count() == len(expected)
    for n, text in enumerate(expected):
        buttons.nth(n).click()
        page.get_by_role("status").filter(has_text=t.forms["share.copied"][0]).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_copy_works_in_browsers_without_a_clipboard_of_their_own(open_page, hub):
    page = open_page("/en/share/", 'Object.defineProperty(navigator, "clipboard", {value: undefined})')
    page.get_by_role("button", name="Copy", exact=True).last.click()
    page.get_by_role("status").filter(has_text="Copied.").wait_for()
    assert page.evaluate("getSelection().toString()") == f"{hub.settings.url}/en/"


def test_a_text_goes_to_another_program_where_the_phone_offers_that(open_page, get):
    stand_in = (
        "navigator.share = data => { window.shared = data; return Promise.reject(new Error('closed')) }"
    )
    page = open_page("/en/share/", stand_in)
    page.get_by_role("button", name="Send with another app").first.click()
    assert page.evaluate("window.shared") == {"text": texts_on(get("/en/share/"))[0]}


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {}])
def test_no_button_stands_there_that_does_nothing(open_page, options):
    gone = "delete Navigator.prototype.share;document.queryCommandSupported=()=>false;" if not options else ""
    gone += 'Object.defineProperty(navigator, "clipboard", {value: undefined})' if gone else ""
    page = open_page("/ar/share/", gone, **options)
    assert page.locator("main [data-copy]:visible, main [data-send]:visible").count() == 0
    assert page.locator("main .sms:visible").count() >= 2


@pytest.mark.parametrize("tag", ONE_PER_SCRIPT)
def test_the_page_is_whole_on_a_small_phone_and_its_code_opens_the_address(
    open_page, hub, axe, tmp_path, tag
):
    page = open_page(f"/{tag}/share/", color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    code = tmp_path / "code.png"
    page.locator("svg.code").screenshot(path=code)
    address = f"{hub.settings.url}/{tag}/"
    assert [found.text for found in zxingcpp.read_barcodes(Image.open(code))] == [address]
    assert page.get_by_text(address, exact=True).last.is_visible()
    boxes = page.locator("main a, main button:visible").evaluate_all(
        "all => all.map(each => [each.textContent, each.getBoundingClientRect().height])"
    )
    assert [words for words, height in boxes if height < 24] == []
