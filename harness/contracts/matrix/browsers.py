"""Browsers' questions where no front end is declared: whether the backend speaks CORS, and refuses the preflight all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.contracts.matrix.cors import allows
from harness.contracts.matrix.plan import representatives
from harness.credentials import CATALOGUE
from harness.targets.base import Call, ask

if TYPE_CHECKING:
    from harness.contracts.matrix.engine import Engine

_PREFLIGHT = CATALOGUE["cors-preflight"]


def browsers(engine: Engine) -> Iterator[str]:
    """A note where pages of the front end are answered by CORS rules, but the preflight before it is refused."""
    origin = engine.mint.origin
    refused = []
    for plan in representatives(engine.plan.routes):
        state = engine.states.get(plan.key)
        asked_otherwise = any(cell.credential.name == "options-method" for cell in plan.cells)
        if (
            plan.asked_by_browsers
            or state is None
            or not state.admitted
            or plan.route.method != "GET"
            or not asked_otherwise
        ):
            continue
        way = plan.ways[0]
        lane = engine.target.lanes[engine.lane_of.get(plan.key, 0)]
        genuine = engine.factory.prepare(plan, way.base, way, state.base_in(way)).forms[0]
        genuine.headers = [*genuine.headers, ("origin", origin)]
        asked = engine.factory.prepare(plan, _PREFLIGHT, way).forms[0]
        answer, preflight = ask(lane, [Call(plan.route, genuine), Call(plan.route, asked, True)], engine.limit)
        if allows(answer, origin) and preflight.status in (401, 403):
            refused.append(f"{plan.key} ({preflight.status})")
    if refused:
        yield (
            f"browsers: the preflight of {', '.join(refused[:3])}{' …' if len(refused) > 3 else ''} is refused, so no page of "
            f"{origin} can call it, though its answers allow it (CORS must be outside of authentication); "
            "[settings] origin has every route's preflight judged"
        )
