"""A pytest plugin that says how long the items took: from the first item's start to the last one's end."""

import time
from collections.abc import Iterator

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"\nCLOCK {len(session.items)} {time.perf_counter() - started:.6f}")
