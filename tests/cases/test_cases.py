"""The named cases: what a run, or a survey, must say of each, and of its right twin."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import pytest

from harness.run.baseline import declaration_for_baseline, observe_baseline
from harness.run.context import RunContext
from harness.run.options import Options
from tests.cases import named, named_more
from tests.cases.kit import BAD, FEW, findings, first_survey, said, tried, written
from tests.conftest import judged

# Nothing is verified, and what is bad was refused for another reason


@pytest.mark.parametrize("status", [401, 403])
def test_a_role_that_is_only_read(tmp_path: Path, status: int) -> None:
    code = named.ORG_ADMIN.replace("STATUS", str(status))
    result = tried(tmp_path, code, named.ORG_ADMIN_ROUTES, credentials=["clerk-org-admin", *FEW])
    assert findings(result, "breach", "DELETE /firms/{number}") >= BAD | {"azp-foreign"}
    assert "missing" not in findings(result, "breach")
    assert not result.record.passed


@pytest.mark.parametrize("rule", ['claims.get("aud") == "backend"', 'claims.get("aud")'])
def test_a_machine_and_an_audience_that_are_only_read(tmp_path: Path, rule: str) -> None:
    code = named.MACHINE_ONLY.replace("RULE", rule)
    result = tried(tmp_path, code, named.MACHINE_ONLY_ROUTES, credentials=["m2m-jwt", "clerk-template", *FEW])
    assert findings(result, "breach", "POST /imports") >= BAD
    assert findings(result, "breach", "GET /catalogue") >= BAD
    assert not result.record.passed


def test_closed_proves_nothing_by_itself(tmp_path: Path) -> None:
    policies = "[policies.closed]\naccept = []\n"
    result = tried(tmp_path, named.ELSEWHERE, '"GET /letters" = "closed"', policies=policies, credentials=FEW)
    assert not result.record.passed
    assert findings(result, "inconclusive", "GET /letters")


def test_closed_and_open_to_all(tmp_path: Path) -> None:
    policies = "[policies.closed]\naccept = []\nclosed = true\n"
    env = {"FRONTEND_URL": "http://localhost:3000"}
    result = tried(tmp_path, named.ELSEWHERE, '"GET /letters" = "closed"', policies=policies, env=env)
    assert findings(result, "breach", "GET /letters") >= BAD | {"clerk"}
    assert len(findings(result, "breach")) >= 90


def test_a_guard_that_only_reads_the_website(tmp_path: Path) -> None:
    env = {"FRONTEND_URL": "http://localhost:3000"}
    result = tried(tmp_path, named.ELSEWHERE, '"GET /letters" = "clerk"', env=env, credentials=FEW)
    assert findings(result, "breach", "GET /letters") >= BAD
    assert "azp-foreign" not in findings(result, "breach")


def test_what_nobody_could_enter_is_nobody_s_word(tmp_path: Path) -> None:
    """What `init` writes of it, run as it is, does not pass, and says that nobody has read it."""
    found, suites = first_survey(tmp_path, named.ELSEWHERE)
    assert found["GET /letters"]["accept"] == []
    assert found["GET /letters"]["reviewed"] is False
    result = judged(Options(suites=suites, python=sys.executable, agents=1, credentials=FEW))
    assert not result.record.passed
    assert findings(result, "inconclusive", "GET /letters")


def test_a_survey_that_nobody_has_read_does_not_pass(tmp_path: Path) -> None:
    found, suites = first_survey(tmp_path, named_more.PROFILE)
    assert found["GET /profile"]["accept"] == ["clerk"]
    options = Options(suites=suites, python=sys.executable, agents=1, credentials=FEW)
    result = judged(options)
    assert {verdict for verdict, _, _ in result.failed} == {"unreviewed"}
    assert not result.record.passed
    lines = 0
    for file in suites.rglob("*.toml"):
        text = file.read_text()
        lines += text.count("reviewed = false")
        file.write_text(text.replace("reviewed = false", "reviewed = true"))
    assert lines
    assert judged(options).record.passed


# Whose handler ran


def test_what_the_app_calls_itself_is_nobody_s_request(tmp_path: Path) -> None:
    routes = '"GET /letters" = "clerk"\n"GET /figures" = "public"'
    seen: dict[str, set[tuple[str, str, str]]] = {}
    for pause in ("0.05", "3600"):
        folder = tmp_path / pause
        folder.mkdir()
        seen[pause] = tried(folder, named.BACKGROUND.replace("PAUSE", pause), routes).failed
    assert seen["0.05"] == seen["3600"]
    assert {route for _, route, _ in seen["0.05"]} == {"GET /letters"}
    assert ("breach", "GET /letters", "azp-foreign") in seen["0.05"]
    assert not {name for _, _, name in seen["0.05"]} & BAD


def test_a_survey_beside_a_task_of_the_app(tmp_path: Path) -> None:
    written(tmp_path, named.BACKGROUND.replace("PAUSE", "0.05"))
    options = Options(suites=tmp_path / "none", app="backend:app", app_dir=tmp_path, python=sys.executable, agents=1)
    with RunContext(options, declaration_for_baseline(options)) as session:
        found = {entry.route.key: entry.guard for entry in observe_baseline(session)}
    assert found["GET /letters"] == "clerk"
    assert found["GET /figures"] == "open"


def test_a_survey_of_handlers_that_ask_themselves(tmp_path: Path) -> None:
    found, _ = first_survey(tmp_path, named.FLASK_INSIDE)
    assert (found["GET /letters"]["accept"], found["GET /letters"]["guard"]) == (["clerk"], "handler")
    filled = found["GET /letters/{letter}"]
    uuid.UUID(str(filled["path"]["letter"]))
    assert (filled["accept"], filled["guard"]) == (["clerk"], "handler")


def test_drills_of_handlers_that_ask_themselves(tmp_path: Path) -> None:
    names = ["clerk", "forged", "expired", "missing", "expired-after-genuine", "unknown-kid-flood", "clerk-rotated"]
    result = tried(tmp_path, named.FLASK_INSIDE, _flask_routes(), credentials=names, drills=True)
    assert result.failed == set()
    drilled = {v.credential for v in result.record.verdicts if v.route == "GET /letters"}
    assert {"expired-after-genuine", "unknown-kid-flood"} <= drilled


def _flask_routes() -> str:
    path = '{ letter = "00000000-0000-0000-0000-000000000001" }'
    return f'"GET /letters" = "inside"\n"GET /letters/{{letter}}" = {{ policy = "inside", path = {path} }}'


def test_handlers_that_ask_themselves_have_no_finding(tmp_path: Path) -> None:
    assert tried(tmp_path, named.FLASK_INSIDE, _flask_routes()).failed == set()


def test_options_are_answered_by_the_framework(tmp_path: Path) -> None:
    result = tried(tmp_path, named.OPTIONS_INSIDE, '"GET /letters" = "inside"')
    assert result.verdicts["GET /letters", "options-method"].verdict == "pass"
    assert result.failed == set()


# What is no decision


def test_too_many_requests_are_no_decision(tmp_path: Path) -> None:
    written(tmp_path, named.LIMITED)
    command = f"{sys.executable} backend.py {{port}}"
    result = tried(tmp_path, named.LIMITED, '"GET /letters" = "clerk"', command=command, openapi="", time_limit=3)
    assert result.kinds("GET /letters") <= {"pass", "inconclusive"}
    shut = [v for v in result.record.verdicts if v.verdict == "inconclusive"]
    assert shut
    assert any("throttl" in f"{v.seen} {v.detail} {v.hint}".lower() for v in shut)
    assert not result.record.passed


def test_a_handler_that_fails_is_one_finding(tmp_path: Path) -> None:
    result = tried(tmp_path, named.PUBLIC_500, '"POST /inbound/mail" = "public"')
    assert [(v.verdict, v.route, v.credential) for v in result.record.verdicts if v.failed] == [
        ("handler-error", "POST /inbound/mail", "")
    ]


# Browsers


def test_a_refused_preflight_is_noted(tmp_path: Path) -> None:
    result = tried(tmp_path, named.CORS_WRONG, named.CORS_ROUTES, credentials=[])
    assert result.failed == set()
    assert "preflight" in said(result) or "cors" in said(result)


def test_a_refused_preflight_locks_the_front_end_out(tmp_path: Path) -> None:
    origin = 'origin = "http://localhost:3000"\n'
    result = tried(tmp_path, named.CORS_WRONG, named.CORS_ROUTES, settings=origin)
    assert result.failed == {
        ("lockout", "GET /letters", "cors-preflight"),
        ("lockout", "POST /letters", "cors-preflight"),
    }


def test_an_answered_preflight(tmp_path: Path) -> None:
    origin = 'origin = "http://localhost:3000"\n'
    result = tried(tmp_path, named.CORS_RIGHT, named.CORS_ROUTES, settings=origin)
    assert result.failed == set()
    assert result.verdicts["GET /letters", "cors-preflight"].verdict == "pass"
    assert result.verdicts["GET /letters", "cors-foreign-origin"].verdict == "pass"
