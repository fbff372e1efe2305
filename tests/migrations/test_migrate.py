"""The migration contract finds each flaw by the check that is meant for it, and leaves correct migrations alone."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest

from harness.contracts.migrations import CHECKS
from harness.core.errors import DatabaseError, UnsafeError
from harness.database import Server
from harness.run.database import migrate
from harness.run.environment import base_environment
from harness.targets.own_database import own_database
from tests.migrations.histories import AGAIN, BACK, ENV, FIRST, INDEX, REVISION, UNIQUE, UP, Project, states

NAMES = [spec.name for spec in CHECKS]
GUARDED = """
begun = "clerk_user_id" in {each["name"] for each in sa.inspect(op.get_bind()).get_columns("users")}
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS clerk_user_id varchar(64)")
    op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS active boolean NOT NULL DEFAULT true")
    if not begun:
        op.execute("UPDATE users SET clerk_user_id = 'legacy_' || id")
"""
BATCHED = """
with op.get_context().autocommit_block():
    while op.get_bind().execute(sa.text(
        "UPDATE users SET clerk_user_id = 'legacy_' || id WHERE id IN (SELECT id FROM users WHERE clerk_user_id IS NULL LIMIT 500)"
    )).rowcount:
        pass
"""
"""Of the 300 rows here all are in the first batch."""
NOBODY_WITH_THEM = """
op.execute("DELETE FROM notes WHERE EXISTS (SELECT FROM users WHERE email IS NULL)")
op.execute("DELETE FROM users WHERE EXISTS (SELECT FROM users WHERE email IS NULL)")
op.alter_column("users", "email", nullable=False)
"""
# flaw -> (upgrade, downgrade, the check that must find it, a part of what it says)
FLAWS = {
    "needs rows": (UP + 'op.execute("SELECT 1 / count(*) FROM users")', BACK, "from-nothing", "division by zero"),
    "column forgotten": (UP.splitlines()[1], BACK.splitlines()[2], "models", "active"),
    "lower-cases addresses": (UP + 'op.execute("UPDATE users SET email = lower(email)")', BACK, "data", "users.email differs in"),
    "trims names": (UP + 'op.execute("UPDATE users SET nick = trim(nick)")', BACK, "data", "users.nick differs in"),
    "deletes who has no name": (
        UP + 'op.execute("DELETE FROM users WHERE nick IS NULL AND id > 100")', BACK, "data", "rows are gone or have another key",
    ),
    "moves what hangs on them": (
        UP + 'op.execute("UPDATE notes SET user_id = (SELECT min(id) FROM users)")', BACK, "data", "notes.user_id differs in",
    ),
    "not null without default": (
        UP + 'op.add_column("users", sa.Column("plan", sa.Text, nullable=False))', BACK, "data", "cannot be migrated",
    ),
    "no way back": (UP, 'raise NotImplementedError("never")', "rollback", "the way back fails"),
    "forgets a column on the way back": (UP, BACK.splitlines()[1], "rollback", "the schema is another one"),
    "comes back empty": (
        UP + 'op.drop_column("users", "nick")', BACK + 'op.add_column("users", sa.Column("nick", sa.Text))', "rollback", "users.nick differs in",
    ),
    "cannot go on": (
        'with op.get_context().autocommit_block():\n    op.execute("CREATE TABLE extra (id serial PRIMARY KEY)")\n' + UP,
        BACK + 'op.drop_table("extra")', "resumable", "it cannot go on",
    ),
    "commits what it does not write down": (UP + INDEX, BACK, "resumable", "stopped at statement 3 of 3, it cannot go on"),
    "keeps an invalid unique index": (UNIQUE + UP, BACK + 'op.execute("DROP INDEX IF EXISTS by_nick")', "resumable", "(id) INVALID; a unique index"),
    "has done what it has begun": (GUARDED, BACK, "resumable", "users.clerk_user_id is filled in 0 rows; without the stop it is in 300"),
    "nobody without a name can go back": (
        UP + 'op.alter_column("users", "email", nullable=True)', 'op.alter_column("users", "email", nullable=False)\n' + BACK, "rollback",
        "once a new row has NULL in users.email, as the migrations allow (allow = ['null:users.email'])",
    ),
    "nobody without a name comes back with others": (
        UP + 'op.alter_column("users", "email", nullable=True)', NOBODY_WITH_THEM + BACK, "rollback", "rows are gone after the way back",
    ),
    "deletes whoever came after": (
        UP + 'op.alter_column("users", "email", nullable=True)',
        'op.execute("DELETE FROM users WHERE email IS NULL")\nop.alter_column("users", "email", nullable=False)\n' + BACK, "rollback",
        "users: the way back deletes new rows: that with key",
    ),
    "leaves a trigger behind": (
        UP + """op.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")""",
        BACK, "rollback", "+ function touch()",
    ),
    "drops a table with a check": (UP + 'op.drop_table("plans")', BACK, "data", "table plans is gone, with"),
    "another type": (UP + 'op.alter_column("users", "age", type_=sa.BigInteger)', BACK, "no-blocking-ddl", "users is rewritten"),
    "backfills": (UP + "op.execute(\"UPDATE users SET clerk_user_id = 'c' || id\")", BACK, "no-blocking-ddl", "are written anew in one transaction"),
    "index without concurrently": (UP + 'op.create_index("by_nick", "users", ["nick"])', BACK, "no-blocking-ddl", "users is locked"),
    "drops data": (UP + 'op.drop_column("users", "age")', BACK, "no-blocking-ddl", "users.age is dropped, with data"),
    "set not null": (
        UP + "op.add_column('users', sa.Column('plan', sa.Text, server_default='free'))\nop.alter_column('users', 'plan', nullable=False)",
        BACK, "no-blocking-ddl", "users is locked (ACCESS EXCLUSIVE) while 300 rows are read: ALTER TABLE users ALTER COLUMN plan SET NOT NULL",
    ),
    "reads another table under a lock": (
        UP + 'op.get_bind().execute(sa.text("SELECT count(*) FROM notes"))', BACK, "no-blocking-ddl",
        "users stays locked (ACCESS EXCLUSIVE) while the same transaction reads or writes 60 rows of notes: ALTER TABLE users ADD COLUMN",
    ),
    "half of the rows change their identifier": (
        UP + 'op.add_column("notes", sa.Column("owner", sa.Text))\nop.execute("UPDATE notes SET owner = CASE WHEN id % 2 = 0 THEN user_id::text '
        'ELSE (SELECT email FROM users u WHERE u.id = user_id) END")', BACK, "mapping", "notes.owner is mixed: ",
    ),
    "constraint without a name": (
        UP + 'op.create_unique_constraint(None, "users", ["clerk_user_id"])', BACK, "no-blocking-ddl", "ADD UNIQUE (clerk_user_id)",
    ),
}  # fmt: skip


def test_correct_migrations_are_left_alone(project: Project) -> None:
    found = states(project().verify())
    assert found.pop("gradual") == ("not examined", "the app is not started here")
    assert found.pop("rehearsal")[0] == "not examined"
    assert found == {name: ("proven", "") for name in NAMES if name not in ("gradual", "rehearsal")}


def test_a_table_smaller_than_a_batch_is_left_alone(project: Project) -> None:
    assert states(project(UP + BATCHED).verify(["no-blocking-ddl"])) == {"no-blocking-ddl": ("proven", "")}


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_found_by_its_check(project: Project, flaw: str) -> None:
    up, back, name, told = FLAWS[flaw]
    (check,) = project(up, back).verify([name])
    assert (check.name, check.status) == (name, "broken")
    assert told in check.detail
    assert "\n" not in check.detail


def test_two_heads_are_named(project: Project, tmp_path: Path) -> None:
    migrations = project()
    text = REVISION.format(name="0003", down="'0001'", up="    pass", back="    pass")
    (tmp_path / "versions" / "v0003.py").write_text(text)
    (check,) = migrations.verify(["one-head"])
    assert (check.status, check.detail.split(":")[0]) == ("broken", "there are 2 heads")


def test_a_missing_parent_is_named(project: Project, tmp_path: Path) -> None:
    migrations = project()
    text = REVISION.format(name="0003", down="'gone'", up="    pass", back="    pass")
    (tmp_path / "versions" / "v0003.py").write_text(text)
    found = states(migrations.verify(["one-head", "from-nothing"]))
    assert found["one-head"][1].startswith("revision 0003 follows gone, which is not there")
    assert {status for status, _ in found.values()} == {"broken"}


@pytest.mark.parametrize("address", ["sqlite:///{0}/dev.db", "{1}"], ids=["sqlite", "postgres"])
def test_another_database_is_left_alone(project: Project, postgres: Server, tmp_path: Path, address: str) -> None:
    name = "dev_" + tmp_path.name[-8:]
    url = postgres.create(name).replace("postgresql://", "postgresql+psycopg://")
    elsewhere = address.format(tmp_path, url)
    migrations = project(
        env=ENV.format(models="", metadata="None").replace('os.environ["DATABASE_URL"]', repr(elsewhere))
    )
    with pytest.raises(UnsafeError, match="do not reach the database that the harness made") as caught:
        migrations.verify(["one-head"])
    assert "\n" not in str(caught.value)
    with psycopg.connect(postgres.url_of(name)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert not (tmp_path / "dev.db").exists() or not (tmp_path / "dev.db").stat().st_size
    postgres.drop(name)


def test_a_run_that_would_migrate_another_database_ends_before(project: Project, tmp_path: Path) -> None:
    project(env=ENV.format(models="", metadata="None").replace('os.environ["DATABASE_URL"]', '"sqlite:///dev.db"'))
    environment = own_database(base_environment(), "postgresql://postgres@127.0.0.1:1/clerk_harness_none")
    with pytest.raises(DatabaseError, match="nothing was run there"):
        migrate([sys.executable, "-m", "alembic", "upgrade", "head"], environment, tmp_path)


def test_every_check_has_a_flaw_that_it_finds() -> None:
    assert {name for _, _, name, _ in FLAWS.values()} | {"one-head", "gradual", "rehearsal"} == set(NAMES)


def test_what_is_allowed_is_not_named(project: Project) -> None:
    up = UP + 'op.drop_column("users", "age")\nop.execute("UPDATE users SET email = lower(email)")'
    allow = ["drop:users.age", "rewrite:users"]
    migrations = project(up, allow=allow, changes=["users.email"])
    assert {check.status for check in migrations.verify(["data", "no-blocking-ddl"])} == {"proven"}


@pytest.mark.parametrize("index", [INDEX, AGAIN], ids=["slow when it was stopped", "unique, and dropped before"])
def test_an_index_made_concurrently_is_gentle_and_can_go_on(project: Project, index: str) -> None:
    back = BACK + 'op.execute("DROP INDEX IF EXISTS by_nick")'
    checks = project(index + UP, back).verify(["no-blocking-ddl", "resumable", "rollback"])
    assert states(checks) == dict.fromkeys(("rollback", "resumable", "no-blocking-ddl"), ("proven", ""))


def test_a_way_back_that_takes_whoever_came_after_is_left_alone(project: Project) -> None:
    loosened = 'op.alter_column("users", "email", nullable=True)'
    back = """op.execute("UPDATE users SET email = 'unknown-' || id WHERE email IS NULL")\nop.alter_column("users", "email", nullable=False)\n"""
    assert states(project(UP + loosened, back + BACK).verify(["rollback"])) == {"rollback": ("proven", "")}
    refuses = 'op.alter_column("users", "email", nullable=False)\n' + BACK
    (check,) = project(UP + loosened, refuses, allow=["null:users.email"]).verify(["rollback"])
    assert check.status == "proven"
    deletes = 'op.execute("DELETE FROM users WHERE email IS NULL")\n' + refuses
    (check,) = project(UP + loosened, deletes, allow=["null:users.email"]).verify(["rollback"])
    assert check.status == "proven"


def test_a_new_row_of_a_table_without_a_key_may_be_another_after_the_way_back(project: Project) -> None:
    loosened = 'op.alter_column("plans", "name", nullable=True)'
    back = """op.execute("UPDATE plans SET name = 'free' WHERE name IS NULL")\nop.alter_column("plans", "name", nullable=False)\n"""
    assert states(project(UP + loosened, back + BACK).verify(["rollback"])) == {"rollback": ("proven", "")}


def test_a_guard_for_each_part_can_go_on(project: Project) -> None:
    careful = GUARDED.replace("if not begun:", "if True:").replace("|| id", "|| id WHERE clerk_user_id IS NULL")
    assert states(project(careful).verify(["resumable"])) == {"resumable": ("proven", "")}


EMPTY = FIRST + 'op.execute("CREATE TABLE odd (a int CHECK (a = a + 1) NOT NULL)")'
INTO = "ALTER TABLE odd DROP CONSTRAINT odd_a_check; INSERT INTO odd VALUES (1)"


@pytest.mark.parametrize(
    ("fill", "status", "told"),
    [
        ({}, "not examined", "no row could be made for odd ("),
        ({"odd": INTO}, "broken", "table odd is gone, with all of its rows (1)"),
        ({"odd": "rows:make"}, "broken", "table odd is gone, with all of its rows (1)"),
    ],
    ids=["none", "sql", "callable"],
)
def test_a_table_without_rows_is_named(
    project: Project, tmp_path: Path, fill: dict[str, str], status: str, told: str
) -> None:
    (tmp_path / "rows.py").write_text(
        f"import psycopg\ndef make(url):\n    psycopg.connect(url, autocommit=True).execute({INTO!r})\n"
    )
    up = UP + ('op.drop_table("odd")' if fill else "")
    (check,) = project(up, first=EMPTY, fill=fill).verify(["data"])
    assert (check.status, check.detail[: len(told)]) == (status, told)


TENANT = """
op.create_table("organizations", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
op.execute("CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, score numeric(3,2) NOT NULL, "
           "organization_id int NOT NULL REFERENCES organizations)")
"""
