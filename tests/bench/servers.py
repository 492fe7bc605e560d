"""Servers: processes on 127.0.0.1, pinned to a core, with their CPU time and memory, all ended with the bench."""

import atexit
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.local import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("--interface", "wsgi", "--factory", "--workers", "1", "--blocking-threads", "1", "--runtime-threads", "1",
           "--no-access-log", "--log-level", "warning")  # fmt: skip
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
READY_WITHIN = 60  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """Return the core for servers and the one for load: the same one where there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@dataclass
class Server:
    """A running server, the file that holds what it printed, and the server `behind` it, if it is a proxy."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    behind: "Server | None" = None

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def cpu(self) -> float:
        """Return the CPU seconds that all its processes have used, and those of the server behind it."""
        return sum(_cpu_of(pid) for pid in self.pids()) + (self.behind.cpu() if self.behind else 0)

    def pids(self) -> list[int]:
        """Return its process and all that stem from it."""
        return [self.process.pid, *_descendants(self.process.pid)]

    def private(self) -> list[float]:
        """Return the private memory in MiB of each of its processes, the largest first."""
        return sorted((_private_of(pid) for pid in self.pids()), reverse=True)

    def get(self, address: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body of one address, as they came."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.request("GET", address, headers=BROWSER)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def visit(self, addresses: Sequence[str]) -> None:
        """Ask for each address once, and wait until the server has nothing left to do."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        for address in addresses:
            connection.request("GET", address, headers=BROWSER)
            connection.getresponse().read()
        connection.close()
        until = time.monotonic() + 180
        before = self.cpu()
        while time.monotonic() < until:
            time.sleep(0.5)
            before, last = self.cpu(), before
            if before - last <= 0.02:
                return

    def stop(self) -> None:
        """End it and all its processes."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(5)


class ServerFailed(Exception):
    """A server did not answer; the text is what it printed."""


class Servers:
    """Starts servers and ends all of them on leaving, whatever happens; `folder` takes their logs."""

    def __init__(self, folder: Path, environment: Mapping[str, str]):
        self.folder = folder
        self.environment = environment
        self.running: list[Server] = []
        atexit.register(self.stop)

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *fault: object) -> None:
        self.stop()

    def granian(self, target: str, ready: str = "/", own_address: bool = False) -> Server:
        """Start the WSGI factory `target` as the Makefile serves the hub; with `own_address` it knows where it is."""
        port = free_port()
        command = [sys.executable, "-m", "granian", *SHIPPED, "--host", HOST, "--port", str(port), target]
        more = {"HUB_URL": f"http://{HOST}:{port}"} if own_address else {}
        return self.start(target, command, port, ready, more)

    def start(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        ready: str = "/",
        more: Mapping[str, str] | None = None,
    ) -> Server:
        """Start a command on the servers' core and return once it answers `ready`; ServerFailed if it never does."""
        core, _ = cores()
        log = self.folder / f"server-{port}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self.environment, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        os.sched_setaffinity(process.pid, {core})
        server = Server(name, process, port, log)
        self.running.append(server)
        wait_for(server, ready)
        return server

    def stop(self) -> None:
        """End every server."""
        while self.running:
            self.running.pop().stop()


def wait_for(server: Server, address: str, pause: float = 0.02) -> float:
    """Return after how many seconds from now the server first answers; ServerFailed if it does not."""
    begun = time.monotonic()
    while time.monotonic() - begun < READY_WITHIN:
        if server.process.poll() is not None:
            break
        try:
            server.get(address)
            return time.monotonic() - begun
        except OSError:
            time.sleep(pause)
    raise ServerFailed(
        f"{server.name} did not start: {server.log.read_text(errors='replace')[-800:].strip()}"
    )


def _descendants(pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_of(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        yield from children
        waiting += children


def _stat_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on, or none where the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_of(pid: int) -> float:
    fields = _stat_of(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _private_of(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
