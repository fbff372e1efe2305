"""The plan's seven success criteria, and what a run says of each: supported, broken, or not examined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.matrix import CellVerdict
from harness.report.model import Record

_ELSEWHERE = "belongs to the {} contract, which this run does not include"
State = Literal["supported", "broken", "not examined"]


@dataclass(frozen=True)
class Criterion:
    """One criterion, its state in this run, and why."""

    number: int
    text: str
    state: State
    reason: str


def _named(verdicts: list[CellVerdict]) -> str:
    routers = sorted({verdict.router for verdict in verdicts})
    return f"{len(verdicts)} finding(s) in {', '.join(routers[:6])}{' …' if len(routers) > 6 else ''}"


def _judge(
    record: Record, number: int, text: str, relevant: list[CellVerdict], bad: list[CellVerdict], proof: str
) -> Criterion:
    if bad:
        return Criterion(number, text, "broken", _named(bad))
    if not relevant:
        return Criterion(number, text, "not examined", "no cell of this run bears on it")
    if unclear := [verdict for verdict in relevant if verdict.failed]:
        kinds = ", ".join(sorted({verdict.verdict for verdict in unclear}))
        return Criterion(number, text, "not examined", f"{len(unclear)} cell(s) prove nothing ({kinds})")
    if record.meta.narrowed:
        return Criterion(number, text, "not examined", f"a part of the matrix was left out ({record.meta.narrowed})")
    return Criterion(number, text, "supported", proof)


def _contract(record: Record, number: int, text: str, contract: str) -> Criterion:
    """A criterion that another contract proves: broken by any of its checks, supported when one at least was examined."""
    checks = [check for check in record.checks if check.contract == contract]
    broken = [check.name for check in checks if check.failed]
    if broken:
        return Criterion(number, text, "broken", f"{contract}: {', '.join(broken)}")
    proven = [check.name for check in checks if check.status == "proven"]
    if not proven:
        return Criterion(number, text, "not examined", _ELSEWHERE.format(contract))
    left = [check.name for check in checks if check.status == "not examined"]
    return Criterion(
        number,
        text,
        "supported",
        f"{contract}: {', '.join(proven)}" + (f"; not examined: {', '.join(left)}" if left else ""),
    )


def criteria(record: Record) -> list[Criterion]:
    """The seven criteria as this run leaves them."""
    cells = [verdict for verdict in record.verdicts if verdict.credential]
    gaps = [verdict for verdict in record.verdicts if not verdict.credential]
    clerk_routes = {plan.key for plan in record.plan.routes if "*" not in plan.policy.accept}
    admitted = [v for v in cells if v.route in clerk_routes and v.expected == "accept"]
    legacy = [v for v in cells if v.route in clerk_routes and "legacy" in v.credential and v.expected != "accept"]
    refused = [v for v in cells if v.expected == "reject"]
    newcomers = [v for v in cells if v.credential == "clerk-newcomer" and v.expected == "accept"]
    return [
        _judge(
            record, 1, "Every router authenticates its users with Clerk", admitted,
            [v for v in admitted if v.verdict in ("lockout", "mixed", "fault")],
            f"{len(admitted)} admissions on {len({v.route for v in admitted})} protected routes, "
            "each by the mechanism that its policy names",
        ),
        _judge(
            record, 2, "No legacy token opens any route", legacy, [v for v in legacy if v.verdict in ("breach", "mixed")],
            f"{len(legacy)} attempts with legacy tokens in every shape and place were refused",
        ),
        _judge(
            record, 3, "No route is left open, and none is unknown", refused + gaps,
            [v for v in refused if v.verdict == "breach"] + [v for v in gaps if v.verdict in ("undeclared", "stale")],
            f"all {len(record.plan.routes)} routes that were found have a policy, and {len(refused)} forbidden attempts were refused",
        ),
        _judge(
            record, 4, "The user table fits the sync: a first sign-in works everywhere", newcomers,
            [v for v in newcomers if v.verdict in ("fault", "lockout")],
            f"a person whom the database had never seen got in on {len(newcomers)} routes",
        ),
        _contract(record, 5, "User sync is idempotent: one row for each person, whatever is replayed", "sync"),
        _contract(record, 6, "The migration keeps all data, and can be rolled back", "migrations"),
        Criterion(7, "Configuration is complete or refused; health tells the truth", "not examined", _ELSEWHERE.format("configuration")),
    ]  # fmt: skip
