"""Inserts rows into tables until their constraints take them: what Postgres refuses says which columns to change.

The database itself is the judge of each row, so that checks, domains, exclusions, partitions and triggers all count.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.errors import first_line
from harness.database.filling.catalogue import Column, ForeignKey, Table
from harness.database.filling.forms import Form, forms_of
from harness.database.filling.order import in_order, required

_TRIES = 500
"""How many rows are tried until a table takes its first."""
_MORE = 8
"""How many are tried for each further one, which is like those before."""
_BATCH = 500
_PARENTS = 1000
_Row = dict[str, Any]


def fill(
    connection: psycopg.Connection[TupleRow],
    tables: Mapping[str, Table],
    rows: Mapping[str, int],
    some: int,
    declared: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Insert `rows` rows into the tables named there, and `some` into each other, those first to which others refer.

    `declared`: SQL that is run instead, by table; empty for a table that is left as it is. Returns the tables that are empty
    still, and what the database said of the last row that was tried. `connection`: in autocommit mode; everything is in one
    transaction, with deferred constraints. Raises psycopg.Error where declared SQL cannot be run.
    """
    why: dict[str, str] = {}
    promised: dict[str, list[_Row]] = {}
    declared = declared or {}
    with connection.transaction():
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        done: list[_Filler] = []
        filled: set[str] = set()
        for name in in_order(tables):
            if name not in declared:
                filler = _Filler(connection, tables, name, promised, filled)
                filler.fill(rows.get(name, some))
                done.append(filler)
                if filler.last_error:
                    why[name] = filler.last_error
            elif declared[name]:
                connection.execute(declared[name].encode())
            filled = filled | {name}
        for filler in done:
            filler.fill_optional()
        _settle(connection, tables, done, why)
    return {name: why.get(name, "no row is there") for name, table in tables.items() if _empty(connection, table)}


def insert_one(
    connection: psycopg.Connection[TupleRow], tables: Mapping[str, Table], name: str, given: Mapping[str, Any]
) -> bool:
    """Insert one row that has the values given, and in the other columns whatever the database takes; False where nothing is found.

    What it must refer to is made where there is none.
    """
    for reference in tables[name].references:
        wanted = required(tables[name], reference) and not set(reference.columns) & set(given)
        if wanted and reference.to != name and _empty(connection, tables[reference.to]):
            insert_one(connection, tables, reference.to, {})
    with connection.transaction():
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        filler = _Filler(connection, tables, name, {name: [dict(given)]}, set(tables))
        return filler.learn()


def _empty(connection: psycopg.Connection[TupleRow], table: Table) -> bool:
    found = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table.only)).fetchone()
    return found == (False,)


def _settle(
    connection: psycopg.Connection[TupleRow], tables: Mapping[str, Table], done: Iterable[_Filler], why: dict[str, str]
) -> None:
    """Let the deferred constraints speak; tables whose rows they do not take are emptied."""
    for _ in range(len(tables) + 1):
        try:
            with connection.transaction():
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return
        except psycopg.Error as error:
            named = [
                each.table for each in done if each.table.identifier.as_string() == sql.Identifier(
                    error.diag.schema_name or "", error.diag.table_name or ""
                ).as_string()
            ]  # fmt: skip
            for table in named:
                why[table.name] = first_line(error)
                connection.execute(sql.SQL("DELETE FROM {}").format(table.only))
            if not named:
                raise


class _Filler:
    """Fills one table. `shape`: for each column the form that is used now."""

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        tables: Mapping[str, Table],
        name: str,
        promised: dict[str, list[_Row]],
        filled: Collection[str],
    ) -> None:
        self.connection, self.tables, self.table, self.filled = connection, tables, tables[name], filled
        self.last_error = ""
        self._promises, self._promised = promised.get(name, []), promised
        self._random = random.Random(0)
        self._shift: dict[str, int] = {}
        self._parents: dict[str, list[_Row]] = {}
        self._filled_in, self._left_out = set[str](), set[str]()  # Always with a value, and never.
        self._cursor = psycopg.ClientCursor(connection)
        self._forms = {
            column.name: self._forms_of(column) for column in self.table.columns.values() if not column.generated
        }
        self._shape = dict.fromkeys(self._forms, 0)
        self._varied = {column for reference in self.table.references for column in reference.columns}

    def _forms_of(self, column: Column) -> list[Form | None]:
        """Its forms; None stands for the database's own value."""
        table = self.table
        mentioned = [text for columns, text in table.checks.values() if column.name in columns]
        if column.name in table.partitioned_by:
            mentioned.append(table.bounds)
        forms: list[Form | None] = list(forms_of(column, " ".join(mentioned)))
        own = column.default or column.identity
        if own and (column.name in table.key or column.identity):
            return [None, *forms]
        return [*forms, None] if own else forms

    def fill(self, rows: int) -> None:
        """Insert rows: the first ones by trial, then many at once, as the first were."""
        learned = self.learn()
        # What triggers refuse is there all the same in a real table, from before they were made.
        silenced = not learned and self._triggers("replica")
        if learned or (silenced and self.learn()):
            self.last_error = ""
            self._parents.clear()
            numbers = range(2, max(rows, len(self._promises)) + 1)
            for start in range(0, len(numbers), _BATCH):
                self._batch(numbers[start : start + _BATCH])
        if silenced:
            self._triggers("origin")

    def _triggers(self, role: str) -> bool:
        """Switch triggers off or on; False where the role may not."""
        try:
            with self.connection.transaction():
                self.connection.execute(sql.SQL("SET LOCAL session_replication_role = {}").format(role))
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True

    def learn(self) -> bool:
        """Insert the first row, in whatever forms the database takes; False where it takes none."""
        return self._try(1, _TRIES)

    def _batch(self, numbers: Collection[int]) -> None:
        try:
            with self.connection.transaction():
                self._insert([self._row(number) for number in numbers])
        except psycopg.Error:
            failed = 0
            for number in numbers:
                failed = 0 if self._try(number, _MORE) else failed + 1
                if failed > 5:
                    return  # No more such rows fit, as in a table of a few allowed ones.

    def _try(self, number: int, tries: int) -> bool:
        for attempt in range(tries):
            kept = {name: len(rows) for name, rows in self._promised.items()}
            try:
                with self.connection.transaction():
                    self._insert([self._row(number)])
                return True
            except psycopg.Error as error:
                for name, rows in self._promised.items():
                    del rows[kept.get(name, 0) :]
                self.last_error = first_line(error)
                if not self._vary(error, attempt):
                    return False
        return False

    def _row(self, number: int) -> _Row:
        """A row: what was promised to others, what refers to others, and values in the forms of now."""
        row: _Row = dict(self._promises[number - 1]) if number <= len(self._promises) else {}
        self._refer(row, number)
        for name, forms in self._forms.items():
            column, form = self.table.columns[name], forms[self._shape[name] % len(forms)]
            if name in row:
                continue
            if name in self._left_out or (not column.required and name not in self._filled_in and number % 5 == 4):
                row[name] = None
            elif form is not None:
                row[name] = form(number)
        return row

    def _refer(self, row: _Row, number: int) -> None:
        for reference in sorted(self.table.references, key=lambda r: -len(r.columns)):
            if all(column in row for column in reference.columns):
                continue
            must = required(self.table, reference) or any(c in self._filled_in for c in reference.columns)
            given = {
                o: row[c] for c, o in zip(reference.columns, reference.others, strict=True) if row.get(c) is not None
            }
            parents = [p for p in self._rows_of(reference) if all(p[o] == value for o, value in given.items())]
            if not must and (number % 5 == 4 or not parents):
                row.update({c: None for c in reference.columns if c not in row and not self.table.columns[c].required})
            elif parents:
                # Not in step: where row 7 refers to user 7, a join by the wrong column comes out right.
                parent = parents[(number + self._shift.get(reference.name, 0)) % len(parents)]
                row.update(zip(reference.columns, (parent[o] for o in reference.others), strict=True))
            elif reference.to == self.table.name:
                own = {o: row.get(o) or self._value(self.table, o, number) for o in reference.others}
                row.update(own)
                row.update({c: own[o] for c, o in zip(reference.columns, reference.others, strict=True)})
            elif reference.to not in self.filled:
                promise = {
                    o: given.get(o) or self._value(self.tables[reference.to], o, number) for o in reference.others
                }
                self._promised.setdefault(reference.to, []).append(promise)
                row.update({c: promise[o] for c, o in zip(reference.columns, reference.others, strict=True)})

    @staticmethod
    def _value(table: Table, column: str, number: int) -> str:
        return forms_of(table.columns[column], "")[0](number)

    def _rows_of(self, reference: ForeignKey) -> list[_Row]:
        """Rows to which a reference may lead, those of the harness's and of the migrations' own."""
        if reference.name not in self._parents:
            texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(other)) for other in reference.others)
            there = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(o)) for o in reference.others)
            found = self.connection.execute(
                sql.SQL("SELECT {} FROM {} WHERE {} LIMIT {}").format(
                    texts, self.tables[reference.to].only, there, _PARENTS
                )
            )
            self._parents[reference.name] = [dict(zip(reference.others, row, strict=True)) for row in found]
        return self._parents[reference.name]

    def _insert(self, rows: list[_Row]) -> None:
        names = list(dict.fromkeys(name for row in rows for name in row))
        into = self.table.identifier
        if not names:
            for _ in rows:
                self._cursor.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(into))
            return
        lines = [
            sql.SQL("({})").format(sql.SQL(", ").join(sql.Literal(row[n]) if n in row else sql.DEFAULT for n in names))
            for row in rows
        ]
        statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {}").format(
            into, sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(lines)
        )
        self._cursor.execute(statement)

    def _vary(self, error: psycopg.Error, attempt: int) -> bool:
        """Change what the database refused; False where there is nothing to change."""
        columns = [column for column in self._culprits(error) if column in self._forms]
        for reference in self.table.references:
            if set(reference.columns) & set(columns):
                self._shift[reference.name] = self._shift.get(reference.name, 0) + 1
                self._filled_in.update(reference.columns if attempt % 2 == 0 else ())
        changed = [column for column in columns if column not in self._varied]
        if len(changed) == 1:
            self._change(changed[0])
        elif attempt == 0:
            self._filled_in.update(changed)
        else:
            for column in self._random.sample(changed, self._random.randint(1, len(changed))) if changed else ():
                self._shape[column] = self._random.randrange(len(self._forms[column]))
                if not self.table.columns[column].required:
                    chance = self._random.random()
                    (self._filled_in.add if chance < 0.7 else self._filled_in.discard)(column)
                    (self._left_out.add if chance > 0.7 else self._left_out.discard)(column)
        return bool(columns)

    def _change(self, column: str) -> None:
        if column not in self._filled_in and not self.table.columns[column].required:
            self._filled_in.add(column)
        else:
            self._shape[column] += 1

    def _culprits(self, error: psycopg.Error) -> list[str]:
        """The columns that a refusal is about; all where it names none."""
        table, named = self.table, error.diag.constraint_name or ""
        if named in table.checks and table.checks[named][0]:
            return list(table.checks[named][0])
        if named in table.unique:
            return list(table.unique[named])
        for reference in table.references:
            if reference.name == named:
                return list(reference.columns)
        if error.diag.column_name in table.columns:
            return [str(error.diag.column_name)]
        if error.diag.datatype_name:
            return [column.name for column in table.columns.values() if column.domain == error.diag.datatype_name]
        if "no partition" in str(error):
            return list(table.partitioned_by) or list(self._forms)
        if (error.sqlstate or "").startswith("22"):
            return [column for column in self._forms if not self._fits(column)] or list(self._forms)
        return list(self._forms)

    def _fits(self, name: str) -> bool:
        """Whether a column's type takes its form of now, for the first rows."""
        form = self._forms[name][self._shape[name] % len(self._forms[name])]
        if form is None or name in self._varied:
            return True
        try:
            with self.connection.transaction():
                for number in (1, 2, 3, 5):
                    kind = sql.SQL(self.table.columns[name].type)
                    self._cursor.execute(sql.SQL("SELECT {}::{}").format(sql.Literal(form(number)), kind))
        except psycopg.Error:
            return False
        return True

    def fill_optional(self) -> None:
        """Let references that need not be there lead somewhere, where their table came later."""
        for reference in self.table.references:
            if reference.to in self.filled or required(self.table, reference):
                continue
            own = sql.SQL(", ").join(map(sql.Identifier, reference.columns))
            others = sql.SQL(", ").join(map(sql.Identifier, reference.others))
            statement = sql.SQL("UPDATE {} SET ({}) = (SELECT {} FROM {} LIMIT 1) WHERE {} IS NULL").format(
                self.table.only, own, others, self.tables[reference.to].only, sql.Identifier(reference.columns[0])
            )
            try:
                with self.connection.transaction():
                    self.connection.execute(statement)
            except psycopg.Error:
                continue  # A unique one, say: it stays as it is.
