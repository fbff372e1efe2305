"""The comparison of two reports lets pass what is another in every run or was renamed, and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.compare_reports import main

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyX2EifQ.c2lnbmF0dXJl"
BEFORE: dict[str, Any] = {
    "schema": "clerk-harness/auth-matrix",
    "harness": "0.1.0",
    "generated": "2026-11-25T22:07:47+00:00",
    "seconds": 100.735,
    "command": ".venv/bin/clerk-harness run --suites suites --only sync,budget",
    "passed": False,
    "summary": {
        "cells": 2,
        "verdicts": {"pass": 1, "breach": 1},
        "notes": ["sync: 100 generated sequences from seed 0 (--only sync --seed 0 repeats them)"],
    },
    "criteria": [
        {"number": 4, "reason": "sync: one-row, killed; config: closed, live", "checks": ["migrations: gentle"]},
        {"number": 5, "reason": "nothing", "checks": ["migrations: halfway"]},
    ],
    "contracts": [
        {"contract": "sync", "name": "killed", "says": "heals", "count": 7, "events": ["P0 as user_2abcdefgh1"]},
        {"contract": "migrations", "name": "gentle", "says": "no lock", "count": 3, "events": []},
        {"contract": "config", "name": "closed", "says": "refuses", "count": 1, "events": ["after 1.52 s"]},
        {"contract": "budget", "name": "closed", "says": "another contract's", "count": 1, "events": []},
    ],
    "findings": [{"verdict": "breach", "route": "POST /sync", "credentials": ["forged"], "seen": "entered"}],
    "credentials": {"head-method": {"group": "shape", "why": "two seconds"}},
    "routers": [
        {
            "router": "app",
            "routes": [
                {
                    "route": "POST /sync",
                    "cells": [
                        {"credential": "clerk", "verdict": "pass", "mechanism": ["clerk"], "milliseconds": 1.5},
                        {
                            "credential": "forged", "verdict": "breach", "mechanism": [], "milliseconds": 2.5,
                            "evidence": "probe", "expected": "reject", "seen": f"entered with {TOKEN} at 127.0.0.1:4711",
                            "detail": "must be rejected; see /tmp/run-1/log",
                        },
                    ],
                }
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture
def after() -> dict[str, Any]:
    """The same run after the words were renamed, at another time."""
    text = json.dumps(BEFORE)
    for old, new in (
        ("2026-11-25T22:07:47", "2026-11-26T08:00:01"), ("100.735", "99.1"), ("0.1.0", "0.1.1.dev1"), ("1.52 s", "1.6 s"),
        ('"milliseconds": 1.5', '"milliseconds": 9'),
        (".venv/bin/clerk-harness", "clerk-harness"), ("sync,budget", "user_sync,budget"), ("sync: ", "user_sync: "),
        ("--only sync ", "--only user_sync "), ("config: closed", "configuration: fails-closed"),
        ("one-row, killed", "one-row, connection-loss"),
        ("gentle", "no-blocking-ddl"), ("halfway", "resumable"), ('"killed"', '"connection-loss"'),
        ('"contract": "sync"', '"contract": "user_sync"'), ('"config", "name": "closed"', '"configuration", "name": "fails-closed"'),
        ('"says"', '"description"'), ('"shape"', '"bypass"'), (TOKEN, "eyJhbGci…"), (":4711", ":40123"), ("/tmp/run-1/", "/tmp/run-2/"),
        ("user_2abcdefgh1", "user_2zyxwvuts9"),
    ):  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    return dict(json.loads(text))


def compared(folder: Path, one: dict[str, Any], other: dict[str, Any], *more: str) -> int:
    (folder / "one.json").write_text(json.dumps(one))
    (folder / "other.json").write_text(json.dumps(other))
    return main([str(folder / "one.json"), str(folder / "other.json"), *more])


def test_renamed_words_times_and_random_values_are_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: dict[str, Any]
) -> None:
    assert after != BEFORE
    assert compared(tmp_path, BEFORE, after) == 0
    assert compared(tmp_path, after, after) == 0
    assert capsys.readouterr().out == "the same\nthe same\n"


FORGED = "routers[app].routes[POST /sync].cells[forged]"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("passed",), True, "passed"),
        (("passed",), 0, "passed"),
        (("summary", "cells"), 3, "summary.cells"),
        (("summary", "verdicts", "breach"), 2, "summary.verdicts.breach"),
        (("criteria", 0, "reason"), "user_sync: one-row; configuration: fails-closed, live", "criteria[4].reason"),
        (("contracts", 0, "count"), 8, "contracts[user_sync: connection-loss].count"),
        (("contracts", 0, "description"), "hails", "contracts[user_sync: connection-loss].description"),
        (("contracts", 3, "name"), "fails-closed", "contracts[budget: closed]"),
        (("credentials", "head-method", "group"), "absent", "credentials.head-method.group"),
        (("credentials", "head-method", "why"), "three seconds", "credentials.head-method.why"),
        (("routers", 0, "routes", 0, "route"), "POST /user_sync", "routers[app].routes[POST /sync]"),
        (("routers", 0, "routes", 0, "cells", 1, "verdict"), "pass", f"{FORGED}.verdict"),
        (("routers", 0, "routes", 0, "cells", 1, "expected"), "accept", f"{FORGED}.expected"),
        (("routers", 0, "routes", 0, "cells", 1, "evidence"), "status", f"{FORGED}.evidence"),
        (("routers", 0, "routes", 0, "cells", 1, "seen"), "401", f"{FORGED}.seen"),
        (("routers", 0, "routes", 0, "cells", 1, "detail"), "was let in", f"{FORGED}.detail"),
        (("routers", 0, "routes", 0, "cells", 1, "mechanism"), ["legacy"], f"{FORGED}.mechanism[0]"),
        (("routers", 0, "routes", 0, "cells", 1, "milliseconds"), None, f"{FORGED}.milliseconds"),
    ],
)
def test_everything_else_is_one(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    after: dict[str, Any],
    path: tuple[str | int, ...],
    value: object,
    named: str,
) -> None:
    part: Any = after
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert compared(tmp_path, BEFORE, after) == 1
    assert capsys.readouterr().out.splitlines()[0] == named


def test_a_cell_that_is_missing_is_one_difference_and_not_one_of_all_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: dict[str, Any]
) -> None:
    del after["routers"][0]["routes"][0]["cells"][0]
    assert compared(tmp_path, BEFORE, after) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "routers[app].routes[POST /sync].cells[clerk]"
    assert lines[2:] == ["  after:  (nothing)", "1 difference(s)"]


def test_another_order_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: dict[str, Any]
) -> None:
    after["routers"][0]["routes"][0]["cells"].reverse()
    assert compared(tmp_path, BEFORE, after) == 1
    assert capsys.readouterr().out.startswith("routers[app].routes[POST /sync].cells (order)\n")


def test_two_entries_of_one_name_are_compared_one_by_one(tmp_path: Path, after: dict[str, Any]) -> None:
    """A dictionary by name would lose the first of them."""
    before = copy.deepcopy(BEFORE)
    for report, verdict in ((before, "fault"), (after, "leak")):
        cells = report["routers"][0]["routes"][0]["cells"]
        cells.insert(0, {**cells[0], "verdict": verdict})
    assert compared(tmp_path, before, after) == 1


def test_only_the_first_differences_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: dict[str, Any]
) -> None:
    after |= {"passed": True, "schema": "another"}
    assert compared(tmp_path, BEFORE, after, "--first", "1") == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "schema"
    assert out.endswith("2 difference(s), the first 1 shown\n")


@pytest.mark.parametrize("text", [None, "{"])
def test_what_cannot_be_read_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None) -> None:
    if text is not None:
        (tmp_path / "one.json").write_text(text)
    assert main([str(tmp_path / "one.json"), str(tmp_path / "one.json")]) == 2
    assert capsys.readouterr().err.startswith("not readable: ")
