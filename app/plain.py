"""Plain text: what no title, name, setting or translation may hold, whatever its language."""

import re
import unicodedata
from collections.abc import Iterator

from app.folding import script_of

# Letters that show nothing, and so could hide a change: Braille blank, Hangul fillers, Khmer inherent vowels, joiner of graphemes.
BLANK = frozenset(
    "\u2800\u3164\u115f\u1160\uffa0\u17b4\u17b5\u034f\u180b\u180c\u180d\u180e\u180f\ufffc\ufffd"
)
JOINERS = frozenset("\u200c\u200d")
MARKS = frozenset("\u200e\u200f")
BREAK = "\u200b"
JOINED_SCRIPTS = {"Arab", "Deva", "Beng", "Taml", "Sinh", "Mymr", "Khmr"}
BREAKING_SCRIPTS = {"Khmr", "Laoo", "Thai", "Mymr"}
_OPENS = {"\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069", "\u202a": "\u202c", "\u202b": "\u202c"}
_MARKUP = re.compile(r"<[a-z!/?]|&#?\w+;|javascript:|data:text", re.IGNORECASE)


def is_hidden(letter: str) -> bool:
    """Return whether a character shows nothing of its own: a control, a format or variation mark, a blank, no letter at all."""
    variation = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    return (
        variation
        or letter in BLANK
        or unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp")
    )


def hidden_faults(text: str, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the invisible characters of a text, and the mend; those `allowed` may stand."""
    waiting: list[str] = []
    for letter in text:
        if letter in allowed:
            continue
        if letter in _OPENS:
            waiting.append(_OPENS[letter])
        elif letter in "\u2069\u202c":
            if not waiting or waiting.pop() != letter:
                yield "closes a direction control that is not open", "remove it, or pair each control"
        elif letter in "\u202d\u202e":
            yield "overrides the direction of letters", "remove the control character"
        elif is_hidden(letter):
            yield f"holds the invisible character U+{ord(letter):04X}", "remove it"
    if waiting:
        yield "leaves a direction control open", "close it, or remove it"


def shape_faults(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the form of a text: spaces, line breaks, normal form, presentation forms, stacked accents."""
    if text != text.strip() or "  " in text or any(c in text for c in "\n\r\t\v\f"):
        yield "has spaces at its ends, doubled spaces or a line break", "remove them"
    if unicodedata.normalize("NFC", text) != text:
        yield "is not in Unicode normal form C", "save it again with a text or PO editor"
    if re.search("[\ufb1d-\ufdff\ufe70-\ufeff]", text):
        yield "holds presentation forms, as if of another script, in place of letters", "type the words again"
    if any(all(unicodedata.combining(c) for c in text[n : n + 3]) for n in range(len(text) - 2)):
        yield "holds accents stacked on a letter, invisible to a quick look", "remove them"


def letter_faults(text: str) -> Iterator[tuple[str, str]]:
    """Yield the words of a text whose letters come from several scripts, or are other signs that look like letters."""
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {script_of(letter) for letter in word} - {"Zyyy"}
        if "Jpan" in scripts:  # Japanese is written in three scripts at once
            scripts.discard("Hans")
        odd = [c for c in word if unicodedata.normalize("NFKC", c) != c and script_of(c) in ("Latn", "Zzzz")]
        odd += [c for c in word if unicodedata.name(c, "").startswith(("FULLWIDTH", "MATHEMATICAL"))]
        if len(scripts) > 1 or odd:
            yield f"mixes letters of several scripts in “{word}”", "type the word again in one script"


def quotation_fault(text: str) -> str | None:
    """Say what is wrong with a title or name that stands as its owner wrote it, and the mend; None if nothing is."""
    allowed = JOINERS if any(script_of(c) in JOINED_SCRIPTS for c in text) else frozenset()
    for wrong, mend in (*hidden_faults(text, allowed), *shape_faults(text), *letter_faults(text)):
        return f"{text!r} {wrong}; {mend}"
    if _MARKUP.search(text):
        return f"{text!r} holds markup or an HTML entity; write the words as a reader sees them"
    return None


def checked_quotation(text: str | None) -> str | None:
    """Return `text`; raise ValueError with what is wrong and the mend if it is no plain title or name."""
    if text is not None and (fault := quotation_fault(text)):
        raise ValueError(fault)
    return text
