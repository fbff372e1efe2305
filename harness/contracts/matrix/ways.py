"""Ways into a route: which genuine credential a policy admits there, and where it is carried.

A bad credential is an admitted one with exactly one defect, in the place where the admitted one was carried. What a policy
admits is therefore the base of all that must be refused, and each kind of it, and each place, is tried for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.credentials import CATALOGUE, Credential, tagged
from harness.credentials.model import GENUINE, JWT

BEARER = "bearer"
SPOT_CHECKS = frozenset(credential.name for credential in tagged("spot-check"))
"""The credentials that are tried on each further shape of a token that the policy admits: one kind is verified by one code,
as a rule."""
_SHAPES = frozenset({"clerk", "clerk-v1", "clerk-no-azp", "clerk-impersonated", "clerk-org-admin", "clerk-org-member"})
"""Genuine sessions that differ in their claims; the other genuine sessions differ only in the person."""
IN_EACH_CARRIER = frozenset({"signature", "time", "algorithm", "claims", "legacy"})
"""The groups that are tried in every further place where a route takes tokens."""


@dataclass(frozen=True)
class Way:
    """One way into a route.

    `bases`: the genuine credentials of one kind that the policy admits, the usual one first. `carrier`: where they are put.
    `label`: the name of the way after the `@` in its cells, empty for the usual way. `found`: no policy declares the way, but
    it was found open in this run.
    """

    bases: tuple[Credential, ...]
    carrier: str = BEARER
    label: str = ""
    found: bool = False
    spot: bool = False
    """Whether it is only another shape of a token that is admitted anyway; a few credentials are tried on it."""

    @property
    def base(self) -> Credential:
        """The genuine credential that is damaged, unless the route admits only another of them."""
        return self.bases[0]

    @property
    def kind(self) -> str:
        """The kind of credential that is admitted here: a session, a machine's token, a webhook delivery …"""
        return self.base.kind or self.base.group

    def named(self, credential: Credential) -> str:
        """Return the label of a credential's cell in this way."""
        return f"{credential.name}@{self.label}" if self.label else credential.name


def bases_of(admitted: Sequence[Credential]) -> list[tuple[Credential, ...]]:
    """Return the genuine credentials that a policy admits, by kind, in the order of the catalogue.

    Where it admits none that is genuine (a header that a proxy sets, say), whatever it admits first.
    """
    kinds: dict[str, list[Credential]] = {}
    for credential in admitted:
        if credential.kind is not None:
            kinds.setdefault(credential.kind, []).append(credential)
    if kinds:
        return [tuple(some) for some in kinds.values()]
    return [(admitted[0],)] if admitted else []


def ways_of(admitted: Sequence[Credential], carriers: Sequence[str]) -> list[Way]:
    """Return the ways of a policy: each kind that it admits in the usual carrier, and the first kind in each other carrier.

    Empty where nobody is admitted.
    """
    usual = carriers[0] if carriers else BEARER
    placed = [credential for credential in admitted if credential.group == GENUINE and credential.carrier]
    kinds = bases_of([credential for credential in admitted if credential not in placed])
    if not kinds and placed:  # The cookie alone is admitted, say.
        usual = placed[0].carrier or usual
        kinds = [(placed[0],)]
    if not kinds:
        return []
    ways = [Way(bases, usual, "" if number == 0 else bases[0].name) for number, bases in enumerate(kinds)]
    ways += [Way((base,), usual, base.name, spot=True) for bases in kinds for base in bases[1:] if base.name in _SHAPES]
    others = dict.fromkeys([*carriers[1:], *(c.carrier for c in placed if c.carrier and c.carrier != usual)])
    return ways + [Way(kinds[0], carrier, carrier) for carrier in others]


def damaged_in(credential: Credential, way: Way, ways: Sequence[Way]) -> bool:
    """Whether a credential is to be tried in a way: it damages what is admitted there, or this is the usual way and there is
    none that it damages.
    """
    usual = way is ways[0]
    if way.carrier != ways[0].carrier:
        elsewhere = credential.group in IN_EACH_CARRIER and not credential.placed
        legacy = elsewhere and credential.group == "legacy"
        return legacy or (elsewhere and _damages(credential, way)) or credential is CATALOGUE["legacy"]
    if not credential.damages:
        return usual
    if way.spot:
        return credential.name in SPOT_CHECKS and _damages(credential, way)
    if any(_damages(credential, other) for other in ways if other.carrier == way.carrier):
        return _damages(credential, way)
    if credential.group in ("opaque", "webhook"):
        return False
    # What is made of a session, on a route that admits no JWT: it must be refused like anything else.
    jwt = any(other.kind in JWT for other in ways)
    return usual and (credential.group == "legacy" or (not jwt and "session" in credential.damages))


def _damages(credential: Credential, way: Way) -> bool:
    return way.base.kind is not None and way.base.kind in credential.damages


def base_for(credential: Credential, way: Way) -> Credential | None:
    """Return the base of which a credential is made in a way; None where it is made of none that is admitted."""
    return way.base if _damages(credential, way) else None
