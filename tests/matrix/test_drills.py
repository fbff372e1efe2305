"""Drills on lanes that answer from tables; time only passes where a drill sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.deadlines import Deadlines
from harness.contracts.matrix.drills import Drills
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.core.errors import TargetError
from harness.credentials import CATALOGUE
from harness.fake_clerk.jwks_faults import JWKS_FAULTS
from harness.targets.base import Call, Observation
from tests.matrix.bench import ADMITTED, BROKEN, DOWN, REFUSED, Bench, drilled, facts_of, run
from tests.matrix.kit import kept_out, seen

FAILED = "without the issuer's keys the target failed instead of refusing (401, 403 or 503)"
NOTHING_BAD = "nothing bad got in; a genuine token meanwhile:"
LET_IN = "was let in while the issuer's keys could not be had"
UNPROVEN = "no genuine token got in (it was refused): what is refused in a drill proves nothing"


# In general


def test_the_limits_of_a_run_that_gives_none() -> None:
    assert Deadlines() == Deadlines(heal_within=15.0, rotate_within=45.0, withdrawn_within=None)


def test_only_drills_that_are_run_on_their_route(bench: Bench) -> None:
    plan = drilled("jwks-outage", "unknown-kid-flood", "forged")
    plan.drills = frozenset({"flood"})
    sender = bench.sender(plan)
    assert [cell.label for cell in Drills(sender, Deadlines()).cells] == ["unknown-kid-flood"]


def test_drills_that_start_the_app_anew_come_last(bench: Bench) -> None:
    names = ("jwks-empty", "jwks-heals", "jwks-slow", "jwks-malformed", "jwks-outage", "unknown-kid-flood")
    bench.table = {"clerk": ADMITTED}
    found = run(bench.sender(drilled(*names)))
    order = ["unknown-kid-flood", "jwks-outage", "jwks-heals", "jwks-malformed", "jwks-empty", "jwks-slow"]
    assert [verdict.credential for verdict in found] == order
    assert tuple(JWKS_FAULTS) == ("outage", "malformed", "empty", "slow")


@pytest.mark.parametrize(
    "name",
    ["unknown-kid-flood", "expired-after-genuine", "jwks-outage", "jwks-slow", "jwks-heals", "rotated-out-after-genuine"],
)  # fmt: skip
def test_without_a_genuine_token_nothing_is_proven(bench: Bench, name: str) -> None:
    sender = bench.sender(drilled(name))
    kept_out(sender.states["GET /x"])
    (verdict,) = run(sender)
    assert facts_of(verdict) == ("inconclusive", "it was refused", UNPROVEN)
    assert (verdict.evidence, verdict.twin, verdict.status) == ("drill", "", 0)
    assert bench.sent == []
    assert bench.target.renewed == []


def test_a_twin_that_was_not_tried_proves_nothing_either(bench: Bench) -> None:
    sender = bench.sender(drilled("jwks-outage"))
    sender.states["GET /x"].twins.clear()
    (verdict,) = run(sender)
    assert verdict.seen == "it was not tried"


def test_a_verdict_of_a_drill(bench: Bench) -> None:
    bench.faulty = {"forged": seen(200, entered=True, body="hello", micros=5)}
    (verdict,) = run(bench.sender(drilled("jwks-outage")))
    assert verdict == CellVerdict(
        "app", "GET /x", "p", "jwks-outage", "state", "reject", "breach", "drill",
        "forged: 200, the handler was entered", "forged was let in while the issuer's keys could not be had",
        status=200, micros=5, twin="clerk",
    )  # fmt: skip


# The issuer without keys


@pytest.mark.parametrize(
    ("answers", "verdict", "seen_", "detail"),
    [
        ({}, "pass", f"{NOTHING_BAD} 401, the handler was not entered", ""),
        ({"clerk": ADMITTED}, "pass", f"{NOTHING_BAD} 200, the handler was entered", ""),
        ({"clerk": DOWN}, "pass", f"{NOTHING_BAD} 503", ""),
        ({"missing": ADMITTED}, "breach", "missing: 200, the handler was entered", f"missing {LET_IN}"),
        ({"expired": ADMITTED, "missing": ADMITTED}, "breach", "expired: 200, the handler was entered", f"expired {LET_IN}"),
        ({"forged": DOWN, "garbage": seen(502), "expired": seen(504)}, "pass", f"{NOTHING_BAD} 401, the handler was not entered", ""),
        ({"forged": BROKEN}, "fault", "forged: 500", FAILED),
        ({"clerk": BROKEN}, "fault", "clerk: 500", FAILED),
        ({"clerk": seen(None, died=True)}, "fault", "clerk: the target's process ended", FAILED),
        # The first that decides.
        ({"alg-none": BROKEN, "expired": ADMITTED}, "fault", "alg-none: 500", FAILED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["jwks-outage", "jwks-malformed", "jwks-empty", "jwks-slow"])
def test_while_keys_cannot_be_had(
    bench: Bench, name: str, answers: dict[str, Observation], verdict: str, seen_: str, detail: str
) -> None:
    faults: list[str | None] = []
    bench.target.on_renew = lambda: faults.append(bench.mint.instance.jwks_fault)
    bench.faulty = answers
    (found,) = run(bench.sender(drilled(name)))
    assert facts_of(found) == (verdict, seen_, detail)
    assert faults == [CATALOGUE[name].drill]
    assert bench.mint.instance.jwks_fault is None


def test_what_is_tried_without_keys_the_gravest_first(bench: Bench) -> None:
    run(bench.sender(drilled("jwks-outage")))
    assert bench.names() == [
        "forged", "forged-unknown-kid", "alg-none", "hs256-blank-secret", "expired", "missing", "garbage", "legacy", "clerk",
    ]  # fmt: skip
    assert {stop for *_, stop in bench.sent} == {True}


def test_only_what_must_be_rejected_is_tried_without_keys(bench: Bench) -> None:
    run(bench.sender(drilled("jwks-outage", tolerate=["expired", "signature"], accept=("clerk", "garbage"))))
    assert bench.names() == ["alg-none", "hs256-blank-secret", "missing", "legacy", "clerk"]


def test_the_handler_s_own_decision_is_waited_for(bench: Bench) -> None:
    sender = bench.sender(drilled("jwks-outage", guard="handler"))
    run(sender)
    assert {stop for *_, stop in bench.sent} == {False}


def test_one_start_without_keys_does_for_all_routes(bench: Bench) -> None:
    one, other, third = (
        drilled("jwks-outage"),
        drilled("jwks-outage", key="GET /y"),
        drilled("jwks-outage", key="GET /z"),
    )
    sender = bench.sender(one, other, third)
    sender.lane_of = {"GET /x": 1, "GET /z": 1}
    run(sender)
    assert bench.target.renewed == [1]
    assert {(lane, route) for lane, route, *_ in bench.sent} == {(1, "GET /x"), (1, "GET /y"), (1, "GET /z")}
    assert {limit for lane in bench.lanes for limit in lane.limits} == {3.0}


def test_only_lanes_that_are_needed_begin_anew(bench: Bench) -> None:
    one, other = drilled("jwks-outage"), drilled("jwks-outage", key="GET /y")
    sender = bench.sender(one, other)
    sender.lane_of = {"GET /x": 1}
    kept_out(sender.states["GET /y"])
    found = run(sender)
    assert bench.target.renewed == [1]
    assert [(verdict.route, verdict.verdict) for verdict in found] == [("GET /y", "inconclusive"), ("GET /x", "pass")]


def test_an_app_that_refuses_to_start_without_keys(bench: Bench) -> None:
    bench.target.start_errors = [TargetError("no keys")]
    sender = bench.sender(drilled("jwks-outage", "jwks-heals", "jwks-slow"), drilled(key="GET /y"))
    bench.table = {"clerk": ADMITTED}
    found = run(sender)
    assert [(v.credential, v.verdict, v.seen) for v in found] == [
        ("jwks-outage", "pass", "the app refuses to start without its keys"),
        ("jwks-heals", "pass", "200, the handler was entered, 0 s after the issuer was back"),
        ("jwks-slow", "pass", f"{NOTHING_BAD} 401, the handler was not entered"),
    ]
    # Begun once more when the issuer is back, and once for the other fault.
    assert bench.target.renewed == [0, 0, 0]
    assert bench.names()[0] == "clerk"


def test_the_lane_begins_again_after_a_refused_start(bench: Bench) -> None:
    bench.target.start_errors = [TargetError("no keys")]
    sender = bench.sender(drilled("jwks-outage"), drilled("jwks-outage", key="GET /y"))
    sender.lane_of = {"GET /y": 1}
    assert [verdict.verdict for verdict in run(sender)] == ["pass", "pass"]
    assert bench.target.renewed == [0, 0]
    assert bench.mint.instance.jwks_fault is None


def test_the_issuer_is_well_again_whatever_happens(bench: Bench) -> None:
    def broken() -> None:
        raise RuntimeError

    bench.target.on_renew = broken
    with pytest.raises(RuntimeError):
        run(bench.sender(drilled("jwks-outage")))
    assert bench.target.renewed == [0]
    assert bench.mint.instance.jwks_fault is None


# The issuer is back


def test_the_app_has_asked_in_vain_before_it_heals(bench: Bench) -> None:
    bench.table = {"clerk": ADMITTED}
    faults: list[str | None] = []

    def answer(call: Call) -> Observation:
        faults.append(bench.mint.instance.jwks_fault)
        return bench.answer(0, call)

    bench.lanes[0].answering = answer
    (found,) = run(bench.sender(drilled("jwks-heals")))
    assert facts_of(found) == ("pass", "200, the handler was entered, 0 s after the issuer was back", "")
    assert faults == ["outage", None]
    assert bench.names() == ["clerk", "clerk"]
    assert bench.target.renewed == [0]


@pytest.mark.parametrize("answer", [ADMITTED, seen(500, entered=True)])
def test_it_heals_after_a_while(bench: Bench, answer: Observation) -> None:
    bench.table = {"clerk": [REFUSED, DOWN, REFUSED, answer]}
    (found,) = run(bench.sender(drilled("jwks-heals")))
    assert found.verdict == "pass"
    assert found.seen.endswith(", 1 s after the issuer was back")
    assert bench.clock.slept == [0.25, 0.25, 0.25]


def test_it_does_not_heal_in_time(bench: Bench) -> None:
    (found,) = run(bench.sender(drilled("jwks-heals")), heal_within=1.0)
    detail = "genuine tokens were still kept out 1 s after the issuer was back (settings.heal_within)"
    assert facts_of(found) == ("lockout", "401, the handler was not entered", detail)
    assert bench.clock.slept == [0.25] * 5  # One second is still in time.


# A flood


@pytest.mark.parametrize(
    ("expect", "fetching", "answer", "verdict", "detail"),
    [
        (None, 0, REFUSED, "pass", ""),
        (None, 1, REFUSED, "pass", ""),
        ("reject", 0, REFUSED, "pass", ""),
        ("reject", 1, REFUSED, "fault", "each token with an unknown key id costs a request to the issuer"),
        ("reject", 1, ADMITTED, "breach", "a token with an unknown key id was let in"),
        (None, 0, [REFUSED] * 19 + [ADMITTED], "breach", "a token with an unknown key id was let in"),
    ],
)
def test_a_flood(bench: Bench, expect: str | None, fetching: int, answer: Any, verdict: str, detail: str) -> None:
    bench.table, bench.fetching = {"unknown-kid-flood": answer}, fetching
    bench.mint.instance.jwks_asked = 100
    (found,) = run(bench.sender(drilled("unknown-kid-flood", expect=expect)))
    seen_ = f"the issuer's keys were asked for {20 * fetching} times over 20 tokens with unknown key ids"
    assert facts_of(found) == (verdict, seen_, detail)
    assert len(bench.sent) == 20
    assert {stop for *_, stop in bench.sent} == {True}


@pytest.mark.parametrize(("asked", "verdict"), [(9, "pass"), (10, "fault"), (11, "fault")])
def test_how_many_requests_for_keys_are_too_many(bench: Bench, asked: int, verdict: str) -> None:
    def answer(call: Call) -> Observation:
        bench.fetching = int(len(bench.sent) < asked)
        return bench.answer(0, call)

    bench.lanes[0].answering = answer
    (found,) = run(bench.sender(drilled("unknown-kid-flood", expect="reject")))
    assert found.verdict == verdict


def test_each_token_of_a_flood_is_another(bench: Bench) -> None:
    run(bench.sender(drilled("unknown-kid-flood")))
    assert len({dict(call.request.headers)["authorization"] for call in bench.lanes[0].calls}) == 20


# Tokens that expire


def presented(sender: Sender, cell: Cell, at: float) -> None:
    sender.state(cell).expiring.append((cell, sender.sequence(cell).pinned(), at))


@pytest.mark.parametrize(("answer", "verdict"), [(REFUSED, "pass"), (ADMITTED, "breach")])
def test_a_token_is_presented_again_when_it_has_expired(bench: Bench, answer: Observation, verdict: str) -> None:
    bench.table = {"expired-after-genuine": answer}
    plan, other = drilled("expired-after-genuine"), drilled("expired-after-genuine", key="GET /y")
    sender = bench.sender(plan, other)
    presented(sender, plan.cells[0], 998.0)
    presented(sender, other.cells[0], 999.5)
    found = run(sender)
    assert [each.verdict for each in found] == [verdict, verdict]
    # Two seconds were left to the last; five of skew and a margin of one on top.
    assert bench.clock.slept == [999.5 + 2 + 5 + 1 - 1000.0]
    assert bench.names() == ["expired-after-genuine"] * 2
    assert {stop for *_, stop in bench.sent} == {True}


def test_where_one_route_let_nobody_in_the_tokens_of_others_are_presented_all_the_same(bench: Bench) -> None:
    closed, plan = drilled("expired-after-genuine", key="GET /y"), drilled("expired-after-genuine")
    sender = bench.sender(closed, plan)
    kept_out(sender.states["GET /y"])
    presented(sender, plan.cells[0], 998.0)
    assert [(each.route, each.verdict) for each in run(sender)] == [("GET /y", "inconclusive"), ("GET /x", "pass")]


def test_a_token_that_has_expired_long_ago_is_not_waited_for(bench: Bench) -> None:
    plan = drilled("expired-after-genuine")
    sender = bench.sender(plan)
    presented(sender, plan.cells[0], 900.0)
    run(sender)
    assert bench.clock.slept == [0.0]


def test_where_nothing_expires_nothing_is_waited_for(bench: Bench) -> None:
    assert run(bench.sender(drilled())) == []
    assert bench.clock.slept == []
