"""Speed, as ratios measured side by side in one run on the reference platform.

    python benchmarks/speed.py [--rounds 5] [--routers avatar,peers]

Every round runs all contestants one after the other, so that what else the machine does weighs on all of them; medians count.
All contestants send the same requests: every form of every cell, more than one a cell. The rates that have an aim are of requests.
Rates of cells follow: what one who sends a single request a cell would need, and so tries less.
Exit code 1 when a target of the project is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rounds import Ratios

from harness.contracts.matrix import load
from harness.contracts.matrix.factory import RequestFactory
from harness.credentials import select
from harness.run.context import RunContext
from harness.run.options import Options
from harness.targets.base import Call

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
_USUAL_SHARE = 16
"""The usual way sends every sixteenth request: it is slow, and its rate does not depend on how many there are."""
GROUPS = ["genuine", "absent", "time", "signature", "algorithm", "legacy"]
"""Groups that are judged by single requests; bent requests, sequences and drills are several, or another route's."""
CREDENTIALS = [each.name for each in select(GROUPS) if each.drill is None and each.name != "hs256-shared-secrets"]
"""Theirs but for the rotation of keys, in which everybody waits until the verifier asks for them again, and for the 512 secrets that one
route of each guard is asked with: on a few routers they would be most of all requests.
"""
ROUTERS = ["chat", "health", "internal", "messages", "peers"]
"""Every sixth router or so, of each kind: people, administrators, machines, the public; with writes, and a websocket."""
TARGETS = {
    "engine, one agent / bare loop": 0.9,
    "engine, two agents / bare loop": 1.75,
    "engine, two agents / usual way": 11.0,
    "through pytest, one process / usual way": 8.0,
}
SINGLE = "cells to single requests: "
"""Begins the names of the ratios in which a cell of ours, with all its forms, stands for one request of the others."""


def options(agents: int, routers: list[str]) -> Options:
    """The options of a contestant's run."""
    return Options(suites=ROOT / "suites", agents=agents, credentials=CREDENTIALS, routers=routers)


def requests_of(session: RunContext) -> list[list[object]]:
    """The same requests that the engine sends, freshly minted.

    Deletions come last: nothing restores rows there, and what follows a deleted user would be refused at once.
    """
    items: list[list[object]] = []
    factory = RequestFactory(session.mint, probed=True)
    for plan in sorted(session.plan().routes, key=lambda plan: plan.route.method == "DELETE"):
        for cell in plan.cells:
            for request in factory.prepare(plan, cell.credential, cell.way).forms:
                body = request.body.decode("latin-1")
                items.append(
                    [request.kind, request.method, request.path, request.query, request.headers, body, request.messages]
                )
    return items


def counted(session: RunContext) -> list[int]:
    """Counts the requests of a run: a list to which the size of each batch is added."""
    sizes: list[int] = []

    def counting(submit: Callable[..., None]) -> Callable[..., None]:
        def counted_submit(calls: list[Call], limit: float, **more: Any) -> None:
            sizes.append(len(calls))
            submit(calls, limit, **more)

        return counted_submit

    for lane in session.target.lanes:
        lane.submit = counting(lane.submit)  # type: ignore[method-assign]
    return sizes


def engine(agents: int, routers: list[str]) -> tuple[float, float]:
    """Cells and requests a second of the engine, everything judged and recorded."""
    declaration = load(ROOT / "suites")
    with RunContext(options(agents, routers), declaration) as session:
        plan, sizes = session.plan(), counted(session)
        started = time.perf_counter()
        verdicts = list(session.run(plan))
        seconds = time.perf_counter() - started
    assert len(verdicts) == plan.cells and not any(verdict.failed for verdict in verdicts)
    return plan.cells / seconds, sum(sizes) / seconds


def bare_and_usual(routers: list[str]) -> tuple[float, float]:
    """Requests a second of the bare loop and of the usual way, in the environment that an agent would have."""
    declaration = load(ROOT / "suites")
    with (
        RunContext(options(1, routers), declaration) as session,
        tempfile.TemporaryDirectory() as folder,
    ):
        spec = session.target.spec  # type: ignore[attr-defined]
        # The names lead to the fake by the environment here: the loop has no agent, so it is told the fake's address.
        environment = spec.environments[0] | {
            "PYTHONPATH": str(HERE / "names"),
            "BENCHMARK_FAKE_PORT": str(session.clerk.port),
        }
        file = Path(folder) / "requests.json"
        items = requests_of(session)
        file.write_text(json.dumps(items))
        done = subprocess.run(
            [spec.python, str(HERE / "bare_loop.py"), str(file)],
            cwd=spec.app_dir,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        file.write_text(json.dumps(requests_of(session)[::_USUAL_SHARE]))
        usual = clocked(
            [str(HERE / "usual_way.py"), "--rootdir", folder, "-p", "no:clerk_harness", "-c", os.devnull],
            environment | {"BENCHMARK_REQUESTS": str(file)},
            spec.app_dir,
        )
    return told["requests"] / told["seconds"], usual


def clocked(arguments: list[str], environment: dict[str, str], folder: Path) -> float:
    """Items a second of a pytest run."""
    environment = environment | {"PYTHONPATH": os.pathsep.join([str(HERE), environment.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "clock", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"CLOCK (\d+) ([\d.]+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"pytest {' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return int(found[1]) / float(found[2])


def through_pytest(routers: list[str]) -> float:
    """Cells a second through the plugin, in one process: the matrix of these routers, and no other contract."""
    files = [str(ROOT / "suites" / "routers" / f"{name}.toml") for name in routers]
    return clocked([*files, "-n", "0", "--harness-credentials", ",".join(CREDENTIALS)], dict(os.environ), ROOT)


def main() -> int:
    """Measure, print, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default: 5)")
    parser.add_argument("--routers", default=",".join(ROUTERS), help="of the platform, separated by commas")
    given = parser.parse_args()
    routers = given.routers.split(",")
    ratios = Ratios(TARGETS)
    for number in range(given.rounds):
        bare, usual = bare_and_usual(routers)
        (cells, one), (_, two) = engine(1, routers), engine(2, routers)
        a_cell = one / cells
        through = through_pytest(routers) * a_cell
        found = (one / bare, two / bare, two / usual, through / usual)
        ratios.add(dict(zip(TARGETS, found, strict=True)))
        ratios.add({f"{SINGLE}{name}": ratio / a_cell for name, ratio in zip(TARGETS, found, strict=True)})
        print(
            f"round {number + 1}, requests a second: bare loop {bare:,.0f}, usual way {usual:,.0f}, engine {one:,.0f} with one "
            f"agent and {two:,.0f} with two, through pytest {through:,.0f}; {a_cell:.2f} requests a cell",
            flush=True,
        )
    return int(ratios.show())


if __name__ == "__main__":
    raise SystemExit(main())
