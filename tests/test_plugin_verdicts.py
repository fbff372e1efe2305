"""Under pytest an item passes only where its verdict does: what a run could not decide fails, as it fails the run."""

from __future__ import annotations

import re
import sys

import pytest

from tests.conftest import MATRIX, write_suites
from tests.test_plugin import SPARE

# A guard that refuses everybody: the genuine credential is locked out, so that the refusals of the others prove nothing.
CLOSED = """
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException

def current_user() -> str:
    raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/me")
def me(user: Annotated[str, Depends(current_user)]):
    return {"id": user}
"""


def test_an_inconclusive_cell_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(backend=CLOSED)
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(pytester.path / "suites", '"GET /me" = "clerk"\n', matrix=matrix)
    result = pytester.runpytest_subprocess(
        *SPARE, "suites", "-q", "-rA", "--harness-credentials", "clerk,forged,expired"
    )
    text = result.stdout.str()
    for credential, verdict in (("clerk", "lockout"), ("forged", "inconclusive"), ("expired", "inconclusive")):
        assert re.search(rf"^FAILED .*GET /me\[{credential}\]", text, re.MULTILINE), credential
        assert f"{verdict}: GET /me with `{credential}`" in text
    # The route as such, and the declaration as a whole, have no finding.
    result.assert_outcomes(failed=3, passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
