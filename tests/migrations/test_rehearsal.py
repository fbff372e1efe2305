"""Migrations are rehearsed at two sizes: what each takes and locks, how that grows, and what is declared of it."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.migrations import Migrations, MigrationsFile, Rehearsal, load_migrations
from harness.contracts.migrations.migrators.sql_folder import Dbmate
from harness.contracts.migrations.rehearsal import Lock, MigrationCost, compared, costs, growth
from harness.contracts.migrations.statement_watch import Step, Taken
from harness.core.errors import DeclarationError
from harness.database import Server
from harness.run.environment import base_environment
from tests.conftest import MATRIX, in_this_process, write_suites
from tests.migrations.histories import UP, Project
from tests.migrations.test_migrators import ADD, TAKE, dbmate, django, flyway, prisma, written

INDEX = 'op.create_index("by_nick", "users", ["nick"])'


def rehearsed(migrations: Migrations) -> Check:
    (check,) = migrations.verify(["rehearsal"])
    return check


def migrations_of(
    files: dict[str, str], legacy: str, users: str, size: Rehearsal, postgres: Server, root: Path
) -> Migrations:
    """The migrations of files that are written into a folder."""
    written(root, files)
    file = MigrationsFile(legacy=legacy, users=users, rows=50, rehearsal=size)
    variables = base_environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    return Migrations(
        file, postgres, sys.executable, root, lambda url: variables | {"DATABASE_URL": url}, root.name[-12:]
    )


def test_without_a_number_of_rows_nothing_is_rehearsed(project: Project) -> None:
    check = rehearsed(project())
    assert (check.status, check.unmeasured, check.figures) == ("not examined", [], [])
    assert "--rows 1000000" in check.detail


def test_alembic_at_size(project: Project) -> None:
    check = rehearsed(project(UP + INDEX, rehearsal=Rehearsal(rows=4000, tables={"notes": 5000})))
    assert (check.status, check.count) == ("proven", 1), check.detail
    (figures,) = check.figures
    assert (figures["migration"], figures["rows"]) == ("0002", [500, 5000])
    assert (figures["lock"], figures["table"]) == ("ACCESS EXCLUSIVE", "users")
    assert all(each > 0 for each in [*figures["seconds"], *figures["lock_seconds"]])
    assert check.detail.startswith("with 5,000 rows 0002 takes ")
    assert "its strongest lock is ACCESS EXCLUSIVE on users, held " in check.detail
    assert "could not be grown" not in check.detail


LIMIT = Rehearsal(rows=3000, lock_seconds=0.000001)
BY_NICK = f"{ADD}; CREATE INDEX by_nick ON users (nick)"


@pytest.mark.parametrize(
    ("up", "size", "status", "told"),
    [
        (BY_NICK, LIMIT, "broken", "20260101 holds ACCESS EXCLUSIVE on users for "),
        (BY_NICK, LIMIT.model_copy(update={"lock_seconds": 600}), "proven", "with 3,000 rows"),
        (
            BY_NICK, Rehearsal(rows=10**8, seconds=0.01, lock_seconds=600), "not examined", "lock_seconds = 600: users has",
        ),
        ("ALTER TABLE users ADD CHECK (id < 2000)", LIMIT, "broken", "3,000 rows cannot be migrated: "),
        ("CREATE TABLE more (id int)", LIMIT, "proven", "no lock of it was seen on a table with rows"),
        ("UPDATE users SET nick = 'x' WHERE id = 1", LIMIT, "proven", "its strongest lock is ROW EXCLUSIVE on users"),
        ("LOCK TABLE users IN SHARE MODE", LIMIT, "broken", "20260101 holds SHARE on users for "),
    ],
)  # fmt: skip
def test_what_is_declared_is_held(
    postgres: Server, tmp_path: Path, up: str, size: Rehearsal, status: str, told: str
) -> None:
    check = rehearsed(migrations_of(dbmate(up), "20250101", "users", size, postgres, tmp_path))
    assert (check.status, bool(check.unmeasured)) == (status, status == "not examined"), check.detail
    assert told in check.detail
    assert bool(check.figures) == ("cannot be migrated" not in told)


FOUND = Rehearsal(rows=30_000, lookups=["users.email", "users.clerk_user_id"])


@pytest.mark.parametrize(
    ("up", "way"),
    [(ADD, "by reading all rows"), (f"{ADD} UNIQUE", "by the index users_clerk_user_id_key")],
)
def test_the_cost_of_the_mapping_before_and_after(postgres: Server, tmp_path: Path, up: str, way: str) -> None:
    check = rehearsed(migrations_of(dbmate(up), "20250101", "users", FOUND, postgres, tmp_path))
    lookups = {(each["lookup"], each["stage"]): each for each in check.figures if "lookup" in each}
    assert {key: each["found"] for key, each in lookups.items()} == {
        ("users.email", "before"): "by the index users_email_key",
        ("users.email", "after"): "by the index users_email_key",
        ("users.clerk_user_id", "after"): way,
    }
    assert all(each["rows"] == [3000, 30_000] and min(each["milliseconds"]) > 0 for each in lookups.values())
    assert f"users.clerk_user_id after: found {way} in " in check.detail


def test_a_lookup_of_neither_stage_is_named(postgres: Server, tmp_path: Path) -> None:
    size = Rehearsal(rows=100, lookups=["users.clerk_id"])
    check = rehearsed(migrations_of(dbmate(ADD), "20250101", "users", size, postgres, tmp_path))
    told = "rehearsal.lookups: neither stage has users.clerk_id: write table.column"
    assert (check.status, check.unmeasured) == ("not examined", [told])


TOOLS: dict[str, tuple[dict[str, str], str, str, list[str]]] = {
    "flyway": (flyway(f"{ADD}; CREATE INDEX by_nick ON users (nick)"), "1", "users", ["2", "10"]),
    "dbmate": (dbmate(f"{ADD}; CREATE INDEX by_nick ON users (nick)"), "20250101", "users", ["20260101"]),
    "prisma": (prisma(f"{ADD}; CREATE INDEX by_nick ON users (nick)"), "20250101000000_users", "users", ["20260101000000_clerk"]),
    "django": (django(), "shop.0001_initial", "shop_person", ["shop.0002_clerk"]),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_is_rehearsed(postgres: Server, tmp_path: Path, tool: str) -> None:
    files, legacy, users, names = TOOLS[tool]
    check = rehearsed(migrations_of(files, legacy, users, Rehearsal(rows=1000), postgres, tmp_path))
    assert check.status == "proven", check.detail
    assert [each["migration"] for each in check.figures] == names
    assert (check.figures[0]["lock"], check.figures[0]["table"]) == ("ACCESS EXCLUSIVE", users)


@pytest.mark.parametrize(
    ("sizes", "seconds", "exponent", "many"),
    [
        ((100_000, 1_000_000), (0.1, 1.0), 1.0, 10.0),
        ((100_000, 1_000_000), (0.1, 10.0), 2.0, 1000.0),
        ((100_000, 1_000_000), (1.0, 1.9), 0.3, 10.9),
        ((100_000, 1_000_000), (0.5, 0.5), 0.0, 0.5),
        ((100_000, 1_000_000), (0.5, 0.4), 0.0, 0.4),
        ((100_000, 1_000_000), (0.001, 0.002), None, 0.002),
        ((1_000_000, 10_000_000), (1.0, 10.0), 1.0, 10.0),
        ((2000, 2000), (1.0, 1.0), None, None),
    ],
)
def test_growth(
    sizes: tuple[int, int], seconds: tuple[float, float], exponent: float | None, many: float | None
) -> None:
    found = growth(sizes, seconds)
    assert (found.exponent if found.exponent is None else round(found.exponent, 1)) == exponent
    assert (found.many if found.many is None else round(found.many, 3)) == many


def test_a_lock_is_of_the_migration_that_took_it(tmp_path: Path) -> None:
    def at(second: float) -> datetime.datetime:
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=second)

    steps = [Step({"version": "1"}, at(0), at(2)), Step({"version": "2"}, at(0), at(5))]
    taken = [
        Taken(1, "users", "RowExclusiveLock", None, at(0.5), 4500, {}),
        Taken(2, "users", "AccessExclusiveLock", 1, at(1), 4000, {}),
        Taken(3, "notes", "ShareLock", 2, at(3), 2000, {}),
        Taken(4, "books", "RowExclusiveLock", None, at(5), 1, {}),
        Taken(5, "empty", "AccessExclusiveLock", 3, at(4), 1000, {}),
    ]
    migrator = Dbmate("", "", tmp_path, lambda _: {})
    found = costs(migrator, steps, taken, {"users": 10, "notes": 10, "empty": 0})
    assert [(cost.migration, cost.seconds) for cost in found] == [("1", 2.0), ("2", 3.0)]
    assert found[0].locks == (Lock("users", "AccessExclusiveLock", 4.0), Lock("users", "RowExclusiveLock", 4.5))
    assert found[1].locks == (Lock("notes", "ShareLock", 2.0),)
    (first, second) = compared((10, 100), [MigrationCost("1", 1.0, ())], found)
    assert (first.time.seconds, first.held.seconds if first.held else None) == ((1.0, 2.0), (0.0, 4.0))
    assert second.figures()["lock"] == "SHARE"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[rehearsal]\nrows = 5", "rehearsal.rows: Input should be greater than or equal to 100"),
        ("[rehearsal]\nlock_seconds = 2", "rehearsal.lock_seconds: say at how many rows: rehearsal.rows"),
        ("[rehearsal]\nrow = 100", "rehearsal.row: unknown key; did you mean 'rows'?"),
    ],
)
def test_a_mistake_in_the_declaration_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "migrations.toml").write_text(f'legacy = "0001"\n{text}\n')
    with pytest.raises(DeclarationError) as caught:
        load_migrations(tmp_path)
    assert told in str(caught.value)


def test_a_table_that_is_not_there_is_named(project: Project) -> None:
    with pytest.raises(DeclarationError, match=r"rehearsal.tables: the legacy revision has no table usres"):
        rehearsed(project(rehearsal=Rehearsal(rows=400, tables={"usres": 500})))


BACKEND = """
from fastapi import FastAPI
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
@app.get("/health")
def health():
    return {}
"""


def test_a_rehearsal_by_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, dbmate(f"{ADD}; CREATE INDEX by_nick ON users (nick)", f"DROP INDEX by_nick; {TAKE}"))
    (tmp_path / "backend.py").write_text(BACKEND)
    matrix = MATRIX + "[database]\n"
    suites = write_suites(tmp_path / "suites", '"GET /health" = "public"', matrix=matrix)
    (suites / "migrations.toml").write_text('legacy = "20250101"\nrows = 20\nallow = ["lock:users"]\nmodels = false\n')
    python = ["--app", "backend:app", "--python", sys.executable]
    done = in_this_process(["run", *python, "--only", "migrations", "--rows", "600"], tmp_path, capfd)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note: rehearsal: with 600 rows 20260101 takes " in done.stdout
    report = json.loads((tmp_path / "reports" / "auth-matrix.json").read_text())
    (check,) = [each for each in report["contracts"] if each["name"] == "rehearsal"]
    assert [(each["migration"], each["rows"]) for each in check["figures"]] == [("20260101", [60, 600])]
    assert "its strongest lock is ACCESS EXCLUSIVE on users" in check["detail"]
    assert (tmp_path / "reports" / "auth-matrix.html").stat().st_size
    wrong = in_this_process(["run", *python, "--only", "migrations", "--rows", "5"], tmp_path, capfd)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "--rows" in wrong.stderr
