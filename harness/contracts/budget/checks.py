"""The checks of the budget: what was measured, held to what budget.toml allows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from harness.contracts.base import Check, CheckSpec
from harness.contracts.budget.declaration import BudgetFile, Limits
from harness.contracts.budget.measure import Cost, CostKind, Measured
from harness.core.text import many

_KINDS: tuple[CostKind, ...] = ("statements", "clerk_calls")
_WORDS: dict[CostKind, str] = {"statements": "SQL statements", "clerk_calls": "calls to Clerk"}
_SHOWN = 12
"""How many of what is over budget are named."""
INDEX = "index"
_NO_DATABASE = "no database is declared"


@dataclass(frozen=True)
class Costs:
    """What was measured of a backend. `left`: routes that could not be measured, and why; `seen`: whether statements could be
    seen; `asked`: the routes of the run.
    """

    measured: list[Measured]
    left: dict[str, str]
    file: BudgetFile
    seen: bool
    asked: set[str]

    @property
    def warm(self) -> list[Spent]:
        """What requests of somebody known cost."""
        return [
            Spent(one.route, one.warm, self.file.limits(one.route)) for one in self.measured if one.warm is not None
        ]

    @property
    def cold(self) -> list[Spent]:
        """What the first request of somebody new cost."""
        return [Spent(one.route, one.cold, self.file.cold) for one in self.measured if one.cold is not None]

    @property
    def refused(self) -> list[Spent]:
        """What forged tokens cost; without limits of their own no more calls than the genuine ones of somebody known."""
        return [
            Spent(one.route, one.refused, self.file.limits_refused(one.route))
            for one in self.measured
            if one.refused is not None
        ]

    def in_vain(self, kind: CostKind, otherwise: str) -> list[str]:
        """The limits of a kind for somebody known that the file names and that nothing was held to, and why."""
        unseen = kind == "statements" and not self.seen
        found, known = list[str](), {one.route for one in self.warm}
        usual = self.file.statements if kind == "statements" else self.file.clerk_calls
        if kind in self.file.model_fields_set and usual is not None and (unseen or not known):
            found.append(f"{kind} = {usual}: {_NO_DATABASE if unseen else otherwise}")
        for route, limits in self.file.routes.items():
            if kind in limits.model_fields_set and route in self.asked and (unseen or route not in known):
                why = _NO_DATABASE if unseen else self.left.get(route, "nobody enters it with Clerk")
                found.append(f'[routes] "{route}": {why}')
        return found

    @property
    def missing(self) -> str:
        """Which routes could not be measured, in words."""
        shown = f"{', '.join(list(self.left)[:3])}{' …' if len(self.left) > 3 else ''}"
        return f"{many(len(self.left), 'route')} could not be measured: {shown}" if self.left else ""


@dataclass(frozen=True)
class Spent:
    """What a route cost, and what it may."""

    route: str
    cost: Cost
    limits: Limits

    def limit(self, kind: CostKind) -> int | None:
        """The most that may be spent of a kind; None for no limit."""
        return self.limits.statements if kind == "statements" else self.limits.clerk_calls

    def over(self, kind: CostKind) -> bool:
        """Whether more was spent of a kind than is allowed."""
        limit = self.limit(kind)
        return limit is not None and len(self.cost.of(kind)) > limit

    def describe(self, kind: CostKind) -> str:
        """What was spent of a kind, in words."""
        what = self.cost.of(kind)
        return f"{self.route}: {len(what)} {_WORDS[kind]} where {self.limit(kind)} may be: {'; '.join(what)}"


def _statements(check: Check, costs: Costs) -> None:
    if costs.seen:
        _warm(check, costs, "statements")
        return
    check.figures = [asdict(one) for one in costs.measured]
    check.detail = _NO_DATABASE
    check.unmeasured = costs.in_vain("statements", _NO_DATABASE)


def _clerk_calls(check: Check, costs: Costs) -> None:
    _warm(check, costs, "clerk_calls")


def _warm(check: Check, costs: Costs, kind: CostKind) -> None:
    check.figures = [asdict(one) for one in costs.measured]
    otherwise = costs.missing or "no route is entered with Clerk"
    _judge(check, costs.warm, (kind,), otherwise)
    check.detail = check.detail or costs.missing
    check.unmeasured = costs.in_vain(kind, otherwise)


def _cold(check: Check, costs: Costs) -> None:
    most = [max((len(one.cost.of(kind)) for one in costs.cold), default=0) for kind in _KINDS]
    unlimited = f"budget.toml names no limit ([cold]); at most {many(most[0], 'statement')} and {many(most[1], 'call')} were seen"
    _held(check, costs, "cold", costs.cold, costs.file.cold, unlimited if costs.cold else _nobody_new(costs))


def _refused(check: Check, costs: Costs) -> None:
    otherwise = costs.missing or "no route that is entered with Clerk refuses a forged token"
    _held(check, costs, "refused", costs.refused, costs.file.refused, otherwise)


def _held(check: Check, costs: Costs, name: str, spent: list[Spent], limits: Limits, otherwise: str) -> None:
    """Fill in a check of both kinds of cost, whose declared `limits` stand in the table of that name."""
    check.figures = [asdict(one) for one in costs.measured]
    seen: tuple[CostKind, ...] = _KINDS if costs.seen else ("clerk_calls",)
    _judge(check, spent, seen, otherwise)
    for kind, limit in (("statements", limits.statements), ("clerk_calls", limits.clerk_calls)):
        if limit is not None and (kind not in seen or not spent):
            why = otherwise if kind in seen else _NO_DATABASE
            check.unmeasured.append(f"[{name}] {kind} = {limit}: {why}")


def _nobody_new(costs: Costs) -> str:
    """Why no first request could be measured."""
    refused = [one.route for one in costs.measured if one.cold is None and one.warm is not None]
    if not refused:
        return costs.missing or "no route is entered with Clerk"
    return f"no route lets somebody new in: {', '.join(refused[:3])}{' …' if len(refused) > 3 else ''} let in the known only"


def _judge(check: Check, spent: list[Spent], kinds: tuple[CostKind, ...], otherwise: str) -> None:
    """Fill in a check of some kinds of cost; `otherwise`: why nothing was examined, if nothing was."""
    limited = [one for one in spent if any(one.limit(kind) is not None for kind in kinds)]
    over = [(one, kind) for one in limited for kind in kinds if one.over(kind)]
    check.count = len(limited)
    if over:
        check.status = "broken"
        check.detail = f"over budget: {len({one.route for one, _ in over})} of {many(len(limited), 'route')}"
        check.events = [one.describe(kind) for one, kind in over[:_SHOWN]]
    elif limited:
        check.status = "proven"
    else:
        check.detail = otherwise


CHECKS = (
    CheckSpec(
        "statements",
        "who sends a request is found out with no more SQL statements than the budget allows",
        "Clerk, Session tokens: a token is verified without asking anybody",
        _statements,
    ),
    CheckSpec(
        "clerk-calls",
        "somebody whom the app knows already costs no more calls to Clerk than the budget allows",
        "Clerk, Backend API rate limits",
        _clerk_calls,
    ),
    CheckSpec(
        "cold",
        "the first request of somebody new costs no more than the budget allows",
        "Clerk, Backend API rate limits",
        _cold,
    ),
    CheckSpec(
        "refused",
        "a forged token costs no more calls to Clerk (keys apart) and statements than the budget allows",
        "Clerk, Backend API rate limits; OWASP API Security 2023 API4 (unrestricted resource consumption); CWE-696",
        _refused,
    ),
    CheckSpec(
        INDEX,
        "the column that maps a Clerk user to a row is found by an index",
        "PostgreSQL, Planner Method Configuration (enable_seqscan)",
    ),
)
"""What the budget looks at; the index is asked of Postgres (`plans.unindexed`), the others of what was measured."""
