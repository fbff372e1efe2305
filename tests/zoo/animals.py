"""All animals, in pens: groups that one run can try."""

from __future__ import annotations

from tests.zoo import (
    correct,
    correct_named,
    correct_spellings,
    correct_twins,
    envelopes,
    flaws_alike,
    flaws_beside,
    flaws_claims,
    flaws_hidden,
    flaws_named,
    flaws_objects,
    flaws_request,
    flaws_sessions,
    flaws_spellings,
    flaws_system,
    flaws_twins,
    flaws_verify,
)
from tests.zoo.model import Animal

_KINDS = {
    "verify": flaws_verify.FLAWS,
    "claims": [*flaws_claims.FLAWS, *flaws_alike.FLAWS],
    "request": flaws_request.FLAWS,
    "system": [*flaws_system.FLAWS, *flaws_sessions.FLAWS],
    "twins": [*flaws_twins.FLAWS, *flaws_hidden.FLAWS],
    "named": [*flaws_named.FLAWS, *flaws_beside.FLAWS],
    "spellings": flaws_spellings.FLAWS,
    "objects": flaws_objects.FLAWS,
    "envelopes": envelopes.FLAWS,
}
CORRECT = [
    *correct.CORRECT,
    *correct_twins.CORRECT,
    *correct_named.CORRECT,
    *correct_spellings.CORRECT,
    *flaws_objects.CORRECT,
    *flaws_alike.CORRECT,
    *flaws_beside.CORRECT,
    *flaws_sessions.CORRECT,
    *flaws_system.CORRECT,
    *flaws_request.CORRECT,
    *envelopes.CORRECT,
]
FLAWED = [animal for kind in _KINDS.values() for animal in kind]
ALL = [*CORRECT, *FLAWED]
UNREVEALED: dict[str, str] = {}
"""Credentials that reveal no flaw of the zoo, and why."""
_TROUBLE = "jwks-"
_ROTATION = "clerk-rotated"


def _drilled(animal: Animal) -> bool:
    return animal.drilled or _ROTATION in animal.expects


def pens() -> dict[str, list[Animal]]:
    """Animals that are tried together, without drills: those of one herd have the same settings."""
    calm = [animal for animal in ALL if not _drilled(animal)]
    found: dict[str, list[Animal]] = {}
    for name, animals in (*_KINDS.items(), ("correct", CORRECT)):
        for animal in animals:
            if animal in calm and animal.host == "herd":
                found.setdefault(f"{name}-across" if animal.settings else name, []).append(animal)
    for name, animals in found.items():
        assert len({animal.settings for animal in animals}) == 1, name
    return found | {a.name: [a] for a in calm if a.host == "alone"}


def drilled_pens() -> dict[str, list[Animal]]:
    """Animals whose flaw only drills show: of memory, of trouble with the issuer, and of its new keys."""
    drilled = [animal for animal in FLAWED if _drilled(animal)]
    trouble = [a for a in drilled if any(name.startswith(_TROUBLE) for name in a.expects)]
    rotation = [a for a in drilled if _ROTATION in a.expects]
    return {
        "memory": [a for a in drilled if a not in trouble and a not in rotation],
        "trouble": trouble,
        "rotation": rotation,
    }


def credentials_of(animals: list[Animal]) -> list[str]:
    """What reveals these animals, and what every run needs. A cell's name may say the base or the way in after an @."""
    usual = {"clerk", "clerk-cookie", "forged", "garbage", "missing", "expired", "legacy"}
    return sorted({name.partition("@")[0] for a in animals for name in a.expects if name.islower()} | usual)
