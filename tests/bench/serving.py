"""Serving: the hub on the server we ship, beside an empty application, Flask, nginx, Flask-Babel and Django there."""

import gzip
import importlib.util
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import brotli

from tests.bench.report import Report, Target, middle
from tests.bench.servers import Server, ServerFailed, Servers, cores
from tests.bench.setting import Setting, program
from tests.local import HOST, free_port

HOME, COUNTRY = "/ar/", "/ar/countries/iq/"
HUB, PROXY, CACHE, EMPTY, FLASK, NGINX, RENDER, STOCK, DJANGO = (
    "the hub as shipped",
    "the hub behind nginx, plain proxy",
    "the hub behind nginx, proxy_cache",
    "empty WSGI app",
    "bare Flask, constant",
    "nginx, brotli_static",
    "the hub's Flask, rendering",
    "Flask-Babel, rendering",
    "Django, i18n and cache",
)
ANY = "any address"


@dataclass
class Load:
    """What wrk saw in each repeat, and what the server spent on it."""

    rates: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return middle(self.rates)

    @property
    def p99(self) -> float:
        """Milliseconds within which 99 of 100 were answered."""
        return middle(self.slowest)

    @property
    def cost(self) -> float:
        """CPU microseconds of the server for one request."""
        return middle(self.costs)


def measure(setting: Setting) -> None:
    """Print requests a second, p99 and CPU of the hub and its peers, and the ratios the design asks for."""
    report = setting.report
    report.heading("Serving: one worker on one core, load from the other")
    wrk = program("wrk")
    if wrk is None:
        report.skip("all of it", "wrk is not installed (Debian: wrk)")
        return
    if cores()[0] == cores()[1]:
        report.say("There is one core only: server and load share it, so read the CPU column alone.")
    with setting.servers() as servers:
        running = _start_all(setting, servers)
        _compare_bodies(report, running)
        loads = _interleaved(setting, wrk, running)
    for address in (HOME, COUNTRY, ANY):
        _print(report, address, {name: load for (name, where), load in loads.items() if where == address})


def over_the_export(setting: Setting, servers: Servers) -> Server:
    """Start nginx over the exported hub, with the configuration that the export itself wrote."""
    place = (f"root {setting.exported};", f"include {setting.exported}/_config/nginx.conf;")
    return nginx(setting, servers, NGINX, place)


def in_front(setting: Setting, servers: Servers, hub: Server, keeps: bool) -> Server:
    """Start nginx as a proxy of a running hub, which it may keep the pages of; its CPU counts the hub's too."""
    name = CACHE if keeps else PROXY
    folder = setting.folder / f"nginx-kept-{free_port()}"
    upstream = f"upstream hub {{ server {HOST}:{hub.port}; keepalive 16; }}"
    keeping = f"proxy_cache_path {folder} keys_zone=hub:8m use_temp_path=off;" if keeps else ""
    place = (
        "location / { proxy_pass http://hub; proxy_http_version 1.1; proxy_set_header Connection '';",
        "proxy_cache hub; }" if keeps else "}",
    )
    front = nginx(setting, servers, name, place, (upstream, keeping))
    front.behind = hub
    return front


def nginx(
    setting: Setting, servers: Servers, name: str, place: Sequence[str], around: Sequence[str] = ()
) -> Server:
    """Start nginx with the lines of its one `place` to answer from, and those `around` it; ServerFailed without it."""
    found = program("nginx")
    if found is None:
        raise ServerFailed("nginx is not installed (Debian: nginx-light libnginx-mod-http-brotli-static)")
    modules = Path("/etc/nginx/modules-enabled")
    if not any("brotli-static" in each.name for each in modules.glob("*.conf")):
        raise ServerFailed("its brotli module is not installed (Debian: libnginx-mod-http-brotli-static)")
    port = free_port()
    folder = setting.folder / f"nginx-{port}"
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    lines = [
        "user root;" if os.geteuid() == 0 else "",
        f"include {modules}/*brotli-static.conf;",
        "daemon off; worker_processes 1;",
        f"pid {folder}/pid; error_log {folder}/error.log;",
        "events { worker_connections 512; }",
        "http { types { text/html html; application/xml xml; text/plain txt; image/svg+xml svg; }",
        "access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;",
        "open_file_cache max=20000; open_file_cache_valid 600s;",
        *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
        *around,
        f"server {{ listen {HOST}:{port};",
        *place,
        "} }",
    ]
    (folder / "nginx.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return servers.start(name, [found, "-c", f"{folder}/nginx.conf"], port)


def _start_all(setting: Setting, servers: Servers) -> dict[str, Server]:
    """Start what can be started, each with its pages asked for once; say what cannot."""
    running: dict[str, Server] = {}
    starts: dict[str, tuple[str, Callable[[], Server]]] = {
        HUB: ("", lambda: servers.granian("app.serve:application")),
        PROXY: ("", lambda: in_front(setting, servers, running[HUB], keeps=False)),
        CACHE: ("", lambda: in_front(setting, servers, running[HUB], keeps=True)),
        EMPTY: ("", lambda: servers.granian("tests.bench.plain:empty")),
        FLASK: ("", lambda: servers.granian("tests.bench.plain:bare_flask")),
        NGINX: ("", lambda: over_the_export(setting, servers)),
        RENDER: ("", lambda: servers.granian("tests.bench.peers:rendering")),
        STOCK: ("flask_babel", lambda: servers.granian("tests.bench.peers:stock", ready=HOME)),
        DJANGO: ("django", lambda: servers.granian("tests.bench.peers:django", ready=HOME)),
    }
    setting.environment["BENCH_EXPORT"] = str(setting.exported)
    for name, (package, start) in starts.items():
        if package and importlib.util.find_spec(package) is None:
            setting.report.skip(name, f"the Python package {package} is not installed")
            continue
        try:
            running[name] = start()
        except ServerFailed as fault:
            setting.report.skip(name, str(fault))
    for name, server in running.items():
        server.visit([HOME, COUNTRY, *(setting.some_addresses if name in (HUB, CACHE, NGINX) else ())])
    return running


def _compare_bodies(report: Report, running: dict[str, Server]) -> None:
    """Say how the pages that are compared differ in bytes."""
    for address in (HOME, COUNTRY):
        sizes = {}
        for name in (HUB, PROXY, CACHE, NGINX, RENDER, STOCK, DJANGO):
            if name in running:
                status, headers, body = running[name].get(address)
                sizes[name] = (status, body, unpacked(headers, body))
        _, sent, page = sizes[HUB]
        notes = []
        for name, (status, body, whole) in sizes.items():
            same = (
                "same bytes"
                if body == sent
                else "same page"
                if whole == page
                else f"{len(whole):,} B of HTML"
            )
            notes.append(f"{name}: {status}, {same}, {len(body):,} B sent")
        report.say(f"{address} as each sends it: {'; '.join(notes)}")


def unpacked(headers: list[tuple[str, str]], body: bytes) -> bytes:
    """Return a body without its content coding."""
    coding = {name.lower(): value for name, value in headers}.get("content-encoding", "")
    return brotli.decompress(body) if coding == "br" else gzip.decompress(body) if coding == "gzip" else body


def _interleaved(setting: Setting, wrk: str, running: dict[str, Server]) -> dict[tuple[str, str], Load]:
    script = _script_for(setting)
    tasks = [(name, address) for address in (HOME, COUNTRY) for name in running]
    tasks += [(name, ANY) for name in (EMPTY, HUB, PROXY, CACHE, NGINX) if name in running]
    loads = {task: Load() for task in tasks}
    for _ in range(setting.repeats):
        for (name, address), load in loads.items():
            _once(wrk, setting.seconds, running[name], address, script, load)
    return loads


def _script_for(setting: Setting) -> Path:
    """Write the wrk script that asks for addresses at random."""
    path = setting.folder / "any.lua"
    listed = ",\n".join(f'"{address}"' for address in setting.some_addresses)
    path.write_text(
        f"local addresses = {{\n{listed}\n}}\n"
        "local ready = {}\n"
        "init = function(args)\n"
        "  math.randomseed(7)\n"
        '  for n, address in ipairs(addresses) do ready[n] = wrk.format("GET", address) end\n'
        "end\n"
        "request = function() return ready[math.random(#ready)] end\n",
        encoding="utf-8",
    )
    return path


def _once(wrk: str, seconds: int, server: Server, address: str, script: Path, load: Load) -> None:
    _, core = cores()
    command = [wrk, "-t2", "-c32", f"-d{seconds}s", "--latency", "-H", "Accept-Encoding: gzip, deflate, br"]
    command += ["-s", str(script), server.origin] if address == ANY else [server.origin + address]
    before = server.cpu()
    done = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    )
    try:
        os.sched_setaffinity(done.pid, {core})
        out, _ = done.communicate(timeout=seconds + 30)
    finally:
        done.kill()
        done.wait()
    spent = server.cpu() - before
    requests, rate = re.search(r"(\d+) requests in", out), re.search(r"Requests/sec:\s+([\d.]+)", out)
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    if "Non-2xx" in out or not (requests and rate and latency) or not int(requests[1]):
        raise ServerFailed(f"{server.name} did not answer {address} under load: {out[-300:].strip()}")
    load.rates.append(float(rate[1]))
    load.slowest.append(float(latency[1]) * {"us": 0.001, "ms": 1, "s": 1000}[latency[2]])
    load.costs.append(spent * 1e6 / int(requests[1]))


def dearer(one: Load, other: Load) -> float:
    """Return how many times the CPU of `other` a request of `one` costs: each repeat against its neighbour in time."""
    return middle(mine / its for mine, its in zip(one.costs, other.costs, strict=True))


def faster(one: Load, other: Load) -> float:
    """Return how many times the requests a second of `other` there are of `one`, repeat by repeat."""
    return middle(mine / its for mine, its in zip(one.rates, other.rates, strict=True))


_BESIDE: dict[str, tuple[str, Callable[[Load, Load], float], Target | None]] = {
    PROXY: ("CPU, it / hub", lambda hub, front: dearer(front, hub), None),
    CACHE: ("CPU, it / hub", lambda hub, front: dearer(front, hub), None),
    EMPTY: ("CPU, hub / it", dearer, Target(1.15)),
    FLASK: ("req/s, hub / it", faster, Target(4, at_least=True)),
    NGINX: ("CPU, hub / it", dearer, None),
    RENDER: ("CPU, it / hub", lambda hub, peer: dearer(peer, hub), None),
    STOCK: ("CPU, it / hub", lambda hub, peer: dearer(peer, hub), Target(150, at_least=True)),
    DJANGO: ("req/s, hub / it", faster, Target(40, at_least=True)),
}


def _print(report: Report, address: str, loads: dict[str, Load]) -> None:
    hub = loads[HUB]
    rows: list[tuple[object, ...]] = [(HUB, "", 1, "", "", hub.rate, hub.p99, hub.cost)]
    for name, (words, ratio, target) in _BESIDE.items():
        if name not in loads:
            continue
        load = loads[name]
        if name == NGINX and address == ANY:
            target = Target(2)
        value = ratio(hub, load)
        wanted, verdict = report.judge(f"{address}, {name}, {words}", value, target)
        rows.append((name, words, value, wanted, verdict, load.rate, load.p99, load.cost))
    report.say(f"\n{address}")
    report.table(
        ("peer", "compared", "ratio", "target", "", "requests/s", "p99 ms", "CPU us/request"),
        rows,
    )
