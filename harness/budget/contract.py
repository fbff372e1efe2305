"""Measures each route that people enter with Clerk, warm and cold, and holds it to its budget.

Only what happens before the handler counts: the probe stops each measured request at the handler's door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from harness.budget.declaration import BudgetFile, Limits
from harness.checks import Check
from harness.credentials import CATALOGUE, Credential
from harness.database.tap import Statement, Tap
from harness.fake_clerk import FakeClerk
from harness.matrix import Engine, Plan
from harness.matrix.plan import RoutePlan, proof_of_entry
from harness.targets.base import Call, Observation, ask

CHECKS = {
    "statements": "who sends a request is found out with no more SQL statements than the budget allows",
    "clerk-calls": "somebody whom the app knows already costs no more calls to Clerk than the budget allows",
    "cold": "the first request of somebody new costs no more than the budget allows",
    "index": "the column that maps a Clerk user to a row is found by an index",
}
_TURNS = 2
_SAFE = ("GET", "HEAD")
_SHOWN = 12
_LONGEST = 140


@dataclass
class Cost:
    """What one request cost before its handler."""

    statements: list[str] = field(default_factory=list)
    clerk_calls: list[str] = field(default_factory=list)

    def over(self, limits: Limits) -> tuple[bool, bool]:
        """Whether statements and calls are over their limits."""
        return (
            limits.statements is not None and len(self.statements) > limits.statements,
            limits.clerk_calls is not None and len(self.clerk_calls) > limits.clerk_calls,
        )


@dataclass
class Measured:
    """A route's costs; None where it was not entered that way."""

    route: str
    warm: Cost | None = None
    cold: Cost | None = None


class Meter:
    """Sends requests one by one and reads off what each cost. `tap`: None without a database."""

    def __init__(self, engine: Engine, clerk: FakeClerk, tap: Tap | None) -> None:
        self.engine, self.clerk, self.tap = engine, clerk, tap
        self.lane = engine.target.lanes[0]
        self.seen: dict[str, Statement] = {}
        """Every statement that was noted before a handler, by its text."""

    def send(self, plan: RoutePlan, credential: Credential, *, stop: bool) -> tuple[Observation, Cost]:
        """One request with a token of its own."""
        request = self.engine.prepare(plan, replace(credential, fresh=True)).forms[0]
        before = dict(self.clerk.api.counts)
        if self.tap is not None:
            self.tap.take()
        (answer,) = ask(self.lane, [Call(plan.route, request, stop=stop)], self.engine.limit)
        noted = self.tap.take() if self.tap is not None else []
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
    entry = proof_of_entry(plan)
    return entry if entry is not None and entry.name.startswith("clerk") else None


def measure(
    engine: Engine,
    plan: Plan,
    clerk: FakeClerk,
    tap: Tap | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Measured], list[Statement], list[str]]:
    """The costs of each route that is entered with Clerk; the statements seen; the routes that could not be measured.

    The engine must have judged the entrances of `plan` already: it knows then what a request must look like, and which
    handlers decide by themselves. `tap` is the relay by which the app reaches its database.
    """
    meter = Meter(engine, clerk, tap)
    routes = [(each, entry) for each in plan.routes if (entry := entrance(each)) is not None]
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
    """The checks but for the index."""
    checks = {name: Check("budget", name, says, "not examined") for name, says in CHECKS.items() if name != "index"}
    warm = [(one.route, one.warm) for one in measured if one.warm is not None]
    cold = [(one.route, one.cold) for one in measured if one.cold is not None]
    missing = (
        f"{len(left)} route(s) could not be measured: {', '.join(left[:3])}{' …' if len(left) > 3 else ''}"
        if left
        else ""
    )
    for check, which in ((checks["statements"], 0), (checks["clerk-calls"], 1)):
        over = [(route, cost, file.limits(route)) for route, cost in warm if cost.over(file.limits(route))[which]]
        limited = [route for route, _ in warm if _limit(file.limits(route), which) is not None]
        _decide(check, [(r, c, _limit(limits, which)) for r, c, limits in over], which, limited, missing)
        check.figures = _figures(measured)
        if which == 0 and not tapped:
            check.status, check.detail, check.events = "not examined", "no database is declared", []
    check = checks["cold"]
    check.figures = _figures(measured)
    over_cold = [
        (route, cost, _limit(file.cold, which), which)
        for route, cost in cold
        for which in (0, 1)
        if cost.over(file.cold)[which]
    ]
    if over_cold:
        check.status, check.count = "broken", len(cold)
        check.detail = f"{len({route for route, *_ in over_cold})} route(s) cost more than budget.toml allows"
        check.events = [_told(route, cost, limit, which) for route, cost, limit, which in over_cold][:_SHOWN]
    elif cold and (file.cold.statements is not None or file.cold.clerk_calls is not None):
        check.status, check.count = "proven", len(cold)
    elif cold:
        most = max(len(cost.statements) for _, cost in cold), max(len(cost.clerk_calls) for _, cost in cold)
        check.detail = (
            f"budget.toml names no limit ([cold]); up to {most[0]} statement(s) and {most[1]} call(s) were seen"
        )
    else:
        check.detail = "no route lets somebody new in"
    return list(checks.values())


def _figures(measured: list[Measured]) -> list[dict[str, object]]:
    return [asdict(one) for one in measured]


def _limit(limits: Limits, which: int) -> int | None:
    return (limits.statements, limits.clerk_calls)[which]


def _told(route: str, cost: Cost, limit: int | None, which: int) -> str:
    what = (cost.statements, cost.clerk_calls)[which]
    return f"{route}: {len(what)} {('SQL statements', 'calls to Clerk')[which]} where {limit} may be: {'; '.join(what)}"


def _decide(
    check: Check, over: list[tuple[str, Cost, int | None]], which: int, limited: list[str], missing: str
) -> None:
    check.count = len(limited)
    if over:
        check.status = "broken"
        check.detail = f"{len(over)} of {len(limited)} route(s) are over budget" + (f"; {missing}" if missing else "")
        check.events = [_told(route, cost, limit, which) for route, cost, limit in over[:_SHOWN]]
    elif limited:
        check.status, check.detail = "proven", missing
    else:
        check.detail = missing or "no route is entered with Clerk"
