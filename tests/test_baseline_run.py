"""A baseline in whole runs: what is known fails neither the command nor pytest, what is new fails both."""

from __future__ import annotations

import json
import sys

import pytest

from tests import valid
from tests.conftest import GUARD, MATRIX, VERIFIER, in_this_process, write_suites
from tests.test_plugin import SPARE

CODE = """
@app.get("/me")
def me(user: User): return {}
@app.get("/open")
def mistake(): return {}
"""
ROUTES = '"GET /me" = "clerk"\n"GET /open" = "clerk"\n'


def test_known_findings_fail_nothing_and_new_ones_do(
    pytester: pytest.Pytester, capfd: pytest.CaptureFixture[str]
) -> None:
    pytester.makepyfile(
        verifier=VERIFIER,
        backend=GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE,
    )
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(pytester.path / "suites", ROUTES, matrix=MATRIX + target)

    def run(names: str, *more: str) -> tuple[int, str]:
        words = ["run", "--agents", "1", "--router", "app", "--credentials", names, *more]
        done = in_this_process(words, pytester.path, capfd)
        return done.returncode, done.stdout

    path = pytester.path / "baseline.json"
    assert run("clerk,expired")[0] == 1
    assert in_this_process(["baseline", "reports/auth-matrix.json", str(path)], pytester.path, capfd).returncode == 0
    first = json.loads(path.read_text())
    code, out = run("clerk,expired", "--baseline", str(path))
    assert code == 0, out
    assert "[known]" in out and "PASSED with 2 known findings" in out
    assert valid.report(pytester.path / "reports/auth-matrix.json")["summary"]["known"] == 2
    code, out = run("clerk,expired,forged", "--baseline", str(path), "--update-baseline")
    assert code == 1 and "1 other does" in out
    assert json.loads(path.read_text()) == first  # It never grows.

    # The first finding stops a run that is to stop there, unless it is known.
    code, out = run("clerk,expired,forged", "-x")
    assert code == 1 and "INCOMPLETE: it was to stop at the first finding (--exitfirst)" in out
    assert sum(valid.report(pytester.path / "reports/auth-matrix.json")["summary"]["verdicts"].values()) < 6
    code, out = run("clerk,expired", "-x", "--baseline", str(path))
    assert code == 0, out
    code, out = run("clerk,expired,forged", "-x", "--baseline", str(path))
    assert code == 1 and "INCOMPLETE" in out and "BREACH" in out

    result = pytester.runpytest_subprocess(
        *SPARE, "suites", "-q", "-rx", "--harness-credentials", "clerk,expired,forged", f"--harness-baseline={path}"
    )
    outcomes = result.parseoutcomes()
    assert (outcomes["xfailed"], outcomes["failed"]) == (2, 1)
    assert "known to the baseline: breach: GET /open with `expired`" in result.stdout.str()
