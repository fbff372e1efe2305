"""The causes of what the items found, as `clerk-harness run` tells them: gathered in each process, told by the one with a terminal.

xdist's workers hand theirs to the controller as text, redacted, when they end (`workeroutput`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.output import rendered
from harness.core.text import many
from harness.pytest_plugin.cells import RUNS
from harness.pytest_plugin.items import CONTRACTS

if TYPE_CHECKING:
    from harness.report.model import Record

FROM_WORKERS = pytest.StashKey[list[str]]()
"""What each worker has found."""
OUTPUT = "clerk_harness_found"
_MOST = 40


def gathered(config: pytest.Config) -> str:
    """What the items of this process found, by directory of suites, as text for another process; empty where there is nothing."""
    found: dict[str, dict[str, Any]] = {}
    for suites, run in config.stash[RUNS].by_suites.items() if RUNS in config.stash else ():
        found[str(suites)] = run.findings()
    for contract in config.stash.get(CONTRACTS, []):
        own = found.setdefault(str(contract.options.suites), {"verdicts": [], "several": []})
        own.setdefault("checks", []).extend(asdict(check) for check in contract.broken())
        own.setdefault("repeat", contract.repeat_any())
        own.setdefault("seed", contract.options.seed)
    some = {suites: own for suites, own in found.items() if own["verdicts"] or own.get("checks")}
    return json.dumps(rendered(some)) if some else ""


def told(texts: Iterable[str], baseline: Path | None = None) -> list[str]:
    """The causes in lines, the gravest first, of what several processes have found; those that a baseline knows are marked."""
    from harness.report.baseline import read_baseline
    from harness.report.told import cause_lines

    parts: dict[str, list[dict[str, Any]]] = {}
    for text in filter(None, texts):
        for suites, own in json.loads(text).items():
            parts.setdefault(suites, []).append(own)
    lines: list[str] = []
    for suites, several in parts.items():
        record = _record(suites, several)
        if baseline is not None:
            read_baseline(baseline).judge(record)
        for cause in record.causes[:_MOST]:
            lines += cause_lines(record, cause)
        if len(record.causes) > _MOST:
            lines.append(f"… and {many(len(record.causes) - _MOST, 'more cause')}: `clerk-harness run` reports them")
    return lines


def _record(suites: str, parts: list[dict[str, Any]]) -> Record:
    """One record of what several processes have found of one declaration."""
    from harness.contracts.base import Check
    from harness.contracts.matrix import CellVerdict, Plan
    from harness.report.model import Meta, Record

    verdicts = {json.dumps(each): CellVerdict(**_tuples(each)) for own in parts for each in own["verdicts"]}
    checks = {json.dumps(each): Check(**each) for own in parts for each in own.get("checks", [])}
    several = frozenset(route for own in parts for route in own["several"])
    meta = Meta({}, suites, parts[0]["repeat"], "", seed=parts[0]["seed"], several_ways=several)
    return Record(meta, Plan([], []), verdicts=list(verdicts.values()), checks=list(checks.values()))


def _tuples(verdict: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return verdict | {name: tuple(verdict[name]) for name in ("mechanism", "ran")}
