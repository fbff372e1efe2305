"""A run's record as it grows: whatever ends or fails in the middle, what was judged before can be reported."""

from __future__ import annotations

import time
from typing import Protocol

from harness.contracts.base import Check, Contract, Progress
from harness.contracts.matrix import CellVerdict, Declaration, Plan
from harness.contracts.registry import MATRIX, NAMES, contract
from harness.core.errors import HarnessError, UnsafeError
from harness.database import explained
from harness.report import Record, ahead
from harness.report.baseline import Baseline
from harness.run.context import RunContext
from harness.run.contract_process import Outcome
from harness.run.options import Options
from harness.run.record import new_record, record_before_start, what_left
from harness.run.shards import cut, former_times, shard_of
from harness.run.side_by_side import SideBySide, alone

OURS = "a mistake in the harness"


class ContractCrash(Exception):
    """A mistake of the harness's own in another process; its traceback is a note."""


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

    def beside(self, contract: Contract) -> Progress:
        """What a contract tells that begins now, while something else goes on."""

    def over(self, contract: Contract) -> None:
        """A contract that went on beside something else is verified."""


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
        self._blocked: list[str] = []
        # A mistake in a file is told before anything starts.
        asked = [(each, each.name in options.only) for each in self._beside_the_matrix()]
        files = [each.declared(declaration.root, asked=named) for each, named in asked]
        self.shared = any(file is not None for file in files) or any(named for _, named in asked)
        """Whether others than the matrix use the run's database, each its own copy."""

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
        ahead.begin(record)
        matrix = MATRIX in self.contracts and not context.unstarted
        beside = self._beside_the_matrix()
        side = self._side_by_side(beside, context, matrix=matrix)
        try:
            if side:
                self._all_at_once(side, context, watcher, matrix=matrix)
            elif matrix:
                self._matrix(context, watcher)
            for each in beside:
                if each not in side and not (self.record.incomplete and self.options.exitfirst):
                    self._contract(each, context, watcher)
            if context.unstarted and MATRIX in self.contracts:
                record.incomplete = f"the matrix was not tried: {context.unstarted}"
        finally:
            record.notes = context.notes
            refused = context.target.blocked() if not context.unstarted else []
            record.blocked = list(dict.fromkeys(refused + self._blocked))
            for text in what_left(context.names, self.options.isolation):
                context.note(text)
        for name, why in record.unexamined.items():
            context.note(
                f"{name}: nothing was examined: {why}; hence the run fails (--only names the contracts to hold)"
            )
        self.complete = True

    def _side_by_side(self, beside: list[Contract], context: RunContext, *, matrix: bool) -> list[Contract]:
        """Those of the contracts that are verified in processes of their own, while something else goes on."""
        if context.unstarted or alone(context):
            return []
        found = [each for each in beside if each.examines(context, asked=each.name in self.options.only)]
        return found if len(found) + matrix > 1 else []

    def _all_at_once(self, side: list[Contract], context: RunContext, watcher: Watcher | None, *, matrix: bool) -> None:
        """Verify contracts while the matrix is judged. What has come of them is in the record, whatever ends the run."""
        with SideBySide(context, side, watcher.beside if watcher is not None else None) as running:
            try:
                if matrix:
                    self._matrix(context, watcher, running)
                if watcher is not None:
                    watcher.phase("contracts")
                running.last_lane()
                for each, outcome in running.outcomes(wait=True):
                    self._take(each, outcome, context, watcher)
            except BaseException:
                for each, outcome in running.outcomes(wait=False):
                    self._take(each, outcome, context, watcher)
                raise

    def _take(self, each: Contract, outcome: Outcome, context: RunContext, watcher: Watcher | None) -> None:
        """What has come of a contract that was verified in a process of its own. Raises UnsafeError."""
        if outcome.unsafe:
            raise UnsafeError(outcome.unsafe)
        if watcher is not None:
            watcher.over(each)
        if outcome.crash and self.crash is None:
            self.crash = ContractCrash(f"{each.name}: {outcome.failed}")
            self.crash.add_note(outcome.crash)
        failed = f"{OURS}: {outcome.failed}" if outcome.crash else outcome.failed
        self.record.checks += [each.failed(failed)] if failed else outcome.checks
        self.record.checks.sort(key=lambda check: NAMES.index(check.contract))
        self._blocked += outcome.blocked
        for note in outcome.notes:
            context.note(note)

    def _matrix(self, context: RunContext, watcher: Watcher | None, running: SideBySide | None = None) -> None:
        """A matrix that fails in the middle keeps the verdicts that it has, and costs the contracts nothing."""
        started = time.monotonic()
        one_by_one = running.last_lane if running is not None else lambda: None
        try:
            with explained():
                for verdict in context.run(self.record.plan, one_by_one):
                    self.record.add(verdict)
                    if watcher is not None:
                        watcher.add(verdict)
                    if self._stops_at(verdict):
                        break
                    if running is not None:
                        for each, outcome in running.outcomes(wait=False):
                            self._take(each, outcome, context, watcher)
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
