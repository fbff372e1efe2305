"""The reference platform itself, served as in production: its configuration, migration, user sync, webhooks and refusals."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from harness.database import Server, Workspace
from harness.fake_clerk import FakeClerk
from harness.run.environment import base_environment
from harness.run.options import Options
from tests.conftest import ROOT, judged

SUITES = ROOT / "suites"
PLATFORM = ROOT / "examples" / "platform"


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
