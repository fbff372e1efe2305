"""The Backend API in trouble: whoever is refused while all is well must not get in then."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.plan import representatives
from harness.credentials import CATALOGUE
from harness.targets.base import Observation
from tests.matrix.bench import ADMITTED, BROKEN, DOWN, Bench, drilled, facts_of, run
from tests.matrix.kit import kept_out, plan_of, seen

KEYS = ("api-key",)
LIMITED = seen(429, entered=False)


def of_keys(**more: object) -> object:
    return drilled("api-outage", accept=KEYS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_was_never_issued_gets_in_while_clerk_cannot_be_asked(bench: Bench, status: int) -> None:
    bench.faults, bench.faulty = {status}, {"opaque-revoked": ADMITTED}
    (verdict,) = run(bench.sender(of_keys()))  # type: ignore[arg-type]
    assert facts_of(verdict) == (
        "breach",
        "opaque-revoked: 200, the handler was entered",
        f"opaque-revoked was let in while Clerk's Backend API answered {status}",
    )
    assert bench.mint.instance.api_fault is None


@pytest.mark.parametrize("answer", [DOWN, LIMITED, seen(502, entered=False), seen(403, entered=False)])
def test_who_cannot_be_asked_about_may_be_refused_in_any_way(bench: Bench, answer: Observation) -> None:
    bench.faulty = dict.fromkeys(("api-outage", "opaque-unknown", "forged"), answer)
    (verdict,) = run(bench.sender(of_keys()))  # type: ignore[arg-type]
    assert verdict.verdict == "pass"
    assert verdict.seen.startswith("nothing that is refused got in: api-outage, ")


def test_a_guard_that_crashes_is_a_fault_where_it_must_ask(bench: Bench) -> None:
    bench.faulty = {"opaque-unknown": BROKEN}
    (verdict,) = run(bench.sender(of_keys()))  # type: ignore[arg-type]
    assert (verdict.verdict, verdict.seen) == ("fault", "opaque-unknown: 500")
    (other,) = run(bench.sender(drilled("api-outage")))
    assert other.verdict == "pass"


def test_people_whom_the_policy_refuses_are_tried_too(bench: Bench) -> None:
    """A role, or a ban, that is looked up at Clerk."""
    bench.faulty = {"clerk-org-member": ADMITTED}
    (verdict,) = run(bench.sender(drilled("api-outage", accept=("clerk-org-admin",))))
    assert verdict.detail == "clerk-org-member was let in while Clerk's Backend API answered 429"
    bench.faulty = {"sub-banned-user": ADMITTED}
    (pinned,) = run(bench.sender(drilled("api-outage", reject=["sub-banned-user"])))
    assert pinned.detail == "sub-banned-user was let in while Clerk's Backend API answered 429"


def test_who_gets_in_anyway_is_the_matrix_to_tell(bench: Bench) -> None:
    bench.table, bench.faulty = {"forged": ADMITTED}, {"forged": ADMITTED}
    (verdict,) = run(bench.sender(drilled("api-outage")))
    assert verdict.verdict == "pass" and "forged," not in verdict.seen


def test_nothing_refused_proves_nothing(bench: Bench) -> None:
    bench.table = dict.fromkeys(CATALOGUE, ADMITTED)
    (verdict,) = run(bench.sender(of_keys()))  # type: ignore[arg-type]
    assert (verdict.verdict, verdict.seen) == ("inconclusive", "nothing was refused while all was well")


def test_without_a_genuine_token_nothing_is_sent(bench: Bench) -> None:
    sender = bench.sender(of_keys())  # type: ignore[arg-type]
    kept_out(sender.states["GET /x"])
    (verdict,) = run(sender)
    assert verdict.verdict == "inconclusive" and bench.sent == []


def test_a_route_of_opaque_tokens_stands_for_its_guard() -> None:
    """Its verifier has no keys, so that of all drills only this one is held there."""
    plans = [plan_of(KEYS, "GET /a"), plan_of(("clerk",), "GET /b")]
    assert [plan.key for plan in representatives(plans)] == ["GET /b"]
    assert [plan.key for plan in representatives(plans, frozenset({"opaque"}))] == ["GET /a"]
