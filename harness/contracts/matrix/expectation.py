"""What a policy expects of each credential of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.contracts.matrix.tables import Policy
from harness.credentials import CATALOGUE, Credential
from harness.credentials.model import BASE

Expectation = Literal["accept", "reject", "tolerate"]


def expectation(
    policy: Policy,
    credential: Credential,
    *,
    carriers: Sequence[str] = ("bearer",),
    websocket: bool = False,
    base: Credential | None = None,
) -> Expectation:
    """Return what a policy expects of a credential that is made of a genuine `base`.

    The policy's own names decide first, the catalogue's rules after them. A genuine token that is presented in one of the
    `carriers` of the route counts as its base. On a websocket, which takes tokens wherever it can, a genuine token in
    another carrier may be accepted or rejected.
    """
    own = base or CATALOGUE["clerk"]
    if credential.carrier is not None and credential.carrier in carriers:
        return expectation(policy, own if credential.damages else CATALOGUE["clerk"])
    pinned = (*policy.reject, *policy.tolerate)
    if credential.drill in ("pair", "shared") and credential.name not in pinned:
        return expectation(policy, CATALOGUE["clerk"])
    if credential.drill == "heals" and credential.name not in pinned:
        return expectation(policy, own)
    # `legacy` is a credential and a group: who writes it in a policy means the credential.
    names = (credential.name, credential.group) if credential.group not in CATALOGUE else (credential.name,)
    for written, answer in ((policy.reject, "reject"), (policy.tolerate, "tolerate"), (policy.accept, "accept")):
        if any(name in written for name in names):
            return answer  # type: ignore[return-value]
    if credential.bypass and {"*", "missing"} & set(policy.accept):
        return "tolerate"  # Everybody may enter, and whatever the altered request reaches is right.
    if credential.browser:
        return "accept" if credential.name == "cors-preflight" else "reject"
    if "*" in policy.accept:
        return "accept"
    beside = websocket and credential.carrier is not None
    follows = credential.followed or ((BASE,) if credential.tolerate or beside else ())
    # The session in its cookie is what a route takes that has the cookie among its ways.
    taken = {*policy.accept, *(("clerk-cookie",) if "cookie:__session" in carriers else ())}
    accepted = {own.name if name == BASE else name for name in follows} & taken
    return "tolerate" if accepted or (BASE in follows and own.group in policy.accept) else "reject"
