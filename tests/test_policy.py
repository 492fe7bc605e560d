"""Nothing that may never appear can be put in, whatever the place and the language."""

import pytest
from conftest import TRANSLATIONS, Copy, toml

from app.catalogue import load_catalogue
from app.hub import CONTENT, inspect
from app.policy import load_policy
from app.settings import OwnWords, Settings

POLICY = load_policy(CONTENT, [])
LANGUAGES = load_catalogue(CONTENT, []).languages
TAGS = [tag for tag, language in LANGUAGES.items() if language.published]
PHRASES = TRANSLATIONS.parent / "tests" / "never"
KINDS = list(POLICY.kinds)


def phrases(tag: str) -> dict[str, list[str]]:
    return toml(PHRASES / f"{tag}.toml")


@pytest.mark.parametrize("tag", TAGS)
def test_every_kind_has_words_and_independent_phrases_in_every_language(tag):
    assert set(POLICY.words[tag].words) == set(KINDS)
    assert set(phrases(tag)) == set(KINDS)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_in_each_language(tag, kind):
    for phrase in phrases(tag)[kind]:
        assert kind in {finding.kind for finding in POLICY.findings(phrase, tag)}, phrase
    for word in POLICY.words[tag].words[kind]:
        assert kind in {
            finding.kind for finding in POLICY.findings(f"... {word.replace('*', '')} ...", tag)
        }, word


@pytest.mark.parametrize("tag", TAGS)
def test_a_distance_is_found_in_every_numeral_system(tag):
    for zero in "0٠۰०০၀០๐":
        digits = "".join(chr(ord(zero) + int(n)) for n in "100")
        for unit in POLICY.words[tag].units["distances"]:
            text = f"{digits} {unit.strip('*')}"
            assert "distances" in {finding.kind for finding in POLICY.findings(text, tag)}, text


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_violation_is_refused_on_a_page_wherever_it_stands(tag, kind, hub):
    planted = phrases(tag)[kind][0]
    places = (
        "<p>{}</p>",
        "<h2>x</h2><ul><li>y {} z</li></ul>",
        '<img alt="{}" src="/x">',
        '<button aria-label="{}">x</button>',
        "<title>{}</title>",
        '<meta name="description" content="{}">',
        "<p>a <b>{}</b></p>",
    )
    for place in places:
        found = POLICY.page_findings(place.format(planted), tag, hub.texts[tag])
        assert kind in {finding.kind for finding in found}, (place, planted)


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag != "ar"])
def test_a_part_of_a_page_is_held_against_the_words_of_its_own_language(tag, hub):
    """On a sheet in two languages, and on the first page."""
    planted = [phrases(tag)[kind][0] for kind in KINDS]
    for place in (
        '<html lang="ar"><p>x</p><section class="half" lang="{}"><h2>x</h2><p>y <b>{}</b></p></section><p>z</p></html>',
        '<html lang="ar"><ul><li lang="{}"><img alt=""><p>{}</p></li></ul></html>',
    ):
        found = [
            hub.policy.page_findings(place.format(tag, words), "ar", hub.texts["ar"], hub.texts)
            for words in planted
        ]
        assert all(
            kind in {finding.kind for finding in each} for kind, each in zip(KINDS, found, strict=True)
        )
    after = f'<html lang="ar"><div lang="{tag}"><p>x<br>y</p></div><p>{phrases("ar")[KINDS[0]][0]}</p></html>'
    found = hub.policy.page_findings(after, "ar", hub.texts["ar"], hub.texts)
    assert KINDS[0] in {finding.kind for finding in found}, "what follows the part is the page's own again"


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag != "en"])
@pytest.mark.parametrize("domain", ["safety", "interface"])
def test_a_planted_violation_is_refused_in_a_catalogue(tag, domain, tmp_path):
    copy = Copy(tmp_path)
    name = {"safety": "message.ask.why", "interface": "about.what-1"}[domain]
    path = copy.translations / tag / "LC_MESSAGES" / f"{domain}.po"
    text = path.read_text(encoding="utf-8")
    start = text.index(f'msgctxt "{name}"')
    end = text.find("\n\n", start)
    entry = text[start:end]
    everything = " ".join(phrases(tag)[kind][0] for kind in KINDS)
    english = entry.split('msgid "')[1].split('"\n')[0]
    path.write_text(
        text[:start] + f'msgctxt "{name}"\nmsgid "{english}"\nmsgstr "{everything}"' + text[end:],
        encoding="utf-8",
    )
    _, defects = inspect(Settings(), copy.content, copy.translations)
    refused = {d.wrong for d in defects if d.entry == name and "never shown" in d.wrong}
    for kind in KINDS:
        assert any(f"({kind})" in wrong for wrong in refused), kind
    assert {d.file for d in defects if d.entry == name} == {f"translations/{tag}/LC_MESSAGES/{domain}.po"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("file", "old", "entry"),
    [
        ("messages.toml", "Danger is often hidden in places where nobody walks.", "message.used-paths.why"),
        (
            "interface.toml",
            "Find whom to tell and official pages for the country you are in.",
            "home.country-lead",
        ),
        ("facets.toml", "Farmers and herders", "audience.farmers"),
    ],
)
def test_a_planted_violation_is_refused_in_a_register(kind, file, old, entry, copy):
    copy.edit(file, old, phrases("en")[kind][0])
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.entry == entry and f"({kind})" in d.wrong for d in defects)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_violation_is_refused_in_an_authoritys_own_words(kind):
    words = OwnWords(
        country="UA",
        message="turn-back",
        language="en",
        text=phrases("en")[kind][0],
        decided_by="X",
        decided_on="2026-01-01",
    )
    _, defects = inspect(Settings(words=(words,)))
    assert any(f"({kind})" in d.wrong for d in defects)


def test_words_and_scripts_are_refused_in_a_pictogram(copy):
    path = copy.content / "pictograms" / "stop.svg"
    for planted, wrong in (
        ("<text>x</text>", "<text>"),
        ('<path d="M0 0" onload="x()"/>', "onload"),
        ("<script>x</script>", "<script>"),
        ('<image href="https://example.org/x"/>', "<image>"),
        ("<title>x</title>", "<title>"),
        ('<path d="M0 0" style="fill:red"/>', "style"),
    ):
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">{planted}</svg>', encoding="utf-8"
        )
        _, defects = inspect(Settings(), copy.content, copy.translations)
        assert any(d.file == "content/pictograms/stop.svg" and wrong in d.wrong for d in defects), planted


def test_the_real_content_raises_no_false_alarm():
    _, defects = inspect(Settings())
    assert not defects, "\n".join(map(str, defects))


def test_a_string_may_name_a_thing_only_where_the_list_allows_it(copy):
    copy.edit("interface.toml", "Choose the country you are in.", "They cannot make a place safe.")
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.entry == "countries.lead" and "(certainty)" in d.wrong for d in defects)


def test_a_language_without_words_is_not_published(copy):
    (copy.content / "never" / "fr.toml").unlink()
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.file == "content/never/fr.toml" and "missing" in d.wrong for d in defects)


def test_a_kind_without_words_in_a_language_is_refused(copy):
    text = (copy.content / "never" / "fr.toml").read_text(encoding="utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("fear"))
    (copy.content / "never" / "fr.toml").write_text(kept, encoding="utf-8")
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert any(d.file == "content/never/fr.toml" and d.entry == "fear" for d in defects)
