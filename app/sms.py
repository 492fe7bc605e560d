"""Text messages: the rules short enough to send by SMS, counted as phones and networks count them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from app.catalogue import Country
from app.defects import Defect
from app.editions import Edition
from app.texts import Texts

# The GSM 7-bit default alphabet, and the characters that take two places because an escape stands before them
# (3GPP TS 23.038, section 6.2.1).
DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
# Places in a message that goes alone, and in each part of one that goes in parts (3GPP TS 23.040, section 9.2.3.24.1).
GSM, UCS2 = (160, 153), (70, 67)
# Signs that are no letters; for want of one of them a whole message would be sent in the form with 70 places.
LOOKALIKES = str.maketrans("‘’“”„«»–—\u00a0\u202f", '\'\'"""""--  ') | {ord("…"): "..."}

ORDERS = ("short.stop", "short.do-not-touch", "short.keep-away", "short.tell")
STILL = ("still.question", "still.answer")
UNSPACED = frozenset({"Hans", "Hant"})  # scripts whose sentences follow each other without a space
# Messages whose orders the texts repeat: where an authority put its own words in place of one, no text of ours is offered.
REST_ON = frozenset({"warning-sign", "strange-thing", "stand-still", "call-and-wait", "report"})
ADDRESS = "https://hub.example-organisation.org/en/"  # forty letters, as long as an address may well be


@dataclass(frozen=True)
class TextMessage:
    """A text ready to be sent, and in how many parts (SMS segments) it goes."""

    text: str

    @property
    def segments(self) -> int:
        """How many parts are sent, and paid for."""
        return segments(self.text)

    @property
    def sms(self) -> str:
        """The link that opens the phone's own program with this text (RFC 5724).

        The empty field before `body` is for iPhones, which read no body right after the question mark.
        """
        return f"sms:?&body={quote(self.text, safe='')}"

    def mail(self, subject: str) -> str:
        """Return the link that opens an e-mail with this text, its lines ended as mail ends them (RFC 6068)."""
        lines = self.text.replace("\n", "\r\n")
        return f"mailto:?subject={quote(subject, safe='')}&body={quote(lines, safe='')}"


def segments(text: str) -> int:
    """Return how many SMS a text takes: one alone, or as many parts as it is cut into.

    A text is sent in seven bits a character where the default alphabet and its extension hold all of it, else in
    16-bit units. No character is cut in two: neither an escaped one nor one of two units.
    """
    if _is_gsm(text):
        alone, part = GSM
        widths = [2 if c in EXTENSION else 1 for c in text]
    else:
        alone, part = UCS2
        widths = [2 if ord(c) > 0xFFFF else 1 for c in text]
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts


def _is_gsm(text: str) -> bool:
    return all(c in DEFAULT or c in EXTENSION for c in text)


def sendable(text: str) -> str:
    """Return `text` with typographic signs as a typewriter has them, where that alone makes it fit seven bits.

    Letters stay as they are written: an accent is never taken away.
    """
    typed = text.translate(LOOKALIKES)
    return typed if _is_gsm(typed) else text


def short(edition: Edition, country: Country | None = None) -> TextMessage | None:
    """Return the text of one SMS: the orders, with a country's number and the address where they fit.

    None where no such text can be sent: it does not fit, or the country's authority decided otherwise on its orders.
    """
    return _first(_shorts, 1, edition, country)


def long(edition: Edition, country: Country | None = None) -> TextMessage | None:
    """Return the richest text of at most two SMS, always with its source: the address; None as for `short`."""
    return _first(_longs, 2, edition, country)


def check_text_messages(texts: Iterable[Texts], url: str, defects: list[Defect]) -> None:
    """Note a defect for each language whose ready messages do not fit, and for a public address too long for any."""
    for each in texts:
        tag = each.language.tag
        if not {"sms.short", *ORDERS, *STILL, "share.official"} <= each.forms.keys():
            continue  # what is missing is a defect of its own
        for most, candidates in ((1, _shorts(each, ADDRESS)), (2, _longs(each, ADDRESS))):
            needed = min(segments(sendable(candidate)) for candidate in candidates)
            if needed > most:
                file = "content/messages.toml" if tag == "en" else f"translations/{tag}/LC_MESSAGES/safety.po"
                wrong = f"takes {needed} text messages where {most} must do"
                defects.append(Defect(file, "sms.short", wrong, "say it shorter"))
        if min(segments(sendable(text)) for text in _longs(each, f"{url}/{tag}/")) > 2:
            wrong = f"is too long for two text messages in {each.language.english}"
            defects.append(Defect("hub.toml", "url", wrong, "give the hub a shorter public address"))


def _shorts(t: Texts, address: str, call: str = "") -> Iterator[str]:
    """Yield what one SMS may say, the richest first."""
    orders = t.plain("sms.short")
    for lines in ((orders, call, address), (orders, call), (orders, address), (orders,)):
        yield _lines(lines)


def _longs(t: Texts, address: str, call: str = "") -> Iterator[str]:
    """Yield what two SMS may say, the richest first; each has the stand-still orders and the address."""
    brief, answer = t.plain("sms.short"), t.plain("still.answer")
    whole = _sentences(t, *(t.plain(name) for name in (*ORDERS, *STILL)))
    longer = _sentences(t, brief.removesuffix(_overlap(brief, answer)).rstrip(), answer)
    official = t.plain("share.official", address=address)
    for number in dict.fromkeys((call, "")):
        for lines in (
            (whole, number, official),
            (whole, number, address),
            (longer, number, official),
            (longer, number, address),
            (brief, number, official),
            (brief, number, address),
        ):
            yield _lines(lines)


def _lines(lines: Iterable[str]) -> str:
    """Return a message whose parts stand on lines of their own, so that a phone shows number and address whole."""
    return "\n".join(filter(None, lines))


def _sentences(t: Texts, *sentences: str) -> str:
    return ("" if t.language.script in UNSPACED else " ").join(sentences)


def _overlap(first: str, then: str) -> str:
    """Return the words with which `first` ends and `then` begins, so that nothing is said twice."""
    ends = (then[:n] for n in range(len(then), 0, -1))
    return next((end for end in ends if first.endswith(end)), "")


def _first(
    candidates: Callable[..., Iterator[str]], most: int, edition: Edition, country: Country | None
) -> TextMessage | None:
    """Return the richest of `candidates` that goes in `most` parts, unless a country's authority decided otherwise."""
    home = f"{edition.settings.url}/{edition.language.tag}/"
    tried = [candidates(edition.texts, home)]
    if country:
        if any((rule.words or rule.off) and rule.message.id in REST_ON for rule in edition.rules(country)):
            return None
        call = edition.texts.plain("country.call", number=country.report[0].number) if country.report else ""
        tried.insert(0, candidates(edition.texts, f"{home}countries/{country.slug}/", call))
    texts = (sendable(text) for each in tried for text in each)
    return next((TextMessage(text) for text in texts if segments(text) <= most), None)
