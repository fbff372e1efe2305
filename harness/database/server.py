"""The Postgres server of a run, and the databases that the run makes on it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psycopg
from psycopg import sql

from harness.core.errors import DatabaseError
from harness.core.files import read_text
from harness.core.redact import learn_url
from harness.core.text import quoted
from harness.database import URL_VARIABLE
from harness.database.claims import Claim, drop_dead
from harness.database.embedded import EmbeddedServer
from harness.database.errors import describe, explained, first_line
from harness.database.row_restorer import RowRestorer, install

__all__ = ["EmbeddedServer", "RowRestorer", "Server", "Workspace", "explained", "open_server"]

_OLDEST = 130000
"""Postgres 13: older servers are out of support."""


def joined(parts: SplitResult) -> str:
    """A URL from its parts; `urlunsplit` drops the slashes of one without a host, which is a socket's."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


class Server:
    """A Postgres server that this run may create databases on. `url` is of an administrative database.

    `owner`: what keeps the server, where this run has started it; `lent`: another process of the run keeps it.
    """

    def __init__(self, url: str, owner: EmbeddedServer | _Container | None = None, *, lent: bool = False) -> None:
        learn_url(url)
        self.url = url
        self._owner, self._lent = owner, lent
        self._claim: Claim | None = None
        self._made: set[str] = set()
        self.kept: dict[object, str] | None = None
        """Databases that are kept, migrated and seeded, for later runs on this server; None where none are to be."""

    def url_of(self, database: str) -> str:
        """The URL of another database of the server."""
        parts = urlsplit(self.url)
        return joined(parts._replace(path=f"/{database}"))

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside a transaction. Raises DatabaseError."""
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
                connection.execute(statement)
        except (psycopg.errors.DiskFull, psycopg.errors.TooManyConnections) as error:
            raise DatabaseError(describe(error)) from error
        except psycopg.Error as error:
            raise DatabaseError(f"Postgres: {first_line(error)}") from error

    def create(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or a copy; returns its URL. Raises DatabaseError.

        On a server that outlives this run it is marked as this run's, so that a later one removes it where this one is killed.
        """
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            # Copying files is quicker than logging them, where a checkpoint costs nothing.
            strategy = " STRATEGY file_copy" if self.own else ""
            statement += sql.SQL(" TEMPLATE {}" + strategy).format(sql.Identifier(template))
        if self.own:
            self.execute(statement)
            return self.url_of(name)
        try:
            self._claim = self._claim or Claim(self.url)
        except psycopg.Error as error:
            raise DatabaseError(f"Postgres: {first_line(error)}") from error
        self.execute(statement)
        self._made.add(name)
        self.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), self._claim.mark))
        return self.url_of(name)

    def rename(self, name: str, new: str) -> str:
        """Rename a database, which nobody may use; returns its URL. Raises DatabaseError."""
        self.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new)))
        if name in self._made:
            self._made.add(new)
        return self.url_of(new)

    def drop(self, name: str) -> None:
        """Drop a database, also one that is used, or that is no more."""
        with contextlib.suppress(DatabaseError):
            self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.discard(name)
        if not self._made:
            self._release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    @property
    def own(self) -> bool:
        """Whether this run has started it, so that it ends with the run."""
        return self._owner is not None or self._lent

    def ready(self) -> None:
        """Wait until the server answers. Raises DatabaseError when it does not start."""
        if isinstance(self._owner, EmbeddedServer):
            self._owner.ready()

    def close(self) -> None:
        """Stop the server when this run started it."""
        self._release()
        if self._owner is not None:
            self._owner.close()


class _Container:
    """A server in a container of Docker."""

    def __init__(self) -> None:
        try:
            from testcontainers.community.postgres import PostgresContainer

            self._container = PostgresContainer("postgres:17-alpine", driver=None)
            self._container.start()
        except Exception as error:  # docker's client raises a dozen kinds
            raise DatabaseError(f"--postgres docker: no container can be started: {first_line(error)}") from error
        self.url: str = self._container.get_connection_url()

    def close(self) -> None:
        self._container.stop()


def open_server(choice: str | None = None) -> Server:
    """The server to use: that of a URL, `docker`, or (by default) the embedded one, which starts in a thread: see `Server.ready`.

    Without a `choice` the environment may name one (`HARNESS_POSTGRES_URL`).
    Raises DatabaseError when it cannot be started or reached, or is too old.
    """
    choice = choice or os.environ.get(URL_VARIABLE) or "embedded"
    if choice == "embedded":
        embedded = EmbeddedServer().begin()
        return Server(embedded.url, embedded)
    if choice == "docker":
        container = _Container()
        return Server(container.url, container)
    if not choice.startswith(("postgresql://", "postgres://")):
        raise DatabaseError(
            f"--postgres {quoted(choice)}: write postgresql://user@host:port/database, docker or embedded"
        )
    try:
        with psycopg.connect(choice, connect_timeout=10) as connection:
            version = connection.info.server_version
            connection.autocommit = True
            drop_dead(connection)
    except (psycopg.Error, ValueError) as error:  # ValueError: a URL that is none, or is not UTF-8.
        raise DatabaseError(f"--postgres: no connection: {first_line(error)}") from error
    if version < _OLDEST:
        raise DatabaseError(f"--postgres: the server is version {version // 10000}; 13 or later is needed")
    return Server(choice)


class Workspace:
    """The databases of one run: a template, migrated and seeded once, and its clones."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._tag = secrets.token_hex(4)
        self._made: list[str] = []
        self.template = self._name("template")

    def _name(self, part: str) -> str:
        return f"clerk_harness_{self._tag}_{part}"

    def create_template(self) -> str:
        """An empty database to migrate; returns its URL. Waits for the server."""
        self.server.ready()
        self._made.append(self.template)
        return self.server.create(self.template)

    def copy_kept(self, key: object) -> bool:
        """Make the template a copy of the one that was kept under this key; False where none was."""
        kept = (self.server.kept or {}).get(key)
        if kept is None:
            return False
        self._made.append(self.template)
        self.server.create(self.template, kept)
        return True

    def keep(self, key: object) -> None:
        """Keep a copy of the template for later runs on this server, where it is to keep any; it goes with the server."""
        if self.server.kept is not None and self.server.own:
            self.server.create(self._name("kept"), self.template)
            self.server.kept[key] = self._name("kept")

    def finish_template(self, seed: Path | None, *, tolerant: bool = False) -> None:
        """Run the seed (an SQL file) and install the isolation. Raises DatabaseError naming the file, unless `tolerant`."""
        sql_text = ""
        if seed is not None:
            sql_text = read_text(seed, name=f"[database] seed {seed}", error=DatabaseError)
        with psycopg.connect(self.server.url_of(self.template), autocommit=True) as connection:
            if seed is not None:
                try:
                    connection.execute(sql_text.encode())
                except psycopg.errors.DiskFull as error:
                    raise DatabaseError(describe(error)) from error
                except psycopg.Error as error:
                    if not tolerant:
                        raise DatabaseError(f"[database] seed {seed}: {first_line(error)}") from error
            install(connection)

    def url(self, number: int) -> str:
        """The URL of the database for agent `number`, which `clone` makes."""
        return self.server.url_of(self._name(f"agent_{number}"))

    def clone(self, number: int) -> str:
        """A copy of the template for agent `number`; returns its URL."""
        name = self._name(f"agent_{number}")
        self._made.append(name)
        return self.server.create(name, self.template)

    def rename_template(self, number: int) -> str:
        """The template itself for agent `number`, the last one: quicker than a copy. Returns its URL."""
        name = self._name(f"agent_{number}")
        self._made.append(name)
        return self.server.rename(self.template, name)

    def close(self) -> None:
        """Drop the run's databases."""
        if self.server.own:
            return  # They go with the server.
        for name in reversed(self._made):
            self.server.drop(name)
        self._made = []
