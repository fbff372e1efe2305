"""`python -m tests.mutants`: every mutation of the rules, tried with the tests that execute it."""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import report, trial
from tests.mutants.mutations import ROOT, Mutation, digest, mutations_of
from tests.mutants.reach import Reach, Recorder

AT_ONCE = 2
DEAR = 2.0
"""Seconds of work above which a test is no unit test."""
OTHERS = 8.0
"""Seconds of work of tests that are tried beside the module's own."""
WORK = ROOT / "mutants"


def main() -> int:
    """0 when few survive, and each is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="files to mutate; all that mutants.toml names, unless given")
    parser.add_argument(
        "--fresh", action="store_true", help="forget earlier results; without it a run goes on where one stopped"
    )
    parser.add_argument("--report", action="store_true", help="only say what is known")
    options = parser.parse_args()
    if not Path("/proc/self/stat").exists():
        sys.exit("mutation testing needs Linux: it sees in /proc whether a process works or waits for ever")
    os.chdir(ROOT)
    told = report.declared()
    paths = options.modules or sorted(
        {str(path) for pattern in told["mutate"] for path in Path().glob(pattern)}
        - {each["file"] for each in told["leave"]}
    )
    os.nice(19)
    WORK.mkdir(exist_ok=True)
    if options.fresh:
        report.RESULTS.unlink(missing_ok=True)
    mutations = made(paths)
    if not options.report:
        run = Run(paths, mutations)
        code = pytest.main(
            [*told["pytest"], *told["tests"], *(f"--ignore={each}" for each in told["ignore"])], plugins=[run]
        )
        if not run.whole:
            return int(code) or 1
    results = report.known()
    modules = {path: digest(path) for path in paths}
    current = {name: each for name, each in results.items() if each.module in modules.values()}
    reasons = [] if options.modules else report.explanations(told)
    lines, good = report.summary(mutations, current, reasons)
    print("\n".join(lines))
    return 0 if good else 1


def made(paths: list[str]) -> list[Mutation]:
    """Mutations of all files; those of a file that is as it was are read from where the last run left them."""
    kept = {path: WORK / f"{path.replace('/', '.')}.{digest(path)}.json" for path in paths}
    missing = [path for path in paths if not kept[path].exists()]
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for path, found in zip(missing, pool.map(mutations_of, missing), strict=True):
            for old in WORK.glob(f"{path.replace('/', '.')}.*.json"):
                old.unlink()
            kept[path].write_text(json.dumps([asdict(each) for each in found]), encoding="utf-8")

    def read(values: dict[str, Any]) -> Mutation:
        return Mutation(**(values | {"edit": tuple(values["edit"]), "lines": tuple(values["lines"])}))

    return [read(values) for path in paths for values in json.loads(kept[path].read_text(encoding="utf-8"))]


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
        of = sha256(self.every.encode())
        for path in [
            *self.paths,
            *sorted(map(str, Path("harness").rglob("*.py"))),
            *map(str, Path("tests").glob("*/*.py")),
        ]:
            of.update(digest(path).encode())
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
        whole, done, said = len(todo), 0, time.monotonic()
        begun = said
        running: list[trial.Trial] = []
        doubted: dict[str, list[tuple[trial.Trial, str]]] = {}
        checks: deque[str] = deque()
        gc.collect()
        gc.freeze()
        while todo or running or checks:
            while len(running) < AT_ONCE and (todo or checks):
                if checks:
                    fresh = trial.Trial(None, [self.items[checks.popleft()]])
                else:
                    mutation = todo.popleft()
                    chosen = self._chosen(mutation)
                    if not chosen:
                        self._note(mutation, "unreached", "")
                        done += 1
                        continue
                    fresh = trial.Trial(mutation, [self.items[each] for each in chosen])
                trial.begin(fresh, bench)
                running.append(fresh)
            for each, state, by in trial.watch(running, self.reach.wall) if running else ():
                running.remove(each)
                if each.mutation is None:
                    name = each.tests[0].nodeid
                    (self.alone if state == "alive" else self.unfit).add(name)
                    for waiting, outcome in doubted.pop(name):
                        assert waiting.mutation
                        if state == "alive":
                            self._note(waiting.mutation, outcome, name)
                            done += 1
                        else:
                            todo.append(waiting.mutation)
                elif state in report.NOTICED and by not in self.alone:
                    if by not in doubted:
                        checks.append(by)
                    doubted.setdefault(by, []).append((each, state))
                else:
                    self._note(each.mutation, state, by)
                    done += 1
            if time.monotonic() - said > 30:
                said = time.monotonic()
                self.out.write(f"{done} of {whole} tried ({said - begun:.0f} s)\n")
        for name in sorted(self.unfit):
            self.out.write(f"fails alone, and was not counted: {name}\n")

    def _note(self, mutation: Mutation, state: str, by: str) -> None:
        noticed = state in report.NOTICED
        if noticed:
            recent = self.killers.setdefault(mutation.function, [])
            if by not in recent:
                recent[:] = [by, *recent[:4]]
        tests = self.files[by.partition("::")[0]] if noticed else self.every
        report.append(report.Result(mutation.name, self.modules[mutation.path], state, by, tests))


if __name__ == "__main__":
    raise SystemExit(main())
