"""How a known value may stand in a text: itself, escaped, percent-encoded, in base64 at any offset, in hexadecimal digits.

Two ask for it: `redact`, which cuts such values out of every output, and the contract configuration, which holds that an
endpoint does not show them.
"""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Iterator

_NOT_ENCODED = "!'()*~"
"""What `encodeURIComponent` leaves as it is, and `quote` does not (ECMA-262, section 19.2.6.4)."""
_LEAST = 8
"""Of a value so much must be shown at least: fewer characters are those by which people tell their keys apart."""


def forms_of(value: str, *, everywhere: bool = True) -> set[str]:
    """A value as programs write it: as it is, percent-encoded, escaped, in base64, in hexadecimal digits.

    `everywhere`: in base64 and beside other text too, and as browsers, templates and other languages spell it.
    """
    data = value.encode("utf-8", "surrogatepass")
    whole = data[: len(data) // 3 * 3]
    escaped = html.escape(value)
    forms = {
        value,
        urllib.parse.quote(data, safe=""),
        urllib.parse.quote(data),
        urllib.parse.quote_plus(data),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
        escaped,
        data.hex(),
    }
    if len(whole) >= 9:
        forms |= {base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()}
    if everywhere:
        forms |= {
            urllib.parse.quote(data, safe=_NOT_ENCODED),
            urllib.parse.quote(urllib.parse.quote(data, safe=""), safe=""),
            escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),  # as MarkupSafe does: Jinja, Werkzeug
            data.hex().upper(),
            repr(data)[2:-1],
        }
        forms |= {form for form in within_base64(value) if len(form) >= 12}
    return forms


def within_base64(value: str) -> Iterator[str]:
    """What of a value's base64 is the same whatever stands around it there (`user:password`, JSON): one for each offset.

    RFC 4648, section 4: three bytes are four characters, so the first ones depend on what was before, the last on what follows.
    """
    data = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        written = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        inner = written[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
        yield from {inner, inner.replace("+", "-").replace("/", "_")}


def shows(text: str, value: str) -> bool:
    """Whether a text shows a value, or half of it or more, in whatever form: the last four characters of a key are no secret.

    The beginning that says of which kind a key is (`sk_test_`, `whsec_`) is no part of it.
    """
    value = re.sub(r"^(?:[a-z]{2,6}_(?:test_|live_)?)(?=\w{12})", "", value.strip())
    forms = forms_of(value) | set(within_base64(value))
    folded = text.lower()
    hexadecimal = value.encode("utf-8", "surrogatepass").hex()
    return any(_half(text, form) for form in forms - {hexadecimal}) or _half(folded, hexadecimal)


def _half(text: str, form: str) -> bool:
    length = max(_LEAST, (len(form) + 1) // 2)
    return any(form[at : at + length] in text for at in range(len(form) - length + 1))
