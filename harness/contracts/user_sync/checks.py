"""The invariants of the sync contract, and what says that one is broken."""

from __future__ import annotations

CHECKS = {
    "one-row": "one row for each Clerk user, always",
    "replay": "replaying anything leaves the database as after the first time",
    "newest": "the row equals the newest profile, whatever the order of delivery",
    "no-resurrection": "a late event does not let a deleted user back in",
    "at-once": "first requests at the same moment make one row, and all succeed",
    "adoption": "a legacy account with the same verified primary address is adopted once, with all that hangs on it",
    "no-adoption": "an unverified or secondary address adopts nobody's account",
    "own-row": "two Clerk users never share a row, and each keeps his own",
    "partial": "a partial payload erases nothing",
    "token-only": "identity comes from the verified token only",
    "banned": "a banned or deleted user cannot enter, and comes back with the same row when unbanned",
    "connection-loss": "a connection killed in the middle leaves nothing half done, and the next request heals it",
    "relations": "what hung on a person hangs on the same person",
}
"""Name -> what it says."""


class Violation(Exception):
    """A check that does not hold. `events` are what led to it, in plain words; `before` and `after` the rows."""

    def __init__(self, check: str, told: str, events: list[str], before: list[str], after: list[str]) -> None:
        super().__init__(f"{check}: {told}")
        self.check, self.told, self.events, self.before, self.after = check, told, events, before, after


_KINDS: dict[str, type[Violation]] = {
    name: type(f"Violation_{name.replace('-', '_')}", (Violation,), {}) for name in CHECKS
}


def violated(check: str, told: str, events: list[str], before: list[str], after: list[str]) -> Violation:
    """A violation of a type of its own for each check: Hypothesis shrinks towards the same type."""
    return _KINDS[check](check, told, events, before, after)
