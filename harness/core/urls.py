"""URLs that users write, checked before anything is asked of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


@dataclass(frozen=True)
class Address:
    """Where a URL leads. `port`: as it says, else the scheme's; `given`: whether it says one."""

    scheme: str
    host: str
    port: int
    given: bool
    path: str


def parse_url(text: str) -> Address:
    """The parts of an http or https URL. Raises ValueError with what is wrong in a few words, which do not repeat a password."""
    if not text:
        raise ValueError("is empty")
    # urlsplit drops line ends and tabs (WHATWG URL, "remove all ASCII tab or newline"): what is asked would not be what is written.
    if any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError("has a space or a character that cannot be seen")
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        raise ValueError(f"is no URL ({error})") from None
    if parts.scheme not in _PORTS:
        raise ValueError("begins with neither http:// nor https://")
    if not host:
        raise ValueError("names no host")
    if "@" in parts.netloc:
        raise ValueError("has a user or a password, which would not be sent")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("names a host that cannot be one") from None
    return Address(parts.scheme, host, _port(parts.netloc, parts.scheme), _digits(parts.netloc) != "", parts.path)


def _digits(netloc: str) -> str:
    """What stands where the port of a host stands; an IPv6 address is in brackets (RFC 3986, section 3.2.2)."""
    return netloc.rpartition("]")[2].partition(":")[2]


def _port(netloc: str, scheme: str) -> int:
    digits = _digits(netloc)
    if not digits:
        return _PORTS[scheme]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= 65535):
        raise ValueError("names a port that is none (1 to 65535)")
    return int(digits)


def check_host_name(text: str) -> str:
    """Return a host name. Raises ValueError for what is none (RFC 1123, section 2.1; RFC 1035, section 2.3.4)."""
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("is no host name: write one like my-app.clerk.accounts.dev")
    return text
