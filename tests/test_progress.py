"""What is shown of a run while it goes on: on a terminal redrawn, elsewhere a line now and then, of routes named by a target."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from harness.cli.progress import Progress, redraws, span
from harness.cli.redrawn import Redrawn
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.registry import contract
from harness.credentials import CATALOGUE
from harness.targets.base import Route
from harness.targets.request_builder import Example
from tests.conftest import GUARD, MATRIX, VERIFIER, write_suites

SECRET = "sk_test_" + "a1B2" * 10


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


class Clock:
    """A time that tests set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def plan(*keys: tuple[str, str]) -> Plan:
    """Of each route two cells."""
    routes = []
    for router, path in keys:
        each = RoutePlan(Route("GET", path), router, "clerk", Policy(accept=["clerk"]), Example())
        each.cells = [Cell(each, CATALOGUE[name], "reject", each.ways[0]) for name in ("forged", "expired")]
        routes.append(each)
    return Plan(routes, [])


@pytest.mark.parametrize(
    ("stream", "environment", "whether"),
    [
        (Terminal(), {"TERM": "xterm-256color"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {}, False),
        (io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}, False),
    ],
)
def test_only_a_terminal_that_can_is_redrawn(stream: io.StringIO, environment: dict[str, str], whether: bool) -> None:
    assert redraws(stream, environment) is whether


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (99, "99 s"), (100, "1 min 40 s"), (3700, "61 min 40 s")])
def test_times_are_told_as_exactly_as_somebody_wants_to_know(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_line_says_phase_router_route_and_what_is_ahead() -> None:
    clock = Clock()
    progress = Progress(io.StringIO(), clock=clock)
    assert progress.text() == "start: 0 s"
    progress.phase("start: app and its routes")
    clock.now = 4
    assert progress.text() == "start: app and its routes: 4 s"
    progress.start(plan(("peers", "/peers"), ("chat", "/chat")))
    progress.phase("matrix")
    progress.begins(0, "peers", "GET /peers")
    clock.now = 6
    progress.add(CellVerdict("peers", "GET /peers", "p", "forged", "forged", "reject", "breach", "probe", ""))
    assert progress.text() == "matrix: 1 of 4 cells, 1 finding, 0 of 2 routers, 2 s, ETA 6 s; at GET /peers (peers)"
    clock.now = 8.5
    assert progress.text().endswith("; at GET /peers (peers) for 4 s")
    progress.ends(0)
    progress.begins(0, "chat", "GET /chat")
    assert "1 of 2 routers" in progress.text()
    progress.phase("matrix: drills")
    assert progress.text() == "matrix: drills: 1 of 4 cells, 1 finding, 1 of 2 routers, 4 s, ETA 14 s"
    told = progress.of(contract("user_sync"))
    told(30, 100)
    assert progress.text() == "user_sync: 30 of 100 sequences, 0 s"
    progress.of(contract("migrations"))("rollback")
    assert progress.text() == "migrations: rollback, 0 s"


def test_nothing_of_a_target_is_obeyed_or_betrayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    route = f"GET /\x1b[2J[bold]x[/]\u202e{SECRET}\n::error::y"
    stream = Terminal()
    progress = Progress(io.StringIO())
    progress.phase("matrix")
    progress.begins(0, "peers\x07", route)
    view = Redrawn(progress, stream)
    view.begin()
    view.past(f"over: {route}")
    view.end()
    for text in (stream.getvalue(), progress.text()):
        assert "\\x1b[2J[bold]x[/]\\u202esk_test_" in text
        assert "peers\\x07" in text
        assert SECRET not in text and "\x1b[2J" not in text and "\u202e" not in text and "\n::error" not in text
    assert not re.search(r"\x1b\[[\d;]*[349][0-7]", stream.getvalue()), "no colour where NO_COLOR asks for none"
    assert "\x1b[?25l" not in stream.getvalue(), (
        "the cursor is never hidden: a process that is killed could not show it"
    )


def test_without_a_terminal_nobody_waits_for_rich() -> None:
    code = "import io, sys\nfrom harness.cli import commands\nfrom harness.cli.progress import Progress\n"
    code += "with Progress(io.StringIO()) as progress: progress.phase('matrix')\nprint('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


CODE = """
import pathlib, threading
@app.get("/me")
def me(user: User): return {}
@app.get("/slow")
def slow(user: User):
    while not pathlib.Path("go").exists(): threading.Event().wait(0.05)
"""


def screen(text: str) -> list[str]:
    """What is to be read in the end on a terminal that was sent this; it knows the sequences that rich uses."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            rows[row] = ""
        elif part != "\r" and not part.endswith("m"):
            assert not part.startswith("\x1b"), f"unknown to this terminal: {part!r}"
            rows[row] += part
    return [line.rstrip() for line in rows]


OWN_TERMINAL = """import fcntl, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
from harness.__main__ import start
start()"""
"""The terminal is the process's own: what is typed there reaches it."""


def test_a_terminal_is_told_what_is_slow_and_is_left_clean_by_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(GUARD.replace("FastAPI()", "FastAPI(openapi_url=None)") + CODE)
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\npython = "{sys.executable}"\n'
    write_suites(tmp_path / "suites", '"GET /me" = "clerk"\n"GET /slow" = "clerk"\n', matrix=matrix)
    master, slave = pty.openpty()
    before = termios.tcgetattr(master)
    words = ["run", "--credentials", "clerk,missing", "--no-drills", "--time-limit", "600"]
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, *words], cwd=tmp_path, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    told = ""
    while "slow: GET /slow (app) for" not in told:
        told += os.read(master, 4096).decode()
    os.write(master, b"\x03")
    (tmp_path / "go").touch()  # The app may end.
    while True:
        try:
            told += os.read(master, 4096).decode()
        except OSError:  # Nobody has it open any more (EIO).
            break
    assert process.wait() == 130
    assert termios.tcgetattr(master) == before
    os.close(master)
    assert "1 of 1 router" not in told and "0 of 1 router" in told and "\x1b[?25l" not in told
    seen = [line.removeprefix("^C") for line in screen(told.replace("\r\n", "\n"))]
    over = [line.partition(":")[0] for line in seen[: next(n for n, line in enumerate(seen) if "cells judged" in line)]]
    assert set(over) <= {"start", "plan", "matrix", ""}
    assert any(line.startswith("INCOMPLETE: ended by Ctrl-C") for line in seen)
    assert not [line for line in seen if "slow:" in line or "━" in line]
