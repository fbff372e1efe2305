"""Lanes and runners, second half: what is lost and what is left."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.runner import LOST, Runner, untried
from harness.core.errors import TargetError
from harness.targets.base import Call, ChangedRow, Observation, Partial
from tests.matrix.kit import FakeTime, RecordingMint, TableLane, lanes, plan_of, seen
from tests.matrix.test_cutoff_rules import HUNG, THREE, Scripted, played, sizes


class Tables:
    """A database in which each request of some credentials writes."""

    def __init__(self, lane: TableLane, minting: RecordingMint, *writing: str) -> None:
        self.lane, self.minting, self.writing, self.resets = lane, minting, writing, 0

    def reset(self) -> tuple[str, ...]:
        self.resets += 1
        names = {self.minting.name_in(call.request) for call in self.lane.batches[-1]}
        return ("notes",) if names & set(self.writing) else ()

    def changes(self) -> list[tuple[str, bool, dict[str, Any]]]:
        return [("notes", True, {"id": len(self.lane.batches)})]


def test_who_wrote_is_found_one_by_one_and_rows_are_kept_where_they_are_asked_for(minting: RecordingMint) -> None:
    scripted = Scripted(minting, a=[(THREE, {"rows": True}), (("clerk",), {})])
    with lanes(lambda call: seen(401)) as (lane,):
        tables = Tables(lane, minting, "expired")
        played(scripted, lane, tables)
        assert sizes(lane) == [3, 1, 1, 1, 1] and tables.resets == 5
    (_, answers), (_, (single,)) = scripted.answers
    assert [answer.wrote for answer in answers] == [(), ("notes",), ()]
    assert [answer.rows for answer in answers] == [[ChangedRow("notes", True, {"id": n})] for n in (2, 3, 4)]
    assert single.rows is None
    scripted = Scripted(minting, a=[(("forged", "expired"), {"together": True})])
    with lanes(lambda call: seen(401)) as (lane,):
        played(scripted, lane, Tables(lane, minting, "expired"))
        assert sizes(lane) == [2]
    assert [answer.wrote for answer in scripted.answers[0][1]] == [(), ()]


def test_of_two_as_of_many_nobody_knows_who_wrote(minting: RecordingMint) -> None:
    scripted = Scripted(minting, a=[(("forged", "expired"), {}), (("clerk", "missing"), {"together": True})])
    with lanes(lambda call: seen(401)) as (lane,):
        played(scripted, lane, Tables(lane, minting, "expired"))
        assert (sizes(lane), lane.at_once) == ([2, 1, 1, 2], [1, 1, 1, 2])
    assert [answer.wrote for answer in scripted.answers[0][1]] == [(), ("notes",)]


def test_a_limiter_that_lets_some_through_is_waited_for_again_and_again(
    minting: RecordingMint, clock: FakeTime
) -> None:
    asked: dict[str, int] = {}

    def answer(call: Call) -> Observation:
        name = minting.name_in(call.request)
        asked[name] = asked.get(name, 0) + 1
        left = {"expired": 1, "clerk": 4, "missing": 9}.get(name, 0)
        return seen(429, headers=[("retry-after", "1")]) if asked[name] <= left else seen(401)

    def statuses(*names: str) -> list[int | None]:
        asked.clear()
        scripted = Scripted(minting, a=[(names, {})])
        with lanes(answer) as (lane,):
            made = Runner(lane, None, 5.0, scripted.plans(), scripted, scripted.cut)
            made.begin()
            while made.busy:
                clock.now += 1.0
                made.step(True)
        return [observation.status for observation in scripted.answers[0][1]]

    # Alone it is given up after a few times in vain.
    assert statuses("missing") == [429]
    assert asked == {"missing": 3}
    # Whenever another request gets through, the count begins anew.
    assert statuses("expired", "clerk") == [401, 401]
    assert asked == {"expired": 2, "clerk": 5}


def test_a_route_is_cut_off_once_and_a_lane_that_is_lost_at_once_says_what_it_was_for(minting: RecordingMint) -> None:
    scripted = Scripted(minting, a=[((*THREE, "garbage"), {})])
    with lanes(lambda call: HUNG) as (lane,):
        played(scripted, lane)
    assert [key for key, _ in scripted.cuts] == ["GET /a"]
    lost = Scripted(minting, a=[(("forged",), {})])
    lane = Failing(lambda call: seen(401))
    lane.last = 0
    try:
        made = Runner(lane, None, 5.0, lost.plans(), lost, lost.cut)
        assert list[Any](made.begin()) == ["GET /a"]
    finally:
        lane.close()
    assert lost.cuts == [("GET /a", f"{LOST}: it does not start")]


def test_what_a_limiter_turns_away_is_sent_again_when_it_allows(minting: RecordingMint, clock: FakeTime) -> None:
    asked: dict[str, int] = {}

    def answer(call: Call) -> Observation:
        name = minting.name_in(call.request)
        asked[name] = asked.get(name, 0) + 1
        return seen(429, headers=[("retry-after", "2")]) if name == "expired" and asked[name] == 1 else seen(401)

    scripted = Scripted(minting, a=[(THREE, {})])
    with lanes(answer) as (lane,):
        made = Runner(lane, None, 5.0, scripted.plans(), scripted, scripted.cut)
        made.begin()
        assert not made.waits and made.step(True) == [] and made.waits and made.busy
        assert made.step(True) == [] and sizes(lane) == [3]
        clock.now += 2.0
        assert made.step(False) == [] and sizes(lane) == [3, 1] and not made.waits
        assert list[Any](made.step(True)) == ["GET /a"] and not made.busy
    assert [observation.status for observation in scripted.answers[0][1]] == [401, 401, 401]


def test_a_limiter_that_asks_for_too_much_is_not_waited_for(minting: RecordingMint, clock: FakeTime) -> None:
    scripted = Scripted(minting, a=[(THREE, {})])
    with lanes(lambda call: seen(429, headers=[("retry-after", "6")])) as (lane,):
        made, _ = played(scripted, lane)
        assert sizes(lane) == [3] and not made.waits
    assert [observation.status for observation in scripted.answers[0][1]] == [429] * 3


def test_a_route_that_brings_the_target_down_is_cut_off_and_the_next_one_tried(minting: RecordingMint) -> None:
    scripted = Scripted(
        minting, a=[((*THREE, "garbage"), {"singly": True}), (("alg-none",), {})], b=[(("missing",), {})]
    )
    with lanes(lambda call: HUNG if call.route.path == "/a" else seen(401)) as (lane,):
        made, found = played(scripted, lane)
        assert sizes(lane) == [1, 1, 1, 1] and made.lost == ""
    ((key, reason),) = scripted.cuts
    assert key == "GET /a" and reason.startswith("the route hung 3 times in a row, with forged, expired and clerk")
    assert [a.untried for _, answers in scripted.answers for a in answers] == ["", "", "", reason, reason, ""]
    assert found == ["GET /a", "GET /b"]


class Failing(TableLane):
    """A lane that cannot be used again after so many batches."""

    last = 1

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        if len(self.batches) >= self.last:
            raise TargetError("it does not start")
        super().submit(calls, limit, at_once=at_once)


@pytest.mark.parametrize(("first", "after"), [(seen(401), ""), (HUNG, " after GET /a with forged hung")])
def test_a_lane_that_is_lost_leaves_its_routes_to_others(
    minting: RecordingMint, first: Observation, after: str
) -> None:
    scripted = Scripted(minting, a=[(THREE, {"singly": True})], b=[(("missing",), {})], c=[(("missing",), {})])
    lane = Failing(lambda call: first)
    try:
        made = Runner(lane, None, 5.0, waiting := scripted.plans(), scripted, scripted.cut)
        made.begin()
        found: list[Any] = list(made.step(True))
        assert (made.busy, found) == (False, ["GET /a"])
    finally:
        lane.close()
    assert made.lost == f"{LOST}{after}: it does not start"
    assert scripted.cuts == [("GET /a", made.lost)]
    assert [plan.key for plan in waiting] == ["GET /b", "GET /c"]
    assert [answer.untried for answer in scripted.answers[0][1]] == ["", made.lost, made.lost]


class Halting(TableLane):
    """A lane that answers a part of each batch; the next request must be sent alone where it says so."""

    def collect(self) -> Partial | None:
        partial = super().collect()
        assert partial is not None
        return Partial(partial.observations[:1], alone=len(self.batches[-1]) > 1)


@pytest.mark.parametrize("together", [False, True])
def test_what_is_left_of_a_batch_is_sent_one_by_one(minting: RecordingMint, together: bool) -> None:
    scripted = Scripted(minting, a=[(THREE, {"together": together})])
    lane = Halting(lambda call: seen(401, body=minting.name_in(call.request)))
    try:
        played(scripted, lane)
        assert sizes(lane) == [3, 1, 1]
    finally:
        lane.close()
    assert [answer.body for answer in scripted.answers[0][1]] == list(THREE)


def test_a_lane_that_says_nothing_is_looked_at_and_left_alone(minting: RecordingMint) -> None:
    scripted = Scripted(minting, a=[(THREE, {})])
    with lanes(lambda call: seen(401)) as (lane,):
        made = Runner(lane, None, 5.0, scripted.plans(), scripted)
        made.begin()
        assert made.step(False) == [] and made.busy and sizes(lane) == [3]
        assert list[Any](made.step(True)) == ["GET /a"]


def test_a_route_of_which_nothing_can_be_sent(minting: RecordingMint) -> None:
    scripted = Scripted(minting, a=[(THREE, {}), (("clerk",), {})])
    assert list[Any](untried(scripted(plan_of(key="GET /a")), "no target")) == ["GET /a"]
    assert [[a.untried for a in answers] for _, answers in scripted.answers] == [["no target"] * 3, ["no target"]]
    empty = Scripted(minting, a=[])
    assert list[Any](untried(empty(plan_of(key="GET /a")), "no target")) == ["GET /a"]
