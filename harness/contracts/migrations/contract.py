"""What must hold of a backend's migrations, each check on a database of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from harness.contracts.base import Check
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.snapshot import Snapshot, populate, schema_of, snapshot
from harness.core.errors import DatabaseError
from harness.database.row_factory import tables_of
from harness.database.server import Server

CHECKS = {
    "one-head": "the migrations have one head",
    "from-nothing": "they bring an empty database up to date",
    "models": "the models equal the schema that they make",
    "data": "from the legacy revision, with thousands of users, all rows, keys and kept columns come through unchanged",
    "rollback": "down again restores schema and data, and up again works",
    "resumable": "stopped half-way, at any statement, they can go on",
    "gradual": "the app of the stage before runs on the schema after",
    "no-blocking-ddl": "no populated table is rewritten or locked for long, and no column with data is dropped, unless allowed",
}
"""Name -> what it says."""
_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception|\w+\.exc\.\w+|errors\.\w+)|FAILED): ")
_LIMIT = 300
_STOPS = 12
"""At how many statements, spread over a migration, it is stopped."""
_NO_TRIGGER = "the role may not make event triggers; use a superuser of a throw-away server"
_WATCH = """
CREATE SCHEMA clerk_harness;
CREATE TABLE clerk_harness.ran (number serial, tag text, object text, query text);
CREATE SEQUENCE clerk_harness.statements MINVALUE 0;
CREATE TABLE clerk_harness.stop (at integer NOT NULL);
INSERT INTO clerk_harness.stop VALUES (0);
CREATE FUNCTION clerk_harness.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    at_statement integer;
BEGIN
    SELECT at INTO at_statement FROM clerk_harness.stop;
    IF at_statement > 0 AND nextval('clerk_harness.statements') >= at_statement THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(0);
    END IF;
    INSERT INTO clerk_harness.ran (tag, object, query)
        SELECT command_tag, coalesce((SELECT relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE i.indexrelid = o.objid),
               (SELECT relname FROM pg_class WHERE oid = o.objid)), current_query()
        FROM pg_event_trigger_ddl_commands() o;
END $$;
CREATE EVENT TRIGGER clerk_harness_watch ON ddl_command_end EXECUTE FUNCTION clerk_harness.watch();
"""


@dataclass
class Done:
    """What a command of Alembic did."""

    code: int
    output: str

    @property
    def last(self) -> str:
        """The line that tells what went wrong: the last that looks like an error, else the last one."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if _ERROR.match(line)]
        return (errors or lines or ["it printed nothing"])[-1][:300]


@dataclass
class Migrated:
    """The way up from the legacy revision. `ran`: number, tag, table and text of each schema statement, if `watched`."""

    done: Done
    before: Snapshot
    after: Snapshot
    ran: list[Any]
    watched: bool


class _Broken(Exception):
    """A check that does not hold."""


@dataclass
class Migrations:
    """The migrations of a backend. `python`: its interpreter; `environment_for`: the variables for a database's URL."""

    file: MigrationsFile
    server: Server
    python: str
    directory: Path
    environment_for: Callable[[str], dict[str, str]]
    tag: str
    _made: int = 0
    _names: list[str] = field(default_factory=list)
    _from_empty: tuple[Done, str] | None = None
    _old: tuple[str, Snapshot] | None = None
    _way_up: Migrated | None = None
    _named: list[str] = field(default_factory=list)

    def verify(
        self, checks: Collection[str] = tuple(CHECKS), progress: Callable[[str], None] | None = None
    ) -> list[Check]:
        """Hold the checks, each on a database of its own. Raises DatabaseError when Alembic cannot be run at all."""
        try:
            return self._hold(checks, progress)
        finally:
            self._drop()

    def _hold(self, checks: Collection[str], progress: Callable[[str], None] | None) -> list[Check]:
        results = []
        for name, description in CHECKS.items():
            if name not in checks:
                continue
            if progress is not None:
                progress(name)
            self._named = []
            check = Check("migrations", name, description, "proven", 1)
            try:
                if name == "gradual":
                    check.status, check.detail, check.count = "not examined", "the app is not started here", 0
                else:
                    getattr(self, "_" + name.replace("-", "_"))()
            except _Broken as broken:
                check.status, check.detail = "broken", str(broken)
            except _Skipped as skipped:
                check.status, check.detail, check.count = "not examined", str(skipped), 0
            results.append(check)
        return results

    # Running

    def _alembic(self, command: str, url: str) -> Done:
        words = [self.python, "-m", "alembic", "-c", self.file.config, *command.split()]
        try:
            done = subprocess.run(
                words, cwd=self.directory, env=self.environment_for(url), capture_output=True, text=True, timeout=_LIMIT, check=False
            )  # fmt: skip
        except OSError as error:
            raise DatabaseError(f"--python {self.python}: {error.strerror or error}") from error
        except subprocess.TimeoutExpired:
            return Done(1, f"`alembic {command}` took more than {_LIMIT} s")
        return Done(done.returncode, done.stdout + done.stderr)

    def _must(self, command: str, url: str, told: str) -> None:
        done = self._alembic(command, url)
        if done.code != 0:
            raise _Broken(f"{told}: {done.last}")

    def _create(self, template: str | None = None) -> str:
        """A new database, empty or a copy; its name."""
        self._made += 1
        name = f"clerk_harness_{self.tag}_migrate_{self._made}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self.server.execute(statement)
        self._names.append(name)
        return name

    @contextmanager
    def _database(self, template: str | None = None) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
        """A database for one check; its URL and a connection."""
        url = self.server.url_of(self._create(template))
        with psycopg.connect(url, autocommit=True) as connection:
            yield url, connection

    def _drop(self) -> None:
        for name in self._names:
            with suppress(DatabaseError):
                self.server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._names.clear()

    def _empty(self) -> tuple[Done, str]:
        """An empty database brought up to date, once for all checks; what Alembic said, and the URL."""
        if self._from_empty is None:
            url = self.server.url_of(self._create())
            self._from_empty = (self._alembic("upgrade head", url), url)
        return self._from_empty

    def _legacy(self) -> tuple[str, Snapshot]:
        """The database of the stage before, full of rows, to be copied; its name, and what is in it."""
        if self._old is None:
            name = self._create()
            url = self.server.url_of(name)
            self._must(f"upgrade {self.file.legacy}", url, f"the legacy revision {self.file.legacy} cannot be reached")
            with psycopg.connect(url, autocommit=True) as connection:
                if self.file.users not in tables_of(connection):
                    raise _Broken(
                        f"the legacy revision has no table {self.file.users}: name it as `users` in migrations.toml"
                    )
                populate(connection, self.file.users, self.file.rows)
                self._old = (name, snapshot(connection))
        return self._old

    def _migrated(self) -> Migrated:
        """The way up from the legacy database, watched, once for all checks."""
        if self._way_up is None:
            template, before = self._legacy()
            with self._database(template) as (url, connection):
                watched = self._watch(connection)
                done = self._alembic("upgrade head", url)
                ran = (
                    connection.execute(
                        "SELECT number, tag, object, query FROM clerk_harness.ran ORDER BY number"
                    ).fetchall()
                    if watched
                    else []
                )
                after = snapshot(connection)
            self._way_up = Migrated(done, before, after, ran, watched)
        if self._way_up.done.code != 0:
            raise _Broken(f"{self.file.rows} users cannot be migrated: {self._way_up.done.last}")
        return self._way_up

    @staticmethod
    def _watch(connection: psycopg.Connection[Any]) -> bool:
        """Watch the schema statements of a database; whether the role may."""
        try:
            connection.execute(_WATCH.encode())
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True

    # The checks

    def _one_head(self) -> None:
        heads = self._alembic("heads", "")
        if heads.code != 0:
            raise DatabaseError(f"migrations.toml: `alembic heads` failed in {self.directory.name}: {heads.last}")
        found = re.findall(r"^(\S+) .*\(head\)", heads.output, flags=re.MULTILINE)
        if len(found) != 1:
            raise _Broken(f"there are {len(found)} heads: {', '.join(found) or heads.last}")

    def _from_nothing(self) -> None:
        done, _ = self._empty()
        if done.code != 0:
            raise _Broken(f"an empty database cannot be brought up to date: {done.last}")

    def _models(self) -> None:
        if not self.file.models:
            raise _Skipped("models = false in migrations.toml")
        self._from_nothing()
        done = self._alembic("check", self._empty()[1])
        if "target_metadata" in done.output or "MetaData object" in done.output:
            raise _Skipped("env.py names no target_metadata: nothing to compare with")
        if done.code != 0:
            raise _Broken(f"the models differ from the schema: {done.last}")

    def _data(self) -> None:
        way = self._migrated()
        self._compare(way.before, way.after, dropped=True)

    def _compare(self, before: Snapshot, after: Snapshot, *, dropped: bool) -> None:
        """Raises _Broken where a row, a key or a kept column differs. `dropped`: columns may be gone (they are named elsewhere)."""
        for name, keys in before.keys.items():
            if name not in after.tables:
                if keys and not (dropped and any(entry.startswith(f"drop:{name}") for entry in self.file.allow)):
                    raise _Broken(f"table {name} is gone, with {len(keys)} rows")
                continue
            now = after.keys[name]
            if keys != now:
                lost, new = len(set(keys) - set(now)), len(set(now) - set(keys))
                raise _Broken(f"{name}: {lost} of {len(keys)} rows are gone or have another key, {new} are new")
        for (name, column), values in before.content.items():
            now_values = after.content.get((name, column))
            if now_values is None:
                if not dropped:
                    raise _Broken(f"{name}.{column} is not there again")
                continue
            if values != now_values and f"{name}.{column}" not in self.file.changes:
                number = next(i for i, (old, new) in enumerate(zip(values, now_values, strict=True)) if old != new)
                count = sum(old != new for old, new in zip(values, now_values, strict=True))
                raise _Broken(
                    f"{name}.{column} differs in {count} rows: row {before.keys[name][number]} had {values[number]!r}, "
                    f"and has {now_values[number]!r}"
                )

    def _rollback(self) -> None:
        template, before = self._legacy()
        with self._database(template) as (url, connection):
            schema = schema_of(connection)
            self._must("upgrade head", url, f"{self.file.rows} users cannot be migrated")
            self._must(f"downgrade {self.file.legacy}", url, "the way back fails")
            back = schema_of(connection)
            if back != schema:
                gone, new = sorted(schema - back), sorted(back - schema)
                changed = [*(f"- {line}" for line in gone[:3]), *(f"+ {line}" for line in new[:3])]
                raise _Broken(f"the schema is another one after the way back: {'; '.join(changed)}")
            self._compare(before, snapshot(connection), dropped=False)
            self._must("upgrade head", url, "up again fails after the way back")

    def _resumable(self) -> None:
        way = self._migrated()
        if not way.watched:
            raise _Skipped(_NO_TRIGGER)
        count = len({number for number, *_ in way.ran})
        if not count:
            raise _Skipped(f"no schema statement lies between {self.file.legacy} and the head")
        template, before = self._legacy()
        for stop in sorted({1 + round(turn * (count - 1) / max(1, _STOPS - 1)) for turn in range(min(count, _STOPS))}):
            with self._database(template) as (url, connection):
                self._watch(connection)
                connection.execute("UPDATE clerk_harness.stop SET at = %s", [stop])
                self._alembic("upgrade head", url)
                connection.execute("UPDATE clerk_harness.stop SET at = 0")
                told = f"stopped at statement {stop} of {count}"
                self._must("upgrade head", url, f"{told}, it cannot go on")
                try:
                    self._compare(before, snapshot(connection), dropped=True)
                except _Broken as broken:
                    raise _Broken(f"{told} and gone on: {broken}") from None

    def _no_blocking_ddl(self) -> None:
        way = self._migrated()
        before, after = way.before, way.after
        full = {name for name, keys in before.keys.items() if keys}
        for name in sorted(full & set(after.tables)):
            if before.files[name] != after.files[name]:
                self._name(f"rewrite:{name}", f"{name} is rewritten by a change of its definition")
            kept = before.versions[name].keys() & after.versions[name].keys()
            anew = sum(before.versions[name][key] != after.versions[name][key] for key in kept)
            if kept and anew * 2 > len(kept):
                self._name(
                    f"rewrite:{name}", f"{anew} of {len(kept)} rows of {name} are written anew in one transaction"
                )
        for (name, column), values in before.content.items():
            if (name, column) not in after.content and any(value is not None for value in values):
                self._name(f"drop:{name}.{column}", f"{name}.{column} is dropped, with data")
        for _, tag, name, query in way.ran:
            text = " ".join((query or "").upper().split())
            if name in full and _locks(tag, text):
                self._name(
                    f"lock:{name}", f"{name} is locked while all its rows are read: {' '.join(query.split())[:120]}"
                )
        if self._named:
            raise _Broken("; ".join(self._named))
        if not way.watched:
            raise _Skipped(f"locks were not looked at: {_NO_TRIGGER}")

    def _name(self, entry: str, told: str) -> None:
        if entry not in self.file.allow and told not in self._named:
            self._named.append(f"{told} (allow = [{entry!r}])")


class _Skipped(Exception):
    """A check that cannot be held."""


def _locks(tag: str, text: str) -> bool:
    """Whether a statement reads or writes all rows under a lock that keeps writers out."""
    if tag == "CREATE INDEX":
        return "CONCURRENTLY" not in text
    if tag == "ALTER TABLE":
        checked = "ADD CONSTRAINT" in text and ("CHECK" in text or "FOREIGN KEY" in text) and "NOT VALID" not in text
        built = "ADD CONSTRAINT" in text and ("UNIQUE" in text or "PRIMARY KEY" in text) and "USING INDEX" not in text
        return checked or built or "SET NOT NULL" in text
    return False
