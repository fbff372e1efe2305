"""Which tests execute which lines, and how long each takes: one run of all tests without any mutation."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.mutations import ROOT


@dataclass
class Reach:
    """What one run without mutations has shown."""

    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """File -> line -> ids of the tests that execute it, their fixtures included."""
    cpu: dict[str, float] = field(default_factory=dict)
    """Seconds of work of each test, of its shared fixtures too."""
    wall: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def tests_of(self, path: str, lines: tuple[int, ...]) -> set[str]:
        """Ids of the tests that execute one of the lines."""
        at = self.lines.get(path, {})
        return {test for line in lines for test in at.get(line, ())}

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(vars(self)), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Reach:
        """What `save` has written."""
        told = json.loads(file.read_text(encoding="utf-8"))
        told["lines"] = {path: {int(line): tests for line, tests in at.items()} for path, at in told["lines"].items()}
        return cls(**told)


class Recorder:
    """A plugin that notes, for each test and each shared fixture, lines and times."""

    def __init__(self, paths: list[str]) -> None:
        import coverage

        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[str(ROOT / path) for path in paths], messages=False
        )
        self.paths = paths
        self.reach = Reach()
        self.context: list[str] = []
        self.shared: dict[str, tuple[float, float]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """What a shared fixture does counts for each test that uses it, not only for the first."""
        if fixturedef.scope == "function":
            return (yield)
        name = f"fixture {fixturedef.argname}"
        before = self._enter(name)
        try:
            return (yield)
        finally:
            cpu, wall = self._leave(before)
            self.shared[name] = (max(cpu, self.shared.get(name, (0, 0))[0]), wall)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what fails without any mutation."""
        if report.failed:
            self.reach.failed.append(report.nodeid)

    def _enter(self, context: str) -> tuple[float, float]:
        self.context.append(context)
        self.coverage.switch_context(context)
        return _work(), time.monotonic()

    def _leave(self, before: tuple[float, float]) -> tuple[float, float]:
        self.context.pop()
        self.coverage.switch_context(self.context[-1] if self.context else "between")
        return _work() - before[0], time.monotonic() - before[1]

    def run(self, items: list[pytest.Item]) -> Reach:
        """Run all tests."""
        self.coverage.start()
        for item, following in zip(items, [*items[1:], None], strict=True):
            before = self._enter(item.nodeid)
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            self.reach.cpu[item.nodeid], self.reach.wall[item.nodeid] = self._leave(before)
        self.coverage.stop()
        using: dict[str, list[str]] = {}
        for item in items:
            for name in getattr(item, "fixturenames", ()):
                if (known := f"fixture {name}") in self.shared:
                    using.setdefault(known, []).append(item.nodeid)
                    self.reach.cpu[item.nodeid] += self.shared[known][0]
                    self.reach.wall[item.nodeid] += self.shared[known][1]
        data = self.coverage.get_data()
        for path in self.paths:
            at = self.reach.lines[path] = {}
            for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items():
                at[line] = sorted({test for each in contexts for test in using.get(each, [each])})
        return self.reach


def _work() -> float:
    """Seconds of work so far, that of processes that have ended included."""
    return sum(os.times()[:4])
