"""The link checker: asks every official page whether it still answers, politely, and writes what it found to link health.

It sends nothing but an honest name with a contact, one request at a time to a host, keeps to robots.txt and Retry-After, and
never leaves the public internet. It edits no link: what should change it proposes, as a patch that a person applies.

Built on urllib3 (connections, TLS, decoding) and Protego (robots.txt as RFC 9309 has it). Redirects are walked here and not
by urllib3, because each hop must be asked about in its own host's turn, under its own robots.txt, and be told for good or for now.
"""

import codecs
import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from queue import Empty, SimpleQueue
from threading import Event, Lock
from time import monotonic
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from protego import Protego
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from app.catalogue import OfficialPage
from app.folding import fold
from app.health import Check, HealthFile, Result, Run, now
from app.plain import is_hidden

NAME = "MineAwarenessHub"
AT_ONCE = 8  # hosts
MOST_BYTES = 200_000  # of a page; a title stands far before
MOST_HOPS = 10
ROBOTS_BYTES = 500_000  # RFC 9309, section 2.5
PERMANENT = (301, 308)
REDIRECTS = (301, 302, 303, 307, 308)
MISSING = (404, 410)
MISTAKEN = (400, 414, 422)  # the address itself is wrong; every other 4xx is a refusal
UNKNOWN_ISSUER = (20, 21)  # OpenSSL's numbers: the chain leads to no issuer that this machine knows
NOT_FOUND = re.compile(
    r"\b404\b|\bnot found\b|\bno longer (available|exists)|does ?n[o']t exist|\bintrouvable\b|n'existe (pas|plus)"
    r"|no (se )?encontrad[ao]|no existe|no encontramos|nicht gefunden|não (foi )?encontrad[ao]|bulunamadı"
    r"|не найден|не существует|не знайдено|не існує|غير موجود|لم يتم العثور|یافت نشد|پیدا نشد|找不到|不存在|未找到"
    r"|не пронађен|nije pronađen|no trobad[ao]|nie znaleziono|non trovata",
    re.IGNORECASE,
)
CHALLENGE = re.compile(
    r"^(just a moment|attention required|access denied|request rejected|pardon our interruption|are you a robot"
    r"|security check|checking your browser|one moment, please|human verification|403 forbidden)",
    re.IGNORECASE,
)
HOME = re.compile(r"/?([a-z]{2}(-[a-z]{2,4})?/?)?((index|default|home)(\.[a-z]{2,5})?/?)?", re.IGNORECASE)
FEW_WORDS = 600  # letters; a page that says it is not there says little else
ALIKE = 0.5  # share of the letter pairs of the shorter title that stand in the longer

AWAY = frozenset({"name", "silent", "certificate", "issuer"})  # what a broken network at this end looks like
Connect = Callable[[str, int, float], socket.socket]
STALE = timedelta(days=2)  # an interrupted run that began before that is begun anew
SAVED_EVERY = 1.0  # seconds; what was noted since is asked again after a crash
log = logging.getLogger("hub")


class NotPublic(OSError):
    """A host's name leads to an address that is not on the public internet, where the checker never goes."""


class Stopped(Exception):
    """The run was told to end."""


class Barred(Exception):
    """The rules of a host keep programs from an address."""


class Deferred(Exception):
    """A host asks to be left alone for longer than a run waits; `seconds` is how long."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        super().__init__(f"asks to be left alone for {seconds:.0f} seconds")


def connect_public(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to a host by its public address; NotPublic if it has none, OSError if none answers.

    The address that was looked at is the one that is connected to, so that a name cannot change its mind between.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    public = [each for each in found if _is_public(str(each[4][0]))]
    if not public:
        raise NotPublic(f"{host} leads to no public address")
    for family, kind, protocol, _, place in public[:4]:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout)
        try:
            connection.connect(place)
        except OSError as fault:
            connection.close()
            last = fault
            continue
        return connection
    raise last


def _is_public(number: str) -> bool:
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in ipaddress.ip_network("64:ff9b::/96"):  # NAT64: an IPv4 address in disguise
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast


@dataclass(frozen=True)
class Manner:
    """How the checker behaves: seconds between requests to a host, until an answer is slow, and until it gives up.

    `patience` is the longest it waits because a host asks it to; beyond that the host is left for another run.
    """

    pause: float = 1.0
    slow: float = 8.0
    connecting: float = 15.0
    reading: float = 30.0
    whole: float = 60.0
    patience: float = 60.0


@dataclass(frozen=True)
class Answer:
    """What a host answered: at which `url`, its `status`, headers, as much of the body as was wanted, after how long."""

    url: str
    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes
    seconds: float

    @property
    def is_html(self) -> bool:
        """Whether the body is a page with a title."""
        media = self.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower()
        return media in ("text/html", "application/xhtml+xml", "")


@dataclass(frozen=True)
class Trail:
    """The last answer of a chain of redirects, and the address up to which every step was for good, if any was."""

    answer: Answer
    moved: str | None
    wants_cookies: bool = False
    endless: bool = False


@dataclass
class _Host:
    """A host and its turn: one request at a time, and not before `free`."""

    pause: float
    free: float = 0.0
    lock: Lock = field(default_factory=Lock)


@dataclass
class _Rules:
    """The robots.txt of a host, once it was `asked` for: its `parsed` rules, or None where nothing may be asked."""

    asked: bool = False
    parsed: Protego | None = None
    fault: Exception | None = None
    lock: Lock = field(default_factory=Lock)


class Checker:
    """Checks official pages; `agent` is what it calls itself, `connect` how it reaches a host, `trust` whose certificates.

    `stop` ends it soon: a check then raises Stopped. A host that asks for long peace raises Deferred.
    """

    def __init__(
        self,
        agent: str,
        manner: Manner | None = None,
        connect: Connect = connect_public,
        trust: ssl.SSLContext | None = None,
        stop: Event | None = None,
    ):
        self.agent = agent
        self.manner = manner or Manner()
        self.stop = stop or Event()
        self._manager = _manager(connect, trust or ssl.create_default_context())
        self._hosts: dict[str, _Host] = {}
        self._rules: dict[str, _Rules] = {}
        self._guard = Lock()

    def check(self, page: OfficialPage, known: Iterable[str] = ()) -> Check:
        """Return the check of one page; `known` are titles it has borne before. Raises Stopped or Deferred."""
        titles = [page.link.title] if page.link and page.link.own_title else list(known)
        found = self._judge(page.url, titles)
        if page.url.startswith("http://") and not (found.to or "").startswith("https://"):
            secure = self._judge("https://" + page.url.removeprefix("http://"), titles)
            there = secure.to or secure.url
            if secure.answered and secure.result != "changed" and there.startswith("https://"):
                found = found.model_copy(update={"https": there})
        return found

    def _judge(self, url: str, titles: list[str]) -> Check:
        """Return what became of one address."""
        try:
            trail = self._reach(url)
        except Barred as barred:
            return Check(at=now(), url=url, result="refused", why=str(barred))
        except (HTTPError, OSError, ValueError) as fault:
            result, why = _failure(fault)
            return Check(at=now(), url=url, result=result, why=why)
        answer = trail.answer
        page = read_page(answer) if answer.is_html else Read()
        result, why = _result(url, trail, page, titles, self.manner.slow)
        elsewhere = None if result in ("answers", "slow", "changed") or answer.url == url else answer.url
        return Check(
            at=now(),
            url=url,
            result=result,
            status=answer.status,
            to=trail.moved or elsewhere,
            title=page.title or None,
            seconds=round(answer.seconds, 2),
            why=why,
        )

    def _reach(self, url: str) -> Trail:
        """Ask for the head of a page, and for its beginning where there is a title to read or the head was refused."""
        try:
            head = self._follow("HEAD", url)
        except (HTTPError, OSError) as fault:
            if _failure(fault)[0] in ("name", "certificate", "issuer") or isinstance(
                fault, ConnectTimeoutError
            ):
                raise
            return self._follow("GET", url)  # some hosts answer nothing but GET
        if head.answer.status != 200:
            return self._follow("GET", url)
        if not head.answer.is_html:
            return head
        whole = self._follow("GET", head.answer.url)
        all_for_good = head.answer.url == (head.moved or url)
        return replace(whole, moved=(whole.moved if all_for_good else None) or head.moved)

    # Asking

    def _follow(self, method: str, url: str) -> Trail:
        here, moved, for_good, cookies, seconds = url, url, True, False, 0.0
        for _ in range(MOST_HOPS):
            self._must_be_allowed(here)
            answer = self._ask(method, here)
            seconds += answer.seconds
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target:
                return Trail(replace(answer, seconds=seconds), moved if moved != url else None)
            cookies = cookies or "Set-Cookie" in answer.headers
            here = _target(here, target)
            for_good = for_good and answer.status in PERMANENT
            moved = here if for_good else moved
        return Trail(answer, None, cookies, endless=True)

    def _ask(self, method: str, url: str, most: int = MOST_BYTES) -> Answer:
        """Send one request in its host's turn; wait and ask again where the host asks for that and it is not long."""
        host = self._host(url)
        for last in (False, False, True):
            with host.lock:
                self._wait(host.free - monotonic())
                try:
                    answer = self._send(method, url, most)
                finally:
                    host.free = monotonic() + host.pause
                if answer.status not in (429, 503):
                    return answer
                if answer.status == 429:
                    host.pause = min(max(host.pause * 4, self.manner.pause), self.manner.patience)
                wait = _retry_after(answer)
                if wait is None or last:
                    return answer
                host.free = monotonic() + max(wait, host.pause)
                if wait > self.manner.patience:
                    raise Deferred(wait)
        return answer

    def _send(self, method: str, url: str, most: int) -> Answer:
        begun = monotonic()
        response = self._manager.request(
            method,
            url,
            headers={
                "User-Agent": self.agent,
                "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                "Accept-Encoding": "gzip",
                "Connection": "close",
            },
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=self.manner.connecting, read=self.manner.reading),
        )
        seconds = monotonic() - begun
        body = bytearray()
        try:
            while method == "GET" and len(body) < most:
                if monotonic() - begun > self.manner.whole:
                    break
                part = response.read1(min(16_384, most - len(body)))
                if not part:
                    break
                body += part
        except HTTPError:
            pass  # the page was there; what was read of it is enough
        finally:
            response.close()
        return Answer(url, response.status, response.headers, bytes(body), seconds)

    def _wait(self, seconds: float) -> None:
        if seconds > self.manner.patience:
            raise Deferred(seconds)
        if self.stop.wait(max(0.0, seconds)):
            raise Stopped

    def _host(self, url: str) -> _Host:
        name = urlsplit(url).hostname or ""
        with self._guard:
            return self._hosts.setdefault(name, _Host(self.manner.pause))

    # Robots

    def _must_be_allowed(self, url: str) -> None:
        """Raise Barred if a program may not ask for `url`."""
        rules = self._rules_of(url)
        if rules is None:
            raise Barred("robots.txt cannot be read, so nothing may be asked")
        if not rules.can_fetch(url, NAME):
            raise Barred("robots.txt asks programs not to read this page")

    def _rules_of(self, url: str) -> Protego | None:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._guard:
            rules = self._rules.setdefault(origin, _Rules())
        with rules.lock:
            if not rules.asked:
                self._ask_rules(rules, f"{origin}/robots.txt")
            if rules.fault:
                raise rules.fault
            return rules.parsed

    def _ask_rules(self, rules: _Rules, url: str) -> None:
        """Ask for robots.txt, twice where the network fails; a host that cannot be reached is not tried for each page."""
        for last in (False, True):
            try:
                rules.parsed = self._read_rules(url)
                break
            except (HTTPError, OSError, ValueError) as fault:
                rules.fault = fault if last else None
        rules.asked = True
        if rules.parsed and (delay := rules.parsed.crawl_delay(NAME)):
            host = self._host(url)
            host.pause = max(host.pause, min(delay, self.manner.patience))

    def _read_rules(self, url: str) -> Protego | None:
        """Read robots.txt as RFC 9309 has it: none there allows everything, one that fails allows nothing."""
        for _ in range(6):
            answer = self._ask("GET", url, ROBOTS_BYTES)
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target:
                break
            url = _target(url, target)
        if answer.status == 429 or answer.status >= 500:
            return None
        text = answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
        return Protego.parse(text)


@dataclass(frozen=True)
class Read:
    """What a page says of itself: its `title`, its other titles (first headings, og:title) and its first words."""

    title: str = ""
    headings: tuple[str, ...] = ()
    text: str = ""

    def bears(self, titles: Iterable[str]) -> bool:
        """Return whether one of its titles is like one of these."""
        return any(alike(one, other) for one in titles for other in (self.title, *self.headings))


def _result(url: str, trail: Trail, page: Read, titles: list[str], slow: float) -> tuple[Result, str | None]:
    """Return what an answer means, and why; `titles` are those by which the page is known."""
    status = trail.answer.status
    if trail.endless and trail.wants_cookies:
        return "refused", "wants cookies, which the checker does not keep"
    if trail.endless:
        return "broken", "redirects without end"
    if status in MISSING:
        return "missing", f"HTTP {status}"
    if {"cf-mitigated", "x-amzn-waf-action"} & {name.lower() for name in trail.answer.headers}:
        return "refused", "asks for a person"
    if CHALLENGE.search(page.title):
        return "refused", "asks for a person"
    if status in MISTAKEN or 500 <= status < 600:
        return "broken", f"HTTP {status}"
    if not 200 <= status < 300:
        return "refused", f"HTTP {status}"
    known = page.bears(titles)
    if not known:
        if why := _missing_in_words(url, trail.answer.url, page):
            return "soft-404", why
        if titles and page.title:
            return "changed", "its title is another one"
    if trail.moved:
        return "moved", None
    if trail.answer.seconds > slow:
        return "slow", None
    return "answers", None


def _missing_in_words(url: str, reached: str, page: Read) -> str | None:
    """Return why a page that answers is none all the same, or None."""
    said = (page.title, *page.headings, page.text if len(page.text) < FEW_WORDS else "")
    if any(NOT_FOUND.search(words) for words in said):
        return "says itself that there is no such page"
    if _is_home(reached) and not _is_home(url):
        return "leads to the first page of a site"
    return None


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.query and HOME.fullmatch(parts.path) is not None


def _failure(fault: BaseException) -> tuple[Result, str]:
    """Return the result that an exception stands for, and its words."""
    causes = [fault]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    for cause in causes:
        if isinstance(cause, NotPublic):
            return "name", "its name leads to no public address"
        if isinstance(cause, NameResolutionError):
            return "name", "its host has no address"
        if isinstance(cause, ssl.SSLCertVerificationError):
            unknown = cause.verify_code in UNKNOWN_ISSUER
            return ("issuer" if unknown else "certificate"), plain(cause.verify_message)
        if isinstance(cause, ssl.SSLError):
            return "certificate", f"its encryption fails ({plain(cause.reason or '')})"
        if isinstance(cause, (ConnectTimeoutError, ReadTimeoutError, TimeoutError)):
            return "silent", "does not answer in time"
        if isinstance(cause, (NewConnectionError, ConnectionError)):
            return "silent", "takes no connection, or ends it"
    return "broken", plain(str(fault))


def _target(here: str, location: str) -> str:
    """Return the address a redirect leads to; ValueError where the checker does not go."""
    raw = location.strip(" \t").encode("latin-1", "ignore").decode("utf-8", "replace")
    whole = urljoin(here, quote(raw, safe="/:?#[]@!$&'()*+,;=%~")).partition("#")[0]
    parts = urlsplit(whole)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("redirects to something that is no web address")
    if parts.username or parts.port not in (None, 80 if parts.scheme == "http" else 443):
        raise ValueError("redirects to an address with a user name or port")
    return parts._replace(netloc=parts.hostname.lower(), path=parts.path or "/").geturl()


def _retry_after(answer: Answer) -> float | None:
    """Return how many seconds a host asks to wait, or None where it does not say."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _manager(connect: Connect, trust: ssl.SSLContext) -> urllib3.PoolManager:
    """Return urllib3's manager of connections, every one of them made by `connect`."""

    def dial(self: HTTPConnection) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, (int, float)) else 30.0
        try:
            return connect(self.host, self.port or 0, timeout)
        except socket.gaierror as fault:
            raise NameResolutionError(self.host, self, fault) from fault
        except TimeoutError as fault:
            raise ConnectTimeoutError(self, f"{self.host} does not answer in time") from fault
        except NotPublic:
            raise
        except OSError as fault:
            raise NewConnectionError(self, str(fault)) from fault

    class Plain(HTTPConnection):
        _new_conn = dial

    class Secure(HTTPSConnection):
        _new_conn = dial

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    manager = urllib3.PoolManager(num_pools=2 * AT_ONCE, ssl_context=trust)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


# Reading a page


class _Head(HTMLParser):
    """Picks the titles out of a page, and its first words."""

    SILENT = ("script", "style", "noscript", "template", "svg")

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.headings: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("title", "h1", *self.SILENT):
            self._open.append(tag)
            if tag == "h1":
                self.headings.append("")
        elif tag == "meta":
            given = dict(attrs)
            if given.get("property") == "og:title" and given.get("content"):
                self.headings.append(given["content"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[self._open.index(tag) :]

    def handle_data(self, data: str) -> None:
        here = self._open[-1] if self._open else ""
        if here == "title" and "svg" not in self._open:
            self.title += data
        elif here in self.SILENT:
            return
        else:
            if here == "h1":
                self.headings[-1] += data
            self.text.append(data)


def read_page(answer: Answer) -> Read:
    """Return what the page of an answer says of itself."""
    head = _Head()
    head.feed(_decode(answer))
    head.close()
    headings = tuple(heading for heading in map(plain, head.headings) if heading)
    return Read(plain(head.title), headings, plain(" ".join(head.text), 2 * FEW_WORDS))


def _decode(answer: Answer) -> str:
    """Return the text of a page in the letters that its header, its first bytes or its head name."""
    body = answer.body
    named = re.search(r"charset=[\"']?([\w.:-]+)", answer.headers.get("Content-Type", ""), re.IGNORECASE)
    inside = re.search(rb"<meta[^>]+charset=[\"']?([\w.:-]+)", body[:4096], re.IGNORECASE)
    for label in (
        "utf-8-sig" if body.startswith(codecs.BOM_UTF8) else "",
        named[1] if named else "",
        inside[1].decode("ascii") if inside else "",
    ):
        try:
            if label and codecs.lookup(label):
                return body.decode(_WIDER.get(label.lower(), label), "replace")
        except (LookupError, ValueError):
            continue
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as fault:
        cut = len(body) - fault.start < 4  # only the last letter was cut through
        return body.decode("utf-8" if cut else "cp1252", "replace")


_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "ascii": "cp1252"}  # as browsers do


def plain(words: str, most: int = 200) -> str:
    """Return words of somebody else in one short line, without hidden characters."""
    line = " ".join(words.split())
    return "".join(c for c in line if c.isprintable() and not is_hidden(c))[:most]


def alike(one: str, other: str) -> bool:
    """Return whether two titles may be those of one page: most letter pairs of the shorter stand in the longer.

    Pairs of letters work in every script, also in those that set no spaces between words.
    """
    first, second = (re.sub(r"\W", "", fold(title)) for title in (one, other))
    if not first or not second:
        return False
    if min(len(first), len(second)) < 5:
        return first in second or second in first
    pairs = [[text[n : n + 2] for n in range(len(text) - 1)] for text in (first, second)]
    shorter, longer = sorted(pairs, key=len)
    there = set(longer)
    return sum(pair in there for pair in shorter) >= ALIKE * len(shorter)


# A run


@dataclass(frozen=True)
class Found:
    """A check of a page as it comes in; `check` is None where the host was left for another run, `why` says so."""

    page: OfficialPage
    check: Check | None
    why: str = ""


def begin(file: HealthFile, afresh: bool = False) -> datetime:
    """Begin a run over every page, or take up the one that was interrupted, and return when it began."""
    last, moment = file.run, now()
    if last is None or last.finished or afresh or not timedelta() <= moment - last.began < STALE:
        last = file.run = Run(began=moment)
    return last.began


def unasked(file: HealthFile, pages: Iterable[OfficialPage], since: datetime) -> list[OfficialPage]:
    """Return the pages that were not asked at their address since a moment."""
    return [page for page in pages if not _asked_since(file, page, since)]


def _asked_since(file: HealthFile, page: OfficialPage, moment: datetime) -> bool:
    history = file.pages.get(page.id)
    last = history.last(page.url) if history else None
    return last is not None and last.at >= moment


def keep(file: HealthFile, coming: Iterable[Found | None]) -> Iterator[Found]:
    """Note each check in the file of link health, and yield it once it is on the disk; OSError if the disk refuses."""
    unsaid: list[Found] = []
    saved = monotonic()
    try:
        for found in coming:
            if found and found.check:
                file.note(found.page.id, found.check)
            if found:
                unsaid.append(found)
            if unsaid and monotonic() - saved >= SAVED_EVERY:
                file.save()
                saved = monotonic()
                yield from unsaid
                unsaid.clear()
    finally:
        file.save()
    yield from unsaid


def titles_seen(file: HealthFile, page: OfficialPage) -> list[str]:
    """Return the title by which a page is known: the first it was seen with at its address."""
    history = file.pages.get(page.id)
    checks = history.checks if history else ()
    seen = (check.title for check in checks if check.url == page.url and check.answered and check.title)
    return list(seen)[:1]


def run(
    checker: Checker, pages: Iterable[OfficialPage], known: Callable[[OfficialPage], Iterable[str]]
) -> Iterator[Found | None]:
    """Check pages, several hosts at a time and each host's pages one after another, and yield each as it is found.

    None is yielded when nothing was found for a while, so that the time can be used.

    `known` returns the titles that a page has borne. What only a broken network at this end could explain is held back until
    something has answered, and is never yielded if nothing does: `Found.check` is None then.
    """
    by_host: dict[str, list[OfficialPage]] = {}
    for page in pages:
        by_host.setdefault(urlsplit(page.url).hostname or "", []).append(page)
    lines = sorted(by_host.values(), key=len, reverse=True)  # the longest line first
    coming: SimpleQueue[Found] = SimpleQueue()
    held: list[Found] = []
    online = False
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links")
    try:
        for line in lines:
            pool.submit(_walk, checker, line, known, coming)
        left = sum(map(len, lines))
        while left:
            try:
                found = coming.get(timeout=SAVED_EVERY)
            except Empty:
                yield None
                continue
            left -= 1
            away = found.check is not None and found.check.result in AWAY
            online = online or (found.check is not None and not away)
            if away and not online:
                held.append(found)
                continue
            yield from held
            held.clear()
            yield found
        for found in held:
            yield Found(found.page, None, "nothing answered, so this machine may have no network")
    finally:
        checker.stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _walk(
    checker: Checker,
    line: list[OfficialPage],
    known: Callable[[OfficialPage], Iterable[str]],
    coming: SimpleQueue[Found],
) -> None:
    """Check the pages of one host one after another; a page at an address that was just asked is not asked again."""
    asked: dict[str, Check] = {}
    for page in line:
        try:
            if page.url not in asked:
                asked[page.url] = checker.check(page, known(page))
            coming.put(Found(page, asked[page.url]))
        except Stopped:
            return
        except Deferred as deferred:
            coming.put(Found(page, None, f"{urlsplit(page.url).hostname} {deferred}"))
        except Exception as fault:
            log.error("%s could not be checked", page.id, exc_info=fault)
            coming.put(Found(page, None, f"a fault of the checker ({type(fault).__name__})"))
