"""What nobody but the issuer could sign is no breach, unless somebody says so."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cli.terminal import summary
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Plan
from harness.contracts.matrix.verdicts import CellVerdict
from harness.report.json_report import document
from harness.report.model import Meta, Record
from tests.matrix.kit import NO_MECHANISMS, cell, judged, plan_of, seen, state_of

LET_IN = seen(200, entered=True)
CRASHED = seen(500, entered=False)
TELLING = seen(401, entered=False, body="Traceback (most recent call last)")


def verdict(name: str, answer: Any = LET_IN, *, strict: bool = False, **policy: Any) -> str:
    """The verdict on an answer to a credential that must be rejected."""
    state = state_of(plan_of(**policy))
    judge = Judge(NO_MECHANISMS, probed=True, strict=strict)
    return judge.judge(cell(state, name), [answer], state).verdict


@pytest.mark.parametrize(
    ("name", "answer", "more", "expected"),
    [
        ("exp-missing", LET_IN, {}, "hardening"),
        ("iss-other", LET_IN, {}, "hardening"),
        ("aud-foreign", LET_IN, {}, "hardening"),
        ("sub-array", CRASHED, {}, "hardening"),
        ("exp-missing", TELLING, {}, "hardening"),
        ("exp-missing", TELLING, {"strict": True}, "leak"),
        ("exp-missing", TELLING, {"reject": ["exp-missing"]}, "leak"),
        ("forged", TELLING, {}, "leak"),
        ("forged", CRASHED, {}, "fault"),
        ("exp-missing", LET_IN, {"strict": True}, "breach"),
        ("exp-missing", LET_IN, {"reject": ["exp-missing"]}, "breach"),
        ("exp-missing", LET_IN, {"reject": ["time"]}, "breach"),
        ("exp-missing", LET_IN, {"reject": ["claims"]}, "hardening"),
        ("sub-array", CRASHED, {"strict": True}, "fault"),
        ("exp-missing", seen(401, entered=False), {}, "pass"),
        ("forged", LET_IN, {}, "breach"),
        ("expired", LET_IN, {}, "breach"),
        ("azp-foreign", LET_IN, {}, "breach"),
        ("clerk", seen(401, entered=False), {}, "lockout"),
    ],
)
def test_the_verdict(name: str, answer: Any, more: dict[str, Any], expected: str) -> None:
    assert verdict(name, answer, **more) == expected


def test_a_finding_says_what_an_attacker_needs() -> None:
    state = state_of()
    assert judged(cell(state, "expired"), state, LET_IN).needs == "old-session"
    assert judged(cell(state, "clerk"), state, seen(401, entered=False)).needs == ""


def record_of(*verdicts: CellVerdict) -> Record:
    """A run with these verdicts, as planned."""
    plan = plan_of()
    plan.cells = [plan.cell(state_of().plan.ways[0].base)] * len(verdicts)
    record = Record(Meta({"app": "a"}, "suites", "run", "probe"), Plan([plan], []))
    for one in verdicts:
        record.add(one)
    return record


def test_it_is_shown_and_fails_no_run() -> None:
    state = state_of()
    record = record_of(
        judged(cell(state, "exp-missing"), state, LET_IN),
        judged(cell(state, "forged"), state, seen(401, entered=False)),
    )
    assert record.passed
    assert record.counts == {"pass": 1, "hardening": 1}
    assert record.findings == []
    assert "HARDENING    1 route lets in what nobody but the issuer could sign: exp-missing" in summary(record)
    made = document(record)
    assert [found["credentials"] for found in made["hardening"]] == [["exp-missing"]]
    assert made["attackers"]["issuer-key"] == "the issuer's own key"
    assert made["credentials"]["exp-missing"]["needs"] == "issuer-key"


def test_what_is_easiest_to_exploit_comes_first() -> None:
    state = state_of()
    names = ("expired", "azp-foreign", "forged", "payload-swapped-sub")
    record = record_of(*(judged(cell(state, name), state, LET_IN) for name in names))
    assert [found.credential for found in record.findings] == [
        "forged",
        "payload-swapped-sub",
        "azp-foreign",
        "expired",
    ]
