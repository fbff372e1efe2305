"""Measures each route that people enter with Clerk, warm and cold.

Only what happens before the handler counts: the probe stops each measured request at the handler's door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.contracts.matrix import Sender
from harness.contracts.matrix.plan import RoutePlan
from harness.credentials import CATALOGUE, Credential
from harness.database.statement_proxy import Statement, StatementProxy
from harness.fake_clerk import FakeClerk
from harness.targets.base import Call, Observation, ask

CostKind = Literal["statements", "clerk_calls"]
_TURNS = 2
_OF_KEYS = ("getJWKS", "GetJWKS")
"""Who verifies a signature may have to ask for keys."""
_SAFE = ("GET", "HEAD")
_LONGEST = 140
_INSIDE = "its handler decides by itself, so that the way there cannot be told from it"
_KEPT_OUT = "nobody whom its policy admits got to its handler"


@dataclass
class Cost:
    """What one request cost before its handler."""

    statements: list[str] = field(default_factory=list)
    clerk_calls: list[str] = field(default_factory=list)

    def of(self, kind: CostKind) -> list[str]:
        """What was spent of a kind."""
        return self.statements if kind == "statements" else self.clerk_calls


@dataclass
class Measured:
    """A route's costs; None where it was not entered that way."""

    route: str
    warm: Cost | None = None
    cold: Cost | None = None
    refused: Cost | None = None
    """Of a forged token of somebody new, without calls for keys."""


class Meter:
    """Sends requests one by one and reads off what each cost. `proxy`: None without a database."""

    def __init__(self, sender: Sender, clerk: FakeClerk, proxy: StatementProxy | None) -> None:
        self.sender, self.clerk, self.proxy = sender, clerk, proxy
        self.lane = sender.target.lanes[0]
        self.seen: dict[str, Statement] = {}
        """Every statement that was noted before a handler, by its text."""

    def send(self, plan: RoutePlan, credential: Credential, *, stop: bool) -> tuple[Observation, Cost]:
        """One request with a token of its own."""
        request = self.sender.factory.prepare(plan, replace(credential, fresh=True)).forms[0]
        before = dict(self.clerk.api.counts)
        if self.proxy is not None:
            self.proxy.take()
        (answer,) = ask(self.lane, [Call(plan.route, request, stop=stop)], self.sender.limit)
        noted = self.proxy.take() if self.proxy is not None else []
        if stop:
            self.seen |= {statement.text: statement for statement in noted}
        calls = [name for name, count in self.clerk.api.counts.items() for _ in range(count - before.get(name, 0))]
        return answer, Cost([_short(statement.text) for statement in noted], calls)

    def cost(self, plan: RoutePlan, credential: Credential) -> Cost | None:
        """What a request costs up to the handler's door; None when it does not get there."""
        answer, cost = self.send(plan, credential, stop=True)
        return cost if answer.stopped else None

    def refused(self, plan: RoutePlan) -> Cost | None:
        """What a forged token costs; None when it gets to the handler, which the matrix tells."""
        answer, cost = self.send(plan, CATALOGUE["forged-newcomer"], stop=True)
        cost.clerk_calls = [call for call in cost.clerk_calls if call not in _OF_KEYS]
        return None if answer.stopped else cost


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def entrance(plan: RoutePlan) -> Credential | None:
    """The Clerk credential by which people enter a route; None for one that is open, or is entered otherwise."""
    entry = plan.ways[0].base
    return entry if entry.name.startswith("clerk") else None


def measure(
    sender: Sender,
    clerk: FakeClerk,
    proxy: StatementProxy | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Measured], list[Statement], dict[str, str]]:
    """The costs of each route that is entered with Clerk; the statements seen; the routes that could not be measured, and why.

    Somebody new is measured wherever the app lets them in, whether the policy admits or only tolerates them.

    The engine must have judged the entrances of its plan already: it knows then what a request must look like, and which
    handlers decide by themselves. `proxy` is the relay by which the app reaches its database.
    """
    meter = Meter(sender, clerk, proxy)
    routes = [(each, entry) for each in sender.routes if (entry := entrance(each)) is not None]
    measurable = [(each, entry) for each, entry in routes if sender.states[each.key].guard == "door"]
    sender.target.renew(0)
    found = {each.key: Measured(each.key) for each, _ in measurable}
    newcomer = CATALOGUE["clerk-newcomer"]
    for each, _ in measurable:
        if each.expects(newcomer) != "reject":
            found[each.key].cold = meter.cost(each, newcomer)
    for name in dict.fromkeys(entry.name for _, entry in measurable):
        # Whoever is written at first sight is written for good only when the request ends well: so one that reads runs whole.
        own = sorted(
            (each for each, entry in measurable if entry.name == name), key=lambda e: e.route.method not in _SAFE
        )
        for _ in range(_TURNS):
            meter.send(own[0], CATALOGUE[name], stop=False)
    for number, (each, entry) in enumerate(measurable, 1):
        costs = [cost for _ in range(_TURNS) if (cost := meter.cost(each, entry)) is not None]
        found[each.key].refused = meter.refused(each)
        if costs:
            found[each.key].warm = min(costs, key=lambda c: (len(c.clerk_calls), len(c.statements)))
        if progress is not None:
            progress(number, len(measurable))
    left = {each.key: _INSIDE for each, _ in routes if each.key not in found}
    left |= {key: _KEPT_OUT for key, one in found.items() if one.warm is None}
    return list(found.values()), list(meter.seen.values()), left
