"""Preflight requests of browsers where no front end is declared: a backend that speaks CORS and refuses them is noted."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.matrix.cors import allows
from harness.contracts.matrix.plan import RoutePlan, representatives
from harness.contracts.matrix.sender import Sender
from harness.contracts.refusal import REFUSING_STATUSES
from harness.credentials import CATALOGUE
from harness.targets.base import Call

_PREFLIGHT = CATALOGUE["cors-preflight"]


def preflight_notes(sender: Sender) -> Iterator[str]:
    """Yield a note where pages of the front end may read answers by CORS, but the preflight before a request is refused."""
    origin = sender.mint.origin
    refused = []
    for plan in representatives(sender.routes):
        if not _is_asked(sender, plan):
            continue
        way = plan.ways[0]
        genuine = sender.factory.prepare(plan, way.base, way, sender.states[plan.key].base_in(way)).forms[0]
        genuine.headers = [*genuine.headers, ("origin", origin)]
        asked = sender.factory.prepare(plan, _PREFLIGHT, way).forms[0]
        answer, preflight = sender.ask(plan, [Call(plan.route, genuine), Call(plan.route, asked, True)])
        if allows(answer, origin) and preflight.status in REFUSING_STATUSES:
            refused.append(f"{plan.key} ({preflight.status})")
    if refused:
        yield (
            f"browsers: the preflight of {', '.join(refused[:3])}{' …' if len(refused) > 3 else ''} is refused, so no page of "
            f"{origin} can call it, though its answers allow it (CORS must be outside of authentication); "
            "[settings] origin has every route's preflight judged"
        )


def _is_asked(sender: Sender, plan: RoutePlan) -> bool:
    """Whether a route is asked: it admits somebody, its cells include OPTIONS requests, and its preflight is not judged anyway."""
    state = sender.states.get(plan.key)
    return (
        not plan.asked_by_browsers
        and state is not None
        and state.admitted
        and plan.route.method == "GET"
        and any(cell.credential.name == "options-method" for cell in plan.cells)
    )
