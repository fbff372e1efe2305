"""The app's database as the sync contract reads it: the rows of users, and the rows of other tables that refer to them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg import sql

from harness.contracts.user_sync.declaration import UserTable
from harness.contracts.user_sync.people import DependentRow, Dependents, LegacyAccount, Row
from harness.contracts.user_sync.rights import ADMIN, boast, gained, is_right, rights_to_ask_for
from harness.core.errors import DeclarationError
from harness.database.errors import first_line
from harness.database.row_factory import Reference, dump, insert, referring, tables_of
from harness.fake_clerk.ids import new_id


class SyncDatabase:
    """A connection to the app's database, and what user_sync.toml says of its tables.

    `missing_columns`: columns that are declared and that the table of users lacks; `relations`: the foreign keys to users;
    `all_have_clerk_ids`: whether the table takes no row without a Clerk id, so that there are no legacy accounts.
    """

    def __init__(self, url: str, declared: UserTable) -> None:
        """Connect. Raises DeclarationError when the database has no such table or foreign key."""
        self.declared = declared
        self.connection = psycopg.connect(url, autocommit=True)
        self.tables = tables_of(self.connection)
        self.missing_columns = self._missing_columns()
        self._link = self._find_link()
        """The foreign key of the table of Clerk's ids, where they stand in one of their own."""
        self.relations = self._relations()
        clerk_id = self.tables[declared.name].columns.get(declared.clerk_id)
        self.all_have_clerk_ids = clerk_id is not None and clerk_id.required and not clerk_id.default
        self._asked = self._rights()
        self.role = next((value for value in self._asked.values() if isinstance(value, str)), ADMIN)
        """What somebody calls themselves who claims rights."""
        self.left_out: dict[str, str] = {}
        """Foreign keys to users for which no row could be made, and why."""

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @property
    def written_tables(self) -> list[sql.Identifier]:
        """The table of users, and the tables that refer to it."""
        links = (self._link,) if self._link is not None else ()
        names = dict.fromkeys((self.declared.name, *(reference.table for reference in (*links, *self.relations))))
        return [self.tables[name].identifier for name in names]

    def _missing_columns(self) -> list[str]:
        table = self.declared
        if table.name not in self.tables:
            known = ", ".join(sorted(self.tables)[:12])
            raise DeclarationError(
                f"user_sync.toml: table.name: the database has no table {table.name!r}; it has {known}"
            )
        own = () if "." in table.clerk_id else (table.clerk_id,)
        wanted = dict.fromkeys((table.id, *own, table.email, *table.mirror))
        return [f"{table.name}.{column}" for column in wanted if column not in self.tables[table.name].columns]

    def _find_link(self) -> Reference | None:
        name, dot, column = self.declared.clerk_id.rpartition(".")
        if not dot:
            return None
        found = [each for each in referring(self.tables, self.declared.name, self.declared.id) if each.table == name]
        if not found or column not in self.tables[name].columns:
            raise DeclarationError(
                f"user_sync.toml: table.clerk_id: {self.declared.clerk_id!r} is no column of a table with a foreign key to "
                f"{self.declared.name}.{self.declared.id}"
            )
        return found[0]

    def _relations(self) -> list[Reference]:
        table = self.declared
        every = referring(self.tables, table.name, table.id)
        if self._link is not None:
            every = [each for each in every if each.table != self._link.table]  # Who a person is hangs on nobody.
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

    def add_legacy_account(self, number: int, email: str) -> LegacyAccount:
        """Insert a user without a Clerk id, and a row of each table that refers to users.

        Where the table takes none without one, it is that of somebody whom Clerk does not know.
        """
        table = self.declared
        given = {table.clerk_id: new_id("user")} if self.all_have_clerk_ids else {}
        row = insert(self.connection, self.tables, table.name, {table.email: email} | given)
        row.setdefault(table.clerk_id, None)
        return LegacyAccount(number, email, row, self.add_dependents(row))

    def give_name(self, account: LegacyAccount, columns: Collection[str], value: str) -> bool:
        """Write a user name or a number into those of the columns that the table has; False where there is none that takes it."""
        table = self.tables[self.declared.name]
        own = [
            name
            for name, column in table.columns.items()
            if name.lower() in columns
            and name not in (self.declared.id, self.declared.clerk_id, self.declared.email)
            and column.type in ("text", "character varying", "citext", "character")
        ]
        if not own:
            return False
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(
            table.identifier,
            sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value)) for name in own),
            sql.Identifier(self.declared.id),
            sql.Literal(account.row[self.declared.id]),
        )
        try:
            return self.connection.execute(statement).rowcount == 1
        except psycopg.Error:
            return False  # A constraint wants other names.

    def try_legacy_account(self, number: int, email: str) -> LegacyAccount | None:
        """The same, or None where the constraints of the table keep such a row out."""
        try:
            return self.add_legacy_account(number, email)
        except psycopg.errors.UniqueViolation:
            return None

    def add_dependents(self, row: Row) -> Dependents:
        """Insert a row of each table that refers to users, which refers to this one; none where it has its only one already."""
        found: Dependents = {}
        for reference in self.relations:
            place, user = (reference.table, reference.column), row[self.declared.id]
            if self.has_its_only(place, user):
                continue
            try:
                added = insert(self.connection, self.tables, reference.table, {reference.column: user})
            except psycopg.Error as error:  # No row that its constraints take was found: that table is left out.
                self.left_out[f"{reference.table}.{reference.column}"] = first_line(error)
                continue
            kept = self.tables[reference.table].key or list(added)
            identity = {name: added[name] for name in kept if name != reference.column}
            comparable = {name: value for name, value in identity.items() if not isinstance(value, dict | list)}
            found[place] = DependentRow(comparable, user)
        return found

    def _rights(self) -> dict[str, object]:
        """What may be asked for, by column of the table of users and of those that refer to it."""
        names = dict.fromkeys((self.declared.name, *(reference.table for reference in self.relations)))
        found: dict[str, object] = {}
        for name in names:
            more = rights_to_ask_for(self.connection, self.tables[name])
            found |= {column: value for column, value in more.items() if column not in found}
        apart = (self.declared.id, self.declared.clerk_id, self.declared.email)
        return {name: value for name, value in found.items() if name not in apart}

    def boast(self) -> dict[str, Any]:
        """Unsafe metadata of somebody who claims rights."""
        return boast(self.role, self._asked)

    def rights_gained(self, own: Row, anybody: Row) -> list[str]:
        """What one user has by columns and tables of rights that another has not, as column = value."""
        table = self.declared
        apart = {table.id, table.clerk_id, table.email, *table.mirror, *table.volatile}
        mine, theirs = ({name: value for name, value in row.items() if name not in apart} for row in (own, anybody))
        roles = {self.role, *self._asked.values()}
        found = [f"{table.name}.{each}" for each in gained(roles, mine, theirs)]
        for reference in self.relations:
            known, more = (self._rows_of(reference, row[table.id]) for row in (anybody, own))
            if is_right(reference.table):
                found += [f"{reference.table}: {each}" for each in more if each not in known]
            else:  # A profile, a membership: of such a row only what is called a right counts.
                held = {pair for row in known for pair in row.items()}
                new = ({name: value for name, value in row.items() if (name, value) not in held} for row in more)
                found += [f"{reference.table}.{each}" for row in new for each in gained(roles, row, {})]
        return found

    def _rows_of(self, reference: Reference, user: object) -> list[dict[str, str]]:
        """The rows of a table that refer to a user, by what they say beside that, their own key and times."""
        table = self.tables[reference.table]
        own = table.key if len(table.key) == 1 else []
        left = {
            reference.column,
            *own,
            *(c.name for c in table.columns.values() if c.type.startswith(("timestamp", "date"))),
        }
        names = [name for name in table.columns if name not in left]
        if not names:
            names = [reference.column]
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
        statement = sql.SQL("SELECT {} FROM {} WHERE {} = {}").format(
            texts, table.identifier, sql.Identifier(reference.column), sql.Literal(user)
        )
        return [dict(zip(names, row, strict=True)) for row in self.connection.execute(statement)]

    def users(self, clerk_id: str | None = None) -> list[Row]:
        """Rows of the table of users: all, or those of one Clerk user."""
        table, place = self.declared, self.tables[self.declared.name].identifier
        if self._link is None:
            statement = sql.SQL("SELECT * FROM {}").format(place)
            wanted: sql.Composable = sql.Identifier(table.clerk_id)
        else:
            column = table.clerk_id.rpartition(".")[2]
            # Other ways to sign in may stand beside Clerk's there.
            statement = sql.SQL(
                "SELECT u.*, l.{column} AS {name} FROM {users} u LEFT JOIN {links} l ON l.{refers} = u.{id} AND l.{column} LIKE 'user\\_%'"
            ).format(
                column=sql.Identifier(column), name=sql.Identifier(table.clerk_id), users=place,
                links=self.tables[self._link.table].identifier, refers=sql.Identifier(self._link.column), id=sql.Identifier(table.id),
            )  # fmt: skip
            wanted = sql.Identifier("l", column)
        if clerk_id is not None:
            statement += sql.SQL(" WHERE {} = {}").format(wanted, sql.Literal(clerk_id))
        cursor = self.connection.execute(statement)
        assert cursor.description is not None
        names = [entry.name for entry in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def dump(self) -> dict[str, list[str]]:
        """All rows of all tables as texts, without the columns and tables (`table.*`) that are declared to be volatile."""
        volatile = set()
        for name in self.declared.volatile:
            table, dot, column = name.rpartition(".")
            volatile.add((table, column) if dot else (self.declared.name, name))
        tables = {name: table for name, table in self.tables.items() if (name, "*") not in volatile}
        return dump(self.connection, tables, volatile)

    def dependents_of(self, rows: Dependents) -> dict[tuple[str, str], object]:
        """Whom each of these rows refers to now; None where the row is gone."""
        found: dict[tuple[str, str], object] = {}
        for (name, column), row in rows.items():
            same = [
                sql.SQL("{} IS NOT DISTINCT FROM {}").format(sql.Identifier(part), sql.Literal(value))
                for part, value in row.identity.items()
            ] or [sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(row.refers_to))]
            statement = sql.SQL("SELECT {} FROM {} WHERE ").format(
                sql.Identifier(column), self.tables[name].identifier
            ) + sql.SQL(" AND ").join(same)
            users = [user for (user,) in self.connection.execute(statement)]
            found[name, column] = row.refers_to if row.refers_to in users else next(iter(users), None)
        return found

    def has_its_only(self, place: tuple[str, str], user: object) -> bool:
        """Whether each user has one row there at most (table, column), and this one has it."""
        name, column = place
        table = self.tables[name]
        if [column] not in (table.key, *table.unique):
            return False
        statement = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {} = {})").format(
            table.identifier, sql.Identifier(column), sql.Literal(user)
        )
        return self.connection.execute(statement).fetchone() == (True,)

    def text_limit(self, field_name: str) -> int | None:
        """How many characters the column that mirrors a field of the profile holds; None for no limit."""
        for column, mirrored in self.declared.mirror.items():
            known = self.tables[self.declared.name].columns.get(column)
            if mirrored == field_name and known is not None and known.length is not None:
                return known.length
        return None
