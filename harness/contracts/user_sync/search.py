"""Searches for sequences of events that break the invariants, and makes those that do shorter."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from harness.contracts.base import Check, Status
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.invariants import INVARIANTS, adoption, at_once, both_sides, newest, relations
from harness.contracts.user_sync.invariants.base import Invariant
from harness.contracts.user_sync.runner import StepRunner
from harness.contracts.user_sync.sequences import generated, stories
from harness.contracts.user_sync.steps.base import Step
from harness.contracts.user_sync.violations import Violation

_SHRINK_SECONDS = 10.0
"""How long a failing sequence is made shorter."""
_NAMES = tuple(invariant.name for invariant in INVARIANTS)


def run_sync(
    environment: SyncEnvironment,
    *,
    sequences: int,
    start: int = 0,
    checks: Collection[str] = _NAMES,
    progress: Callable[[int], None] | None = None,
) -> list[Check]:
    """Try all stories and `sequences` generated sequences; `start` is the seed. One result for each of `checks`, in their order.

    After a check is found broken the search goes on for the others.
    """
    if environment.database.missing_columns:
        return [_without_columns(environment, invariant) for invariant in INVARIANTS]
    search = _Search(environment, sequences, start, progress)
    others = set(_NAMES) - set(checks)
    broken: dict[str, Violation] = {}
    while set(checks) - set(broken):
        found = search.first_violation(others | set(broken))
        if found is None or found.check in broken:
            break
        broken[found.check] = found
    return [
        _result(invariant, broken.get(invariant.name), search.counts[invariant.name], environment)
        for invariant in INVARIANTS
        if invariant.name in checks
    ]


class _Search:
    """A search on one environment. `counts`: how often each check was looked at."""

    def __init__(
        self, environment: SyncEnvironment, sequences: int, start: int, progress: Callable[[int], None] | None
    ) -> None:
        self._environment, self._sequences, self._start, self._progress = environment, sequences, start, progress
        self._webhook = environment.file.reach.webhook is not None
        self._changes = environment.file.reach.follows_changes
        self.counts = dict.fromkeys(_NAMES, 0)

    def first_violation(self, known: set[str]) -> Violation | None:
        """The first story, or else the shortest generated sequence, that breaks a check not in `known`; None when none does."""
        wanted = set(_NAMES) - known
        only = next(iter(wanted)) if len(wanted) == 1 else ""
        for story in stories(webhook=self._webhook, changes=self._changes, check=only):
            try:
                self._run(story, known)
            except Violation as violation:
                return violation
        return self._generated_violation(known)

    def _run(self, steps: Sequence[Step], known: set[str]) -> None:
        StepRunner(self._environment, known, self.counts).run(steps)

    def _generated_violation(self, known: set[str]) -> Violation | None:
        tried, until = 0, 0.0
        failing: list[list[Step]] = []

        @seed(self._start)
        @settings(
            max_examples=self._sequences,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
        )
        @given(generated(webhook=self._webhook, changes=self._changes))
        def sequence(steps: list[Step]) -> None:
            nonlocal tried, until
            tried += 1
            if self._progress is not None and not failing:
                self._progress(tried)
            if failing and time.monotonic() > until and steps not in failing:
                return  # Short enough.
            try:
                self._run(steps, known)
            except Violation:
                until = until or time.monotonic() + _SHRINK_SECONDS
                failing.append(steps)
                raise

        try:
            sequence()
        except Violation as violation:
            return violation
        return None


def _without_columns(environment: SyncEnvironment, invariant: Invariant) -> Check:
    """The result where columns are declared that the table lacks: it cannot equal any profile, and the rest is not examined."""
    if invariant is not newest.INVARIANT:
        return Check("user_sync", invariant.name, invariant.sentence, "not examined")
    missing = ", ".join(environment.database.missing_columns)
    detail = f"the sync is declared to use columns that the table lacks: {missing}"
    return Check("user_sync", invariant.name, invariant.sentence, "broken", detail=detail)


def _left_out(check: Check, environment: SyncEnvironment) -> None:
    """Say of which relations nothing is known, because no row could be made: the check is not proven then."""
    left = environment.database.left_out
    if left:
        named = "; ".join(f"{name} ({why})" for name, why in left.items())
        check.status = "not examined"
        check.detail = (
            f"no row could be made for {named}: name those that are to be looked at as `relations` in user_sync.toml"
        )
        if environment.file.table.relations is not None:
            check.unmeasured = [f"relations: {name}: {why}" for name, why in left.items()]


def _seen(check: Check, environment: SyncEnvironment) -> None:
    """Say what became of people on both sides; what is declared of them and was not seen is not proven."""
    seen, declared = environment.both_sides, environment.file.table.both_sides
    check.detail = " and ".join(f"the two were {what}" for what in seen)
    if not seen and declared != "either":
        check.unmeasured = [f"table.both_sides: {declared!r}: nobody came to be on both sides"]


def _result(invariant: Invariant, violation: Violation | None, count: int, environment: SyncEnvironment) -> Check:
    if violation is None:
        status: Status = "proven" if count else "not examined"
        races = invariant is at_once.INVARIANT and count
        detail = f"held in {environment.processes_in_words}" if races else ""
        check = Check("user_sync", invariant.name, invariant.sentence, status, count, detail)
        if invariant is relations.INVARIANT:
            _left_out(check, environment)
        if invariant is both_sides.INVARIANT:
            _seen(check, environment)
        if invariant is adoption.INVARIANT and environment.database.all_have_clerk_ids:
            table = environment.file.table
            check.detail = f"there are no legacy accounts: no row of {table.name} is without a {table.clerk_id}"
        return check
    return Check(
        "user_sync",
        invariant.name,
        invariant.sentence,
        "broken",
        count,
        violation.message,
        violation.events,
        violation.before,
        violation.after,
    )
