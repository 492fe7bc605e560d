"""QR codes: an address as a square that a phone camera reads, drawn as inline SVG."""

from functools import lru_cache
from itertools import groupby

import segno
from markupsafe import Markup

QUIET = 4  # modules of white around the code (ISO/IEC 18004)


@lru_cache(maxsize=1024)  # a sheet, its cards and its file share one; drawing takes longer than all the rest
def code(text: str) -> Markup:
    """Return `text` as a QR code: an SVG of class `code` on its own white ground, hidden from screen readers.

    The text always stands beside it. Drawn here and not by segno's writer, because a page's stylesheet reaches into an
    inline SVG: ground and lines carry attributes of their own.
    """
    rows = segno.make(text, error="m", micro=False).matrix
    side = len(rows) + 2 * QUIET
    return Markup(
        '<svg class="code" aria-hidden="true" viewBox="0 0 {0} {0}"><path fill="#fff" stroke="none" d="M0 0h{0}v{0}H0z"/>'
        '<path fill="none" stroke="#000" stroke-width="1" stroke-linecap="butt" shape-rendering="crispEdges" d="{1}"/></svg>'
    ).format(side, "".join(_line(row, y) for y, row in enumerate(rows, QUIET)))


def _line(row: bytearray, y: int) -> str:
    """Return the dark runs of a row as one dashed line through its middle."""
    path = f"M{QUIET} {y}.5"
    for dark, run in groupby(row):
        length = sum(1 for _ in run)
        path += f"h{length}" if dark else f"m{length} 0"
    return path
