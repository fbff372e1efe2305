"""Shared by all tests: pytest's own test bench, for the plugin; what stays together when tests are spread; and the long ones."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
LONG = tomllib.loads((HERE / "tests" / "long.toml").read_text(encoding="utf-8"))["long"]

# Files whose fixtures take long: one worker makes them once.
TOGETHER = (
    "tests/platform/test_platform.py",
    "tests/platform/test_served.py",
    "tests/platform/test_mutations.py",
    "tests/conformance/",
    "tests/user_sync/",
    "tests/browser/",
    "tests/init/test_first_contracts.py",
    "tests/report/test_reports.py",
    "tests/fake_clerk/test_frontend_openapi.py",
    "tests/test_shards.py",
    "tests/test_nothing_leaks.py",
)
# What takes longest is begun first, so that no worker has it left when the others are done.
FIRST = (*TOGETHER, "tests/zoo/", "tests/migrations/", "tests/matrix/", "tests/cases/", "tests/test_")


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Like `load`, but for those files. (xdist's own `loadgroup` does not know the node ids of pytest 9.2.)"""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((name for name in TOGETHER if nodeid.startswith(name)), nodeid)

    return Together(config, log)


def left_out(names: list[str]) -> set[str]:
    """Of the ids of all tests, those that tests/long.toml leaves to the long form: all that begin so but `keep`, spread evenly."""
    left: set[str] = set()
    for entry in LONG:
        of_it = [name for name in names if name.startswith(entry["tests"])]
        keep = entry.get("keep", 0)
        kept = {of_it[number * len(of_it) // keep] for number in range(keep) if of_it}
        kept |= {f"{entry['tests']}[{name}]" for name in entry.get("only", ())}
        if not kept < set(of_it):
            raise pytest.UsageError(
                f"tests/long.toml: of {entry['tests']} there are {len(of_it)} tests; kept: {sorted(kept)}"
            )
        left |= set(of_it) - kept
    return left


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long forms only where they are asked for: by HARNESS_ALL=1 (`make long`), or by the name of a file or a test."""
    if not os.environ.get("HARNESS_ALL") and [Path(each).name for each in config.args] == config.getini("testpaths"):
        left = left_out([item.nodeid for item in items])
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left])
        items[:] = [item for item in items if item.nodeid not in left]
    items.sort(key=lambda item: next((n for n, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))
