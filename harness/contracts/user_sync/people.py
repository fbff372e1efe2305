"""The people of a sequence: users at the fake Clerk, and accounts from before Clerk."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.fake_clerk import User

Row = dict[str, object]
"""A row of the table of users: column -> value."""


@dataclass(frozen=True)
class DependentRow:
    """A row of another table that refers to a user. `identity`: column -> value, by which it is found again whomever it
    refers to; `refers_to`: the user's row at first.
    """

    identity: dict[str, object]
    refers_to: object


Dependents = dict[tuple[str, str], DependentRow]
"""(table, column of the foreign key) -> the referring row."""


@dataclass
class LegacyAccount:
    """An account from before Clerk, with rows of other tables that refer to it. `owner`: the Clerk user who may adopt it."""

    number: int
    email: str
    row: Row
    dependents: Dependents = field(default_factory=dict)
    owner: str | None = None
    rival: str | None = None
    """The Clerk user who has a row already and whose verified primary address is this account's as well."""
    told: bool = False
    """Whether Clerk told of that address when the account was there already."""
    reserved: bool = False
    """Whether somebody has the address in a way that proves nothing."""


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
    second_account: LegacyAccount | None = None
    """The legacy account that has the primary address as well, beside the own row: the person exists on both sides."""
    may_be_refused: bool = False
    """Whether somebody on both sides is declared to be kept out."""
    dependents: Dependents = field(default_factory=dict)
    """Rows that refer to the own row, of a person who exists on both sides."""

    @property
    def active(self) -> bool:
        """Whether the person may enter."""
        return not self.deleted and not self.user.banned

    @property
    def blocked(self) -> bool:
        """Whether the only address is another account's, and unverified: the person may have no row."""
        return self.claims == "legacy-unverified" and not self.moved

    @property
    def boasts(self) -> bool:
        """Whether the person claims rights in the unsafe metadata."""
        return self.claims == "rights"

    @property
    def collides(self) -> bool:
        """Whether a value of the profile is another account's, and proves nothing, or was another's until now, or claims rights: the
        person may be kept out, with whatever answer.
        """
        return self.boasts or self.claims in ("legacy-primary", "username", "phone", "freed")

    @property
    def may_be_kept_out(self) -> bool:
        """Whether the app need not let the person in, nor have a row as Clerk has it."""
        return self.blocked or self.may_be_refused or self.collides

    @property
    def name(self) -> str:
        """How the report calls the person."""
        return f"P{self.number}"

    def at_clerk(self, name: str) -> object:
        """A field of the profile as it is at Clerk now."""
        value: object = self.user.email if name == "primary_email_address" else getattr(self.user, name)
        return value
