"""No dangerous change of the content passes unseen: each kind of damage, in each place, is refused by file and entry.

CASES are generated, kinds times places. Damages that cannot hide one another are planted together in one copy of the
real content, which is inspected once; each is then looked for by itself.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import Copy, toml

from app.catalogue import load_catalogue
from app.defects import ContentRefused, Defect
from app.hub import CONTENT, TRANSLATIONS, inspect
from app.settings import Settings, load_settings
from app.texts import Source, faults, sources

AT_LEAST = 300
CATALOGUE = load_catalogue(CONTENT, [])
SOURCE = sources(CATALOGUE)
TRANSLATED = [tag for tag, each in CATALOGUE.languages.items() if each.published and tag != "en"]


@dataclass(frozen=True)
class Case:
    """A damage: its `kind`, its `place`, how to `edit` the text of `path`, and the defect that must come of it."""

    kind: str
    place: str
    layer: str
    path: str
    entry: str
    says: str
    edit: Callable[[str], str]

    @property
    def file(self) -> str:
        """The file as defects name it."""
        return f"translations/{self.path}" if self.path.endswith(".po") else f"content/{self.path}"

    @property
    def name(self) -> str:
        return f"{self.kind} @ {self.place}"

    def is_told(self, defects: Iterable[Defect]) -> bool:
        entry = re.compile(rf"(?<![\w-]){re.escape(self.entry)}(?![\w-])" if self.entry else "")
        return any(
            d.file == self.file and entry.search(d.entry) and re.search(self.says, d.wrong) and d.mend
            for d in defects
        )


# Editing TOML and PO as an editor would, by entry and field


def quoted(text: str) -> str:
    """Return `text` as a TOML string that holds exactly these characters."""
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def span(text: str, begin: str, end: str) -> tuple[int, int]:
    """Return where the piece of `text` stands that begins with the line(s) `begin`, up to a line like `end`."""
    start = text.index(begin)
    found = re.compile(end, re.M).search(text, start + len(begin))
    return start, found.start() if found else len(text)


def entry_span(text: str, kind: str, name: str) -> tuple[int, int]:
    key = {"country": "code", "language": "tag", "spoken": "code"}.get(kind, "id")
    return span(text, f"[[{kind}]]\n{key} = {quoted(name)}\n", rf"^\[\[(?!{kind}\.)")


def in_piece(text: str, where: tuple[int, int], change: Callable[[str], str]) -> str:
    start, end = where
    changed = change(text[start:end])
    assert changed != text[start:end], f"nothing to damage in {text[start:end][:200]!r}"
    return text[:start] + changed + text[end:]


def setting(field: str, change: Callable[[str], str], after: str = "") -> Callable[[str], str]:
    """Return a change of one string field of an entry, the first one after the line `after`."""

    def edit(piece: str) -> str:
        start = piece.index(after) if after else 0
        found = re.compile(rf"^{field} = (\".*\")$", re.M).search(piece, start)
        assert found, f"no {field} in {piece!r}"
        old = toml_string(found[1])
        return piece[: found.start(1)] + quoted(change(old)) + piece[found.end(1) :]

    return edit


def toml_string(text: str) -> str:
    return json.loads(text)


def register(
    kind: str, place: str, layer: str, path: str, entry: tuple[str, str], says: str, change: Callable
) -> Case:
    return Case(
        kind,
        place,
        layer,
        path,
        f"{entry[0]} {entry[1]}",
        says,
        lambda text: in_piece(text, entry_span(text, *entry), change),
    )


def po_string(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def message_span(text: str, name: str) -> tuple[int, int]:
    start = text.index(f'msgctxt "{name}"\n')
    end = text.find("\n\n", start)
    return start, (end if end > 0 else len(text.rstrip("\n")))


def translating(name: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """Return a change of the translation of one string."""

    def edit(piece: str) -> str:
        head, _, tail = piece.partition("\nmsgstr ")
        old = "".join(json.loads(line) for line in tail.splitlines())
        return f'{head}\nmsgstr "{po_string(change(old))}"'

    return lambda text: in_piece(text, message_span(text, name), edit)


# Kinds of damage


def host_of(url: str) -> str:
    return url.split("/")[2]


def with_host(url: str, host: str) -> str:
    return url.replace(host_of(url), host, 1)


def letter_in_host(letters: dict[str, str]) -> Callable[[str], str]:
    def change(url: str) -> str:
        host = host_of(url)
        found = next((c for c in host if c in letters), None)
        return with_host(url, host.replace(found, letters[found], 1) if found else host + letters["else"])

    return change


ADDRESSES: dict[str, Callable[[str], str]] = {
    "host with a Cyrillic letter": letter_in_host({"a": "а", "o": "о", "e": "е", "else": "а"}),
    "host with a Greek letter": letter_in_host({"o": "ο", "a": "α", "else": "ο"}),
    "host with a full-width letter": letter_in_host({"o": "ｏ", "a": "ａ", "else": "ａ"}),
    "host with a dotless i": letter_in_host({"i": "ı", "else": "ı"}),
    "host with a mathematical letter": letter_in_host({"o": "𝐨", "a": "𝐚", "else": "𝐚"}),
    "host with an accent": letter_in_host({"o": "ọ", "a": "ạ", "else": "ạ"}),
    "host with an ideographic full stop": lambda url: with_host(url, host_of(url).replace(".", "。", 1)),
    "host with a one-dot leader": lambda url: with_host(url, host_of(url).replace(".", "․", 1)),
    "host with a soft hyphen": lambda url: with_host(url, host_of(url)[:3] + "\u00ad" + host_of(url)[3:]),
    "host with a zero-width space": lambda url: with_host(
        url, host_of(url)[:3] + "\u200b" + host_of(url)[3:]
    ),
    "host with a direction override": lambda url: with_host(url, "\u202e" + host_of(url)),
    "host with a fraction slash": lambda url: with_host(url, host_of(url) + "⁄.example.org"),
    "user name before the host": lambda url: with_host(url, host_of(url) + "@example.org"),
    "user name and password": lambda url: with_host(url, "a:b@" + host_of(url)),
    "empty user name": lambda url: with_host(url, "@" + host_of(url)),
    "punycode host": lambda url: with_host(url, "xn--unms-7nc.org"),
    "punycode in a subdomain": lambda url: with_host(url, "xn--e1afmkfd." + host_of(url)),
    "percent-encoded letter in the host": lambda url: with_host(url, "%77" + host_of(url)[1:]),
    "percent-encoded dot in the host": lambda url: with_host(url, host_of(url) + "%2eexample.org"),
    "encoded NUL": lambda url: url + "%00",
    "encoded line break": lambda url: url + "%0d%0aLocation:x",
    "encoded delete character": lambda url: url + "%7F",
    "encoded direction override": lambda url: url + "%E2%80%AEgpj",
    "encoded direction isolate": lambda url: url + "%E2%81%A7x",
    "encoded zero-width space": lambda url: url + "%E2%80%8B",
    "encoded invisible operator": lambda url: url + "%E2%81%A2",
    "encoded tag character": lambda url: url + "%F3%A0%81%81",
    "encoded interlinear mark": lambda url: url + "%EF%BF%B9",
    "encoded Hangul filler": lambda url: url + "%E3%85%A4",
    "encoded line separator": lambda url: url + "%E2%80%A8",
    "bytes that are no UTF-8": lambda url: url + "%C0%AE%FF",
    "broken escape": lambda url: url + "%zz",
    "escape cut short": lambda url: url + "%2",
    "dot segments": lambda url: url.rstrip("/") + "/../x",
    "encoded dot segments": lambda url: url.rstrip("/") + "/%2e%2e/x",
    "half encoded dot segments": lambda url: url.rstrip("/") + "/.%2E/x",
    "dot segments behind an encoded slash": lambda url: url.rstrip("/") + "/x%2f..%2fy",
    "twice encoded dot segments": lambda url: url.rstrip("/") + "/%252e%252e/x",
    "backslash": lambda url: url.rstrip("/") + "\\x",
    "encoded backslash": lambda url: url.rstrip("/") + "/%5c..%5cx",
    "backslash before another host": lambda url: with_host(url, host_of(url) + "\\@example.org"),
    "fragment": lambda url: url + "#part",
    "empty fragment": lambda url: url + "#",
    "text fragment": lambda url: url + "#:~:text=safe",
    "trailing dot of the host": lambda url: with_host(url, host_of(url) + "."),
    "leading dot of the host": lambda url: with_host(url, "." + host_of(url)),
    "IPv4 address": lambda url: with_host(url, "192.0.2.1"),
    "IPv6 address": lambda url: with_host(url, "[2001:db8::1]"),
    "IPv4 as one decimal number": lambda url: with_host(url, "3221225985"),
    "IPv4 as one hexadecimal number": lambda url: with_host(url, "0xc0000201"),
    "IPv4 in hexadecimal parts": lambda url: with_host(url, "0xc0.0.0x2.0x1"),
    "IPv4 in octal parts": lambda url: with_host(url, "0300.0.02.01"),
    "IPv4 in full-width digits": lambda url: with_host(url, "１９２.0.2.1"),
    "host without a dot": lambda url: with_host(url, "localhost"),
    "no host": lambda url: with_host(url, ""),
    "javascript:": lambda url: "javascript:alert(1)//" + url,
    "JavaScript: in capitals": lambda url: "JAVASCRIPT:alert(1)",
    "javascript: behind a tab": lambda url: "java\tscript:alert(1)",
    "data:": lambda url: "data:text/html,<script>alert(1)</script>",
    "vbscript:": lambda url: "vbscript:msgbox(1)",
    "blob:": lambda url: "blob:" + url,
    "file:": lambda url: "file:///etc/passwd",
    "tel: in place of a page": lambda url: "tel:101",
    "ftp:": lambda url: url.replace("https:", "ftp:", 1),
    "no scheme": lambda url: url.split(":", 1)[1],
    "scheme in capitals": lambda url: url.replace("https:", "HTTPS:", 1),
    "three slashes": lambda url: url.replace("//", "///", 1),
    "one slash": lambda url: url.replace("//", "/", 1),
    "port": lambda url: with_host(url, host_of(url) + ":8443"),
    "standard port": lambda url: with_host(url, host_of(url) + ":443"),
    "empty port": lambda url: with_host(url, host_of(url) + ":"),
    "capitals in the host": lambda url: with_host(url, host_of(url).upper()),
    "space": lambda url: url + " x",
    "space before": lambda url: " " + url,
    "line break": lambda url: url + "\nx",
    "tab": lambda url: url.replace("//", "/\t/", 1),
    "zero-width joiner in the path": lambda url: url + "\u200d",
    "direction override in the path": lambda url: url + "\u202egpj",
    "Cyrillic letter in the path": lambda url: url + "а",
    "markup": lambda url: url + '"><script>alert(1)</script>',
    "single quotes out of an attribute": lambda url: url + "`x`",
    "too long": lambda url: url + "x" * 2100,
}
ELSEWHERE: dict[str, Callable[[str], str]] = {
    "host with more behind it": lambda url: with_host(url, host_of(url) + ".example.org"),
    "host with more before it": lambda url: with_host(url, "evil" + host_of(url)),
    "subdomain that is not registered": lambda url: with_host(url, "x." + host_of(url)),
    "host as a path of another": lambda url: url.replace("//", "//example.org/", 1),
    "look-alike in plain letters": lambda url: with_host(
        url, re.sub(r"(\w)(\.\w+)$", r"\1-official\2", host_of(url))
    ),
    "http in place of https": lambda url: url.replace("https:", "http:", 1),
}
HOSTS: dict[str, str] = {
    "host with a Cyrillic letter": "unmаs.org",
    "host with a Greek letter": "unmas.οrg",
    "host with a full-width letter": "ｕnmas.org",
    "host with an ideographic full stop": "unmas。org",
    "host with a zero-width space": "un\u200bmas.org",
    "host with a direction override": "\u202eunmas.org",
    "punycode host": "xn--unms-7nc.org",
    "percent-encoded dot in the host": "unmas%2eorg",
    "user name before the host": "unmas.org@example.org",
    "port": "unmas.org:8443",
    "capitals in the host": "UNMAS.org",
    "trailing dot of the host": "unmas.org.",
    "leading dot of the host": ".unmas.org",
    "any subdomain": "*.unmas.org",
    "IPv4 address": "192.0.2.1",
    "IPv6 address": "[2001:db8::1]",
    "IPv4 as one decimal number": "3221225985",
    "IPv4 as one hexadecimal number": "0xc0000201",
    "host without a dot": "localhost",
    "a whole top-level domain": "org",
    "no host": "",
    "scheme before the host": "https://unmas.org",
    "dot segments": "unmas.org/../x",
    "half a dot segment behind a prefix": "unmas.org/x/..",
    "encoded path prefix": "unmas.org/%2e%2e",
    "empty path prefix": "unmas.org/",
    "fragment": "unmas.org/x#y",
    "query": "unmas.org/x?y",
    "backslash": "unmas.org\\x",
    "space": "unmas .org",
}


def inside(text: str) -> int:
    """Return a place inside the first word of at least four letters, where a hidden character goes unseen."""
    found = re.search(r"(?<![{\w])[^\W\d_]{4,}", text)
    return found.start() + 2 if found else len(text)


def planted(what: str) -> Callable[[str], str]:
    return lambda text: text[: inside(text)] + what + text[inside(text) :]


def swapped_letter(to: dict[str, str]) -> Callable[[str], str]:
    """Return a change of one letter within a word, whose neighbours stay; else of the first letter that can be."""

    def change(text: str) -> str:
        for n, letter in enumerate(text):
            free = "{" not in text[:n] or text.rfind("}", 0, n) > text.rfind("{", 0, n)
            neighbour = (n > 0 and text[n - 1].isalpha()) or text[n + 1 : n + 2].isalpha()
            if letter in to and free and neighbour:
                return text[:n] + to[letter] + text[n + 1 :]
        return text

    return change


HIDDEN: dict[str, str] = {
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "soft hyphen": "\u00ad",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "left-to-right mark": "\u200e",
    "invisible operator": "\u2062",
    "tag character": "\U000e0041",
    "Mongolian vowel separator": "\u180e",
    "interlinear mark": "\ufff9",
    "Hangul filler": "\u3164",
    "Hangul choseong filler": "\u115f",
    "Braille blank": "\u2800",
    "Khmer inherent vowel": "\u17b4",
    "combining grapheme joiner": "\u034f",
    "variation selector": "\ufe0f",
    "supplementary variation selector": "\U000e0100",
    "direction override": "\u202e",
    "left-to-right override": "\u202d",
    "direction embedding left open": "\u202b",
    "direction isolate left open": "\u2067",
    "direction isolate never opened": "\u2069",
    "control character": "\u0007",
    "C1 control character": "\u0085",
    "NUL": "\u0000",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "private use letter": "\ue000",
    "unassigned character": "\u0378",
    "replacement character": "\ufffd",
    "stacked accents": "\u0335\u0336\u0337",
}
LOOKALIKES = {
    "Cyrillic letter in a Latin word": swapped_letter(dict(zip("aeopcxyi", "аеорсхуі", strict=True))),
    "Greek letter in a Latin word": swapped_letter(dict(zip("aoiuv", "αοιυν", strict=True))),
    "Armenian letter in a Latin word": swapped_letter(dict(zip("ouhn", "օսհո", strict=True))),
    "full-width letter in a Latin word": swapped_letter(dict(zip("aeiou", "ａｅｉｏｕ", strict=True))),
    "mathematical letter in a Latin word": swapped_letter(dict(zip("aeiou", "𝐚𝐞𝐢𝐨𝐮", strict=True))),
    "Cherokee letter in a Latin word": swapped_letter(dict(zip("aeiou", "ꭰꭼꭵꮎꮜ", strict=True))),
}
CYRILLIC = {
    "Latin letter in a Cyrillic word": swapped_letter(dict(zip("аеорсху", "aeopcxy", strict=True))),
    "Greek letter in a Cyrillic word": swapped_letter(dict(zip("аоир", "αουρ", strict=True))),
}
OTHERS = {
    "Latin letter in an Arabic word": swapped_letter({"ا": "l", "و": "g", "ن": "j"}),
    "Hebrew letter in an Arabic word": swapped_letter({"ا": "ו", "و": "ו", "ن": "נ", "ی": "י"}),
    "Arabic presentation form": swapped_letter({"ا": "ﺍ", "و": "ﻭ", "ن": "ﻧ", "ی": "ﯾ", "ي": "ﻳ"}),
}
MARKUP = {
    "markup": "<b>x</b>",
    "script": "<script>alert(1)</script>",
    "comment": "<!-- x -->",
    "entity-encoded markup": "&lt;b&gt;x",
    "number-encoded markup": "&#60;b&#62;x",
    "hex-encoded markup": "&#x3c;b&#x3e;x",
    "entity of a hidden character": "&zwnj;",
    "entity of a direction override": "&#8238;",
}
UNEVEN: dict[str, Callable[[str], str]] = {
    "space before": lambda text: " " + text,
    "space behind": lambda text: text + " ",
    "doubled space": lambda text: text + "  x",
    "line break": lambda text: text + "\nx",
    "letters not composed": lambda text: text + " e\u0301",
}
NUMERALS = {
    "Western digits": "102",
    "Arabic-Indic digits": "١٠٢",
    "Persian digits": "۱۰۲",
    "Burmese digits": "၁၀၂",
    "Devanagari digits": "१०२",
    "Khmer digits": "១០២",
    "full-width digits": "１０２",
    "mathematical digits": "𝟏𝟎𝟐",
    "superscript digits": "¹⁰²",
    "circled digits": "①⓪②",
    "Roman numeral letters": "Ⅰ",
    "fraction": "½",
    "Ethiopic numbers": "፩፪",
    "Hangzhou numerals": "〡〇〢",
    "keycap digits": "1\u20e30\u20e32\u20e3",
    "Chinese figures": "一〇二",
    "telephone number with separators": "+380-44-102",
}
CONTACTS = {
    "web address": "https://example.org/x",
    "web address without scheme": "example.org/x",
    "web address in capitals": "WWW.EXAMPLE.ORG",
    "web address of a country": "example.com.ua",
    "web address with an ideographic full stop": "example。org",
    "e-mail address": "help@example.org",
    "e-mail with a full-width at": "help＠example.org",
    "name in a messenger": "@helpline",
    "tel: link": "tel:",
    "javascript:": "javascript:alert",
}


# Places


def links() -> Iterator[tuple[str, str]]:
    """Yield the file and id of links that stand on plain hosts over https and carry no technique."""
    for path in sorted((CONTENT / "links").glob("*.toml")):
        for link in toml(path)["link"]:
            hosts = CATALOGUE.publishers[link["publisher"]].hosts
            if plain(link["url"]) and host_of(link["url"]) in hosts:
                yield f"links/{path.name}", link["id"]


def plain(url: str | None) -> bool:
    return bool(url) and url.startswith("https:") and "?" not in url


def swappable(name: str) -> bool:
    return all(change(name) != name for change in LOOKALIKES.values())


def toml_report() -> str:
    """Return a number that may be published, as it stands in the register."""
    text = (CONTENT / "countries.toml").read_text(encoding="utf-8")
    return text[slice(*span(text, '[[country.report]]\nnumber = "101"', r"^\["))]


def address_cases() -> Iterator[Case]:
    """Damaged addresses: of links, of authorities, of the pages of numbers, of statuses and among publishers' hosts."""
    kinds = ADDRESSES | ELSEWHERE
    places = cycle(links())
    for kind, change in kinds.items():
        path, name = next(places)
        yield register(
            kind, "link url", "address", path, ("link", name), r"url|host|https", setting("url", change)
        )
    unnumbered = cycle([code for code, country in CATALOGUE.countries.items() if not country.report])
    for kind, change in kinds.items():
        more = setting("source", change)(toml_report())
        yield register(
            kind,
            "page of a number",
            "pages",
            "countries.toml",
            ("country", next(unnumbered)),
            r"source|host|https",
            lambda piece, more=more: f"{piece.rstrip()}\n\n{more}",
        )
    authorities = cycle(
        [
            code
            for code, country in CATALOGUE.countries.items()
            if country.authority and plain(country.authority.url)
        ]
    )
    for kind, change in kinds.items():
        edit = setting("url", change, after="[country.authority]")
        says = r"url|host|https"
        code = next(authorities)
        yield register(kind, "authority url", "address", "countries.toml", ("country", code), says, edit)
    statuses = cycle(
        [
            code
            for code, country in CATALOGUE.countries.items()
            if country.status and plain(country.status.url)
        ]
    )
    for kind, change in ADDRESSES.items():
        edit = setting("url", change, after="[country.status]")
        yield register(
            kind, "status url", "status", "countries.toml", ("country", next(statuses)), "url", edit
        )
    publishers = cycle(CATALOGUE.publishers)
    for kind, host in HOSTS.items():
        yield register(
            kind,
            "publisher hosts",
            "publishers",
            "publishers.toml",
            ("publisher", next(publishers)),
            "host",
            lambda piece, host=host: re.sub(
                r"^hosts = \[\s*", lambda m: m[0] + quoted(host) + ", ", piece, flags=re.M
            ),
        )


def inserted_names(more: str) -> Callable[[str], str]:
    return lambda piece: re.sub(r"(?m)^languages = .*\n", lambda m: m[0] + more, piece, count=1)


def quotation_cases() -> Iterator[Case]:
    """Damaged titles and names, which are quoted but must be plain letters of one script."""
    latin = {
        name
        for name, link in CATALOGUE.links.items()
        if (link.title_language or link.languages[0]) in ("en", "fr", "es")
        and link.title.isascii()
        and swappable(link.title)
    }
    titles = cycle([(path, name) for path, name in links() if name in latin])
    publishers = cycle(
        [each.id for each in CATALOGUE.publishers.values() if each.language == "en" and swappable(each.name)]
    )
    authorities = cycle(
        [
            c.code
            for c in CATALOGUE.countries.values()
            if c.authority and c.authority.language == "en" and swappable(c.authority.name)
        ]
    )
    named = cycle([code for code, country in CATALOGUE.countries.items() if not country.names])
    spoken = cycle(
        [code for code, each in CATALOGUE.spoken.items() if each.name.isascii() and swappable(each.name)]
    )
    own = cycle(
        [tag for tag, each in CATALOGUE.languages.items() if each.script == "Latn" and swappable(each.name)]
    )
    kinds = {kind: planted(what) for kind, what in HIDDEN.items()} | LOOKALIKES | UNEVEN
    kinds |= {kind: (lambda text, what=what: f"{text} {what}") for kind, what in MARKUP.items()}
    for kind, change in kinds.items():
        path, name = next(titles)
        yield register(kind, "link title", "quoted", path, ("link", name), "title", setting("title", change))
        entry = ("publisher", next(publishers))
        yield register(
            kind, "publisher name", "quoted", "publishers.toml", entry, "name", setting("name", change)
        )
        entry, edit = ("country", next(authorities)), setting("name", change, after="[country.authority]")
        yield register(kind, "authority name", "quoted", "countries.toml", entry, "name", edit)
        entry, more = ("country", next(named)), f"\n[country.names]\nen = {quoted(change('Countryhouse'))}\n"
        edit = inserted_names(more)
        yield register(kind, "country name", "names", "countries.toml", entry, "name", edit)
        entry = ("spoken", next(spoken))
        yield register(kind, "spoken name", "quoted", "spoken.toml", entry, "name", setting("name", change))
        entry = ("language", next(own))
        yield register(
            kind, "language name", "languages", "languages.toml", entry, "name", setting("name", change)
        )


def english_cases() -> Iterator[Case]:
    """Damaged English source texts."""
    kinds = {kind: planted(what) for kind, what in HIDDEN.items()} | LOOKALIKES | UNEVEN
    for more in (MARKUP, NUMERALS, CONTACTS):
        kinds |= {kind: (lambda text, what=what: f"{text} {what}") for kind, what in more.items()}
    by_place: dict[str, list[tuple[str, str, str, str]]] = {
        "message": [],
        "short": [],
        "interface": [],
        "facet": [],
    }
    for message in CATALOGUE.messages:
        for field in ("order", "detail", "why"):
            by_place["message"].append(("messages.toml", f"message.{message}.{field}", "message", field))
    for name, each in SOURCE.items():
        if name in CATALOGUE.texts["safety"]:
            by_place["short"].append(("messages.toml", name, "text", "text"))
        elif name in CATALOGUE.texts["interface"] and not each.many and len(each.text) > 12:
            by_place["interface"].append(("interface.toml", name, "text", "text"))
        elif name.split(".")[0] in ("topic", "audience", "format", "family") and len(each.text) > 8:
            by_place["facet"].append(("facets.toml", name, name.split(".")[0], "text"))
    for place, entries in by_place.items():
        turn = cycle(entries)
        for kind, change in kinds.items():
            if place in ("message", "short", "facet") or kind not in NUMERALS.keys() | CONTACTS.keys():
                path, name, table, field = next(turn)
                record = name.split(".", 1)[1] if table not in ("text", "message") else name
                record = name.split(".")[1] if table == "message" else record
                yield Case(
                    kind,
                    f"English {place}",
                    "english",
                    path,
                    name,
                    says_of(kind),
                    lambda text, table=table, record=record, field=field, change=change: in_piece(
                        text, entry_span(text, table, record), setting(field, change)
                    ),
                )


def says_of(kind: str) -> str:
    if kind in MARKUP:
        return "markup"
    if kind in NUMERALS:
        return "digit|number|another script|never shown"
    if kind in CONTACTS:
        return "address"
    return "invisible|direction|script|spaces|normal form|combining|look-alike"


def translation_cases() -> Iterator[Case]:
    """Damaged translations of every published language, safety messages and interface."""
    turns = {
        (tag, domain): cycle(
            [
                each.id
                for each in SOURCE.values()
                if each.domain == domain
                and not each.many
                and not each.source_only
                and "{" not in each.text
                and not re.search(r"[0-9]", each.text)
                and len(each.text) > 12
            ]
        )
        for tag in TRANSLATED
        for domain in ("safety", "interface")
    }
    places = cycle(turns)

    def case(kind: str, where: tuple[str, str], says: str, change: Callable[[str], str]) -> Case:
        tag, domain = where
        name = next(turns[where])
        path = f"{tag}/LC_MESSAGES/{domain}.po"
        return Case(kind, f"{tag} {domain}", "po", path, name, says, translating(name, change))

    def legitimate(tag: str, hidden: str) -> bool:
        script = CATALOGUE.languages[tag].script
        joins = script in ("Arab", "Mymr") and hidden in "\u200c\u200d"
        breaks = script == "Mymr" and hidden == "\u200b"
        marks = CATALOGUE.languages[tag].direction == "rtl" and hidden == "\u200e"
        return joins or breaks or marks

    for kind, hidden in HIDDEN.items():
        fitting = [where for where in turns if not legitimate(where[0], hidden)]
        for where in (fitting[len(kind) % len(fitting)], fitting[(len(kind) * 7 + 3) % len(fitting)]):
            yield case(kind, where, says_of(kind), planted(hidden))
    for more in (MARKUP, NUMERALS, CONTACTS):
        for kind, what in more.items():
            for where in (next(places), next(places)):
                yield case(kind, where, says_of(kind), lambda text, what=what: f"{text} {what}")
    for domain in ("safety", "interface"):
        for tag in ("fr", "es", "kmr"):
            for kind, change in LOOKALIKES.items():
                if tag != "kmr" or "Armenian" not in kind:
                    yield case(kind, (tag, domain), "script|look-alike", change)
        for tag in ("ru", "uk"):
            for kind, change in CYRILLIC.items():
                yield case(kind, (tag, domain), "scripts|another script", change)
        for tag in ("ar", "fa"):
            for kind, change in OTHERS.items():
                yield case(kind, (tag, domain), "script|look-alike", change)
    for kind, change in UNEVEN.items():
        yield case(kind, next(places), "spaces|normal form|script", change)
    for tag in TRANSLATED:
        for domain in ("safety", "interface"):
            where = (tag, domain)
            name = next(name for name in turns[where] if len(re.findall(r"[A-Za-z]+", SOURCE[name].text)) > 2)
            path = f"{tag}/LC_MESSAGES/{domain}.po"
            says = "script|characters|English"
            edit = translating(name, lambda old, name=name: SOURCE[name].text)
            kind = "English in place of the translation"
            yield Case(kind, f"{tag} {domain}", "po", path, name, says, edit)
            yield case("translation emptied", where, "not translated", lambda text: "")
            name = next(turns[where])
            path = f"{tag}/LC_MESSAGES/{domain}.po"
            yield Case(
                "fuzzy flag", f"{tag} {domain}", "po", path, name, "fuzzy",
                lambda text, name=name: text.replace(f'msgctxt "{name}"', f'#, fuzzy\nmsgctxt "{name}"'),
            )  # fmt: skip
            name = next(turns[where])
            yield Case(
                "msgid changed", f"{tag} {domain}", "po", path, name, "older English",
                lambda text, name=name: in_piece(
                    text, message_span(text, name), lambda piece: piece.replace('msgid "', 'msgid "Do not ', 1)
                ),
            )  # fmt: skip
            name = next(turns[where])
            yield Case(
                "string removed", f"{tag} {domain}", "po", path, name, "is missing",
                lambda text, name=name: in_piece(text, message_span(text, name), lambda piece: ""),
            )  # fmt: skip
            name = next(turns[where])
            yield Case(
                "string given twice", f"{tag} {domain}", "twice", path, name, "2 times",
                lambda text, name=name: text.rstrip("\n") + "\n\n" + text[slice(*message_span(text, name))] + "\n",
            )  # fmt: skip
    fields = [each for each in SOURCE.values() if re.search(r"\{[a-z_]+\}", each.text) and not each.many]
    fields = cycle([each for each in fields if not each.source_only])
    for kind, change in {
        "placeholder renamed": lambda text: re.sub(r"\{([a-z_]+)\}", r"{\1s}", text, count=1),
        "placeholder dropped": lambda text: re.sub(r"\{([a-z_]+)\}", "x", text, count=1),
        "placeholder doubled": lambda text: re.sub(r"(\{[a-z_]+\})", r"\1 \1", text, count=1),
        "placeholder with a format": lambda text: re.sub(r"\{([a-z_]+)\}", r"{\1:>99999}", text, count=1),
        "placeholder with a conversion": lambda text: re.sub(r"\{([a-z_]+)\}", r"{\1!r}", text, count=1),
        "placeholder with an attribute": lambda text: re.sub(
            r"\{([a-z_]+)\}", r"{\1.__class__}", text, count=1
        ),
        "placeholder with an index": lambda text: re.sub(r"\{([a-z_]+)\}", r"{\1[0]}", text, count=1),
        "placeholder without a name": lambda text: re.sub(r"\{([a-z_]+)\}", "{}", text, count=1),
        "placeholder by number": lambda text: re.sub(r"\{([a-z_]+)\}", "{0}", text, count=1),
        "placeholder left open": lambda text: text.replace("}", "", 1),
        "placeholder in doubled braces": lambda text: re.sub(r"(\{[a-z_]+\})", r"{\1}", text, count=1),
        "placeholder in full-width braces": lambda text: text.replace("{", "｛", 1).replace("}", "｝", 1),
    }.items():
        for tag in ("ar", "ru", "zh-Hans", "my"):
            name = next(fields).id
            path = f"{tag}/LC_MESSAGES/interface.po"
            says = "placeholders|stray brace"
            yield Case(kind, f"{tag} interface", "fields", path, name, says, translating(name, change))


SHORT = ("short.stop", "short.do-not-touch", "short.keep-away", "short.tell", "still.answer", "standing")


def safety_cases() -> Iterator[Case]:
    """Damages to what the safety messages say, though every letter of them is plain."""
    sealed = "seal"
    for tag in TRANSLATED:
        path = f"{tag}/LC_MESSAGES/safety.po"
        for name in SHORT:
            for kind, change, says in (
                ("order emptied", lambda text: "", "not translated"),
                ("order of spaces", lambda text: " ", "spaces"),
                ("order of marks only", lambda text: "...", "no letter"),
            ):
                yield Case(kind, f"{tag} {name}", "safety", path, name, says, translating(name, change))
        for first, second in (
            ("short.stop", "short.tell"),
            ("message.ask.order", "message.stand-still.order"),
        ):
            words = {name: translation(tag, name) for name in (first, second)}

            def exchanged(text: str, first: str = first, second: str = second, words: dict = words) -> str:
                text = translating(first, lambda old: words[second])(text)
                return translating(second, lambda old: words[first])(text)

            yield Case(
                "translations of two strings swapped",
                f"{tag} {first}",
                "sealed",
                path,
                first,
                sealed,
                exchanged,
            )
        other = {"ru": "uk", "uk": "ru", "ar": "fa", "fa": "ar", "fr": "es", "es": "fr", "kmr": "fr"}.get(tag)
        if other:
            word = translation(other, "still.answer")
            edit = translating("still.answer", lambda old, word=word: word)
            kind = "words of another language"
            yield Case(kind, f"{tag} still.answer", "sealed", path, "still.answer", sealed, edit)
        yield Case("one word of an order changed", f"{tag} message.report.order", "sealed", path,
                   "message.report.order", sealed,
                   translating("message.report.order", lambda old: re.sub(r"^(\w+)", r"\1\1", old)))  # fmt: skip
    for name in ("short.stop", "standing", "still.answer", "message.ask.order", "message.report.why"):
        table, record, field = ("text", name, "text")
        if name.startswith("message."):
            table, (_, record, field) = "message", name.split(".")
        for kind, change in (("order emptied", lambda text: ""), ("order of spaces", lambda text: " ")):
            yield Case(kind, f"English {name}", "safety", "messages.toml", record,
                       "character|empty|spaces|no letter",
                       lambda text, table=table, record=record, field=field, change=change: in_piece(
                           text, entry_span(text, table, record), setting(field, change)))  # fmt: skip
    for name in SHORT:
        yield Case("line removed", f"English {name}", "line removed", "messages.toml", name, f"missing|{sealed}",
                   lambda text, name=name: in_piece(text, entry_span(text, "text", name), lambda piece: ""))  # fmt: skip
    for name in CATALOGUE.messages:
        edit = lambda text, name=name: in_piece(text, entry_span(text, "message", name), lambda piece: "")  # noqa: E731
        yield Case("message removed", f"message {name}", "messages removed", "messages.toml",
                   name, f"missing|{sealed}", edit)  # fmt: skip
        sources = CATALOGUE.messages[name].sources
        if sources:
            for kind, change in (
                ("source removed", lambda found: ", ".join(found.split(", ")[1:])),
                ("source repeated", lambda found: found + ", " + found.split(", ")[0]),
                ("source exchanged", lambda found: '"unmas-five-pillars"'),
            ):
                yield register(kind, f"message {name}", "sealed", "messages.toml", ("message", name),
                               "twice|seal" if "repeated" in kind else sealed,
                               lambda piece, change=change: re.sub(
                                   r"^sources = \[(.*)\]$", lambda m: f"sources = [{change(m[1])}]", piece, flags=re.M))  # fmt: skip
        else:
            yield register("source claimed", f"message {name}", "sealed", "messages.toml",
                           ("message", name), sealed,
                           lambda piece: piece.replace("sources = []", 'sources = ["unmas-five-pillars"]'))  # fmt: skip
        edit = setting("pictogram", lambda old: "children" if old != "children" else "tell")
        yield register("pictogram exchanged", f"message {name}", "sealed", "messages.toml",
                       ("message", name), sealed, edit)  # fmt: skip
    for moved in ("ask", "turn-back", "stand-still", "report"):

        def last(text: str, moved: str = moved) -> str:
            start, end = entry_span(text, "message", moved)
            other = "ask" if moved == "report" else None
            rest = text[:start] + text[end:]
            at = entry_span(rest, "message", other)[0] if other else len(rest)
            return rest[:at] + text[start:end].rstrip("\n") + "\n\n" + rest[at:]

        yield Case(
            "message order changed", f"message {moved}", "order", "messages.toml", "order", sealed, last
        )
    edit = setting("situation", lambda old: "before")
    for name in ("stand-still", "hurt-person", "turn-back"):
        yield register("message under another heading", f"message {name}", "sealed", "messages.toml",
                       ("message", name), sealed, edit)  # fmt: skip
    for name in ("short.stop", "short.keep-away", "still.answer", "standing"):
        edit = setting("text", lambda old: old.replace("Stop", "Walk").replace("away", "near").replace("still", "up")
                       .replace("danger", "risk"))  # fmt: skip
        yield Case("English order changed", f"English {name}", "sealed", "messages.toml", name, sealed,
                   lambda text, name=name, edit=edit: in_piece(text, entry_span(text, "text", name), edit))  # fmt: skip


@cache
def hub_texts() -> dict:
    return inspect(Settings())[0].texts


def translation(tag: str, name: str) -> str:
    return hub_texts()[tag].forms[name][0]


def number_cases() -> Iterator[Case]:
    """Damages to phone numbers and to what stands beside them."""
    unnumbered = cycle([code for code, country in CATALOGUE.countries.items() if not country.report])
    shown = [(code, report) for code, country in CATALOGUE.countries.items() for report in country.report]
    for kind, number in {
        "number in Arabic-Indic digits": "١٠٢",
        "number in Persian digits": "۱۰۲",
        "number in full-width digits": "１０２",
        "number with a letter O": "1O2",
        "number with a zero-width space": "1\u200b02",
        "number with a direction override": "\u202e102",
        "number with a dialling pause": "102,9",
        "number with a service code": "*#102#",
        "number with a hash": "102#",
        "number as an address": "tel:102",
        "number with a parameter": "102;phone-context=x",
        "number with a no-break space": "1\u00a002",
        "number with a hyphen": "1-02",
        "number with a line break": "102\n",
        "number with a script": "102' onclick='x",
        "number emptied": "",
        "number with a plus inside": "1+02",
        "number that is far too long": "1" * 30,
        "number of one digit": "1",
    }.items():
        more = setting("number", lambda old, number=number: number)(toml_report())
        edit = lambda piece, more=more: f"{piece.rstrip()}\n\n{more}"  # noqa: E731
        code = next(unnumbered)
        yield register(kind, "number", "pages", "countries.toml", ("country", code), "number", edit)
    for code, report in shown:
        if report.publish:
            after = f'number = "{report.number}"'
            where = f"country {code} {report.number}"
            for kind, field, change in (
                (
                    "number changed by a digit",
                    "number",
                    lambda old: old[:-1] + ("0" if old[-1] != "0" else "1"),
                ),
                ("number with two digits exchanged", "number", lambda old: old[1] + old[0] + old[2:]),
                (
                    "purpose of a number changed",
                    "purpose",
                    lambda old: "free-line" if old != "free-line" else "police",
                ),
                ("page of a number changed on the same host", "source", lambda old: old.rstrip("/") + "/x"),
            ):
                edit = setting(field, change, after=after)
                if kind == "number with two digits exchanged" and report.number[0] == report.number[1]:
                    continue
                yield register(kind, where, "sealed", "countries.toml", ("country", code), "seal", edit)
            for kind, old, new in (
                ("number withdrawn", "publish = true", "publish = false"),
                ("evidence worsened", 'evidence = "official page"', 'evidence = "press"'),
            ):
                says = "seal" if "withdrawn" in kind else "official page"
                edit = lambda piece, old=old, new=new, after=after: replaced_after(piece, after, old, new)  # noqa: E731
                yield register(kind, where, "sealed", "countries.toml", ("country", code), says, edit)
        elif report.evidence != "official page" or not report.published_by:
            edit = lambda piece, n=report.number: replaced_after(  # noqa: E731
                piece, f'number = "{n}"', "publish = false", "publish = true"
            )
            yield register("number published without grounds", f"country {code} {report.number}",
                           "published", "countries.toml", ("country", code), "number", edit)  # fmt: skip


def replaced_after(text: str, after: str, old: str, new: str) -> str:
    start = text.index(after)
    return text[:start] + text[start:].replace(old, new, 1)


def plural_cases() -> Iterator[Case]:
    """Damages to the plural forms and headers of catalogues."""
    for tag in TRANSLATED:
        path = f"{tag}/LC_MESSAGES/interface.po"
        text = (TRANSLATIONS / path).read_text(encoding="utf-8")
        counted = text[text.index('msgctxt "materials.count"') :].split("\n\n")[0]
        forms = re.findall(r'^msgstr\[\d\] "(.*)"$', counted, re.M)
        count = len(forms)
        if len(set(forms)) > 1:
            yield Case("plural forms swapped", f"{tag} interface", "plural", path, "materials.count", "seal|plural",
                       lambda text, forms=forms: text.replace(f'[0] "{forms[0]}"', f'[0] "{forms[-1]}"').replace(
                           f'[{len(forms) - 1}] "{forms[-1]}"', f'[{len(forms) - 1}] "{forms[0]}"'))  # fmt: skip
        yield Case("plural form without its number", f"{tag} interface", "plural", path, "materials.count",
                   "placeholders", lambda text: re.sub(r'(msgstr\[0\] ".*)\{n\}', r"\1x", text))  # fmt: skip
        yield Case("plural form emptied", f"{tag} interface", "plural", path, "materials.count", "not translated",
                   lambda text: re.sub(r'msgstr\[0\] ".*"', 'msgstr[0] ""', text))  # fmt: skip
        yield Case("plural form too many", f"{tag} interface", "plural many", path, "line", "num_plurals|plural forms",
                   lambda text, n=count: re.sub(
                       rf'(msgstr\[{n - 1}\] )(".*")', rf"\1\2\nmsgstr[{n}] \2", text))  # fmt: skip
        for domain in ("safety", "interface"):
            where = f"{tag}/LC_MESSAGES/{domain}.po"
            yield Case("another count of plural forms", f"{tag} {domain}", "header another count of plural forms", where, "Plural-Forms", "forms",
                       lambda text: re.sub(r"nplurals=\d", "nplurals=9", text))  # fmt: skip
            if len(forms) > 1:
                yield Case("another plural rule", f"{tag} {domain}", "header another plural rule", where, "Plural-Forms", "rule",
                           lambda text: re.sub(r"plural=.*;", "plural=(n!=7);", text))  # fmt: skip
            yield Case("broken plural rule", f"{tag} {domain}", "plural broken", where, "", "Plural-Forms|cannot be read|rule|forms",
                       lambda text: re.sub(r"plural=.*;", "plural=(n==;", text)) if tag in ("ar", "fr") else None  # fmt: skip
            yield Case("another language in the header", f"{tag} {domain}", "header language", where, "Language", "anguage",
                       lambda text, tag=tag: text.replace(f"Language: {tag}\\n", "Language: xx\\n"))  # fmt: skip


def register_cases() -> Iterator[Case]:
    """Damages to who speaks, which pictures stand where, what the policy forbids, and how a language is written."""
    for n, publisher in enumerate(list(CATALOGUE.publishers)[:6]):
        add = lambda piece: re.sub(r"^hosts = \[\s*", lambda m: m[0] + '"example.org", ', piece, flags=re.M)  # noqa: E731
        yield register("host added", f"publisher {publisher}", "sealed", "publishers.toml",
                       ("publisher", publisher), "seal", add) if n % 2 else register(
            "family changed", f"publisher {publisher}", "sealed", "publishers.toml", ("publisher", publisher),
            "seal", setting("family", lambda old: "public-authority"))  # fmt: skip
    for tag in TRANSLATED:
        entry = ("language", tag)
        flip = lambda old: "ltr" if old == "rtl" else "rtl"  # noqa: E731
        yield register("direction turned", f"language {tag}", "languages", "languages.toml", entry, "direction|seal",
                       setting("direction", flip))  # fmt: skip
        yield register("script changed", f"language {tag}", "languages", "languages.toml", entry, "script|seal",
                       setting("script", lambda old: "Latn" if old != "Latn" else "Cyrl"))  # fmt: skip
        yield register("review forged", f"language {tag}", "languages", "languages.toml", entry, "seal",
                       lambda piece: piece.rstrip() + '\n[language.review]\nrole = "teacher"\ndate = 2026-01-01\n\n')  # fmt: skip
        if CATALOGUE.languages[tag].zero != "0":
            yield register("digits of another numeral", f"language {tag}", "languages", "languages.toml", entry, "zero|seal",
                           setting("zero", lambda old: "०"))  # fmt: skip
    for tag in ("en", *TRANSLATED):
        path = f"never/{tag}.toml"
        for kind in ("probing", "certainty", "distances"):
            yield Case("words of the policy emptied", f"{tag} {kind}", "never", path, "", "no words|seal",
                       lambda text, kind=kind: re.sub(rf"(?ms)^{kind} = \[.*?\]$", f"{kind} = []", text, count=1))  # fmt: skip
        yield Case("word of the policy removed", f"{tag} fear", "never", path, tag if False else "", "seal",
                   lambda text: re.sub(r'(?m)^(fear = \[)"[^"]*", ', r"\1", text, count=1))  # fmt: skip
    yield Case("string allowed to break the policy", "never.toml", "never", "never.toml", "", "seal",
               lambda text: text + '\n[[allowed]]\nstring = "short.stop"\nkind = "retracing"\nwhy = "x"\n')  # fmt: skip
    yield Case("pattern of the policy weakened", "never.toml", "never", "never.toml", "", "seal|pattern",
               lambda text: text.replace("{1,4}[A-ZА-Я]?", "{9,9}", 1))  # fmt: skip
    yield Case("pattern of the policy that backtracks", "never.toml", "never", "never.toml", "", "seal|pattern",
               lambda text: re.sub(r"patterns = \['.*?'\]", r"patterns = ['(a+)+$']", text, count=1))  # fmt: skip
    yield Case("page for all countries removed", "worldwide.toml", "worldwide removed", "worldwide.toml", "", "seal",
               lambda text: text.replace('    "unmas-five-pillars",\n', "", 1))  # fmt: skip
    yield Case("page for all countries given twice", "worldwide.toml", "worldwide twice", "worldwide.toml",
               "", "twice|seal",
               lambda text: text.replace('    "icrc-weapon-contamination-en",\n', '    "icrc-weapon-contamination-en",\n' * 2, 1))  # fmt: skip
    for name, old in (
        ("no-such-link", "un-mine-awareness-day-ar"),
        ("https://example.org/", "un-mine-awareness-day-es"),
        ("icrc-weapon-contamination-fr\u200b", "icrc-weapon-contamination-fr"),
    ):
        yield Case("page for all countries unknown", f"worldwide.toml {name!a}", "worldwide", "worldwide.toml",
                   name.rstrip("\u200b/"), "not a link|seal",
                   lambda text, name=name, old=old: text.replace(quoted(old), quoted(name), 1))  # fmt: skip


def technique_cases() -> Iterator[Case]:
    """Links that may carry technique, turned into links for everybody."""
    held = [
        (f"links/{path.name}", link["id"])
        for path in sorted((CONTENT / "links").glob("*.toml"))
        for link in toml(path)["link"]
        if link["technique"] != "none"
    ]
    for path, name in held[:12]:
        edit = setting("technique", lambda old: "none")
        yield register(
            "technique let through", f"link {name}", "technique", path, ("link", name), "seal", edit
        )


EMPTIED = {
    "languages.toml": "language", "spoken.toml": "spoken", "publishers.toml": "publisher",
    "countries.toml": "country", "messages.toml": "message", "interface.toml": "text", "facets.toml": "topic",
    "never.toml": "kind", "worldwide.toml": "links", "links/unmas.toml": "link",
}  # fmt: skip


def emptied_cases() -> Iterator[Case]:
    """Registers that have lost everything, as a full disk or a broken copy leaves them."""
    for path, entry in EMPTIED.items():
        layer = f"emptied {path}"
        yield Case("register emptied", path, layer, path, entry, "no entr|empty|seal", lambda text: "")


def picture_cases() -> Iterator[Case]:
    """Damages to the drawings, which stand in the pages as they are."""
    names = cycle(sorted(CATALOGUE.pictograms))
    for kind, change in {
        "script": lambda s: s.replace("</svg>", "<script>alert(1)</script></svg>"),
        "handler": lambda s: s.replace("<path ", '<path onload="x()" ', 1),
        "handler of the drawing": lambda s: s.replace("<svg ", '<svg onload="x()" ', 1),
        "words": lambda s: s.replace("</svg>", "safe</svg>"),
        "text": lambda s: s.replace("</svg>", "<text>x</text></svg>"),
        "title": lambda s: s.replace("</svg>", "<title>x</title></svg>"),
        "outside picture": lambda s: s.replace("</svg>", '<image href="https://example.org/x"/></svg>'),
        "outside drawing": lambda s: s.replace("</svg>", '<use href="https://example.org/x#y"/></svg>'),
        "page inside": lambda s: s.replace("</svg>", "<foreignObject><p>x</p></foreignObject></svg>"),
        "link": lambda s: s.replace("</svg>", '<a href="https://example.org/"><path d="M0 0"/></a></svg>'),
        "animation": lambda s: s.replace("</svg>", '<animate attributeName="d" to="x"/></svg>'),
        "style": lambda s: s.replace("<path ", '<path style="fill:url(https://example.org/)" ', 1),
        "paint from elsewhere": lambda s: s.replace("<path ", '<path fill="url(https://example.org/x)" ', 1),
        "identifier": lambda s: s.replace("<path ", '<path id="x" ', 1),
        "end of the page's own parts": lambda s: s.replace("</svg>", "</svg></main></body>"),
        "drawing left open": lambda s: s.replace("</svg>", ""),
        "shape left open": lambda s: s.replace("</svg>", "<g></svg>"),
        "attribute left open": lambda s: s.replace("</svg>", '<path d="M0 0></svg>'),
        "style sheet instruction": lambda s: '<?xml-stylesheet href="https://example.org/x"?>' + s,
        "document type": lambda s: '<!DOCTYPE svg [<!ENTITY x "y">]>' + s,
        "comment": lambda s: s.replace("</svg>", "<!-- x --></svg>"),
        "emptied": lambda s: "",
        "nothing drawn": lambda s: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"></svg>',
        "no drawing": lambda s: "x",
        "two drawings": lambda s: s + s,
        "other view": lambda s: s.replace("0 0 48 48", "0 0 1 1"),
        "exchanged for another": lambda s: (CONTENT / "pictograms" / "back.svg").read_text(encoding="utf-8"),
    }.items():  # fmt: skip
        name = next(names)
        name = next(names) if name == "back" else name
        yield Case(f"drawing: {kind}", "pictogram", "pictures", f"pictograms/{name}.svg", "", "", change)


# An operator's own address may be a number, a name without a dot or have a port; "one slash" and "too long" need a path.
OWN_ADDRESSES = ("IPv4 address", "host without a dot", "port", "standard port", "one slash", "too long")
ORIGINS = {
    kind: change("https://hub.example.org")
    for kind, change in ADDRESSES.items()
    if kind not in OWN_ADDRESSES and change("https://hub.example.org") != "https://hub.example.org"
}


def setting_cases() -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, setting, its damaged value and what is said, of hub.toml."""
    for kind, value in ORIGINS.items():
        yield kind, "url", value, "url"
    for kind, change in ADDRESSES.items():
        yield kind, "contact", change("https://example.org/contact"), "contact"
    for kind, hidden in HIDDEN.items():
        yield kind, "contact", f"he{hidden}lp@example.org", "contact"
        yield kind, "operator", f"Aid{hidden} and Help", "operator"
    for kind, change in LOOKALIKES.items():
        yield kind, "operator", change("Aid house on the coast"), "operator"
        yield kind, "contact", change("house-anchor@example.org"), "contact"
    for kind, more in MARKUP.items():
        yield kind, "operator", f"Aid {more}", "operator"


SETTINGS = [(f"{kind} @ hub.toml {name}", name, value, says) for kind, name, value, says in setting_cases()]


@pytest.mark.parametrize(
    ("case", "name", "value", "says"),
    [pytest.param(*each, id=ascii(each[0])[1:-1]) for each in SETTINGS],
)
def test_each_dangerous_setting_is_refused_by_file_and_entry(case, name, value, says, tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text(f"{name} = {quoted(value)}\n", encoding="utf-8")
    with pytest.raises(ContentRefused) as refused:
        load_settings(file, {})
    assert any(d.file == str(file) and re.search(says, d.wrong) and d.mend for d in refused.value.defects), (
        case
    )


def all_cases() -> list[Case]:
    made = [
        *address_cases(),
        *quotation_cases(),
        *english_cases(),
        *translation_cases(),
        *safety_cases(),
        *number_cases(),
        *plural_cases(),
        *register_cases(),
        *technique_cases(),
        *emptied_cases(),
        *picture_cases(),
    ]
    return [case for case in made if case is not None]


CASES = all_cases()


def batches(cases: Iterable[Case]) -> list[list[Case]]:
    """Put cases together that damage different entries of one layer, so that none can hide or excuse another."""
    found: dict[str, list[dict[tuple[str, str], Case]]] = {}
    for case in cases:
        key = (case.path, case.entry)
        rows = found.setdefault(f"{case.layer} {Path(case.path).suffix}", [])
        row = next((row for row in rows if key not in row), None)
        if row is None:
            rows.append(row := {})
        row[key] = case
    return [list(row.values()) for rows in found.values() for row in rows]


BATCHES = batches(CASES)


@cache
def defects_of(batch: int) -> list[Defect]:
    with TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        for case in BATCHES[batch]:
            root = copy.translations if case.path.endswith(".po") else copy.content
            before = (root / case.path).read_text(encoding="utf-8")
            after = case.edit(before)
            assert after != before, f"{case.name} changes nothing"
            (root / case.path).write_text(after, encoding="utf-8")
        return inspect(Settings(), copy.content, copy.translations)[1]


def params() -> Iterator:
    for number, batch in enumerate(BATCHES):
        for case in batch:
            yield pytest.param(
                number, case, id=ascii(case.name)[1:-1], marks=pytest.mark.xdist_group(f"truth-{number}")
            )


@pytest.mark.parametrize(("batch", "case"), list(params()))
def test_each_dangerous_change_is_refused_by_file_and_entry(batch, case):
    defects = defects_of(batch)
    near = [str(d) for d in defects if d.file == case.file and case.entry in d.entry]
    assert case.is_told(defects), f"{case.name} ({case.file}: {case.entry}) slips through; said: {near[:5]}"


def test_at_least_three_hundred_changes_are_tried():
    tried = {case.name for case in CASES} | {each[0] for each in SETTINGS}
    assert len(tried) >= AT_LEAST
    assert len({name.split(" @ ")[0] for name in tried}) >= 100


def test_the_real_content_raises_no_false_alarm():
    assert not inspect(Settings())[1]


NUMBERS_AND_ADDRESSES = (
    ("Call 101 now", "Appelez le 110 maintenant", "digits"),
    ("Call 101 now", "Appelez le 1 0 1 maintenant", "digits"),
    ("Call 101 or 102", "Appelez le 102 ou le 102", "digits"),
    ("Call 101 now", "Appelez le ١١٠ maintenant", "digits"),
    ("Call 101 now", "Appelez maintenant", "digits"),
    ("See unmas.org now", "Voir unmas.org.example.com", "address"),
    ("See https://unmas.org/a now", "Voir https://unmas.org/b ici", "address"),
)


@pytest.mark.parametrize(("english", "text", "wrong"), NUMBERS_AND_ADDRESSES)
def test_a_number_or_address_that_one_language_changes_is_refused(english, text, wrong):
    source = Source("x", "safety", english, None, "note")
    assert wrong in " | ".join(said for said, _ in faults(source, text, CATALOGUE.languages["fr"]))
