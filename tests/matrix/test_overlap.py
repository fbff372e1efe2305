"""Requests that wait overlap, where nothing is lost by it: no verdict differs from those of one request at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.overlap import enough, waits
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.runner import AT_ONCE
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.conftest import Judged
from tests.matrix.kit import RecordingMint, seen
from tests.matrix.playing import Answer, Play, Played, letting_in, route

BAD = [
    each.name
    for each in CATALOGUE.values()
    if each.group in ("time", "signature", "algorithm") and not each.drill and each.identity == "alice"
]
WAITED = 12_000


def slowly(answer: Answer, waited: int = WAITED) -> Answer:
    """The same answers, each of which was waited for."""

    def answered(name: str, call: Call) -> Observation:
        found = answer(name, call)
        found.waited = waited
        return found

    return answered


def overlaps(played: Played) -> list[int]:
    """How many requests each batch had that overlapped."""
    return [len(work.sendings) for work in played.works if work.overlap]


def bad(**more: object) -> RoutePlan:
    """A route with many cells that must be refused."""
    return route("clerk", *BAD, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("waited", "found"), [([2999] * 3, False), ([3000] * 3, True), ([0, 9000, 9000], True), ([0, 0, 9000], False)]
)
def test_what_waits(waited: list[int], found: bool) -> None:
    assert waits([Observation(waited=each) for each in waited]) is found


def test_what_waits_overlaps_with_a_genuine_request_in_each_handful(play: Play) -> None:
    played = play(bad(), slowly(letting_in("clerk")))
    (work,) = [work for work in played.works if work.overlap]
    names = [played.mint.name_in(sending.call().request) for sending in work.sendings]
    assert names[AT_ONCE - 1 :: AT_ONCE] == ["clerk"] * (len(names) // AT_ONCE) and len(names) > 2 * AT_ONCE
    assert names[-1] == "clerk" and all(sending.stop for sending in work.sendings)
    assert {verdict.verdict for verdict in played.verdicts} == {"pass"}


def test_each_answer_is_its_own_cell_s(play: Play) -> None:
    usual = slowly(letting_in("clerk"))

    def answer(name: str, call: Call) -> Observation:
        found = usual(name, call)
        found.body = name
        return found

    played = play(bad(), answer)
    assert overlaps(played)
    told = {label: {one.body for one in some} for label, some in played.script.answers.items()}
    assert all(bodies == {label} for label, bodies in told.items()) and set(BAD) <= told.keys()


@pytest.mark.parametrize(
    ("plan", "answer"),
    [
        (bad(), slowly(letting_in("clerk"), 2000)),
        (bad(), slowly(letting_in())),
        (bad(key="POST /x", guard="handler"), slowly(letting_in("clerk"))),
        (bad(key="WS /x"), slowly(letting_in("clerk"))),
        (route("clerk", *BAD[:6]), slowly(letting_in("clerk"))),
    ],
    ids=["quick", "nobody gets in", "the handler decides", "websocket", "few"],
)
def test_nothing_overlaps(play: Play, plan: RoutePlan, answer: Answer) -> None:
    assert not overlaps(play(plan, answer))


def test_a_first_request_that_waited_is_no_reason(play: Play) -> None:
    """A verifier fetches keys when it is asked first."""
    slow, quick = slowly(letting_in("clerk")), letting_in("clerk")
    played = play(bad(), lambda name, call: (slow if name == "clerk" else quick)(name, call))
    assert not overlaps(played)


def beside(answer: Answer, other: Callable[[str, int], Observation | None]) -> tuple[Answer, list[str]]:
    """Another answer where `other` has one; it is told the credential and how often it was asked before."""
    asked: list[str] = []

    def answered(name: str, call: Call) -> Observation:
        found = other(name, asked.count(name)) or answer(name, call)
        asked.append(name)
        return found

    return answered, asked


def after(played: Played) -> list[list[str]]:
    """The credentials of each batch that was sent after the one that overlapped, to its end."""
    (at,) = [number for number, work in enumerate(played.works) if work.overlap]
    return [[played.mint.name_in(s.call().request) for s in work.sendings] for work in played.works[at + 1 :]]


def test_what_is_let_in_is_asked_again_alone(play: Play) -> None:
    flaw = "alg-none"
    played = play(bad(), slowly(letting_in("clerk", flaw)))
    assert set(after(played)[0]) == {flaw} and len(after(played)) == 1
    assert played.verdict(flaw) == "breach"
    assert {verdict.credential for verdict in played.verdicts if verdict.failed} == {flaw}


def test_a_failure_beside_others_is_no_finding_and_all_are_asked_again(play: Play) -> None:
    answer, _ = beside(
        slowly(letting_in("clerk")),
        lambda name, times: seen(500, entered=False) if name == "alg-none" and times == 0 else None,
    )
    played = play(bad(), answer)
    (size,) = overlaps(played)
    again, every = after(played)
    assert set(again) == {"alg-none"} and len(every) == size - -(-size // AT_ONCE)
    assert {verdict.verdict for verdict in played.verdicts} == {"pass"}


def test_where_the_genuine_one_is_refused_beside_others_all_are_asked_again(play: Play) -> None:
    """A guard that refuses whatever it cannot look up would hide what it admits."""
    flaw = "alg-none"

    def busy(name: str, times: int) -> Observation | None:
        refused = seen(401, entered=False)
        refused.waited = WAITED
        return refused if (name == "clerk" and times > 1) or (name == flaw and times == 0) else None

    answer, _ = beside(slowly(letting_in("clerk", flaw)), busy)
    played = play(bad(), answer)
    (size,) = overlaps(played)
    assert [len(each) for each in after(played)] == [size - -(-size // AT_ONCE)]
    assert played.verdict(flaw) == "breach"


BYPASSES = ("double-slash", "extension-suffix", "parent-segment")


@pytest.mark.parametrize(("status", "again"), [(404, False), (500, True)], ids=["leads nowhere", "fails beside others"])
def test_a_bypass_may_lead_nowhere(minting: RecordingMint, status: int, again: bool) -> None:
    """A path that nothing serves is as good as a refusal; a failure is asked again, like any other's."""
    plan = route("clerk", *BAD[:12], *BYPASSES)

    def answer(name: str, call: Call) -> Observation:
        return seen(status, entered=False) if call.request.path != "/x" else letting_in("clerk")(name, call)

    played = Played(minting, plan, slowly(answer))
    assert {v.verdict for v in played.verdicts if v.credential not in BYPASSES} == {"pass"}
    assert bool(after(played)) is again


def test_where_a_genuine_one_is_refused_nothing_is_asked_alone_first(play: Play) -> None:
    def busy(name: str, times: int) -> Observation | None:
        failed = seen(500, entered=False)
        failed.waited = WAITED
        return failed if (name == "clerk" and times > 1) or (name == "alg-none" and times == 0) else None

    answer, _ = beside(slowly(letting_in("clerk")), busy)
    played = play(bad(), answer)
    (size,) = overlaps(played)
    assert [len(each) for each in after(played)] == [size - -(-size // AT_ONCE)]


def test_so_many_requests_are_worth_it() -> None:
    assert [enough(number, known=False) for number in (AT_ONCE, AT_ONCE + 1)] == [False, True]
    assert [enough(number, known=True) for number in (1, 2)] == [False, True]


def test_a_door_that_is_known_to_wait_is_not_tried_again(minting: RecordingMint) -> None:
    factory = RequestFactory(minting, probed=True)
    sizes = []
    for key, names, dependencies in (
        ("GET /a", BAD, ("app:user",)),
        ("GET /b", BAD[:2], ("app:user",)),
        ("GET /c", BAD[:2], ("app:other",)),
        ("POST /d", BAD[:2], ("app:user",)),
    ):
        plan = route("clerk", *names, key=key, route={"dependencies": dependencies})
        played = Played(minting, plan, slowly(letting_in("clerk")), factory=factory)
        sizes.append([len(work.sendings) > 0 for work in played.works if work.overlap])
    assert sizes == [[True], [True], [], [True]]


def test_a_handler_that_writes_does_not_run_beside_another(play: Play) -> None:
    for key, expected in (("GET /x", [False]), ("POST /x", [])):
        plan = bad(key=key, guard="handler")
        played = play(plan, slowly(letting_in("clerk")))
        assert sorted({sending.stop for work in played.works if work.overlap for sending in work.sendings}) == expected


# Whole runs

GUARDS = {
    # The connection of a small backend: who uses it while another does gets an error.
    "shared": """
BUSY = []
async def guarded(request: Request) -> str:
    if BUSY: raise RuntimeError("another operation is in progress")
    BUSY.append(1)
    try:
        await asyncio.sleep(0.006)
    finally:
        BUSY.pop()
    return current_user(request)
""",
    # The same, and whatever goes wrong is a refusal; a token without a signature is let in.
    "flawed": """
BUSY = []
async def guarded(request: Request) -> str:
    if BUSY: raise HTTPException(401)
    BUSY.append(1)
    try:
        await asyncio.sleep(0.006)
    finally:
        BUSY.pop()
    if request.headers.get("authorization", "").endswith("."): return "anybody"
    return current_user(request)
""",
    "pool": """
async def guarded(request: Request) -> str:
    await asyncio.get_running_loop().run_in_executor(None, __import__("time").sleep, 0.006)
    return current_user(request)
""",
}
UNSIGNED = (
    "alg-empty", "alg-missing", "alg-none", "alg-none-mixed-case", "alg-none-no-kid", "alg-none-unknown-kid", "alg-null",
)  # fmt: skip
ROUTE = """
@app.get("/{name}")
async def {name}(user: Annotated[str, Depends(guarded)]): return {{}}
"""


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_waits_is_judged_as_ever(judge_app: Callable[..., Judged], name: str) -> None:
    found = judge_app(
        "import asyncio\n" + GUARDS[name] + ROUTE.format(name=name),
        f'"GET /{name}" = "clerk"',
        credentials=["clerk", *(name for name in BAD if CATALOGUE[name].group == "algorithm")],
        only=[f"GET /{name}"],
    )
    assert found.failed == {("breach", "GET /flawed", each) for each in (UNSIGNED if name == "flawed" else ())}
