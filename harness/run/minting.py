"""Credentials as text, minted here or by a running `clerk-harness issuer`."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any

from harness.core.bounded import get
from harness.core.errors import HarnessError
from harness.credentials import Mint, Presentation, based

_LIMIT = 10.0
"""Seconds within which an issuer must answer."""


def as_text(presentation: Presentation) -> str:
    """What a client sends, line by line, for curl."""
    if presentation.delivery is not None:
        return "\n".join(f"{name}: {value}" for name, value in presentation.delivery(b"{}").items())
    lines = [presentation.token] if presentation.token is not None and not presentation.cookies else []
    if presentation.token is not None and presentation.cookies:
        lines.append(f"Authorization: Bearer {presentation.token}")
    lines += [f"Authorization: {value.decode('latin-1')}" for value in presentation.authorization]
    lines += [f"Cookie: {name}={value}" for name, value in presentation.cookies]
    lines += [f"?{name}={value}" for name, value in presentation.query]
    return "\n".join(lines)


def from_issuer(url: str, name: str, *, option: str) -> dict[str, Any]:
    """What a running `clerk-harness issuer` mints; see `minted`. `option` is how the user named it.

    Raises HarnessError when none answers, UnsafeError when it is on another machine.
    """
    from harness.targets.url import check_host

    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise HarnessError(f"{option}{url}: write http://127.0.0.1:PORT, as `clerk-harness issuer` prints it")
    check_host(parts.hostname, [])
    try:
        status, answer = get(f"{url.rstrip('/')}/_harness/token/{name}", seconds=_LIMIT)
        found = json.loads(answer) if status == 200 else None
        if not isinstance(found, dict) or "text" not in found:
            raise ValueError(f"it answers {status} and something else")
    except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
        raise HarnessError(f"{option}{url}: no `clerk-harness issuer` answers there ({error})") from error
    return found


def minted(mint: Mint, name: str) -> dict[str, object] | None:
    """What `/_harness/token/NAME` answers; None for a name that is no credential's."""
    try:
        credential, base = based(name)
    except HarnessError:
        return None
    if credential is None:
        return None
    presented = mint.present(credential, base)
    return {
        "text": as_text(presented),
        "token": presented.token,
        "authorization": [value.decode("latin-1") for value in presented.authorization],
        "cookies": presented.cookies,
        "query": presented.query,
        "headers": presented.headers,
    }
