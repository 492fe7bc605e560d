"""Whatever is killed, filled, cut short or flooded: no wrong body, nothing lost, and the hub answers again."""

import gzip
import http.client
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import brotli
import pytest
from conftest import CONTENT, TRANSLATIONS, make_delivery
from local import free_port
from werkzeug.test import Client

from app.hub import open_hub, seal
from app.serve import Renewing
from app.settings import Settings
from app.tree import read_sums

ROOT = CONTENT.parent.parent
PATIENCE = 60  # seconds until a test gives up waiting; no test asserts how long anything took
SILENT = 1000  # connections that send nothing
MUTATED = 10000  # requests through the application
FULL = 25  # KiB a file may grow to when the disk is to be full and no small one can be mounted

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if _soft < 4 * SILENT:  # the servers started here inherit it
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (_hard if _hard != -1 and _hard < 4 * SILENT else 4 * SILENT, _hard)
    )


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is true, and fail when it does not become so in time."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"still waiting: {what}"
        time.sleep(0.05)


class Server:
    """A running hub, as `make run` starts it, on a copy of the content that may be damaged."""

    def __init__(self, folder: Path, *options: str):
        self.folder = folder
        self.port = free_port()
        granian = Path(sys.executable).with_name("granian")
        command = [
            granian,
            "--interface",
            "wsgi",
            "--factory",
            "--blocking-threads",
            "1",
            "--runtime-threads",
            "1",
        ]
        command += [
            "--no-access-log",
            "--log-level",
            "warning",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        with (folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, *options, "app.serve:application"],
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def get(self, address: str, timeout: float = 10) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            connection.request("GET", address)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answers(self) -> bool:
        assert self.process.poll() is None, f"the server ended:\n{self.said}"
        with suppress(OSError, http.client.HTTPException):
            return self.get("/healthz", timeout=5) == (200, b"ok\n")
        return False

    def workers(self) -> list[int]:
        """Return the processes that the server has started and that can answer requests."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = path.read_text().rsplit(")", 1)[1].split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    command = (path.parent / "cmdline").read_bytes()
                    if b"resource_tracker" not in command:
                        found.append(int(path.parent.name))
        return found

    def end(self) -> None:
        """End the server and whatever it has started; they are a session of their own."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def copy_of_the_hub(folder: Path) -> Path:
    shutil.copytree(CONTENT.parent, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TRANSLATIONS, folder / "translations")
    return folder


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*options: str) -> Server:
        started.append(Server(copy_of_the_hub(tmp_path), *options))
        return started[-1]

    yield start
    for server in started:
        server.end()


ADDRESSES = ("/en/", "/ar/", "/my/countries/", "/zh-Hans/about/", "/uk/countries/ua/", "/robots.txt")


class Readers:
    """Readers who ask without pause: each body they get must be the right one; refused connections are counted."""

    def __init__(self, server: Server, bodies: dict[str, bytes], count: int = 2):
        self.server = server
        self.bodies = bodies
        self.right = 0
        self.lost: list[str] = []
        self.wrong: list[str] = []
        self._stop = Event()
        self._threads = [Thread(target=self._read, args=(n,), daemon=True) for n in range(count)]

    def _read(self, n: int) -> None:
        chosen = random.Random(n)
        while not self._stop.is_set():
            address = chosen.choice(ADDRESSES)
            try:
                status, body = self.server.get(address, timeout=PATIENCE)
            except (OSError, http.client.HTTPException) as fault:
                self.lost.append(f"{address}: {fault!r}")
                self._stop.wait(0.02)
                continue
            if status == 200 and body == self.bodies[address]:
                self.right += 1
            else:
                self.wrong.append(f"{address} answers {status} with {len(body)} bytes")

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def read_more(self, times: int = 30) -> None:
        """Wait until further requests were answered rightly."""
        goal = self.right + times
        until(lambda: self.right >= goal, f"readers get answers; lost {self.lost[-3:]}")


@pytest.fixture(scope="session")
def bodies(delivery) -> dict[str, bytes]:
    """What each address must answer."""
    return {address: Client(delivery).get(address).data for address in ADDRESSES}


# The server


def test_a_worker_killed_under_load_costs_no_wrong_body_and_comes_back(serve, bodies):
    server = serve("--workers", "2", "--respawn-failed-workers")
    until(server.answers, "the server starts")
    until(lambda: len(server.workers()) == 2, "two workers run")
    with Readers(server, bodies) as readers:
        readers.read_more()
        for _ in range(2):
            killed = server.workers()[0]
            os.kill(killed, signal.SIGKILL)
            until(lambda killed=killed: killed not in server.workers(), "the worker is gone")
            until(lambda: len(server.workers()) == 2, "another worker runs")
            readers.read_more()
    assert not readers.wrong, readers.wrong[:5]
    assert server.answers()


def test_a_server_killed_while_it_starts_starts_again_as_if_nothing_had_been(serve, tmp_path, bodies):
    server = serve("--workers", "1")
    until(server.workers, "the worker starts")
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    shutil.rmtree(tmp_path / "app")
    shutil.rmtree(tmp_path / "translations")
    again = serve("--workers", "1")
    until(again.answers, "the server starts again")
    for address, body in bodies.items():
        assert again.get(address) == (200, body), address


@pytest.mark.parametrize("damage", ["cut", "emptied"])
def test_a_running_hub_serves_on_when_its_content_is_damaged(serve, tmp_path, bodies, damage):
    server = serve("--workers", "1")
    until(server.answers, "the server starts")
    files = [tmp_path / "app" / "content" / "countries.toml", tmp_path / "app" / "content" / "messages.toml"]
    files += (tmp_path / "translations").glob("*/LC_MESSAGES/*.po")
    files += (tmp_path / "app" / "content" / "links").glob("*.toml")
    for path in files:
        os.truncate(path, path.stat().st_size // 2 if damage == "cut" else 0)
    for address, body in bodies.items():
        assert server.get(address) == (200, body), address
    assert server.get("/fr/countries/iq/")[0] == 200, "a page nobody had asked for before the damage"
    refused = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert refused.returncode == 1, refused.stderr
    assert "content/" in refused.stdout
    assert "Traceback" not in refused.stderr


def test_connections_that_send_nothing_keep_nobody_out(serve, bodies):
    server = serve("--workers", "1")
    until(server.answers, "the server starts")
    silent = []
    try:
        for n in range(SILENT):
            silent.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            if n % 4 == 1:
                silent[-1].sendall(b"GET /en/ HTTP/1.1\r\nHost: hub\r\nX-Slow: ")
        for _ in range(3):
            for address, body in bodies.items():
                assert server.get(address) == (200, body), address
    finally:
        for each in silent:
            each.close()
    assert server.answers()


def test_sealed_content_is_taken_up_without_losing_a_request_and_broken_content_never(copy):
    def read():
        return open_hub(Settings(), copy.content, copy.translations)

    serving = Renewing(read, copy.content / "seal.toml", every=0)
    wrong: list[str] = []
    bodies: set[bytes] = set()
    stop = Event()

    def ask() -> None:
        client = Client(serving)
        while not stop.is_set():
            answer = client.get("/en/countries/")
            bodies.add(answer.data)
            if answer.status_code != 200:
                wrong.append(answer.status)

    readers = [Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    until(lambda: len(bodies) == 1, "the first answer")
    copy.edit("interface.toml", "Choose the country you are in.", "Choose the country where you are.")
    for path in copy.translations.glob("*/LC_MESSAGES/interface.po"):
        path.write_text(
            path.read_text("utf-8").replace(
                "Choose the country you are in.", "Choose the country where you are."
            ),
            "utf-8",
        )
    assert not serving.renew(), "content that is not sealed is not taken up"
    seal(copy.content, copy.translations)
    assert serving.renew()
    until(lambda: len(bodies) == 2, "the new text")
    (copy.content / "countries.toml").write_text("", "utf-8")
    (copy.content / "seal.toml").touch()
    assert not serving.renew()
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert len(bodies) == 2
    assert b"Choose the country where you are." in Client(serving).get("/en/countries/").data


# Requests of any form

HEADERS = (
    "Accept-Language",
    "Accept-Encoding",
    "If-None-Match",
    "Range",
    "Host",
    "Cookie",
    "X-Forwarded-Host",
)
PIECES = ("..", "%2e%2e", "%00", "%0d%0aX: y", "//", "\\", "?q=1", "?lang=en", "#", "'", "<script>", "{{7*7}}", "%",
          "\u202e", "а", "index.html", "index.html.br", "../../etc/passwd", ";x", "%ff", " ", "+", "~", "*")  # fmt: skip


def requests(addresses: list[str], tags: list[str], count: int, seed: int) -> Iterator[tuple[str, str, dict]]:
    """Yield method, address and headers of requests: addresses of the hub, half of them mutated."""
    chosen = random.Random(seed)
    values = [
        *tags,
        "*",
        "br",
        "gzip",
        "identity;q=0",
        '"x"',
        "W/*",
        "bytes=0-1",
        "evil.example.org",
        "q=9",
        ";;,,",
        "x" * 3000,
    ]
    for _ in range(count):
        address = chosen.choice(addresses)
        for _ in range(chosen.choice((0, 0, 0, 1, 1, 2))):
            at = chosen.randrange(len(address) + 1)
            what = chosen.randrange(5)
            if what == 0:
                address = address[:at] + chosen.choice(PIECES) + address[at:]
            elif what == 1:
                address = address[:at] + address[at + 1 :]
            elif what == 2:
                address = address[:at] + chr(chosen.randrange(0x20, 0x2FFF)) + address[at:]
            elif what == 3:
                address = address.swapcase()
            else:
                address = address.rstrip("/") + "/" + chosen.choice(tags) + "/"
        method = chosen.choices(("GET", "HEAD", "POST", "OPTIONS", "TRACE", "BREW"), (80, 10, 3, 3, 2, 2))[0]
        yield (
            method,
            "/" + address.lstrip("/"),
            {name: chosen.choice(values) for name in chosen.sample(HEADERS, chosen.randrange(4))},
        )


def unpacked(answer) -> bytes:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(
        answer.headers.get("Content-Encoding", ""), bytes
    )
    return unpack(answer.data)


def test_no_mutated_request_gets_a_wrong_body_or_makes_the_hub_grow(hub):
    delivery = make_delivery(hub)
    client = Client(delivery)
    site = delivery.pages.site
    chosen = random.Random(7)
    addresses = ["/", "/healthz", "/sitemap.xml", "/robots.txt", "/icon.svg"]
    for tag in hub.languages:
        own = [address for address, page in site.pages.items() if page.language == tag]
        by_template: dict[str, str] = {}
        for address in chosen.sample(own, len(own)):
            by_template.setdefault(site.pages[address].template, address)
        addresses += by_template.values()
    for address in addresses:  # fill the store and the templates' caches, so that growth is growth
        client.get(address)
    statuses: Counter[int] = Counter()
    known: dict[tuple[str, str], bytes] = {}
    sizes = []
    tracemalloc.start()
    try:
        for seed in (1, 2, 3):
            for method, address, headers in requests(addresses, list(hub.languages), MUTATED // 3 + 1, seed):
                answer = client.open(address, method=method, headers=headers)
                told = f"{method} {address!r} {headers}: {answer.status}"
                statuses[answer.status_code] += 1
                assert answer.status_code in (200, 304, 308, 400, 404, 405), told
                assert answer.status_code == 304 or "Content-Security-Policy" in answer.headers, told
                if answer.status_code == 308:
                    assert answer.headers["Location"] in site.pages, told
                    continue
                if method == "HEAD" or answer.status_code == 304:
                    assert not answer.data, told
                    continue
                if answer.mimetype != "text/html" or not answer.data:
                    continue
                body = unpacked(answer)
                path = answer.request.path
                page = site.pages.get(path)
                if answer.status_code == 200 and method == "GET":
                    assert page, told
                    if page.language:
                        assert f'<html lang="{page.language}"'.encode() in body[:400], told
                        assert known.setdefault((path, ""), body) == body, f"{told}: another body than before"
                elif (first := path.split("/")[1]) in hub.languages:
                    assert f'<html lang="{first}"'.encode() in body[:400], told
                assert b"evil.example.org" not in body, told
                assert b"{{7*7}}" not in body, told
                assert b"Traceback" not in body, told
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sum(statuses.values()) >= MUTATED
    assert statuses[200] > MUTATED // 4, statuses
    assert set(delivery._ready) <= set(site.pages) | {"/sitemap.xml", "/robots.txt", "/icon.svg"}
    assert len(delivery._errors) <= 64
    assert len(delivery._choosers) <= 64
    first, second, third = sizes
    assert third - second < max(2_000_000, (second - first) * 2), f"traced memory grows: {sizes}"


# The export


def exporting(folder: Path, name: str = "dist", **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "export", name, "--workers", "2"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "HUB_LANGUAGES": "en,ar",
            "HUB_COUNTRIES": "UA,SY",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        **options,
    )


def finished(process: subprocess.Popen) -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out + err


def assert_whole(dist: Path) -> dict[str, str]:
    """Check that an export holds exactly the files of its list, each with its sum; return the list."""
    sums = read_sums(dist)
    assert sums, f"{dist} has no list of sums"
    there = {str(path.relative_to(dist)) for path in dist.rglob("*") if path.is_file()}
    assert there == set(sums) | {"SHA256SUMS"}
    for name, digest in sums.items():
        assert sha256((dist / name).read_bytes()).hexdigest() == digest, name
    return sums


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder with a copy of the hub, its export, and one text changed since."""
    folder = copy_of_the_hub(tmp_path)
    status, said = finished(exporting(folder))
    assert status == 0, said
    assert_whole(folder / "dist")
    change(folder)
    return folder


def change(folder: Path) -> None:
    """Change the style sheet, which stands in every page, so that the next export must write every page."""
    with (folder / "app" / "templates" / "style.css").open("a", encoding="utf-8") as handle:
        handle.write("\n.changed{color:inherit}\n")


@pytest.mark.parametrize("moment", ["first file", "compressing"])
def test_an_export_killed_in_the_middle_leaves_the_last_one_whole(exported, moment):
    dist, fresh = exported / "dist", exported / ".dist.new"
    before = assert_whole(dist)
    process = exporting(exported)
    begun = {
        "first file": fresh.exists,
        "compressing": lambda: any(fresh.rglob("*.br")),
    }[moment]
    try:
        until(lambda: begun() or process.poll() is not None, "the export writes")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    after = assert_whole(dist)
    assert process.returncode != 0 or after != before
    status, said = finished(exporting(exported))
    assert status == 0, said
    assert assert_whole(dist) != before
    assert not fresh.exists()
    assert not (exported / ".dist.last").exists()


def test_an_export_killed_between_its_two_renames_is_put_right_by_the_next(exported):
    dist, last = exported / "dist", exported / ".dist.last"
    dist.rename(last)
    status, said = finished(exporting(exported))
    assert status == 0, said
    assert_whole(dist)
    assert not last.exists()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount a disk of a given size on `folder`, where the system lets us; say whether it did."""
    folder.mkdir()
    mounted = False
    if os.geteuid() == 0 and shutil.which("mount"):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        mounted = subprocess.run(command, capture_output=True, timeout=PATIENCE).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=PATIENCE)


def test_an_export_to_a_full_disk_leaves_the_last_one_whole(exported, tmp_path):
    used = sum(
        -(-path.stat().st_size // 4096) * 4 for path in (exported / "dist").rglob("*") if path.is_file()
    )
    with small_disk(tmp_path / "disk", f"{int(used * 1.4)}k") as mounted:
        dist = tmp_path / "disk" / "dist"
        shutil.copytree(exported / "dist", dist)
        before = assert_whole(dist)

        def no_room() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL * 1024, FULL * 1024))

        options = {} if mounted else {"preexec_fn": no_room}
        status, said = finished(exporting(exported, str(dist), **options))
        assert status == 1, said
        assert "could not be written" in said
        assert "Traceback" not in said
        assert assert_whole(dist) == before
        assert not dist.with_name(".dist.new").exists()
    status, said = finished(exporting(exported))
    assert status == 0, said
    assert assert_whole(exported / "dist") != before
