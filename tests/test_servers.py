"""The export behind the web servers it brings configuration for: what a reader gets from Debian's nginx and from Caddy."""

import gzip
import http.client
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import brotli
import pytest
from conftest import CONTENT, make_delivery
from local import free_port
from werkzeug.test import Client

from app import create_app
from app.catalogue import load_catalogue
from app.export import export
from app.headers import ERROR_CACHE, PAGE_CACHE
from app.hub import open_hub
from app.settings import Settings, Withdrawn

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
CADDY = shutil.which("caddy")
UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
TYPES = {
    "/": {"text/html"},
    "/ar/": {"text/html"},
    "/my/countries/iq/": {"text/html"},
    "/sitemap.xml": {"application/xml", "text/xml"},
    "/robots.txt": {"text/plain"},
    "/icon.svg": {"image/svg+xml"},
    "/data/links.csv": {"text/csv"},
    "/data/messages/ar.json": {"application/json"},
}

NGINX_CONF = """
daemon off; master_process off; pid {prefix}/pid; error_log stderr warn; {load}
events {{}}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {prefix}/body; proxy_temp_path {prefix}/proxy; fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi; scgi_temp_path {prefix}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        include {config};
    }}
}}
"""
CADDYFILE = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    root * {root}
    import {config}
}}
"""


@contextmanager
def running(command, port, log, **options):
    """Run a server until the test is over; it has ten seconds to answer."""
    with log.open("wb") as handle:
        process = subprocess.Popen(command, stdout=handle, stderr=handle, **options)
        try:
            for _ in range(200):
                assert process.poll() is None, f"the server stopped:\n{log.read_text()}"
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise AssertionError(f"the server does not answer:\n{log.read_text()}")
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def nginx(folder, export_folder, root):
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        NGINX_CONF.format(
            prefix=folder,
            port=port,
            root=root,
            config=export_folder / "_config/nginx.conf",
            load=f"load_module {BROTLI};",
        )
    )
    command = [NGINX, "-p", str(folder), "-e", "stderr", "-c", str(conf)]
    with running(command, port, folder / "log"):
        yield port


@contextmanager
def caddy(folder, export_folder, root):
    port = free_port()
    conf = folder / "Caddyfile"
    conf.write_text(
        CADDYFILE.format(port=port, root=root, config=export_folder / "_config/Caddyfile"), encoding="utf-8"
    )
    command = [CADDY, "run", "--config", str(conf), "--adapter", "caddyfile"]
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(command, port, folder / "log", env=home):
        yield port


SERVERS = [
    pytest.param(
        nginx,
        id="nginx",
        marks=pytest.mark.skipif(
            not (NGINX and BROTLI.exists()),
            reason="nginx-light or libnginx-mod-http-brotli-static is not installed; tests/needs.sh installs them",
        ),
    ),
    pytest.param(
        caddy,
        id="caddy",
        marks=pytest.mark.skipif(not CADDY, reason="caddy is not installed (apt-get install caddy)"),
    ),
]


@pytest.fixture(scope="module")
def few():
    links = load_catalogue(CONTENT, []).public_links
    withdrawn = Withdrawn(links=tuple(link.id for n, link in enumerate(links) if n % 200))
    return open_hub(Settings(languages=("en", "ar", "my"), countries=("IQ",), withdrawn=withdrawn))


@pytest.fixture(scope="module")
def delivery(few):
    return make_delivery(few)


def write(hub, folder, base="/"):
    export(create_app(hub=hub), hub, folder, base, 1, lambda line: None)
    return folder


@pytest.fixture(scope="module")
def dist(few, tmp_path_factory):
    return write(few, tmp_path_factory.mktemp("servers") / "dist")


@pytest.fixture(scope="module", params=SERVERS)
def port(request, dist, tmp_path_factory):
    """The port of each web server in turn."""
    with request.param(tmp_path_factory.mktemp("server"), dist, dist) as port:
        yield port


def ask(port, address, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, address, headers={n.replace("_", "-"): v for n, v in headers.items()})
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def of_the_hub(delivery, address):
    answer = Client(delivery).get(address)
    return answer.get_data(), dict(answer.headers)


@pytest.mark.parametrize("address", ["/sw.js", "/ar/keep-note.json"])
def test_what_tells_phones_of_changes_is_asked_for_each_time(port, delivery, address):
    answer = ask(port, address)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == of_the_hub(delivery, address)[1]["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("accept", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("", None)])
@pytest.mark.parametrize("address", TYPES)
def test_a_reader_gets_the_hubs_own_bytes_in_the_coding_they_take(port, delivery, address, accept, coding):
    answer = ask(port, address, Accept_Encoding=accept or "identity")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == coding
    assert UNPACK[coding](answer.body) == of_the_hub(delivery, address)[0]
    kind, _, charset = answer.headers["Content-Type"].partition(";")
    assert kind in TYPES[address]
    if kind.startswith("text/"):
        assert charset.strip().lower() == "charset=utf-8"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["Content-Length"] in (str(len(answer.body)), None)  # Caddy sends it in chunks


@pytest.mark.parametrize("address", ["/", "/ar/", "/en/about/", "/icon.svg"])
def test_every_page_carries_the_hubs_own_headers(port, delivery, address):
    answer = ask(port, address, Accept_Encoding="br")
    security = delivery.pages.headers
    for name, value in {**security, "Cache-Control": PAGE_CACHE}.items():
        assert answer.headers.get_all(name) == [value], name
    language = address.split("/")[1]
    if language in delivery.pages.hub.languages:
        assert answer.headers["Content-Language"] == language


@pytest.mark.parametrize("accept", ["br", "gzip", "identity"])
@pytest.mark.parametrize(
    ("address", "tag"),
    [
        ("/nowhere", "en"),
        ("/ar/nowhere/", "ar"),
        ("/my/countries/zz/", "my"),
        ("/en/x", "en"),
        ("/armada/", "en"),
        ("/ar/../../etc/passwd", "en"),
    ],
)
def test_what_is_not_there_is_said_in_the_readers_language(port, delivery, address, tag, accept):
    answer = ask(port, address, Accept_Encoding=accept)
    if ".." in address and answer.status == 400:
        return
    assert answer.status == 404
    page = UNPACK[answer.headers["Content-Encoding"]](answer.body).decode()
    assert page == Client(delivery).get(f"/{tag}/nowhere/").get_data(as_text=True)
    assert answer.headers["Content-Type"].lower().replace(" ", "") == "text/html;charset=utf-8"
    for name, value in {**delivery.pages.headers, "Cache-Control": ERROR_CACHE}.items():
        assert answer.headers.get_all(name) == [value], name
    if address.startswith(f"/{tag}/"):
        assert answer.headers["Content-Language"] == tag


@pytest.mark.parametrize("accept", ["br", "gzip", "identity"])
def test_a_page_that_the_phone_has_is_not_sent_again(port, delivery, accept):
    first = ask(port, "/ar/", Accept_Encoding=accept)
    for known in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_Modified_Since": first.headers["Last-Modified"]},
    ):
        again = ask(port, "/ar/", Accept_Encoding=accept, **known)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["Cache-Control"] == PAGE_CACHE
        assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert ask(port, "/ar/", Accept_Encoding=accept, If_None_Match='"other"').status == 200
    assert ask(port, "/en/", Accept_Encoding=accept, If_None_Match=first.headers["ETag"]).status == 200


def test_an_address_without_its_last_slash_leads_to_the_page_on_the_same_site(port, delivery):
    for address in ("/ar", "/ar/countries/iq"):
        answer = ask(port, address)
        assert answer.status in (301, 308)
        assert answer.headers["Location"] == address + "/"
        assert answer.headers["Content-Security-Policy"]


def test_only_reading_is_possible(port, delivery):
    for method in ("POST", "PUT", "DELETE"):
        answer = ask(port, "/ar/", method)
        if answer.status == 200:  # Debian's Caddy, 2.6, sends the page whatever it is asked to do with it
            assert answer.headers["Server"] == "Caddy"
            assert answer.body == ask(port, "/ar/").body
        else:
            assert answer.status == 405
        for name, value in delivery.pages.headers.items():
            assert answer.headers[name] == value


def test_a_folder_is_never_listed(port):
    for address in ("/_config/", "/_config"):
        answer = ask(port, address)
        assert answer.status in (301, 308, 403, 404)
        assert b"Caddyfile" not in answer.body


@pytest.mark.parametrize("server", SERVERS)
def test_below_a_path_everything_is_there_too(server, few, tmp_path):
    folder = write(few, tmp_path / "root/hub", "/hub/")
    (tmp_path / "server").mkdir()
    with server(tmp_path / "server", folder, tmp_path / "root") as port:
        home = ask(port, "/hub/ar/", Accept_Encoding="br")
        assert home.status == 200
        assert brotli.decompress(home.body) == (folder / "ar/index.html").read_bytes()
        assert home.headers["Content-Language"] == "ar"
        missing = ask(port, "/hub/ar/nowhere")
        assert (missing.status, missing.body) == (404, (folder / "ar/404.html").read_bytes())
        other = ask(port, "/hub/nowhere")
        assert (other.status, other.body) == (404, (folder / "404.html").read_bytes())
        assert other.headers["Cache-Control"] == ERROR_CACHE
