"""Official SDKs as Clerk documents them, with authorized parties: what the whole catalogue finds is what sdk_findings.toml
says of each, credential by credential, and docs/sdks.md explains it.
"""

from __future__ import annotations

import json
import sys
import tomllib
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
ROUTES = 'router = "me"\n[routes]\n"GET /me" = "clerk"\n"POST /notes" = "clerk"\n"GET /health" = "public"\n'
JAVASCRIPT = {"@clerk/backend", "@clerk/express", "@clerk/fastify", "@clerk/hono", "@clerk/react-router"}
USES: list[dict[str, Any]] = tomllib.loads((HERE / "sdk_findings.toml").read_text())["sdk"]


def target(use: dict[str, Any]) -> dict[str, Any]:
    """The options that name the target."""
    if "app" in use:
        return {"app": use["app"], "app_dir": HERE, "python": sys.executable}
    command = f"{NODE} sdks/{use['server']}"
    return {"command": command, "url": "http://127.0.0.1:{port}", "app_dir": HERE / "node", "openapi": ""}


@pytest.mark.parametrize("use", USES, ids=lambda use: use.get("server") or use["app"])
def test_the_findings_are_those_of_the_table(use: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "routers").mkdir()
    (tmp_path / "auth_matrix.toml").write_text(SUITES)
    (tmp_path / "routers" / "me.toml").write_text(ROUTES)
    # Without the PEM, so that keys are fetched.
    options = Options(suites=tmp_path, env={"CLERK_JWT_KEY": ""}, agents=1, rotation=False, **target(use))
    record = judged(options).record
    assert record.counts["pass"] > 400
    found = {(v.route, v.credential): v.verdict for v in record.verdicts if v.verdict != "pass"}
    routes = ("GET /me", "POST /notes")
    assert found == {(route, name): kind for route in routes for name, kind in use["findings"].items()}


def test_all_six_are_in_the_table_and_on_the_page_with_their_versions() -> None:
    page = (ROOT / "docs" / "sdks.md").read_text()
    pinned = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    versions = {name: pinned[name] for name in JAVASCRIPT}
    versions["clerk-backend-api"] = metadata.version("clerk-backend-api")
    assert {use["name"] for use in USES} == set(versions)
    assert [name for name, version in versions.items() if f"| `{name}` | {version} |" not in page] == []


def test_the_page_names_every_finding_that_somebody_but_the_issuer_can_make() -> None:
    page = (ROOT / "docs" / "sdks.md").read_text()
    breaches = {name for use in USES for name, kind in use["findings"].items() if kind != "hardening"}
    assert [name for name in sorted(breaches) if f"`{name}`" not in page] == []
