"""Keys of a production instance of Clerk, told by their form wherever they stand in a text.

The agent loads this file by its path, in the target's own Python: standard library only, Python 3.9 and later.

| form | a live key where | source |
|---|---|---|
| `sk_live_` | 8 letters and digits or more follow, and they are no placeholder | Clerk, Environments |
| `pk_live_` | base64, plain or for URLs, padded or not, of a host and `$`; else as `sk_live_` | @clerk/shared, `keys` |
| `live_` | 24 letters and digits or more follow, of all three sorts: keys of before 2022 | @clerk/shared, `keys` |

Genuine keys have some 40 characters; 8 are enough here, because one that is missed costs more than one that is refused.
Placeholders: fewer characters (`sk_live_`, `sk_live_...`, `sk_live_xxx`), masks (`xxxxx`, `00000000`), what is cut off
(`sk_live_abcdefgh...`), words joined by `_` or `-` (`sk_live_your_key`), and words without a digit that say so
(`sk_live_placeholder`). After a letter or a digit, as in `task_live_`, 16 characters with a digit are needed.
`whsec_…`, `mt_…`, `ak_…` and `oat_…` are the same for test and production instances: they cannot be told.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

SPECIMEN_SECRET = "sk_live_" + "0123456789abcdefghijABCDEFGHIJ0123456789xy"
"""What the configuration contract gives an app as a live key. It is nobody's, and the only one that is let through."""
SPECIMEN_PUBLISHABLE = "pk_live_" + base64.b64encode(b"clerk.specimen.example$").decode()
"""The same as a publishable key; `.example` is reserved (RFC 2606)."""

_PREFIX = re.compile(r"[sp]k_live_|(?<![A-Za-z0-9_])live_")
_BODY = re.compile(r"[A-Za-z0-9]*")
_JOINED = re.compile(r"[A-Za-z0-9_-]*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}(?::\d+)?")
_MASK = re.compile(r"[xX]{5}|0{8,}\Z")
_WORD = re.compile(
    r"your|place|example|change|replace|dummy|fake|redacted|secret|insert|sample|here|value|mykey|todo", re.IGNORECASE
)
_SHORTENED = ("...", "…", "***", "•", "<", "{", "[")
_LEAST, _CERTAIN, _LEGACY = 8, 16, 24


class LiveKey(NamedTuple):
    """A key that was found, without what is secret of it. `host`: whose it is, where a publishable key tells."""

    prefix: str
    host: str

    def __str__(self) -> str:
        """How a message names it."""
        return f"{self.prefix}…" + (f" of {self.host}" if self.host else "")


def find_live_keys(text: str) -> list[LiveKey]:
    """The live keys in a text, each once, in their order."""
    if "live_" not in text:
        return []
    found: dict[LiveKey, None] = {}
    for match in _PREFIX.finditer(text):
        prefix, at = match.group(), match.end()
        if any(text.startswith(made, match.start()) for made in (SPECIMEN_SECRET, SPECIMEN_PUBLISHABLE)):
            continue
        host = _host(_run(_BASE64, text, at)) if prefix == "pk_live_" else ""
        glued = text[: match.start()][-1:]
        if host or _is_key(text, at, prefix, glued=glued.isascii() and glued.isalnum()):
            found[LiveKey(prefix, host)] = None
    return list(found)


def _run(kind: re.Pattern[str], text: str, at: int) -> str:
    match = kind.match(text, at)
    return match.group() if match is not None else ""


def _is_key(text: str, at: int, prefix: str, *, glued: bool) -> bool:
    """Whether what follows the prefix at `at` is the body of a key. `glued`: a letter or digit precedes the prefix."""
    body, joined = _run(_BODY, text, at), _run(_JOINED, text, at)
    if prefix == "live_":
        return len(body) >= _LEGACY and _is_mixed(body)
    if _MASK.search(body) or (body.isalpha() and _WORD.search(body)):
        return False
    if len(joined) >= _LEGACY and _is_mixed(joined):
        return True
    if len(body) >= _CERTAIN and any(character.isdigit() for character in body):
        return True
    if glued or len(body) < _LEAST or joined != body:
        return False
    return not text.startswith(_SHORTENED, at + len(body))


def _is_mixed(body: str) -> bool:
    return all(re.search(kind, body) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def _host(body: str) -> str:
    """The host that a publishable key was made of, or nothing: base64 of the host and `$`; what follows it is not the key's."""
    whole = body.replace("-", "+").replace("_", "/")
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]
    try:
        decoded = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
    host, end, _ = decoded.partition("$")
    return host if end and _HOST.fullmatch(host) else ""
