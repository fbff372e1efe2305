"""What writing the reports costs, by format, for a large matrix of which every ninth cell fails.

    python benchmarks/reports.py [--routes 300] [--rounds 5]

The yardstick is the C encoder of `json` on the same document, measured in the same round: medians and their spread. Exit code 1
when all formats together take more than so many times as long.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.report import FORMATS, Meta, Record, write_all
from harness.report.json_report import document
from harness.targets.base import Route
from harness.targets.request_builder import Example

MOST = 20.0
"""All formats together, in times of the yardstick."""
POLICY = Policy(accept=["clerk"], mechanism=["clerk"])


def matrix(routes: int) -> Record:
    """A record of so many routes in routers of twenty, each tried with every credential of the catalogue."""
    plans: list[RoutePlan] = []
    meta = Meta({"app": "app.main:app"}, "suites", "clerk-harness run --suites suites", "probe")
    record = Record(meta, Plan(plans, []), seconds=60.0)
    way = Way((CATALOGUE["clerk"],))
    for number in range(routes):
        route = Route("GET", f"/r{number // 20}/{number}", endpoint=f"app.routers.r{number // 20}:read_{number}")
        plan = RoutePlan(route, f"r{number // 20}", "clerk", POLICY, Example(), carriers=("bearer",))
        for at, (name, credential) in enumerate(CATALOGUE.items()):
            expected = plan.expects(credential)
            plan.cells.append(Cell(plan, credential, expected, way))
            record.add(_verdict(plan, name, expected, at % 9 == 4 and expected == "reject", number * 7 + at))
        plans.append(plan)
    return record


def _verdict(plan: RoutePlan, name: str, expected: str, broken: bool, micros: int) -> CellVerdict:
    return CellVerdict(
        router=plan.router, route=plan.key, policy=plan.policy_name, credential=name, group=CATALOGUE[name].group, expected=expected,
        verdict="breach" if broken else "pass",
        detail="a credential of which the policy says nothing was let in" if broken else "",
        evidence="probe", status=200 if broken else 401,
        seen="200, the handler was entered" if broken else "401, the handler was not entered",
        micros=micros, mechanism=("clerk",), ran=("app.auth:current_user",),
    )  # fmt: skip


def measure(what: Callable[[], object]) -> float:
    """The CPU time of a call, in seconds."""
    began = time.process_time()
    what()
    return time.process_time() - began


def main() -> int:
    """Measure, and print the table."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--routes", type=int, default=300)
    given.add_argument("--rounds", type=int, default=5)
    options = given.parse_args()
    record = matrix(options.routes)
    folder = Path("reports-of-benchmark")
    rounds: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        told = document(record)
        yardstick = measure(partial(json.dumps, told, ensure_ascii=False))
        for name, report in FORMATS.items():
            rounds.setdefault(name, []).append(measure(partial(report().render, record)) / yardstick)
        rounds.setdefault("all", []).append(measure(partial(write_all, record, folder)) / yardstick)
        rounds.setdefault("(the C encoder alone, in seconds)", []).append(yardstick)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    print(f"{len(record.verdicts)} cells on {options.routes} routes; times of the C encoder on the same document:")
    for name, ratios in rounds.items():
        print(f"  {name:36} {statistics.median(ratios):6.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")
    missed = statistics.median(rounds["all"]) > MOST
    print(f"  aim: all at most {MOST:.0f} times: {'missed' if missed else 'held'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
