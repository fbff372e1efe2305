"""The five commands as a user types them: exit codes, one clear sentence for a mistake, nothing lost or left running."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import jwt
import pytest

from tests.conftest import GUARD, MATRIX, ROOT, VERIFIER, in_this_process, write_suites

CODE = """
@app.get("/me")
def me(user: User): return {}
@app.get("/rows/{row_id}")
def row(row_id: int, user: User): return {}
@app.get("/public")
def public(): return {}
"""
ROUTES = """
"GET /me" = "clerk"
"GET /rows/{row_id}" = "clerk"
"GET /public" = "public"
"""
APP = GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(APP)
    matrix = MATRIX + '[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\n'
    write_suites(tmp_path / "suites", ROUTES, matrix=matrix)
    return tmp_path


@pytest.fixture
def command(project: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command, in this process: it takes a second to start. (As a process of its own it is tried where that matters.)"""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        more = ["--python", sys.executable] if arguments and arguments[0] in ("run", "routes", "init") else []
        return in_this_process([*arguments, *more], project, capfd, environment)

    return run


def test_run_passes_and_says_where_the_report_is(command: Run, project: Path) -> None:
    done = command("run", "--no-drills")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout
    assert "report: reports/auth-matrix.html" in done.stdout
    assert (project / "reports" / "auth-matrix.json").exists()


def test_run_fails_with_the_finding_and_its_repetition(command: Run, project: Path) -> None:
    (project / "backend.py").write_text(APP.replace("def me(user: User)", "def me()"))
    done = command("run", "--no-drills", "--env", "API_TOKEN=abc", "--env", "STAGE=x")
    assert done.returncode == 1
    assert re.search(r"BREACH +.* on GET /me \(app\)", done.stdout)
    repeat = re.search(r"repeat: (clerk-harness .*)", done.stdout)
    assert repeat is not None
    assert '--env API_TOKEN="$API_TOKEN" --env STAGE=x' in repeat[1]
    again = subprocess.run(
        ["sh", "-c", repeat[1].replace("clerk-harness", f"{sys.executable} -m harness")], cwd=project, capture_output=True,
        text=True, check=False, env=os.environ | {"API_TOKEN": "abc"},
    )  # fmt: skip
    assert again.returncode == 1
    assert "1 of 1 cell judged on 1 route of 1 router" in again.stdout


def test_quiet_says_nothing_but_the_end(command: Run, project: Path) -> None:
    (project / "backend.py").write_text(APP.replace("def me(user: User): return {}", "def me(): print('app')"))
    done = command("run", "--no-drills", "--quiet", "--credentials", "clerk,forged,expired", "--route", "GET /me")
    assert (done.returncode, done.stderr) == (1, "")
    breach, mixed, _, judged, *verdicts, outcome, report = done.stdout.splitlines()
    assert re.fullmatch(r"BREACH +.* on GET /me \(app\)  \[\w+\]", breach)
    assert mixed.startswith("MIXED ")
    assert judged.startswith("3 of 3 cells judged on 1 route of 1 router")
    assert [line.split()[:2] for line in verdicts] == [["breach", "2"], ["mixed", "1"]]
    assert outcome.startswith("FAILED: this is a part of the matrix")
    assert report == "report: reports/auth-matrix.html"


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _database(more: str) -> Callable[[Path], object]:
    return lambda p: (p / "suites/auth_matrix.toml").open("a").write(f"[database]\n{more}\n")


@pytest.mark.parametrize(
    ("mistake", "arguments", "told"),
    [
        (lambda p: _edit(p / "suites/auth_matrix.toml", "[policies.clerk]", "[policies.clerk"), [], "auth_matrix.toml: not valid TOML"),
        (lambda p: _edit(p / "suites/routers/app.toml", '"GET /me" = "clerk"', '"GET /me" = "clrk"'), [], "no policy 'clrk'"),
        (lambda p: _edit(p / "backend.py", "app = FastAPI", "import stripe_x\napp = FastAPI"), [], "No module named 'stripe_x'"),
        (lambda p: _edit(p / "backend.py", "app = FastAPI", "api = FastAPI"), [], "--app backend:app: importing backend failed: NameError"),
        (lambda p: None, ["--suites", "nowhere"], "nowhere: no such directory"),
        (lambda p: None, ["--app", "backend:nothing"], "no attribute 'nothing'"),
        (lambda p: None, ["--credentials", "forgd"], "did you mean 'forged'"),
        (lambda p: None, ["--router", "nobody"], "--router nobody: no such router"),
        (lambda p: None, ["--route", "GET /x"], '--route "GET /x": not a declared route'),
        (lambda p: None, ["--env", "NOVALUE"], "--env NOVALUE: write NAME=VALUE"),
        (lambda p: None, ["--env", "CLERK_SECRET_KEY=sk_live_abcdefgh"], "CLERK_SECRET_KEY holds a live key"),
        (lambda p: None, ["--url", "http://127.0.0.1:1"], "nothing answers there"),
        (lambda p: None, ["--url", "http://10.0.0.1"], "is not this machine"),
        (lambda p: None, ["--app", "a:b", "--url", "http://127.0.0.1:1"], "--app excludes --url"),
        (lambda p: None, ["--agents", "0"], "--agents 0: between 1 and 64"),
        (lambda p: None, ["--time-limit", "0"], "--time-limit 0"),
        (_database(""), ["--postgres", "postgresql://x@127.0.0.1:1/x"], "--postgres: no connection"),
        (_database("migrate = 'python -c \"raise SystemExit(1)\"'"), [], "[database] migrate"),
        (lambda p: (p / "reports").write_text("a file"), [], "--reports reports"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_exit_code_two(
    command: Run, project: Path, mistake: Callable[[Path], object], arguments: list[str], told: str
) -> None:
    mistake(project)
    done = command("run", *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("clerk-harness:")]) == 1
    assert "sk_live_abcdefgh" not in done.stderr


def test_help_shows_an_example(command: Run) -> None:
    for name in ("run", "routes", "init", "token", "issuer"):
        done = subprocess.run(
            [sys.executable, "-m", "harness", name, "--help"], capture_output=True, text=True, check=True
        )
        assert "example" in done.stdout
        assert "clerk-harness " + name in done.stdout or name == "token"


def test_routes_says_who_gets_in_today(command: Run, project: Path) -> None:
    (project / "backend.py").write_text(APP + '@app.get("/open")\ndef open_to_all(): return {}\n')
    done = command("routes")
    assert done.returncode == 0, done.stderr
    lines = {
        " ".join(line.split()[:2]): line.split()[2:] for line in done.stdout.splitlines() if line.startswith("GET")
    }
    assert lines["GET /me"] == ["app", "clerk", "clerk"]
    assert lines["GET /public"] == ["app", "open", "public"]
    assert lines["GET /open"][1:] == ["open", "UNDECLARED"]
    assert "verifier:verify_token" in done.stdout


def test_init_writes_a_matrix_that_runs(command: Run, project: Path) -> None:
    code = """
    class Webhook:
        def verify(self, body): raise HTTPException(400)
    def verify_delivery(request): raise HTTPException(401, "Bad delivery")
    @app.post("/hook")
    def hook(request: Request): verify_delivery(request)
    """
    (project / "backend.py").write_text(APP + dedent(code))
    done = command("init", "--app", "backend:app", "--suites", "new")
    assert done.returncode == 0, done.stderr
    text = (
        (project / "new" / "routers").joinpath("me.toml").read_text()
        if (project / "new/routers/me.toml").exists()
        else ""
    )
    everything = "".join(path.read_text() for path in (project / "new" / "routers").iterdir())
    assert '"GET /me" = { policy = "clerk", reviewed = false }  # today clerk' in everything + text
    assert '"GET /rows/{row_id}" = { policy = "clerk", path = { row_id = 1 }, reviewed = false }' in everything
    (hook,) = [line for line in everything.splitlines() if line.startswith('"POST /hook"')]
    assert hook.startswith('"POST /hook" = { policy = "inside", json = { object = "event", type = "user.updated"')
    assert hook.endswith("reviewed = false }  # today inside")
    run = command("run", "--suites", "new", "--no-drills")
    assert run.returncode == 1, run.stdout
    assert "not reviewed: 4 lines that init wrote (GET /me, GET /rows/{row_id}, GET /public, POST /hook)" in run.stdout
    assert "PASSED" not in run.stdout
    for path in (
        project / "new" / "routers"
    ).iterdir():  # A person reads them, and says that nobody may enter by the hook.
        path.write_text(path.read_text().replace(", reviewed = false", ""))
    matrix = project / "new" / "auth_matrix.toml"
    matrix.write_text(matrix.read_text().replace('guard = "handler"\n', 'guard = "handler"\nclosed = true\n'))
    run = command("run", "--suites", "new", "--no-drills")
    assert run.returncode == 0, run.stdout
    again = command("init", "--app", "backend:app", "--suites", "new")
    assert again.returncode == 2
    assert "does not overwrite" in again.stderr


def test_init_finds_out_and_a_bare_run_follows(command: Run, project: Path) -> None:
    shutil.rmtree(project / "suites", ignore_errors=True)
    (project / "backend.py").write_text('import os\nKEY = os.environ["OPENAI_API_KEY"]\n' + APP)
    done = command("init")
    assert done.returncode == 0, done.stderr
    assert "took --app backend:app: backend.py makes it" in done.stdout
    assert "OPENAI_API_KEY: the app does not start without it" in done.stdout
    written = {path.name for path in (project / "suites").glob("*.toml")}
    assert written == {"auth_matrix.toml", "budget.toml", "configuration.toml"}
    assert "looking: who gets in, on every route\nlooking: user_sync.toml\n" in done.stderr
    assert done.stdout.splitlines()[-1] == "then: clerk-harness run"
    run = command("run", "--depth", "quick")
    assert "a line that init wrote and nobody has read" in run.stdout
    assert run.returncode == 1, run.stderr


def test_init_of_a_backend_with_a_database(command: Run, project: Path) -> None:
    platform = ROOT / "examples" / "platform"
    options = [
        "--app",
        "app.main:app",
        "--app-dir",
        str(platform),
        "--suites",
        "fresh",
        "--env",
        "PLATFORM_STAGE=mixed",
        "--no-contracts",
    ]
    done = command("init", *options, "--migrate", "python -m app.manage migrate", "--scheme", "postgresql+psycopg")
    assert done.returncode == 0, done.stderr
    matrix = (project / "fresh" / "auth_matrix.toml").read_text()
    assert '[database]\nmigrate = "python -m app.manage migrate"\nscheme = "postgresql+psycopg"' in matrix
    assert '[target.env]\nPLATFORM_STAGE = "mixed"' in matrix
    written = {path.stem: path.read_text() for path in (project / "fresh" / "routers").iterdir()}
    assert len(written) > 25
    assert (
        '"POST /auth/webhook" = { policy = "inside", json = { object = "event", type = "user.updated"'
        in written["auth_clerk"]
    )
    assert '"GET /health" = { policy = "public", reviewed = false }' in written["health"]


def test_token_mints_explains_and_lists(command: Run) -> None:
    minted = command("token", "expired")
    assert jwt.decode(minted.stdout.strip(), options={"verify_signature": False})["exp"] > 0
    explained = command("token", "hs256-with-pem", "--explain")
    assert "CVE-2016-10555" in explained.stdout
    assert len(command("token").stdout.splitlines()) > 100
    wrong = command("token", "forgd")
    assert (wrong.returncode, "did you mean 'forged'" in wrong.stderr) == (2, True)


def test_issuer_serves_until_it_is_told_to_stop(command: Run, project: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "issuer"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("# a token:"):
            break
    url = re.search(r"http://127\.0\.0\.1:\d+", lines[0])
    assert url is not None
    assert any(line.startswith('export CLERK_SECRET_KEY="sk_test_') for line in lines)
    with urllib.request.urlopen(f"{url[0]}/.well-known/jwks.json") as answer:
        keys = {entry["kid"]: jwt.PyJWK(entry).key for entry in json.load(answer)["keys"]}
    control = re.search(r"--issuer (\S+)", lines[-1])
    assert control is not None
    token = command("token", "clerk", "--issuer", control[1]).stdout.strip()
    assert jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"])["sub"].startswith(
        "user_"
    )
    environment = subprocess.run(
        ["bash", "-c", "".join(lines) + 'printf %s "$CLERK_JWT_KEY"'], capture_output=True, text=True, check=True
    )
    assert environment.stdout.startswith("-----BEGIN PUBLIC KEY-----\n")
    for given in (url[0], f"{url[0]}/~another-token-than-its"):
        refused = command("token", "clerk", "--issuer", given)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
        assert f"--issuer {url[0]}: the issuer wants its token: give the whole URL that it printed" in refused.stderr
        assert "another-token" not in refused.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    process.stdout.close()
    gone = command("token", "clerk", "--issuer", control[1])
    assert (gone.returncode, "no `clerk-harness issuer` answers there" in gone.stderr) == (2, True)
    assert control[1].removeprefix(url[0]) not in gone.stderr


def test_a_bent_request_is_nothing_to_mint(command: Run) -> None:
    done = command("token", "head-method")
    assert done.returncode == 2
    assert "no token but a bent request" in done.stderr
    assert "HEAD" in command("token", "head-method", "--explain").stdout


def test_the_page_of_credentials_is_printed(command: Run) -> None:
    assert command("token", "--page").stdout.startswith("# The credentials")
