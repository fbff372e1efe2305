"""A target that is a command: started, judged over HTTP, renewed for drills, and ended."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from harness.core.errors import HarnessError, TargetError
from harness.core.ports import free_port
from harness.run.options import Options
from harness.targets import command as module
from tests.conftest import GUARD, MATRIX, VERIFIER, Judged, judged, write_suites

NODE = shutil.which("node") or os.fspath(Path(sys.executable).parent / "node")
UVICORN = f"{sys.executable} -m uvicorn backend:app --port {{port}}"
ROUTES = '"GET /me" = "clerk"\n"GET /open" = "public"'
PYTHON = """
@app.get("/me")
def me(user: User): return {"id": user}
@app.get("/open")
def open_(): return {}
"""
FIRST = "missing,clerk,expired,forged,legacy-urlsafe,alg-none,jwks-outage,jwks-malformed,jwks-heals"

# A verifier with nothing but Node's own modules, which asks for the keys at Clerk's real name.
SERVER = """
const http = require("http"), crypto = require("crypto");
const issuer = "https://" + process.env.CLERK_DOMAIN;
let keys = null;
async function keyOf(kid) {
  if (!keys) keys = (await (await fetch(issuer + "/.well-known/jwks.json")).json()).keys;
  const jwk = keys.find((key) => key.kid === kid);
  return jwk && crypto.createPublicKey({ key: jwk, format: "jwk" });
}
const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
async function claimsOf(field) {
  const match = /^Bearer ([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)$/i.exec(field || "");
  if (!match) return null;
  const [, head, body, signature] = match;
  const header = read(head), now = Date.now() / 1000;
  const key = header.alg === "RS256" && (await keyOf(header.kid));
  const signed = key && crypto.verify("sha256", Buffer.from(head + "." + body), key, Buffer.from(signature, "base64url"));
  if (!signed) return null;
  const claims = read(body);
  return claims.iss === issuer && typeof claims.sub === "string" && CHECK && claims.nbf < now + 5 ? claims : null;
}
const answer = (response, status, document) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(document));
};
http.createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/open") return answer(response, 200, {});
  if (path !== "/me") return answer(response, 404, {});
  const claims = await claimsOf(request.headers.authorization).catch(() => null);
  return claims ? answer(response, 200, { id: claims.sub }) : answer(response, 401, { detail: "Not authenticated" });
}).listen(Number(process.env.PORT), "127.0.0.1");
"""


def run(root: Path, command: str, *, routes: str = ROUTES, **more: Any) -> Judged:
    suites = write_suites(root / "suites", routes, matrix=MATRIX)
    options: dict[str, Any] = {"credentials": FIRST.split(","), "drills": True, "agents": 1}
    return judged(Options(suites=suites, command=command, app_dir=root, **(options | more)))


def python_backend(root: Path, *, verifier: str = VERIFIER, code: str = PYTHON) -> None:
    (root / "verifier.py").write_text(verifier)
    (root / "backend.py").write_text(GUARD + dedent(code))


def node_backend(root: Path, check: str) -> str:
    (root / "server.js").write_text(SERVER.replace("CHECK", check))
    return f"{NODE} server.js"


def listens(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def test_a_correct_python_server_passes_drills_included_and_is_ended(tmp_path: Path) -> None:
    python_backend(tmp_path)
    result = run(tmp_path, UVICORN)
    assert result.failed == set()
    assert {v.credential for v in result.record.verdicts if v.route == "GET /me"} == set(FIRST.split(","))
    assert result.record.meta.target["kind"] == "command"


def test_a_flawed_one_is_caught(tmp_path: Path) -> None:
    python_backend(tmp_path, verifier=VERIFIER.replace("options={", 'options={"verify_exp": False, '))
    assert run(tmp_path, UVICORN).failed == {("breach", "GET /me", "expired")}


def test_a_correct_node_server_passes(tmp_path: Path) -> None:
    command = node_backend(tmp_path, "claims.exp > now - 5")
    assert run(tmp_path, command, openapi="").failed == set()


def test_a_flawed_node_server_is_caught(tmp_path: Path) -> None:
    command = node_backend(tmp_path, "true")
    assert run(tmp_path, command, openapi="").failed == {("breach", "GET /me", "expired")}


def test_what_it_tries_to_reach_is_reported(tmp_path: Path) -> None:
    python_backend(tmp_path, code=PYTHON + dedent("""
        import contextlib, urllib.request
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://telemetry.example/")
    """))  # fmt: skip
    assert run(tmp_path, UVICORN, credentials=["clerk"]).record.blocked == ["telemetry.example"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (f"{sys.executable} -c 'raise SystemExit(\"no database\")'", "ended with 1: no database"),
        ("no-such-program --port {port}", "cannot be started: No such file"),
        ("node 'server.js", "cannot be started: No closing quotation"),
        (" ", "names no command"),
    ],
)
def test_a_command_that_does_not_start_is_told_in_one_sentence(tmp_path: Path, command: str, told: str) -> None:
    with pytest.raises(TargetError, match="--command") as caught:
        run(tmp_path, command)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_listens_elsewhere_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_START_LIMIT", 0.5)
    with pytest.raises(
        TargetError, match=r"nothing listens at http://127\.0\.0\.1:\d+ after 0\.5 s.*\{port\} and PORT"
    ):
        run(tmp_path, f"{sys.executable} -c 'import threading; threading.Event().wait()'")


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(TargetError, match="something listens there already"):
            run(tmp_path, UVICORN, url=url)


def test_nothing_is_left_running_when_a_run_fails(tmp_path: Path) -> None:
    python_backend(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(HarnessError, match="/nowhere answers 404"):
        run(tmp_path, UVICORN.replace("{port}", url.rpartition(":")[2]), url=url, openapi="/nowhere")
    assert not listens(url)


FALLS = """
import os, signal, time
with open("starts.txt", "a") as file: file.write("x")
@app.get("/bad")
async def bad(): WHAT
"""


@pytest.mark.parametrize("agents", [1, 2])
@pytest.mark.parametrize(
    ("what", "how"),
    [("os.kill(os.getpid(), signal.SIGKILL)", "crashed (signal SIGKILL)"), ("time.sleep(3600)", "hung")],
    ids=["crash", "hang"],
)
def test_a_route_that_ends_the_server_each_time(tmp_path: Path, what: str, how: str, agents: int) -> None:
    python_backend(tmp_path, code=PYTHON + FALLS.replace("WHAT", what))
    routes = ROUTES + '\n"GET /bad" = "public"'
    names = ["missing", "clerk", "expired", "forged", "legacy-urlsafe", "alg-none", "garbage", "wrong-scheme-basic"]
    result = run(tmp_path, UVICORN, routes=routes, agents=agents, credentials=names, time_limit=2, drills=False)
    # What another lane had under way is asked once more, as nobody knows whose request it was.
    assert len((tmp_path / "starts.txt").read_text()) <= 6 * agents
    assert result.kinds("GET /me") | result.kinds("GET /open") == {"pass"}
    assert result.kinds("GET /bad") == {"fault", "inconclusive"}
    (untried,) = {v.detail for v in result.record.verdicts if v.verdict == "inconclusive"}
    assert untried.startswith(f"the route {how} 3 times in a row, with missing, ")


def test_a_server_that_does_not_start_again_keeps_what_is_known(tmp_path: Path) -> None:
    once = "import os\nassert not os.path.exists('starts.txt'), 'the disk is full'\n"
    python_backend(tmp_path, code=once + PYTHON + FALLS.replace("WHAT", "os._exit(3)"))
    routes = ROUTES + '\n"GET /bad" = "public"\n"GET /later" = "clerk"'
    result = run(tmp_path, UVICORN, routes=routes, credentials=["clerk", "missing", "forged"], drills=False)
    assert result.verdicts["GET /me", "forged"].verdict == "pass"
    assert result.kinds("GET /bad") <= {"fault", "inconclusive"}
    (note,) = [note for note in result.notes if "could not be started again" in note]
    assert "GET /bad with missing crashed (exit code 3)" in note
    assert "ended with 1: AssertionError: the disk is full" in note
    assert not result.record.passed
