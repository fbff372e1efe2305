"""What was sent, for readers: the request of each route, and what each credential puts on it, without anything that opens a door.

Tokens are minted anew with a throw-away key for the people and the legacy scheme of the declaration. Ids and times, which vary from
run to run, are written as what they are: `user_…`, `now + 60 s`.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from harness.contracts.matrix.plan import RoutePlan
from harness.core.errors import HarnessError
from harness.core.output import shown
from harness.credentials import Legacy, Mint, Presentation, based, register
from harness.fake_clerk import FakeClerk
from harness.report.document import RequestEntry, TokenEntry

_ID = re.compile(r"\b(user|sess|org|client|mch|ins|kid|jti|mt|oat|ak|cl|msg|evt|sit)_[A-Za-z0-9]{8,}")
_TRAP = re.compile(r"127\.0\.0\.1:\d+(?:/[^\s\"]*)?")
"""The address at which a trap of the harness listens for who fetches keys."""
_RANDOM = re.compile(r"^[0-9a-f]{16,}$")
_LONGEST = 300
"""Characters of a value that are shown; attackers' tokens may be very long."""
_TIMES = ("iat", "nbf", "exp", "auth_time", "timestamp", "ts")


@dataclass
class Issuer:
    """Of what the tokens of a run are made: the domain of the instance, the declared people, the legacy scheme, the front end."""

    domain: str
    origin: str
    identities: dict[str, dict[str, object]] = field(default_factory=dict)
    legacy: Legacy = field(default_factory=Legacy)
    skew: int = 5

    _told: dict[str, TokenEntry | None] = field(default_factory=dict, repr=False)
    """What was told already, by label: several formats ask."""
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def tell(self, labels: set[str]) -> dict[str, TokenEntry]:
        """What the credentials of these labels put on a request; those of which nothing can be said apart from a run are left out."""
        with self._guard:  # It is asked ahead of time, too; see `ahead`.
            if new := sorted(labels - self._told.keys()):
                clerk = FakeClerk(self.domain)
                mint = Mint(clerk, register(clerk, self.identities), self.legacy, skew=self.skew, origin=self.origin)
                try:
                    self._told |= {label: _sample(label, mint) for label in new}
                finally:
                    mint.ssrf_listener.close()
        return {label: told for label in sorted(labels) if (told := self._told[label]) is not None}


def request(plan: RoutePlan) -> RequestEntry:
    """The request of a route without a credential, as it goes over the wire; `headers` are names only."""
    base = plan.base
    told: RequestEntry = {
        "method": base.method, "path": base.path, "query": base.query, "headers": [name for name, _ in base.headers],
        "carriers": list(plan.carriers),
    }  # fmt: skip
    if base.body:
        told["body"] = base.body.decode("utf-8", "replace")[:2000]
    if base.messages:
        told["messages"] = base.messages
    return told


def _sample(label: str, mint: Mint) -> TokenEntry | None:
    name, _, way = label.partition("@")
    try:
        credential, base = based(label if way and ":" not in way else name)
    except HarnessError:
        return None
    if credential is None or credential.drill is not None or credential.learned:
        return None  # These are made of what only a run has.
    return _told(mint.present(credential, base))


def _told(presented: Presentation) -> TokenEntry:
    token = presented.token
    if token is None and presented.cookies:
        token = presented.cookies[0][1]
    told: TokenEntry = {}
    if presented.token is not None:
        told["placed"] = "token"
    names = ["authorization"] * len(presented.authorization) + [name.lower() for name, _ in presented.headers]
    if presented.cookies:
        names.append("cookie")
    if presented.delivery is not None:
        names += [name.lower() for name in presented.delivery(b"{}")]
    if names:
        told["headers"] = list(dict.fromkeys(names))
    if presented.cookies:
        told["cookies"] = [name for name, _ in presented.cookies]
    if presented.query:
        told["query"] = [name for name, _ in presented.query]
    if presented.body:
        told["fields"] = [name for name, _ in presented.body]
    if presented.before:
        told["before"] = len(presented.before)
    if presented.also:
        told["forms"] = 1 + len(presented.also)
    if token is not None:
        told |= _decoded(token)
    return told


def _decoded(token: str) -> TokenEntry:
    """Header and claims of a JWT, or the JSON of an older token; else how long it is."""
    segments = token.split(".")
    parts = [_json(segment) for segment in segments[:2]]
    if len(segments) >= 2 and isinstance(parts[0], dict):
        told: TokenEntry = {"header": steady(parts[0])}
        if parts[1] is not None:
            told["claims"] = steady(parts[1])
        return told
    whole = _json(token)
    return {"claims": steady(whole)} if isinstance(whole, dict) else {"length": len(token)}


def _json(segment: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return None


def steady(value: Any, name: str = "") -> Any:
    """A value without what varies from run to run, and no longer than a reader wants it."""
    if isinstance(value, dict):
        return {str(key)[:_LONGEST]: steady(entry, str(key)) for key, entry in list(value.items())[:40]}
    if isinstance(value, list):
        return [steady(entry, name) for entry in value[:40]]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # No JSON (RFC 8259 section 6), as an attacker's token need not be.
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        return _relative(value)
    if name in _TIMES and isinstance(value, str) and value.isascii() and value.isdigit():
        return f"{_relative(float(value))}, as a text"
    if isinstance(value, str):
        text = shown(_TRAP.sub("127.0.0.1:…", _ID.sub(r"\1_…", value)))
        if name in ("n", "x", "y", "x5c", "x5t") or (name in ("jti", "kid", "sub") and _RANDOM.match(text)):
            return "…"  # A public key, which is another in each run.
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
    return value


def _relative(moment: float) -> Any:
    """A time by its distance from now, in round numbers: a minute more or less says when this was minted."""
    now = time.time()
    seconds = moment / 1000 if moment > 1e12 else moment
    away = round((seconds - now) / 5) * 5 if abs(seconds - now) < 86400 * 3660 else None
    if away is None:
        return moment
    return "now" if away == 0 else f"now {'+' if away > 0 else '-'} {abs(away)} s"
