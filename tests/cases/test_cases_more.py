"""The named cases, second half: mounts, streams, neighbours, messages, visitors, clocks and keys."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.run.options import Options
from tests.cases import named, named_more
from tests.cases.kit import BAD, FEW, findings, said, tried
from tests.conftest import judged

# Places and times


def test_mounts_below_a_root_path(tmp_path: Path) -> None:
    result = tried(tmp_path, named_more.MOUNTS, named_more.MOUNTS_ROUTES, head='prefix = "/"\npolicy = "public"')
    assert result.failed == set()
    for route in ("GET /v1/profile", "GET /v2/profile", "GET /twice"):
        assert result.verdicts[route, "forged"].verdict == "pass"
        assert result.verdicts[route, "clerk"].verdict == "pass"


MOMENTS = ["clerk-other", "clerk-newcomer", "two-identities-at-once", "head-method", "options-method", "x-user-id"]
"""Whose answers are compared with one another."""


def test_streams_and_contexts(tmp_path: Path) -> None:
    result = tried(tmp_path, named_more.STREAMS, named_more.STREAMS_ROUTES, credentials=[*FEW, *MOMENTS], time_limit=2)
    assert result.failed == set()
    assert len({v.route for v in result.record.verdicts if v.credential == "forged" and not v.failed}) == 11


def test_answers_that_change_by_themselves(tmp_path: Path) -> None:
    result = tried(
        tmp_path, named_more.CHANGING, named_more.CHANGING_ROUTES, credentials=[*FEW, *MOMENTS], time_limit=2
    )
    assert result.failed == set()


def test_a_slow_neighbour(tmp_path: Path) -> None:
    names = [*FEW, "clerk-v1", "clerk-no-azp", "clerk-other", "expired-just-now"]
    result = tried(tmp_path, named_more.SLOW, named_more.SLOW_ROUTES, credentials=names, time_limit=3)
    assert result.failed == set()


@pytest.mark.parametrize("policy", ["clerk", "public"])
def test_a_first_message_that_nobody_declared(tmp_path: Path, policy: str) -> None:
    code = named_more.TALK.replace("GUARD", "session")
    routes = f'"GET /profile" = "clerk"\n"WS /talk" = "{policy}"'
    result = tried(tmp_path, code, routes, credentials=FEW, time_limit=2)
    assert findings(result, "inconclusive", "WS /talk")
    assert {route for _, route, _ in result.failed} == {"WS /talk"}
    assert {kind for kind, _, _ in result.failed} == {"inconclusive"}


MESSAGE = """messages = ['{"token": "{token}"}']"""


def test_a_first_message_that_is_declared(tmp_path: Path) -> None:
    line = f'"GET /profile" = "clerk"\n"WS /talk" = {{ policy = "clerk", carrier = "message", {MESSAGE} }}'
    result = tried(tmp_path, named_more.TALK.replace("GUARD", "session"), line, credentials=FEW, time_limit=2)
    assert result.failed == set()
    assert {result.verdicts["WS /talk", name].verdict for name in ("clerk", "forged", "expired", "missing")} == {"pass"}


def test_a_first_message_that_is_only_read(tmp_path: Path) -> None:
    line = f'"GET /profile" = "clerk"\n"WS /talk" = {{ policy = "clerk", carrier = "message", {MESSAGE} }}'
    result = tried(tmp_path, named_more.TALK.replace("GUARD", "read"), line, credentials=FEW, time_limit=2)
    assert findings(result, "breach", "WS /talk") >= BAD
    assert {route for _, route, _ in result.failed} == {"WS /talk"}


def test_a_first_message_without_a_template_is_not_examined(tmp_path: Path) -> None:
    line = '"GET /profile" = "clerk"\n"WS /talk" = { policy = "clerk", carrier = "message" }'
    result = tried(tmp_path, named_more.TALK.replace("GUARD", "session"), line, credentials=FEW, time_limit=2)
    assert result.failed == set()
    assert result.record.passed
    assert "not examined" in said(result)


# Optional


def test_visitors_and_what_they_show(tmp_path: Path) -> None:
    result = tried(tmp_path, named_more.VISITORS, '"GET /news" = "optional"\n"GET /gossip" = "optional"')
    assert {route for _, route, _ in result.failed} == {"GET /gossip"}
    assert {kind for kind, _, _ in result.failed} == {"breach"}
    assert findings(result, "breach", "GET /gossip") >= BAD | {"garbage", "azp-foreign", "expired-years"}


# Clocks and keys


def test_a_clock_ahead(tmp_path: Path) -> None:
    right = tried(tmp_path, named_more.PROFILE, '"GET /profile" = "clerk"', credentials=[*FEW, "clerk-clock-ahead"])
    assert right.failed == set()
    quiet = said(right)
    brittle = tried(tmp_path, named_more.NO_LEEWAY, '"GET /profile" = "clerk"', credentials=[*FEW, "clerk-clock-ahead"])
    assert brittle.failed == set()
    assert any(word in said(brittle) and word not in quiet for word in ("ahead", "leeway", "clock"))


def test_a_clock_ahead_that_the_policy_admits(tmp_path: Path) -> None:
    policies = '[policies.patient]\naccept = ["clerk", "clerk-clock-ahead"]\n'
    names = [*FEW, "clerk-clock-ahead"]
    result = tried(tmp_path, named_more.NO_LEEWAY, '"GET /profile" = "patient"', policies=policies, credentials=names)
    assert result.failed == {("lockout", "GET /profile", "clerk-clock-ahead")}


@pytest.mark.parametrize(("code", "locked"), [(named_more.NEVER_AGAIN, True), (named_more.PROFILE, False)])
def test_a_rotation(tmp_path: Path, code: str, locked: bool) -> None:
    names = ["clerk", "forged", "missing", "clerk-rotated"]
    result = tried(tmp_path, code, '"GET /profile" = "clerk"', credentials=names, drills=True)
    assert result.failed == ({("lockout", "GET /profile", "clerk-rotated")} if locked else set())


# A cell is judged alike in company and alone


@pytest.mark.parametrize(
    ("code", "routes", "names"),
    [
        (named.ORG_ADMIN.replace("STATUS", "403"), named.ORG_ADMIN_ROUTES, ["forged", "clerk", "missing"]),
        (named.ELSEWHERE, '"GET /letters" = "clerk"', ["forged", "clerk", "missing"]),
        (named.ELSEWHERE, '"GET /letters" = "bridge"', ["forged", "clerk", "legacy"]),
        (named_more.PROFILE, '"GET /profile" = "bridge"', ["forged", "clerk", "legacy"]),
        (named_more.PROFILE, '"GET /profile" = "both"', ["forged", "clerk", "m2m-jwt"]),
    ],
)
def test_alone_as_in_company(tmp_path: Path, code: str, routes: str, names: list[str]) -> None:
    policies = '[policies.bridge]\naccept = ["clerk", "legacy"]\n'
    result = tried(tmp_path, code, routes, policies=policies, credentials=[*FEW, "clerk-org-admin", "m2m-jwt"])
    together: dict[Any, str] = {key: verdict.verdict for key, verdict in result.verdicts.items()}
    options = Options(suites=tmp_path / "suites", app="backend:app", app_dir=tmp_path, python=sys.executable, agents=1)
    for name in names:
        alone = judged(replace(options, credentials=[name])).verdicts
        shared = {key: verdict.verdict for key, verdict in alone.items() if key in together and key[1]}
        assert shared, name
        assert shared == {key: together[key] for key in shared}


def test_where_only_the_old_scheme_gets_in(tmp_path: Path) -> None:
    """Refusals of Clerk's forgeries prove nothing on a route that never looks at a Clerk token."""
    code = named_more.PROFILE + (
        "import base64\n"
        "def person_of_old(request: Request):\n"
        "    try:\n"
        "        email = base64.b64decode(bearer(request) or '', validate=True).decode().split(':')[0]\n"
        "    except ValueError:\n"
        "        email = ''\n"
        "    if '@' not in email: raise refused()\n"
        "    return email\n"
        "app.dependency_overrides[person] = person_of_old\n"
    )
    policies = (
        '[policies.bridge]\naccept = ["clerk", "legacy"]\ntolerate = ["legacy-unknown-user", "legacy-wrong-email"]\n'
    )
    result = tried(tmp_path, code, '"GET /profile" = "bridge"', policies=policies, credentials=FEW)
    assert findings(result, "lockout") == {"clerk"}
    assert findings(result, "inconclusive") >= BAD
    assert not findings(result, "breach")


def test_drills_where_nobody_gets_in(tmp_path: Path) -> None:
    code = named_more.PROFILE + "def nobody(): raise refused()\napp.dependency_overrides[person] = nobody\n"
    names = ["jwks-outage", "jwks-empty", "unknown-kid-flood", "jwks-heals"]
    result = tried(tmp_path, code, '"GET /profile" = "clerk"', credentials=["clerk", *names], drills=True)
    assert findings(result, "lockout") == {"clerk"}
    for name in names:
        assert result.verdicts["GET /profile", name].verdict == "inconclusive", name


COUNTED = """
@app.get("/open")
def opened(request: Request):
    with open("runs.txt", "a") as file:
        file.write("x")
    if REFUSES:
        raise HTTPException(401)
    return {"ok": True}
"""


def test_the_handler_of_a_public_route_runs_no_oftener_than_the_proof_needs(judge_app: Any, tmp_path: Path) -> None:
    code = COUNTED.replace("REFUSES", "False")
    result = judge_app(code, '"GET /open" = "public"', only=["GET /open"], drills=False)
    assert result.kinds("GET /open") == {"pass"}
    assert len(result.verdicts) > 200
    assert 20 < len((tmp_path / "runs.txt").read_text()) < 80


def test_a_public_route_that_refuses_a_token_in_its_handler_is_seen(judge_app: Any) -> None:
    code = COUNTED.replace("REFUSES", '"authorization" in request.headers')
    result = judge_app(code, '"GET /open" = "public"', only=["GET /open"], drills=False)
    assert {"clerk", "forged", "expired"} <= {name for kind, _, name in result.failed if kind == "lockout"}
