"""A translation that could mislead, break a page or hide something is refused with its file, string and mend."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import load_catalogue
from app.hub import CONTENT, inspect
from app.settings import Settings
from app.texts import Source, faults, sources
from app.translators import update

LANGUAGES = load_catalogue(CONTENT, []).languages
ASKED = re.compile(r"""\b(?:t|texts)(?:\.count|\.plain)?\(\s*["']([a-z0-9.-]+)["']\s*[,)]""")
COUNTRY = Source("country.title", "interface", "{country}: mines and bombs left behind", None, "note")


def said(text: str, tag: str = "fr", source: Source = COUNTRY) -> str:
    return " | ".join(wrong for wrong, _ in faults(source, text, LANGUAGES[tag]))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("mines et bombes", "placeholders"),
        ("{pays} : mines et bombes", "placeholders"),
        ("{country} {country} : mines", "placeholders"),
        ("{country : mines", "stray brace"),
        ("{country!r} : mines", "stray brace"),
        ("{country.__class__} : mines", "stray brace"),
        ("{country:>9} : mines", "stray brace"),
        ("{} {country} : mines", "stray brace"),
        ("{country} : <b>mines</b>", "markup"),
        ("{country} : &lt;script&gt;", "markup"),
        ("{country} : mines &amp; bombes", "markup"),
        ("{country} : 101 mines", "digits"),
        ("{country} : mines ١٠١", "digits"),
        ("{country} : mines www.exemple.org", "address"),
        ("{country} : mines https://exemple.org", "address"),
        ("{country} : mines a@exemple.org", "address"),
        ("{country} : mines \u202eet bombes", "overrides"),
        ("{country} : mines \u2067et bombes", "open"),
        ("{country} : mines\u2069 et bombes", "not open"),
        ("{country} : mi\u200bnes", "U+200B"),
        ("{country} : mi\u00adnes", "U+00AD"),
        ("{country} : mines\u0000", "U+0000"),
        ("{country} : mines\ufeff", "U+FEFF"),
        ("{country} : minеs", "mixes letters"),
        ("{country} : мины", "another script"),
        (" {country} : mines", "spaces"),
        ("{country} : mines\net bombes", "line break"),
        ("{country} : mines e\u0301teintes", "normal form"),
        ("{country} : " + "mines " * 60 + "fin", "characters where"),
        ("{country}: mines and bombs left behind", "same as the English"),
    ],
)
def test_a_dangerous_translation_is_refused(text, wrong):
    assert wrong in said(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("{country} : mines et bombes laissées sur place", "fr"),
        ("{country}: مین‌ها و بمب‌های به‌جامانده", "fa"),
        ("{country}：遗留的地雷和炸弹", "zh-Hans"),
        ("{country}: міни та бомби, що лишилися після боїв", "uk"),
    ],
)
def test_a_plain_translation_passes(text, tag):
    assert said(text, tag) == ""


@given(st.text(max_size=80))
def test_no_text_passes_that_could_break_a_page(text):
    if not said(text):
        assert not set(text) & set("<>&")
        assert text.format(country="X").count("X") == 1 + text.count("X")


@pytest.mark.parametrize("tag", [tag for tag, each in LANGUAGES.items() if each.published and tag != "en"])
def test_a_published_language_is_complete_and_has_every_plural_form(tag, hub):
    texts = hub.texts[tag]
    assert set(texts.forms) == set(hub.source)
    for n in (0, 1, 2, 3, 5, 11, 21, 100, 101, 102):
        assert hub.languages[tag].number(n) in texts.count("materials.count", n)


def test_arabic_counts_in_its_six_forms_and_russian_in_its_three(hub):
    def forms(tag, numbers):
        number = hub.languages[tag].number
        return {hub.texts[tag].count("materials.count", n).replace(number(n), "") for n in numbers}

    assert len(forms("ar", (0, 1, 2, 3, 11, 100))) >= 4
    assert len(forms("ru", (1, 2, 5))) == 3
    assert len(forms("uk", (1, 2, 5))) == 3


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (lambda text: text + '\nmsgctxt "no.such"\nmsgid "x"\nmsgstr "y"\n', "not a string of the hub"),
        (lambda text: text.replace('msgctxt "short.stop"', '#, fuzzy\nmsgctxt "short.stop"'), "fuzzy"),
        (lambda text: text.replace('msgid "Stop."', 'msgid "Halt."'), "older English"),
        (lambda text: text.replace('msgctxt "short.stop"', 'msgctxt "short.halt"'), "is missing"),
        (lambda text: text + "\n" + text[text.index('msgctxt "short.stop"') :], "stands 2 times"),
        (lambda text: text + "\n<<<<<<< HEAD\n", "keyword"),
    ],
)
def test_a_damaged_catalogue_is_refused(copy, damage, wrong):
    path = copy.translations / "fr" / "LC_MESSAGES" / "safety.po"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    _, defects = inspect(Settings(), copy.content, copy.translations)
    found = " | ".join(d.wrong for d in defects if d.file == "translations/fr/LC_MESSAGES/safety.po")
    assert wrong in found


def test_a_missing_catalogue_is_refused(copy):
    (copy.translations / "fr" / "LC_MESSAGES" / "safety.po").unlink()
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.file == "translations/fr/LC_MESSAGES/safety.po" and "missing" in d.wrong for d in defects)


def test_a_changed_english_text_makes_its_translations_wait(copy):
    copy.edit("messages.toml", 'text = "Keep away."', 'text = "Stay away."')
    source = sources(load_catalogue(copy.content, []))
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.entry == "short.keep-away" and "older English" in d.wrong for d in defects)
    before = (copy.translations / "fr" / "LC_MESSAGES" / "safety.po").read_text(encoding="utf-8")
    update(source, LANGUAGES["fr"], copy.translations)
    after = (copy.translations / "fr" / "LC_MESSAGES" / "safety.po").read_text(encoding="utf-8")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed == ["#, fuzzy", 'msgid "Stay away."']


def test_updating_what_is_up_to_date_changes_no_letter(copy):
    source = sources(load_catalogue(copy.content, []))
    for path in copy.translations.glob("*/LC_MESSAGES/*.po"):
        before = path.read_bytes()
        update(source, LANGUAGES[path.parts[-3]], copy.translations)
        assert path.read_bytes() == before, path


def test_templates_ask_only_for_texts_that_exist_and_every_text_is_asked_for(hub):
    app = CONTENT.parent
    bodies = [path.read_text(encoding="utf-8") for path in (*app.glob("templates/*"), *app.glob("*.py"))]
    used = {name for body in bodies for name in ASKED.findall(body)}
    assert used <= set(hub.source), used - set(hub.source)
    composed = ("message.", "situation.", "short.", "topic.", "audience.", "format.", "family.", "report.")
    composed += ("missing.", "broken.", "refused.", "materials.by-", "coverage.sum-", "share.text-")
    composed += ("card.checked", "card.failed", "card.refused", "status.change-", "status.state-")
    unused = {name for name in hub.source if name not in used and not name.startswith(composed)}
    assert not unused
