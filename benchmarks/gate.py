"""The whole gate of the reference platform beside its parts one after another, and whether both say the same.

    python benchmarks/gate.py [--stage unified] [--rounds 1]

In each round: a start (one cell of one route), each contract by itself (`--only`), and the whole. One after another would take
one start, and what each part takes beyond its own. Exit code 1 when the whole takes more than 0.6 of that, or says
something else. A round takes some eight minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rounds import Ratios

from harness.contracts.registry import NAMES

ROOT = Path(__file__).parents[1]
MOST = 0.6
SHARE = "the whole / its parts one after another"


def run(stage: str, *words: str) -> tuple[float, float, dict[str, Any]]:
    """Seconds, seconds of the processors, and the JSON report of a run."""
    with tempfile.TemporaryDirectory() as reports:
        command = [sys.executable, "-m", "harness", "run", "--quiet", "--env", f"PLATFORM_STAGE={stage}"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([*command, "--reports", reports, *words], cwd=ROOT, check=False, capture_output=True)
        took, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr.decode())
        document = json.loads((Path(reports) / "auth-matrix.json").read_text())
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return took, spent, document


def told(document: dict[str, Any]) -> dict[tuple[str, ...], str]:
    """What a report says: each cell's verdict, each check's status."""
    cells = {
        (route["route"], cell["credential"]): cell["verdict"]
        for router in document["routers"]
        for route in router["routes"]
        for cell in route["cells"]
    }
    return cells | {(each["contract"], each["name"]): each["status"] for each in document["contracts"]}


def round_of(stage: str) -> tuple[float, bool]:
    """The whole's share of its parts, and whether it says what they say."""
    start, _, _ = run(stage, "--only", "matrix", "--route", "GET /health", "--credentials", "missing", "--no-drills")
    print(f"start          {start:6.1f} s")
    parts, cost = start, 0.0
    apart: dict[tuple[str, ...], str] = {}
    for name in NAMES:
        took, spent, document = run(stage, "--only", name, *(["--drills"] if name == "matrix" else []))
        parts, cost = parts + took - start, cost + spent
        apart |= told(document)
        print(f"{name:14} {took:6.1f} s, of the processors {spent:6.1f} s")
    took, spent, document = run(stage)
    together = told(document)
    print(
        f"whole          {took:6.1f} s, of the processors {spent:6.1f} s; one after another {parts:.1f} s, {cost:.1f} s"
    )
    for key in sorted(apart.keys() | together.keys()):
        if apart.get(key) != together.get(key):
            print(f"  {' '.join(key)}: {apart.get(key)} alone, {together.get(key)} in the whole")
    return took / parts, apart == together


def main() -> int:
    """0 when the whole is quick enough, and says the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", default="unified")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    found = [round_of(options.stage) for _ in range(options.rounds)]
    ratios = Ratios({SHARE: MOST}, at_most=[SHARE])
    for share, _ in found:
        ratios.add({SHARE: share})
    return int(ratios.show() or not all(same for _, same in found))


if __name__ == "__main__":
    raise SystemExit(main())
