"""`clerk-harness issuer`, as people and other languages' tests use it: by its command, its page and its control API."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import yaml

from harness.cli.main import _parser
from tests.conftest import ROOT

SEED = """
secret_key = "sk_test_mine"
[session_claims]
email = "{{user.primary_email_address}}"
[[organizations]]
slug = "acme"
name = "Acme"
[[users]]
email = "zoe@example.com"
emails = [{ address = "old@example.com", verified = false }]
first_name = "Zoe <script>"
organizations = { acme = "org:admin" }
public_metadata = { plan = "pro" }
[[users]]
email = "ban@example.com"
banned = true
[jwt_templates.backend]
claims = { aud = "backend" }
lifetime = 300
"""
Start = Callable[..., tuple[str, "subprocess.Popen[str]"]]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(SEED)
    return path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an issuer; its URL and the process, once it has printed all it prints."""
    processes = []

    def run(*options: str, directory: Path = ROOT) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "harness", "issuer", *options]
        process = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        processes.append(process)
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("# a token:"):
                break
        process.printed = printed  # type: ignore[attr-defined]
        found = re.search(r"# fake Clerk on (\S+) and", printed)
        assert found, printed
        return found[1], process

    yield run
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


def control(process: subprocess.Popen[str]) -> str:
    """The URL of the control API, as it was printed."""
    found = re.search(r'^export CLERK_HARNESS_URL="(\S+)"$', process.printed, re.MULTILINE)  # type: ignore[attr-defined]
    assert found is not None
    return found[1]


def issuer(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "issuer", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def test_what_it_prints_configures_a_shell(start: Start) -> None:
    _, process = start()
    script = process.printed + "\nenv -0"  # type: ignore[attr-defined]
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    variables = dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if "=" in entry)
    keys = httpx.get(variables["CLERK_JWKS_URL"], trust_env=False).json()["keys"]
    host = base64.b64decode(variables["CLERK_PUBLISHABLE_KEY"].removeprefix("pk_test_")).decode()
    assert variables["CLERK_ISSUER"] == f"https://{host.removesuffix('$')}"
    api = {"authorization": f"Bearer {variables['CLERK_SECRET_KEY']}"}
    user = httpx.get(f"{variables['CLERK_API_URL']}/v1/users?limit=1", headers=api, trust_env=False).json()[0]["id"]
    token = httpx.get(f"{control(process)}/_harness/users/{user}/token", trust_env=False).text.strip()
    for key in (variables["CLERK_JWT_KEY"], jwt.PyJWK(keys[0]).key):
        assert jwt.decode(token, key, algorithms=["RS256"], issuer=variables["CLERK_ISSUER"])["sub"] == user


def test_a_seed_file_says_who_is_known(start: Start, seed: Path) -> None:
    _, process = start("--seed", str(seed))
    with httpx.Client(
        base_url=control(process), headers={"authorization": "Bearer sk_test_mine"}, trust_env=False
    ) as client:
        (zoe,) = client.get("/v1/users", params={"email_address": "zoe@example.com"}).json()
        states = {e["email_address"]: e["verification"]["status"] for e in zoe["email_addresses"]}
        assert states == {"zoe@example.com": "verified", "old@example.com": "unverified"}
        assert zoe["public_metadata"] == {"plan": "pro"}
        (acme,) = client.get("/v1/organizations", params={"query": "acme"}).json()["data"]
        members = client.get(f"/v1/organizations/{acme['id']}/memberships").json()["data"]
        assert [(m["public_user_data"]["user_id"], m["role"]) for m in members] == [(zoe["id"], "org:admin")]
        assert [u["banned"] for u in client.get("/v1/users", params={"query": "ban@example.com"}).json()] == [True]
        token = client.get(f"/_harness/users/{zoe['id']}/token", params={"lifetime": 600}).text.strip()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["email"], claims["o"]["slg"], claims["exp"] - claims["iat"]) == ("zoe@example.com", "acme", 600)
        session = client.post("/v1/sessions", json={"user_id": zoe["id"]}).json()["id"]
        templated = client.post(f"/v1/sessions/{session}/tokens/backend").json()["jwt"]
        assert jwt.decode(templated, options={"verify_signature": False})["aud"] == "backend"


def test_ids_are_the_same_at_every_start(start: Start, seed: Path) -> None:
    found = []
    for _ in range(2):
        url, _ = start("--seed", str(seed))
        answer = httpx.get(f"{url}/v1/users", headers={"authorization": "Bearer sk_test_mine"}, trust_env=False)
        found.append({user["id"] for user in answer.json()})
    assert found[0] == found[1]


def test_its_page_shows_users_and_sessions(start: Start, seed: Path) -> None:
    url, process = start("--seed", str(seed))
    link = re.search(r"^# its page, .*: (\S+)$", process.printed, re.MULTILINE)  # type: ignore[attr-defined]
    assert link is not None
    tokens = re.findall(r'href="(\S+/_harness/users/user_\w+/token)"', httpx.get(link[1], trust_env=False).text)
    assert httpx.get(f"{url}{tokens[-1]}", trust_env=False).text.count(".") == 2
    page = httpx.get(link[1], trust_env=False)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for shown in ("zoe@example.com", "old@example.com (unverified)", "acme (org:admin)", "banned", "sess_", "active"):
        assert shown in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("slug", "slugg"), "organizations.0.slugg: unknown key; did you mean 'slug'?"),
        (
            ("lifetime = 300", "lifetime = 1"),
            "jwt_templates.backend.lifetime: Input should be greater than or equal to 30",
        ),
        (("sk_test_mine", "sk_live_mine"), "secret_key: "),
        (("acme = ", "nowhere = "), "users.0.organizations: no organization 'nowhere'; known: acme"),
        (("org:admin", "king"), "users.0.organizations.acme: a role is one of org:admin, org:member"),
        (("ban@example.com", "ZOE@example.com"), "users.1: ZOE@example.com is another user's already"),
        (("[[users]]", "[[user]]"), "did you mean 'users'?"),
        (("first_name = ", "first_name "), "not valid TOML"),
    ],
)
def test_a_mistake_in_the_seed_is_told_in_one_sentence(seed: Path, change: tuple[str, str], told: str) -> None:
    seed.write_text(SEED.replace(*change))
    done = issuer("--seed", str(seed))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert str(seed) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "nowhere.toml"], "nowhere.toml: no such file"),
        (["--webhooks", "https://example.com/"], "--webhooks: webhooks go to"),
        (["--port", "99999"], "--port 99999"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1"),
        (["--env-file", "README.md"], "README.md: exists already"),
        (["--allow-host", "http://clerk-harness"], "--allow-host http://clerk-harness: a host's name or address"),
        (["--", "no-such-program"], "no-such-program: cannot be started"),
    ],
)
def test_a_mistake_in_the_options_is_told_in_one_sentence(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = issuer(*words)
    assert list(tmp_path.iterdir()) == [], "something was left behind"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert told in done.stderr


def test_a_file_of_variables_lasts_as_long_as_the_issuer(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "clerk.env"
    url, process = start("--env-file", str(path))
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert json.loads(lines["CLERK_API_URL"]) == url
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    assert not path.exists()


def test_webhooks_leave_for_the_url(start: Start) -> None:
    _, process = start("--webhooks", "http://127.0.0.1:9/hook")
    with httpx.Client(base_url=control(process), trust_env=False, timeout=40) as client:
        secret = client.get("/_harness/environment").json()["CLERK_SECRET_KEY"]
        made = {"email_address": ["new@example.com"]}
        client.post("/v1/users", json=made, headers={"authorization": f"Bearer {secret}"}).raise_for_status()
        (message,) = client.post("/_harness/webhooks/flush").json()["data"]
    assert (message["type"], message["delivered"]) == ("user.created", False)
    assert "refused" in message["attempts"][0]


PROGRAM = """
import os, sys, httpx
key = {"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]}
print(len(httpx.get("https://api.clerk.com/v1/users", headers=key).json()))
try:
    httpx.get("https://example.com/")
except httpx.HTTPError:
    pass
print(httpx.get(os.environ["CLERK_HARNESS_URL"] + "/_harness/counts").json()["operations"])
sys.exit(3)
"""


def test_a_command_runs_with_the_fake_at_clerk_s_names(seed: Path) -> None:
    done = issuer("--seed", str(seed), "--", sys.executable, "-c", PROGRAM)
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines() == ["2", "{'GetUserList': 1}"]
    assert "refused connections to: example.com" in done.stderr
    assert "Clerk was asked for: GetUserList 1" in done.stderr


def test_a_live_key_in_the_shell_stops_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "issuer", "--", sys.executable, "-c", "print('ran')"]
    environment = os.environ | {"MY_KEY": "sk_live_abcdefgh", "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "MY_KEY holds a live key" in done.stderr
    assert list(tmp_path.iterdir()) == [], "something was left behind"


# Names and tokens for containers


def test_a_further_name_is_allowed_by_an_option(start: Start) -> None:
    _, process = start("--host", "0.0.0.0", "--allow-host", "clerk-harness", "--allow-host", "fake.internal")
    statuses = {
        name: httpx.get(f"{control(process)}/_harness/counts", headers={"host": name}, trust_env=False).status_code
        for name in ("clerk-harness:8765", "fake.internal", "localhost", "0.0.0.0", "rebound.example")
    }
    assert statuses == {
        "clerk-harness:8765": 200, "fake.internal": 200, "localhost": 200, "0.0.0.0": 403, "rebound.example": 403
    }  # fmt: skip


def test_the_environment_may_have_the_token(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLERK_HARNESS_TOKEN", "known-to-both-containers")
    url, process = start()
    assert control(process) == f"{url}/~known-to-both-containers"
    assert httpx.get(f"{control(process)}/_harness/counts", trust_env=False).status_code == 200


@pytest.mark.parametrize("token", ["short", "", "a/b/c/d/e/f/g/h/i/j/k/l"])
def test_a_token_that_is_none_is_refused_and_not_repeated(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLERK_HARNESS_TOKEN", token)
    done = issuer("--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("clerk-harness: CLERK_HARNESS_TOKEN: 16 to 128 letters")
    assert not token or token not in done.stderr


# What is given to copy


def test_the_container_file_copies_what_the_issuer_needs(tmp_path: Path, start: Start) -> None:
    lines = (ROOT / "Containerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in sources:
                to = tmp_path / target / (source if target == "./" else "")
                copy: Any = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, to)
    words = ("ENTRYPOINT ", "CMD ")
    parts = [json.loads(line.removeprefix(word)) for word in words for line in lines if line.startswith(word)]
    command = [word for part in parts for word in part]
    assert command[:2] == ["clerk-harness", "issuer"]
    options = ["0" if word == "8765" else word for word in command[2:]]  # A port that is free here.
    url, _ = start(*options, directory=tmp_path)
    assert httpx.get(f"{url}/.well-known/jwks.json", trust_env=False).json()["keys"]
    assert httpx.get(f"{url}/_harness/ca.pem", trust_env=False).text.startswith("-----BEGIN CERTIFICATE-----")


def test_the_workflow_s_commands_exist() -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "github-actions.yml").read_text())
    steps = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    commands = [shlex.split(step)[1:] for step in steps if step.startswith("clerk-harness ")]
    assert [_parser().parse_args(words).do for words in commands] == ["run", "issuer"]


def test_the_package_has_what_runs_in_other_processes() -> None:
    """Node's and Python's hooks are no modules: only package data brings them along."""
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert all(f'"targets/agent/{each}"' in pyproject for each in ("*.cjs", "startup/*.py", "node/*"))
    assert (ROOT / "harness" / "targets" / "agent" / "redirect.cjs").is_file()
