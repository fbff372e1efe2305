"""What each column of a database holds, which table is that of users, and that nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import pytest

from harness.core.errors import DatabaseError
from harness.database.filling import read_tables
from harness.database.mapping import ColumnFigures, Named, read_mapping
from harness.database.mapping.find_users import words_of
from harness.database.mapping.reading import reading
from harness.database.server import joined
from tests.mapping.databases import CASES, USERS, Case

SECONDS = 30.0


def held(column: ColumnFigures) -> dict[str, int]:
    found: dict[str, int] = dict(column.found) | {f"orphan {kind}": count for kind, count in column.orphans.items()}
    return found | {name: n for name, n in (("other", column.other), ("empty", column.empty)) if n}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_each_column_holds(database: Callable[[str], str], case: Case) -> None:
    mapping = read_mapping(database(case.schema), Named(), seconds=SECONDS)
    assert (mapping.users.table.name, mapping.users.columns) == (case.table, case.columns)
    assert {column.name: held(column) for column in mapping.columns} == case.held
    assert sorted(mapping.findings) == sorted(case.findings)
    assert mapping.unknown == []


def test_counts_of_the_table_of_users(database: Callable[[str], str]) -> None:
    figures = read_mapping(database(USERS), Named(), seconds=SECONDS).figures
    assert (figures.rows, figures.without_clerk, figures.without_email) == (10, 4, 0)
    assert (figures.same_email, figures.same_clerk, figures.both_sides, figures.unlike_clerk) == (0, 0, 0, 0)


@pytest.mark.parametrize("identifier", ["integer", "bigint", "smallint", "uuid", "text", "varchar(60)", "numeric"])
@pytest.mark.parametrize("column", ["text", "same"])
def test_each_type_of_a_key(database: Callable[[str], str], identifier: str, column: str) -> None:
    value = "md5(n::text)::uuid" if identifier == "uuid" else f"n::{identifier}"
    kind = identifier if column == "same" else column
    url = database(
        f"CREATE TABLE users (id {identifier} PRIMARY KEY, email text);"
        f"INSERT INTO users SELECT {value}, n || '@example.com' FROM generate_series(1, 5) n;"
        f"CREATE TABLE notes (user_id {kind}); INSERT INTO notes SELECT ({value})::{kind} FROM generate_series(4, 6) n;"
    )
    (notes,) = read_mapping(url, Named(), seconds=SECONDS).columns
    stray = "other" if identifier in ("text", "varchar(60)") else "orphan id"
    assert held(notes) == {"id": 2, stray: 1}
    assert notes.nobody == 1


def test_of_a_large_table_a_part_is_read_and_said(
    database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database(
        USERS + "CREATE TABLE visits (user_id integer, filler text);"
        "INSERT INTO visits SELECT 1 + n % 10, repeat('x', 200) FROM generate_series(1, 20000) n;"
    )
    monkeypatch.setattr("harness.database.mapping.reading._READ", 1 << 20)
    (part,) = read_mapping(url, Named(), seconds=SECONDS).columns
    assert 0.1 < part.share < 0.5
    assert 0 < part.rows < 15_000
    (whole,) = read_mapping(url, Named(), seconds=SECONDS, whole=True).columns
    assert (whole.share, held(whole)) == (1.0, {"id": 20_000})


def test_nothing_is_written(database: Callable[[str], str]) -> None:
    url = database(CASES[1].schema)
    # Whoever writes takes a number for its transaction; counters of what was written come too late to be compared.
    look = (
        """SELECT pg_snapshot_xmax(pg_current_snapshot())::text, (SELECT array_agg(oid ORDER BY oid) FROM pg_class)"""
    )

    def state(connection: psycopg.Connection[tuple[object, ...]]) -> list[object]:
        rows: list[object] = [connection.execute(look).fetchall()]
        for table in read_tables(connection).values():
            rows += connection.execute(
                b"SELECT xmin::text, ctid::text, t::text FROM " + table.identifier.as_bytes(None) + b" t"
            ).fetchall()
        return rows

    with psycopg.connect(url, autocommit=True) as connection:
        before = state(connection)
        read_mapping(url, Named(), seconds=SECONDS)
        assert state(connection) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM users",
        "CREATE TABLE x ()",
        "SELECT nextval('users_id_seq')",
        "CREATE TEMP TABLE x AS SELECT 1",
        "TRUNCATE users",
    ],
)
def test_the_transaction_cannot_write(database: Callable[[str], str], statement: str) -> None:
    url = database(USERS)
    with reading(url, SECONDS) as connection:
        if statement.startswith("CREATE TEMP"):
            return  # Tables of the session alone may be made; none is.
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(statement.encode())


def test_what_may_not_be_read_is_said_and_the_rest_is_read(database: Callable[[str], str]) -> None:
    url = database(
        USERS + "CREATE TABLE posts (user_id integer REFERENCES users); INSERT INTO posts VALUES (1);"
        "CREATE TABLE secrets (user_id integer REFERENCES users, who text); CREATE TABLE guarded (user_id integer REFERENCES users);"
        "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;"
        "DROP ROLE IF EXISTS mapping_reader; CREATE ROLE mapping_reader LOGIN PASSWORD 'reader';"
        "GRANT SELECT ON users, posts, guarded TO mapping_reader;"
    )
    parts = urlsplit(url)
    try:
        there = parts._replace(netloc=f"mapping_reader:reader@{parts.netloc.rpartition('@')[2]}")
        mapping = read_mapping(joined(there), Named(), seconds=SECONDS)
    finally:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(b"DROP OWNED BY mapping_reader; DROP ROLE mapping_reader")
    assert [column.name for column in mapping.columns if not column.unknown] == ["posts.user_id"]
    assert mapping.unknown == [
        f"{name}: this user of the database may not read it, or a policy hides rows"
        for name in ("guarded.user_id", "secrets.user_id", "secrets")
    ]


def test_a_statement_that_takes_too_long_is_ended(database: Callable[[str], str]) -> None:
    url = database(
        USERS + "CREATE TABLE visits (user_id integer REFERENCES users);"
        "INSERT INTO visits SELECT 1 + n % 10 FROM generate_series(1, 1) n;"
    )
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE visits")
        mapping = read_mapping(url, Named(), seconds=0.2)
    assert mapping.unknown == ["visits.user_id: it took longer than --timeout, or somebody has locked it"]


@pytest.mark.parametrize(
    ("schema", "named", "told"),
    [
        ("CREATE TABLE things (id int)", Named(), "no table of users was found among 1 tables: name it with --table; the"),
        ("", Named(), "no table of users was found among 0 tables"),
        (USERS, Named(table="user", source="the command line"), "line: the database has no table 'user'; did you mean 'users'?"),
        (USERS, Named(clerk="clerk_id", source="x.toml"), "x.toml: the table users has no column 'clerk_id'; did you mean"),
        (
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.users (id int); CREATE TABLE b.users (id int)",
            Named(), "several tables may be that of users: a.users, b.users; choose one with --table",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_told(database: Callable[[str], str], schema: str, named: Named, told: str) -> None:
    with pytest.raises(DatabaseError) as found:
        read_mapping(database(schema), named, seconds=SECONDS)
    assert told in str(found.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("createdBy", ["created", "by"]), ("USER_ID", ["user", "id"]), ('a "b', ["a", "b"]), ("userID", ["user", "id"])],
)
def test_words_of_a_name(name: str, words: list[str]) -> None:
    assert words_of(name) == words


OWN_TABLE = """
CREATE TABLE people (id serial PRIMARY KEY, email text);
CREATE TABLE logins (token text, person_id integer REFERENCES people);
INSERT INTO people VALUES (1, 'a@x.example');
INSERT INTO logins VALUES ('user_2abcdefghijklmnopqrstuvwxyz', 1);
"""


def test_a_table_of_clerks_ids_may_be_named(database: Callable[[str], str]) -> None:
    url = database(OWN_TABLE)
    assert "clerk" not in read_mapping(url, Named(), seconds=SECONDS).users.columns
    found = read_mapping(url, Named("people", clerk="logins.token", source="here"), seconds=SECONDS)
    assert (found.users.columns["clerk"], found.figures.without_clerk) == ("logins.token", 0)
    with pytest.raises(DatabaseError, match=r"'logins\.name' is no column of texts of a table that refers to people"):
        read_mapping(url, Named("people", clerk="logins.name", source="here"), seconds=SECONDS)
