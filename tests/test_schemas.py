"""The schemas of the files: current, right for every file that there is, and wrong for what the harness refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from harness.contracts.registry import BESIDE_THE_MATRIX
from harness.run.schemas import as_text, schemas
from tests.conftest import MATRIX, ROOT

MADE = schemas()
SUITES = ROOT / "suites"
FILES = [
    ("matrix", SUITES / "auth_matrix.toml"),
    *(("router", path) for path in sorted((SUITES / "routers").glob("*.toml"))),
    *((name, SUITES / f"{name}.toml") for name in BESIDE_THE_MATRIX),
]


def mistakes(name: str, text: str) -> list[str]:
    values = json.loads(json.dumps(tomllib.loads(text), default=str))  # Dates are texts in JSON.
    return [error.message for error in jsonschema_rs.Draft7Validator(MADE[name]).iter_errors(values)]


@pytest.mark.parametrize("name", MADE)
def test_a_schema_is_valid_and_the_one_in_the_documentation_is_current(name: str) -> None:
    jsonschema_rs.meta.validate(MADE[name])
    assert (ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text("utf-8") == as_text(MADE[name])


@pytest.mark.parametrize("name", MADE)
def test_every_key_has_its_text(name: str) -> None:
    tables = [MADE[name], *MADE[name].get("definitions", {}).values()]
    keys = {key: value for table in tables for key, value in table.get("properties", {}).items()}
    assert [key for key, value in keys.items() if not value.get("description")] == []


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda each: each.name if isinstance(each, Path) else each)
def test_the_files_of_the_reference_platform_are_right(name: str, path: Path) -> None:
    assert mistakes(name, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("matrix", MATRIX),
        ("matrix", '[policies.a]\naccept = "clerk"\nrefuse = 403\nuntil = 2026-12-01\n[settings]\norigin = "http://localhost:3000"'),
        ("matrix", '[policies.a]\naccept = ["clerk"]\nrefuse = { missing = 403, default = [401, 404] }\n[database]\nurl_env = "URL"'),
        ("router", 'router = "a"\n[routes]\n"GET /a" = "clerk"\n"GET /b" = { policy = "clerk", json = { a = 1 } }'),
        ("budget", '[routes]\n"GET /a" = { statements = 2 }'),
        ("configuration", '[variables]\nA = "refuse"\nB = { absent = "health" }\n[legacy]\nC = "runs"'),
        ("user_sync", '[reach]\nrequest = "GET /me"'),
        ("frontend", 'command = "x"\n[pages]\n"/" = "public"\n"/a" = { who = "signed-in", again = "#b" }\n[sign_out]\nclick = ["#c"]'),
    ],
)  # fmt: skip
def test_every_way_to_write_it_is_right(name: str, text: str) -> None:
    assert mistakes(name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("matrix", '[policies.a]\nacept = ["clerk"]', "acept"),
        ("matrix", '[policies.a]\naccept = ["clerk"]\nrefuse = 200', "200"),
        ("matrix", '[policies.a]\naccept = ["clerk"]\n[settings]\norigin = "http://localhost:3000/path"', "localhost"),
        ("router", '[routes]\n"GET /a" = "clerk"', "router"),
        ("router", 'router = "a"\n[routes]\n"GET /a" = { polcy = "clerk" }', "GET /a"),
        ("router", 'router = "a"\n[routes]\n"GET /a" = { policy = "p", headers = { "X Y" = "x" } }', "GET /a"),
        ("budget", "statements = -1", "-1"),
        ("configuration", '[variables]\nA = "refuses"', "refuses"),
        ("user_sync", '[reach]\nrequest = "me"', "me"),
        ("migrations", "rows = 10", "legacy"),
        ("frontend", '[pages]\n"/a" = "private"', "private"),
    ],
)
def test_what_the_harness_refuses_is_wrong(name: str, text: str, told: str) -> None:
    found: Any = mistakes(name, text)
    assert found
    assert any(told in each or told in text for each in found)
