"""A run in parts, for a CI's own matrix of jobs: which routes, gaps and contracts each shard judges.

The whole is planned in each shard, so that what stands for other routes is the same everywhere; then the plan is cut. Shards are
balanced by their numbers of cells, or by the times of a former report.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import harness
from harness.contracts.matrix import Plan
from harness.core.errors import HarnessError
from harness.core.text import many
from harness.report import Record
from harness.report.reading import read_report
from harness.run.options import Options
from harness.run.provenance import sources


@dataclass(frozen=True)
class Shard:
    """The part `index` of `count`."""

    index: int
    count: int

    def holds(self, number: int) -> bool:
        """Whether it holds the contract of that number: from the last shard on, for the first has the longest route."""
        return self.count - number % self.count == self.index


def shard_of(options: Options) -> Shard | None:
    """The shard that `--shard` names; None for a whole run. Raises HarnessError for what names none."""
    if options.shard is None:
        if options.shard_by is not None:
            raise HarnessError("--shard-by: balances shards, and needs --shard N/COUNT")
        return None
    if options.only:
        raise HarnessError("--shard excludes --only: contracts are shared out among the shards of a whole run")
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", options.shard)
    if found is None or int(found[1]) > int(found[2]):
        raise HarnessError(f"--shard {options.shard}: write N/COUNT, from 1/COUNT to COUNT/COUNT, such as 2/5")
    return Shard(int(found[1]), int(found[2]))


def former_times(path: Path) -> dict[str, float]:
    """Milliseconds that each route took in a former report. Raises HarnessError where it is none."""
    report = read_report(path)
    return {
        route["route"]: sum(cell["milliseconds"] for cell in route["cells"])
        for router in report["routers"]
        for route in router["routes"]
    }


def shared_out(cells: dict[str, int], count: int, times: dict[str, float]) -> dict[str, int]:
    """The shard of each route, by the routes' numbers of cells: the heaviest first, each to the shard that has least.

    A route of which no time is known counts as its cells would take in the mean.
    """
    known = sum(cells[key] for key in cells if key in times)
    rate = sum(times[key] for key in cells if key in times) / known if known else 1.0
    weights = {key: times.get(key, number * rate) if known else float(number) for key, number in cells.items()}
    loads = [(0.0, 0, number) for number in range(1, count + 1)]
    found = {}
    for key in sorted(cells, key=lambda key: -weights[key]):
        load, routes, number = min(loads)
        loads[number - 1] = (load + weights[key], routes + 1, number)
        found[key] = number
        loads.sort(key=lambda each: each[2])
    return found


def cut(record: Record, shard: Shard, options: Options) -> None:
    """Leave in a record's plan what a shard judges, and note what a merge must know. Raises HarnessError for more shards than routes."""
    plan, meta = record.plan, record.meta
    if shard.count > max(1, len(plan.routes)):
        raise HarnessError(
            f"--shard {options.shard}: the run has {many(len(plan.routes), 'route')}: use at most as many shards"
        )
    times = former_times(options.shard_by) if options.shard_by is not None else {}
    owner = shared_out({each.key: len(each.cells) for each in plan.routes}, shard.count, times)
    record.shard = {
        **asdict(shard),
        "fingerprint": _fingerprint(plan, options),
        "routes": [each.key for each in plan.routes],
        "narrowed": meta.narrowed,
        "suites": meta.suites,
        "repeat": meta.repeat,
        "database": meta.database,
        "missing_variables": meta.missing_variables,
        "places": asdict(meta.places),
        "criteria": [[text, list(proof)] for text, proof in meta.criteria],
    }
    plan.routes = [each for each in plan.routes if owner[each.key] == shard.index]
    plan.gaps = [gap for gap in plan.gaps if owner.get(gap.key, 1) == shard.index]
    meta.narrowed = f"{meta.narrowed} --shard {options.shard}".strip()
    record.notes.append(
        f"this is shard {shard.index} of {shard.count}, {len(plan.routes)} of {many(len(owner), 'route')}: "
        "`clerk-harness merge` puts all together"
    )


def _fingerprint(plan: Plan, options: Options) -> dict[str, str]:
    """What must be the same in shards of one run, each by a name that a reader knows."""
    files = sorted(options.suites.rglob("*.toml"))
    held = (
        "credentials",
        "routers",
        "routes",
        "depth",
        "drills",
        "rotation",
        "strict",
        "fuzz",
        "sequences",
        "time_limit",
    )
    routes = [
        [p.key, p.router, p.policy_name, p.route.endpoint, p.route.dependencies, len(p.cells)] for p in plan.routes
    ]
    return {
        "version of clerk-harness": harness.__version__,
        "commit": sources(options.suites).get("commit", ""),
        "declaration": _digest([[str(path.relative_to(options.suites)), path.read_text("utf-8")] for path in files]),
        "options": _digest({name: getattr(options, name) for name in held}),
        "seed": str(options.seed),
        "routes": _digest(routes),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
