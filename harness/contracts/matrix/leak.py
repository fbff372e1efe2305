"""Does a refusal tell why, or show internals? (CWE-209, CWE-204; OWASP ASVS 4.0 section 7.4.1)"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

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
"""Identifiers of requests and the like: long words with both digits and letters."""
_PASSING = re.compile(
    r"date|age|expires|last-modified|etag|content-length|set-cookie|connection|keep-alive|server-timing|vary|nel|report-to|"
    r".*(?:request|trace|correlation|span)[-_]?id.*|traceparent|.*time.*|.*rate-?limit.*|retry-after|x-clerk-.*"
)
"""Header fields that differ from answer to answer, or that Clerk's own SDKs set."""
_COMPARED = frozenset({"time", "signature", "algorithm", "lookup", "claims", "confusion", "state"})
_MALFORMED = frozenset(
    [
        "garbage",
        "one-segment",
        "two-segments",
        "four-segments",
        "empty-segments",
        "not-base64",
        "not-json",
        "json-array-payload",
        "null-token",
        "undefined-token",
    ]
)


def steady(text: str, *, digits: bool = True) -> str:
    """The text without what differs from answer to answer: identifiers, and numbers unless `digits` are kept."""
    text = _RANDOM.sub("#", text)
    return _VOLATILE.sub("#", text) if digits else text


def text_of(observation: Observation) -> str:
    """What a client reads in a refusal: body and challenge."""
    return "\n".join(filter(None, (observation.body, observation.header("www-authenticate"))))


@dataclass(frozen=True)
class Refusal:
    """What a client can tell one refusal from another by."""

    status: int | None
    text: str
    headers: tuple[tuple[str, str], ...]

    def differs(self, other: Refusal) -> str | None:
        """In what they differ, in words."""
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
    """A refusal without what differs from answer to answer."""
    fields = {
        name.lower(): steady(re.sub(r"__clerk[^&=]*=[^&]*", "", value))
        for name, value in observation.headers
        if not _PASSING.fullmatch(name.lower())
    }
    close = (observation.websocket or {}).get("close")
    return Refusal(observation.status or close, steady(observation.body), tuple(sorted(fields.items())))


def is_compared(credential: Credential) -> bool:
    """Whether it is a bad token where the route takes tokens: all such must be refused alike.

    Genuine people may be told apart (403), and so may requests of which a server does not like the form.
    """
    if credential.authentic or credential.unsendable or credential.tolerate:
        return False
    return credential.group in _COMPARED or credential.name in _MALFORMED


def leak_in(observation: Observation, credential: Credential, known: dict[str, Observation]) -> str | None:
    """What the refusal gives away, as a sentence; None when nothing.

    `known`: refusals of the same route, by credential. A reason counts when refusals of the route differ: one wording
    for all, even "invalid or expired token", tells nothing apart. What is told to a client that presented nothing is no
    secret.
    """
    bad = [known[name] for name in ("forged", "garbage") if name in known]
    if credential.bypass:
        return _leak(text_of(observation), False, ())
    told = _leak(text_of(observation), credential.token, tuple(map(text_of, bad)))
    if told is not None or not bad or not is_compared(credential):
        return told
    difference = refusal_of(observation).differs(refusal_of(bad[0]))
    return f"refused otherwise than a forged token, which tells them apart: {difference}" if difference else None


@functools.lru_cache(maxsize=4096)
def _leak(text: str, presented: bool, baselines: tuple[str, ...]) -> str | None:
    """Internals, or a reason; remembered, because refusals repeat."""
    found = _INTERNALS.search(text)
    if found is not None:
        return f"the refusal shows internals: {found.group(0)[:80]!r}"
    if presented and (told := _REASONS.search(text)) and any(steady(other) != steady(text) for other in baselines):
        return (
            f"the refusal tells why: {told.group(0)!r} in {' '.join(text.split())[:120]!r}, "
            "other refusals of this route read differently"
        )
    return None
