"""What every answer says about itself, by value; what it does in a browser is in test_browser."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from conftest import make_delivery
from werkzeug.test import Client

from app.hub import open_hub
from app.pages import Pages
from app.settings import Settings

ANSWERS = [
    ("/", "GET", 200),
    ("/ar/", "GET", 200),
    ("/ar/countries/", "HEAD", 200),
    ("/sitemap.xml", "GET", 200),
    ("/icon.svg", "GET", 200),
    ("/healthz", "GET", 200),
    ("/ar", "GET", 308),
    ("/nowhere", "GET", 404),
    ("/ar/", "POST", 405),
]


def csp(answer) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize(("address", "method", "status"), ANSWERS)
def test_every_answer_carries_the_security_headers(delivery, address, method, status):
    answer = Client(delivery).open(address, method=method)
    assert answer.status_code == status
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert (
        answer.headers["Permissions-Policy"] == "camera=(), geolocation=(), microphone=(), browsing-topics=()"
    )
    policy = csp(answer)
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    for name in ("script-src", "img-src", "connect-src", "manifest-src", "form-action"):
        assert policy[name] == "'self'", name
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='( 'sha256-[A-Za-z0-9+/]{43}=')*", policy["style-src"])
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not {"Set-Cookie", "X-Powered-By", "Strict-Transport-Security"} & set(answer.headers.keys())


def test_the_policy_allows_exactly_the_styles_that_pages_carry_and_no_script_in_a_page(get, site):
    carried = set()
    one_of_each = {page.template: page.address for page in site.pages.values()}
    for address in one_of_each.values():
        page = get(address)
        for style in re.findall("<style>(.*?)</style>", page.html, re.DOTALL):
            carried.add(f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'")
        assert not re.findall("<script>", page.html), address
    assert set(csp(page.answer)["style-src"].split()) == carried


def test_errors_of_ours_carry_them_too_and_are_kept_nowhere(hub, monkeypatch):
    client = Client(make_delivery(hub))
    monkeypatch.setattr(Pages, "page", lambda *_: 1 / 0)
    answer = client.get("/ar/")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_may_be_kept_by_caches_for_five_minutes_and_errors_not_at_all(delivery):
    client = Client(delivery)
    assert client.get("/ar/").headers["Cache-Control"].startswith("public, max-age=300, ")
    assert client.get("/nowhere").headers["Cache-Control"] == "no-store"


def test_a_copy_behind_https_can_insist_on_it():
    secure = open_hub(Settings(url="https://hub.example.org", hsts=True))
    answer = Client(make_delivery(secure)).get("/ar/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
