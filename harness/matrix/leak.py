"""Does a refusal tell why, or show internals? (CWE-209; OWASP ASVS 7.4.1)"""

from __future__ import annotations

import functools
import re

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


def text_of(observation: Observation) -> str:
    """What a client reads in a refusal: body and challenge."""
    return "\n".join(filter(None, (observation.body, observation.header("www-authenticate"))))


def _steady(text: str) -> str:
    return _VOLATILE.sub("#", text)


def leak_in(observation: Observation, presented: bool, baselines: list[str]) -> str | None:
    """What the refusal gives away, as a sentence; None when nothing. See `_leak`, which remembers: refusals repeat."""
    return _leak(text_of(observation), presented, tuple(baselines))


@functools.lru_cache(maxsize=4096)
def _leak(text: str, presented: bool, baselines: tuple[str, ...]) -> str | None:
    """What the refusal gives away, as a sentence; None when nothing.

    A reason counts when this refusal differs from another refusal of the same route (`baselines`): one wording for
    all, even "invalid or expired token", tells nothing apart. What is told to a client that `presented` nothing is no
    secret.
    """
    found = _INTERNALS.search(text)
    if found is not None:
        return f"the refusal shows internals: {found.group(0)[:80]!r}"
    if presented and (told := _REASONS.search(text)) and any(_steady(other) != _steady(text) for other in baselines):
        return (
            f"the refusal tells why: {told.group(0)!r} in {' '.join(text.split())[:120]!r}, "
            "other refusals of this route read differently"
        )
    return None
