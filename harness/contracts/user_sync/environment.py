"""What a sequence of events acts on: the fake Clerk, the app's database with its legacy accounts, and the way to the sync."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.contracts.user_sync.claims import COLUMNS, alike, name_for, naming
from harness.contracts.user_sync.client import SyncClient
from harness.contracts.user_sync.declaration import SyncFile
from harness.contracts.user_sync.people import LegacyAccount, Person, Row
from harness.contracts.user_sync.sync_database import SyncDatabase
from harness.contracts.user_sync.write_faults import WriteFaults
from harness.credentials import ORIGIN
from harness.fake_clerk import EmailAddress, FakeClerk, PhoneNumber
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.webhooks import Message, event_message
from harness.targets import Target

_LEGACY_ACCOUNTS = 2
"""In each sequence."""
_LONGEST_NAME = 200


class SyncEnvironment:
    """Everything that steps act on and that invariants look at. Each sequence starts with `begin`.

    `pending` and `delivered`: webhook messages; `answers`: what the last delivery of each was answered, by its id; `log`: what has
    happened, in plain words.
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
        second: Target | None = None,
        alone: str = "",
        origin: str = ORIGIN,
    ) -> None:
        """`url`: of the app's database; `reset`: restores its rows; `suites`: where a callable's file is; `second`: another process
        of the app on the same database, for races; `alone`: why there is none; `origin`: of the front end, the azp of sessions.

        Raises DeclarationError when the target has no such route or function, or the database no such table or foreign key.
        """
        self.clerk, self.file, self._reset = clerk, file, reset
        self.alone = alone
        self.database = SyncDatabase(url, file.table)
        self.client = SyncClient(target, clerk, file.reach, suites, second, origin=origin)
        self.faults = WriteFaults(self.database.connection, self.database.written_tables)
        clerk.directory.listeners.append(self._on_event)
        self.people: list[Person] = []
        self.legacy: list[LegacyAccount] = []
        self.pending: list[Message] = []
        self.delivered: list[Message] = []
        self.answers: dict[str, str] = {}
        self.log: list[str] = []
        self.both_sides: Counter[str] = Counter()
        """How often people on both sides were kept apart or made one."""
        self._mark = ""

    @property
    def processes_in_words(self) -> str:
        """In how many processes of the app races were run."""
        if self.client.processes > 1:
            return f"{self.client.processes} processes of the app on one database"
        return f"one process of the app only{f' ({self.alone})' if self.alone else ''}"

    def close(self) -> None:
        """Close the connection, and listen to Clerk's events no more."""
        self.clerk.directory.listeners.remove(self._on_event)
        self.database.close()

    def begin(self) -> None:
        """Empty the fake Clerk, and restore the database as it was migrated and seeded, with two legacy accounts more."""
        self.client.work_off()
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
        self.answers.clear()

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

    def pending_of(self, person: Person) -> list[Message]:
        """The webhook messages about a person that wait."""
        return [message for message in self.pending if person.user.id in message.body.decode()]

    def free_account(self, number: int) -> LegacyAccount | None:
        """The legacy account of that number, modulo those there are; None where somebody has its address."""
        account = self.legacy[number % len(self.legacy)]
        taken = account.owner is not None or account.rival is not None or account.reserved
        taken = taken or any(p.legacy == account.number for p in self.people)
        return None if taken else account

    def put_on_both_sides(self, person: Person, account: LegacyAccount, *, told: bool) -> None:
        """The person has a row, and a legacy account has the same address. Rows of other tables refer to both.

        `told`: Clerk tells of the address now.
        """
        account.rival, account.told, person.second_account = person.user.id, told, account
        person.may_be_refused = self.file.table.both_sides == "refuse"
        row = self.row_of(person)
        if row is not None:
            person.dependents = self.database.add_dependents(row)

    def made_without_address(self, person: Person, row: Row) -> None:
        """A row was made for somebody whose address nobody told yet: where a legacy account has it, the two are beside each other."""
        for account in self.legacy:
            if account.owner == person.user.id and row[self.file.table.id] != account.row[self.file.table.id]:
                account.owner = None
                self.put_on_both_sides(person, account, told=True)

    def rights_gained(self, person: Person) -> list[str] | None:
        """What a person has by claiming it, as column = value; None where there is nobody's row to compare with."""
        own = self.row_of(person)
        others = (p for p in self.people if p.claims == "own" and p.active and p.second_account is None)
        anybody = next((row for other in others if (row := self.row_of(other)) is not None), None)
        return self.database.rights_gained(own, anybody) if own is not None and anybody is not None else None

    def add_second_account(self, person: Person) -> LegacyAccount | None:
        """A legacy account with the address of a person; None where the table's constraints keep it out.

        Where addresses are unique as they are written, it is written in other case.
        """
        email = person.user.email
        if email is None:
            return None
        other = email.upper() if email != email.upper() else email.lower()
        for form in (email, other) if self.file.table.email_case == "ignore" else (email,):
            account = self.database.try_legacy_account(len(self.legacy), form)
            if account is not None:
                self.legacy.append(account)
                return account
        return None

    def row_ids_of(self, person: Person) -> list[object]:
        """The ids of the rows that may be the person's: the first one, and that of a legacy account with the same address."""
        second = person.second_account
        return [person.row_id, *([second.row[self.file.table.id]] if second is not None else [])]

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

        `claims` is `own`, `legacy`, `legacy-unverified`, `legacy-secondary`, `legacy-primary` (the account's address as the primary one,
        unverified, beside a verified own one), `alike` (an own address that resembles it), `metadata` (an own one, and the account named
        where the front end may write), `username` or `phone` (the account's user name, or its number, unverified, as the only
        thing where `form` is `upper`), or `rights` (an own address, and rights where the front end may write); `legacy`: the account's
        number, modulo those there are.
        """
        number = len(self.people)
        claims = "own" if claims == "legacy" and self.database.all_have_clerk_ids else claims
        own = EmailAddress(self.address(f"person{number}", form))
        if claims == "rights":
            return self._add_person(claims, None, [own], first, last, unsafe_metadata=self.database.boast())
        account = self.free_account(legacy)
        if account is None or claims == "own":
            return self._add_person("own", None, [own], first, last)
        if claims == "alike":
            return self._add_person(claims, account.number, [EmailAddress(alike(account.email, form))], first, last)
        if claims == "metadata":
            named = naming(account, self.file.table.id)
            return self._add_person(claims, account.number, [own], first, last, unsafe_metadata=named)
        if claims in COLUMNS:
            return self._add_namesake(claims, account, [] if form == "upper" else [own], first, last)
        theirs = EmailAddress(
            account.email.upper() if form == "upper" else account.email, claims in ("legacy", "legacy-secondary")
        )
        emails = {"legacy-secondary": [own, theirs], "legacy-primary": [theirs, own]}.get(claims, [theirs])
        person = self._add_person(claims, account.number, emails, first, last)
        if claims == "legacy":
            account.owner = person.user.id
        return person

    def _add_namesake(
        self, claims: str, account: LegacyAccount, emails: list[EmailAddress], first: str | None, last: str | None
    ) -> Person:
        """Somebody with a legacy account's user name or number; with neither where accounts have none, or are adopted by it."""
        value = name_for(claims, account.number, self._mark)
        proves = claims == "username" and self.file.table.adopt_by_username
        if proves or not self.database.give_name(account, COLUMNS[claims], value):
            own = emails or [EmailAddress(self.address(f"person{len(self.people)}", "plain"))]
            return self._add_person("own", None, own, first, last)
        if claims == "username":
            return self._add_person(claims, account.number, emails, first, last, username=value)
        phones = [PhoneNumber(value, verified=False)]
        return self._add_person(claims, account.number, emails, first, last, phones=phones)

    def sign_up_again(self, number: int) -> Person | None:
        """Somebody who was deleted, the next from that number on, signs up again with the same address; None where there is nobody.

        To Clerk that is a new user, with a new id. Not for an address that a legacy account had, or that somebody else has now.
        """
        count = len(self.people)
        used = {p.user.email for p in self.people if not p.deleted}
        for former in (self.people[(number + turn) % count] for turn in range(count)):
            if former.deleted and former.claims == "own" and former.user.email not in used:
                if former.second_account is not None:
                    continue
                entry = former.user.emails[former.user.primary]
                emails = [EmailAddress(entry.address)]
                return self._add_person("own", None, emails, former.user.first_name, former.user.last_name)
        return None

    def gives_on(self, person: Person) -> bool:
        """Whether the person's address may become another's: one that a legacy account has is given on by nobody."""
        legacy = {account.email.lower() for account in self.legacy}
        own = person.claims == "own" and person.second_account is None
        return own and (person.user.email or "").lower() not in legacy

    def sign_up_freed(self, former: Person) -> Person:
        """Somebody changes the address, and a new person verifies the old one: Clerk holds each address for one user at a time only."""
        entry = former.user.emails[former.user.primary]
        former.moved = True
        moved = EmailAddress(self.address(f"moved{former.number}", "plain"))
        self.clerk.directory.update_user(former.user.id, emails=[moved], primary=0)
        return self._add_person("freed", None, [EmailAddress(entry.address)], "Grace", "Hopper")

    def _add_person(
        self,
        claims: str,
        legacy: int | None,
        emails: list[EmailAddress],
        first: str | None,
        last: str | None,
        **more: Any,
    ) -> Person:
        add = self.clerk.directory.add_user
        user = add(id=new_id("user"), emails=emails, first_name=first, last_name=last, **more)
        person = Person(len(self.people), user, claims, legacy)
        self.people.append(person)
        return person
