"""Contracts that are verified while the matrix is judged, and beside each other: each in a process and a run of its own, on the
run's Postgres.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import shutil
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import harness
from harness.contracts.base import Contract, Progress
from harness.core import processes
from harness.core.ending import held
from harness.core.redact import known_secrets
from harness.core.temporary import temporary_folder
from harness.run.context import RunContext
from harness.run.contract_process import Job, Outcome, outcome_of
from harness.run.sqlite_users import shares_a_file
from harness.targets.restart import can_run_in_parallel, environment_of

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from harness.run.contract_process import main; main()"
_PATIENCE = 15.0
"""Seconds in which a process ends by itself, and takes its databases along, before it is killed."""
_TOLD = 4000
"""Characters at the end of what a process printed that are told where it has not answered."""


def alone(context: RunContext) -> str:
    """Why contracts cannot be verified beside the matrix, on targets of their own; empty where they can."""
    target, declared = context.target, context.declaration.matrix.target
    if context.options.exitfirst:
        return "the run is to stop at the first finding (--exitfirst)"
    if environment_of(target) is None:
        return "there is one target, which the harness does not start"
    if not can_run_in_parallel(target):
        return "the target's port is fixed"
    if 1 in (context.options.agents, declared.agents if context.options.agents is None else None):
        return "one agent only is to work at a time (agents = 1)"
    if (
        context.options.agents is None
        and declared.agents is None
        and shares_a_file(context.options, context.declaration)
    ):
        return "the app keeps an SQLite file of its own, which all would share"
    return ""


class SideBySide:
    """Verifies contracts in processes of their own, as many at a time as there are lanes. A context: on leaving, all are ended.

    `told`: gives what is told how far one has come.
    """

    def __init__(
        self, context: RunContext, contracts: list[Contract], told: Callable[[Contract], Progress] | None = None
    ) -> None:
        self._context, self._told = context, told
        self._waiting = deque(sorted(contracts, key=lambda each: -each.length))
        self._left = len(contracts)
        self._finished: queue.SimpleQueue[tuple[Contract, Outcome]] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._running: list[processes.Child] = []
        self._lanes: list[threading.Thread] = []
        self._stopped = self._last = False

    def __enter__(self) -> Self:
        for _ in range(max(1, (os.cpu_count() or 1) - 1)):
            self._another_lane()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held():
            with self._guard:
                self._stopped = True
                for child in self._running:
                    child.signal(signal.SIGTERM)
            for lane in self._lanes:
                lane.join()

    def last_lane(self) -> None:
        """One more at a time, once: somebody else, the matrix, needs less of this machine than before."""
        if not self._last:
            self._last = True
            self._another_lane()

    def _another_lane(self) -> None:
        lane = threading.Thread(target=self._work, name=f"clerk-harness-contracts-{len(self._lanes)}", daemon=True)
        self._lanes.append(lane)
        lane.start()

    def outcomes(self, *, wait: bool) -> Iterator[tuple[Contract, Outcome]]:
        """What has come of them, as they end; without `wait` what is there by now."""
        while self._left:
            try:
                found = self._finished.get(block=wait)
            except queue.Empty:
                return
            self._left -= 1
            yield found

    # In a lane

    def _work(self) -> None:
        while True:
            with self._guard:
                if self._stopped or not self._waiting:
                    return
                each = self._waiting.popleft()
            try:
                found = self._verified(each)
            except Exception as error:  # None of them may be waited for in vain.
                found = Outcome([], [], [], failed=f"its process cannot be used: {type(error).__name__}: {error}")
            self._finished.put((each, found))

    def _job(self, contract: Contract) -> Job:
        context, server = self._context, self._context.server
        return Job(
            contract.name,
            context.options,
            context.declaration,
            server.url if server is not None else None,
            server is not None and server.own,
            context.prepared,
            context.names.directory,
            known_secrets(),
        )

    def _verified(self, contract: Contract) -> Outcome:
        told = self._told(contract) if self._told is not None else None
        folder = temporary_folder("contract")
        reading, writing = os.pipe()
        with (
            (folder / "job").open("w+b") as given,
            (folder / "printed").open("w+b") as printed,
            open(reading, "rb") as answers,
        ):
            shutil.rmtree(folder)  # The files are there as long as somebody has them open, and nobody else finds them.
            pickle.dump(self._job(contract), given)
            given.seek(0)
            try:
                child = processes.start(
                    [sys.executable, "-c", _BOOT, str(Path(harness.__file__).parents[1])],
                    cwd=os.getcwd(),
                    env=dict(os.environ),
                    files=(given.fileno(), writing, printed.fileno()),
                    last=signal.SIGTERM,
                    patience=_PATIENCE,
                )
            finally:
                os.close(writing)
            return self._answer(child, answers, printed, told)

    def _answer(self, child: processes.Child, answers: IO[bytes], printed: IO[bytes], told: Progress | None) -> Outcome:
        """What a process says in the end."""
        with self._guard:
            self._running.append(child)
            if self._stopped:
                child.signal(signal.SIGTERM)
        found: Outcome | None = None
        try:
            for text in answers:
                said = json.loads(text)
                if "outcome" in said:
                    found = outcome_of(said["outcome"])
                elif told is not None:
                    told(*said["progress"])
        finally:
            with self._guard:
                self._running.remove(child)
            code = child.close()
        if found is not None:
            return found
        printed.seek(0)
        last = printed.read().decode("utf-8", "replace").strip()[-_TOLD:]
        why = f"its process ended with {code} and said nothing" if not self._stopped else "the run was ended"
        return Outcome([], [], [], failed=why, crash=last)
