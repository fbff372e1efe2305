"""A mint for each test."""

from __future__ import annotations

import pytest

from harness.credentials import Legacy, Mint, register
from harness.fake_clerk import FakeClerk


@pytest.fixture(scope="session")
def shared() -> Mint:
    """People, an instance and an attacker's key: making them takes a while."""
    clerk = FakeClerk()
    return Mint(clerk, register(clerk, {}), Legacy())


@pytest.fixture
def fresh(shared: Mint) -> Mint:
    """A mint that has made nothing yet."""
    made = Mint(shared.instance, shared.identities, Legacy())
    made.attacker = shared.attacker
    return made
