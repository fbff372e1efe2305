"""Paths as the frameworks of Node write them, as templates with samples that they match."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from harness.targets import agent
from tests.targets.test_command import NODE, node_backend, run

FACTS = [
    ("/users/:id", "express", ["/users/{id} /users/1"]),
    ("/users/:id(\\d+)/x", "express", ["/users/{id}/x /users/1/x"]),
    ("/users/:kind(a|b)", "express", ["/users/{kind} /users/a"]),
    ("/users/:id?", "express", ["/users/{id} /users/1", "/users /users"]),
    ("/users{/:id}", "express", ["/users/{id} /users/1", "/users /users"]),
    ("/files/*path", "express", ["/files/{path} /files/1"]),
    ("*", "express", ["/{wildcard} /1"]),
    ("/{*any}", "express", ["/{any} /1"]),
    ("/from/:a-:b", "express", ["/from/{a}-{b} /from/1-1"]),
    ("/a\\:b", "express", ["/a:b /a:b"]),
    ("/slash/", "express", ["/slash /slash"]),
    ("/slash/", "fastify", ["/slash/ /slash/"]),
    ("/name::verb", "fastify", ["/name:verb /name:verb"]),
    ("/files/*", "fastify", ["/files/{wildcard} /files/1"]),
    ("/users/:id{[0-9]{4}}", "hono", ["/users/{id} /users/1111"]),
    ("/users/:id?", "hono", ["/users/{id} /users/1", "/users /users"]),
]


def test_the_templates() -> None:
    script = (
        "const {templates} = require(process.argv[1]);"
        "const found = JSON.parse(process.argv[2]).map(([path, dialect]) =>"
        " templates(path, dialect).map((one) => `${one.path} ${one.sample}`));"
        "console.log(JSON.stringify([found, templates(/^.x/, 'express'), templates(['/a', /x/], 'express')]))"
    )
    paths = Path(agent.__file__).parent / "node" / "paths.cjs"
    done = subprocess.run(
        [NODE, "-e", script, str(paths), json.dumps(FACTS)], capture_output=True, text=True, check=True
    )
    found, *none = json.loads(done.stdout)
    assert dict(zip([f"{p} {d}" for p, d, _ in FACTS], found, strict=True)) == {f"{p} {d}": f for p, d, f in FACTS}
    assert none == [None, None]


def test_a_server_in_which_the_probe_sees_nothing_is_said_to_be_judged_by_status(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        node_backend(tmp_path, "claims.exp > now - 5"),
        openapi="",
        credentials=["clerk", "forged"],
        drills=False,
    )
    assert result.failed == set()
    assert {v.evidence for v in result.record.verdicts} == {"status"}
    assert any(note.startswith("verdicts rest on status") for note in result.notes)
