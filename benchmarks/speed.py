"""Speed, as ratios measured side by side in one run on the reference platform.

    python benchmarks/speed.py [--rounds 3]

Every round runs all contestants one after the other, so that what else the machine does weighs on all of them; the
best round of each counts. Exit code 1 when a target of the project is missed.
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
from pathlib import Path

from harness.contracts.matrix import load
from harness.contracts.matrix.factory import RequestFactory
from harness.database import open_server
from harness.run.context import RunContext
from harness.run.options import Options

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
_USUAL_SHARE = 8
"""The usual way runs every eighth cell: it is slow, and its rate does not depend on how many there are."""
GROUPS = ["genuine", "absent", "time", "signature", "algorithm", "legacy"]
"""Groups whose credentials are one request each; bent requests and sequences are several, or another route's."""
TARGETS = {
    "engine, one agent / bare loop": 0.8,
    "engine, two agents / bare loop": 1.3,
    "engine, two agents / usual way": 8.0,
    "through pytest, one process / usual way": 5.0,
}


def requests_of(session: RunContext) -> list[list[object]]:
    """The same requests that the engine sends, freshly minted.

    Deletions come last: nothing restores rows there, and what follows a deleted user would be refused at once.
    """
    items: list[list[object]] = []
    for plan in sorted(session.plan().routes, key=lambda plan: plan.route.method == "DELETE"):
        for cell in plan.cells:
            request = RequestFactory(session.mint, probed=True).prepare(plan, cell.credential, cell.way).forms[0]
            body = request.body.decode("latin-1")
            items.append(
                [request.kind, request.method, request.path, request.query, request.headers, body, request.messages]
            )
    return items


def engine(agents: int) -> float:
    """Cells a second of the engine, everything judged and recorded."""
    declaration = load(ROOT / "suites")
    with RunContext(Options(suites=ROOT / "suites", agents=agents, credentials=GROUPS), declaration) as session:
        plan = session.plan()
        started = time.perf_counter()
        verdicts = list(session.run(plan))
        seconds = time.perf_counter() - started
    assert len(verdicts) == plan.cells and not any(verdict.failed for verdict in verdicts)
    return plan.cells / seconds


def bare_and_usual() -> tuple[float, float]:
    """Cells a second of the bare loop and of the usual way, in the environment that an agent would have."""
    declaration = load(ROOT / "suites")
    with (
        RunContext(Options(suites=ROOT / "suites", agents=1, credentials=GROUPS), declaration) as session,
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
    return told["cells"] / told["seconds"], usual


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


def through_pytest() -> float:
    """Cells a second through the plugin, in one process."""
    return clocked([str(ROOT / "suites"), "-n", "0", "--harness-credentials", ",".join(GROUPS)], dict(os.environ), ROOT)


def one_router() -> dict[str, float]:
    """Seconds of one router's suite as a developer waits for it, and of what it cannot do without."""
    command = [sys.executable, "-m", "harness", "run", "--suites", str(ROOT / "suites"), "--router", "peers", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run([*command, "--reports", folder], cwd=ROOT, check=True, capture_output=True)
        whole = time.perf_counter() - started
    declaration = load(ROOT / "suites")
    with RunContext(Options(suites=ROOT / "suites", agents=1, credentials=GROUPS), declaration) as session:
        spec = session.target.spec  # type: ignore[attr-defined]
        started = time.perf_counter()
        subprocess.run([spec.python, "-c", "import app.main"], cwd=spec.app_dir, env=spec.environments[0], check=True)
        importing = time.perf_counter() - started
        started = time.perf_counter()
        subprocess.run(
            [spec.python, "-m", "app.manage", "migrate"], cwd=spec.app_dir, env=spec.environments[0], check=True
        )
        migrating = time.perf_counter() - started
    started = time.perf_counter()
    server = open_server()
    server.ready()
    postgres = time.perf_counter() - started
    server.close()
    return {"whole": whole, "import": importing, "postgres": postgres, "migrate": migrating}


def main() -> int:
    """Measure, print, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    rounds = parser.parse_args().rounds
    best: dict[str, float] = {}
    router: dict[str, float] = {}
    for number in range(rounds):
        bare, usual = bare_and_usual()
        rates = {"bare loop": bare, "usual way": usual, "one": engine(1), "two": engine(2), "pytest": through_pytest()}
        best = {name: max(rate, best.get(name, 0.0)) for name, rate in rates.items()}
        router = {name: min(seconds, router.get(name, seconds)) for name, seconds in one_router().items()}
        print(f"round {number + 1}: " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items()), flush=True)
    ratios = dict(
        zip(
            TARGETS,
            (
                best["one"] / best["bare loop"],
                best["two"] / best["bare loop"],
                best["two"] / best["usual way"],
                best["pytest"] / best["usual way"],
            ),
            strict=True,
        )
    )
    missed = False
    print(f"\n{'ratio':44} measured  target")
    for name, ratio in ratios.items():
        missed |= ratio < TARGETS[name]
        print(f"{name:44} {ratio:8.2f}  {TARGETS[name]:6.1f}{'  MISSED' if ratio < TARGETS[name] else ''}")
    beyond = router["whole"] - router["import"] - router["postgres"]
    print(
        f"\none router's suite: {router['whole']:.2f} s in all; importing the app {router['import']:.2f} s, "
        f"Postgres {router['postgres']:.2f} s, the app's own migrations {router['migrate']:.2f} s (part of them side by side)\n"
        f"beyond importing and Postgres: {beyond:.2f} s, beyond the migrations as well: {beyond - router['migrate']:.2f} s"
    )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
