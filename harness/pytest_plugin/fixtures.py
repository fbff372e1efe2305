"""Fixtures for tests of a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.fake_clerk import FakeClerk


@pytest.fixture
def fake_clerk() -> Iterator[FakeClerk]:
    """A fake Clerk of this test alone, started on a free port of this machine and stopped after the test.

    Its variables (`fake_clerk.environment()`) are not set: which of them the code under test reads is the test's to say.
    """
    from harness.fake_clerk import FakeClerk

    with FakeClerk() as clerk:
        yield clerk
