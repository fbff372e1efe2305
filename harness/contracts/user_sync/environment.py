"""What a sequence of events acts on: the fake Clerk, the app's database with its legacy accounts, and the way to the sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.contracts.user_sync.client import SyncClient
from harness.contracts.user_sync.declaration import SyncFile
from harness.contracts.user_sync.people import LegacyAccount, Person, Row
from harness.contracts.user_sync.sync_database import SyncDatabase
from harness.contracts.user_sync.write_faults import WriteFaults
from harness.fake_clerk import EmailAddress, FakeClerk
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.webhooks import Message, event_message
from harness.targets import Target

_LEGACY_ACCOUNTS = 2
"""In each sequence."""
_LONGEST_NAME = 200


class SyncEnvironment:
    """Everything that steps act on and that invariants look at. Each sequence starts with `begin`.

    `pending` and `delivered`: webhook messages; `log`: what has happened, in plain words.
    """

    def __init__(
        self,
        target: Target,
        clerk: FakeClerk,
        url: str,
        file: SyncFile,
        reset: Callable[[], object],
        *,
        suites: Path = Path(),
    ) -> None:
        """`url`: of the app's database; `reset`: restores its rows; `suites`: where a callable's file is.

        Raises DeclarationError when the target has no such route or function, or the database no such table or foreign key.
        """
        self.clerk, self.file, self._reset = clerk, file, reset
        self.database = SyncDatabase(url, file.table)
        self.client = SyncClient(target, clerk, file.reach, suites)
        self.faults = WriteFaults(self.database.connection, self.database.written_tables)
        clerk.directory.listeners.append(self._on_event)
        self.people: list[Person] = []
        self.legacy: list[LegacyAccount] = []
        self.pending: list[Message] = []
        self.delivered: list[Message] = []
        self.log: list[str] = []
        self._mark = ""

    def close(self) -> None:
        """Close the connection, and listen to Clerk's events no more."""
        self.clerk.directory.listeners.remove(self._on_event)
        self.database.close()

    def begin(self) -> None:
        """Empty the fake Clerk, and restore the database as it was migrated and seeded, with two legacy accounts more."""
        self._reset()
        self.clerk.directory.users.clear()
        self.clerk.directory.sessions.clear()
        self.people, self.pending, self.delivered, self.log = [], [], [], []
        self._mark = new_id("x")[-10:].lower()
        self.legacy = [
            self.database.add_legacy_account(number, f"legacy{number}.{self._mark}@example.com")
            for number in range(_LEGACY_ACCOUNTS)
        ]
        self.pending.clear()

    def _on_event(self, type: str, data: dict[str, Any]) -> None:
        if self.file.reach.webhook is not None and type.startswith("user."):
            self.pending.append(event_message(self.clerk, type, data))

    def row_of(self, person: Person) -> Row | None:
        """The person's row; None where there is none."""
        rows = self.database.users(person.user.id)
        return rows[0] if rows else None

    def rows_of_sequence(self) -> list[Row]:
        """The rows of users that this sequence made: of its people, and of addresses that were made for it."""
        table, ids = self.file.table, {person.user.id for person in self.people}
        return [
            row
            for row in self.database.users()
            if row[table.clerk_id] in ids or self._mark in str(row[table.email]).lower()
        ]

    def person(self, number: int) -> Person | None:
        """The person of that number, modulo those there are; None where there is nobody yet."""
        return self.people[number % len(self.people)] if self.people else None

    def name_of(self, clerk_id: object) -> str:
        """How the report calls the person with that Clerk id; the id itself where it is nobody's."""
        return next((person.name for person in self.people if person.user.id == str(clerk_id)), str(clerk_id))

    def name_in(self, message: Message) -> str:
        """How the report calls the person that a webhook message is about."""
        text = message.body.decode()
        return next((person.name for person in self.people if person.user.id in text), "somebody")

    def longest(self, field_name: str) -> int:
        """How many characters a field of the profile may have, so that the column that mirrors it holds them."""
        limit = self.database.text_limit(field_name)
        return _LONGEST_NAME if limit is None else min(limit, _LONGEST_NAME)

    def address(self, name: str, form: str) -> str:
        """A fresh address: `plus` with a tag, `upper` in mixed case."""
        extra = "+tag" if form == "plus" else ""
        text = f"{name}{extra}.{new_id('x')[-6:].lower()}.{self._mark}@example.com"
        return text.title() if form == "upper" else text

    def sign_up(self, claims: str, legacy: int, form: str, first: str | None, last: str | None) -> Person:
        """Add a person at Clerk, with an address of their own or one that a legacy account has.

        `claims` is `own`, `legacy`, `legacy-unverified` or `legacy-secondary`; `legacy`: the account's number, modulo those there are.
        """
        number = len(self.people)
        own = EmailAddress(self.address(f"person{number}", form))
        account = self.legacy[legacy % len(self.legacy)]
        taken = account.owner is not None or any(p.legacy == account.number for p in self.people)
        if taken:
            claims = "own"
        theirs = EmailAddress(
            account.email.upper() if form == "upper" else account.email, claims != "legacy-unverified"
        )
        emails = {"own": [own], "legacy-secondary": [own, theirs]}.get(claims, [theirs])
        user = self.clerk.directory.add_user(id=new_id("user"), emails=emails, first_name=first, last_name=last)
        person = Person(number, user, claims, None if claims == "own" else account.number)
        self.people.append(person)
        if claims == "legacy":
            account.owner = user.id
        return person
