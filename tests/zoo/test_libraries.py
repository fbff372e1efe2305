"""Flaws that are a library's: real old versions in environments of their own, and the same code on mended ones beside them."""

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
SUITES = '[policies.clerk]\naccept = ["clerk", "clerk-v1"]\n'
ROUTES = 'router = "me"\n[routes]\n"GET /me" = "clerk"\n'
TRIED = ["clerk", "signature", "algorithm", "lookup", "missing", "expired", "legacy"]
PYTHON = [
    # CVE-2026-32597, mended in 2.12.
    ("pyjwt", "pyjwt-2.11", {"crit-unknown"}),
    ("pyjwt", "", set()),
    # CVE-2026-28802, mended in 1.6.7.
    ("authlib", "authlib-1.6", {"alg-none", "alg-none-no-kid"}),
    ("authlib", "authlib-1.7", set()),
    ("authlib", "", set()),
    # CVE-2026-96760, mended in 1.9. That JSON is read at all shows on every version.
    ("authlib-any", "authlib-1.7", {"json-general-no-signatures", "json-compact-polyglot"}),
    ("authlib-any", "", {"json-compact-polyglot"}),
    ("authlib-compact", "authlib-1.7", set()),
    ("authlib-compact", "", set()),
    # No version heeds `crit`. CVE-2024-33663 needs keys that Clerk does not have, CVE-2024-33664 tokens that are encrypted.
    ("jose", "python-jose-3.3", {"crit-unknown"}),
    ("jose", "", {"crit-unknown"}),
    ("jose-and-care", "python-jose-3.3", set()),
    ("jose-and-care", "", set()),
]
NODES = [
    # CVE-2022-23540 and CVE-2022-23541, mended in 9.0.
    ("jsonwebtoken-8", "one-family", {"alg-none-unknown-kid", "alg-none-no-kid"}),
    ("jsonwebtoken-9", "one-family", set()),
    ("jsonwebtoken-8", "both-families", {"hs256-with-pem"}),
    ("jsonwebtoken-9", "both-families", set()),
]


def breaches(folder: Path, **target: Any) -> set[str]:
    """What was let in that must be refused; nothing else may be found."""
    (folder / "routers").mkdir()
    (folder / "auth_matrix.toml").write_text(SUITES)
    (folder / "routers" / "me.toml").write_text(ROUTES)
    options = Options(suites=folder, agents=1, credentials=TRIED, strict=True, rotation=False, **target)
    record = judged(options).record
    assert {v.verdict for v in record.verdicts if v.credential == "clerk"} == {"pass"}
    found = [v for v in record.verdicts if v.failed]
    assert {v.verdict for v in found} <= {"breach"}
    return {v.credential.partition("@")[0] for v in found}


@pytest.mark.parametrize(
    ("verifier", "old", "expected"), PYTHON, ids=[f"{name}-{old or 'newest'}" for name, old, _ in PYTHON]
)
def test_a_library_of_python(verifier: str, old: str, expected: set[str], tmp_path: Path) -> None:
    python = OLD / old / "bin" / "python" if old else Path(sys.executable)
    assert python.exists(), f"{python} is missing: run `make test`, which sets it up"
    target = {"app": "verifiers:app", "app_dir": HERE, "python": os.fspath(python), "env": {"VERIFIER": verifier}}
    assert breaches(tmp_path, **target) == expected


@pytest.mark.parametrize(
    ("package", "verifier", "expected"), NODES, ids=[f"{package}-{name}" for package, name, _ in NODES]
)
def test_a_library_of_node(package: str, verifier: str, expected: set[str], tmp_path: Path) -> None:
    command = f"{NODE} jsonwebtoken.cjs {{port}} {package} {verifier}"
    assert breaches(tmp_path, command=command, url="http://127.0.0.1:{port}", app_dir=HERE, openapi="") == expected
