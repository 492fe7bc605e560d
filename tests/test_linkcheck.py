"""The link checker against a world of its own on this machine, where hosts answer in every way that real ones do."""

import functools
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

import pytest
from conftest import CONTENT

from app.addresses import stands_on
from app.catalogue import Link, OfficialPage, Publisher, load_catalogue
from app.health import Busy, Check, HealthDamaged, HealthFile, Ledger, load_health, open_file
from app.linkcheck import (
    Checker,
    Deferred,
    Found,
    Manner,
    NotPublic,
    alike,
    begin,
    connect_public,
    keep,
    run,
    unasked,
)
from app.proposals import patch, proposals

ROOT = CONTENT.parent.parent
PATIENCE = 120  # seconds until a test gives up waiting; no test asserts how long anything took
AGENT = "MineAwarenessHub/1.0 (+corrections@example.org)"
TITLE = "What to do about mines"
SLOW = 3.0
CATALOGUE = load_catalogue(CONTENT, [])


@dataclass
class Asked:
    """A request as a host saw it."""

    method: str
    url: str
    headers: dict[str, str]
    at: float


Reply = tuple[int, dict[str, str], bytes]


def page(title: str = TITLE, body: str = "", charset: str = "utf-8") -> bytes:
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{body or 'Words. ' * 200}</p>".encode(
        charset
    )


def html(status: int = 200, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "text/html; charset=utf-8", **named}, body or page()


def to(location: str, status: int = 301, **headers: str) -> Reply:
    return html(status, Location=location, **headers)


def as_sent(url: str) -> str:
    """Return an address as HTTP clients send it: with a path, and its escapes in capitals (RFC 3986, section 6.2.2)."""
    parts = urlsplit(url)
    upper = re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), parts.path or "/")
    return parts._replace(path=upper).geturl()


@dataclass
class World:
    """Hosts on this machine, over http and https, that answer as `ways` say, and remember who asked what."""

    folder: Path
    ways: dict[str, Callable[[Asked], Reply | None]] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)  # their certificate is another host's
    unknown: set[str] = field(default_factory=set)  # their certificate's issuer is nobody's
    asked: list[Asked] = field(default_factory=list)
    most: Counter = field(default_factory=Counter)
    gate: Event = field(default_factory=Event)
    gated_after: int | None = None

    def __post_init__(self):
        self.gate.set()
        self.lock = Lock()
        self.busy: Counter = Counter()
        self.servers = [self.serve(False), self.serve(True)]
        self.ports = {80: self.servers[0].server_port, 443: self.servers[1].server_port}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.closed = probe.getsockname()[1]

    def serve(self, secure: bool) -> ThreadingHTTPServer:
        world = self

        class Host(BaseHTTPRequestHandler):
            def answer(self):
                world.answer(self, "https" if secure else "http")

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 64
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

            def get_request(self):
                connection, where = super().get_request()
                if secure:  # the handshake is left to the thread that answers
                    connection = world.identities().wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                return connection, where

        server = Quiet(("127.0.0.1", 0), Host)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    @functools.cache  # noqa: B019
    def identities(self) -> ssl.SSLContext:
        contexts = {}
        for name in ("known", "unknown"):
            contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[name].load_cert_chain(self.folder / f"{name}.pem", self.folder / "key.pem")
        contexts["stranger"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts["stranger"].load_cert_chain(self.folder / "stranger.pem", self.folder / "key.pem")

        def choose(connection, name, _):
            if name in self.strangers:
                connection.context = contexts["stranger"]
            elif name in self.unknown:
                connection.context = contexts["unknown"]

        contexts["known"].sni_callback = choose
        return contexts["known"]

    __hash__ = object.__hash__

    def answer(self, handler: BaseHTTPRequestHandler, scheme: str) -> None:
        host = handler.headers["Host"]
        asked = Asked(
            handler.command, f"{scheme}://{host}{handler.path}", dict(handler.headers), time.monotonic()
        )
        with self.lock:
            self.asked.append(asked)
            self.busy[host] += 1
            self.most[host] = max(self.most[host], self.busy[host])
            stop = self.gated_after is not None and len(self.asked) > self.gated_after
        try:
            if stop:
                self.gate.wait(PATIENCE)
            way = self.ways.get(asked.url)
            if way is None and handler.path == "/robots.txt":
                reply: Reply | None = (404, {}, b"")
            else:
                reply = way(asked) if way else html()
        finally:
            with self.lock:
                self.busy[host] -= 1
        if reply is None:
            handler.close_connection = True
            return
        status, headers, body = reply
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        if host in self.nameless:
            raise socket.gaierror(-2, "Name or service not known")
        if not host.endswith(".example.org"):
            return connect_public(host, port, timeout)  # what is not of this world is not let in
        return socket.create_connection(
            ("127.0.0.1", self.closed if host in self.deaf else self.ports[port]), timeout
        )

    def checker(self, **manner: float) -> Checker:
        trust = ssl.create_default_context(cafile=self.folder / "ca.pem")
        return Checker(AGENT, Manner(**{"pause": 0.0, "slow": SLOW, **manner}), self.connect, trust)

    def urls(self, host: str) -> list[str]:
        return [asked.url for asked in self.asked if urlsplit(asked.url).netloc == host]

    def close(self) -> None:
        self.gate.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Path:
    """A folder with an authority of our own, and certificates for every host of the world and of the register."""
    folder = tmp_path_factory.mktemp("certificates")
    hosts = {urlsplit(each.url).netloc for each in CATALOGUE.official_pages.values()}
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "nobody"):
        openssl(
            folder,
            "req",
            "-x509",
            *curve,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-subj",
            f"/CN={name}",
        )
    openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")
    for name, issuer, names in (
        ("known", "ca", [*sorted(hosts), "*.example.org"]),
        ("stranger", "ca", ["elsewhere.example.net"]),
        ("unknown", "nobody", ["*.example.org"]),
    ):
        (folder / "names.cnf").write_text("subjectAltName=" + ",".join(f"DNS:{each}" for each in names))
        openssl(folder, "req", "-new", "-key", "key.pem", "-subj", "/CN=host", "-out", "host.csr")
        openssl(
            folder, "x509", "-req", "-in", "host.csr", "-days", "2", "-CAcreateserial", "-extfile", "names.cnf",
            "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    return folder


@pytest.fixture
def world(certificates: Path) -> Iterator[World]:
    made = World(certificates)
    yield made
    made.close()


OWNER = Publisher(
    id="body", name="Body", family="un", hosts=("www.example.org", "old.example.org", "x.example.org")
)


def official(url: str, title: str | None = TITLE, name: str = "link") -> OfficialPage:
    link = Link(
        id=name,
        url=url,
        title=title or "ours",
        own_title=title is not None,
        publisher="body",
        languages=("en",),
        topic="about",
        format="page",
        technique="none",
        evidence="direct",
    )
    return OfficialPage(name, url, (OWNER,), link)


def found_by(checker: Checker, pages: list[OfficialPage]) -> list[Found]:
    return [each for each in run(checker, pages, lambda _: ()) if each]


HERE = "https://www.example.org/en/mines"
ROBOTS = "https://www.example.org/robots.txt"


def redirects_home(asked: Asked) -> Reply:
    return html() if asked.url.endswith("/en/") else to("https://www.example.org/en/", 302)


CASES: dict[str, tuple[dict[str, Callable[[Asked], Reply | None]], str, dict]] = {
    "a page that answers": ({}, "answers", {"status": 200, "title": TITLE}),
    "its title is its heading, beside the name of the site": (
        {HERE: lambda _: html(body=b"<title>Body</title><h1>What to do about mines</h1>" + b"x " * 900)},
        "answers",
        {},
    ),
    "a file that is no page": (
        {HERE: lambda _: (200, {"Content-Type": "application/pdf"}, b"%PDF" * 9)},
        "answers",
        {"title": None},
    ),
    "nothing but GET": ({HERE: lambda a: html(405) if a.method == "HEAD" else html()}, "answers", {}),
    "an end where HEAD is meant": ({HERE: lambda a: None if a.method == "HEAD" else html()}, "answers", {}),
    "moved for good": (
        {HERE: lambda _: to("/en/new")},
        "moved",
        {"to": "https://www.example.org/en/new"},
    ),
    "moved for good in two steps, then led on for now": (
        {
            HERE: lambda _: to("https://old.example.org/a"),
            "https://old.example.org/a": lambda _: to("/b", 308),
            "https://old.example.org/b": lambda _: to("/c", 302),
        },
        "moved",
        {"to": "https://old.example.org/b"},
    ),
    "led on for now": ({HERE: lambda _: to("/en/today", 307)}, "answers", {"to": None}),
    "moved to an address in other letters": (
        {HERE: lambda _: to("/ar/ألغام".encode().decode("latin-1"))},
        "moved",
        {"to": "https://www.example.org/ar/%D8%A3%D9%84%D8%BA%D8%A7%D9%85"},
    ),
    "forbidden": ({HERE: lambda _: html(403)}, "refused", {"status": 403}),
    "too many requests": ({HERE: lambda _: html(429)}, "refused", {"status": 429}),
    "an odd refusal": ({HERE: lambda _: html(999)}, "refused", {"status": 999}),
    "asks for a person": ({HERE: lambda _: html(503, page("Just a moment..."))}, "refused", {}),
    "asks for a person, politely": ({HERE: lambda _: html(body=page("Attention Required!"))}, "refused", {}),
    "wants cookies": ({HERE: lambda _: to(HERE, 302, Set_Cookie="a=b")}, "refused", {}),
    "robots.txt says no": (
        {ROBOTS: lambda _: (200, {}, b"User-agent: *\nDisallow: /en/*nes$\n")},
        "refused",
        {"status": None},
    ),
    "robots.txt says no to us": (
        {ROBOTS: lambda _: (200, {}, b"User-agent: mineawarenesshub\nDisallow: /\n\nUser-agent: *\nAllow: /\n")},
        "refused",
        {},
    ),
    "robots.txt fails": ({ROBOTS: lambda _: html(500)}, "refused", {"status": None}),
    "robots.txt allows": (
        {ROBOTS: lambda _: (200, {}, b"User-agent: *\nDisallow: /\nAllow: /en/\n")},
        "answers",
        {},
    ),
    "robots.txt stands elsewhere": (
        {
            ROBOTS: lambda _: to("https://old.example.org/robots"),
            "https://old.example.org/robots": lambda _: (200, {}, b"User-agent: *\nDisallow: /en/\n"),
        },
        "refused",
        {},
    ),
    "gone": ({HERE: lambda _: html(410)}, "missing", {"status": 410}),
    "not found": ({HERE: lambda _: html(404)}, "missing", {"status": 404}),
    "says that it is not found": ({HERE: lambda _: html(body=page("Page not found"))}, "soft-404", {"status": 200}),
    "says so in its few words": (
        {HERE: lambda _: html(body=page("Body", "عذرا، الصفحة غير موجودة"))},
        "soft-404",
        {},
    ),
    "everything leads to the first page": (
        {HERE: redirects_home, "https://www.example.org/en/": lambda _: html(body=page("Body"))},
        "soft-404",
        {"to": "https://www.example.org/en/"},
    ),
    "the first page bears its title": (
        {HERE: lambda _: to("/en/"), "https://www.example.org/en/": lambda _: html()},
        "moved",
        {},
    ),
    "another page altogether": ({HERE: lambda _: html(body=page("Cheap shoes and bags"))}, "changed", {}),
    "moved to another page altogether": (
        {
            HERE: lambda _: to("/new"),
            "https://www.example.org/new": lambda _: html(body=page("Cheap shoes and bags")),
        },
        "changed",
        {"to": "https://www.example.org/new"},
    ),
    "broken": ({HERE: lambda _: html(500)}, "broken", {"status": 500}),
    "redirects without end": ({HERE: lambda _: to(HERE)}, "broken", {}),
    "redirects to a file on the phone": ({HERE: lambda _: to("file:///etc/passwd")}, "broken", {}),
    "redirects to a port": ({HERE: lambda _: to("https://www.example.org:8443/")}, "broken", {}),
    "redirects into the house": ({HERE: lambda _: to("http://127.0.0.1/")}, "name", {}),
    "redirects to a machine's own secrets": ({HERE: lambda _: to("http://169.254.169.254/latest/")}, "name", {}),
    "redirects to a name of the house": ({HERE: lambda _: to("http://localhost/")}, "name", {}),
    "slow": ({HERE: lambda a: (a.method == "GET" and time.sleep(SLOW + 0.2)) or html()}, "slow", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_way_to_answer_is_told_apart(world, case):
    ways, result, facts = CASES[case]
    world.ways = ways
    check = world.checker().check(official(HERE))
    assert (check.result, check.url) == (result, HERE), check
    assert {name: getattr(check, name) for name in facts} == facts
    for asked in world.asked:
        assert asked.headers["User-Agent"] == AGENT
        assert set(asked.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    if case.startswith("robots.txt") and result == "refused":
        assert HERE not in world.urls("www.example.org"), (
            "a page was asked for that robots.txt keeps from programs"
        )


def test_hosts_without_name_ear_or_honest_certificate_are_told_apart(world):
    world.nameless.add("a.example.org")
    world.deaf.add("b.example.org")
    world.strangers.add("c.example.org")
    world.unknown.add("d.example.org")
    checker = world.checker()
    found = {host: checker.check(official(f"https://{host}.example.org/x")).result for host in "abcd"}
    assert found == {"a": "name", "b": "silent", "c": "certificate", "d": "issuer"}


def test_a_host_that_says_nothing_is_given_up(world):
    world.ways[HERE] = lambda _: world.gate.wait(PATIENCE) and None
    world.gate.clear()
    check = world.checker(reading=0.5).check(official(HERE))
    assert (check.result, check.why) == ("silent", "does not answer in time")


def test_a_body_without_end_is_read_no_further_than_its_head(world):
    def endless(asked: Asked) -> Reply:
        return 200, {"Content-Type": "text/html", "Content-Length": str(10**9)}, page() + b"x" * 5_000_000

    world.ways[HERE] = endless
    assert world.checker().check(official(HERE)).result == "answers"


@pytest.mark.parametrize(
    ("declared", "inside", "charset"),
    [("; charset=windows-1256", "", "cp1256"), ("", '<meta charset="gb2312">', "gb18030"), ("", "", "utf-8")],
)
def test_titles_are_read_in_the_letters_of_their_page(world, declared, inside, charset):
    title = {"cp1256": "التوعية بمخاطر الألغام", "gb18030": "地雷危险教育", "utf-8": "Мінна небезпека"}[
        charset
    ]
    body = f"<html><head>{inside}<title> {title}\n</title>".encode(charset)
    world.ways[HERE] = lambda _: (200, {"Content-Type": f"text/html{declared}"}, body)
    check = world.checker().check(official(HERE, title))
    assert (check.result, check.title) == ("answers", title)


def test_a_page_without_a_title_of_its_own_is_known_by_the_one_it_was_first_seen_with(world):
    ours = official(HERE, None)
    assert world.checker().check(ours).result == "answers"
    world.ways[HERE] = lambda _: html(body=page("Cheap shoes and bags"))
    assert world.checker().check(ours, [TITLE]).result == "changed"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mine action", "Mine Action | United Nations", True),
        ("التوعية بمخاطر الألغام", "التوعية بمخاطر الألغام - اليونيسف", True),
        ("地雷行动", "地雷行动 | 联合国", True),
        ("Mine risk education in Sudan", "Sudan: mine risk education", True),
        ("Mine risk education in Sudan", "Casino bonus for new players", False),
        ("地雷行动", "足球比赛结果", False),
        ("", "x", False),
    ],
)
def test_titles_are_held_against_each_other_in_every_script(one, other, same):
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_a_host_that_asks_to_wait_is_waited_for(world):
    times = []

    def busy(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return html(429, Retry_After="1") if len(times) == 1 else html()

    world.ways[HERE] = busy
    assert world.checker().check(official(HERE)).result == "answers"
    assert times[1] - times[0] >= 0.95, "it was asked again before it wanted to be"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_host_that_asks_for_long_peace_is_left_for_another_run(world, form):
    when = (
        "3600" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    )
    world.ways[HERE] = lambda _: html(503, Retry_After=when)
    checker = world.checker()
    with pytest.raises(Deferred):
        checker.check(official(HERE))
    before = len(world.asked)
    found = found_by(checker, [official(HERE + str(n), name=f"n{n}") for n in range(5)])
    assert [each.check for each in found] == [None] * 5
    assert len(world.asked) == before, "a host was asked that wanted to be left alone"


def test_an_http_page_is_asked_over_https_too(world):
    plain = official("http://old.example.org/mines")
    assert world.checker().check(plain).https == "https://old.example.org/mines"
    world.deaf.add("old.example.org")
    check = world.checker().check(plain)
    assert (check.result, check.https) == ("silent", None)


def test_a_host_gets_one_request_at_a_time_and_a_dead_host_is_not_tried_for_every_page(world):
    tries = []
    world.nameless.add("dead.example.org")
    dial = world.connect

    def counting(host: str, port: int, timeout: float) -> socket.socket:
        tries.append(host)
        return dial(host, port, timeout)

    world.connect = counting
    pages = [
        official(f"https://{host}.example.org/{n}", name=f"{host}{n}") for n in range(12) for host in "abc"
    ]
    pages += [official(f"http://a.example.org/plain/{n}", name=f"plain{n}") for n in range(5)]
    pages += [official(f"https://dead.example.org/{n}", name=f"dead{n}") for n in range(12)]
    for host in "abc":  # they all lead to one another's hosts
        for n in range(12):
            there = f"https://{'bca'['abc'.index(host)]}.example.org/led/{n}"
            world.ways[f"https://{host}.example.org/{n}"] = lambda _, there=there: to(there, 302)
    found = {each.page.id: each.check.result for each in found_by(world.checker(), pages) if each.check}
    assert found == {each.id: "name" if each.id.startswith("dead") else "answers" for each in pages}
    assert set(world.most.values()) == {1}
    assert tries.count("dead.example.org") == 2


def test_nothing_is_noted_when_only_our_own_network_can_be_at_fault(world):
    world.nameless |= {f"{host}.example.org" for host in "abc"}
    pages = [official(f"https://{host}.example.org/", name=host) for host in "abc"]
    assert [each.check for each in found_by(world.checker(), pages)] == [None] * 3
    pages.append(official(HERE))
    assert len([each for each in found_by(world.checker(), pages) if each.check]) == 4


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1", "fe80::1%eth0",
     "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"],
)  # fmt: skip
def test_no_address_of_a_house_is_ever_connected_to(monkeypatch, number):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", (number, 80))])
    with pytest.raises(NotPublic):
        connect_public("www.example.org", 80, 1)


# The file


def checked(result: str, day: int, url: str = HERE, **more) -> Check:
    return Check(at=datetime(2026, 12, day, 12, tzinfo=UTC), url=url, result=result, **more)


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ([], "unchecked"),
        ([("missing", 1)], "failing"),
        ([("missing", 1), ("name", 2)], "failing"),
        ([("missing", 1), ("missing", 1), ("silent", 1), ("broken", 1)], "failing"),
        ([("missing", 1), ("name", 2), ("soft-404", 5)], "gone"),
        ([("missing", 1), ("name", 2), ("answers", 2), ("soft-404", 5)], "failing"),
        ([("missing", 1), ("name", 2), ("refused", 3)], "refused"),
        ([("missing", 1), ("name", 2), ("refused", 3), ("broken", 4)], "gone"),
        ([("missing", 1), ("name", 2), ("missing", 3), ("refused", 4)], "gone"),
        ([("issuer", 1), ("issuer", 2), ("issuer", 3)], "failing"),
        ([("refused", 1), ("refused", 2), ("refused", 3)], "refused"),
        ([("missing", 1), ("missing", 2), ("missing", 3), ("moved", 4)], "moved"),
    ],
)
def test_a_page_is_gone_after_failing_on_three_days_with_no_answer_between(tmp_path, results, state):
    file = HealthFile(tmp_path / "health.json", Ledger())
    for result, day in results:
        file.note("link", checked(result, day))
    file.save()
    health = load_health(file.path)
    assert health.state("link", HERE) == state
    assert health.state("link", HERE + "/elsewhere") == "unchecked", "an entry with a new address begins anew"


def test_what_becomes_of_a_page_is_told_once(tmp_path):
    file = HealthFile(tmp_path / "health.json", Ledger())
    new = HERE + "/new"
    for day, result in enumerate(
        ["answers", "moved", "moved", "missing", "missing", "missing", "missing", "moved"], 1
    ):
        file.note("link", checked(result, day, to=new if result == "moved" else None))
    events = [(event.what, event.on.day, event.to) for event in file.pages["link"].events]
    assert events == [("moved", 2, new), ("gone", 6, None), ("back", 8, None)]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"form": 2}', b'{"pages": {"x": {"checks": [{}]}}}', b"[" * 100_000],
)
def test_a_damaged_file_is_named_and_never_overwritten_unasked(tmp_path, damage):
    path = tmp_path / "health.json"
    path.write_bytes(damage)
    assert load_health(path).fault.file == str(path)
    with pytest.raises(HealthDamaged, match="--replace-damaged"), open_file(path):
        pass
    assert path.read_bytes() == damage
    with open_file(path, replace_damaged=True) as file:
        file.note("link", checked("answers", 1))
        file.save()
    assert path.with_name("health.json.damaged").read_bytes() == damage
    assert load_health(path).state("link", HERE) == "answers"


def test_two_checks_never_write_one_file(tmp_path):
    path = tmp_path / "health.json"
    with open_file(path), pytest.raises(Busy), open_file(path):
        pass


def test_an_interrupted_run_is_taken_up_and_a_finished_or_old_one_is_not(tmp_path):
    pages = [official(HERE), official(HERE + "2", name="two")]
    with open_file(tmp_path / "health.json") as file:
        began = begin(file)
        file.note("link", Check(at=datetime.now(UTC) + timedelta(seconds=1), url=HERE, result="answers"))
        file.save()
    with open_file(tmp_path / "health.json") as file:
        assert begin(file) == began
        assert unasked(file, pages, began) == [pages[1]]
        old = began - timedelta(days=3)
        file.run = file.run.model_copy(update={"began": old})
        assert begin(file) > old
        file.run = file.run.model_copy(update={"finished": began})
        before = file.run
        begin(file)
        assert file.run.finished is None
        assert before.finished


def test_a_check_that_is_told_stands_on_the_disk(tmp_path, world):
    path = tmp_path / "health.json"
    pages = [official(f"https://h{n}.example.org/", name=f"p{n}") for n in range(30)]
    with open_file(path) as file:
        for told in keep(file, run(world.checker(), pages, lambda _: ())):
            assert load_health(path).last(told.page.id, told.page.url) == told.check
    assert len(load_health(path).pages) == 30


# The command, over every page of the register

SCRIPT = """
import functools, json, socket, ssl, sys
import app.linkcheck as linkcheck
from flask.cli import ScriptInfo
from app import create_app

plan = json.loads(sys.argv[1])

def connect(host, port, timeout):
    if host in plan["nameless"]:
        raise socket.gaierror(-2, "Name or service not known")
    return socket.create_connection(("127.0.0.1", plan["ports"][str(port)]), timeout)

linkcheck.Checker = functools.partial(
    linkcheck.Checker,
    connect=connect,
    trust=ssl.create_default_context(cafile=plan["ca"]),
    manner=linkcheck.Manner(pause=0.0, slow=60.0, reading=120.0, whole=120.0),
)
app = create_app()
app.cli.main(sys.argv[2:], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))
"""


class Runs:
    """Runs the commands in a folder of their own, against a world of their own."""

    def __init__(self, folder: Path, world: World):
        self.folder = folder
        self.world = world
        self.health = folder / "health.json"
        self.processes: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    def start(self, *words: str) -> subprocess.Popen[str]:
        plan = {
            "nameless": sorted(self.world.nameless),
            "ports": self.world.ports,
            "ca": str(self.world.folder / "ca.pem"),
        }
        hub = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, json.dumps(plan), *words],
            cwd=self.folder,
            env={**hub, "PYTHONPATH": str(ROOT), "HUB_CONTACT": "corrections@example.org"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(words, process.returncode, out, err)


@pytest.fixture
def runs(tmp_path: Path, world: World) -> Iterator[Runs]:
    made = Runs(tmp_path, world)
    yield made
    made.close()


PAGES = list(CATALOGUE.official_pages.values())
KINDS = ("answers", "answers", "answers", "moved", "missing", "refused", "soft-404", "changed", "broken")


def title_of(each: OfficialPage) -> str:
    return each.link.title if each.link else "The page of an authority"


def play(world: World, expected: dict[str, str]) -> None:
    """Let every page of the register answer in one of the ways, in turn, and one host be without a name."""
    hosts = Counter(urlsplit(each.url).netloc for each in PAGES)
    world.nameless = {next(host for host, times in hosts.items() if times == 2)}
    kinds: dict[str, str] = {}
    titles = {
        each.url: title_of(each) for each in reversed(PAGES)
    }  # a link's own, where an authority has it too
    several = {url for url, times in Counter(each.url for each in PAGES).items() if times > 1}
    for each in PAGES:
        host = urlsplit(each.url).netloc
        kind = kinds.setdefault(each.url, KINDS[len(kinds) % len(KINDS)])
        if kind == "changed" and (each.url in several or not (each.link and each.link.own_title)):
            kind = kinds[each.url] = "answers"
        expected[each.id] = "name" if host in world.nameless else kind
        title = titles[each.url]
        world.ways[as_sent(each.url)] = {
            "answers": lambda _, title=title: html(body=page(title)),
            "moved": lambda a: to(a.url.split("?")[0].rstrip("/") + "/at-last"),
            "missing": lambda _: html(404),
            "refused": lambda _: html(403),
            "soft-404": lambda _: html(body=page("404")),
            "changed": lambda _: html(body=page("§§§")),
            "broken": lambda _: html(502),
        }[kind]
        moved = each.url.split("?")[0].rstrip("/") + "/at-last"
        world.ways[as_sent(moved)] = lambda _, title=title: html(body=page(title))
        if each.url.startswith("http://"):
            world.ways[as_sent("https" + each.url[4:])] = lambda _: html(404)


def test_the_command_checks_every_page_is_killed_and_loses_nothing(runs, world):
    expected: dict[str, str] = {}
    play(world, expected)
    by_id = {each.id: each.url for each in PAGES}
    sent = {each.id: as_sent(each.url) for each in PAGES}
    halves: list[str] = []
    done = Event()

    def read() -> None:
        while not done.wait(0.005):
            if fault := load_health(runs.health).fault:
                halves.append(str(fault))

    reader = Thread(target=read)
    reader.start()
    for share in (0.2, 0.5, 0.8):
        before = len(load_health(runs.health).pages)
        world.asked.clear()
        world.gated_after = int(share * 2 * len(PAGES)) - 2 * before
        world.gate.clear()
        process = runs.start("links", "check")
        end = time.monotonic() + PATIENCE
        while len(load_health(runs.health).pages) <= before or len(world.asked) <= world.gated_after:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        world.gated_after = None
        world.gate.set()
        while any(world.busy.values()):
            time.sleep(0.02)
    kept = load_health(runs.health)
    assert kept.fault is None
    assert 0 < len(kept.pages) < len(PAGES)
    assert kept.run is not None
    assert kept.run.finished is None
    world.asked.clear()
    last = runs.run("links", "check", "--json")
    done.set()
    reader.join()
    assert last.returncode == 0, last.stderr
    assert not halves
    health = load_health(runs.health)
    assert {name: history.last(by_id[name]).result for name, history in health.pages.items()} == expected
    assert health.run.began == kept.run.began
    assert health.run.finished is not None
    done_before, left = set(kept.pages), set(by_id) - set(kept.pages)
    again = {asked.url for asked in world.asked} & {sent[name] for name in done_before}
    assert not again - {sent[name] for name in left}, "pages were asked twice"
    told = json.loads(last.stdout)
    assert {each["id"] for each in told["links"]} == left
    assert told["skipped"] == len(kept.pages)
    assert "MineAwarenessHub/1.0 (+corrections@example.org)" in {a.headers["User-Agent"] for a in world.asked}
    assert set(world.most.values()) == {1}, "a host was asked two things at a time"

    moved = [each for each in PAGES if expected[each.id] == "moved"]
    proposed = runs.run("links", "propose")
    assert proposed.returncode == 0, proposed.stderr
    assert f"+{'url'} = " in proposed.stdout
    for each in moved:
        assert each.id in proposed.stdout or f'"{each.url}"' in proposed.stdout, each.id


def test_a_run_may_be_narrowed(runs, world):
    for each in PAGES:
        world.ways[as_sent(each.url)] = lambda _, each=each: html(body=page(title_of(each)))
    first, second = [each for each in PAGES if each.url.startswith("https://")][:2]
    held = next(link for link in CATALOGUE.links.values() if link.held and link.url.startswith("https://"))
    done = runs.run("links", "check", "--only", first.id, "--only", second.id, "--only", held.id)
    assert done.returncode == 0, done.stderr
    assert set(load_health(runs.health).pages) == {first.id, second.id, held.id}
    assert load_health(runs.health).run is None
    world.asked.clear()
    today = datetime.now(UTC).date().isoformat()
    done = runs.run("links", "check", "--only", first.id, "--since", today, "--json")
    assert json.loads(done.stdout)["links"] == []
    assert not world.asked
    assert runs.run("links", "check", "--only", "no-such-page").returncode == 1
    runs.health.write_text("{")
    refused = runs.run("links", "check", "--only", first.id)
    assert refused.returncode == 1
    assert "health.json" in refused.stderr
    assert runs.health.read_text() == "{"
    assert runs.run("links", "check", "--only", first.id, "--replace-damaged").returncode == 0
    assert load_health(runs.health).state(first.id, first.url) == "answers"


def test_a_proposal_is_a_patch_that_applies_and_says_what_a_person_must_look_at(tmp_path):
    content = tmp_path / "app" / "content"
    shutil.copytree(CONTENT, content)
    catalogue = load_catalogue(content, [])
    pages = catalogue.official_pages
    links = [each for each in pages.values() if each.link and each.url.startswith("https://")]
    authority = next(each for each in pages.values() if each.id.startswith("authority-"))
    number = next(each for each in pages.values() if each.id.startswith("number-"))
    plain = next(each for each in pages.values() if each.url.startswith("http://") and each.link)
    file = HealthFile(tmp_path / "health.json", Ledger())
    new = {each.id: each.url.rstrip("/").split("?")[0] + "/at-last" for each in (links[0], authority, number)}
    for name, there in new.items():
        file.note(name, checked("moved", 1, pages[name].url, to=there))
    file.note(links[1].id, checked("moved", 1, links[1].url, to="https://www.example.net/elsewhere"))
    file.note(links[2].id, checked("moved", 1, links[2].url, to=links[0].url))
    file.note(plain.id, checked("answers", 1, plain.url, https="https" + plain.url[4:]))
    file.save()
    found = proposals(catalogue, load_health(file.path))
    text = patch(content, catalogue, found)
    assert "www.example.net" in text.partition("---")[0]
    assert "publishers.toml" in text.partition("---")[0]
    (tmp_path / "it.patch").write_text(text)
    subprocess.run(["git", "apply", "it.patch"], cwd=tmp_path, check=True, capture_output=True)
    defects: list = []
    after = load_catalogue(content, defects).official_pages
    assert not defects
    for name, there in new.items():
        assert after[name].url == there
        assert stands_on(there, pages[name].hosts)
    assert after[plain.id].url.startswith("https://")
    untouched = set(pages) - {each.page.id for each in found if each.against is None}
    assert {name: after[name].url for name in untouched} == {name: pages[name].url for name in untouched}
