"""The plan's seven success criteria, and what a run says of each: supported, broken, or not examined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.contracts.matrix import CellVerdict
from harness.report.model import Record

_ELSEWHERE = "belongs to the {} contract, which this run does not include"
State = Literal["supported", "broken", "not examined"]


@dataclass(frozen=True)
class Criterion:
    """One criterion, its state in this run, and why. `checks`: what proves it, as `contract: check`."""

    number: int
    text: str
    state: State
    reason: str
    checks: tuple[str, ...] = ()


_CELLS = {
    1: "matrix: every credential that a policy accepts",
    2: "matrix: every legacy credential",
    3: "matrix: every credential that must be rejected, and every gap of the declaration",
    4: "matrix: clerk-newcomer",
}
_PROOFS = {
    5: ("user_sync", ("one-row", "replay", "at-once", "own-row")),
    6: ("migrations", ("from-nothing", "data", "rollback")),
    7: ("configuration", ("well", "absent", "empty", "malformed", "outage", "recovery")),
}
"""The checks without which a criterion is not supported, by its number; any other that is broken breaks it too."""


def _named(verdicts: list[CellVerdict]) -> str:
    routers = sorted({verdict.router for verdict in verdicts})
    return f"{len(verdicts)} finding(s) in {', '.join(routers[:6])}{' …' if len(routers) > 6 else ''}"


def _judge(
    record: Record, number: int, text: str, relevant: list[CellVerdict], bad: list[CellVerdict], proof: str
) -> Criterion:
    told = (_CELLS[number],)
    if bad:
        return Criterion(number, text, "broken", _named(bad), told)
    if not relevant:
        return Criterion(number, text, "not examined", "no cell of this run bears on it", told)
    if unclear := [verdict for verdict in relevant if verdict.failed]:
        kinds = ", ".join(sorted({verdict.verdict for verdict in unclear}))
        return Criterion(number, text, "not examined", f"{len(unclear)} cell(s) prove nothing ({kinds})", told)
    if record.meta.narrowed:
        return Criterion(
            number, text, "not examined", f"a part of the matrix was left out ({record.meta.narrowed})", told
        )
    return Criterion(number, text, "supported", proof, told)


def _contract(record: Record, number: int, text: str) -> Criterion:
    """A criterion that another contract proves: broken by any of its checks, supported when all that it needs are proven."""
    contract, needed = _PROOFS[number]
    status = {check.name: check.status for check in record.checks if check.contract == contract}
    named = tuple(f"{contract}: {name}" for name in (*needed, *(name for name in status if name not in needed)))
    broken = [name for name, state in status.items() if state == "broken"]
    proven = [name for name, state in status.items() if state == "proven"]
    open_ = [name for name in needed if name not in proven]
    if broken:
        return Criterion(number, text, "broken", f"{contract}: {', '.join(broken)}", named)
    if not proven:
        return Criterion(number, text, "not examined", _ELSEWHERE.format(contract), named)
    if open_:
        return Criterion(number, text, "not examined", f"{contract}: nothing is known of {', '.join(open_)}", named)
    left = [name for name, state in status.items() if state == "not examined"]
    told = f"{contract}: {', '.join(proven)}" + (f"; not examined: {', '.join(left)}" if left else "")
    return Criterion(number, text, "supported", told, named)


def _with_budget(record: Record, criterion: Criterion) -> Criterion:
    """A criterion of the matrix that the budget's checks break too."""
    checks = [check for check in record.checks if check.contract == "budget"]
    named = (*criterion.checks, *(f"budget: {check.name}" for check in checks))
    if broken := [check.name for check in checks if check.failed]:
        told = f"budget: {', '.join(broken)}"
        reason = f"{criterion.reason}; {told}" if criterion.state == "broken" else told
        return replace(criterion, state="broken", reason=reason, checks=named)
    proven = [check.name for check in checks if check.status == "proven"]
    told = f"; budget: {', '.join(proven)}" if proven and criterion.state == "supported" else ""
    return replace(criterion, reason=criterion.reason + told, checks=named)


def _mechanisms(record: Record) -> str:
    """What can be said of mechanisms: nothing where no policy names one, or nothing could be seen."""
    named = all(plan.policy.mechanism for plan in record.protected.values())
    return ", each by the mechanism that its policy names" if named and record.meta.evidence == "probe" else ""


def _newcomers(record: Record, cells: list[CellVerdict]) -> Criterion:
    number, text = (
        4,
        "The user table fits the sync: a first sign-in works everywhere, and finding a user keeps its budget",
    )
    if not record.meta.database:
        return Criterion(number, text, "not examined", "no database is declared", (_CELLS[number],))
    newcomers = [v for v in cells if v.credential == "clerk-newcomer" and v.expected == "accept"]
    return _judge(
        record, number, text, newcomers, [v for v in newcomers if v.verdict in ("fault", "lockout")],
        f"a person whom the database had never seen got in on {len(newcomers)} routes",
    )  # fmt: skip


def criteria(record: Record) -> list[Criterion]:
    """The seven criteria as this run leaves them: only protected routes count, and refusals only beside a proven twin."""
    protected, proven = record.protected, record.proven
    cells = [verdict for verdict in record.verdicts if verdict.credential and verdict.route in protected]
    gaps = [verdict for verdict in record.verdicts if not verdict.credential]
    admitted = [v for v in cells if v.expected == "accept" and v.group != "cors"]
    refused = [v for v in cells if v.expected == "reject" and (v.failed or v.route in proven)]
    legacy = [
        v for v in cells if "legacy" in v.credential and v.expected != "accept" and (v.failed or v.route in proven)
    ]
    let_in = [v for v in admitted if v.route in proven]
    return [
        _judge(
            record, 1, "Every router authenticates its users with Clerk", admitted,
            [v for v in admitted if v.verdict in ("lockout", "mixed", "fault")],
            f"{len(let_in)} admissions on {len({v.route for v in let_in})} protected routes{_mechanisms(record)}",
        ),
        _judge(
            record, 2, "No legacy token opens any route", legacy, [v for v in legacy if v.verdict in ("breach", "mixed")],
            f"{len(legacy)} attempts with legacy tokens in every shape and place were refused, where a genuine one got in",
        ),
        _judge(
            record, 3, "No route is left open, and none is unknown", refused + gaps,
            [v for v in refused if v.verdict == "breach"] + [v for v in gaps if v.verdict in ("undeclared", "stale")],
            f"all {len(record.plan.routes)} routes that were found have a policy, and {len(refused)} forbidden attempts on "
            f"{len(proven)} protected routes were refused where a genuine one got in",
        ),
        _with_budget(record, _newcomers(record, cells)),
        _contract(record, 5, "User sync is idempotent: one row for each person, whatever is replayed"),
        _contract(record, 6, "The migration keeps all data, and can be rolled back"),
        _contract(record, 7, "Configuration is complete or refused; health tells the truth"),
    ]  # fmt: skip
