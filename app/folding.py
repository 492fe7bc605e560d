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
VARIANTS = _ARABIC | _LATIN  # letters that fold leaves for others
_MARKED = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")


def fold(text: str) -> str:
    """Return `text` without the differences that readers do not mean.

    Case, accents, harakat, tatweel, Arabic and Persian letter variants, full-width forms, digits of other numerals,
    invisible characters and runs of white space are evened out; marks of scripts that need them (Burmese, Khmer...)
    stay.
    """
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = []
    base = " "
    for letter in text:
        category = unicodedata.category(letter)
        if category == "Mn":
            if not unicodedata.name(base, "").startswith(_MARKED):
                kept.append(letter)
            continue
        if category == "Cf":
            continue
        if category == "Nd":
            letter = str(unicodedata.decimal(letter))
        base = letter
        kept.append(letter)
    folded = unicodedata.normalize("NFC", "".join(kept)).translate(VARIANTS)
    return re.sub(r"\s+", " ", folded).strip()


def sound(folded: str) -> str:
    """Return roughly how a folded word sounds, in Latin letters, whether it was written in Latin, Cyrillic or Arabic.

    Spellings of one name meet here (Hajeen, Hajin, Хаджин; Raqqah, Rakka): vowels fall into three, doubled letters
    into one. It is made for comparing and never shown. Letters of other scripts stay as they are. A library would
    romanize more scripts, but a script in the browser must say exactly the same, from the same two short lists.
    """
    text = folded.translate(LETTERS)
    for written, said in SOUNDS:
        text = text.replace(written, said)
    text = re.sub(r"(.)\1+", r"\1", text)
    return text[:-1] if len(text) > 2 and text.endswith("h") else text


_SAID = (
    "аa бb вv гg ґg дd еi єi жj зz иi іi кk лl мm нn оu пp рr сs тt уu ўu фf хh цts ч$ ш$ щ$ ъ ыi ь "
    "эi юiu яia қk ғg ҳh ҷj ңn үu өu әa һh اa بb تt ثt جj حh خh دd ذd رr زz سs ش$ صs ضd طt ظz ع غg فf "
    "قk كk لl مm نn هh وu يi ء پp چ$ ژj گg ڤv ډd ړr ټt ڼn ښ$ ږj ڵl ڕr ںn ےi ٹt ڈd ڑr əa ɓb ɗd ƙk ŋn"
)
LETTERS = {ord(each[0]): each[1:] for each in _SAID.split()}  # a letter, and how it sounds
SOUNDS = (("sch", "$"), ("sh", "$"), ("ch", "$"), ("kh", "h"), ("gh", "g"), ("dh", "d"), ("th", "t"),
           ("zh", "j"), ("ph", "f"), ("ck", "k"), ("c", "k"), ("q", "k"), ("x", "h"), ("e", "i"), ("y", "i"),
           ("o", "u"), ("w", "u"), ("dj", "j"))  # fmt: skip


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
