"""Backends: what each router uses, what is left beside, and what a run says of it. See `backends.py` for the facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.inventory.backend.mechanisms import Mechanisms
from harness.inventory.backend.modules import parse
from harness.inventory.backend.names import Program, Target
from harness.inventory.backend.observed import Declared, Observed
from harness.inventory.backend.read import read_backend
from harness.inventory.places import Part
from tests.conftest import ROOT
from tests.inventory.backends import BESIDE, BOTH, OF_CLERK, OF_OLD, RECOGNISED, STYLES, Fact

ROUTER = "from fastapi import APIRouter, Depends\nr = APIRouter()\n"


def read(
    folder: Path,
    files: Mapping[str, str],
    observed: Observed | None = None,
    declared: Declared | None = None,
    mechanisms: dict[str, list[str]] | None = None,
) -> Part:
    """What is found in files with these texts."""
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_backend(folder, mechanisms or {}, observed, declared or Declared())


def ran(**routes: dict[str, Any]) -> Observed:
    """A report of routes of `r.py`: by handler, the functions that consented, the dependencies, and whether somebody got in."""
    return Observed(
        {
            "complete": True,
            "narrowed": "",
            "policies": {"open": {"accept": ["*"]}, "clerk": {"accept": ["clerk"]}},
            "routers": [
                {
                    "routes": [
                        {
                            "route": f"GET /{name}",
                            "policy": told.get("policy", "clerk"),
                            "endpoint": f"r:{name}",
                            "dependencies": told.get("dependencies", []),
                            "cells": [
                                {"expected": "accept", "verdict": "pass", "functions": told.get("functions", [])}
                            ],
                        }
                    ]
                }
                for name, told in routes.items()
            ],
        }
    )


def places(part: Part) -> list[str]:
    """The places that are no migrated guards."""
    return sorted(f"{p.file}:{p.line} {p.kind} {p.status}" for p in part.places if p.status != "migrated")


@pytest.mark.parametrize("fact", [*STYLES, *BESIDE], ids=lambda fact: fact.name)
def test_each_router_has_its_state_and_each_place_its_line(fact: Fact, tmp_path: Path) -> None:
    part = read(tmp_path, fact.files)
    assert {unit.file: unit.state for unit in part.units} == fact.states
    assert places(part) == sorted(fact.places)


@pytest.mark.parametrize("name", RECOGNISED)
def test_functions_are_recognised_by_what_they_do(name: str) -> None:
    text, kind = RECOGNISED[name]
    module = parse("m.py", text)
    mechanisms = Mechanisms(Program([module]), {})
    last = Target(list(module.definitions)[-1], module)
    assert [hit.kind for hit in mechanisms.base(last)] == ([kind] if kind else [])


def test_the_declaration_decides_what_is_which(tmp_path: Path) -> None:
    files = BOTH | {"r.py": OF_CLERK + ROUTER + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ..."}
    part = read(
        tmp_path,
        files,
        mechanisms={"legacy": ["clerk_auth:get_current_user"], "clerk": ["old_auth:*"], "svix": ["no:one"]},
    )
    assert [unit.state for unit in part.units] == ["left"]
    assert part.notes == ["[mechanisms] svix: no function of the code that was read matches"]


def test_a_declared_function_that_falls_back_has_both(tmp_path: Path) -> None:
    files = {"old_auth.py": BOTH["old_auth.py"], "r.py": OF_OLD + ROUTER + "def who(x): return x or get_user(x)\n"
             "@r.get('/a')\ndef a(user=Depends(who)): ..."}  # fmt: skip
    assert [u.state for u in read(tmp_path, files, mechanisms={"clerk": ["r:who"]}).units] == ["mixed"]


def test_what_is_declared_public_has_nothing_to_move(tmp_path: Path) -> None:
    files = {"r.py": ROUTER + "@r.get('/a/{id}')\ndef a(): ..."}
    assert [u.state for u in read(tmp_path, files).units] == ["unknown"]
    by_line = Declared(public={("GET", "/v1/a/{}")})
    by_router = Declared(routers={"r": True}, guarded={("GET", "/v1/b")})
    for declared in (by_line, by_router):
        part = read(tmp_path, files, declared=declared)
        assert ([u.state for u in part.units], places(part)) == (["nothing"], [])
    assert [u.state for u in read(tmp_path, files, declared=Declared(guarded={("GET", "/v1/a/{}")})).units] == [
        "unknown"
    ]
    assert [u.state for u in read(tmp_path, files, ran(a={"policy": "open"})).units] == ["nothing"]


SWITCH = {
    "r.py": "import os\nif os.environ.get('OLD'):\n    from old_auth import get_user as who\nelse:\n"
    "    from clerk_auth import get_current_user as who\n" + ROUTER + "@r.get('/a')\ndef a(user=Depends(who)): ..."
}


@pytest.mark.parametrize(
    ("function", "state"), [("clerk_auth:get_current_user", "mixed"), ("old_auth:get_user", "left")]
)
def test_what_ran_decides_where_the_code_depends_on_a_condition(tmp_path: Path, function: str, state: str) -> None:
    part = read(tmp_path, BOTH | SWITCH, ran(a={"functions": [function]}))
    assert [unit.state for unit in part.units] == [state]
    elsewhere = BOTH | {"who.py": SWITCH["r.py"].partition("from fastapi")[0],
                        "r.py": "from who import who\n" + ROUTER + "@r.get('/a')\ndef a(user=Depends(who)): ..."}  # fmt: skip
    part = read(tmp_path, elsewhere, ran(a={"functions": [function]}))
    assert [unit.state for unit in part.units] == ["migrated" if state == "mixed" else "left"]
    assert "who.py:3 import left" in places(part), "the branch is still there"


def test_the_code_s_list_is_held_to_what_ran(tmp_path: Path) -> None:
    text = OF_CLERK + ROUTER + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ..."
    agree = ran(a={"functions": ["clerk_auth:get_current_user"], "dependencies": ["clerk_auth:get_current_user"]})
    assert places(read(tmp_path, BOTH | {"r.py": text}, agree)) == ["old_auth.py:4 definition left"]
    other = ran(a={"functions": ["old_auth:get_user"], "dependencies": ["old_auth:get_user"]})
    part = read(tmp_path, BOTH | {"r.py": text}, other)
    told = [p.what for p in part.places if p.kind in ("ran-unnamed", "named-unseen")]
    assert told == [
        "GET /a: clerk_auth:get_current_user is named here, and is no dependency of the running route",
        "GET /a: old_auth:get_user let requests in, and the code does not name it there",
    ]
    assert [unit.state for unit in part.units] == ["mixed"]
    silent = ran(a={"functions": [], "dependencies": ["clerk_auth:get_current_user"]})
    told = [p.what for p in read(tmp_path, BOTH | {"r.py": text}, silent).places if p.kind == "named-unseen"]
    assert told == ["GET /a: clerk_auth:get_current_user is named here, and consented to no request"]


def test_routes_of_the_report_that_the_code_has_not_are_named(tmp_path: Path) -> None:
    part = read(tmp_path, {"r.py": ROUTER + "@r.get('/a')\ndef a(): ..."}, ran(b={}))
    assert part.notes == ["routes of the report whose handlers were not found in the code: GET /b (r:b)"]


def test_files_that_cannot_be_read_are_named_and_tests_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    files = {"broken.py": "x = 1\ndef f(:\n", "venv/x.py": "", "tests/test_a.py": "", "hexaco_test.py": "x = 1",
             "a_test.py": "def test_a(): ..."}  # fmt: skip
    part = read(tmp_path, files)
    (tmp_path / "latin.py").write_bytes(b"x = '\xe4'")
    part = read(tmp_path, {})
    assert part.files == 2
    told = {one.file: (one.why, one.meant, one.blocks) for one in part.unread}
    assert told["broken.py"] == ("line 2: not valid Python (invalid syntax)", False, True)
    assert told["latin.py"] == ("not UTF-8 text (line 1); save it as UTF-8", False, True)
    assert told["venv"] == ("folders of installed packages", True, False)
    assert told["tests"] == ("folders of tests", True, False)
    assert told["a_test.py"] == ("files of tests or stories", True, False)


def test_the_reference_platform_is_mixed_in_the_code_and_migrated_in_its_unified_stage() -> None:
    root = ROOT / "examples" / "platform"
    part = read_backend(root, {}, None, Declared())
    assert part.states == {"mixed": 23, "migrated": 7, "unknown": 1}
    assert {unit.file for unit in part.units if unit.state == "unknown"} == {"app/routers/health.py"}
    assert [f"{p.file}:{p.line}" for p in part.beside if p.status == "left"] == [
        "app/auth/__init__.py:11", "app/auth/__init__.py:12",
        "app/auth/legacy.py:16", "app/auth/legacy.py:25", "app/auth/legacy.py:42",
    ]  # fmt: skip
