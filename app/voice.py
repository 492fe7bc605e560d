"""Voice: the messages as people have spoken them, and which of a phone's own voices may read where nobody has.

A recording names who speaks and who has checked it, and is bound to its words: when those are changed, it is refused
until somebody has spoken or heard it again. Each also speaks the stand-still line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import Field, field_validator

from app.catalogue import Catalogue
from app.defects import Defect
from app.files import Record, read_records, read_toml, refuse_unknown_keys
from app.plain import checked_quotation
from app.texts import Texts

FILE, FOLDER = "recordings.toml", "recordings"
SHORT = "short"  # the four orders, recorded as one
ORDERS = ("short.stop", "short.do-not-touch", "short.keep-away", "short.tell")
STILL = ("still.question", "still.answer")
LARGEST = 200_000  # bytes, half a minute on a 2G network; a message lasts 15 seconds, 30 kB as Opus
MEDIA = "audio/ogg"
# The voices that speak a language, by the tags that browsers and phones give them (BCP 47, some with three letters),
# where it is not all those of its first part: no Cantonese for Mandarin, no Sorani or Turkish for Kurmanji.
VOICES = {
    "zh-Hans": "(cmn(?!.*(tw|hant))|zh(?=$|-(cn|sg|hans)))",
    "zh-Hant": "(zh-(tw|hant)|cmn-(tw|hant))",
    "kmr": "(kmr|ku(?=$|-(tr|sy|latn)))",
    "ckb": "(ckb|ku-(iq|ir|arab))",
    "fa": "(fa|fas|per|pes)",
    "fa-AF": "(prs|fa|fas|per)",
    "ar": "(ar|ara)",
    "my": "(my|mya|bur)",
}


def voices(tag: str) -> str:
    """Return the regular expression, for tags in any case, of the voices that can read the language `tag` aloud."""
    return f"^{VOICES.get(tag, tag.split('-')[0])}(-|$)"


class Recording(Record):
    """An entry of the register: the `file` that speaks a `message` in a `language`, and the digest of its `words`."""

    message: str
    language: str
    file: str = Field(pattern=r"^[A-Za-z-]+/[a-z0-9-]+\.ogg$")
    speaker: str = Field(min_length=2)
    reviewer: str = Field(min_length=2)
    date: date
    words: str

    _names = field_validator("speaker", "reviewer")(checked_quotation)


@dataclass(frozen=True)
class Sound:
    """A recording that may be heard: its entry, where it lies on the disk, and its size in bytes."""

    recording: Recording
    path: Path
    size: int

    @property
    def address(self) -> str:
        """Where the site has it."""
        return f"/{FOLDER}/{self.recording.file}"

    def read(self) -> bytes:
        """Return its bytes."""
        return self.path.read_bytes()


def spoken(message: str, texts: Texts) -> tuple[str, ...]:
    """Return the strings that a recording of `message` speaks, in order."""
    own = (
        ORDERS
        if message == SHORT
        else tuple(f"message.{message}.{part}" for part in ("order", "detail", "why"))
    )
    return tuple(texts.plain(name) for name in (*own, *STILL))


def digest(message: str, texts: Texts) -> str:
    """Return the digest of the words of a message, as the register has it."""
    return sha256("\n".join(spoken(message, texts)).encode()).hexdigest()[:12]


def load_recordings(
    content: Path, catalogue: Catalogue, texts: Mapping[str, Texts], defects: list[Defect]
) -> dict[tuple[str, str], Sound]:
    """Return the recordings by language and message; note a defect for each that may not be heard as it is.

    Entries of languages that are not in `texts` are checked but left out.
    """
    name = f"{content.name}/{FILE}"
    tables = read_toml(content / FILE, defects, content.parent)
    refuse_unknown_keys(tables, {"recording"}, name, defects)
    found: dict[tuple[str, str], Sound] = {}
    for entry in read_records(tables, "recording", Recording, name, defects, "file"):
        path = content / FOLDER / entry.file
        wrong = _fault(entry, path, catalogue, texts)
        if not wrong and (entry.language, entry.message) in found:
            wrong = "speaks a message that another one speaks already", "keep one of the two"
        if wrong:
            defects.append(Defect(name, f"recording {entry.file}", *wrong))
        elif entry.language in texts:
            found[entry.language, entry.message] = Sound(entry, path, path.stat().st_size)
    return found


def _fault(
    entry: Recording, path: Path, catalogue: Catalogue, texts: Mapping[str, Texts]
) -> tuple[str, str] | None:
    """Return what is wrong with an entry, and how to mend it, or None."""
    if entry.language not in catalogue.languages:
        return f"language {entry.language!r} is not registered", "write its tag as in languages.toml"
    if entry.message != SHORT and entry.message not in catalogue.messages:
        return f"message {entry.message!r} is not registered", f"write {SHORT} or an id of messages.toml"
    if not entry.file.startswith(f"{entry.language}/"):
        return "lies in another language's folder", f"move it to {FOLDER}/{entry.language}/"
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            start = handle.read(64)
    except OSError:
        return "is not there", f"put the file into {FOLDER}/ or remove the entry"
    # An Ogg page whose first packet begins with the Opus head (RFC 7845, section 5.1).
    if not start.startswith(b"OggS") or start[28:36] != b"OpusHead":
        return "is not Opus in Ogg", "encode it with opusenc --bitrate 16"
    if size > LARGEST:
        return f"has {size} bytes, more than {LARGEST}", "encode it with opusenc --bitrate 16"
    if entry.language in texts and entry.words != (now := digest(entry.message, texts[entry.language])):
        says = " ".join(spoken(entry.message, texts[entry.language]))
        return (
            "speaks other words than the message has now",
            f"record it again, or, if it says exactly “{says}”, write words = {now!r}",
        )
    return None
