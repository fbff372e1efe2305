"""Credentials as text, minted here or by a running `clerk-harness issuer`."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote

from harness.core.bounded import get
from harness.core.errors import HarnessError
from harness.core.text import quoted
from harness.core.urls import parse_url
from harness.credentials import Mint, Presentation, based

_LIMIT = 10.0
"""Seconds within which an issuer must answer."""
_LARGEST_ANSWER = 4 << 20
"""Bytes; the longest credential of the catalogue is far below it."""


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

    Raises HarnessError when none answers or the token is missing in the URL, UnsafeError when it is on another machine.
    """
    from harness.targets.url import check_host

    try:
        address = parse_url(url)
        if address.scheme != "http":
            raise ValueError("is not http")
    except ValueError as error:
        example = "http://127.0.0.1:PORT/~TOKEN, as `clerk-harness issuer` prints it"
        raise HarnessError(f"{option.rstrip('= ')}: {error}; write {example}") from None
    check_host(address.host, [], option=option.strip() or "the issuer")
    asked = f"{option}http://{address.host}:{address.port}"  # Without the token, which is a secret.
    try:
        status, answer = get(
            f"{url.rstrip('/')}/_harness/token/{quote(name, safe='@:')}", seconds=_LIMIT, limit=_LARGEST_ANSWER
        )
        found = json.loads(answer) if status == 200 else None
        if status == 401:
            raise HarnessError(
                f"{asked}: the issuer wants its token: give the whole URL that it printed, http://HOST:PORT/~TOKEN, "
                "which CLERK_HARNESS_URL has as well"
            )
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise ValueError(f"it answers {status} and something else")
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise HarnessError(
            f"{asked}: no `clerk-harness issuer` answers there ({quoted(str(error) or type(error).__name__)})"
        ) from error
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
