"""Pages as bytes: the right ones to everybody, whatever is sent, and within what a slow network carries."""

import gzip
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import brotli
import pytest
import zstandard
from conftest import make_delivery
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from app.delivery import coding

PAGE_BUDGET = 8192  # bytes of brotli for what a civilian reads
PAGE_BUDGET_WITH_HEADERS = 10240  # bytes, gzip too: one flight over TLS and HTTP/2
REFERENCE_BUDGET = 24 * 1024
REFERENCE = ("materials.html", "about.html", "coverage.html", "status.html")
HEADER_BUDGET = 1024


def raw(delivery, address, method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(delivery).open(address, method=method, headers=named)


@pytest.mark.parametrize("accept", ["br", "gzip", ""])
def test_every_coding_carries_the_same_page(delivery, accept):
    answer = raw(delivery, "/ar/", Accept_Encoding=accept)
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[accept]
    assert answer.headers.get("Content-Encoding", "") == accept
    assert unpack(answer.data) == raw(delivery, "/ar/").data
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers["Vary"] == "Accept-Encoding, Available-Dictionary"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("BR", "br"),
        ("identity", ""),
        ("", ""),
        ("br;q=x, gzip", "gzip"),
        ("x" * 9999, ""),
        ("gzip;q=0", ""),
    ],
)
def test_the_coding_is_one_that_the_reader_takes(header, chosen):
    assert coding(header) == chosen


@given(st.text())
def test_any_accept_encoding_is_read(header):
    assert coding(header) in ("br", "gzip", "")


def test_a_page_that_the_phone_has_is_not_sent_again(delivery):
    first = raw(delivery, "/ar/", Accept_Encoding="br")
    for known in (first.headers["ETag"], f'"other", {first.headers["ETag"]}', "*"):
        again = raw(delivery, "/ar/", Accept_Encoding="br", If_None_Match=known)
        assert again.status_code == 304
        assert again.data == b""
        assert again.headers["Vary"] == first.headers["Vary"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert raw(delivery, "/ar/", If_None_Match='"other"').status_code == 200
    assert raw(delivery, "/en/", If_None_Match=first.headers["ETag"]).status_code == 200


def test_a_page_that_the_phone_has_is_sent_again_when_its_security_headers_change(hub):
    """So a 304 need not repeat them: whoever gets one has the headers of today."""
    kept = raw(make_delivery(hub), "/ar/", Accept_Encoding="br")
    stricter = replace(hub, settings=hub.settings.model_copy(update={"hsts": True}))
    again = raw(make_delivery(stricter), "/ar/", Accept_Encoding="br", If_None_Match=kept.headers["ETag"])
    assert again.status_code == 200
    assert again.headers["Strict-Transport-Security"]
    assert again.data == kept.data
    assert raw(make_delivery(hub), "/ar/", If_None_Match=kept.headers["ETag"]).status_code == 304


def test_head_says_what_get_would_send(delivery):
    for address in ("/ar/", "/nowhere", "/sitemap.xml", "/"):
        get = raw(delivery, address, Accept_Encoding="br")
        head = raw(delivery, address, method="HEAD", Accept_Encoding="br")
        assert head.data == b""
        assert head.status == get.status
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


def dictionary(delivery, tag):
    home = raw(delivery, f"/{tag}/")
    return home, f":{b64encode(sha256(home.data).digest()).decode()}:"


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_a_browser_with_the_home_page_gets_the_next_page_as_a_difference(delivery, site, tag):
    home, name = dictionary(delivery, tag)
    assert home.headers["Use-As-Dictionary"] == f'match="/{tag}/*"'
    known = zstandard.ZstdCompressionDict(home.data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    sizes = []
    for twin in ("countries/sy/", "countries/iq/", "countries/mm/", "materials/un/", "about/"):
        address = f"/{tag}/{twin}"
        answer = raw(delivery, address, Accept_Encoding="gzip, br, dcz", Available_Dictionary=name)
        assert answer.headers["Content-Encoding"] == "dcz"
        assert "Available-Dictionary" in answer.headers["Vary"]
        assert answer.data[8:40] == sha256(home.data).digest()
        body = zstandard.ZstdDecompressor(dict_data=known).decompress(answer.data[40:], max_output_size=10**6)
        assert body == raw(delivery, address).data
        sizes.append(len(answer.data))
    assert max(sizes) < 4096


@pytest.mark.parametrize("named", [":AAAA:", "rubbish", "", "another"])
def test_a_browser_with_another_dictionary_gets_the_plain_page(delivery, named):
    known = dictionary(delivery, "ar")[1] if named == "another" else named
    answer = raw(delivery, "/en/about/", Accept_Encoding="br, dcz", Available_Dictionary=known)
    assert answer.headers["Content-Encoding"] == "br"
    alone = raw(
        delivery, "/ar/about/", Accept_Encoding="br", Available_Dictionary=dictionary(delivery, "ar")[1]
    )
    assert alone.headers["Content-Encoding"] == "br"


def test_codings_have_etags_of_their_own(delivery):
    tags = {raw(delivery, "/ar/", Accept_Encoding=accept).headers["ETag"] for accept in ("br", "gzip", "")}
    assert len(tags) == 3
    assert not any(tag.startswith("W/") for tag in tags)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_only_reading_is_possible(delivery, method):
    answer = raw(delivery, "/ar/", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS"}


def test_nothing_of_a_request_reaches_what_is_kept_for_others(hub):
    fresh = make_delivery(hub)
    odd = raw(
        fresh,
        "/ar/?lang=en&x=<script>",
        Host="evil.example.com",
        Accept_Language="fr",
        Cookie="lang=en",
        X_Forwarded_Host="evil.example.com",
        Referer="https://evil.example.com/",
    )
    assert odd.data == raw(make_delivery(hub), "/ar/").data


def test_the_store_holds_the_sites_pages_and_grows_no_further(hub):
    fresh = make_delivery(hub)
    for n in range(300):
        raw(fresh, f"/en/?q={n}")
        raw(fresh, f"/en/nothing-{n}/")
        raw(
            fresh, "/", Accept_Language=f"x{n:03}, {list(hub.languages)[n % len(hub.languages)]};q=0.{n % 10}"
        )
    assert set(fresh._ready) == {"/en/"}
    assert len(fresh._errors) <= 64
    assert len(fresh._choosers) <= 64


def test_each_reader_gets_the_chooser_in_their_own_order(delivery, hub):
    for tag in hub.languages:
        answer = raw(delivery, "/", Accept_Language=tag)
        main = answer.get_data(as_text=True).split("<main")[1]
        first = min(hub.languages, key=lambda each: main.index(f'href="/{each}/"'))
        assert first == tag
        assert set(answer.headers["Vary"].split(", ")) == {"Accept-Encoding", "Accept-Language"}


@pytest.mark.parametrize(
    "address",
    [
        "/%00",
        "/ar/%2e%2e/",
        "/ar//",
        "/ar/%ff%fe",
        "/ar/countries/../",
        "/" + "a" * 5000,
        "/ar/\u202e/",
        "/.git/config",
        "/%",
    ],
)
def test_a_malformed_address_is_not_found(delivery, address):
    assert raw(delivery, address).status_code in (308, 404)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60),
    st.dictionaries(
        st.sampled_from(["Accept-Language", "Accept-Encoding", "If-None-Match", "Range"]),
        st.text(max_size=40),
    ),
)
def test_no_request_breaks_the_hub(delivery, path, headers):
    clean = {
        name: value.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "")
        for name, value in headers.items()
    }
    answer = Client(delivery).get("/" + path.replace("\n", ""), headers=clean)
    assert answer.status_code in (200, 304, 308, 404)


def test_a_page_opens_within_what_one_round_trip_carries(delivery, site):
    over = []
    for page in site.pages.values():
        answer = delivery._ask(page.address)
        limit = REFERENCE_BUDGET if page.template in REFERENCE else PAGE_BUDGET
        if len(answer.brotli.body[0]) > limit:  # the quick compression is never the smaller one
            answer.squeeze()
        headers = (
            len("HTTP/1.1 200 OK\r\n")
            + sum(len(f"{name}: {value}\r\n") for name, value in answer.brotli.headers)
            + 2
        )
        packed, zipped = (len(form.body[0]) for form in (answer.brotli, answer.gzip))
        if packed > limit:
            over.append(f"{page.address}: {packed - limit} bytes over {limit}")
        if limit == PAGE_BUDGET and zipped + headers > PAGE_BUDGET_WITH_HEADERS:
            over.append(
                f"{page.address}: {zipped + headers - PAGE_BUDGET_WITH_HEADERS} bytes over with gzip and headers"
            )
        if headers > HEADER_BUDGET:
            over.append(f"{page.address}: headers of {headers} bytes")
    assert not over, "\n".join(over)
