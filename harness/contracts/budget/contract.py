"""Measures each route that people enter with Clerk, warm and cold, and holds it to its budget.

Only what happens before the handler counts: the probe stops each measured request at the handler's door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from harness.contracts.base import Check
from harness.contracts.budget.declaration import BudgetFile, Limits
from harness.contracts.matrix import Engine
from harness.contracts.matrix.plan import RoutePlan
from harness.credentials import CATALOGUE, Credential
from harness.database.statement_proxy import Statement, StatementProxy
from harness.fake_clerk import FakeClerk
from harness.targets.base import Call, Observation, ask

CHECKS = {
    "statements": "who sends a request is found out with no more SQL statements than the budget allows",
    "clerk-calls": "somebody whom the app knows already costs no more calls to Clerk than the budget allows",
    "cold": "the first request of somebody new costs no more than the budget allows",
    "index": "the column that maps a Clerk user to a row is found by an index",
}
Kind = Literal["statements", "clerk_calls"]
_KINDS: tuple[Kind, ...] = ("statements", "clerk_calls")
_WORDS: dict[Kind, str] = {"statements": "SQL statements", "clerk_calls": "calls to Clerk"}
_TURNS = 2
_SAFE = ("GET", "HEAD")
_SHOWN = 12
_LONGEST = 140


@dataclass
class Cost:
    """What one request cost before its handler."""

    statements: list[str] = field(default_factory=list)
    clerk_calls: list[str] = field(default_factory=list)

    def of(self, kind: Kind) -> list[str]:
        """What was spent of a kind."""
        return self.statements if kind == "statements" else self.clerk_calls


@dataclass
class Measured:
    """A route's costs; None where it was not entered that way."""

    route: str
    warm: Cost | None = None
    cold: Cost | None = None


class Meter:
    """Sends requests one by one and reads off what each cost. `tap`: None without a database."""

    def __init__(self, engine: Engine, clerk: FakeClerk, proxy: StatementProxy | None) -> None:
        self.engine, self.clerk, self.proxy = engine, clerk, proxy
        self.lane = engine.target.lanes[0]
        self.seen: dict[str, Statement] = {}
        """Every statement that was noted before a handler, by its text."""

    def send(self, plan: RoutePlan, credential: Credential, *, stop: bool) -> tuple[Observation, Cost]:
        """One request with a token of its own."""
        request = self.engine.factory.prepare(plan, replace(credential, fresh=True)).forms[0]
        before = dict(self.clerk.api.counts)
        if self.proxy is not None:
            self.proxy.take()
        (answer,) = ask(self.lane, [Call(plan.route, request, stop=stop)], self.engine.limit)
        noted = self.proxy.take() if self.proxy is not None else []
        if stop:
            self.seen |= {statement.text: statement for statement in noted}
        calls = [name for name, count in self.clerk.api.counts.items() for _ in range(count - before.get(name, 0))]
        return answer, Cost([_short(statement.text) for statement in noted], calls)

    def cost(self, plan: RoutePlan, credential: Credential) -> Cost | None:
        """What a request costs up to the handler's door; None when it does not get there."""
        answer, cost = self.send(plan, credential, stop=True)
        return cost if answer.stopped else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def entrance(plan: RoutePlan) -> Credential | None:
    """The Clerk credential by which people enter a route; None for one that is open, or is entered otherwise."""
    entry = plan.ways[0].base
    return entry if entry.name.startswith("clerk") else None


def measure(
    engine: Engine,
    clerk: FakeClerk,
    proxy: StatementProxy | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Measured], list[Statement], list[str]]:
    """The costs of each route that is entered with Clerk; the statements seen; the routes that could not be measured.

    The engine must have judged the entrances of its plan already: it knows then what a request must look like, and which
    handlers decide by themselves. `tap` is the relay by which the app reaches its database.
    """
    meter = Meter(engine, clerk, proxy)
    routes = [(each, entry) for each in engine.plan.routes if (entry := entrance(each)) is not None]
    measurable = [(each, entry) for each, entry in routes if engine.states[each.key].guard == "door"]
    engine.target.renew(0)
    found = {each.key: Measured(each.key) for each, _ in measurable}
    newcomer = CATALOGUE["clerk-newcomer"]
    for each, _ in measurable:
        if each.expects(newcomer) == "accept":
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
        if costs:
            found[each.key].warm = min(costs, key=lambda c: (len(c.clerk_calls), len(c.statements)))
        if progress is not None:
            progress(number, len(measurable))
    left = [each.key for each, _ in routes if each.key not in found or found[each.key].warm is None]
    return list(found.values()), list(meter.seen.values()), left


def judge(measured: list[Measured], left: list[str], file: BudgetFile, *, tapped: bool) -> list[Check]:
    """The checks but for the index. `left`: routes that could not be measured; `tapped`: statements could be seen."""
    checks = {
        name: Check("budget", name, description, "not examined")
        for name, description in CHECKS.items()
        if name != "index"
    }
    for check in checks.values():
        check.figures = [asdict(one) for one in measured]
    warm = [_Spent(one.route, one.warm, file.limits(one.route)) for one in measured if one.warm is not None]
    shown = f"{', '.join(left[:3])}{' …' if len(left) > 3 else ''}"
    missing = f"{len(left)} route(s) could not be measured: {shown}" if left else ""
    _judge(checks["clerk-calls"], warm, ("clerk_calls",), missing or "no route is entered with Clerk")
    if tapped:
        _judge(checks["statements"], warm, ("statements",), missing or "no route is entered with Clerk")
    else:
        checks["statements"].detail = "no database is declared"
    if missing:
        for name in ("clerk-calls", "statements"):
            checks[name].detail = checks[name].detail or missing
    cold = [_Spent(one.route, one.cold, file.cold) for one in measured if one.cold is not None]
    most = [max((len(one.cost.of(kind)) for one in cold), default=0) for kind in _KINDS]
    seen = f"budget.toml names no limit ([cold]); up to {most[0]} statement(s) and {most[1]} call(s) were seen"
    _judge(checks["cold"], cold, _KINDS, seen if cold else "no route lets somebody new in")
    return list(checks.values())


@dataclass(frozen=True)
class _Spent:
    """What a route cost, and what it may."""

    route: str
    cost: Cost
    limits: Limits

    def limit(self, kind: Kind) -> int | None:
        return self.limits.statements if kind == "statements" else self.limits.clerk_calls

    def over(self, kind: Kind) -> bool:
        limit = self.limit(kind)
        return limit is not None and len(self.cost.of(kind)) > limit

    def told(self, kind: Kind) -> str:
        what = self.cost.of(kind)
        return f"{self.route}: {len(what)} {_WORDS[kind]} where {self.limit(kind)} may be: {'; '.join(what)}"


def _judge(check: Check, spent: list[_Spent], kinds: tuple[Kind, ...], otherwise: str) -> None:
    """Fill in a check of some kinds of cost; `otherwise`: why nothing was examined, if nothing was."""
    limited = [one for one in spent if any(one.limit(kind) is not None for kind in kinds)]
    over = [(one, kind) for one in limited for kind in kinds if one.over(kind)]
    check.count = len(limited)
    if over:
        check.status = "broken"
        check.detail = f"{len({one.route for one, _ in over})} of {len(limited)} route(s) are over budget"
        check.events = [one.told(kind) for one, kind in over[:_SHOWN]]
    elif limited:
        check.status = "proven"
    else:
        check.detail = otherwise
