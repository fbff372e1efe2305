"""Flaws that are a library's: real old versions in directories of their own, and the same code on the newest version beside them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.run.options import Options
from tests.conformance.conftest import NODE
from tests.conftest import ROOT, judged

HERE = Path(__file__).parent / "libraries"
OLD = ROOT / ".venv-libraries"
SUITES = """
[policies.clerk]
accept = ["clerk", "clerk-v1"]
"""
ROUTES = 'router = "me"\n[routes]\n"GET /me" = "clerk"\n'
TRIED = ["clerk", "signature", "algorithm", "lookup", "missing", "expired", "legacy"]
PYTHON = [
    ("pyjwt", "pyjwt==2.11.0", {"crit-unknown"}),
    ("pyjwt", "", set()),
    ("authlib", "authlib==1.6.8", {"jwk-embedded"}),
    ("authlib", "authlib==1.7.0", set()),
    ("authlib", "", set()),
    # Its flaws need keys that Clerk does not have (CVE-2024-33663: ECDSA keys of OpenSSH) or JWE (CVE-2024-33664).
    ("jose", "python-jose==3.3.0", {"crit-unknown"}),
]


def breaches(folder: Path, **target: Any) -> set[str]:
    """What was let in that must be refused."""
    (folder / "routers").mkdir()
    (folder / "auth_matrix.toml").write_text(SUITES)
    (folder / "routers" / "me.toml").write_text(ROUTES)
    options = Options(suites=folder, agents=1, credentials=TRIED, strict=True, rotation=False, **target)
    record = judged(options).record
    assert {v.verdict for v in record.verdicts if v.credential == "clerk"} == {"pass"}
    return {v.credential.partition("@")[0] for v in record.verdicts if v.verdict == "breach"}


@pytest.mark.parametrize(
    ("library", "version", "expected"), PYTHON, ids=[f"{name}-{v or 'newest'}" for name, v, _ in PYTHON]
)
def test_a_library_of_python(library: str, version: str, expected: set[str], tmp_path: Path) -> None:
    if version:
        assert (OLD / version).is_dir(), "make test sets it up"
    env = {"LIBRARY": library, "PYTHONPATH": os.fspath(OLD / version) if version else ""}
    found = breaches(tmp_path, app="verifiers:app", app_dir=HERE, python=sys.executable, env=env)
    assert found == expected


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("jsonwebtoken-8", {"alg-none-unknown-kid", "alg-none-no-kid", "crit-unknown"}),
        ("jsonwebtoken-9", {"crit-unknown"}),
    ],
)
def test_a_library_of_node(package: str, expected: set[str], tmp_path: Path) -> None:
    command = f"{NODE} jsonwebtoken.cjs {{port}} {package}"
    found = breaches(tmp_path, command=command, url="http://127.0.0.1:{port}", app_dir=HERE, openapi="")
    assert found == expected
