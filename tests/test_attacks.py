"""What somebody hostile might send, write into a register or put into a setting, and what comes of it: nothing."""

import json
import logging
import socket
import subprocess
import sys
import time
import tracemalloc
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import Getter, make_delivery
from pydantic import ValidationError
from werkzeug.test import Client

from app.defects import ContentRefused
from app.delivery import coding
from app.hub import open_hub
from app.pages import Pages
from app.policy import load_policy
from app.settings import Settings


@pytest.mark.parametrize(
    "host", ["evil.example.com", "evil.example.com:80", "a b", "[::1]", "", "hub\r\nX-A: b"]
)
def test_the_host_header_changes_nothing(hub, host):
    plain = Client(make_delivery(hub)).get("/ar/").data
    environ = {
        "HTTP_HOST": host.replace("\r\n", ""),
        "HTTP_X_FORWARDED_HOST": host.replace("\r\n", ""),
        "HTTP_X_FORWARDED_PROTO": "ftp",
    }
    assert Client(make_delivery(hub)).get("/ar/", environ_overrides=environ).data == plain


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/ar/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%5c..%5cetc",
        "/ar/%00/",
        "/.env",
        "/app/hub.py",
        "/hub.toml",
    ],
)
def test_no_path_reaches_a_file(delivery, path):
    answer = Client(delivery).get(path)
    assert answer.status_code == 404
    assert b"root:" not in answer.data


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example.com",
        "/\\evil.example.com",
        "/%2f%2fevil.example.com",
        "///evil.example.com/ar",
        "/ar%0d%0aLocation:%20http://evil.example.com",
        "/ar/%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_no_path_leads_elsewhere_or_splits_an_answer(delivery, path):
    answer = Client(delivery).get("/", environ_overrides={"PATH_INFO": unquote(path)})
    assert "evil" not in answer.headers.get("Location", "")
    assert "Set-Cookie" not in answer.headers
    assert all("\n" not in value and "\r" not in value for value in answer.headers.values())


def test_a_page_never_repeats_what_was_asked(delivery):
    answer = Client(delivery).get("/ar/<script>alert(1)</script>/?q=<script>x</script>")
    assert answer.status_code == 404
    assert b"alert(1)" not in answer.data


PLANTED = ["{{ 7*7 }}", "{% raw %}", "{0.__class__}", "%(x)s", 'A "B" & C', "' onmouseover='x"]
MARKUP = ["<script>x</script>", '"><img src=x onerror=x>', "&#60;b&#62;"]


@pytest.mark.parametrize("planted", PLANTED)
def test_what_an_operator_sets_is_shown_as_it_is(planted):
    hub = open_hub(Settings(operator=planted))
    page = Getter(make_delivery(hub))("/en/about/")
    assert planted in page.text
    assert "49" not in page.text
    assert not [attributes for _, attributes in page.elements if "onmouseover" in attributes]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_title_in_a_register_is_shown_as_it_is(copy, planted):
    copy.edit("links/unmas.toml", 'title = "5 Pillars of Mine Action"', f"title = {json.dumps(planted)}")
    hub = open_hub(Settings(), copy.content, copy.translations)
    page = Getter(make_delivery(hub))("/en/countries/sy/")
    assert planted in page.text
    assert not [attributes for _, attributes in page.elements if "onmouseover" in attributes]


@pytest.mark.parametrize("planted", MARKUP)
def test_markup_in_a_setting_or_a_title_is_refused(copy, planted):
    with pytest.raises(ValidationError):
        Settings(operator=planted)
    copy.edit("links/unmas.toml", 'title = "5 Pillars of Mine Action"', f"title = {json.dumps(planted)}")
    with pytest.raises(ContentRefused):
        open_hub(Settings(), copy.content, copy.translations)


def test_long_and_twisted_input_takes_no_long_work(delivery):
    """Every pattern is linear: ten times the input may not take a hundred times the steps."""
    policy = load_policy(Path(__file__).parent.parent / "app" / "content", [])
    for seed in ("a", "1", "1.", "م", "မ", "地", "- ", "\u0301", "100 "):
        policy.findings(seed * 20000, "en")
        policy.findings(seed * 20000, "ar")
        policy.findings(seed * 20000, "my")
    for header in ("br;q=" + "0" * 100000, "," * 100000, "a;" * 100000):
        assert coding(header) in ("", "br", "gzip")
    client = Client(delivery)
    for header in ("ar," * 50000, "a-" * 50000, ";q=" * 50000, "x" * 100000):
        assert (
            client.get("/", headers={"Accept-Language": header, "If-None-Match": header}).status_code == 200
        )


def test_bodies_are_not_read_and_need_no_memory(delivery):
    tracemalloc.start()
    answer = Client(delivery).post("/ar/", data=b"x" * 20_000_000, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 405
    tracemalloc.stop()


def test_the_hubs_own_log_tells_nothing_of_who_asked_for_what(hub, monkeypatch, caplog):
    monkeypatch.setattr(Pages, "page", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, logger="hub"):
        Client(make_delivery(hub)).get(
            "/ar/countries/sy/?secret=1",
            headers={"User-Agent": "Phone 5"},
            environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
        )
    assert "a page could not be made" in caplog.text
    for private in ("203.0.113.7", "Phone 5", "secret", "/ar/countries/sy/"):
        assert private not in caplog.text


@contextmanager
def running(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("granian")),
        "--interface",
        "wsgi",
        "--factory",
        "--workers",
        "1",
    ]
    command += [
        "--blocking-threads",
        "1",
        "--runtime-threads",
        "1",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    command += ["--port", str(port), "app.serve:application"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).parent.parent)
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_a_flood_of_headers_or_a_broken_request_gets_a_short_no_and_the_hub_goes_on(tmp_path):
    with running(tmp_path) as port:
        good = b"GET /ar/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        for bad in (
            b"GET /ar/ HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
            b"GET /ar/ HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET /ar/ HTTP/9.9\r\n\r\n",
            b"GET /ar/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"GET /ar/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ):
            try:
                answer = exchange(port, bad)
            except OSError:
                answer = b""
            assert not answer or answer.split(b" ", 2)[1] in (b"400", b"414", b"431", b"200", b"404"), answer[
                :100
            ]
            assert exchange(port, good).startswith(b"HTTP/1.1 200 OK")
        assert b"Traceback" not in (tmp_path / "log").read_bytes()
