"""The front-end contract finds each flaw by its check, and leaves front ends alone that are in order."""

from __future__ import annotations

import pytest

from tests.frontend.conftest import Hold

JOURNEY = "sign-in,fresh-token,token-origin,no-stored-credential,no-loop"


@pytest.mark.parametrize("style", ["", "own"])
def test_what_is_in_order_is_left_alone(held: Hold, style: str) -> None:
    checks = held(style=style)
    assert [(c.name, c.status, c.detail, c.events) for c in checks.values() if c.status != "proven"] == []
