"""The reference platform is what the plan describes, in both stages; and the harness finds in the mixed one what is wrong."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from harness.contracts.matrix import load
from harness.database import Server, Workspace
from harness.fake_clerk import FakeClerk
from harness.run.context import Session
from harness.run.options import Options, base_environment
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
    with Session(Options(suites=SUITES, python=sys.executable, agents=1), load(SUITES), server=postgres) as session:
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
        with Session(options, load(SUITES), server=postgres) as session:
            found.append({route.key: (route.endpoint, route.hidden, route.tags) for route in session.target.routes})
    assert found[0] == found[1]


# The platform itself, served as in production.


@pytest.fixture
def workspace(postgres: Server) -> Iterator[Workspace]:
    workspace = Workspace(postgres)
    yield workspace
    workspace.close()


def environment(clerk: FakeClerk, url: str, stage: str = "unified", **more: str) -> dict[str, str]:
    spelled = url.replace("postgresql://", "postgresql+psycopg://")
    return base_environment() | clerk.environment() | {"DATABASE_URL": spelled, "PLATFORM_STAGE": stage} | more


def run(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=PLATFORM, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "NEXT_PUBLIC_CLERK_DOMAIN", "CLERK_SECRET_KEY", "CLERK_WEBHOOK_SECRET"]
)
def test_missing_configuration_fails_at_start_with_the_variable_s_name(name: str) -> None:
    with FakeClerk() as clerk:
        env = environment(clerk, "postgresql://nobody@127.0.0.1:1/x")
        del env[name]
        done = run(["-c", "import app.main"], env)
    assert done.returncode == 1
    assert f"missing environment variable {name}" in done.stderr


def test_the_migration_keeps_the_data_and_can_go_back(workspace: Workspace) -> None:
    url = workspace.create_template()
    with FakeClerk() as clerk:
        assert run(["-m", "app.manage", "migrate"], environment(clerk, url, "mixed")).returncode == 0
        with psycopg.connect(url, autocommit=True) as connection:
            columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'"
            before = {name for (name,) in connection.execute(columns)}
            assert not before & {"first_name", "last_name", "is_active"}
            connection.execute((SUITES / "seed.sql").read_text().encode())
            people = connection.execute(
                "SELECT id, email, clerk_user_id, onboarding_completed FROM users ORDER BY id"
            ).fetchall()
        assert run(["-m", "app.manage", "migrate"], environment(clerk, url, "unified")).returncode == 0
        with psycopg.connect(url, autocommit=True) as connection:
            assert {name for (name,) in connection.execute(columns)} == before | {
                "first_name",
                "last_name",
                "is_active",
            }
            again = connection.execute(
                "SELECT id, email, clerk_user_id, onboarding_completed FROM users ORDER BY id"
            ).fetchall()
            assert again == people
            assert connection.execute("SELECT bool_and(is_active) FROM users").fetchone() == (True,)
        done = run(["-m", "alembic", "downgrade", "-1"], environment(clerk, url))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(url, autocommit=True) as connection:
            assert {name for (name,) in connection.execute(columns)} == before
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (len(people),)


class Served:
    """The platform behind uvicorn, in a process that an agent's redirection serves as well as in a run."""

    def __init__(self, clerk: FakeClerk, url: str) -> None:
        names = str(ROOT / "benchmarks" / "names")
        env = environment(clerk, url, PYTHONPATH=names, BENCHMARK_FAKE_PORT=str(clerk.port))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"], cwd=PLATFORM, env=env, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                self.url = found[1]
                break
        else:
            raise AssertionError("".join(lines))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def migrated(postgres: Server) -> Iterator[Workspace]:
    workspace = Workspace(postgres)
    url = workspace.create_template()
    with FakeClerk() as clerk:
        done = run(["-m", "app.manage", "migrate"], environment(clerk, url))
    assert done.returncode == 0, done.stderr
    yield workspace
    workspace.close()


NUMBERS = itertools.count()


@pytest.fixture
def served(migrated: Workspace) -> Iterator[tuple[Served, FakeClerk, str]]:
    url = migrated.clone(next(NUMBERS))
    with FakeClerk() as clerk:
        server = Served(clerk, url)
        yield server, clerk, url
        server.close()


def _users(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT email, clerk_user_id, first_name FROM users").fetchall()


def test_two_first_requests_at_once_make_one_user(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, url = served
    user = clerk.directory.add_user("racer@example.com", first_name="Rae")
    headers = {"Authorization": f"Bearer {clerk.session_token(user)}"}
    barrier, answers = threading.Barrier(8), []

    def first_request() -> None:
        barrier.wait()
        answers.append(httpx.get(f"{server.url}/users/me", headers=headers).status_code)

    threads = [threading.Thread(target=first_request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert _users(url) == [("racer@example.com", user.id, "Rae")]


def test_an_account_is_adopted_by_its_verified_address_only(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, url = served
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO users (email) VALUES ('old@example.com')")
    thief = clerk.directory.add_user("old@example.com", id="user_thief")
    thief.emails[0].verified = False
    assert (
        httpx.get(
            f"{server.url}/users/me", headers={"Authorization": f"Bearer {clerk.session_token(thief)}"}
        ).status_code
        == 401
    )
    owner = clerk.directory.add_user("Old@example.com", id="user_owner")
    assert (
        httpx.get(
            f"{server.url}/users/me", headers={"Authorization": f"Bearer {clerk.session_token(owner)}"}
        ).status_code
        == 200
    )
    assert [row[1] for row in _users(url)] == ["user_owner"]


def test_webhooks_are_taken_once_and_in_any_order(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, url = served
    user = clerk.directory.add_user("hook@example.com", first_name="Hank")

    def deliver(kind: str, data: dict[str, Any]) -> httpx.Response:
        body = json.dumps({"data": data, "object": "event", "type": kind}).encode()
        return httpx.post(f"{server.url}/auth/webhook", content=body, headers=clerk.webhook_headers(body))

    assert deliver("user.updated", {"id": user.id}).json() == {"status": "ok"}
    assert [row[0] for row in _users(url)] == ["hook@example.com"]
    headers = {"Authorization": f"Bearer {clerk.session_token(user)}"}
    assert httpx.get(f"{server.url}/users/me", headers=headers).status_code == 200
    clerk.directory.remove_user(user.id)
    assert deliver("user.deleted", {"id": user.id, "object": "user", "deleted": True}).status_code == 200
    assert httpx.get(f"{server.url}/users/me", headers=headers).status_code == 401
    assert deliver("user.updated", user.as_json()).status_code == 200  # Late: it must not open the door again.
    assert httpx.get(f"{server.url}/users/me", headers=headers).status_code == 401
    body = b'{"data": {"id": "user_x"}, "type": "user.created"}'
    headers = clerk.webhook_headers(body)
    assert httpx.post(f"{server.url}/auth/webhook", content=body, headers=headers).json() == {"status": "ok"}
    assert httpx.post(f"{server.url}/auth/webhook", content=body, headers=headers).json() == {"status": "seen"}
    assert httpx.post(f"{server.url}/auth/webhook", content=body + b" ", headers=headers).status_code == 400


def test_health_tells_the_truth(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, _ = served
    assert httpx.get(f"{server.url}/auth/health").json()["jwks"] == "ok"
    clerk._server.close()  # type: ignore[union-attr]
    clerk._server = None
    assert httpx.get(f"{server.url}/auth/health").json()["jwks"] == "unreachable"


def test_every_refusal_reads_the_same(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, _ = served
    stranger = clerk.session_token(clerk.directory.add_user("x@example.com"), lifetime=-100)
    answers = {
        (answer.status_code, answer.text, answer.headers["www-authenticate"])
        for value in (None, "Bearer x", "Basic x", f"Bearer {stranger}", "Bearer a.b.c")
        for answer in [httpx.get(f"{server.url}/users/me", headers={"Authorization": value} if value else {})]
    }
    assert answers == {(401, '{"detail":"Not authenticated"}', "Bearer")}


def test_a_cookie_needs_an_authorized_party_and_a_header_decides_alone(served: tuple[Served, FakeClerk, str]) -> None:
    server, clerk, url = served
    user = clerk.directory.add_user("page@example.com", first_name="Pia")
    ours, nobodys, foreign = (
        clerk.session_token(user, azp=party) for party in ("http://localhost:3000", None, "https://evil.example")
    )
    expired = clerk.session_token(user, lifetime=-100)

    def seen(*cookies: str, header: str | None = None) -> int:
        headers = [("Cookie", f"__session={token}") for token in cookies]
        headers += [("Authorization", header)] if header is not None else []
        answers = {
            httpx.request(method, f"{server.url}/auth/browser{path}", headers=headers).status_code
            for method, path in (("GET", ""), ("POST", "/seen"))
        }
        (status,) = answers
        return status

    assert (seen(ours), seen(nobodys), seen(foreign), seen(expired), seen()) == (200, 401, 401, 401, 401)
    assert seen(ours, ours) == 401  # Sites beside ours can set one too.
    by_header = [f"Bearer {token}" for token in (ours, nobodys, foreign, expired)]
    assert [seen(header=header) for header in by_header] == [200, 200, 401, 401]
    assert [seen(ours, header=header) for header in (*by_header, "", "Basic x")] == [200, 200, 401, 401, 401, 401]
    assert seen(expired, header=f"Bearer {ours}") == 200
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT xp FROM user_progress").fetchone() == (6,)


def test_the_platform_over_a_url_judged_from_outside(served: tuple[Served, FakeClerk, str], tmp_path: Path) -> None:
    """The harness's own issuer is not the one that this server trusts, so it finds everybody locked out, and nobody let in."""
    server, _, _ = served
    result = judged(
        Options(suites=SUITES, url=server.url, credentials=["clerk", "forged", "missing"], routers=["peers", "docs"])
    )
    assert {verdict for verdict, route, _ in result.failed if "peers" in route} == {"lockout", "inconclusive"}
    assert all(v.evidence == "status" for v in result.record.verdicts)
    assert os.listdir(tmp_path) == []
