"""Resources: the files of the site that are not pages, each with its address, its type and how it is made."""

from collections.abc import Callable
from dataclasses import dataclass

from app.headers import PAGE_CACHE

ATOM = "application/atom+xml"
JSON = "application/json"
HTML = "text/html"
SCRIPT = "text/javascript"
PACKED_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/atom+xml",
    "application/manifest",
)
PACKED_TYPES += ("image/svg",)


@dataclass(frozen=True)
class Resource:
    """A file of the site: its `address`, its `media` type, and `make`, which returns its bytes.

    `kept` says whether a server may hold it in memory; large files that lie on a disk are read anew each time.
    What is made `ahead` takes long: a server makes it before anybody asks, and compresses it as far as it goes at once.
    `language` is the tag of the language it is in, and `most` how many bytes it may have: the export refuses more.
    """

    address: str
    media: str
    make: Callable[[], bytes]
    cache: str = PAGE_CACHE
    kept: bool = True
    ahead: bool = False
    language: str | None = None
    most: int | None = None


def is_packed(media: str) -> bool:
    """Return whether a file of this type grows smaller by compression."""
    return media.startswith(PACKED_TYPES)
