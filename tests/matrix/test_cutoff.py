"""A route that brings the target down each time is cut off, and the run goes on with the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contracts.matrix.cutoff import CutOff
from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.credentials import CATALOGUE
from harness.targets.base import Observation
from tests.conftest import Judged
from tests.matrix.kit import RecordingMint, plan_of, seen

JudgeApp = Callable[..., Judged]
DIED, HUNG = seen(None, died=True, error="signal SIGSEGV"), seen(None, hung=True)
IN, OUT, DOOR = seen(200, entered=True), seen(401, entered=False), seen(None, entered=True, stopped=True)


def after(*steps: tuple[str, Observation], stop: bool = False) -> str:
    """Why a route is cut off after these answers to these credentials; empty where it goes on."""
    plan, cut = plan_of(), CutOff()
    factory = RequestFactory(RecordingMint(), probed=True)
    for name, answer in steps:
        (sending, *_) = Sequence(factory, plan, CATALOGUE[name], plan.ways[0], None).forms(stop)
        cut.see(sending, answer)
    return cut.reason


def test_three_credentials_in_a_row_are_told() -> None:
    told = after(("missing", DIED), ("clerk", DIED), ("forged", HUNG))
    assert told == (
        "the route crashed (signal SIGSEGV), hung 3 times in a row, with missing, clerk and forged: its other cells were not tried"
    )


@pytest.mark.parametrize(
    ("steps", "stop", "cut"),
    [
        # The same credential again is one cell.
        ([("forged", HUNG)] * 5, False, False),
        ([("clerk", DIED), ("forged", DIED)], False, False),
        # Whatever is answered in between shows that it is not each time.
        ([("clerk", IN), ("missing", DIED), ("forged", DIED), ("expired", OUT), ("garbage", DIED)], False, False),
        ([("missing", DIED), ("forged", DIED), ("clerk", IN), ("garbage", DIED)], False, False),
        # A refusal shows nothing of a handler that has never worked ...
        ([("missing", OUT), ("clerk", DIED), ("expired", OUT), ("forged", DIED), ("garbage", DIED)], False, True),
        # ... and much where the crash was before it.
        ([("missing", OUT), ("clerk", DIED), ("expired", OUT), ("forged", DIED), ("garbage", DIED)], True, False),
        ([("missing", DIED), ("forged", DIED), ("expired", DOOR), ("garbage", DIED)], True, False),
        # What a server does not hand on brings nobody down.
        ([("nul-byte", seen(None, error="ConnectionResetError")), ("forged", DIED), ("garbage", DIED)], False, False),
    ],
)  # fmt: skip
def test_when_it_is_each_time(steps: list[tuple[str, Observation]], stop: bool, cut: bool) -> None:
    assert bool(after(*steps, stop=stop)) is cut


def test_three_of_one_kind_may_have_one_cause() -> None:
    algorithms = [c.name for c in CATALOGUE.values() if c.group == "algorithm" and not c.authentic][:12]
    begun = [("clerk", IN)]
    assert not after(*begun, *((name, HUNG) for name in algorithms[:9]))
    assert after(*begun, *((name, HUNG) for name in algorithms[:10]))
    assert after(*begun, *((name, HUNG) for name in algorithms[:2]), ("expired", HUNG))


def test_a_cell_of_many_forms_is_left_after_three() -> None:
    plan, cut = plan_of(), CutOff()
    many = Sequence(
        RequestFactory(RecordingMint(), probed=True), plan, CATALOGUE["hs256-shared-secrets"], plan.ways[0], None
    )
    forms = many.forms(False)
    for sending in forms[:3]:
        assert cut.why_not(sending) == ""
        cut.see(sending, HUNG)
    assert cut.why_not(forms[3]) == "hs256-shared-secrets brought the target down 3 times: it was not sent again"
    assert cut.reason == ""


COUNTED = """
import os, signal, threading
with open(os.path.join(os.path.dirname(__file__), "starts.txt"), "a") as file:
    file.write("x")
"""
ENDS = {"crashes": "os.kill(os.getpid(), signal.SIGSEGV)", "exits": "os._exit(3)", "hangs": "threading.Event().wait()"}


@pytest.mark.parametrize("policy", ["public", "clerk", "inside"])
@pytest.mark.parametrize("what", ENDS)
def test_a_route_that_brings_the_app_down_each_time(
    judge_app: JudgeApp, tmp_path: Path, what: str, policy: str
) -> None:
    guard = {"public": "", "clerk": "user: User", "inside": "request: Request"}[policy]
    inside = "current_user(request); " if policy == "inside" else ""
    code = (
        COUNTED
        + f"""
@app.get("/bad")
def bad({guard}): {inside}{ENDS[what]}
@app.get("/me")
def me(user: User): return {{"user": user}}
@app.get("/open")
def o(): return {{}}
"""
    )
    declared = (
        f'"GET /bad" = "{"public" if policy == "public" else "clerk"}"\n"GET /me" = "clerk"\n"GET /open" = "public"'
    )
    result = judge_app(code, declared, time_limit=1, agents=2, drills=False)
    starts = len((tmp_path / "starts.txt").read_text())
    assert starts <= 9, f"the app was started {starts} times"
    assert result.kinds("GET /me") == {"pass"} == result.kinds("GET /open") - {"hardening"}
    bad = [v for v in result.record.verdicts if v.route == "GET /bad"]
    assert {v.verdict for v in bad if v.expected == "accept"} <= {"fault", "inconclusive"}
    assert not any(v.verdict == "pass" for v in bad if v.expected == "reject")
    judged = {v.credential for v in bad}
    assert {c.label for p in result.record.plan.routes if p.key == "GET /bad" for c in p.cells} <= judged
    assert not result.record.passed
    untried = [group for group in result.record.groups if "were not tried" in group.first.detail]
    if policy == "public":
        assert len(untried) == 1
        how = {"crashes": "crashed (signal SIGSEGV)", "exits": "crashed (exit code 3)", "hangs": "hung"}[what]
        assert untried[0].first.detail.startswith(f"the route {how} 3 times in a row, with missing, ")
        assert len(untried[0].credentials) > 100


def test_a_credential_that_hangs_does_not_cut_off_its_route(judge_app: JudgeApp) -> None:
    code = (
        COUNTED
        + """
@app.middleware("http")
async def slow(request, call_next):
    if len(request.headers.get("authorization", "")) > 4000: threading.Event().wait()
    return await call_next(request)
@app.get("/me")
def me(user: User): return {"user": user}
"""
    )
    large = ["huge-token", "deeply-nested-json", "kid-huge"]
    small = ["clerk", "missing", "forged", "expired", "garbage", "iss-other", "payload-swapped-sub", "signature-empty"]
    result = judge_app(code, '"GET /me" = "clerk"', time_limit=2, drills=False, credentials=[*large, *small])
    faults = {v.credential for v in result.record.verdicts if v.verdict == "fault"}
    assert faults == set(large)
    others = {v.verdict for v in result.record.verdicts if v.route == "GET /me" and v.credential not in faults}
    assert others <= {"pass", "hardening"}


@pytest.mark.parametrize("agents", [1, 2])
def test_an_app_that_does_not_start_again_keeps_what_is_known(judge_app: JudgeApp, tmp_path: Path, agents: int) -> None:
    code = f"""
import os, threading
if os.path.exists({str(tmp_path / "broken")!r}): raise RuntimeError("the disk is full")
@app.get("/first")
def first(user: User): return {{}}
@app.get("/second")
def second(user: User):
    open({str(tmp_path / "broken")!r}, "w").close()
    os._exit(3)
@app.get("/third")
def third(user: User): return {{}}
"""
    declared = '"GET /first" = "clerk"\n"GET /second" = "clerk"\n"GET /third" = "clerk"'
    result = judge_app(
        code, declared, agents=agents, drills=True, credentials=["clerk", "forged", "expired", "jwks-outage"]
    )
    assert result.verdicts["GET /first", "forged"].verdict == "pass"
    assert result.verdicts["GET /second", "clerk"].verdict == "fault"
    assert result.verdicts["GET /second", "forged"].verdict == "inconclusive"
    assert result.verdicts["GET /third", "forged"].verdict == ("pass" if agents == 2 else "inconclusive")
    assert {cell.label for plan in result.record.plan.routes for cell in plan.cells} <= {
        key[1] for key in result.verdicts
    }
    assert any("could not be started again" in note and "the disk is full" in note for note in result.notes)
    assert not result.record.passed
