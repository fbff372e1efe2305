"""Each migration tool behind the same checks: a correct history is left alone, a flawed one is found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.migrations import Migrations, MigrationsFile
from harness.contracts.migrations.checks.data import stops
from harness.contracts.migrations.migrators import MIGRATORS, find_migrator
from harness.contracts.migrations.migrators.django import after_stage
from harness.contracts.migrations.migrators.sql_text import needs_no_transaction, statements
from harness.core.errors import DeclarationError, UnsafeError
from harness.database import Server
from harness.run.environment import base_environment

Hold = Callable[..., dict[str, tuple[str, str]]]
USERS = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text)"
ADD, TAKE = "ALTER TABLE users ADD clerk_user_id text", "ALTER TABLE users DROP clerk_user_id"
INDEX = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_clerk ON users (clerk_user_id)"
FORWARD = ["one-head", "from-nothing", "data", "no-blocking-ddl", "resumable"]


def written(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def hold(tmp_path: Path, postgres: Server) -> Hold:
    """Write files, and verify checks on them; each check's status and detail."""

    def do(files: dict[str, str], legacy: str, checks: list[str], **declared: object) -> dict[str, tuple[str, str]]:
        written(tmp_path, files)
        file = MigrationsFile(legacy=legacy, rows=200, **declared)  # type: ignore[arg-type]
        variables = base_environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
        migrations = Migrations(
            file, postgres, sys.executable, tmp_path, lambda url: variables | {"DATABASE_URL": url}, tmp_path.name[-12:]
        )
        found: list[Check] = migrations.verify(checks)
        return {check.name: (check.status, check.detail) for check in found}

    return do


def flyway(up: str = f"{ADD};\n", back: str | None = f"{TAKE};", **more: str) -> dict[str, str]:
    files = {
        "V1__users.sql": f"{USERS};",
        "V2__clerk.sql": up,
        "V10__unique.sql": f"DROP INDEX CONCURRENTLY IF EXISTS by_clerk;\n{INDEX}",
        "U10__unique.sql": "DROP INDEX by_clerk",
    }
    if back is not None:
        files["U2__clerk.sql"] = back
    files |= {name.replace("_sql", ".sql"): text for name, text in more.items()}
    return {f"db/migration/{name}": text for name, text in files.items()}  # fmt: skip


def dbmate(up: str = ADD, back: str = TAKE, options: str = "") -> dict[str, str]:
    first = f"-- migrate:up\n{USERS};\n-- migrate:down\nDROP TABLE users;\n"
    second = f"-- migrate:up{options}\n{up};\n\n-- migrate:down\n{back}{';' if back else ''}\n"
    return {"db/migrations/20250101_users.sql": first, "db/migrations/20260101_clerk.sql": second}


def prisma(up: str = ADD) -> dict[str, str]:
    return {
        "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n',
        "prisma/migrations/20250101000000_users/migration.sql": f"-- CreateTable\n{USERS};\n",
        "prisma/migrations/20260101000000_clerk/migration.sql": f"-- AlterTable\n{up};\n",
    }


CORRECT = {"flyway": (flyway(), "1"), "dbmate": (dbmate(), "20250101"), "prisma": (prisma(), "20250101000000_users")}


@pytest.mark.parametrize("tool", CORRECT)
def test_a_correct_history_is_left_alone(hold: Hold, tool: str) -> None:
    files, legacy = CORRECT[tool]
    found = hold(files, legacy, [*FORWARD, "rollback", "models"])
    assert found.pop("models")[0] == "not examined"
    rollback = found.pop("rollback")
    if tool == "prisma":
        told = "no way back is declared for 20260101000000_clerk: Prisma's migrations go forward only"
        assert rollback == ("not examined", told)
    else:
        assert rollback == ("proven", "")
    assert found == dict.fromkeys(FORWARD, ("proven", ""))


BACKFILL = f"{ADD}; UPDATE users SET clerk_user_id = 'c' || id"
FLAWS = {
    "flyway: two files of one version": (flyway(V2__other_sql="SELECT 1"), "1", "one-head", "there are 2 heads: V2__clerk.sql, V2__other.sql"),
    "flyway: a file that is never run": (flyway(V3_clerk_sql="SELECT 1"), "1", "one-head", "V3_clerk.sql is never run"),
    "flyway: the way back forgets": (flyway(back="SELECT 1"), "1", "rollback", "+ column users clerk_user_id"),
    "flyway: the way back fails": (flyway(back="DROP TABLE nothing"), "1", "rollback", 'Error: V2__clerk.sql, back: table "nothing" does not exist'),
    "flyway: backfills": (flyway(BACKFILL), "1", "no-blocking-ddl", "rows of users are written anew"),
    "dbmate: cannot go on": (
        dbmate(f"CREATE TABLE extra (n int);\n{ADD}", f"{TAKE}; DROP TABLE extra", " transaction:false"), "20250101", "resumable",
        'it cannot go on: Error: 20260101_clerk.sql: relation "extra" already exists',
    ),
    "dbmate: no section up": (dbmate() | {"db/migrations/20270101_x.sql": "SELECT 1"}, "20250101", "one-head", "it has no section"),
    "dbmate: needs rows": (dbmate(f"{ADD}; SELECT 1 / count(*) FROM users"), "20250101", "from-nothing", "division by zero"),
    "prisma: deletes": (prisma(f"{ADD}; DELETE FROM users WHERE id > 100"), "20250101000000_users", "data", "rows are gone"),
    "prisma: concurrently among others": (prisma(f"{ADD};\n{INDEX}"), "20250101000000_users", "from-nothing", "cannot run inside a transaction"),
    "prisma: a folder without its file": (
        prisma() | {"prisma/migrations/20270101000000_gone/x.txt": ""}, "20250101000000_users", "one-head", "it has no migration.sql",
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flawed_history_is_found(hold: Hold, flaw: str) -> None:
    files, legacy, check, told = FLAWS[flaw]
    found = hold(files, legacy, [check])
    assert found[check][0] == "broken", found
    assert told in found[check][1]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (flyway(back=None), "no way back is declared for V2__clerk.sql: Flyway's is a file U<version>__<name>.sql"),
        (dbmate(back=""), "no way back is declared for 20260101_clerk.sql: dbmate's is a section `-- migrate:down`"),
    ],
)
def test_a_way_back_that_is_not_declared_is_said_to_be_none(hold: Hold, files: dict[str, str], told: str) -> None:
    legacy = "1" if "db/migration/V1__users.sql" in files else "20250101"
    assert hold(files, legacy, ["rollback"]) == {"rollback": ("not examined", told)}


@pytest.mark.parametrize(
    ("files", "legacy", "told"),
    [
        (flyway(), "7", "legacy: '7': db/migration has no such version; there are 1, 2, 10"),
        (flyway("ALTER TABLE ${schema}.users ADD x int"), "1", r"a placeholder, \$\{schema\}, which Flyway fills"),
    ],
)
def test_a_mistake_is_told(hold: Hold, files: dict[str, str], legacy: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        hold(files, legacy, ["data"])


@pytest.mark.parametrize(
    ("count", "found"),
    [(1, [1]), (3, [1, 2, 3]), (12, [*range(1, 13)]), (34, [1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34])],
)
def test_a_migration_is_stopped_at_statements_from_the_first_to_the_last(count: int, found: list[int]) -> None:
    assert stops(count) == found


# Which tool it is

ALEMBIC, MANAGE = (
    {"alembic.ini": "[alembic]\nscript_location = .\n"},
    {"manage.py": "execute_from_command_line(sys.argv)"},
)


@pytest.mark.parametrize(
    ("files", "named", "found"),
    [
        (ALEMBIC, (None, None), ("alembic", "alembic.ini")),
        ({"pyproject.toml": "[tool.alembic]\n"}, (None, None), ("alembic", "pyproject.toml")),
        (MANAGE, (None, None), ("django", "manage.py")),
        (flyway(), (None, None), ("flyway", "db/migration")),
        (dbmate(), (None, None), ("dbmate", "db/migrations")),
        (prisma(), (None, None), ("prisma", "prisma/migrations")),
        ({"conf/db.ini": "[alembic]\n"}, (None, "conf/db.ini"), ("alembic", "conf/db.ini")),
        (ALEMBIC | flyway(), ("flyway", None), ("flyway", "db/migration")),
        (ALEMBIC | flyway(), (None, None), "there are migrations of alembic (alembic.ini) and flyway (db/migration): say which"),
        ({"manage.py": "print('no Django')", "pyproject.toml": "[project]"}, (None, None), "no migrations are found in"),
    ],
)  # fmt: skip
def test_which_tool_it_is_is_found_by_looking(
    tmp_path: Path, files: dict[str, str], named: tuple[str | None, str | None], found: tuple[str, str] | str
) -> None:
    written(tmp_path, files)
    if isinstance(found, str):
        with pytest.raises(DeclarationError) as caught:
            find_migrator(*named, tmp_path)
        assert found in str(caught.value)
        return
    kind, config = find_migrator(*named, tmp_path)
    assert ({tool: name for name, tool in MIGRATORS.items()}[kind], config) == found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("-- only; this\n/* ; */ ;", []),
        ("SELECT ';', \"a;b\", E'\\';'; SELECT 2", ["SELECT ';', \"a;b\", E'\\';'", "SELECT 2"]),
        ("CREATE FUNCTION f() AS $x$ BEGIN; END $x$; SELECT 1", ["CREATE FUNCTION f() AS $x$ BEGIN; END $x$", "SELECT 1"]),
        ("CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; SELECT 3",
         ["CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END", "SELECT 3"]),
    ],
)  # fmt: skip
def test_a_text_is_taken_apart_into_statements(text: str, parts: list[str]) -> None:
    assert statements(text) == parts


@pytest.mark.parametrize(
    ("statement", "alone"),
    [
        (INDEX, True), ("-- x\nDROP INDEX CONCURRENTLY a", True), ("VACUUM users", True),
        ("CREATE INDEX concurrently_made ON users (id)", False), ("INSERT INTO notes VALUES ('VACUUM')", False),
    ],
)  # fmt: skip
def test_what_needs_no_transaction(statement: str, alone: bool) -> None:
    assert needs_no_transaction(statement) is alone


# Django

SETTINGS = """
import os
from urllib.parse import unquote, urlsplit
SECRET_KEY, DEFAULT_AUTO_FIELD = "x", "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "shop", "notes"]
url = urlsplit(os.environ.get("DATABASE_URL") or "postgresql:///none")
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": unquote(url.path[1:]), "USER": url.username, "HOST": url.hostname, "PORT": url.port}}
"""
MODELS = """
from django.db import models
class Person(models.Model):
    email = models.TextField(unique=True)
    clerk_user_id = models.TextField(null=True)
"""
NOTE = """
from django.db import models
class Note(models.Model):
    person = models.ForeignKey("shop.Person", on_delete=models.CASCADE)
"""
MIGRATION = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = {after}
    operations = [{operations}]
"""
PERSON = """migrations.CreateModel("Person", [("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False, verbose_name="ID")),
    ("email", models.TextField(unique=True))])"""
HANGS = """migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False, verbose_name="ID")),
    ("person", models.ForeignKey("shop.person", on_delete=models.CASCADE))])"""
FIELD = 'migrations.AddField("person", "clerk_user_id", models.TextField(null=True))'


MANAGED = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


def step(after: list[tuple[str, str]], operations: str) -> str:
    return MIGRATION.format(after=after, operations=operations)


def django(second: str = FIELD, after: str = "0001_initial") -> dict[str, str]:
    return {
        "manage.py": MANAGED, "settings.py": SETTINGS,
        "shop/__init__.py": "", "shop/models.py": MODELS, "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": step([], PERSON), "shop/migrations/0002_clerk.py": step([("shop", after)], second),
        "notes/__init__.py": "", "notes/models.py": NOTE, "notes/migrations/__init__.py": "",
        "notes/migrations/0001_initial.py": step([("shop", "0001_initial")], HANGS),
    }  # fmt: skip


def test_django_migrations_that_are_right(hold: Hold) -> None:
    found = hold(django(), "shop.0001_initial", ["one-head", "models", "data", "rollback"], users="shop_person")
    assert found == dict.fromkeys(["one-head", "models", "data", "rollback"], ("proven", ""))


LOWER = f"{FIELD}, migrations.RunSQL(\"UPDATE shop_person SET email = 'p' || id\")"


@pytest.mark.parametrize(
    ("files", "checks", "told"),
    [
        (
            django(LOWER), ["data", "rollback"],
            {
                "data": "shop_person.email differs in 200 of its rows",
                "rollback": "the way back fails: django.db.migrations.exceptions.IrreversibleError:",
            },
        ),
        (django(after="0007_gone"), ["one-head"], {"one-head": "shop.0002_clerk follows ('shop', '0007_gone'), which is not there"}),
        (
            django() | {"shop/migrations/0002_other.py": step([("shop", "0001_initial")], "")},
            ["one-head"], {"one-head": "there are 2 heads of shop: shop.0002_clerk, shop.0002_other"},
        ),
    ],
)  # fmt: skip
def test_flawed_django_migrations(hold: Hold, files: dict[str, str], checks: list[str], told: dict[str, str]) -> None:
    found = hold(files, "shop.0001_initial", checks, users="shop_person")
    broken = {name: detail for name, (status, detail) in found.items() if status == "broken"}
    assert broken.keys() == told.keys()
    assert all(broken[name].startswith(text) for name, text in told.items()), broken


def test_a_django_project_whose_settings_lead_elsewhere_runs_nothing(hold: Hold, tmp_path: Path) -> None:
    files = django()
    files["settings.py"] = SETTINGS.replace('postgresql"', 'sqlite3"').replace("unquote(url.path[1:])", '"dev.db"')
    with pytest.raises(UnsafeError, match="do not reach the database that the harness made"):
        hold(files, "shop.0001_initial", ["data"], users="shop_person")
    assert not (tmp_path / "dev.db").exists() or not (tmp_path / "dev.db").stat().st_size


def test_what_comes_after_a_stage_of_several_apps() -> None:
    a1, a2, a3, b1, b2, c1 = ("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("b", "2"), ("c", "1")
    graph = {a1: [], c1: [], a2: [a1], b1: [a1], a3: [a2], b2: [b1, a3]}
    assert after_stage(graph, [a1]) == {a2, a3, b2}
    assert after_stage(graph, [a2, b1]) == {a3, b2}
    assert after_stage(graph, [b1]) == {b2}
