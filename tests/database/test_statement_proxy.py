"""What goes by between an app and Postgres is counted: work, and not what only keeps a connection in order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from harness.core.errors import DatabaseError
from harness.database import Server
from harness.database.statement_proxy import StatementProxy
from harness.database.statements import is_work, statements_of


@pytest.fixture
def proxy(postgres: Server) -> Iterator[StatementProxy]:
    with closing(StatementProxy(postgres.url)) as proxy:
        yield proxy


def texts(proxy: StatementProxy) -> list[str]:
    return [" ".join(statement.text.split()) for statement in proxy.take()]


def test_every_execution_is_counted_once(proxy: StatementProxy) -> None:
    with psycopg.connect(proxy.url) as connection:
        connection.execute("CREATE TEMP TABLE t (a int)")
        for prepare in (False, True, True):
            connection.execute("SELECT a FROM t WHERE a = %s", [1], prepare=prepare)
        psycopg.ClientCursor(connection).execute("SELECT a FROM t WHERE a = %s", [2])
        connection.cursor().executemany("INSERT INTO t VALUES (%s)", [[1], [2]])
        with connection.pipeline():
            connection.execute("SELECT a FROM t")
            connection.execute("DELETE FROM t")
    assert texts(proxy) == [
        "CREATE TEMP TABLE t (a int)", *["SELECT a FROM t WHERE a = $1"] * 3, "SELECT a FROM t WHERE a = 2",
        *["INSERT INTO t VALUES ($1)"] * 2, "SELECT a FROM t", "DELETE FROM t",
    ]  # fmt: skip
    assert proxy.take() == []


def test_several_statements_in_one_message_are_several(proxy: StatementProxy) -> None:
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        connection.execute(
            "BEGIN; SELECT 1 FROM pg_class; CREATE TEMP TABLE u (a text); INSERT INTO u VALUES (';'); COMMIT"
        )
    assert texts(proxy) == ["CREATE TEMP TABLE u (a text)", "INSERT INTO u VALUES (';')"]


def test_large_messages_and_errors_go_through(proxy: StatementProxy) -> None:
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        (length,) = connection.execute("SELECT length(%s::text)", ["x" * 300_000]).fetchone() or (0,)
        assert length == 300_000
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nowhere")
        (rows,) = connection.execute("SELECT count(*) FROM generate_series(1, 20000) AS made(n)").fetchone() or (0,)
        assert rows == 20_000


def test_a_connection_that_is_killed_ends_for_the_app_too(proxy: StatementProxy, postgres: Server) -> None:
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        pid = connection.info.backend_pid
        with psycopg.connect(postgres.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_query_can_be_cancelled_through_it(proxy: StatementProxy, postgres: Server) -> None:
    busy = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND query LIKE '%%pg_sleep%%'"
    with (
        psycopg.connect(proxy.url, autocommit=True) as connection,
        psycopg.connect(postgres.url, autocommit=True) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        sleeping = pool.submit(connection.execute, "SELECT pg_sleep(30)")
        while other.execute(busy, [connection.info.backend_pid]).fetchone() != (1,):
            assert not sleeping.done()
        connection.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            sleeping.result()


def test_encryption_that_is_insisted_on_is_told(postgres: Server) -> None:
    with pytest.raises(DatabaseError, match="statements cannot be counted with sslmode=require"):
        StatementProxy(postgres.url + "?sslmode=require")


@pytest.mark.parametrize(
    "text",
    [
        "", "SELECT 1", "select 1 ", "BEGIN", "COMMIT", "SET x = 1", "SHOW standard_conforming_strings", "(SELECT 1)",
        "select pg_catalog.version()", "SELECT pg_advisory_unlock_all()", "select set_config('a', 'b', false)",
        "SELECT t.typname FROM pg_catalog.pg_type t JOIN pg_namespace n ON true", "SELECT 'from users'",
        "SELECT CAST('test' AS VARCHAR(60)) AS anon_1", "DEALLOCATE ALL", "WITH x AS (SELECT 1) SELECT * FROM x",
        "WITH RECURSIVE tree(oid, name) AS (SELECT t.oid, t.typname FROM pg_type t UNION ALL SELECT * FROM tree) SELECT * FROM tree",
        "-- SELECT * FROM users\nSELECT 1",
    ],
)  # fmt: skip
def test_what_keeps_a_connection_in_order_is_no_work(text: str) -> None:
    assert not any(is_work(statement) for statement in statements_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM users", 'SELECT * FROM "users" JOIN pg_class ON true', "select authenticate($1)", "SELECT * FROM f($1)",
        "WITH x AS (SELECT * FROM users) SELECT * FROM x", "UPDATE users SET a = 1", "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)",
        "SELECT pg_advisory_xact_lock(1)", "INSERT INTO t DEFAULT VALUES", "CALL sync()", "LOCK TABLE users", "COPY t TO STDOUT",
    ],
)  # fmt: skip
def test_what_asks_or_changes_is_work(text: str) -> None:
    assert [is_work(statement) for statement in statements_of(text)] == [True]


def test_texts_are_parted_where_statements_end() -> None:
    assert statements_of("SELECT ';'; /* ; */ SELECT $a$;$a$; -- ;\n SELECT \";\", E'\\';' ;;") == [
        "SELECT ';'", "SELECT $a$;$a$", "SELECT \";\", E'\\';'",
    ]  # fmt: skip
