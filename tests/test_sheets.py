"""Paper and pictures as a person meets them who prints, cuts, scans and hands on."""

import os
import re
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import brotli
import pypdfium2
import pytest
import zxingcpp
from conftest import Getter, make_delivery, toml
from PIL import Image
from pypdf import PdfReader
from werkzeug.test import Client

from app import create_app, press
from app.hub import CONTENT, open_hub
from app.pages import Pages
from app.press import PressMissing, PressStopped
from app.serve import Renewing
from app.settings import OwnWords, Settings, SwitchedOff, Withdrawn
from app.sheets import MANIFEST

pytestmark = pytest.mark.xdist_group("sheets")
URL = "https://hub.example.org"
TAGS = [language["tag"] for language in toml(CONTENT / "languages.toml")["language"] if language["published"]]
SCRIPTS = ("en", "ar", "my", "zh-Hans", "ru", "kmr")
SMALL = Settings(url=URL, languages=(*SCRIPTS, "uk"), countries=("IQ", "UA", "MM"))
FILES = [  # of the small hub: what is long, what has numbers, two languages, each script
    *(f"/{tag}/{name}" for tag in SCRIPTS for name in ("sheet/sheet.pdf", "picture.png")),
    "/uk/countries/ua/sheet/sheet.pdf",
    "/uk/countries/ua/sheet/ru/sheet.pdf",
    "/ar/countries/iq/sheet/kmr/sheet.pdf",
    "/ru/countries/ua/cards/cards.pdf",
    "/ar/cards/cards.pdf",
    "/my/countries/mm/cards/cards.pdf",
    "/zh-Hans/countries/iq/sheet/sheet.pdf",
]
ONE = Settings(url=URL, languages=("en", "uk", "ru"), countries=("UA",))
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹၀၁၂၃၄၅၆၇၈၉", "0123456789" * 3)


def pages_of(settings, folder=None, made=None):
    hub = open_hub(settings.model_copy(update={"sheets": folder}))
    return Pages(create_app(hub=hub), replace(hub, made=made) if made else hub)


def only(pages, *addresses):
    """Leave nothing to draw but the files at `addresses`."""
    assert set(addresses) <= pages.site.drawings.keys()
    pages.site.__dict__["drawings"] = {address: pages.site.drawings[address] for address in addresses}
    return pages


def draw(pages):
    return press.press(pages, workers=1, say=lambda line: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("paper") / "sheets"


@pytest.fixture(scope="module")
def printed(folder):
    """The pages of a small hub whose sheets have been drawn."""
    done = draw(only(pages_of(SMALL, folder), *FILES))
    assert done.files == done.drawn == len(FILES)
    return only(pages_of(SMALL, folder), *FILES)


@pytest.fixture(scope="module")
def read(printed):
    """Fetch from a server that has sheets, checking every page."""
    return Getter(make_delivery(printed.hub))


def picture_of(pdf: bytes, scale=3):
    document = pypdfium2.PdfDocument(pdf)
    drawn = document[0].render(scale=scale).to_pil()
    document.close()
    return drawn


def scanned(image) -> set[str]:
    """Return what a phone camera reads in a picture."""
    return {found.text for found in zxingcpp.read_barcodes(image)}


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_range()
    document.close()
    return re.sub(r"\s+", " ", text)


def bare(text: str) -> str:
    """Return the letters of a text alone, because line ends may fall anywhere in it."""
    return re.sub(r"[\W_]+", "", text)


def pdfs(pages):
    return [address for address in pages.site.drawings if address.endswith(".pdf")]


# The files


def test_every_pdf_is_one_tagged_page_with_its_fonts_inside(printed, read):
    for address in pdfs(printed):
        answer = read.client.get(address)
        assert answer.mimetype == "application/pdf", address
        body = answer.get_data()
        assert len(body) == printed.built(address) < 120_000, address
        document = PdfReader(BytesIO(body))
        assert len(document.pages) == 1, address
        page = printed.site.drawings[address]
        assert document.metadata.title, address
        root = document.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"], address
        assert root["/Lang"] == page.language, address
        width, height = (float(side) / 72 * 25.4 for side in document.pages[0].mediabox[2:])
        assert (round(width), round(height)) == (210, 297), address
        fonts = document.pages[0]["/Resources"]["/Font"]
        assert fonts
        for font in fonts.values():
            descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), f"{address}: {font['/BaseFont']}"
            assert "+" in font["/BaseFont"], f"{address} has the whole of {font['/BaseFont']}"


def test_every_code_on_paper_leads_to_the_page_that_people_reach(printed, read):
    for address in pdfs(printed):
        page = printed.site.drawings[address]
        live = f"{URL}/{page.language}/" + (f"countries/{page.country.slug}/" if page.country else "")
        body = read.client.get(address).get_data()
        assert scanned(picture_of(body)) == {live}, address
        assert live.removeprefix(URL) in printed.site.pages
        if printed.hub.languages[page.language].direction == "ltr":  # in the others it is read back to front
            assert bare(live) in bare(text_of(body)), f"{address} does not say where its code leads"


@pytest.mark.parametrize("tag", [tag for tag in SCRIPTS if tag not in ("ar", "my")])
def test_the_words_of_a_sheet_can_be_copied_and_read_aloud(printed, read, tag):
    texts = printed.hub.texts[tag]
    text = bare(text_of(read.client.get(f"/{tag}/sheet/sheet.pdf").get_data()))
    for name in ("short.heading", "still.question", "still.answer", "standing", "message.turn-back.detail"):
        assert bare(texts.plain(name)) in text, name
    for message in printed.hub.catalogue.messages:
        assert bare(texts.plain(f"message.{message}.order")) in text, message


@pytest.mark.parametrize("tag", ["ar", "my"])
def test_the_letters_of_a_shaped_script_are_in_the_sheet(printed, read, tag):
    text = text_of(read.client.get(f"/{tag}/sheet/sheet.pdf").get_data())
    wanted = {c for c in printed.hub.texts[tag].plain("still.answer") if c.isalpha()}
    assert wanted - set(text) == set()


def test_a_sheet_names_the_number_who_published_it_and_the_authority(printed, read):
    country = printed.hub.catalogue.countries["UA"]
    text = bare(text_of(read.client.get("/uk/countries/ua/sheet/sheet.pdf").get_data()))
    edition = printed.hub.editions["uk"]
    assert country.report
    for report in country.report:
        assert report.number in text
        assert bare(edition.t.plain(f"report.{report.purpose}")) in text
        assert bare(printed.hub.catalogue.publishers[report.published_by].name) in text
        assert bare(edition.report_date(report)) in text
    assert bare(country.authority.name) in text


def test_a_country_without_a_number_has_a_line_to_write_on(read, printed):
    page = read("/en/countries/mm/sheet/")
    texts = printed.hub.texts["en"]
    assert texts.plain("country.no-number") in page.text
    assert page.html.count('class="write"') == 1
    assert read("/en/countries/mm/cards/").html.count('class="write"') == 4


def test_every_sheet_says_when_it_was_made_and_when_to_look_again(printed, read):
    hub = printed.hub
    for tag in SCRIPTS:
        text = text_of(read.client.get(f"/{tag}/sheet/sheet.pdf").get_data()).translate(DIGITS)
        for day in (hub.made, hub.again):
            assert str(day.year) in text, tag
        page = read(f"/{tag}/sheet/").text
        for day in (hub.made, hub.again):
            assert hub.languages[tag].date(day) in page
    assert hub.again == hub.made + timedelta(days=hub.settings.recheck_days)


@pytest.mark.parametrize("tag", SCRIPTS)
def test_the_picture_is_small_square_and_legible(printed, read, tag):
    answer = read.client.get(f"/{tag}/picture.png")
    assert answer.mimetype == "image/png"
    body = answer.get_data()
    assert len(body) < 60_000
    picture = Image.open(BytesIO(body))
    assert picture.size == (press.PICTURE_SIDE, press.PICTURE_SIDE)
    # On a screen four inches long, some two wide, its lines still stand apart: dark on light, much of both.
    small = picture.convert("L").resize((360, 360))
    shades = small.histogram()
    assert sum(shades[:80]) > 2_000
    assert sum(shades[180:]) > 60_000


def test_the_pictures_of_two_languages_differ(read):
    assert read.client.get("/ar/picture.png").get_data() != read.client.get("/my/picture.png").get_data()


def test_messengers_find_the_picture_only_where_there_is_one(read, get, printed):
    for address in ("/ar/", "/ar/countries/iq/", "/ar/sheet/", "/"):
        properties = {a.get("property"): a.get("content") for _, a in read(address).elements}
        tag = read(address).root["lang"]
        assert properties["og:image"] == f"{URL}/{tag}/picture.png"
        assert properties["og:title"]
    assert "og:image" not in get("/ar/").html
    assert "og:image" not in read("/ar/nothing/", status=404).html


def test_a_page_to_print_offers_its_pdf_with_its_size(read, printed):
    page = read("/ar/countries/iq/sheet/kmr/")
    target = "/ar/countries/iq/sheet/kmr/sheet.pdf"
    assert target in page.links
    size = printed.hub.languages["ar"].size(printed.built(target))
    assert size in page.text
    assert len(read.client.get(target).get_data()) == printed.built(target)


def test_without_drawn_sheets_the_pages_offer_the_browsers_print(get, hub):
    for twin in ("sheet/", "cards/", "countries/sy/sheet/", "countries/sy/cards/"):
        page = get(f"/ar/{twin}")
        assert not [link for link in page.links if link.endswith(".pdf")]
        assert hub.texts["ar"].plain("share.print-how") in page.text


# The pages

KINDS = (("sheet.html", False), ("sheet.html", True), ("cards.html", False))


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_has_its_sheets_within_the_budget(get, site, hub, tag):
    longest = max(hub.catalogue.countries.values(), key=lambda country: len(country.report))
    twins = ["sheet/", "cards/", f"countries/{longest.slug}/sheet/", f"countries/{longest.slug}/cards/"]
    pairs = [p.address for p in site.pages.values() if p.second and p.language == tag]
    for address in [*(f"/{tag}/{twin}" for twin in twins), *pairs]:
        page = get(address)
        assert len(brotli.compress(page.html.encode(), quality=11)) <= 8_192, address
        texts = hub.texts[tag]
        for name in ("still.question", "still.answer"):
            assert texts.plain(name) in page.text, address
        assert texts.plain("review.source" if tag == "en" else "review.draft") in page.text


def test_a_pair_has_both_languages_each_in_its_own_direction(get, hub, site):
    page = get("/ar/countries/iq/sheet/kmr/")
    halves = [a for _, a in page.elements if a.get("class", "").startswith("half ") and "lang" in a]
    assert [(a["lang"], a["dir"]) for a in halves] == [("ar", "rtl"), ("kmr", "ltr")] * 2
    for tag in ("ar", "kmr"):
        for name in ("short.heading", "still.answer", "message.hurt-person.detail", "standing"):
            assert hub.texts[tag].plain(name) in page.text
    assert "/ar/countries/iq/sheet/kmr/" in get("/ar/countries/iq/sheet/").links
    assert "/ar/countries/sy/sheet/en/" not in site.pages


@pytest.mark.parametrize(
    ("address", "language"),
    [
        ("/ar/countries/zz/sheet/", "ar"),
        ("/ar/countries/sy/sheet/my/", "ar"),
        ("/my/countries/sy/sheet/ar/", "my"),
        ("/ar/countries/sy/sheet/ar/", "ar"),
        ("/ar/countries/sy/cards/kmr/", "ar"),
        ("/uk/sheet/sheet.pdf", "uk"),
    ],
)
def test_an_unknown_sheet_gets_the_helpful_page_of_the_language(get, hub, address, language):
    page = get(address, status=404)
    assert page.root["lang"] == language
    assert hub.texts[language].plain("missing.title") in page.text


def test_an_authoritys_own_words_and_decisions_are_on_the_sheet():
    said = OwnWords(
        country="UA",
        message="turn-back",
        language="uk",
        text="Слухайте рятувальників.",
        decided_by="ДСНС",
        decided_on=date(2026, 1, 2),
    )
    off = SwitchedOff(country="UA", message="ask", decided_by="Мінреінтеграції", decided_on=date(2026, 1, 2))
    hub = open_hub(ONE.model_copy(update={"words": (said,), "off": (off,)}))
    page = Getter(make_delivery(hub))("/uk/countries/ua/sheet/")
    assert said.text in page.text
    assert off.decided_by in page.text
    assert hub.texts["uk"].plain("message.turn-back.order") not in page.text
    assert hub.texts["uk"].plain("message.ask.order") not in page.text


@pytest.fixture
def at_desk(chromium, address):
    """Open an address of the hub in a browser without scripts."""
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640})
    page = context.new_page()

    def go(target):
        page.goto(address + target)
        return page

    yield go
    context.close()


@pytest.mark.parametrize("tag", TAGS)
def test_the_browser_prints_every_sheet_on_one_page_of_either_paper(at_desk, hub, site, tag):
    drawn = [p for p in site.drawings.values() if p.language == tag and p.template != "picture.html"]
    drawn.sort(key=lambda p: len(p.country.report) if p.country else 0, reverse=True)
    longest = [[p for p in drawn if (p.template, bool(p.second)) == kind] for kind in KINDS]
    for target in [p.address for some in longest for p in some[:2]]:
        page = at_desk(target)
        for paper in ("A4", "Letter"):
            body = page.pdf(format=paper)
            assert len(PdfReader(BytesIO(body)).pages) == 1, f"{target} on {paper}"
        text = bare(text_of(body))
        assert all(part in text for part in tag.split("-")), "the address is not printed"
        assert bare(hub.texts[tag].plain("share.print-how")) not in text, "the buttons are printed too"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("target", ["/ar/countries/iq/sheet/kmr/", "/my/cards/"])
def test_on_a_small_screen_the_sheet_reads_and_its_code_can_be_scanned(at_desk, hub, target, scheme):
    page = at_desk(target)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 320
    shot = page.locator("svg.code").first.screenshot()
    live = re.sub("(sheet|cards)/.*", "", target)
    assert scanned(Image.open(BytesIO(shot))) == {hub.settings.url + live}


# Drawing


def test_the_same_content_on_the_same_day_gives_the_same_bytes(tmp_path):
    wanted = ("/uk/countries/ua/sheet/ru/sheet.pdf", "/en/cards/cards.pdf", "/ru/picture.png")
    for name in ("one", "two"):
        draw(only(pages_of(ONE, tmp_path / name, date(2026, 12, 1)), *wanted))
    for address in wanted:
        first, second = (tmp_path / name / address[1:] for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes(), address
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


@pytest.fixture
def drawn(tmp_path):
    """The folder of a hub that has a sheet of Ukraine, one of no country and a picture, drawn on a day."""
    draw(only(pages_of(ONE, tmp_path / "sheets", DAY), *WANTED))
    return tmp_path / "sheets"


DAY = date(2026, 12, 1)
WANTED = ("/uk/countries/ua/sheet/sheet.pdf", "/uk/sheet/sheet.pdf", "/uk/picture.png")


def offered(settings, folder, made=DAY):
    pages = pages_of(settings, folder, made)
    return {address for address in pages.site.drawings if pages.built(address)}


def test_what_no_longer_says_what_the_page_says_is_not_offered(drawn):
    assert offered(ONE, drawn) == set(WANTED)
    number = toml(CONTENT / "countries.toml")["country"]
    number = next(c for c in number if c["code"] == "UA")["report"][0]["number"]
    without = ONE.model_copy(update={"withdrawn": Withdrawn(numbers=(f"UA:{number}",))})
    assert offered(without, drawn) == set(WANTED[1:])
    elsewhere = ONE.model_copy(update={"url": "https://other.example.org"})
    assert offered(elsewhere, drawn) == set()


def test_a_sheet_is_offered_until_its_own_day_and_drawn_again_before(drawn):
    days = ONE.recheck_days
    assert offered(ONE, drawn, DAY + timedelta(days=days - 1)) == set(WANTED)
    assert offered(ONE, drawn, DAY + timedelta(days=days)) == set()
    soon = only(pages_of(ONE, drawn, DAY + timedelta(days=days // 2 - 1)), *WANTED)
    assert draw(soon).drawn == 0
    later = only(pages_of(ONE, drawn, DAY + timedelta(days=days // 2)), *WANTED)
    assert draw(later).drawn == len(WANTED)
    assert offered(ONE, drawn, DAY + timedelta(days=days)) == set(WANTED)


def test_only_what_changed_is_drawn_and_what_is_gone_is_removed(drawn):
    before = (drawn / WANTED[1][1:]).stat().st_mtime_ns
    (drawn / WANTED[0][1:]).unlink()
    assert draw(only(pages_of(ONE, drawn, DAY), *WANTED)).drawn == 1
    assert (drawn / WANTED[1][1:]).stat().st_mtime_ns == before
    draw(only(pages_of(ONE, drawn, DAY), WANTED[1]))
    left = {path.relative_to(drawn).as_posix() for path in drawn.rglob("*") if path.is_file()}
    assert left == {MANIFEST, WANTED[1][1:]}


@pytest.mark.parametrize("damage", ["", "{}", "{", '{"/uk/sheet/sheet.pdf": 1}', "[]", "\x00"])
def test_a_damaged_manifest_offers_nothing_and_stops_nothing(drawn, damage):
    (drawn / MANIFEST).write_text(damage)
    pages = pages_of(ONE, drawn, DAY)
    assert Getter(make_delivery(pages.hub))("/uk/sheet/").links
    assert offered(ONE, drawn) == set()


def test_a_damaged_file_is_never_sent(drawn):
    path = drawn / WANTED[1][1:]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert WANTED[1] not in offered(ONE, drawn)
    path.write_bytes(whole[:-1] + b"x")
    hub = pages_of(ONE, drawn, DAY).hub
    answer = Getter(make_delivery(hub)).client.get(WANTED[1])
    assert answer.status_code == 500
    assert hub.texts["uk"].plain("still.answer") in answer.text


def test_a_running_hub_takes_up_sheets_as_they_are_drawn(tmp_path):
    def read():
        return pages_of(ONE, tmp_path, DAY).hub

    serving = Renewing(read, CONTENT / "seal.toml", every=0, sheets=tmp_path / MANIFEST)
    client = Client(serving)
    assert client.get(WANTED[2]).status_code == 404
    assert not serving.renew()
    draw(only(pages_of(ONE, tmp_path, DAY), WANTED[2]))
    assert serving.renew()
    assert client.get(WANTED[2]).mimetype == "image/png"
    serving.current.close()


def test_a_text_that_does_not_fit_stops_the_press_and_is_named(drawn):
    long = OwnWords(
        country="UA",
        message="ask",
        language="uk",
        text="Слухайте. " * 400,
        decided_by="ДСНС",
        decided_on=date(2026, 1, 2),
    )
    pages = only(pages_of(ONE.model_copy(update={"words": (long,)}), drawn, DAY), *WANTED)
    before = {path: path.read_bytes() for path in drawn.rglob("*") if path.is_file()}
    with pytest.raises(PressStopped) as stopped:
        draw(pages)
    assert [fault.split(" does not fit")[0] for fault in stopped.value.faults] == [
        f"{WANTED[0]} (Ukrainian, Ukraine)"
    ]
    assert {path: path.read_bytes() for path in drawn.rglob("*") if path.is_file()} == before


def job(html, address="/x/sheet.pdf"):
    return press._Job(address, "", html, "", press.SIZES)


SAMPLES = {
    "ur": ("Arab", "رکیں۔ ہاتھ نہ لگائیں۔ دور رہیں۔", "NotoNastaliqUrdu"),
    "km": ("Khmr", "ឈប់។ កុំប៉ះ។ នៅឱ្យឆ្ងាយ។", "NotoSansKhmer"),
    "am": ("Ethi", "ቁም። አትንካ። ራቅ።", "NotoSansEthiopic"),
    "ne": ("Deva", "रोकिनुहोस्। नछुनुहोस्।", "NotoSansDevanagari"),
    "my": ("Mymr", "ရပ်ပါ။ မထိပါနဲ့။", "NotoSansMyanmar"),
    "ar": ("Arab", "توقف. لا تلمس.", "NotoNaskhArabic"),
}


@pytest.mark.parametrize("tag", SAMPLES)
def test_languages_to_come_find_their_font(printed, tag):
    script, text, font = SAMPLES[tag]
    style = printed.paper_style + printed._asset("print.css")
    html = f'<html lang="{tag}" class="{script}"><title>x</title><style>{style}</style><body><div class="paper"><p class="half {script}">{text}</p></div>'
    body, fault = press._draw(job(html))
    assert not fault
    fonts = PdfReader(BytesIO(body)).pages[0]["/Resources"]["/Font"].values()
    assert {f["/BaseFont"].split("+")[1].replace("-", "").removesuffix("Regular") for f in fonts} <= {
        font,
        "NotoSans",
    }
    assert any(font in f["/BaseFont"].replace("-", "") for f in fonts)


def test_a_letter_that_no_font_has_stops_the_press():
    body, fault = press._draw(job("<p>Stop \u0378</p>"))
    assert body == b""
    assert "no font" in fault


def test_a_picture_over_its_size_stops_the_press(monkeypatch):
    monkeypatch.setattr(press, "PICTURE_LIMIT", 500)
    body, fault = press._draw(job("<style>@page{size:810pt}</style><p>Stop", "/x/picture.png"))
    assert body == b""
    assert "larger than 500 bytes" in fault


# The commands


@pytest.fixture
def of_one(monkeypatch, tmp_path):
    """The settings of a command that shall work on English and Ukraine alone."""
    links = toml(CONTENT / "links" / sorted(os.listdir(CONTENT / "links"))[0])["link"]
    assert links
    for name, value in {
        "LANGUAGES": "en",
        "COUNTRIES": "UA",
        "URL": URL,
        "SHEETS": str(tmp_path / "sheets"),
    }.items():
        monkeypatch.setenv(f"HUB_{name}", value)
    return create_app().test_cli_runner()


def test_the_commands_draw_and_export_the_sheets(of_one, tmp_path):
    done = of_one.invoke(args=["sheets", "--workers", "1"])
    assert done.exit_code == 0, done.output
    built = {path.relative_to(tmp_path / "sheets").as_posix() for path in (tmp_path / "sheets").rglob("*.p*")}
    assert {
        "en/sheet/sheet.pdf",
        "en/countries/ua/sheet/sheet.pdf",
        "en/cards/cards.pdf",
        "en/picture.png",
    } <= built
    done = of_one.invoke(args=["export", str(tmp_path / "dist"), "--base", "relative", "--workers", "1"])
    assert done.exit_code == 0, done.output
    for name in built:
        assert (tmp_path / "dist" / name).read_bytes() == (tmp_path / "sheets" / name).read_bytes()
    page = (tmp_path / "dist/en/countries/ua/sheet/index.html").read_text(encoding="utf-8")
    assert 'href="sheet.pdf"' in page


def test_without_weasyprint_the_export_says_so_and_has_no_sheets(of_one, monkeypatch, tmp_path):
    def missing(name):
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(press, "import_module", missing)
    done = of_one.invoke(args=["sheets"])
    assert done.exit_code == 1
    assert "requirements-sheets.txt" in done.output
    done = of_one.invoke(args=["export", str(tmp_path / "dist"), "--base", "relative", "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert "requirements-sheets.txt" in done.output
    assert not list((tmp_path / "dist").rglob("*.pdf"))
    with pytest.raises(PressMissing):
        draw(pages_of(ONE, tmp_path / "sheets"))


def test_without_a_folder_nothing_is_drawn():
    with pytest.raises(PressStopped, match="HUB_SHEETS"):
        draw(pages_of(ONE))


def test_a_request_never_draws(read, monkeypatch):
    monkeypatch.setattr(press, "_draw", lambda job: pytest.fail("a request draws"))
    monkeypatch.setattr(press, "press", lambda *_: pytest.fail("a request draws"))
    assert read("/en/countries/mm/sheet/").links


def test_nothing_on_paper_is_a_link_that_leads_away(read):
    page = read("/en/countries/ua/sheet/")
    paper = page.html.split('<div class="paper', 1)[1].split("</main>")[0]
    assert "<a " not in paper
