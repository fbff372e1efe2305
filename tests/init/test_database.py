"""What `init` finds out about a database, and what it says where that is not there, lacks something, or cannot be migrated."""

from __future__ import annotations

import shlex
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import ValidationError

from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.migrations.migrators.alembic import broken_history
from harness.core.errors import MigrationError
from harness.core.ports import free_port
from harness.database import Server
from harness.database.ways_out import missing_extension, unreachable, way_out
from harness.run.baseline import RouteBaseline
from harness.run.database import variables_of
from harness.run.first_suites import write_suites
from harness.run.options import Options
from harness.run.project import Project, with_project
from harness.run.project_database import create_all_command, find_database, single_variables
from harness.run.survey import said_first
from harness.targets import Route
from tests.conftest import GUARD, VERIFIER
from tests.init.test_project import project

SINGLE: dict[str, tuple[str, dict[str, str]]] = {
    "libpq's": ('e = os.environ; e["PGHOST"], e["PGDATABASE"], e["PGUSER"]', {"PGHOST": "host", "PGDATABASE": "name", "PGUSER": "user"}),
    "usual": (
        'os.getenv("DB_HOST"), os.getenv("DB_PORT"), os.getenv("DB_USER"), os.getenv("DB_PASSWORD"), os.getenv("DB_NAME")',
        {"DB_HOST": "host", "DB_PORT": "port", "DB_USER": "user", "DB_PASSWORD": "password", "DB_NAME": "name"}),
    "of the image, as settings": (
        "class Settings(BaseSettings):\n    POSTGRES_SERVER: str\n    POSTGRES_PORT: int = 5432\n    POSTGRES_DB: str = ''\n",
        {"POSTGRES_SERVER": "host", "POSTGRES_PORT": "port", "POSTGRES_DB": "name"}),
    "settings in small letters": ("class S(B):\n    db_host: str\n    db_name: str\n", {"DB_HOST": "host", "DB_NAME": "name"}),
    "with the project's name before": ('env("SHOP_DB_HOST"); env("SHOP_DB_NAME")', {"SHOP_DB_HOST": "host", "SHOP_DB_NAME": "name"}),
    "a host alone is no address": ('os.getenv("DB_HOST")', {}),
    "of another server": ('os.getenv("REDIS_HOST"), os.getenv("APP_NAME"), os.getenv("SMTP_HOST")', {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_single_variables_are_found(name: str) -> None:
    code, expected = SINGLE[name]
    assert single_variables(code) == {variable: f"{{{part}}}" for variable, part in expected.items()}


def test_a_variable_that_says_whether_there_is_tls_says_no() -> None:
    found = single_variables('os.getenv("DB_HOST"), os.getenv("DB_NAME"), os.getenv("DB_SSLMODE", "require")')
    assert found["DB_SSLMODE"] == "disable"


def test_the_parts_of_an_address_stand_in_their_variables() -> None:
    table = DatabaseTable(
        env={"A": "{host}:{port}", "B": "{user}/{password}", "C": "{name}", "D": "disable", "E": "{url}?x"}
    )
    own = variables_of(table, "postgresql://us%40er:p%2Fw@127.0.0.1:5499/the%20name")
    assert {name: own[name] for name in "ABCD"} == {
        "A": "127.0.0.1:5499",
        "B": "us@er/p/w",
        "C": "the name",
        "D": "disable",
    }
    assert own["E"] == f"{own['DATABASE_URL']}?x"
    assert variables_of(table, "postgresql://postgres@127.0.0.1:1/x")["B"] == "postgres/none-of-the-harness"
    assert variables_of(table, "postgresql://u@/x?host=/run/pg")["A"] == "/run/pg:5432"
    assert variables_of(DatabaseTable(), "") == {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"
    }  # Settings must load.
    with pytest.raises(ValidationError, match=r"\{hots\}: write one of \{host\}"):
        DatabaseTable(env={"A": "{hots}"})


def test_a_seed_and_the_wish_for_tls_are_found(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "psycopg", "main.py": 'os.environ["DATABASE_URL"] + "?sslmode=require"',
        "db/seed.sql": "INSERT INTO users VALUES (1);", "seeds/README.sql": "-- none",
    }  # fmt: skip
    folder = project(tmp_path, files)
    found = find_database(folder, folder, {folder / "main.py": files["main.py"]})
    assert (found.url_env, found.seed) == ("DATABASE_URL", folder / "db" / "seed.sql")
    assert any(
        "the code asks for it (sslmode=require), and the embedded Postgres has none" in why for why in found.because
    )
    options, _ = with_project(Options(app="main:app", app_dir=folder, suites=folder / "a b" / "suites"))
    assert options.seed_file == "../../db/seed.sql"


MODELS = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n    pass\n"
USER = "from shop.base import Base\nclass User(Base):\n    __tablename__ = 'users'\n"
CREATE_ALL: dict[str, tuple[dict[str, str], str | None]] = {
    "beside each other": (
        {"shop/base.py": MODELS + "engine = create_engine(URL)\n", "shop/users.py": USER},
        "import shop.users; from shop.base import engine as engine; from shop.base import Base as base; base.metadata.create_all(engine)"),
    "the old way": (
        {"m.py": "Base = declarative_base()\nclass A(Base):\n    __tablename__ = 'a'\n", "db.py": "engine = sa.create_engine(URL)\n"},
        "import m; from db import engine as engine; from m import Base as base; base.metadata.create_all(engine)"),
    "SQLModel": (
        {"m.py": "from sqlmodel import SQLModel\nclass A(SQLModel, table=True):\n    id: int\n", "db.py": "engine = create_engine(U)\n"},
        "import m; from db import engine as engine; from sqlmodel import SQLModel as base; base.metadata.create_all(engine)"),
    "no engine at the top": ({"m.py": MODELS}, None),
    "no models": ({"db.py": "engine = create_engine(URL)\n"}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CREATE_ALL)
def test_a_command_that_makes_the_tables_from_the_models(name: str) -> None:
    files, expected = CREATE_ALL[name]
    found = create_all_command(Path("/p"), {Path("/p") / path: text for path, text in files.items()})
    assert (None if found is None else shlex.split(found)) == (None if expected is None else ["python", "-c", expected])


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ('connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused', "localhost:5432"),
        ("OSError: Multiple exceptions: [Errno 111] Connect call failed ('127.0.0.1', 5433)", "127.0.0.1:5433"),
        ('could not translate host name "db" to address: Name or service not known', "db"),
        (
            "InterfaceError: Can't create a connection to host localhost and port 5432 (timeout is None)",
            "localhost:5432",
        ),
        ("ConnectionRefusedError: redis at 127.0.0.1", None),
        ('connection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL: role "x" does not exist', None),
    ],
)
def test_a_database_that_is_not_there_is_recognised(said: str, place: str | None) -> None:
    assert unreachable(said) == place
    assert (
        place is not None and f"no database answers at {place}: give --migrate or --postgres" in way_out(said)
    ) == bool(place)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('psycopg.errors.FeatureNotSupported: extension "vector" is not available', "vector"),
        ('could not open extension control file "/usr/share/postgresql/16/extension/postgis.control": No such file', "postgis"),
        ('type "geometry" does not exist', "postgis"), ('type "mood" does not exist', None),
        ('relation "vector" does not exist', None),
    ],
)  # fmt: skip
def test_an_extension_that_the_server_lacks_is_named(said: str, name: str | None) -> None:
    assert missing_extension(said) == name
    assert bool(way_out(said)) == (name is not None)


def test_the_way_out_names_the_image_and_the_option() -> None:
    assert "--postgres URL, for example of the image pgvector/pgvector" in way_out(
        'extension "vector" is not available'
    )
    assert "let a variable say sslmode" in way_out("server does not support SSL, but SSL was required")
    assert way_out("KeyError: 'users'") == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "UserWarning: Revision a1 referenced from a1 -> b2 (head), x is not present",
            "revision b2 follows a1, which is not there",
        ),
        ("FAILED: Can't locate revision identified by 'c3d4'", "revision c3d4 is not there"),
        ("FAILED: Multiple head revisions are present for given argument 'head'", "the history has several heads"),
        ("KeyError: 'a1'", ""),
    ],
)
def test_a_broken_history_names_the_revision(said: str, told: str) -> None:
    assert broken_history(said).startswith(told)
    assert bool(broken_history(said)) == bool(told)


def test_a_missing_database_is_said_before_that_nobody_gets_in() -> None:
    refused = (
        '500 OperationalError: connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused'
    )
    found = [RouteBaseline(Route("GET", f"/{n}"), "x", "? (fault)", [], answer=refused) for n in range(175)]
    (first,) = said_first([*found, RouteBaseline(Route("GET", "/x"), "x", "open", [], answer="200 {}")])
    assert first.startswith(
        "175 routes answer with a server error: no database answers at localhost:5432: give --migrate"
    )


BACKEND = """
import os
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase
engine = sa.create_engine(
    f"postgresql+psycopg://{os.environ['DB_USER']}:{os.environ['DB_PASSWORD']}@{os.environ['DB_HOST']}:{os.environ['DB_PORT']}/"
    + os.environ["DB_NAME"])

class Base(DeclarativeBase): pass

class Note(Base):
    __tablename__ = "notes"
    id = sa.Column(sa.Integer, primary_key=True)

@app.get("/notes")
def notes(user: User):
    with engine.connect() as c:
        return [row[0] for row in c.execute(sa.text("SELECT id FROM notes"))]
"""
BROKEN = "from alembic import op\nrevision, down_revision = 'b2', 'gone'\ndef upgrade(): pass\n"
ENV = """
from alembic import context
from backend import engine
with engine.connect() as c:
    context.configure(connection=c)
    with context.begin_transaction():
        context.run_migrations()
"""


def backend(folder: Path, code: str, **more: str) -> Path:
    files = {
        "backend.py": GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)")
        + dedent(code)
    }
    return project(
        folder / "the backend", files | {"verifier.py": VERIFIER, "requirements.txt": "psycopg\nsqlalchemy\n"} | more
    )


def first(folder: Path, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """`[database]` as a bare `init` writes it, and what it says."""
    given = Options(suites=folder / "suites", app_dir=folder, python=sys.executable, **more)
    options, found = with_project(given)
    done = write_suites(replace(options, contracts=False), found)
    return tomllib.loads((folder / "suites" / "auth_matrix.toml").read_text()).get("database", {}), [
        *found.because,
        *done.notes,
    ]


HISTORY = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": ENV,
    "migrations/versions/b2.py": BROKEN,
}


def test_where_the_history_is_broken_the_models_make_the_tables(tmp_path: Path) -> None:
    """By single variables, with a seed that fits; the history's fault is told with its revision, and what its env.py lacks is given."""
    env = f"import os\nKEY = os.environ['MAIL_KEY']\n{ENV}"
    folder = backend(
        tmp_path, BACKEND, **HISTORY | {"seed.sql": "INSERT INTO notes VALUES (7);", "migrations/env.py": env}
    )
    database, said = first(folder)
    assert database["env"]["DB_HOST"] == "{host}"
    assert database["seed"] == "../seed.sql"
    assert database["migrate"].startswith('python -c "import backend; ')
    assert any(
        "revision b2 follows gone, which is not there" in note and "made from the models instead" in note
        for note in said
    )
    assert not any("server error" in note for note in said)


def test_where_there_are_no_models_the_way_on_is_named(tmp_path: Path, postgres: Server) -> None:
    folder = backend(tmp_path, BACKEND, **HISTORY)
    options = Options(
        suites=folder / "suites", app="backend:app", app_dir=folder, python=sys.executable, postgres=postgres.url,
        migrate="alembic upgrade head",
    )  # fmt: skip
    project_ = Project(
        database_env={
            name: f"{{{name[3:].lower()}}}" for name in ("DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME")
        }
    )
    with pytest.raises(
        MigrationError, match=r"revision b2 follows gone, which is not there: .*; the way on without .*create_all"
    ):
        write_suites(replace(options, contracts=False), project_)
    assert not (folder / "suites").exists()


def test_a_database_that_nobody_declared_is_said_with_numbers(tmp_path: Path) -> None:
    port = free_port()
    code = f"""
    import psycopg
    def known(user: User):
        with psycopg.connect("host=127.0.0.1 port={port} dbname=x user=x"): return user
    @app.get("/notes")
    def notes(user: str = Depends(known)): return []
    @app.get("/bills")
    def bills(user: str = Depends(known)): return []
    """
    database, said = first(backend(tmp_path, code))
    assert database == {}
    assert any(
        note.startswith(f"2 routes answer with a server error: no database answers at 127.0.0.1:{port}: give --migrate")
        for note in said
    )
