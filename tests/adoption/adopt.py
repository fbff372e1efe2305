"""One backend adopted: copied as a stranger has it, `init`, the mechanical confirmation, a bare `run`, and what came of it.

What a person must do after `init` is to read each line and take out `reviewed = false`. Here that is done without reading, and not
counted. Where `init` says that the old token still gets in (its policies `migrating` and `legacy`), what should be is said instead,
one line for each: `accept = ["clerk"]`. These are the lines that are counted. The files of the other contracts stay unread, as a person
leaves them on the first day: they declare nothing until then.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.core.paths import path_shape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BACKENDS = HERE / "backends"
ENVIRONMENTS = ROOT / ".venv-adoption"
NODE = HERE / "node" / "node_modules"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
_LIMIT = 900
_POLICIES = {
    "public": "public",
    "clerk": "clerk",
    "member": "member",
    "admin": "admin",
    "staff": "staff",
    "webhook": "webhook",
}
_OLD = ("migrating", "legacy")
_UNREAD = re.compile(r"^reviewed = false.*\n|, reviewed = false|reviewed = false, ", re.MULTILINE)


@dataclass
class Adopted:
    """What came of one backend. `wrong`: what makes it fail, in sentences."""

    name: str
    seconds: float = 0.0
    lines: int = 0
    routes: int = 0
    found: int = 0
    true: int = 0
    false: int = 0
    verdict: str = ""
    wrong: list[str] = field(default_factory=list)


def prepared(name: str, folder: Path) -> Path:
    """A copy of a backend in `folder`, with its environment where strangers have it, built by its own compiler."""
    project = folder / name
    shutil.copytree(BACKENDS / name, project)
    if EXPECTED[name]["environment"] == "node":
        (project / "node_modules").symlink_to(NODE)
        if (project / "nest-cli.json").is_file():
            subprocess.run(["node_modules/.bin/tsc", "-p", "."], cwd=project, check=True, timeout=_LIMIT)
    else:
        (project / ".venv").symlink_to(ENVIRONMENTS / EXPECTED[name]["environment"])
        if EXPECTED[name].get("migrated"):  # A file of SQLite, as its owner has made it long ago.
            words = [".venv/bin/python", "manage.py", "migrate", "--verbosity", "0"]
            environment = {**os.environ, "CLERK_JWKS_URL": "https://one.clerk.accounts.dev/.well-known/jwks.json"}
            subprocess.run(words, cwd=project, check=True, timeout=_LIMIT, env=environment)
    return project


def adopt(name: str, folder: Path) -> Adopted:
    """Adopt a backend: a copy of it, `init`, the confirmation, `run`."""
    adopted, project = Adopted(name, routes=len(EXPECTED[name]["routes"])), prepared(name, folder)
    began = time.monotonic()
    problem = _command(project, "init")
    if problem:
        adopted.wrong.append(f"init: {problem}")
        return adopted
    declared = _declared(project)
    adopted.lines = _confirm(project)
    problem = _command(project, "run")
    adopted.seconds = time.monotonic() - began
    if problem:
        adopted.wrong.append(f"run: {problem}")
        return adopted
    report = json.loads((project / "reports" / "auth-matrix.json").read_text(encoding="utf-8"))
    _judge_routes(adopted, declared)
    _judge_findings(adopted, report)
    adopted.verdict = "PASSED" if report["passed"] else "FAILED"
    if report["passed"] == bool(EXPECTED[name].get("flaws")):
        adopted.wrong.append(f"the run {adopted.verdict}, which is not what it should")
    return adopted


def _command(project: Path, word: str) -> str:
    """Run a bare command of the harness; what it said, where it did not do its work."""
    words = [sys.executable, "-m", "harness", word]
    with (project / f"{word}.txt").open("w") as out:
        done = subprocess.run(
            words,
            check=False,
            cwd=project,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=_LIMIT,
        )
    if done.returncode in (0, 1):
        return ""
    return " ".join((project / f"{word}.txt").read_text().splitlines()[-3:])


def _declared(project: Path) -> dict[str, str]:
    """The policy that init wrote for each route, by the shape of its key."""
    found = {}
    for path in (project / "suites" / "routers").glob("*.toml"):
        for key, line in tomllib.loads(path.read_text(encoding="utf-8"))["routes"].items():
            found[path_shape(key)] = str(line["policy"])
    return found


def _confirm(project: Path) -> int:
    """Take out what says that nobody has read a line; how many lines were written for it. See the module."""
    matrix = project / "suites" / "auth_matrix.toml"
    for path in (matrix, *(project / "suites" / "routers").glob("*.toml")):
        path.write_text(_UNREAD.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    used = set(_declared(project).values())
    text, lines = matrix.read_text(encoding="utf-8"), 0
    for name in _OLD:
        if name in used:
            text = re.sub(rf"(\[policies\.{name}\].*\n)accept = .*", r'\1accept = ["clerk"]', text)
            lines += 1
    matrix.write_text(text, encoding="utf-8")
    return lines


def _judge_routes(adopted: Adopted, declared: dict[str, str]) -> None:
    """Hold the lines of `init` to what is true: each route there, under the policy that says who gets in."""
    for key, who in EXPECTED[adopted.name]["routes"].items():
        policy = declared.get(path_shape(key)) or declared.get(path_shape(key.rstrip("/") + "/"))
        if policy is None:
            adopted.wrong.append(f"{key} was not found")
            continue
        adopted.found += 1
        if who == "old":
            if policy not in _OLD:
                adopted.wrong.append(f"{key}: init says {policy}, though the old token gets in")
        elif policy != _POLICIES[who]:
            adopted.wrong.append(f"{key}: init says {policy}, not {who}")


def _judge_findings(adopted: Adopted, report: dict[str, Any]) -> None:
    """Tell the causes that are true from those that are not; a flaw that no cause shows is missed."""
    flaws, shown = EXPECTED[adopted.name].get("flaws", []), set()
    for cause in report["causes"]:
        of = {number for number, flaw in enumerate(flaws) if _shows(cause, flaw)}
        shown |= of
        if of:
            adopted.true += 1
        else:
            adopted.false += 1
            adopted.wrong.append(
                f"false: {cause['verdict'] or cause['contract']} {cause['title']} ({', '.join(cause['credentials'][:6])})"
            )
    adopted.wrong += [f"missed: {flaw['why']}" for number, flaw in enumerate(flaws) if number not in shown]


def _shows(cause: dict[str, Any], flaw: dict[str, Any]) -> bool:
    """Whether all that a cause tells of is of a flaw."""
    if cause["verdict"] not in flaw["verdicts"]:
        return False
    routes = [path_shape(key).replace("{}", "x") for key in cause["routes"]]
    wanted = [path_shape(key).replace("{}", "x") for key in flaw["routes"]]
    return all(any(fnmatchcase(key, each) for each in wanted) for key in routes) and all(
        any(fnmatchcase(name, each) for each in flaw["credentials"]) for name in cause["credentials"]
    )
