"""What every answer says about itself: security headers and caching, one register for the server, the export and the tests."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

# Pages are served from caches for five minutes, so that a withdrawn number is gone soon, and while the server is down.
PAGE_CACHE = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
ERROR_CACHE = "no-store"
ASKED_CACHE = "no-cache"  # kept by browsers, and asked for each time whether it still stands
ANSWER_CACHE = "no-store"  # what a reader searched for stays in no cache


def content_hash(inline: str) -> str:
    """Return the Content-Security-Policy source that allows exactly this inline style."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


def security_headers(styles: Iterable[str], hsts: bool = False, sounds: bool = False) -> dict[str, str]:
    """Return the headers of every answer; `styles` are the inline stylesheets that pages may carry.

    `hsts` insists on https, `sounds` allows the hub's own recordings.
    """
    policy = {
        "default-src": "'none'",
        "style-src": " ".join(map(content_hash, styles)),
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        **({"media-src": "'self'"} if sounds else {}),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    }
    if hsts:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers
