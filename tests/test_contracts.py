"""The contracts beside the matrix, as `clerk-harness run` holds and reports them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cli.terminal import summary
from harness.contracts.base import Check
from harness.contracts.matrix import Plan
from harness.report import Meta, Record, write_all
from harness.report.criteria import criteria
from tests import valid
from tests.conftest import MATRIX, ROOT, in_this_process, write_suites
from tests.unpacked import unpacked

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    return lambda *words, directory=ROOT: in_this_process(["run", *words], directory, capfd)


def test_the_unified_platform_keeps_its_contracts(run: Run, tmp_path: Path) -> None:
    """On one router with a websocket, and with few sequences; `make run` holds them whole."""
    options = [
        "--only",
        "user_sync,budget,configuration",
        "--sequences",
        "2",
        "--router",
        "chat",
        "--reports",
        str(tmp_path),
    ]
    done = run(*options, "--quiet", "--python", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    document = valid.report(tmp_path / "auth-matrix.json")
    assert [c["name"] for c in document["contracts"] if c["status"] != "proven"] == []
    costs = {row["route"]: row["warm"] for check in document["contracts"] for row in check["figures"] if "route" in row}
    assert "WS /chat/ws/{conversation_id}" in costs
    assert all(len(cost["statements"]) == 1 and not cost["clerk_calls"] for cost in costs.values())


def test_the_mixed_platform_fails_sync_with_the_missing_columns_named(run: Run, tmp_path: Path) -> None:
    options = ["--only", "user_sync", "--env", "PLATFORM_STAGE=mixed", "--reports", str(tmp_path)]
    done = run(*options, "--python", sys.executable)
    assert done.returncode == 1, done.stderr
    assert "the table lacks: users.first_name, users.last_name" in done.stdout
    assert "user_sync    1 broken, 14 not examined" in done.stdout
    assert "cells judged" not in done.stdout
    document = valid.report(tmp_path / "auth-matrix.json")
    assert not document["passed"]
    assert [c["state"] for c in document["criteria"]][4] == "broken"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--only", "sink"],
            "--only sink: no such contract; there are matrix, user_sync, migrations, budget, configuration, frontend",
        ),
        (["--only", "user_sync"], "user_sync.toml does not exist; docs/user-sync.md shows one"),
        (["--only", "configuration"], "configuration.toml does not exist; docs/configuration.md shows one"),
        (["--only", "frontend"], "frontend.toml does not exist; docs/frontend.md shows one"),
        (["--only", "migrations"], "migrations.toml does not exist; docs/migrations.md shows one"),
        (["--sequences", "0"], "--sequences 0: between 1 and 1000000"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, tmp_path: Path, words: list[str], told: str) -> None:
    (tmp_path / "backend.py").write_text("from fastapi import FastAPI\napp = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)\n"
                                         "@app.get('/open')\ndef open_(): return {}\n")  # fmt: skip
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(tmp_path / "suites", '"GET /open" = "public"', matrix=matrix)
    done = run(*words, directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


# Reports


def record(*checks: Check) -> Record:
    made = Record(Meta({"app": "x"}, "suites", "clerk-harness run", "probe"), Plan([], []))
    made.checks += checks
    return made


PROVEN = Check("user_sync", "replay", "replaying changes nothing", "proven", 12)
SKIPPED = Check("migrations", "models", "the models equal the schema", "not examined", 0, "no metadata")
MEASURED = Check(
    "budget",
    "statements",
    "it costs little",
    "proven",
    1,
    figures=[{"route": "GET /</b>me", "warm": {"statements": ["SELECT 1"]}}],
)
BROKEN = Check(
    "user_sync", "newest", "the newest wins", "broken", 3, "P0: email is 'a' <b>", ["P0 signs up", "P0 sends a request"], ["id=1"], ["id=2"]
)  # fmt: skip


def test_a_run_of_contracts_alone_passes_when_one_is_proven_and_none_is_broken() -> None:
    assert record(PROVEN).passed
    assert record(PROVEN, replace(SKIPPED, contract="user_sync")).passed
    assert not record(PROVEN, SKIPPED).passed, "of the migrations it examined nothing"
    assert not record(PROVEN, BROKEN).passed
    assert not record(SKIPPED).passed, "it examined nothing"


def test_the_terminal_tells_the_story() -> None:
    text = summary(record(PROVEN, BROKEN, SKIPPED))
    for line in (
        "user_sync: newest: the newest wins",
        "  1. P0 signs up",
        "  2. P0 sends a request",
        "  before: id=1",
        "  after:  id=2",
    ):
        assert line in text
    assert "user_sync    1 proven, 1 broken" in text
    assert text.endswith("FAILED")


def test_every_format_has_them(tmp_path: Path) -> None:
    write_all(record(PROVEN, BROKEN, SKIPPED, MEASURED), tmp_path)
    document = valid.report(tmp_path / "auth-matrix.json")
    assert [(c["name"], c["status"]) for c in document["contracts"]] == [
        ("replay", "proven"), ("newest", "broken"), ("models", "not examined"),
        ("statements", "proven"),
    ]  # fmt: skip
    assert document["contracts"][1]["events"] == BROKEN.events
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert document["contracts"][3]["figures"] == MEASURED.figures
    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    assert [case.get("name") for case in root.iter("testcase") if case.find("error") is not None] == [
        "examined migrations"
    ]
    assert len(root.findall(".//skipped")) == 1
    page = (tmp_path / "auth-matrix.html").read_text()
    assert "P0 sends a request" in page
    assert "SELECT 1" in unpacked(page)
    assert "<b>" not in page.split("{{", 1)[0].rpartition("<script")[2], "text of a backend stays text"
    text = (tmp_path / "summary.md").read_text()
    assert "| user_sync | the newest wins | ❌ broken |" in text
    assert "2. P0 sends a request" in text


SYNC = [Check("user_sync", name, name, "proven", 1) for name in ("one-row", "replay", "at-once", "own-row")]
KEPT = [Check("migrations", name, name, "proven", 1) for name in ("from-nothing", "data", "rollback")]
CONFIGURED = [
    Check("configuration", name, name, "proven", 1)
    for name in ("well", "absent", "empty", "malformed", "outage", "recovery")
]
LEAK = Check("configuration", "no-secret", "health shows no secret", "broken", 1)
DEAR = Check("budget", "statements", "it costs little", "broken", 1)


@pytest.mark.parametrize(
    ("checks", "supported", "broken"),
    [
        ([], set(), set()),
        (SYNC, {5}, set()),
        (SYNC[:-1], set(), set()),
        ([*SYNC, BROKEN], set(), {5}),
        ([SKIPPED], set(), set()),
        ([*KEPT, SKIPPED], {6}, set()),
        ([KEPT[1]], set(), set()),
        (CONFIGURED, {7}, set()),
        (CONFIGURED[:-1], set(), set()),
        ([*CONFIGURED, LEAK], set(), {7}),
        ([*SYNC, *KEPT, *CONFIGURED], {5, 6, 7}, set()),
        ([DEAR], set(), {4}),
    ],
)
def test_the_criteria_are_tied_to_the_checks(checks: list[Check], supported: set[int], broken: set[int]) -> None:
    found = criteria(record(*checks))
    assert {criterion.number for criterion in found if criterion.state == "supported"} == supported
    assert {criterion.number for criterion in found if criterion.state == "broken"} == broken
    assert all(criterion.checks for criterion in found)
    assert "configuration: outage" in found[6].checks
