"""Names, directions, digits and dates of languages, and which language a reader gets."""

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import load_catalogue
from app.hub import CONTENT
from app.languages import Negotiation

LANGUAGES = load_catalogue(CONTENT, []).languages
EVERY = Negotiation(LANGUAGES.values())


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("fa-IR,en;q=0.4", ["fa", "en"]),
        ("prs-AF,prs;q=0.9,en;q=0.5", ["fa-AF", "en"]),
        ("fa-AF", ["fa-AF"]),
        ("ku", ["kmr"]),
        ("ku-IQ", ["ckb"]),
        ("kmr-TR,tr;q=0.9", ["kmr", "tr"]),
        ("zh-TW", ["zh-Hans"]),
        ("zh-CN,zh;q=0.9", ["zh-Hans"]),
        ("zh-Hant-HK", ["zh-Hans"]),
        ("sr-RS", ["sr"]),
        ("sr-Latn-RS", ["sr-Latn"]),
        ("AR_eg", ["ar"]),
        ("en;q=0.1, my;q=0.9", ["my", "en"]),
        ("fr;q=0, es", ["es"]),
        ("*", []),
        ("", []),
        (";;;q=,,", []),
        ("x" * 5000, []),
    ],
)
def test_a_reader_gets_the_language_asked_for_in_the_order_asked(header, tags):
    assert [language.tag for language in EVERY.wanted(header)] == tags


@given(st.text())
def test_any_header_is_taken(header):
    assert all(language.tag in LANGUAGES for language in EVERY.wanted(header))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_register_agrees_with_cldr_where_cldr_knows_the_language(tag):
    language = LANGUAGES[tag]
    rtl = {"Arab", "Hebr"}
    assert (language.direction == "rtl") == (language.script in rtl)
    locale = Locale.parse(language.cldr)
    if locale.language == tag.split("-")[0] and locale.script:
        assert locale.script == {"Hans": "Hans"}.get(language.script, language.script)


def test_digits_and_dates_are_written_as_readers_write_them():
    assert LANGUAGES["my"].number(2024) == "၂၀၂၄"
    assert LANGUAGES["fa"].date("2024-04-04") == "۴ آوریل ۲۰۲۴"
    assert LANGUAGES["en"].date("2024-04") == "April 2024"
    assert LANGUAGES["ru"].date("2024") == "2024"
    assert LANGUAGES["ar"].date("2024") == "٢٠٢٤"
    assert LANGUAGES["fr"].list(["a", "b", "c"]) == "a, b et c"
