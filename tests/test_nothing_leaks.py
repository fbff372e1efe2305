"""A hostile backend through a whole run: its secrets, its escape sequences and its markup come out nowhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from xml.etree import ElementTree

import pytest

from harness.database import Server
from tests import valid
from tests.conftest import GUARD, MATRIX, ROOT, VERIFIER, write_suites
from tests.migrations.histories import BACK, ENV, FIRST, MODELS, REVISION, UP
from tests.unpacked import unpacked

SECRETS = {
    "CLERK_SECRET_KEY": "sk_test_4WxYzAbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    "BILLING_SECRET": "four words and a dot.",
    "REPLICA_URL": "postgresql://replica:Hunter2-of-the-replica@127.0.0.1:1/app",
    "SIGNING_PEM": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC/x\nlast/line+of+it/1234\n-----END PRIVATE KEY-----",
}
HIDDEN = [
    SECRETS["CLERK_SECRET_KEY"][8:], SECRETS["BILLING_SECRET"], "Hunter2-of-the-replica", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "last/line+of+it", "S3cret-of-nobody", "YWxpY2U6aHVudGVyMg",
]  # fmt: skip
"""What nobody may read: values that the run knows, and two that only their shape tells."""
SAID = """
SAID = (" ".join(os.environ[n] for n in ("CLERK_SECRET_KEY", "BILLING_SECRET", "REPLICA_URL", "SIGNING_PEM"))
        + " postgresql://app:S3cret-of-nobody@db/x Basic YWxpY2U6aHVudGVyMg== ")
EVIL = "\\x1b[2J\\x1b[31m \\u202e\\u200b </script><script>alert(1)</script> | a | `b` ##[error]no\\r\\n::error file=x::no\\nPASSED\\n"
"""
APP = """
import os
from fastapi.responses import Response, StreamingResponse
{said}
SURROGATE = chr(0xd800)
@app.get("/crash")
def crash(user: User): raise RuntimeError(SAID + EVIL + SURROGATE)
@app.get("/hidden")
def hidden(user: User): return Response((SAID + EVIL).encode(), 500, media_type="text/plain")
@app.get("/tells")
def tells(request: Request):
    status = 500 if "authorization" in request.headers else 401
    return Response((EVIL + SAID).encode() + b"\\xff\\xed\\xa0\\x80", status, media_type="text/plain")
@app.get("/open")
def open_to_all(): return {{}}
@app.get("/undeclared" + "\\x1b[31m" + "</script>" + "|")
def undeclared(): return {{}}
"""
DOWN = """
import os
{said}
raise RuntimeError("cannot go back: " + SAID + EVIL)
"""
ROUTES = '"GET /crash" = "clerk"\n"GET /hidden" = "clerk"\n"GET /tells" = "clerk"\n"GET /open" = "clerk"\n"GET /gone" = "clerk"\n'


@dataclass
class Outputs:
    """What a run left: files by name, and the two streams."""

    code: int
    texts: dict[str, str]


def backend(folder: Path) -> Path:
    """The hostile app, its migrations, and its suites."""
    (folder / "verifier.py").write_text(VERIFIER)
    app = GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)")
    (folder / "backend.py").write_text(app + APP.format(said=SAID))
    (folder / "versions").mkdir()
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (folder / "env.py").write_text(ENV.format(models=MODELS, metadata="metadata"))
    for name, down, body, back in (("0001", None, FIRST, "pass"), ("0002", "0001", UP, DOWN.format(said=SAID) + BACK)):
        text = REVISION.format(name=name, down=repr(down), up=indent(body, "    "), back=indent(back, "    "))
        (folder / "versions" / f"v{name}.py").write_text(text)
    env = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SECRETS.items())
    matrix = MATRIX + (
        f'[database]\nmigrate = "python -m alembic upgrade head"\n[target]\napp = "backend:app"\napp_dir = ".."\n'
        f"python = {json.dumps(sys.executable)}\n[target.env]\n{env}\n"
    )
    suites = write_suites(folder / "suites", ROUTES, matrix=matrix)
    (suites / "migrations.toml").write_text('legacy = "0001"\nrows = 5\nmodels = false\n')
    return suites


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Outputs:
    folder = tmp_path_factory.mktemp("hostile")
    backend(folder)
    command = [
        sys.executable, "-m", "harness", "run", "--suites", "suites", "--postgres", postgres.url, "--agents", "1",
        "--credentials", "clerk,forged,missing", "--no-drills", "--env", f"EXTRA_URL={SECRETS['REPLICA_URL']}",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    matrix = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False, env=environment)
    assert matrix.returncode == 1, matrix.stderr
    texts = {path.name: path.read_text("utf-8") for path in sorted((folder / "reports").iterdir())}
    beside = [each for each in command if each not in ("--credentials", "clerk,forged,missing")]
    only = subprocess.run(
        [*beside, "--only", "migrations", "--reports", "second"],
        cwd=folder, capture_output=True, timeout=300, check=False, env=environment,
    )  # fmt: skip
    texts |= {f"migrations {path.name}": path.read_text("utf-8") for path in sorted((folder / "second").iterdir())}
    suite = subprocess.run(
        [sys.executable, "-m", "pytest", "suites", "-rA", "-p", "no:schemathesis", "-p", "no:hypothesispytest",
         "--harness-credentials", "clerk,forged,missing", "--harness-postgres", postgres.url, "--junitxml=own.xml"],
        cwd=folder, capture_output=True, timeout=300, check=False, env=environment,
    )  # fmt: skip
    texts |= {f"{name} unpacked": unpacked(text) for name, text in texts.items() if name.endswith(".html")}
    texts["own.xml"] = (folder / "own.xml").read_text("utf-8")
    for name, done in (("matrix", matrix), ("migrations", only), ("pytest", suite)):
        texts |= {f"{name} out": done.stdout.decode("ascii"), f"{name} err": done.stderr.decode("ascii")}
    return Outputs(matrix.returncode, texts)


def test_the_run_came_to_its_end_and_found_what_there_is(outputs: Outputs) -> None:
    assert outputs.code == 1, outputs.texts["matrix err"]
    document = json.loads(outputs.texts["auth-matrix.json"])
    assert valid.misfits(document) == []
    found = {(f["verdict"], f["route"].partition("\\")[0]) for f in document["findings"]}
    assert ("breach", "GET /open") in found
    assert ("undeclared", "GET /undeclared") in found
    assert {route for _, route in found} >= {"GET /crash", "GET /hidden", "GET /tells"}
    rollback = json.loads(outputs.texts["migrations auth-matrix.json"])["contracts"]
    assert [c["detail"] for c in rollback if c["name"] == "rollback" and "the way back fails" in c["detail"]]
    for name in ("junit.xml", "own.xml"):
        assert ElementTree.fromstring(outputs.texts[name]).findall(".//failure")
    assert [line for line in outputs.texts["matrix out"].splitlines() if line.startswith("FAILED: ")]
    assert "failed" in outputs.texts["pytest out"]


def test_no_output_holds_a_secret(outputs: Outputs) -> None:
    assert {(name, secret) for name, text in outputs.texts.items() for secret in HIDDEN if secret in text} == set()


def test_no_output_holds_what_would_be_obeyed(outputs: Outputs) -> None:
    obeyed = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\ud800-\udfff]|^\\s*::error|##\\[", re.MULTILINE)
    assert {(name, found[0]) for name, text in outputs.texts.items() if (found := obeyed.search(text))} == set()
    for name, text in outputs.texts.items():
        assert not [line for line in text.splitlines() if line == "PASSED" or line.startswith("PASSED: ")], name
    for name in ("auth-matrix.html", "migrations auth-matrix.html"):
        assert outputs.texts[name].lower().count("<script") == 3
    for name in ("summary.md", "migrations summary.md"):
        prose = re.sub(r"(`+)[^`].*?\1", "", re.sub(r"^```+\n.*?^```+$", "", outputs.texts[name], flags=re.M | re.S))
        assert "<script" not in prose
