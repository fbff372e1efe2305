"""The reference platform is what the plan describes, in both stages; and the harness finds in the mixed one what is wrong."""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from harness.contracts.matrix import load
from harness.database import Server
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import ROOT, Judged, judged

SUITES = ROOT / "suites"
PLATFORM = ROOT / "examples" / "platform"
CLERK_FROM_THE_START = {"users", "onboarding", "peers", "jobs", "chat", "auth_clerk"}
LEGACY = {
    "conversations", "messages", "share", "chat_analytics", "profiles", "courses", "recommendations", "careers", "career_goals",
    "career_progression", "competence_tree", "tree_paths", "node_notes", "space", "education", "school_programs", "holland_test",
    "hexaco_test", "insight", "reflection", "avatar", "user_progress", "vector_search",
}  # fmt: skip


@pytest.fixture(scope="module")
def mixed(postgres: Server) -> Judged:
    names = [
        "clerk",
        "clerk-newcomer",
        "clerk-org-admin",
        "legacy",
        "legacy-header-clerk-cookie",
        "forged",
        "garbage",
        "missing",
        "webhook",
    ]
    options = Options(suites=SUITES, python=sys.executable, env={"PLATFORM_STAGE": "mixed"}, credentials=names)
    return judged(options, server=postgres)


@pytest.fixture(scope="module")
def unified(postgres: Server) -> Judged:
    genuine = ["clerk", "clerk-newcomer", "clerk-org-admin", "clerk-rotated", "clerk-cookie", "webhook"]
    names = [*genuine, "legacy", "forged", "expired", "missing", "alg-none", "hs256-with-pem"]
    return judged(Options(suites=SUITES, python=sys.executable, credentials=names), server=postgres)


def test_it_is_as_large_as_the_plan_says(unified: Judged) -> None:
    routers = {plan.router for plan in unified.record.plan.routes}
    assert routers >= CLERK_FROM_THE_START | LEGACY
    assert len(routers) >= 25
    assert len(unified.record.plan.routes) >= 110
    kinds = {plan.route.kind for plan in unified.record.plan.routes}
    assert kinds == {"http", "websocket"}
    assert any(plan.route.hidden for plan in unified.record.plan.routes)
    assert any(plan.route.mount for plan in unified.record.plan.routes)
    assert any(plan.example.files for plan in unified.record.plan.routes)
    assert {"public", "clerk", "browser", "admin", "webhook"} == {
        plan.policy_name for plan in unified.record.plan.routes
    }


def test_the_unified_stage_has_no_finding(unified: Judged) -> None:
    assert unified.failed == set()
    assert unified.record.passed


def test_every_legacy_router_is_named_with_its_breach_and_its_lockout(mixed: Judged) -> None:
    found = defaultdict(set)
    for verdict in mixed.record.findings:
        found[verdict.router].add((verdict.verdict, verdict.credential))
    for router in LEGACY:
        assert ("breach", "legacy") in found[router], router
        assert ("lockout", "clerk") in found[router], router


def test_the_broken_sync_shows_as_a_fault_on_clerk_s_routes_only(mixed: Judged) -> None:
    faults = {v.router for v in mixed.record.findings if v.verdict == "fault"}
    assert faults == CLERK_FROM_THE_START | {"internal"}
    fault = mixed.verdicts["GET /users/me", "clerk"]
    assert "UndefinedColumn" in fault.seen
    assert "first_name" in fault.seen


def test_nothing_else_is_said_of_the_mixed_stage(mixed: Judged) -> None:
    """Every finding is one of the four true ones: breach and lockout on legacy, fault on Clerk, and what these leave unproven."""
    for verdict in mixed.record.findings:
        told = (verdict.verdict, verdict.router in LEGACY)
        assert told in {
            ("breach", True),
            ("lockout", True),
            ("fault", False),
            ("handler-error", False),
            ("inconclusive", False),
            ("inconclusive", True),
        }, verdict
        if verdict.verdict == "breach":
            assert "legacy" in verdict.credential
            assert verdict.mechanism == ("legacy",)
        if verdict.verdict == "handler-error":
            assert (verdict.route, "UndefinedColumn" in verdict.seen) == ("POST /auth/webhook", True)
        if verdict.verdict == "inconclusive":
            assert "its undamaged twin" in verdict.detail or "its twin was not let in" in verdict.detail
            route = mixed.record.by_route()[verdict.route]
            assert not any(v.verdict == "pass" and v.expected == "accept" for v in route)


@pytest.fixture(scope="module")
def three(postgres: Server) -> list[str]:
    """Three routes of different guards, one of them a websocket."""
    with RunContext(Options(suites=SUITES, python=sys.executable, agents=1), load(SUITES), server=postgres) as session:
        keys = [plan.route.key for plan in session.plan().routes if plan.policy_name == "clerk"]
        return [
            *[key for key in keys if key.startswith("GET ")][:2],
            next(key for key in keys if key.startswith("WS ")),
        ]


def test_clerk_s_sdk_is_a_third_way_of_verification_with_no_patching(postgres: Server, three: list[str]) -> None:
    environment = {"CLERK_VERIFICATION": "sdk"}
    result = judged(Options(suites=SUITES, python=sys.executable, routes=three, env=environment), server=postgres)
    assert result.failed == set()
    assert len(result.record.verdicts) > 600
    assert result.record.blocked == []


def test_a_key_from_the_dashboard_cannot_rotate_and_that_is_told(
    postgres: Server, three: list[str], tmp_path: Path
) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(SUITES, suites)
    matrix = suites / "auth_matrix.toml"
    matrix.write_text(matrix.read_text().replace("[settings]\n", "[settings]\nrotate_within = 1\n"))
    names = ["genuine", "forged", "expired", "alg-none", "hs256-with-pem", "missing"]
    environment = {"CLERK_VERIFICATION": "pem"}
    result = judged(
        Options(
            suites=suites, app_dir=PLATFORM, python=sys.executable, routes=three, credentials=names, env=environment
        ),
        server=postgres,
    )
    assert {(verdict, credential) for verdict, _, credential in result.failed} == {("lockout", "clerk-rotated")}


def test_public_routes_are_open_in_both_stages(mixed: Judged, unified: Judged) -> None:
    for result in (mixed, unified):
        public = {plan.key for plan in result.record.plan.routes if plan.policy_name == "public"}
        assert not public & {route for _, route, _ in result.failed}


def test_the_stages_differ_in_guards_and_nothing_else(postgres: Server) -> None:
    found = []
    for stage in ("mixed", "unified"):
        options = Options(suites=SUITES, python=sys.executable, agents=1, env={"PLATFORM_STAGE": stage})
        with RunContext(options, load(SUITES), server=postgres) as session:
            found.append({route.key: (route.endpoint, route.hidden, route.tags) for route in session.target.routes})
    assert found[0] == found[1]
