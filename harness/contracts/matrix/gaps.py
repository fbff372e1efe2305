"""Findings about the declaration itself, in words."""

from __future__ import annotations

import datetime

from harness.contracts.matrix.plan import Gap, RoutePlan
from harness.targets.base import Route


def stale(key: str, router: str, policy: str) -> Gap:
    """Return the finding that a declared line names a route that the target does not have."""
    detail = f"declared in routers/{router}.toml, but the target has no such route"
    return Gap("stale", key, router, detail, policy)


def undeclared(route: Route, router: str) -> Gap:
    """Return the finding that no line and no router's policy covers a route of the target."""
    source = route.endpoint or "from its OpenAPI document"
    detail = f"the target serves it ({source}), and no line of the matrix says who may enter"
    return Gap("undeclared", route.key, router, detail)


def unreviewed(plan: RoutePlan) -> Gap:
    """Return the finding that nobody has read a line since `init` wrote it."""
    detail = (
        "written by `clerk-harness init` from what the backend did on that day, and nobody has read it since: "
        "take out `reviewed = false` when it says what should be"
    )
    return Gap("unreviewed", plan.key, plan.router, detail, plan.policy_name)


def ended(plan: RoutePlan, today: datetime.date) -> Gap | None:
    """Return the finding that a route still has a policy whose `until` has come; None before that day."""
    until = plan.policy.until
    if until is None or today < until:
        return None
    detail = f"policy {plan.policy_name!r} was to end on {until}: the route must leave it"
    return Gap("mixed", plan.key, plan.router, detail, plan.policy_name)
