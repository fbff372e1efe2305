"""Somebody whom a seed declares is one person, and the one on whose behalf credentials are minted."""

from __future__ import annotations

from harness.credentials import register
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.seed import Seed, SeedUser, plant


def test_a_declared_alice_is_the_only_one() -> None:
    clerk = FakeClerk()
    plant(clerk, Seed(users=[SeedUser(email="alice@example.com", first_name="Alicia")]))
    (declared,) = clerk.directory.users.values()
    assert register(clerk, {})["alice"].user is declared
    assert [user.first_name for user in clerk.directory.find(emails=["alice@example.com"], ids=[])] == ["Alicia"]
