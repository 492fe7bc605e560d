"""Hearing the messages: the phone's own voice only where it has one for the language, and recordings before it."""

import json
import re
from html import unescape

import pytest
from conftest import Getter, make_delivery
from playwright.sync_api import expect
from test_offline import Server
from werkzeug.test import Client

from app import create_app
from app.defects import ContentRefused
from app.export import export
from app.hub import open_hub, seal
from app.settings import Settings
from app.voice import LARGEST, SHORT, digest, spoken, voices

SPEECH = """(() => {
const spoken = window.spoken = [];
const speech = {
  voices: VOICES, late: [], pending: [],
  getVoices() { return this.voices },
  speak(each) { this.pending.push(each); spoken.push([each.text.trim(), each.voice.lang]) },
  cancel() { const all = this.pending; this.pending = []; spoken.push("cancel"); all.forEach(each => each.onerror && each.onerror({error: "canceled"})) },
  end() { const all = this.pending; this.pending = []; all.forEach(each => each.onend && each.onend({})) },
};
Object.defineProperty(window, "speechSynthesis", {value: speech});
window.SpeechSynthesisUtterance = function (text) { this.text = text };
})()"""


@pytest.fixture
def read_by(chromium, address):
    """Open a page on a phone that has the voices of some languages; a tag with a star is a voice of a distant server."""
    contexts = []

    def read_by(path, *tags, base=address):
        given = [{"lang": tag.strip("*"), "localService": "*" not in tag} for tag in tags]
        context = chromium.new_context(viewport={"width": 360, "height": 640}, service_workers="block")
        context.add_init_script(
            SPEECH.replace("VOICES", str(given).replace("True", "true").replace("False", "false"))
        )
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda fault: page.faults.append(fault))
        page.goto(base + path)
        page.wait_for_load_state("load")
        return page

    yield read_by
    for context in contexts:
        context.close()


def buttons(page):
    return page.locator("button.listen:visible")


def test_each_message_and_the_four_orders_have_a_button_and_say_what_stands_there(read_by, hub):
    page = read_by("/ar/", "en-US", "ar-EG")
    t = hub.texts["ar"]
    expect(buttons(page)).to_have_count(1 + len(hub.catalogue.messages))
    expect(buttons(page).first).to_have_text(t.plain("voice.listen"))
    page.locator("article").nth(0).get_by_role("button").click()
    message = next(iter(hub.catalogue.messages))
    said = [each for each in page.evaluate("spoken") if each != "cancel"]
    assert {lang for _, lang in said} == {"ar-EG"}
    words = [text for text, _ in said]
    assert words[0] == t.plain(f"message.{message}.order")
    assert words[1] == t.plain(f"message.{message}.detail")
    assert t.plain(f"message.{message}.why") in words[2]
    assert t.plain("still.answer") in words[-1]
    assert len(words) == 4, "sources and links are not read"
    assert not page.faults


def test_the_four_orders_are_read_with_the_stand_still_line_once(read_by, hub):
    page = read_by("/my/", "my-MM")
    page.locator(".answer").get_by_role("button").click()
    words = [each[0] for each in page.evaluate("spoken") if each != "cancel"]
    t = hub.texts["my"]
    assert words[1:5] == [t.plain(f"short.{name}") for name in ("stop", "do-not-touch", "keep-away", "tell")]
    assert sum(t.plain("still.answer") in each for each in words) == 1


def test_the_button_stops_what_it_began_and_another_takes_over(read_by, hub):
    page = read_by("/ar/", "ar")
    t = hub.texts["ar"]
    first, second = buttons(page).nth(1), buttons(page).nth(2)
    first.click()
    expect(first).to_have_text(t.plain("voice.stop"))
    second.click()
    expect(first).to_have_text(t.plain("voice.listen"))
    expect(second).to_have_text(t.plain("voice.stop"))
    second.click()
    expect(second).to_have_text(t.plain("voice.listen"))
    assert page.evaluate("speechSynthesis.pending.length") == 0
    first.click()
    page.evaluate("speechSynthesis.end()")
    expect(first).to_have_text(t.plain("voice.listen"))


def test_a_country_page_reads_the_number_and_the_rules(read_by, hub):
    page = read_by("/ar/countries/iq/", "ar-SA")
    expect(buttons(page)).to_have_count(2)
    buttons(page).first.click()
    words = " ".join(each[0] for each in page.evaluate("spoken") if each != "cancel")
    assert "182" in words.translate({0x660 + n: 48 + n for n in range(10)})
    assert hub.texts["ar"].plain("still.answer") in words


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        ("/kmr/", ["tr-TR", "en-US"]),
        ("/kmr/", ["ku-IQ", "ckb-IQ"]),
        ("/zh-Hans/", ["zh-HK", "yue-HK"]),
        ("/ar/", []),
        ("/my/", ["en-GB"]),
        ("/ar/", ["ar-XA*"]),
        ("/uk/", ["ru-RU"]),
    ],
)
def test_without_a_voice_of_its_own_for_the_language_there_is_no_button(read_by, path, tags):
    page = read_by(path, *tags)
    expect(buttons(page)).to_have_count(0)
    assert not page.faults


def test_voices_that_come_late_are_found_and_buttons_stand_once(read_by):
    page = read_by("/ar/")
    expect(buttons(page)).to_have_count(0)
    for _ in range(2):
        page.evaluate(
            "speechSynthesis.voices = [{lang: 'ar_EG', localService: true}]; speechSynthesis.onvoiceschanged()"
        )
    expect(buttons(page)).to_have_count(13)


@pytest.mark.parametrize(
    ("tag", "good", "bad"),
    [
        ("ar", ["ar", "ar-EG", "ara"], ["arn", "fa-IR"]),
        (
            "zh-Hans",
            ["zh-CN", "zh", "zh-Hans-CN", "cmn-Hans-CN", "zh-SG"],
            ["zh-HK", "zh-TW", "yue", "cmn-Hant-TW"],
        ),
        ("fa-AF", ["fa-AF", "prs-AF", "fa-IR", "fa"], ["ps-AF"]),
        ("fa", ["fa-IR", "fa"], ["ar", "far"]),
        ("kmr", ["kmr", "ku", "ku-TR", "kmr-Latn"], ["tr-TR", "ckb", "ku-IQ", "ku-Arab"]),
        ("ckb", ["ckb-IQ", "ku-IQ"], ["ku", "kmr"]),
        ("en", ["en-GB", "en"], ["enm"]),
        ("my", ["my-MM", "mya"], ["myv"]),
    ],
)
def test_a_voice_speaks_the_language_and_not_its_neighbour(tag, good, bad):
    fits = re.compile(voices(tag), re.IGNORECASE)
    assert [each for each in good if not fits.search(each)] == []
    assert [each for each in bad if fits.search(each)] == []


# Recordings

OPUS = b"OggS\0\2" + bytes(8) + b"\1\0\0\0" + bytes(8) + b"\1\x13OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0"


KNOWN = {("ask", "ar"), (SHORT, "ar")}


def record(copy, hub, message="ask", language="ar", body=OPUS, **other):
    """Put a recording into a copy of the content."""
    entry = {
        "message": message,
        "language": language,
        "file": f"{language}/{message}.ogg",
        "speaker": "Test speaker",
        "reviewer": "Test reviewer",
        "date": "2026-11-22",
        "words": digest(message, hub.texts[language]) if (message, language) in KNOWN else "0",
    } | other
    path = copy.content / "recordings" / entry["file"]
    if body is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    lines = "".join(
        f"{name} = {value if name == 'date' else json.dumps(value, ensure_ascii=False)}\n"
        for name, value in entry.items()
    )
    copy.append("recordings.toml", f"\n[[recording]]\n{lines}")


def opened(copy):
    return open_hub(Settings(), copy.content, copy.translations)


def test_no_recording_is_invented(hub, get):
    assert hub.recordings == {}
    page = get("/ar/")
    assert "audio" not in {tag for tag, _ in page.elements}
    assert "media-src" not in page.answer.headers["Content-Security-Policy"]


def test_a_recording_is_heard_with_its_speaker_its_reviewer_and_its_size_and_nothing_is_loaded_before(
    copy, hub
):
    record(copy, hub, body=OPUS + bytes(23_000))
    record(copy, hub, SHORT)
    read = Getter(make_delivery(opened(copy)))
    page = read("/ar/")
    players = [attributes for tag, attributes in page.elements if tag == "audio"]
    assert [each["src"] for each in players] == ["/recordings/ar/short.ogg", "/recordings/ar/ask.ogg"]
    assert all(each["preload"] == "none" and "controls" in each for each in players)
    words = hub.texts["ar"].plain(
        "voice.recorded",
        speaker="Test speaker",
        reviewer="Test reviewer",
        size=hub.languages["ar"].size(23_047),
    )
    assert words in unescape(page.text)
    assert "media-src 'self'" in page.answer.headers["Content-Security-Policy"]
    answer = read.client.get("/recordings/ar/ask.ogg")
    assert answer.mimetype == "audio/ogg"
    assert answer.get_data() == OPUS + bytes(23_000)
    assert "audio" not in {tag for tag, _ in read("/fr/").elements}


def test_a_recording_comes_before_the_voice_of_the_phone(copy, hub, read_by):
    record(copy, hub)
    server = Server(make_delivery(opened(copy)))
    page = read_by("/ar/", "ar-EG", base=server.address)
    expect(buttons(page)).to_have_count(12)
    expect(page.locator("article").first.get_by_role("button")).to_have_count(0)
    expect(page.locator("article audio")).to_have_count(1)
    assert not [path for path in server.asked if path.startswith("/recordings/")]
    server.close()


def test_the_export_has_the_recordings(copy, hub, tmp_path):
    record(copy, hub)
    small = open_hub(Settings(languages=("ar",), countries=("IQ",)), copy.content, copy.translations)
    export(create_app(hub=small), small, tmp_path / "dist", say=lambda _: None)
    assert (tmp_path / "dist/recordings/ar/ask.ogg").read_bytes() == OPUS


WRONG = [
    ({"body": b"RIFF" + bytes(100)}, "is not Opus in Ogg"),
    ({"body": b"OggS" + bytes(100)}, "is not Opus in Ogg"),
    ({"body": None}, "is not there"),
    ({"body": OPUS + bytes(LARGEST)}, f"more than {LARGEST}"),
    ({"message": "no-such"}, "message 'no-such' is not registered"),
    ({"language": "xx"}, "language 'xx' is not registered"),
    ({"words": "000000000000"}, "speaks other words than the message has now"),
    ({"file": "fr/ask.ogg"}, "lies in another language's folder"),
    ({"file": "../ask.ogg"}, "file:"),
    ({"speaker": ""}, "speaker:"),
    ({"reviewer": "x\u202e y"}, "reviewer:"),
]


@pytest.mark.parametrize(("change", "wrong"), WRONG)
def test_a_recording_that_may_not_be_heard_is_refused(copy, hub, change, wrong):
    record(copy, hub, **change)
    with pytest.raises(ContentRefused) as refused:
        opened(copy)
    found = [str(each) for each in refused.value.defects if "recordings.toml" in each.file]
    assert len(found) == 1
    assert wrong in found[0]
    assert "Mend: " in found[0]


def test_a_message_has_one_recording_in_a_language(copy, hub):
    record(copy, hub)
    record(copy, hub, file="ar/again.ogg")
    with pytest.raises(ContentRefused, match="another one speaks already"):
        opened(copy)


def test_a_recording_whose_words_have_changed_is_refused_with_the_words_it_must_speak(copy, hub):
    record(copy, hub, words="0" * 12)
    with pytest.raises(ContentRefused) as refused:
        opened(copy)
    says = " ".join(spoken("ask", hub.texts["ar"]))
    assert hub.texts["ar"].plain("still.answer") in says
    assert says in str(refused.value)
    assert digest("ask", hub.texts["ar"]) in str(refused.value)


def test_a_recording_is_sealed_and_a_silent_change_of_the_sound_is_refused(copy, hub):
    record(copy, hub)
    seal(copy.content, copy.translations)
    assert opened(copy).recordings
    (copy.content / "recordings/ar/ask.ogg").write_bytes(OPUS + b"other words")
    with pytest.raises(ContentRefused, match="changed since the last seal"):
        opened(copy)


def test_an_empty_register_is_right_and_a_missing_one_is_not(copy):
    (copy.content / "recordings.toml").write_text("", encoding="utf-8")
    assert opened(copy).recordings == {}
    (copy.content / "recordings.toml").unlink()
    with pytest.raises(ContentRefused, match=r"recordings\.toml: file: is missing"):
        opened(copy)


def test_a_recording_in_a_language_that_is_not_published_is_left_out(copy, hub):
    record(copy, hub)
    small = open_hub(Settings(languages=("fr",)), copy.content, copy.translations)
    assert small.recordings == {}
    assert Client(make_delivery(small)).get("/recordings/ar/ask.ogg").status_code == 404
