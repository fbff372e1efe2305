"""How the app's sync is reached, found out by trying: whose request makes a row, what stands in it then, whether deliveries do."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.client import SyncClient
from harness.contracts.user_sync.declaration import Reach, UserTable
from harness.contracts.user_sync.people import Person, Row
from harness.contracts.user_sync.queued import comes_within
from harness.contracts.user_sync.sync_database import SyncDatabase
from harness.core.errors import HarnessError
from harness.fake_clerk import EmailAddress, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.webhooks import event_message
from harness.run.baseline import RouteBaseline
from harness.run.context import RunContext
from harness.run.user_table import UsersTable

_LIKELY = re.compile(r"sync|session|/me\b|users?\b|profile|account|auth", re.I)
_DELIVERY = re.compile(r"webhook|clerk|svix|hook", re.I)
_MOST = 12
"""Routes that are tried."""
_MIRRORED = ("primary_email_address", "first_name", "last_name", "username", "image_url", "external_id")


@dataclass
class FoundSync:
    """What was seen. `request`: the route whose first call made a row, None where none did; `webhook`: the one to which a delivery
    made one, and `later`, within how many seconds where it was not there with the answer; `mirror`: column -> field of Clerk's;
    `volatile`: columns that differed after a second call; `adopts`: whether a row without a Clerk id became that of its address,
    None where there can be no such row.
    """

    table: UsersTable
    request: str | None = None
    webhook: str | None = None
    later: float | None = None
    refreshes: bool = False
    mirror: dict[str, str] = field(default_factory=dict)
    volatile: list[str] = field(default_factory=list)
    adopts: bool | None = None


def find_sync(session: RunContext, entries: list[RouteBaseline], table: UsersTable) -> FoundSync:
    """Try the routes that people enter with Clerk as somebody new, and then deliveries. The rows are restored after each."""
    found, email = FoundSync(table), table.email or table.clerk_id
    declared = UserTable(name=table.name, id=table.id, clerk_id=table.clerk_id, email=email, mirror={})
    with closing(SyncDatabase(session.database_url, declared)) as database:
        finder = _Finder(session, database, found)
        for key in _requests(entries):
            if finder.request(key):
                break
        if found.request is not None:
            finder.adoption()
            for path in _deliveries(entries):
                if finder.webhook(f"POST {path}"):
                    break
    return found


def _deliveries(entries: list[RouteBaseline]) -> list[str]:
    """Paths to which deliveries may go: of routes that take a POST, views that name no methods among them."""
    routes = [entry.route for entry in entries if entry.route.method == "POST" or entry.route.any_method]
    return [route.path for route in routes if route.kind == "http" and _DELIVERY.search(route.path)][:_MOST]


def _requests(entries: list[RouteBaseline]) -> list[str]:
    """Routes that may make a row, the likely ones first: without parameters, entered with Clerk, reading before writing."""
    fit = [
        entry.route for entry in entries
        if entry.guard in ("clerk", "clerk+legacy") and "{" not in entry.route.path and entry.route.kind == "http"
        and entry.route.method in ("GET", "POST")
    ]  # fmt: skip
    fit.sort(key=lambda route: (not _LIKELY.search(route.path), route.method != "GET", len(route.path)))
    return [route.key for route in fit[:_MOST]]


class _Finder:
    """Tries one thing after the other, each with somebody new, on the rows as they were seeded."""

    def __init__(self, session: RunContext, database: SyncDatabase, found: FoundSync) -> None:
        self.session, self.database, self.found = session, database, found

    def _somebody(self, email: str | None = None) -> Person:
        tag = new_id("x")[-8:].lower()
        user = self.session.clerk.directory.add_user(
            id=new_id("user"), emails=[EmailAddress(email or f"first.{tag}@example.com")], first_name=f"First{tag}",
            last_name=f"Last{tag}", username=f"name{tag}", image_url=f"https://img.clerk.com/{tag}", external_id=f"ext{tag}",
        )  # fmt: skip
        return Person(0, user)

    def _client(self, **reach: Any) -> SyncClient:
        declared = Reach.model_validate(reach)
        return SyncClient(self.session.target, self.session.clerk, declared, Path(), origin=self.session.mint.origin)

    def _row(self, person: Person) -> Row | None:
        rows = self.database.users(person.user.id)
        return rows[0] if len(rows) == 1 else None

    def _reset(self) -> None:
        for each in self.session.resets or []:
            each.reset()

    def request(self, key: str) -> bool:
        """Whether a route's first call by somebody new makes the row."""
        person = self._somebody()
        try:
            client = self._client(request=key)
            client.request(person)
            row = self._row(person)
            if row is None:
                return False
            self.found.request = key
            self.found.mirror = _mirror(row, person.user, self.found.table)
            client.request(person)
            self.found.volatile = _differing(row, self._row(person) or row)
            self.found.refreshes = self._refreshes(client, person)
            return True
        except HarnessError:
            return False
        finally:
            self._reset()

    def _refreshes(self, client: SyncClient, person: Person) -> bool:
        """Whether a later request takes a changed name over."""
        for column, name in self.found.mirror.items():
            if name in ("first_name", "last_name", "username"):
                changed = f"Changed{new_id('x')[-6:]}"
                self.session.clerk.directory.update_user(person.user.id, **{name: changed})
                client.request(person)
                return (self._row(person) or {}).get(column) == changed
        return False

    def adoption(self) -> None:
        """Find out whether a row without a Clerk id becomes that of somebody with its address."""
        if not self.found.table.nullable or self.found.table.email is None:
            return
        address = f"legacy.{new_id('x')[-8:].lower()}@example.com"
        account = self.database.add_legacy_account(0, address)
        person = self._somebody(address)
        self._client(request=self.found.request).request(person)
        row = self._row(person)
        self.found.adopts = row is not None and row[self.found.table.id] == account.row[self.found.table.id]
        self._reset()

    def webhook(self, key: str) -> bool:
        """Whether a delivery to a route makes the row."""
        person = self._somebody()
        try:
            client = self._client(request=self.found.request, webhook=key)
            answer = client.deliver(event_message(self.session.clerk, "user.created", person.user.as_json()))
            made = self._row(person) is not None or (is_admission(answer) and self._later(person))
        except HarnessError:
            return False
        finally:
            self._reset()
        self.found.webhook = key if made else None
        return made

    def _later(self, person: Person) -> bool:
        """Whether the row is there a while after the answer: the app queues what is delivered, and works it off."""
        self.found.later = comes_within(lambda: self._row(person) is not None)
        return self.found.later is not None


def _mirror(row: Row, user: User, table: UsersTable) -> dict[str, str]:
    """Which columns have which fields of the profile."""
    fields = {name: user.email if name == "primary_email_address" else getattr(user, name) for name in _MIRRORED}
    return {
        column: name
        for column, value in row.items() if isinstance(value, str) and column != table.clerk_id
        for name, text in fields.items() if text and value.lower() == str(text).lower()
    }  # fmt: skip


def _differing(row: Row, later: Row) -> list[str]:
    return [column for column, value in row.items() if later.get(column) != value]
