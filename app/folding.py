"""Folding: texts made alike where readers would call them the same, whatever keyboard they were typed on."""

import re
import unicodedata

_ARABIC = str.maketrans(
    {
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ێ": "ي", "ئ": "ي", "ک": "ك", "ڪ": "ك",
        "ة": "ه", "ۀ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ؤ": "و", "ۆ": "و", "ـ": None,
    }
)  # fmt: skip
_LATIN = str.maketrans(
    {
        "ı": "i",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ʻ": None,
        "ʼ": None,
        "’": None,
        "'": None,
    }
)
_MARKED = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")


def fold(text: str) -> str:
    """Return `text` without the differences that readers do not mean.

    Case, accents, harakat, tatweel, Arabic and Persian letter variants, full-width forms, digits of other numerals,
    invisible characters and runs of white space are evened out; marks of scripts that need them (Burmese, Khmer...)
    stay.
    """
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = []
    base = ""
    for letter in text:
        category = unicodedata.category(letter)
        if category == "Mn":
            if not base.startswith(_MARKED):
                kept.append(letter)
            continue
        if category == "Cf":
            continue
        if category == "Nd":
            letter = str(unicodedata.decimal(letter))
        base = unicodedata.name(letter, "")
        kept.append(letter)
    folded = unicodedata.normalize("NFC", "".join(kept)).translate(_ARABIC).translate(_LATIN)
    return re.sub(r"\s+", " ", folded).strip()


def script_of(letter: str) -> str:
    """Return the ISO 15924 code of the script a letter belongs to, or "Zyyy" where scripts share it."""
    if not letter.isalpha():
        return "Zyyy"
    name = unicodedata.name(letter, "")
    if name.startswith(("MODIFIER LETTER", "FEMININE", "MASCULINE", "MICRO")):
        return "Zyyy"
    return _SCRIPTS.get(name.split(" ")[0].split("-")[0], "Zzzz")


_SCRIPTS = {
    "LATIN": "Latn", "FULLWIDTH": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr",
    "ARMENIAN": "Armn", "GEORGIAN": "Geor", "ETHIOPIC": "Ethi", "DEVANAGARI": "Deva", "BENGALI": "Beng",
    "GURMUKHI": "Guru", "TAMIL": "Taml", "SINHALA": "Sinh", "THAI": "Thai", "LAO": "Laoo", "KHMER": "Khmr",
    "MYANMAR": "Mymr", "CJK": "Hans", "HIRAGANA": "Jpan", "KATAKANA": "Jpan", "HANGUL": "Kore", "TIFINAGH": "Tfng",
    "NKO": "Nkoo",
}  # fmt: skip
