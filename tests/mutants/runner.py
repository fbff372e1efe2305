"""What pytest does with the tests where mutations are tried: it collects them once, and each mutation has its own process."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections import deque
from hashlib import sha256
from pathlib import Path

import pytest

from tests.mutants import report, trial
from tests.mutants.mutations import ROOT, Mutation, digest
from tests.mutants.reach import Reach, Recorder

AT_ONCE = 2
DEAR = 2.0
"""Seconds of work above which a test is no unit test."""
OTHERS = 8.0
"""Seconds of work of tests that are tried beside the module's own."""
WORK = ROOT / "mutants"


class Run:
    """A plugin of pytest that tries mutations instead of running the tests."""

    def __init__(self, paths: list[str], mutations: list[Mutation]) -> None:
        self.paths, self.mutations = paths, mutations
        self.whole = False
        self.failed = trial.Failed()
        self.alone: set[str] = set()
        """Tests that are known to pass without a mutation when they run alone."""
        self.unfit: set[str] = set()
        """And those that do not."""
        self.doubted: dict[str, list[tuple[Mutation, str]]] = {}
        """Mutations by the test that noticed them, while it is tried alone."""
        self.checks: deque[str] = deque()
        self.killers: dict[str, list[str]] = {}
        self.out = os.fdopen(os.dup(1), "w", buffering=1)

    def pytest_collection(self) -> None:
        """Examples are not made small: whether a test fails is all that counts."""
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants",
            settings.get_profile("tests"),
            database=None,
            phases=[Phase.explicit, Phase.generate],
            derandomize=True,
        )
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure, then try what is not known yet."""
        if session.testsfailed:
            raise session.Failed("tests cannot be collected")
        self.items = {item.nodeid: item for item in session.items}
        self.files = {name: digest(name) for name in sorted({each.partition("::")[0] for each in self.items})}
        self.every = sha256(repr(sorted(self.files.items())).encode()).hexdigest()[:16]
        modules = {path: digest(path) for path in self.paths}
        before = report.known()
        self.modules = modules
        todo = deque(
            each
            for each in self.mutations
            if each.name not in before
            or not report.still_holds(before[each.name], modules[each.path], self.files, self.every)
        )
        self.out.write(f"{len(self.mutations)} mutants, {len(todo)} to try\n")
        if todo:
            session.config.pluginmanager.register(self.failed)
            self.reach = self._measured(session)
            self._try_all(todo)
        self.whole = True
        return True

    def _measured(self, session: pytest.Session) -> Reach:
        """One run without mutations, in a process of its own, so that none of its fixtures stand in ours."""
        ours = Path(__file__).parent.name
        helpers = [each for each in Path("tests").glob("*/*.py") if each.parent.name != ours]
        sources = sorted({*self.paths, *map(str, [*Path("harness").rglob("*.py"), *helpers])})
        of = sha256(repr([self.every, self.paths, *((path, digest(path)) for path in sources)]).encode())
        file = WORK / f"reach.{of.hexdigest()[:16]}.json"
        if file.exists():
            return Reach.load(file)
        for old in WORK.glob("reach.*.json"):
            old.unlink()
        begun = time.monotonic()
        pid = os.fork()
        if not pid:
            try:
                folder = WORK / "measured"
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                trial.in_child(str(folder))
                recorder = Recorder(self.paths)
                session.config.pluginmanager.register(recorder)
                recorder.run(list(self.items.values())).save(file)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        reach = Reach.load(file)
        if reach.failed:
            raise session.Failed("these fail without any mutation: " + ", ".join(reach.failed))
        self.out.write(f"{len(self.items)} tests pass without mutations ({time.monotonic() - begun:.0f} s)\n")
        return reach

    def _chosen(self, mutation: Mutation) -> list[str]:
        """The tests to try, those first that may notice soonest."""
        recent = self.killers.get(mutation.function, [])
        found = self.reach.tests_of(mutation.path, mutation.lines) & self.items.keys() - self.unfit
        own = f"/test_{Path(mutation.path).stem}"
        cost = self.reach.cpu
        ordered = sorted(found, key=lambda each: (each not in recent, own not in each, cost[each], each))
        spent, chosen = 0.0, []
        for each in ordered:
            if cost[each] > DEAR:
                continue
            if own not in each:
                spent += cost[each]
                if spent > OTHERS:
                    continue
            chosen.append(each)
        return chosen

    def _try_all(self, todo: deque[Mutation]) -> None:
        bench = trial.Bench(trial.live_functions(self.paths), self.reach.cpu, self.failed)
        self.todo, self.whole_number, self.done = todo, len(todo), 0
        self.begun = self.said = time.monotonic()
        running: list[trial.Trial] = []
        gc.collect()
        gc.freeze()
        while (fresh := self._next(running)) is not None:
            for each in fresh:
                trial.begin(each, bench)
                running.append(each)
            for each, state, by in trial.watch(running, self.reach.wall):
                running.remove(each)
                self._ended(each, state, by)
            if time.monotonic() - self.said > 30:
                self.said = time.monotonic()
                self.out.write(f"{self.done} of {self.whole_number} tried ({self.said - self.begun:.0f} s)\n")
        for name in sorted(self.unfit):
            self.out.write(f"fails alone, and was not counted: {name}\n")

    def _next(self, running: list[trial.Trial]) -> list[trial.Trial] | None:
        """What to begin now; None when all is done."""
        fresh: list[trial.Trial] = []
        while len(running) + len(fresh) < AT_ONCE and (self.todo or self.checks):
            if self.checks:
                fresh.append(trial.Trial(None, [self.items[self.checks.popleft()]]))
                continue
            mutation = self.todo.popleft()
            if chosen := self._chosen(mutation):
                fresh.append(trial.Trial(mutation, [self.items[each] for each in chosen]))
            else:
                self._note(mutation, "unreached", "")
        return fresh if fresh or running else None

    def _ended(self, ended: trial.Trial, state: str, by: str) -> None:
        """Note it, once the test that noticed it is known to pass without a mutation when it runs alone."""
        if ended.mutation is None:
            name = ended.tests[0].nodeid
            (self.alone if state == "alive" else self.unfit).add(name)
            for mutation, outcome in self.doubted.pop(name):
                if state == "alive":
                    self._note(mutation, outcome, name)
                else:
                    self.todo.append(mutation)
        elif state in report.NOTICED and by not in self.alone:
            if by not in self.doubted:
                self.checks.append(by)
            self.doubted.setdefault(by, []).append((ended.mutation, state))
        else:
            self._note(ended.mutation, state, by)

    def _note(self, mutation: Mutation, state: str, by: str) -> None:
        noticed = state in report.NOTICED
        if noticed:
            recent = self.killers.setdefault(mutation.function, [])
            if by not in recent:
                recent[:] = [by, *recent[:4]]
        tests = self.files[by.partition("::")[0]] if noticed else self.every
        self.done += 1
        report.append(report.Result(mutation.name, self.modules[mutation.path], state, by, tests))
