"""Shared by all tests: pytest's own test bench, for the plugin; and what stays together when tests are spread."""

from __future__ import annotations

from typing import Any

import pytest

pytest_plugins = ["pytester"]

# Files whose fixtures take long: one worker makes them once.
TOGETHER = (
    "tests/platform/test_platform.py",
    "tests/platform/test_served.py",
    "tests/platform/test_mutations.py",
    "tests/conformance/",
    "tests/user_sync/",
)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that no worker has one left when the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/zoo/"))
