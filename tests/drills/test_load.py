"""One router again and again on a machine that has no time: the verdicts are the same, whatever else it does.

`make drills` makes 30 runs of it; the ordinary tests make three at the same moment, which is a load of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.database import Server
from tests import valid
from tests.conftest import ROOT

LONG = bool(os.environ.get("HARNESS_LONG"))
RUNS, AT_ONCE = (30, 3) if LONG else (3, 3)


@pytest.fixture
def load() -> Iterator[None]:
    """Twice as many busy processes as there are cores, in the long form."""
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(2 * (os.cpu_count() or 1) if LONG else 0)
    ]
    yield
    for process in busy:
        process.kill()
        process.wait()


def verdicts(folder: Path, server: Server) -> tuple[int, dict[tuple[str, str], str]]:
    """The exit code and the verdicts of one run."""
    command = [sys.executable, "-m", "harness", "run", "--router", "peers", "--quiet", "--reports", os.fspath(folder)]
    done = subprocess.run(
        [*command, "--postgres", server.url], cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False
    )
    assert (folder / "auth-matrix.json").exists(), done.stderr + done.stdout
    report = valid.report(folder / "auth-matrix.json")
    cells = {
        (route["route"], cell["credential"]): cell["verdict"]
        for router in report["routers"]
        for route in router["routes"]
        for cell in route["cells"]
    }
    return done.returncode, cells


def test_a_router_has_the_same_verdicts_under_load(tmp_path: Path, postgres: Server, load: None) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda number: verdicts(tmp_path / str(number), postgres), range(RUNS)))
    first = found[0]
    assert first[0] == 0 and len(first[1]) > 1000
    assert [number for number, one in enumerate(found) if one != first] == []
