"""Finds refusals that give a reason or show internals (CWE-209, CWE-204; OWASP ASVS 4.0 section 7.4.1)."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from harness.core.redact import redact
from harness.credentials import Credential
from harness.targets.base import Observation

_INTERNALS = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|/site-packages/|\b(?:sqlalchemy|psycopg2?|asyncpg)\.|"
    r"\bjwt\.exceptions\b|\b\w+(?:Error|Exception)\(|\b(?:UndefinedColumn|ProgrammingError|IntegrityError|OperationalError)\b|"
    r"-----BEGIN|\bsk_(?:test|live)_\w+"
)
_REASONS = re.compile(
    r"expir|signature|not yet valid|\bnbf\b|\biat\b|issuer|audience|\bkid\b|algorithm|\balg\b|\bazp\b|authorized part|"
    r"user (?:was )?not found|unknown user|no such user|does not exist|segment|padding|decod|malformed|revoked|"
    r"not verified|public key|jwks|claim",
    re.IGNORECASE,
)
_VOLATILE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-fA-F]{12,}|\d+")
_RANDOM = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{10,}\b")
"""Random identifiers, such as those of requests: long words with both digits and letters."""
_INCIDENTAL_HEADERS = re.compile(
    r"date|age|expires|last-modified|etag|content-length|set-cookie|connection|keep-alive|server-timing|vary|nel|report-to|"
    r".*(?:request|trace|correlation|span)[-_]?id.*|traceparent|.*time.*|.*rate-?limit.*|retry-after|x-clerk-.*"
)
"""Header fields that differ from answer to answer, or that Clerk's own SDKs set."""
_COMPARED = frozenset({"time", "signature", "algorithm", "lookup", "claims", "confusion", "state"})
BASELINES = ("forged", "garbage")
"""The bad credentials whose refusals all others of a route are compared with; the first is preferred."""


def steady(text: str, *, digits: bool = True) -> str:
    """Return the text with identifiers replaced by `#`, and with them all numbers where `digits` is true."""
    text = _RANDOM.sub("#", text)
    return _VOLATILE.sub("#", text) if digits else text


def text_of(observation: Observation) -> str:
    """Return what a client reads in a refusal: body and challenge (`WWW-Authenticate`)."""
    return "\n".join(filter(None, (observation.body, observation.header("www-authenticate"))))


def excerpt_of(observation: Observation) -> str:
    """The beginning of the app's answer; of a request that the probe stopped there is none, for what came back is the stop's."""
    return "" if observation.stopped else redact(text_of(observation)[:600])[:300]


@dataclass(frozen=True)
class Refusal:
    """The parts of a refusal by which a client can distinguish it from another, without what differs by chance."""

    status: int | None
    text: str
    headers: tuple[tuple[str, str], ...]

    def differs(self, other: Refusal) -> str | None:
        """Return in words where this refusal differs from another; None where it does not."""
        if self is other:  # As most are: `refusal_of` makes equal answers one refusal.
            return None
        if self.status != other.status:
            return f"status {self.status} instead of {other.status}"
        mine, theirs = dict(self.headers), dict(other.headers)
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                return f"header {name}: {mine.get(name, 'absent')!r} instead of {theirs.get(name, 'absent')!r}"
        if self.text != other.text:
            return f"body {' '.join(self.text.split())[:80]!r} instead of {' '.join(other.text.split())[:80]!r}"
        return None


def refusal_of(observation: Observation) -> Refusal:
    """Return the refusal in an answer, without what differs from answer to answer."""
    close = observation.websocket.close if observation.websocket is not None else None
    return _refusal(observation.status or close, observation.body, tuple(observation.headers))


@functools.lru_cache(maxsize=4096)
def _refusal(status: int | None, body: str, headers: tuple[tuple[str, str], ...]) -> Refusal:
    """The refusal in these parts of an answer. Cached, because refusals repeat."""
    fields = {
        name.lower(): steady(re.sub(r"__clerk[^&=]*=[^&]*", "", value))
        for name, value in headers
        if not _INCIDENTAL_HEADERS.fullmatch(name.lower())
    }
    return Refusal(status, steady(body), tuple(sorted(fields.items())))


_NO_B64TOKEN = frozenset({"json-flattened", "json-general", "json-general-no-signatures", "json-compact-polyglot"})
"""Tokens with spaces and braces: a header with one is malformed (RFC 6750 section 2.1), and may be refused as such."""


def is_compared(credential: Credential) -> bool:
    """Whether a credential is a bad token in the place of a token: the refusals of all such must be alike.

    Refusals of genuine people may differ (403), and so may those of requests that a server does not accept in this form.
    """
    if credential.authentic or credential.unsendable or credential.tolerate or credential.name in _NO_B64TOKEN:
        return False
    return credential.group in _COMPARED or "malformed" in credential.tags


def leak_in(observation: Observation, credential: Credential, known: dict[str, Observation]) -> str | None:
    """Return what a refusal discloses, as a sentence; None where it discloses nothing.

    `known`: refusals of the same route, by credential. A reason counts only where refusals of the route differ, for one
    wording for all, even "invalid or expired token", discloses nothing. What a client reads that presented nothing is no
    secret.
    """
    bad = [known[name] for name in BASELINES if name in known]
    if credential.bypass:
        return _leak(text_of(observation), False, ())
    leak = _leak(text_of(observation), credential.token, tuple(map(text_of, bad)))
    if leak is not None or not bad or not is_compared(credential):
        return leak
    difference = refusal_of(observation).differs(refusal_of(bad[0]))
    return f"refused otherwise than a forged token, which tells them apart: {difference}" if difference else None


@functools.lru_cache(maxsize=4096)
def _leak(text: str, presented: bool, baselines: tuple[str, ...]) -> str | None:
    """Return the internals or the reason in a text, as a sentence. Cached, because refusals repeat."""
    found = _INTERNALS.search(text)
    if found is not None:
        return f"the refusal shows internals: {found.group(0)[:80]!r}"
    if presented and (reason := _REASONS.search(text)) and any(steady(other) != steady(text) for other in baselines):
        return (
            f"the refusal tells why: {reason.group(0)!r} in {' '.join(text.split())[:120]!r}, "
            "other refusals of this route read differently"
        )
    return None
