"""The hub without a network: one visit, one tap, the server gone, the browser started anew, new content, everything erased."""

import functools
import gzip
import http.server
import json
import re
import shutil
import threading
from dataclasses import replace
from datetime import date, timedelta

import brotli
import pytest
from conftest import make_delivery
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

from app import create_app
from app.catalogue import load_catalogue
from app.export import RELATIVE, export
from app.hub import CONTENT, open_hub
from app.keeping import fold_pages, unfold_page
from app.pages import Pages
from app.settings import Settings, Withdrawn
from app.texts import Texts

LARGEST, STORED = 50_000, 3_000_000  # bytes of one language: fetched, and lying on the phone
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STORE = """(async () => { const found = {}; for (const name of await caches.keys()) { const cache = await caches.open(name);
for (const key of await cache.keys()) found[key.url] = (await (await cache.match(key)).arrayBuffer()).byteLength } return found })()"""


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_request(self, *_):
        pass


class Server:
    """A hub that can be stopped, started again at the same address, and given other content."""

    def __init__(self, app):
        self.app = app
        self.asked = []
        self.down = False
        self.hangs = threading.Event()
        self.hangs.set()
        self.web = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self.address = f"http://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def _answer(self, environ, start_response):
        self.hangs.wait(60)
        if self.down:
            raise ConnectionAbortedError
        self.asked.append(environ["PATH_INFO"])
        return self.app(environ, start_response)

    def stop(self):
        self.down = True

    def start(self):
        self.down = False

    def close(self):
        self.hangs.set()
        self.web.shutdown()
        self.web.server_close()


class Phone:
    """A browser with a memory of its own, which can be closed and opened again."""

    def __init__(self, chromium, profile, server):
        self.kind, self.profile, self.server = chromium.browser_type, profile, server
        self.start()

    def start(self):
        found = shutil.which("chromium") or shutil.which("chromium-browser")
        self.context = self.kind.launch_persistent_context(
            self.profile, executable_path=found, args=QUIET, viewport={"width": 360, "height": 640}
        )
        self.page = self.context.new_page()

    def restart(self):
        self.context.close()
        self.start()

    def open(self, path):
        return self.page.goto(self.server.address + path)

    def stored(self):
        """What lies on the phone, by path, with its bytes."""
        found = self.page.evaluate(STORE)
        return {url.removeprefix(self.server.address): size for url, size in found.items()}

    def visit(self, tag, path=""):
        """Open a page and wait until the home page of its language is kept."""
        self.open(f"/{tag}/{path}")
        self.until(lambda: f"/{tag}/keep-note.json" in self.stored())

    def keep(self, tag):
        """Tap the button that keeps a language."""
        self.open(f"/{tag}/share/")
        button = self.page.locator("#keep .go")
        button.click()
        expect(button).to_be_hidden()
        return self

    def until(self, done):
        for _ in range(200):
            if done():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it did not come to pass")

    def banner(self):
        return self.page.locator("main > .kept").first


@pytest.fixture
def server(delivery):
    server = Server(prepared(delivery))
    yield server
    server.close()


@pytest.fixture
def phone(chromium, tmp_path, server):
    phone = Phone(chromium, tmp_path / "profile", server)
    yield phone
    phone.context.close()


def few(tag):
    """A hub of one language and one country with few links, which is exported at once."""
    links = load_catalogue(CONTENT, []).public_links
    withdrawn = Withdrawn(links=tuple(link.id for n, link in enumerate(links) if n % 200))
    return open_hub(Settings(languages=(tag,), countries=("IQ",), withdrawn=withdrawn))


def prepared(delivery):
    """A delivery that has made the Arabic copy, so that no test waits for that."""
    for name in ("keep-note", "keep"):
        Client(delivery).get(f"/ar/{name}.json")
    return delivery


def without_number():
    """The hub after an operator has withdrawn a number."""
    return prepared(make_delivery(open_hub(Settings(withdrawn=Withdrawn(numbers=("IQ:182",))))))


def reworded(hub):
    """The hub after one Arabic string has changed."""
    texts = hub.texts["ar"]
    other = Texts(texts.language, texts.forms | {"home.country-lead": ("نص آخر",)}, lambda n: 0)
    return prepared(make_delivery(replace(hub, texts=hub.texts | {"ar": other})))


def version(app, tag):
    """The version of a language that a server has."""
    return json.loads(Client(app).get(f"/{tag}/keep-note.json").get_data())["version"]


def kept_version(phone, tag):
    """The version of a language that a phone keeps."""
    return phone.page.evaluate(
        f"caches.match('/{tag}/keep-note.json').then(found => found && found.json()).then(note => note && note.version)"
    )


@pytest.mark.parametrize("tag", ["ar", "my"])
def test_after_one_visit_the_home_page_opens_without_a_server_also_in_a_new_browser(phone, server, hub, tag):
    phone.visit(tag)
    server.stop()
    for again in (False, True):
        if again:
            phone.restart()
        phone.open(f"/{tag}/")
        expect(phone.page.get_by_text(hub.texts[tag].plain("short.stop"), exact=True)).to_be_visible()
        expect(phone.banner()).to_have_text(
            hub.texts[tag].plain("keep.offline", date=hub.languages[tag].date(hub.made))
        )
        expect(phone.page.get_by_text(hub.languages[tag].date(hub.again)).last).to_be_visible()


def test_what_a_visit_leaves_does_not_tell_which_page_it_was(phone):
    phone.visit("ar", "countries/sy/")
    assert set(phone.stored()) == {"/ar/", "/ar/keep-note.json", "/hub.js"}
    phone.open("/ar/materials/children/")
    phone.open("/ar/countries/ye/")
    assert set(phone.stored()) == {"/ar/", "/ar/keep-note.json", "/hub.js"}
    assert phone.context.cookies() == []
    assert phone.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_language_chooser_keeps_nothing(phone, server):
    phone.open("/")
    phone.page.wait_for_load_state("networkidle")
    assert "/sw.js" not in server.asked
    assert phone.stored() == {}


def test_without_the_tap_a_page_that_is_not_kept_says_so_and_shows_the_answer_and_the_way_on(
    phone, server, hub
):
    phone.visit("ar")
    server.stop()
    phone.open("/ar/countries/sy/")
    t = hub.texts["ar"]
    block = phone.page.locator("#missing")
    expect(block).to_contain_text(t.plain("keep.missing"))
    expect(phone.page.locator(".still")).to_contain_text(t.plain("still.answer"))
    expect(block.get_by_role("link")).to_have_text([t.plain("nav.home")])
    block.get_by_role("link").click()
    expect(phone.page).to_have_url(f"{server.address}/ar/")
    expect(phone.banner()).to_contain_text(hub.languages["ar"].date(hub.made))


@pytest.mark.parametrize("tag", ["ar", "my"])
def test_after_one_tap_every_kept_page_opens_without_a_server_also_in_a_new_browser(
    phone, server, hub, site, tag
):
    phone.keep(tag)
    server.stop()
    phone.restart()
    for path in ("", "countries/", "countries/sy/", "materials/", "materials/un/", "search/", "about/"):
        phone.open(f"/{tag}/{path}")
        expect(phone.page.locator("main > .kept")).to_have_count(2)
        assert phone.page.locator("html").get_attribute("lang") == tag
        assert phone.page.locator("link[rel=canonical]").get_attribute("href").endswith(f"/{tag}/{path}")
    phone.open(f"/{tag}/")
    phone.page.get_by_role("main").get_by_role(
        "link", name=hub.texts[tag].plain("home.all-countries")
    ).click()
    phone.page.get_by_role("link", name=hub.editions[tag].country_name("IQ"), exact=True).first.click()
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()


def test_the_script_works_without_a_server_too(phone, server, hub):
    phone.keep("ar")
    server.stop()
    phone.restart()
    phone.open("/ar/countries/")
    expect(phone.page.locator("#filter")).to_be_visible()


def test_a_language_that_is_not_kept_leads_to_those_that_are(phone, server, hub):
    phone.keep("ar")
    phone.visit("my")
    server.stop()
    phone.open("/fr/countries/sy/")
    found = phone.page.locator("#missing a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert sorted(found) in (["/ar/", "/ar/countries/", "/my/"], ["/ar/", "/my/"])
    phone.open("/my/countries/sy/")
    found = phone.page.locator("#missing a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert found == ["/my/", "/ar/"]
    assert phone.page.locator("html").get_attribute("lang") == "my"


def test_where_nothing_is_kept_the_browser_says_what_it_always_says(phone, server):
    server.stop()
    with pytest.raises(Exception, match="ERR_"):
        phone.open("/ar/")


def test_the_button_states_the_size_that_is_fetched(phone, server, hub, delivery):
    phone.open("/ar/share/")
    size = len(Client(delivery).get("/ar/keep.json", headers={"Accept-Encoding": "br"}).get_data())
    words = hub.texts["ar"].plain("keep.offer", size=hub.languages["ar"].size(size))
    expect(phone.page.locator("#keep .go")).to_have_text(words)


def test_what_is_kept_says_its_days_and_a_second_tap_is_not_asked_for(phone, hub):
    phone.keep("fr")
    state = phone.page.locator("#keep [role=status]")
    language = hub.languages["fr"]
    expect(state).to_contain_text(hub.texts["fr"].plain("keep.kept", date=language.date(hub.made)))
    expect(state).to_contain_text(language.date(hub.again))
    phone.open("/fr/share/")
    expect(phone.page.locator("#keep [role=status]")).to_contain_text(language.date(hub.made))
    expect(phone.page.locator("#keep .go")).to_be_hidden()


def test_with_a_network_kept_pages_are_shown_as_they_are_without_fetching_them_again(phone, server):
    phone.keep("ar")
    server.asked.clear()
    phone.open("/ar/countries/ua/")
    expect(phone.page.locator("h1")).to_be_visible()
    expect(phone.page.locator("main > .kept")).to_have_count(0)
    assert "/ar/countries/ua/" not in server.asked
    assert "/ar/keep-note.json" in server.asked


def test_a_withdrawn_number_is_gone_at_once_with_a_network_and_then_without(phone, server, hub):
    phone.keep("ar")
    phone.open("/ar/countries/iq/")
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()
    server.app = without_number()
    phone.open("/ar/countries/iq/")
    expect(phone.page.locator('a[href="tel:182"]')).to_have_count(0)
    phone.until(lambda: kept_version(phone, "ar") == version(server.app, "ar"))
    server.stop()
    phone.open("/ar/countries/iq/")
    expect(phone.banner()).to_be_visible()
    expect(phone.page.get_by_text(hub.texts["ar"].plain("country.no-number"))).to_be_visible()
    expect(phone.page.locator('a[href="tel:182"]')).to_have_count(0)


def test_a_page_on_the_screen_follows_as_soon_as_the_network_is_back(phone, server):
    phone.keep("ar")
    server.stop()
    phone.open("/ar/countries/iq/")
    expect(phone.banner()).to_be_visible()
    server.app = without_number()
    server.start()
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    expect(phone.page.locator('a[href="tel:182"]')).to_have_count(0)


def test_the_banner_goes_when_the_network_is_back_and_nothing_has_changed(phone, server):
    phone.keep("ar")
    server.stop()
    phone.open("/ar/countries/iq/")
    expect(phone.banner()).to_be_visible()
    server.start()
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    expect(phone.banner()).to_be_hidden()
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()


def test_the_kept_home_page_follows_too(phone, server, hub):
    phone.visit("ar")
    server.app = reworded(hub)
    phone.restart()
    phone.open("/ar/countries/")
    phone.until(lambda: kept_version(phone, "ar") == version(server.app, "ar"))
    server.stop()
    phone.open("/ar/")
    expect(phone.page.get_by_text("نص آخر")).to_be_visible()


@pytest.mark.parametrize("fault", ["cut off", "another version", "error"])
def test_an_update_that_fails_leaves_the_old_copy_whole(phone, server, hub, delivery, fault):
    phone.keep("ar")
    before = phone.stored()
    new = without_number()

    def faulty(environ, start_response):
        if environ["PATH_INFO"] == "/ar/keep.json":
            if fault == "error":
                start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
                return [b"not now"]
            if fault == "another version":
                return delivery(environ, start_response)
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "90000")])
            return [b"{" * 20000]
        return new(environ, start_response)

    server.app = faulty
    phone.open("/ar/countries/")
    phone.until(lambda: server.asked.count("/ar/keep.json") >= 2)
    server.stop()
    phone.restart()
    phone.open("/ar/countries/iq/")
    expect(phone.banner()).to_be_visible()
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()
    assert phone.stored()["/ar/keep.json"] == before["/ar/keep.json"]


def test_a_tap_that_fails_says_so_and_a_second_one_works(phone, server, hub):
    phone.visit("ar", "share/")
    expect(phone.page.locator("#keep .go")).to_be_visible()
    server.stop()
    phone.page.locator("#keep .go").click()
    expect(phone.page.locator("#keep [role=status]")).to_have_text(hub.texts["ar"].plain("keep.failed"))
    server.start()
    phone.page.locator("#keep .go").click()
    expect(phone.page.locator("#keep .go")).to_be_hidden()


def test_a_server_that_does_not_answer_keeps_nobody_waiting_for_it(phone, server):
    phone.keep("ar")
    phone.restart()
    server.hangs.clear()
    phone.open("/ar/countries/iq/")
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()
    expect(phone.banner()).to_be_visible()


def test_an_old_copy_says_that_it_is_old(chromium, tmp_path, hub):
    server = Server(make_delivery(replace(hub, made=date.today() - timedelta(days=400))))
    phone = Phone(chromium, tmp_path / "profile", server)
    phone.visit("ar")
    server.stop()
    phone.open("/ar/")
    expect(phone.banner()).to_contain_text(hub.texts["ar"].plain("keep.old"))
    phone.context.close()
    server.close()


def test_everything_that_is_kept_can_be_erased_on_the_same_page(phone, server, hub):
    phone.visit("my")
    phone.keep("ar")
    phone.page.locator("#keep").get_by_role("button", name=hub.texts["ar"].plain("keep.erase")).click()
    expect(phone.page.locator("#keep [role=status]")).to_have_text(hub.texts["ar"].plain("keep.erased"))
    assert phone.stored() == {}
    assert phone.page.evaluate("navigator.serviceWorker.getRegistrations().then(found => found.length)") == 0
    server.stop()
    with pytest.raises(Exception, match="ERR_"):
        phone.open("/ar/countries/sy/")


def test_a_language_that_the_site_withdraws_goes_from_the_phone_and_a_site_that_is_broken_erases_nothing(
    phone, server
):
    phone.keep("ar")
    phone.keep("fr")

    def nothing(environ, start_response):
        start_response("404 Not Found", [("Content-Type", "text/html")])
        return [b"gone"]

    working, server.app = server.app, nothing
    phone.open("/fr/countries/")
    phone.page.wait_for_load_state("networkidle")
    assert "/fr/keep.json" in phone.stored()
    server.app = make_delivery(open_hub(Settings(withdrawn=Withdrawn(languages=("fr",)))))
    phone.open("/fr/countries/")
    phone.until(lambda: "/fr/keep.json" not in phone.stored())
    assert "/ar/keep.json" in phone.stored()
    assert working


def test_without_script_the_page_offers_nothing_that_it_cannot_do(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ar/share/")
    expect(page.locator("#keep")).to_be_hidden()
    context.close()


def test_an_export_below_a_path_keeps_its_pages_there(chromium, tmp_path, hub):
    folder = tmp_path / "site" / "hub"
    small = few("ar")
    export(create_app(hub=small), small, folder, "/hub/", say=lambda _: None)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path / "site"))
    )
    threading.Thread(target=web.serve_forever, daemon=True).start()
    server = Server(lambda *_: [])
    server.close()
    server.address = f"http://127.0.0.1:{web.server_port}/hub"
    phone = Phone(chromium, tmp_path / "profile", server)
    phone.keep("ar")
    web.shutdown()
    web.server_close()
    phone.restart()
    phone.open("/ar/countries/iq/")
    expect(phone.page.locator('a[href="tel:182"]')).to_be_visible()
    expect(phone.banner()).to_be_visible()
    phone.page.get_by_role("navigation").first.get_by_role("link").first.click()
    expect(phone.page).to_have_url(f"{server.address}/ar/")
    phone.context.close()


def test_a_memory_card_has_no_worker_and_no_page_asks_for_one(tmp_path):
    small = few("en")
    export(create_app(hub=small), small, tmp_path / "card", RELATIVE, say=lambda _: None)
    assert not list((tmp_path / "card").rglob("sw.js"))
    assert not list((tmp_path / "card").rglob("keep*.json"))
    assert "manifest" not in (tmp_path / "card/en/index.html").read_text(encoding="utf-8")


def test_every_language_is_one_small_file_with_every_page_letter_by_letter(delivery, hub, site):
    for tag in hub.languages:
        answer = Client(delivery).get(f"/{tag}/keep.json", headers={"Accept-Encoding": "br"})
        packed = answer.get_data()
        assert len(packed) <= LARGEST, f"{tag} takes {len(packed)} bytes"
        whole = brotli.decompress(packed)
        assert len(whole) <= STORED
        folded = json.loads(whole)
        assert (folded["made"], folded["again"]) == (str(hub.made), str(hub.again))
        civilian = {
            page.twin
            for page in site.pages.values()
            if page.language == tag
            and page.template
            in ("home.html", "countries.html", "country.html", "materials.html", "facet.html")
        }
        assert civilian <= {twin[1:] for twin in folded["pages"]}
        for twin in ("/", "/countries/sy/", "/share/"):
            live = Client(delivery).get(f"/{tag}{twin}", headers={"Accept-Encoding": "gzip"}).get_data()
            assert unfold_page(folded, twin).encode() == gzip.decompress(live)


def test_a_copy_made_on_another_day_is_the_same_version_and_another_number_is_not(hub, delivery):
    one, other = (make_delivery(replace(hub, made=date(2031, 1, day))) for day in (1, 2))
    assert version(one, "ar") == version(other, "ar")
    assert version(without_number(), "ar") != version(delivery, "ar")


@given(
    st.dictionaries(
        st.from_regex(r"/([a-z]{1,4}/){0,2}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs", "Co"])),
    )
)
def test_any_pages_are_read_back_as_they_were(pages):
    folded = json.loads(json.dumps(fold_pages(pages)))
    assert {twin: unfold_page(folded, twin) for twin in pages} == pages


def test_a_page_that_could_not_be_read_back_is_refused():
    with pytest.raises(ValueError, match="cannot be kept"):
        fold_pages({"/": "\ue005"})


def test_the_worker_and_the_note_are_asked_for_each_time(delivery):
    client = Client(delivery)
    for address in ("/sw.js", "/ar/keep-note.json"):
        assert client.get(address).headers["Cache-Control"] == "no-cache"
    assert client.get("/sw.js").mimetype == "text/javascript"


def test_a_phone_can_put_the_hub_among_its_programs_in_its_own_language(get, hub):
    page = get("/ar/")
    target = next(a["href"] for tag, a in page.elements if tag == "link" and a.get("rel") == "manifest")
    found = json.loads(get(target).html)
    assert found["lang"] == "ar"
    assert found["dir"] == "rtl"
    assert found["start_url"] == "/ar/"
    assert found["name"] == hub.texts["ar"].plain("hub.name")
    assert json.loads(get("/manifest.webmanifest").html)["start_url"] == "/"


def test_what_is_made_ahead_is_compressed_as_far_as_it_goes_at_once(hub):
    pages = Pages(create_app(hub=hub), hub)
    assert pages.resources["/ar/keep.json"].ahead
    fresh = make_delivery(hub)
    first = Client(fresh).get("/ar/keep.json", headers={"Accept-Encoding": "br"}).get_data()
    note = json.loads(Client(fresh).get("/ar/keep-note.json").get_data())
    assert len(first) == note["size"]
    assert re.fullmatch(r"[0-9a-f]{16}", note["version"])
