"""The press: draws sheets and cards as PDF and the messengers' picture as PNG, ahead of time and never during a request.

WeasyPrint lays out the same HTML that the browser prints. It and what it needs are installed with the extra `sheets`; the
hub serves and exports without them. The same content made on the same day gives the same bytes.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from app.hub import Hub
from app.pages import Pages
from app.sheets import Built
from app.site import Page

if TYPE_CHECKING:
    from weasyprint import Document

SIZES = (14.0, 13.0, 12.0, 11.5, 11.0, 10.5, 10.0)  # points; a sheet that does not fit at the last is refused
CLOSE_SIZES = (12.0, 11.5, 11.0, 10.5, 10.0, 9.5)  # of cards, and of sheets in two languages
PICTURE_SIZES = (44.0, 42.0, 40.0, 38.0, 36.0, 34.0, 32.0, 30.0, 28.0)
PICTURE_SIDE = 1080  # pixels
PICTURE_LIMIT = 60_000  # bytes
COLOURS = (16, 8, 4)
_INSTALL = "install it with `pip install -r requirements-sheets.txt` and Debian's libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0"


class PressMissing(Exception):
    """WeasyPrint, or a library that it needs, is not installed; the text says how to install it."""


class PressStopped(Exception):
    """Something could not be drawn as it must be; `faults` says what, a line each. The last files are untouched."""

    def __init__(self, faults: Iterable[str]):
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Printed:
    """What the press did: how many files there are, how many were drawn anew, and all their bytes."""

    files: int
    drawn: int
    size: int


@dataclass(frozen=True)
class _Job:
    """A drawing to be made: at which of `sizes` its text fits is found by trying, the largest first."""

    address: str
    about: str  # the language and the country, for a fault
    html: str
    digest: str
    sizes: tuple[float, ...]


def press(pages: Pages, workers: int | None = None, say: Callable[[str], None] = print) -> Printed:
    """Draw every file of `pages.site.drawings` that is missing, no longer true, or half-way to its day; return what was done.

    Raises PressMissing without WeasyPrint, and PressStopped, with every fault, where a text does not fit on its page at
    the smallest size, no font has a letter, or a picture is too large: then the last files stay. OSError if the disk refuses.
    """
    sheets = pages.sheets
    if sheets.folder is None:
        raise PressStopped(["no folder for sheets is set; set `sheets` in hub.toml or HUB_SHEETS"])
    _load()
    hub = pages.hub
    kept: dict[str, Built] = {}
    jobs: list[_Job] = []
    for address, page in pages.site.drawings.items():
        digest = pages.digest(page)
        if built := sheets.current(address, digest, hub.made, max(1, hub.settings.recheck_days // 2)):
            kept[address] = built
        else:
            sizes = _sizes(page)
            jobs.append(_Job(address, _about(page, hub), pages.drawing(page, hub.made), digest, sizes))
    faults = []
    made: dict[str, tuple[Built, bytes]] = {}
    for n, (job, (body, fault)) in enumerate(_drawn(jobs, workers or min(2, os.cpu_count() or 1)), 1):
        if fault:
            faults.append(f"{job.address} ({job.about}) {fault}")
        built = Built(drawing=job.digest, made=hub.made, size=len(body), sha256=sha256(body).hexdigest())
        made[job.address] = built, body
        if n % 100 == 0 or n == len(jobs):
            say(f"drew {n} of {len(jobs)} sheets and pictures")
    if faults:
        raise PressStopped(faults)
    sheets.write(kept, made)
    everything = [*kept.values(), *(built for built, _ in made.values())]
    return Printed(len(everything), len(made), sum(built.size for built in everything))


def _sizes(page: Page) -> tuple[float, ...]:
    if page.template == "picture.html":
        return PICTURE_SIZES
    return CLOSE_SIZES if page.second or page.template == "cards.html" else SIZES


def _about(page: Page, hub: Hub) -> str:
    names = [hub.languages[tag].english for tag in (page.language, page.second) if tag]
    country = [hub.default.country_name(page.country.code)] if page.country else []
    return ", ".join([*names, *country])


def _load() -> None:
    """Import what draws; raise PressMissing, saying what to install, where that is not there."""
    try:
        for name in ("weasyprint", "pypdfium2", "PIL"):
            import_module(name)
    except (ImportError, OSError) as fault:  # OSError: a Debian library that WeasyPrint opens
        raise PressMissing(f"sheets and pictures cannot be drawn ({fault}); {_INSTALL}") from None


def _drawn(jobs: list[_Job], workers: int) -> Iterator[tuple[_Job, tuple[bytes, str]]]:
    if workers > 1 and len(jobs) > 4:
        with ProcessPoolExecutor(workers) as pool:
            yield from zip(jobs, pool.map(_draw, jobs, chunksize=4), strict=True)
    else:
        yield from zip(jobs, map(_draw, jobs), strict=True)


def _draw(job: _Job) -> tuple[bytes, str]:
    """Return the bytes of a drawing, or what is wrong with it."""
    missing = _Missing()
    log = logging.getLogger("weasyprint")
    log.addHandler(missing)
    try:
        fitting = _fitting(job)
        if fitting is None:
            return b"", f"does not fit on one page, even at {job.sizes[-1]:g} points; say it shorter"
        body = fitting.write_pdf(finisher=_slim, pdf_tags=True)
    finally:
        log.removeHandler(missing)
    if missing.letters:
        return (
            b"",
            f"has letters that no font here has ({missing.letters[0]}); install fonts-noto-core and fonts-noto-cjk",
        )
    return _picture(body) if job.address.endswith(".png") else (body, "")


def _fitting(job: _Job) -> "Document | None":
    """Return the drawing laid out on one page at the largest size that fits, found by halving; None if none fits."""
    from weasyprint import CSS, HTML

    best = None
    low, high = 0, len(job.sizes)
    while low < high:
        middle = (low + high) // 2
        sized = CSS(string=f".paper{{font-size:{job.sizes[middle]}pt!important}}")
        laid_out = HTML(string=job.html).render(stylesheets=[sized], pdf_tags=True)
        if len(laid_out.pages) == 1:
            best, high = laid_out, middle
        else:
            low = middle + 1
    return best


def _slim(document: "Document", pdf: Any) -> None:
    """Leave the empty glyphs out of the fonts of a finished PDF: 150 kB of them stand in each Chinese font.

    WeasyPrint keeps them because its pages name glyphs by their number. A CID-keyed font (Adobe note 5176) has a table from
    those numbers to the glyphs that are left, so nothing else changes; other fonts have few and are left alone.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    for stream in pdf.objects:
        if getattr(stream, "extra", {}).get("Subtype") != "/OpenType":
            continue
        font = TTFont(BytesIO(stream.stream[0]))
        top = font["CFF "].cff[0]
        if not hasattr(top, "ROS"):
            continue
        drawn = [name for name in top.charset if len(top.CharStrings[name].bytecode or "") > 1]
        subsetter = Subsetter(Options(notdef_outline=True, layout_features=[]))
        subsetter.populate(glyphs=drawn)
        subsetter.subset(font)
        stream.stream[0] = font["CFF "].compile(font)
        stream.extra["Subtype"] = "/CIDFontType0C"


class _Missing(logging.Handler):
    """Collects WeasyPrint's warnings of letters for which it found no font."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.letters: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "notdef" in message:
            self.letters.append(message.rpartition(": ")[2])


def _picture(pdf: bytes) -> tuple[bytes, str]:
    """Return the first page of `pdf` as a square PNG of few colours, as many as its limit allows."""
    from PIL import Image
    from pypdfium2 import PdfDocument

    document = PdfDocument(pdf)
    page = document[0]
    drawn = page.render(scale=PICTURE_SIDE / page.get_width()).to_pil().convert("RGB")
    document.close()
    for colours in COLOURS:
        small = drawn.quantize(colours, dither=Image.Dither.NONE)
        body = BytesIO()
        small.save(body, "PNG", optimize=True)
        if body.tell() <= PICTURE_LIMIT:
            return body.getvalue(), ""
    return b"", f"is larger than {PICTURE_LIMIT} bytes, even in {COLOURS[-1]} colours; say it shorter"
