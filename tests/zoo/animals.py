"""All animals, in pens: groups that one run can try."""

from __future__ import annotations

from tests.zoo import flaws_claims, flaws_request, flaws_system, flaws_verify
from tests.zoo.correct import CORRECT
from tests.zoo.model import Animal

FLAWED = [*flaws_verify.FLAWS, *flaws_claims.FLAWS, *flaws_request.FLAWS, *flaws_system.FLAWS]
ALL = [*CORRECT, *FLAWED]
UNREVEALED: dict[str, str] = {}
"""Credentials that reveal no flaw of the zoo, and why."""
_TROUBLE = "jwks-"


def pens() -> dict[str, list[Animal]]:
    """Animals that are tried together, without drills."""
    calm = [animal for animal in ALL if not animal.drilled]
    found = {
        name: [a for a in module.FLAWS if a in calm and a.host == "herd"]
        for name, module in (
            ("verify", flaws_verify),
            ("claims", flaws_claims),
            ("request", flaws_request),
            ("system", flaws_system),
        )
    }
    found["correct"] = [a for a in CORRECT if a.host == "herd"]
    return found | {a.name: [a] for a in calm if a.host == "alone"}


def drilled_pens() -> dict[str, list[Animal]]:
    """Animals whose flaw only drills show: of memory, and of trouble with the issuer."""
    drilled = [animal for animal in FLAWED if animal.drilled]
    trouble = [a for a in drilled if any(name.startswith(_TROUBLE) for name in a.expects)]
    return {"memory": [a for a in drilled if a not in trouble], "trouble": trouble}


def credentials_of(animals: list[Animal]) -> list[str]:
    """What reveals these animals, and what every run needs."""
    usual = {"clerk", "forged", "garbage", "missing", "expired", "legacy"}
    return sorted({name for a in animals for name in a.expects if name.islower()} | usual)
