"""Drives sequences of events against the target, holds the invariants, and shrinks what breaks one."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from harness.contracts.base import Check
from harness.contracts.user_sync.checks import CHECKS, Violation
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.steps import StepRunner
from harness.contracts.user_sync.strategies import Step, steps, stories

_SHRINK_SECONDS = 10.0
"""How long a failing sequence is made shorter."""
__all__ = ["CHECKS", "run_sync"]


def run_sync(
    environment: SyncEnvironment,
    *,
    sequences: int,
    start: int = 0,
    checks: Collection[str] = tuple(CHECKS),
    progress: Callable[[int], None] | None = None,
) -> list[Check]:
    """Try `sequences` generated sequences; `start` is the seed. One result for each of `checks`, in their order."""
    broken: dict[str, Violation] = {}
    counts: dict[str, int] = dict.fromkeys(CHECKS, 0)
    others = set(CHECKS) - set(checks)
    if environment.missing:
        told = f"the sync is declared to use columns that the table lacks: {', '.join(environment.missing)}"
        return [
            Check(
                "user_sync",
                name,
                CHECKS[name],
                "broken" if name == "newest" else "not examined",
                detail=told if name == "newest" else "",
            )
            for name in CHECKS
        ]
    reach = environment.file.reach
    heard = {"webhook": reach.webhook is not None, "changes": reach.webhook is not None or reach.refreshes}
    while set(checks) - set(broken):
        found = _search(environment, others | set(broken), counts, sequences, start, heard, progress)
        if found is None or found.check in broken:
            break
        broken[found.check] = found
    return [_result(name, broken.get(name), counts[name]) for name in CHECKS if name in checks]


def _search(
    environment: SyncEnvironment,
    known: set[str],
    counts: dict[str, int],
    sequences: int,
    start: int,
    heard: dict[str, bool],
    progress: Callable[[int], None] | None,
) -> Violation | None:
    """The shortest sequence that breaks a check that is not known to be broken; None when none does."""
    open_ = set(CHECKS) - known
    for story in stories(**heard, check=next(iter(open_)) if len(open_) == 1 else ""):
        try:
            act(environment, story, known, counts)
        except Violation as violation:
            return violation
    tried, until = 0, 0.0
    failing: list[list[Step]] = []

    @seed(start)
    @settings(
        max_examples=sequences,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=_QUIET,
    )
    @given(steps(**heard))
    def sequence(these: list[Step]) -> None:
        nonlocal tried, until
        tried += 1
        if progress is not None and not failing:
            progress(tried)
        if failing and time.monotonic() > until and these not in failing:
            return  # Short enough.
        try:
            act(environment, these, known, counts)
        except Violation:
            until = until or time.monotonic() + _SHRINK_SECONDS
            failing.append(these)
            raise

    try:
        sequence()
    except Violation as violation:
        return violation
    return None


def act(environment: SyncEnvironment, these: list[Step], known: set[str], counts: dict[str, int]) -> None:
    """One sequence, from an empty Clerk to the last check. Raises Violation."""
    runner = StepRunner(environment, known, counts)
    environment.begin()
    runner.start()
    for step in these:
        runner.do(step)
        runner.watch()
    runner.settle()


def _result(name: str, violation: Violation | None, count: int) -> Check:
    if violation is None:
        return Check("user_sync", name, CHECKS[name], "proven" if count else "not examined", count)
    return Check(
        "user_sync",
        name,
        CHECKS[name],
        "broken",
        count,
        violation.told,
        violation.events,
        violation.before,
        violation.after,
    )


def _verbosity() -> Any:
    from hypothesis import Verbosity

    return Verbosity.quiet


_QUIET = _verbosity()
