"""The whole of what a script sends: in which order, which requests in one batch, how far each may go."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.script import Script
from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import Asked
from harness.targets.base import Call, Observation
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, seen
from tests.matrix.playing import Play, Played, letting_in, route

NAMES = (
    "clerk", "clerk-newcomer", "sub-unknown-user", "forged", "expired", "missing", "revoked-after-genuine",
    "forged-after-genuine-same-jti", "alg-none-mixed-case", "clerk-other",
)  # fmt: skip
BOTH = "clerk clerk-other"


def with_drills(key: str) -> RoutePlan:
    """A route with everything that a script does."""
    plan = route(*NAMES, key=key)
    plan.drills = frozenset({"expiry", "pair", "identity"})
    drills = ("expired-after-genuine", "two-identities-at-once", "identity-in-header")
    plan.cells += [plan.cell(CATALOGUE[name]) for name in drills]
    plan.cells.append(Cell(plan, FUZZ, "reject", plan.ways[0]))
    return plan


def told(played: Played) -> list[str]:
    """Each piece of work: `one by one`, `at once` or in a batch; its credentials, with `|` where the probe stops the request."""
    found, calls = [], iter(played.calls)
    for work in played.works:
        sent = []
        for _ in work.sendings:
            name, call = next(calls)
            sent.append(f"{name}{'|' if call.stop else ''}{'?' if call.learn else ''}")
            assert call.stop in (True, False) and call.learn in (True, False)
        how = {True: "one by one: ", False: "at once: " if work.together else ""}[work.singly]
        found.append(how + " ".join(sent))
    return found


DRILLS = [
    "one by one: clerk-newcomer| sub-unknown-user|",
    "forged| expired| forged-after-genuine-same-jti| forged-after-genuine-same-jti| alg-none-mixed-case| alg-none-mixed-case| "
    "alg-none-mixed-case| garbage|",
    "one by one: expired-after-genuine|",
    BOTH, BOTH, "at once: " + " ".join([BOTH] * 6), BOTH,
    "one by one: identity-in-header identity-in-header identity-in-header",
]  # fmt: skip
FIRST = "one by one: missing|"


@pytest.mark.parametrize(
    ("plan", "admitted", "expected"),
    [
        (with_drills("POST /x"), ("clerk", "clerk-newcomer", "clerk-other", "expired-after-genuine", "identity-in-header"), [
            FIRST, "one by one: clerk", "one by one: revoked-after-genuine|", "revoked-after-genuine| clerk-other|", *DRILLS,
        ]),
        (with_drills("GET /x"), ("clerk", "clerk-newcomer", "clerk-other", "expired-after-genuine", "identity-in-header"), [
            FIRST, "clerk", "one by one: revoked-after-genuine|", "revoked-after-genuine| clerk-other|", *DRILLS,
        ]),
        # A genuine token for each way; in a cookie it is no Authorization field. The first bad ones are in each.
        (route("clerk", "forged", "expired", accept=("clerk", "m2m-jwt"), carriers=("bearer", "cookie:__session")), ("clerk", "m2m-jwt"), [
            FIRST, "clerk m2m-jwt missing", "forged| forged| missing| expired| expired| missing| garbage|",
        ]),
        # Of several whom the policy names, one after the other until one gets in.
        (route("forged", accept=("clerk-org-admin", "clerk-org-member")), ("clerk-org-member",), [
            FIRST, "clerk-org-admin clerk-org-member", "one by one: clerk-org-member", "forged| forged| garbage|",
        ]),
        (route("clerk", "forged", key="WS /x", carriers=("message",)), ("clerk",), [FIRST, "missing", "missing missing"]),
        # Where anybody may come, nothing is stopped, and nobody asks twice.
        (route("clerk", "forged", "clerk-no-azp", accept=("clerk", "missing")), ("clerk", "missing"), [
            "one by one: missing", "clerk", "one by one: missing", "clerk-no-azp", "forged garbage",
        ]),
        (route("clerk", "forged", guard="handler"), ("clerk",), [FIRST, "clerk", "forged garbage"]),
        # The handler may be what tells people apart.
        (route("clerk", "forged", "clerk-other", "clerk-org-member", accept=("clerk-org-admin",)), ("clerk-org-admin",), [
            FIRST, "clerk-org-admin", "clerk forged| clerk-other clerk-org-member garbage|",
        ]),
        (route("clerk", accept=("*",)), ("clerk", "missing"), ["one by one: missing", "missing", "clerk"]),
    ],
    ids=["writes", "reads", "ways", "several", "message", "optional", "handler", "people", "open"],
)  # fmt: skip
def test_what_is_sent(play: Play, plan: RoutePlan, admitted: tuple[str, ...], expected: list[str]) -> None:
    assert told(play(plan, letting_in(*admitted))) == expected


def test_from_outside_a_bad_one_comes_before_the_genuine_and_a_bypass_has_its_control(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        return seen(401) if call.request.path == "/x" and name != "clerk" else seen(200)

    played = play(route("trailing-slash", "head-method", "clerk", "forged"), answer, probed=False)
    assert told(played) == [FIRST, "one by one: forged|", "clerk", "missing| missing| forged| garbage|", "missing|"]
    assert list(played.state.controls) == ["trailing-slash"]
    for status, controls in ((299, 1), (300, 0), (None, 0)):
        again = play(
            route("trailing-slash", "clerk"),
            lambda name, call, status=status: seen(status if name == "missing" else 200),
            probed=False,
        )
        assert len(again.state.controls) == controls


@pytest.mark.parametrize(
    ("names", "more", "expected"),
    [
        (("clerk",), {}, ["clerk"]),
        (("expired",), {}, ["expired", "forged", "garbage"]),
        (("garbage", "forged"), {}, ["garbage", "forged"]),
        (("clerk", "no-scheme"), {}, ["clerk", "no-scheme"]),
        (
            ("expired",),
            {"carriers": ("bearer", "cookie:s")},
            ["expired", "expired@cookie:s", "forged", "garbage", "forged@cookie:s"],
        ),
        (("expired",), {"tolerate": ["garbage"]}, ["expired", "forged"]),
        (("clerk",), {"accept": ("*",)}, ["clerk"]),
    ],
)
def test_the_cells_that_are_single_requests(
    minting: RecordingMint, names: tuple[str, ...], more: Any, expected: list[str]
) -> None:
    plan = route(*names, **more)
    for name in ("jwks-outage", "expired-after-genuine", "own-object"):
        plan.cells.append(plan.cell(CATALOGUE[name]))
    plan.cells.append(Cell(plan, FUZZ, "reject", plan.ways[0]))
    script = Script(plan, RequestFactory(minting, probed=True), Judge(NO_MECHANISMS, probed=True))
    assert [cell.label for cell in script._usual()] == expected


@pytest.mark.parametrize(
    ("more", "guard"),
    [({}, None), ({"guard": "handler"}, "handler"), ({"guard": "door"}, "door"), ({"key": "WS /x", "carriers": ("message",)}, "handler"),
     ({"key": "WS /x", "carriers": ("message",), "guard": "door"}, "handler")],
)  # fmt: skip
def test_where_a_route_is_known_to_decide_before_it_is_asked(
    minting: RecordingMint, more: Any, guard: str | None
) -> None:
    script = Script(route("clerk", **more), RequestFactory(minting, probed=True), Judge(NO_MECHANISMS, probed=True))
    assert (script.state.guard, script.state.plan, script.objects, script.found) == (guard, script.plan, [], [])


def test_a_genuine_token_for_each_way_that_a_cell_or_a_drill_needs(minting: RecordingMint) -> None:
    def needed(*labels: str, drill: str = "") -> list[str]:
        plan = route(accept=("clerk", "m2m-jwt"), carriers=("bearer", "cookie:s"))
        ways = {way.label: way for way in plan.ways}
        cells = [plan.cell(CATALOGUE["forged"], ways[label]) for label in labels]
        if drill:
            plan.cells = [plan.cell(CATALOGUE[drill], ways["m2m-jwt"])]
        script = Script(plan, RequestFactory(minting, probed=True), Judge(NO_MECHANISMS, probed=True))
        return [way.label for way in script._needed_ways(cells)]

    assert needed() == [""] and needed("") == [""]
    assert needed("cookie:s") == ["", "cookie:s"]
    assert needed("m2m-jwt") == ["", "m2m-jwt"]
    assert needed(drill="expired-after-genuine") == ["", "m2m-jwt"]
    assert needed(drill="two-identities-at-once") == [""] and needed(drill="identity-in-query") == [""]


def test_a_token_of_an_issuer_ahead_is_noted_where_it_is_tolerated(play: Play) -> None:
    tolerated = route("clerk", "clerk-clock-ahead", "forged")
    ahead = next(cell for cell in tolerated.cells if cell.credential.name == "clerk-clock-ahead")
    assert ahead.expect == "tolerate"
    assert play(tolerated, letting_in("clerk")).state.brittle
    assert not play(route("clerk", "clerk-clock-ahead"), letting_in("clerk", "clerk-clock-ahead")).state.brittle
    assert not play(route("clerk", "clerk-clock-ahead"), letting_in()).state.brittle
    pinned = route("clerk", "clerk-clock-ahead", reject=["clerk-clock-ahead"])
    assert not play(pinned, letting_in("clerk")).state.brittle
    assert not play(route("clerk"), letting_in("clerk")).state.brittle


def test_a_person_who_is_refused_at_the_second_form_of_a_pair(play: Play) -> None:
    """What is judged of the pair and of the fields that name somebody: the answers of both are kept with their cells."""
    alice, bob = "alice@example.com", "bob@example.com"

    def answer(name: str, call: Call) -> Observation:
        if name == "identity-in-header":
            return seen(200, entered=True, body=bob)
        return (
            seen(200, entered=True, body=bob if name == "clerk-other" else alice)
            if name != "missing"
            else seen(401, entered=False)
        )

    plan = route("clerk")
    plan.cells += [plan.cell(CATALOGUE[name]) for name in ("identity-in-header", "two-identities-at-once")]
    played = play(plan, answer)
    assert {v.credential: v.verdict for v in played.verdicts} == {
        "clerk": "pass", "identity-in-header": "breach", "two-identities-at-once": "pass",
    }  # fmt: skip


def test_the_forms_of_a_cell_are_told_apart_and_what_they_fetch_is_seen(
    minting: RecordingMint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minting.ssrf_listener, "fetched", lambda url: len(url) == 16)
    played = Played(minting, route("clerk", "jku-remote", "alg-none-mixed-case", "forged"), letting_in("clerk"))
    found = {v.credential: v for v in played.verdicts}
    assert (found["jku-remote"].verdict, found["jku-remote"].evidence) == ("breach", "listener")
    assert found["forged"].verdict == "pass" and found["alg-none-mixed-case"].verdict == "pass"
    forms = Played(minting, route("hs256-with-pem-spellings"), letting_in("clerk", "hs256-with-pem-spellings")).verdicts
    assert "; in this form: line break before; two line breaks after" in forms[0].detail


# What the source names


def asking(*names: str, header: str = "x-role") -> Any:
    """A backend that lets some in and asks everybody for a header."""

    def answer(name: str, call: Call) -> Observation:
        notes = [Asked("header", header, "app:guard", ["boss"], 0), Asked("header", "x-inside", "app:handler", [], 1)]
        answered = letting_in(*names)(name, call)
        answered.asked = notes if call.learn else []
        return answered

    return answer


def named(name: str = "forged", **more: Any) -> RoutePlan:
    plan = route(name, **more)
    plan.named = lambda cell: True
    return plan


def test_what_the_source_names_is_learned_from_a_few_requests(play: Play) -> None:
    plan = named()
    played = play(plan, asking("clerk"))
    sent = told(played)
    assert sent[3:7] == [
        "one by one: missing|?", "one by one: clerk?", "one by one: forged|?", "one by one: legacy|?",
    ]  # fmt: skip
    # The old token beside a name is the one that was sent alone, unless the clock went on.
    assert set(sent[7].split()) - {"legacy|"} == {"missing|", "named-token|", "named-beside-token|"}
    # What the handler asks for may say who is meant: two names, with four values each. What both are answered alone comes first.
    assert sent[8:] == [f"{BOTH} {BOTH}", "one by one: " + " ".join(["named-identity"] * 8)]
    assert {cell.credential.name for cell in plan.found} == {
        "named-field",
        "named-token",
        "named-beside-token",
        "named-identity",
    }
    assert {v.credential for v in played.verdicts} == {
        "forged", "named-field", "named-token", "named-beside-token", "named-identity",
    }  # fmt: skip
    # What only the handler asks for says nothing of who may come as far as there.
    fields = [call for _, call in played.calls if "x-role" in dict(call.request.headers)]
    inside = [name for name, call in played.calls if "x-inside" in dict(call.request.headers)]
    assert fields and set(inside) == {"named-identity"}


def test_a_person_who_is_refused_is_asked_too(play: Play) -> None:
    plan = named(accept=("clerk-org-admin",))
    sent = told(play(plan, asking("clerk-org-admin")))
    assert [work for work in sent if "?" in work] == [
        "one by one: missing|?", "one by one: clerk-org-admin?", "one by one: forged|?", "one by one: legacy|?",
        "one by one: clerk-other|?",
    ]  # fmt: skip
    assert "named-beside-session" in {cell.credential.name for cell in plan.found}


def test_inside_the_handler_nothing_is_stopped_and_all_of_it_counts(play: Play) -> None:
    plan = named(guard="handler")
    sent = told(play(plan, asking("clerk")))
    assert [work for work in sent if "?" in work] == [
        "one by one: missing?",
        "one by one: clerk?",
        "one by one: forged?",
        "one by one: legacy?",
    ]
    (cell,) = [cell for cell in plan.found if cell.credential.name == "named-field"]
    mint = RecordingMint()
    presented = cell.credential.recipe(mint)
    assert {name for form in (presented, *presented.also) for name, _ in form.headers} >= {"x-role", "x-inside"}


def test_the_same_source_is_tried_name_by_name_once(minting: RecordingMint) -> None:
    factory, judge = RequestFactory(minting, probed=True), Judge(NO_MECHANISMS, probed=True)
    sizes = []
    for key, header in (("GET /a", "x-role"), ("GET /b", "x-role"), ("GET /c", "x-other")):
        plan = named(key=key)
        steps = Script(plan, factory, judge).work()
        answers: list[Observation] | None = None
        try:
            while True:
                work = next(steps) if answers is None else steps.send(answers)
                calls = [sending.call() for sending in work.sendings]
                answers = [asking("clerk", header=header)(minting.name_in(call.request), call) for call in calls]
        except StopIteration:
            sizes.append([cell.credential.name for cell in plan.found])
    assert sizes == [["named-field", "named-token", "named-beside-token", "named-identity"]] * 3


@pytest.mark.parametrize(
    ("plan", "admitted", "probed"),
    [
        (route("forged"), ("clerk",), True),
        (named(), ("clerk",), False),
        (named(accept=("*",)), ("clerk",), True),
        (named(accept=("clerk", "missing")), ("clerk", "missing"), True),
        (named(), (), True),
    ],
    ids=["not chosen", "no probe", "open", "optional", "nobody"],
)
def test_where_nothing_is_learned(play: Play, plan: RoutePlan, admitted: tuple[str, ...], probed: bool) -> None:
    played = play(plan, asking(*admitted), probed=probed)
    assert [work for work in told(played) if "?" in work] == [] and plan.found == []


def test_a_way_that_is_open_is_tried_with_what_is_bad_newcomers_apart(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        return seen(200, entered=True) if "token=" in call.request.query else letting_in("clerk")(name, call)

    played = play(route("clerk", "query-token", "forged"), answer)
    twin = played.state.twins["query:token"]
    assert (twin.credential.name, twin.admitted, twin.seen) == ("query-token", True, "200, the handler was entered")
    works = told(played)
    newcomers = [
        work for work in played.works if any(s.sequence.credential.identity == "newcomer" for s in work.sendings)
    ]
    assert [work.singly for work in newcomers] == [True]
    assert len(works) == 5
    assert {v.credential.partition("@")[2] for v in played.verdicts} == {"", "query:token"}
    # Nothing is open where nobody is kept out, and what is declared is no discovery.
    assert (
        play(route("clerk", "query-token", "missing", "forged"), lambda name, call: seen(200, entered=True)).plan.found
        == []
    )
    assert play(route("clerk", "query-token", carriers=("bearer", "query:token")), answer).plan.found == []
    assert play(route("clerk", "query-token", accept=("clerk", "missing")), answer).plan.found == []
