"""How deep a run goes: a few credentials on each route, the whole catalogue once for each guard, or the whole of it everywhere.

`guards` rests on what the probe sees: a route is counted under the guard of another only if the same functions ran there, with
the same results and the same answers, for each credential that both were sent, if one that hangs on the route itself admitted the
genuine one, and if the handler was never entered by what must be rejected. Whatever depends on path, method, person, role or
row is tried on every route in any case.
"""

from __future__ import annotations

from dataclasses import replace

from harness.contracts.matrix.plan import Cell, RoutePlan, by_guard
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict

_OF_THE_TOKEN = frozenset(
    {
        "genuine", "absent", "time", "signature", "algorithm", "lookup", "claims", "confusion", "opaque", "webhook", "legacy",
        "placement", "state",
    }
)  # fmt: skip
"""Groups of credentials of which a guard that hangs on the route sees the same whatever the route is."""


def is_shown_by_guard(cell: Cell) -> bool:
    """Whether a cell examines the token alone, so that the guard that refuses it on one route refuses it on all."""
    credential = cell.credential
    return (
        credential.group in _OF_THE_TOKEN
        and cell.expect != "accept"
        and credential.drill is None
        and not credential.personal
        and not credential.sentinel
    )


def share_guards(plans: list[RoutePlan]) -> list[tuple[RoutePlan, RoutePlan]]:
    """Return the routes that another may stand for, each with that other: the first, with GET where there is one.

    They have the policy, the kind, the ways in and the functions before the handler in common. Where these functions are not
    known (a URL, a program in another language), each route stands for itself alone.
    """
    known = [
        plan
        for plan in plans
        if plan.route.dependencies
        and not plan.unexaminable
        and not plan.policy.optional
        and "*" not in plan.policy.accept
    ]

    def guard(plan: RoutePlan) -> object:
        ways = tuple(way.label for way in plan.ways)
        return plan.policy_name, plan.route.kind, plan.carriers, ways, plan.route.dependencies, plan.guard

    return [(plan, leader) for leader, *others in by_guard(known, guard) for plan in others]


def same_guard(state: RouteState, leader: RouteState) -> bool:
    """Whether two routes decided alike, before their handlers, about every credential that both were sent."""
    if state.cut_off or leader.cut_off or not (state.guard == leader.guard == "door"):
        return False
    if not state.admitted or _admissions(state) != _admissions(leader):
        return False
    hanging = set(state.plan.route.dependencies)
    if not any(name in hanging for twin in state.twins.values() for name, *_ in twin.observation.ran):
        return False
    return bool(state.fingerprints) and all(
        leader.fingerprints.get(label) == found and not found[2] for label, found in state.fingerprints.items()
    )


def _admissions(state: RouteState) -> dict[str, object]:
    """Whom a route admits in each way, and which functions said so before the handler."""
    return {
        label: (twin.admitted, twin.credential.name, [each for each in twin.observation.ran if each[2] == 0])
        for label, twin in state.twins.items()
    }


def shown_by(
    leader: RoutePlan, cells: list[Cell], known: dict[tuple[str, str], CellVerdict]
) -> list[CellVerdict] | None:
    """Return the verdicts of cells that another route's guard has proven. `known`: the verdicts so far, by route and cell.

    None where that route was not sent one of them, or did not pass it: then nothing is proven.
    """
    found = []
    for cell in cells:
        shown = known.get((leader.key, cell.label))
        if shown is None or shown.verdict != "pass" or shown.evidence != "probe":
            return None
        verdict = replace(
            shown, router=cell.plan.router, route=cell.plan.key, evidence="guard", micros=0, notes=(),
            detail=f"the guard that it shares with {leader.key} refused it there",
        )  # fmt: skip
        found.append(verdict)
    return found
