"""The invariants of the sync contract, one in each file. A new one is a file, and its line here."""

from __future__ import annotations

from harness.contracts.user_sync.invariants import (
    adoption,
    at_once,
    banned,
    both_sides,
    connection_loss,
    newest,
    no_adoption,
    no_resurrection,
    one_row,
    own_row,
    partial,
    relations,
    replay,
    rights,
    token_only,
)
from harness.contracts.user_sync.invariants.base import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    one_row.INVARIANT,
    replay.INVARIANT,
    newest.INVARIANT,
    no_resurrection.INVARIANT,
    at_once.INVARIANT,
    adoption.INVARIANT,
    no_adoption.INVARIANT,
    own_row.INVARIANT,
    partial.INVARIANT,
    token_only.INVARIANT,
    banned.INVARIANT,
    connection_loss.INVARIANT,
    both_sides.INVARIANT,
    relations.INVARIANT,
    rights.INVARIANT,
)
"""In the order in which they judge and are reported."""
