"""A run's record as it grows: whatever ends or fails in the middle, what was judged before can be reported."""

from __future__ import annotations

import time
from typing import Protocol

from harness.contracts.base import Check, Contract, Progress
from harness.contracts.matrix import CellVerdict, Declaration, Plan
from harness.contracts.registry import MATRIX, contract
from harness.core.errors import HarnessError, UnsafeError
from harness.database import explained
from harness.report import Record
from harness.report.baseline import Baseline
from harness.run.context import RunContext
from harness.run.options import Options
from harness.run.record import new_record, record_before_start, what_left
from harness.run.shards import cut, former_times, shard_of

OURS = "a mistake in the harness"


class Watcher(Protocol):
    """Is told how far the run has come."""

    def phase(self, name: str) -> None:
        """Something else is done from now on."""

    def start(self, plan: Plan) -> None:
        """This is to be judged."""

    def add(self, verdict: CellVerdict) -> None:
        """The next verdict."""

    def of(self, contract: Contract) -> Progress:
        """What a contract tells, which begins now."""


class Judging:
    """`record` can be reported at any moment. `complete`: all was judged, or is said to be unknown; `begun`: the target is there.

    `crash`: the first mistake of the harness's own, which cost one contract its checks and no other.
    """

    def __init__(
        self, options: Options, declaration: Declaration, contracts: list[str], known: Baseline | None = None
    ) -> None:
        """`known`: findings that stop no run that is to stop at its first one."""
        self.options, self._known = options, known
        self.contracts = contracts
        self.shard = shard_of(options)
        if options.shard_by is not None:
            former_times(options.shard_by)
        self.record: Record = record_before_start(options, declaration)
        self.begun = self.complete = False
        self.crash: Exception | None = None
        # A mistake in a file is told before anything starts.
        for each in self._beside_the_matrix():
            each.declared(declaration.root, asked=each.name in options.only)

    def _beside_the_matrix(self) -> list[Contract]:
        """The contracts of this run; of a shard, those that are its own."""
        held = [contract(name) for name in self.contracts if name != MATRIX]
        return [each for number, each in enumerate(held) if self.shard is None or self.shard.holds(number)]

    def judge(self, context: RunContext, watcher: Watcher | None) -> None:
        """Judge the cells and verify the contracts. Raises DeclarationError where the declaration does not fit the target."""
        if watcher is not None:
            watcher.phase("plan")
        record = self.record if context.unstarted else new_record(context)
        if self.shard is not None:
            cut(record, self.shard, self.options)
        if MATRIX not in self.contracts:
            record.plan.routes, record.plan.gaps = [], []
        self.record, self.begun = record, True
        if watcher is not None:
            watcher.start(record.plan)
        try:
            if MATRIX in self.contracts and not context.unstarted:
                self._matrix(context, watcher)
            for each in self._beside_the_matrix():
                if not self.record.incomplete or not self.options.exitfirst:
                    self._contract(each, context, watcher)
            if context.unstarted and MATRIX in self.contracts:
                record.incomplete = f"the matrix was not tried: {context.unstarted}"
        finally:
            record.notes = context.notes
            record.blocked = context.target.blocked() if not context.unstarted else []
            for text in what_left(context.names, self.options.isolation):
                context.note(text)
        for name, why in record.unexamined.items():
            context.note(
                f"{name}: nothing was examined: {why}; hence the run fails (--only names the contracts to hold)"
            )
        self.complete = True

    def _matrix(self, context: RunContext, watcher: Watcher | None) -> None:
        """A matrix that fails in the middle keeps the verdicts that it has, and costs the contracts nothing."""
        started = time.monotonic()
        try:
            with explained():
                for verdict in context.run(self.record.plan):
                    self.record.add(verdict)
                    if watcher is not None:
                        watcher.add(verdict)
                    if self._stops_at(verdict):
                        break
        except UnsafeError:
            raise  # It may not go on.
        except Exception as error:
            self.record.incomplete = f"the matrix was not tried to its end: {self._reason(error)}"
        finally:
            self.record.seconds = time.monotonic() - started

    def _contract(self, each: Contract, context: RunContext, watcher: Watcher | None) -> None:
        try:
            with explained():
                self.record.checks += each.verify(
                    context,
                    asked=each.name in self.options.only,
                    progress=watcher.of(each) if watcher is not None else None,
                )
        except UnsafeError:
            raise
        except Exception as error:
            self.record.checks.append(each.failed(self._reason(error)))
        any(self._stops_at(check) for check in self.record.checks)

    def _stops_at(self, found: CellVerdict | Check) -> bool:
        """Whether the run is to stop at a finding: at the first one that no baseline knows."""
        if not self.options.exitfirst or not found.failed:
            return False
        if self._known is not None:
            if isinstance(found, Check):
                if self._known.knows_check(found):
                    return False
            elif self._known.knows_verdict(found, [v for v in self.record.verdicts if v.route == found.route]):
                return False
        self.record.incomplete = "it was to stop at the first finding (--exitfirst)"
        return True

    def _reason(self, error: Exception) -> str:
        """Why something failed, in a sentence; a mistake of the harness's own is kept, to be told in full."""
        if isinstance(error, HarnessError):
            return str(error)
        self.crash = self.crash or error
        return f"{OURS}: {type(error).__name__}: {error}"

    def cut_short(self, reason: str) -> None:
        """The run has ended before its time, for this reason."""
        if not self.complete:
            self.record.incomplete = self.record.incomplete or reason
