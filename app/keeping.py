"""Keeping: a language made into one small file, which a phone keeps and answers from when there is no network.

The pages of a language are alike, so the file holds every line that stands more than once a single time, and the pages
point to it by letters that no page uses (Unicode's private use). It is so small before compression already, for a phone
stores it unpacked. templates/sw.js reads it with four lines of script, which is why this is no library's format.
"""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import brotli
from markupsafe import Markup

from app.editions import Edition

MANIFEST = "application/manifest+json"
HERE = "\ue000"  # stands for the page's own address below the language, so that menus are alike on all pages
FIRST, LAST = 0xE001, 0xF8FF  # each stands for one line
_PRIVATE = re.compile(f"[{HERE}-{chr(LAST)}]")
SHORTEST = 4  # letters; a shorter line is no longer than what points to it


def fold_pages(pages: Mapping[str, str]) -> dict[str, Any]:
    """Return pages, given by their addresses below the language (`/countries/`), as `lines` and, by twin, what points to them.

    Raises ValueError if a page could not be read back letter by letter.
    """
    for twin, html in pages.items():
        if _PRIVATE.search(html):
            raise ValueError(f"page {twin!r} cannot be kept: it has letters of private use")
    split = {twin: _split(twin, html) for twin, html in pages.items()}
    times = Counter(line for lines in split.values() for line in lines)
    often = [line for line, n in times.items() if n > 1 and len(line) >= SHORTEST]
    often.sort(key=lambda line: len(line) * (times[line] - 1), reverse=True)
    lines = sorted(often[: LAST - FIRST + 1])  # those alike side by side, which packs better
    letters = {line: chr(FIRST + n) for n, line in enumerate(lines)}
    folded = {
        "lines": lines,
        "pages": {twin: "".join(letters.get(line, line) for line in parts) for twin, parts in split.items()},
    }
    for twin, html in pages.items():
        if unfold_page(folded, twin) != html:
            raise ValueError(f"page {twin!r} cannot be kept: it would be read back as another one")
    return folded


def unfold_page(folded: Mapping[str, Any], twin: str) -> str:
    """Return a page of `fold_pages`; KeyError if it is not there."""
    lines = folded["lines"]
    text = "".join(
        lines[ord(letter) - FIRST] if FIRST <= ord(letter) <= LAST else letter
        for letter in folded["pages"][twin]
    )
    return text.replace(HERE, twin)


def _split(twin: str, html: str) -> list[str]:
    own = html.replace(f'{twin}"', f'{HERE}"') if len(twin) > 1 else html
    return own.splitlines(keepends=True)


@dataclass(frozen=True)
class Copy:
    """A language to be kept: `pages`, the file that holds all of them, and `note`, the small file that says what is in it.

    A phone asks for the note to learn whether what it keeps still stands; both are JSON.
    """

    pages: bytes
    note: bytes


def copy_of(
    edition: Edition,
    pages: Mapping[str, str],
    script: bytes,
    headers: Mapping[str, str],
    days: tuple[date, date],
    passing: Collection[date],
    root: str,
) -> Copy:
    """Return the copy of a language: its `pages` by twin, the home page's being "", and the `script` they use.

    `headers` are those with which the pages are shown, `days` that on which the copy was made and that after which to
    look for a newer one, and `root` the address below which the site lies. The version does not change with these days
    alone, nor with the `passing` ones on which links were checked, so that a phone fetches no pages anew for that.
    """
    t, language = edition.t, edition.language
    made, again = map(language.date, days)
    dates = [*map(str, days), *(language.date(day) for day in (*days, *passing))]
    days_of = re.compile("|".join(map(re.escape, sorted(set(dates), key=lambda each: (-len(each), each)))))
    version = sha256(script)
    for twin, html in sorted(pages.items()):
        version.update(f"{twin}\n{days_of.sub('', html)}\n".encode())
    about = {"version": version.hexdigest()[:16], "made": str(days[0]), "again": str(days[1])}
    whole = _json({**about, **fold_pages({f"/{twin}": html for twin, html in pages.items()})})
    size = len(brotli.compress(whole, mode=brotli.MODE_TEXT, quality=11))
    home = f"{root}{language.tag}/"
    offline = t("keep.offline", date=made)
    again_words = t("share.again", date=again)
    note = {
        **about,
        "pages": _sum(whole),
        "home": _sum(pages[""].encode()),
        "script": _sum(script),
        "headers": {"Content-Type": "text/html; charset=utf-8", **headers},
        "size": size,
        "offer": t.plain("keep.offer", size=language.size(size)),
        "kept": f"{t.plain('keep.kept', date=made)} {t.plain('share.again', date=again)}",
        "banner": Markup('<p class="kept">{}</p>').format(offline),
        "old": Markup('<p class="kept">{} <b>{}</b></p>').format(offline, t("keep.old")),
        "end": Markup('<p class="kept">{} {}</p>').format(t("keep.kept", date=made), again_words),
        "missing": Markup(
            '<div class="kept" id="missing"><p><b>{}</b></p><p>{}</p><ul class="ways"><li><a href="{}">{}</a></li></ul></div>'
        ).format(t("keep.missing"), t("keep.missing-lead"), home, t("nav.home")),
        "countries": Markup('<li><a href="{}countries/">{}</a></li>').format(home, t("nav.countries")),
        "link": Markup('<li><a href="{}" lang="{}" dir="{}">{}</a></li>').format(
            home, language.tag, language.direction, language.name
        ),
    }
    return Copy(whole, _json(note))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _sum(body: bytes) -> str:
    """Return what a browser compares a fetched file with (W3C Subresource Integrity)."""
    return f"sha256-{b64encode(sha256(body).digest()).decode()}"


def manifest(edition: Edition, root: str, home: str) -> bytes:
    """Return the web app manifest by which a phone puts the hub among its programs, in one language, opening at `home`."""
    t, language = edition.t, edition.language
    return _json(
        {
            "id": home,
            "start_url": home,
            "scope": root,
            "name": t.plain("hub.name"),
            "short_name": t.plain("hub.name"),
            "description": t.plain("hub.description"),
            "lang": language.tag,
            "dir": language.direction,
            "display": "minimal-ui",
            "background_color": "#fffdf8",
            "theme_color": "#fffdf8",
            "icons": [{"src": f"{root}icon.svg", "sizes": "any", "type": "image/svg+xml"}],
        }
    )
