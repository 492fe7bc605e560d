"""Where a link may point: exact, plain addresses on the hosts of registered publishers, and nothing else."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from app.plain import JOINERS, is_hidden

# RFC 3986 characters of a path and query, and nothing that a reader could take for another host.
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
LONGEST = 2000  # characters; longer addresses fail in some browsers


def host_of(address: str) -> str:
    """Return the host of an address that `fault_of_address` has passed."""
    return urlsplit(address).netloc


def fault_of_host(host: str) -> str | None:
    """Say what is wrong with a publisher's host (`unmas.org` or, with a path prefix, `gov.krd/maa`), or None."""
    name, slash, path = host.partition("/")
    if not _HOST.fullmatch(name) or name.split(".")[-1].isdecimal():
        return "is not a plain host name in small letters"
    if any(part.startswith("xn--") for part in name.split(".")):
        return "is written in punycode, which hides look-alike letters"
    if slash and (not path or ".." in path or "%" in path or "?" in path or "#" in path):
        return "has a path prefix that is empty or not plain"
    return None


def fault_of_address(address: str) -> str | None:
    """Say what is wrong with the form of a web address, whoever publishes there, or None.

    Refused are other schemes, user names, ports, fragments, spaces, control, non-ASCII and encoded control
    characters, punycode, numbers in place of a host name, dot segments and backslashes.
    """
    if len(address) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not address.startswith(("https://", "http://")):
        return "does not begin with https:// (or http://)"
    rest = address.split("://", 1)[1]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return "holds a user name before the host"
    if ":" in authority:
        return "names a port"
    if "#" in address:
        return "has a fragment (#...)"
    if fault := fault_of_host(authority):
        return f"its host {fault}"
    if not _PLAIN.fullmatch(address):
        return "holds characters that must be percent-encoded"
    if _ESCAPE.search(address):
        return "holds a % that is not followed by two hexadecimal digits"
    path = urlsplit(address).path
    for decoded in (unquote(address), unquote(unquote(address))):
        path = unquote(path)
        if "\ufffd" in decoded:
            return "encodes bytes that are no UTF-8"
        if any(is_hidden(c) for c in decoded if c not in JOINERS):
            return "hides a control or invisible character"
        if "\\" in decoded or any(part in (".", "..") for part in path.split("/")):
            return "holds a backslash or a dot segment"
    return None


def stands_on(address: str, hosts: Iterable[str]) -> str | None:
    """Return the one of a publisher's `hosts` (with a path prefix where it has one) that `address` stands on, or None."""
    parts = urlsplit(address)
    for host in hosts:
        name, _, prefix = host.partition("/")
        if parts.netloc == name and (not prefix or _under(unquote(parts.path), prefix)):
            return host
    return None


def _under(path: str, prefix: str) -> bool:
    start = "/" + prefix
    return path.startswith(start) and (
        start.endswith("/") or len(path) == len(start) or path[len(start)] in "/."
    )
