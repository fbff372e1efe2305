"""One example: a database with legacy accounts, people at the fake Clerk, and what happens to both, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from harness.contracts.user_sync.declaration import SyncFile
from harness.contracts.user_sync.strategies import LEGACY
from harness.core.errors import DeclarationError, TargetError
from harness.credentials import Presentation
from harness.database.row_factory import Reference, Table, dump, insert, referring, tables_of
from harness.fake_clerk import EmailAddress, FakeClerk, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.webhooks import Message, event_message, sign_delivery
from harness.targets import Target
from harness.targets.base import Call, Lane, Observation, Request, Route, ask, exchange
from harness.targets.request_builder import base_request, with_presentation

LIMIT = 10.0
_LONGEST = 200
_KILL = """
CREATE SCHEMA IF NOT EXISTS clerk_harness;
DROP TABLE IF EXISTS clerk_harness.kill;
CREATE TABLE clerk_harness.kill (after integer NOT NULL, pause boolean NOT NULL);
INSERT INTO clerk_harness.kill VALUES (0, false);
CREATE OR REPLACE FUNCTION clerk_harness.kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    now integer;
    waits boolean;
    seen text;
    before text := '';
    quiet integer := 0;
BEGIN
    SELECT after, pause INTO now, waits FROM clerk_harness.kill;
    IF waits AND TG_OP = 'INSERT' AND nextval('clerk_harness.writes') = 1 THEN
        FOR turn IN 1..60 LOOP  -- Until the others have done all that they can: 0.3 s without a sign, 3 s at most.
            PERFORM pg_sleep(0.05);
            PERFORM pg_stat_clear_snapshot();
            SELECT md5(string_agg(pid || ' ' || state_change, ',' ORDER BY pid)) INTO seen FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid();
            quiet := CASE WHEN seen IS NOT DISTINCT FROM before THEN quiet + 1 ELSE 0 END;
            before := seen;
            EXIT WHEN quiet >= 6;
        END LOOP;
    END IF;
    IF now > 0 AND nextval('clerk_harness.writes') >= now THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(0);
    END IF;
    RETURN NULL;
END $$;
CREATE SEQUENCE IF NOT EXISTS clerk_harness.writes;
GRANT USAGE ON SCHEMA clerk_harness TO PUBLIC;
"""


@dataclass
class Legacy:
    """An account from before Clerk, with rows of other tables that hang on it."""

    number: int
    email: str
    row: dict[str, Any]
    hanging: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)
    """(table, column) -> the row's key and what it refers to."""
    owner: str | None = None


@dataclass
class Person:
    """Somebody at Clerk. `claims`: how the legacy address is used, if at all; `row_id`: our row, once it was seen."""

    number: int
    user: User
    claims: str = "own"
    legacy: int | None = None
    row_id: Any = None
    deleted: bool = False
    moved: bool = False
    ever_banned: bool = False

    @property
    def active(self) -> bool:
        """Whether the person may enter."""
        return not self.deleted and not self.user.banned

    @property
    def name(self) -> str:
        """How the report calls the person."""
        return f"P{self.number}"

    def at_clerk(self, name: str) -> Any:
        """A field of the profile as it is at Clerk now."""
        return self.user.email if name == "primary_email_address" else getattr(self.user, name)


class SyncEnvironment:
    """What steps act on. Begin each example with `begin`."""

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
        """`suites`: where a callable's file is. Raises DeclarationError when the target has no such route, function, table or
        column.
        """
        self.target, self.clerk, self.file, self._reset = target, clerk, file, reset
        self.lane = target.lanes[0]
        self.connection = psycopg.connect(url, autocommit=True)
        self.tables = tables_of(self.connection)
        self.missing = self._check_columns()
        reach = file.reach
        self.callable = self._function(suites) if reach.callable is not None else None
        self._request = self._route(reach.request) if reach.request is not None else Route("CALL", reach.callable or "")
        self._webhook = self._route(reach.webhook) if reach.webhook is not None else None
        self.relations = self._relations()
        self.connection.execute(_KILL.encode())
        for name in {file.table.name, *(reference.table for reference in self.relations)}:
            for statement in (
                "DROP TRIGGER IF EXISTS clerk_harness_kill ON {}",
                "CREATE TRIGGER clerk_harness_kill AFTER INSERT OR UPDATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION clerk_harness.kill()",
            ):
                self.connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        clerk.directory.listeners.append(self._event)
        self.people: list[Person] = []
        self.legacy: list[Legacy] = []
        self.pending: list[Message] = []
        self.delivered: list[Message] = []
        self.log: list[str] = []

    def close(self) -> None:
        """Close the connection, and listen no more."""
        self.clerk.directory.listeners.remove(self._event)
        self.connection.close()

    # Making ready

    def _route(self, key: str) -> Route:
        for route in self.target.routes:
            if route.key == key:
                return route
        if not self.target.routes or not self.target.probed:
            method, _, path = key.partition(" ")
            return Route(method, path)
        raise DeclarationError(f"user_sync.toml: the target has no route {key}; `clerk-harness routes` lists them")

    def _function(self, suites: Path) -> str:
        """The callable as the agent finds it."""
        spec = self.file.reach.callable or ""
        if not self.target.probed:
            raise DeclarationError(
                "user_sync.toml: reach.callable: a function can be called only in an app target (--app)"
            )
        module, _, name = spec.rpartition(":")
        found = f"{(suites / module).resolve()}:{name}" if module.endswith(".py") else spec
        (answer,) = ask(self.lane, [Call(Route("CALL", spec), Request(found, "", kind="call"))], LIMIT)
        if answer.status != 200:
            reason = answer.error or "it is no function"
            raise DeclarationError(f"user_sync.toml: reach.callable: {spec} is not found in the target: {reason}")
        return found

    def _check_columns(self) -> list[str]:
        """Columns that are declared and that the table lacks."""
        table = self.file.table
        if table.name not in self.tables:
            known = ", ".join(sorted(self.tables)[:12])
            raise DeclarationError(
                f"user_sync.toml: table.name: the database has no table {table.name!r}; it has {known}"
            )
        wanted = dict.fromkeys((table.id, table.clerk_id, table.email, *table.mirror))
        return [f"{table.name}.{column}" for column in wanted if column not in self.tables[table.name].columns]

    def _relations(self) -> list[Reference]:
        table = self.file.table
        every = referring(self.tables, table.name, table.id)
        if table.relations is None:
            return every
        by_name = {f"{reference.table}.{reference.column}": reference for reference in every}
        for name in table.relations:
            if name not in by_name:
                raise DeclarationError(
                    f"user_sync.toml: table.relations: {name!r} is no foreign key to {table.name}.{table.id}; "
                    f"known: {', '.join(by_name) or 'none'}"
                )
        return [by_name[name] for name in table.relations]

    def begin(self) -> None:
        """An empty Clerk, and a database as it was migrated and seeded, with two legacy accounts more."""
        self._reset()
        self.clerk.directory.users.clear()
        self.clerk.directory.sessions.clear()
        self.people, self.pending, self.delivered, self.log = [], [], [], []
        self.mark = new_id("x")[-10:].lower()
        self.legacy = [self._old_account(number) for number in range(LEGACY)]
        self.pending.clear()

    def _old_account(self, number: int) -> Legacy:
        table = self.file.table
        email = f"legacy{number}.{self.mark}@example.com"
        row = insert(self.connection, self.tables, table.name, {table.email: email})
        account = Legacy(number, email, row)
        for reference in self.relations:
            try:
                hanging = insert(self.connection, self.tables, reference.table, {reference.column: row[table.id]})
            except psycopg.Error:
                continue  # A check that cannot be guessed: that table is left out.
            key = tuple(hanging[name] for name in self.tables[reference.table].key)
            account.hanging[reference.table, reference.column] = (key, row[table.id])
        return account

    def _event(self, type: str, data: dict[str, Any]) -> None:
        if self._webhook is not None and type.startswith("user."):
            self.pending.append(event_message(self.clerk, type, data))

    # What is seen

    def row_of(self, person: Person) -> dict[str, Any] | None:
        """The person's row."""
        rows = self.rows(person.user.id)
        return rows[0] if rows else None

    def rows(self, clerk_id: str | None = None) -> list[dict[str, Any]]:
        """Rows of the table of users: all, or those of one Clerk user."""
        table = self.file.table
        statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table.name))
        if clerk_id is not None:
            statement += sql.SQL(" WHERE {} = {}").format(sql.Identifier(table.clerk_id), sql.Literal(clerk_id))
        cursor = self.connection.execute(statement)
        assert cursor.description is not None
        names = [entry.name for entry in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def dump(self) -> dict[str, list[str]]:
        """The whole database, without what may differ."""
        leave = set()
        for name in self.file.table.volatile:
            table, dot, column = name.rpartition(".")
            leave.add((table, column) if dot else (self.file.table.name, name))
        return dump(self.connection, self.tables, leave)

    def hanging_of(self, account: Legacy) -> dict[tuple[str, str], Any]:
        """Whom each row that hung on the account refers to now; None where it is gone."""
        found = {}
        for (name, column), (key, _) in account.hanging.items():
            table: Table = self.tables[name]
            where = sql.SQL(" AND ").join(
                sql.SQL("{} = {}").format(sql.Identifier(part), sql.Literal(value))
                for part, value in zip(table.key, key, strict=True)
            )
            statement = sql.SQL("SELECT {} FROM {} WHERE ").format(sql.Identifier(column), sql.Identifier(name)) + where
            row = self.connection.execute(statement).fetchone()
            found[name, column] = row[0] if row is not None else None
        return found

    # What is done

    def person(self, number: int) -> Person | None:
        """The person of that number, counted round."""
        return self.people[number % len(self.people)] if self.people else None

    def limit_of(self, field_name: str) -> int:
        """How long a text may be for the column that mirrors a field."""
        for column, mirrored in self.file.table.mirror.items():
            known = self.tables[self.file.table.name].columns.get(column)
            if mirrored == field_name and known is not None and known.length is not None:
                return min(known.length, _LONGEST)
        return _LONGEST

    def sign_up(self, claims: str, legacy: int, form: str, first: str | None, last: str | None) -> Person:
        """A new person at Clerk, with an address of their own or one that a legacy account has."""
        number = len(self.people)
        own = EmailAddress(self.address(f"person{number}", form))
        account = self.legacy[legacy % len(self.legacy)]
        taken = account.owner is not None or any(p.legacy == account.number for p in self.people)
        if claims != "own" and taken:
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

    def address(self, name: str, form: str) -> str:
        """A fresh address."""
        extra = "+tag" if form == "plus" else ""
        text = f"{name}{extra}.{new_id('x')[-6:].lower()}.{self.mark}@example.com"
        return text.title() if form == "upper" else text

    def request(self, person: Person, times: int = 1, *, impostor: User | None = None) -> list[Observation]:
        """The person's request to the declared route, `times` at once; with another's identity beside the token."""
        if self.callable is not None:
            calls = [Call(self._request, self._call(self.callable, person))] * times
        else:
            calls = [Call(self._request, self._signed_in(person, impostor)) for _ in range(times)]
        return ask(self.lane, calls, LIMIT) if times == 1 else ask_together(self.lane, calls)

    def _signed_in(self, person: Person, impostor: User | None) -> Request:
        """The declared request with a token of the person."""
        reach = self.file.reach
        presented = Presentation(token=self.clerk.session_token(person.user))
        request = with_presentation(base_request(self._request, reach.example), presented, reach.carrier)
        return request if impostor is None else _with_identity(request, impostor)

    def _call(self, function: str, person: Person) -> Request:
        """The call of the app's function for a person as they are at Clerk now."""

        def value(entry: Any) -> Any:
            if entry in ("user", "claims"):
                return person.user.as_json() if entry == "user" else self.clerk.claims_for(person.user)
            if not isinstance(entry, str):
                return entry
            return {"$open": entry} if ":" in entry else person.at_clerk(entry)

        given = self.file.reach.arguments
        positional = [value(entry) for entry in given] if isinstance(given, list) else []
        named = {name: value(entry) for name, entry in given.items()} if isinstance(given, dict) else {}
        body = json.dumps({"positional": positional, "named": named}).encode()
        return Request(function, "", body=body, kind="call")

    def deliver(self, message: Message) -> Observation:
        """Deliver a webhook message, signed anew as Svix does."""
        assert self._webhook is not None
        base = base_request(self._webhook, self.file.reach.example)
        headers = [(n, v) for n, v in base.headers if n not in ("content-type", "content-length")]
        signed = sign_delivery(self.clerk.webhook_secret, message.body, at=self.clerk.now(), message_id=message.id)
        headers += [*signed.items(), ("content-type", "application/json"), ("content-length", str(len(message.body)))]
        request = Request("POST", base.path, base.query, headers, message.body)
        (answer,) = ask(self.lane, [Call(self._webhook, request)], LIMIT)
        return answer

    def partial(self, person: Person, which: int) -> Message:
        """An update that says only a part: nothing of names, nothing of addresses, or neither."""
        whole = person.user.as_json()
        kept = ["id", "object", "updated_at"]
        kept += [["primary_email_address_id", "email_addresses"], ["first_name", "last_name"], []][which % 3]
        return event_message(self.clerk, "user.updated", {name: whole[name] for name in kept})

    def arm(self, after: int = 0, *, pause: bool = False) -> None:
        """Kill the connection of whoever writes to the users' tables for the `after`th time; and let whoever inserts first
        wait until the others can do no more, so that a race is lost every time. Without values, neither.
        """
        self.connection.execute("SELECT setval('clerk_harness.writes', 1, false)")
        self.connection.execute("UPDATE clerk_harness.kill SET after = %s, pause = %s", [after, pause])


def ask_together(lane: Lane, calls: list[Call]) -> list[Observation]:
    """Observations of calls that go out at the same moment."""
    partial = exchange(lane, calls, LIMIT, together=True)
    if len(partial.observations) != len(calls):
        raise TargetError("the target ended while requests ran side by side")
    return list(partial.observations)


def _with_identity(request: Request, other: User) -> Request:
    """The request, naming somebody else in every place but the token."""
    claims = {"user_id": other.id, "clerk_user_id": other.id, "sub": other.id, "email": other.email or "x@example.com"}
    headers = [
        *request.headers,
        ("x-user-id", other.id),
        ("x-clerk-user-id", other.id),
        ("x-user-email", claims["email"]),
    ]
    query = "&".join([*filter(None, [request.query]), *(f"{name}={value}" for name, value in claims.items())])
    body = request.body
    if body:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            body = json.dumps(document | claims).encode()
    elif request.method in ("POST", "PUT", "PATCH"):
        body = json.dumps(claims).encode()
    if body is not request.body:
        headers = [(n, v) for n, v in headers if n not in ("content-type", "content-length")]
        headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
    return Request(request.method, request.path, query, headers, body)
