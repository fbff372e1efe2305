"""Preflight requests that nobody has declared: what is noted of a backend that speaks CORS and refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.plan import RoutePlan
from harness.targets.base import Call, Observation
from tests.matrix.engines import Answer, Engines, admitting, with_cells
from tests.matrix.kit import seen

ORIGIN = "http://localhost:3000"
CORS = (
    "browsers: the preflight of {} is refused, so no page of http://localhost:3000 can call it, though its answers allow it "
    "(CORS must be outside of authentication); [settings] origin has every route's preflight judged"
)


def speaking_cors(status: int, allowed: str = ORIGIN) -> Answer:
    """A backend whose answers pages of a front end may read, and that answers preflights with a status."""

    def answer(name: str, call: Call) -> Observation:
        headers = dict(call.request.headers)
        if "access-control-request-method" in headers:
            return seen(status, entered=False)
        found = admitting("clerk")(name, call)
        if headers.get("origin") == ORIGIN:
            found.headers = [("access-control-allow-origin", allowed)]
        return found

    return answer


def guarded(number: int, *names: str, key: str = "GET /{}", **more: Any) -> RoutePlan:
    return with_cells(
        key.format(number), *(names or ("clerk", "options-method")), route={"dependencies": (str(number),)}, **more
    )


@pytest.mark.parametrize(
    ("count", "status", "shown"),
    [
        (1, 401, "GET /0 (401)"),
        (1, 403, "GET /0 (403)"),
        (3, 401, "GET /0 (401), GET /1 (401), GET /2 (401)"),
        (4, 401, "GET /0 (401), GET /1 (401), GET /2 (401) …"),
    ],
)
def test_a_preflight_that_is_refused_is_noted(engines: Engines, count: int, status: int, shown: str) -> None:
    engines.run(speaking_cors(status), *map(guarded, range(count)))
    assert engines.notes == [CORS.format(shown)]
    preflight = engines.lanes[0].calls[-1]
    assert (preflight.request.method, preflight.stop) == ("OPTIONS", True)
    assert [call.route.key for call in engines.lanes[0].calls[-2:]] == [f"GET /{count - 1}"] * 2


def test_a_route_that_is_not_asked_hides_no_other(engines: Engines) -> None:
    engines.run(speaking_cors(401), guarded(0, "clerk"), guarded(1))
    assert engines.notes == [CORS.format("GET /1 (401)")]


@pytest.mark.parametrize(
    ("answer", "plan"),
    [
        (speaking_cors(204), guarded(0)),
        (speaking_cors(404), guarded(0)),
        (speaking_cors(401, "https://other.example"), guarded(0)),
        (admitting("clerk"), guarded(0)),
        (speaking_cors(401), guarded(0, "clerk")),  # Nothing of the kind is tried in this run.
        (speaking_cors(401), guarded(0, key="POST /{}")),
        (speaking_cors(401), guarded(0, accept=("legacy",))),
        (speaking_cors(401), guarded(0, accept=("clerk-org-admin",))),  # Nobody is let in.
    ],
)
def test_where_no_page_is_kept_out_nothing_is_noted(engines: Engines, answer: Answer, plan: RoutePlan) -> None:
    engines.run(answer, plan)
    assert engines.notes == []


def test_where_a_front_end_is_declared_preflights_are_judged_instead(engines: Engines) -> None:
    plan = guarded(0)
    plan.asked_by_browsers = ORIGIN
    engines.run(speaking_cors(401), plan)
    assert engines.notes == []
