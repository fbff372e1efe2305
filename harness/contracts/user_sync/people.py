"""The people of a sequence: users at the fake Clerk, and accounts from before Clerk."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.fake_clerk import User

Row = dict[str, object]
"""A row of the table of users: column -> value."""


@dataclass
class LegacyAccount:
    """An account from before Clerk, with rows of other tables that refer to it. `owner`: the Clerk user who may adopt it."""

    number: int
    email: str
    row: Row
    dependents: dict[tuple[str, str], tuple[tuple[object, ...], object]] = field(default_factory=dict)
    """(table, column of the foreign key) -> the referring row's primary key, and what it refers to."""
    owner: str | None = None
    contested: bool = False
    """Whether the address has become that of somebody who has a row already: the two may stay apart, or be made one."""


@dataclass
class Person:
    """Somebody at Clerk. `claims`: how a legacy account's address is used, if at all; `legacy`: that account's number;
    `row_id`: the id of the person's row, once there was one; `moved`: whether the primary address has changed.
    """

    number: int
    user: User
    claims: str = "own"
    legacy: int | None = None
    row_id: object = None
    deleted: bool = False
    moved: bool = False
    ever_banned: bool = False
    contests: bool = False
    """Whether the primary address has become that of a legacy account, beside the own row."""

    @property
    def active(self) -> bool:
        """Whether the person may enter."""
        return not self.deleted and not self.user.banned

    @property
    def blocked(self) -> bool:
        """Whether the only address is another account's, and unverified: the person may have no row."""
        return self.claims == "legacy-unverified" and not self.moved

    @property
    def name(self) -> str:
        """How the report calls the person."""
        return f"P{self.number}"

    def at_clerk(self, name: str) -> object:
        """A field of the profile as it is at Clerk now."""
        value: object = self.user.email if name == "primary_email_address" else getattr(self.user, name)
        return value
