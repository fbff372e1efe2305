"""Official SDKs as Clerk documents them, with authorized parties: what the whole catalogue finds is what docs/sdks.md says."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from harness.run.options import Options
from tests.conformance.conftest import HERE, NODE
from tests.conftest import ROOT, judged

SUITES = """
[policies.public]
accept = ["*"]
[policies.clerk]
# A token without azp is refused where parties are authorized.
accept = ["clerk", "clerk-v1", "clerk-other", "clerk-newcomer", "clerk-impersonated"]
"""
ROUTES = 'router = "me"\n[routes]\n"GET /me" = "clerk"\n"GET /health" = "public"\n'
JAVASCRIPT = ("backend", "express", "fastify", "hono", "react-router")
LEFT_TO_THE_APP = {"clerk-pending": "breach", "template-for-session": "breach", "double-scheme": "breach"}
"""What clerk-backend-api lets in; docs/sdks.md says how an app keeps it out."""
_ISSUERS = ("other", "missing", "prefix", "suffix", "substring", "array", "upper-case", "http", "trailing-slash")
ISSUER = {f"iss-{kind}" for kind in _ISSUERS}


def verdicts(folder: Path, **target: Any) -> dict[str, str]:
    """Every verdict that is not a pass, by the name of its credential."""
    (folder / "routers").mkdir()
    (folder / "auth_matrix.toml").write_text(SUITES)
    (folder / "routers" / "me.toml").write_text(ROUTES)
    # Without the PEM, so that keys are fetched.
    options = Options(suites=folder, env={"CLERK_JWT_KEY": ""}, agents=1, rotation=False, **target)
    record = judged(options).record
    assert record.counts["pass"] > 400
    return {v.credential.partition("@")[0]: v.verdict for v in record.verdicts if v.verdict != "pass"}


@pytest.mark.parametrize("sdk", JAVASCRIPT)
def test_the_javascript_sdks_let_nobody_in_but_what_only_the_issuer_can_sign(sdk: str, tmp_path: Path) -> None:
    command = f"{NODE} sdks/{sdk}.mjs {{port}}"
    found = verdicts(tmp_path, command=command, url="http://127.0.0.1:{port}", app_dir=HERE / "node", openapi="")
    assert set(found.values()) == {"hardening"}
    assert set(found) == ISSUER | {"aud-foreign", "crit-unknown", "sub-empty", "sid-missing"}


def test_the_python_sdk_leaves_three_things_to_the_app(tmp_path: Path) -> None:
    found = verdicts(tmp_path, app="sdk_app:app", app_dir=HERE, python=sys.executable)
    assert {name: verdict for name, verdict in found.items() if verdict != "hardening"} == LEFT_TO_THE_APP
    assert ISSUER | {"sub-missing", "sub-empty", "sub-of-machine", "sid-missing", "exp-missing"} <= set(found)


def test_the_page_names_the_versions_that_are_tried() -> None:
    page = (ROOT / "docs" / "sdks.md").read_text()
    pinned = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    versions = {f"@clerk/{sdk}": pinned[f"@clerk/{sdk}"] for sdk in JAVASCRIPT}
    versions["clerk-backend-api"] = metadata.version("clerk-backend-api")
    assert [name for name, version in versions.items() if f"| `{name}` | {version} |" not in page] == []
