"""What `init` finds out by reading a project's files, and what an app says that it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.run.baseline import RouteBaseline
from harness.run.options import Options
from harness.run.project import find_project, with_project
from harness.run.survey import nobody_gets_in, wanted_variables
from harness.targets import Route

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\ndef create_app(config=None):\n    app = Flask(__name__)\n    return app\n"
LAYOUTS: dict[str, tuple[dict[str, str], str, str]] = {
    "one file": ({"main.py": APP}, "main:app", "."),
    "package": ({"app/__init__.py": "", "app/main.py": APP}, "app.main:app", "."),
    "package without a marker": ({"app/main.py": "from app.db import x\n" + APP, "app/db.py": "x = 1\n"}, "app.main:app", "."),
    "below src": ({"src/shop/__init__.py": "", "src/shop/api.py": APP}, "shop.api:app", "src"),
    "modules beside each other": ({"backend/main.py": "import db\n" + APP, "backend/db.py": ""}, "main:app", "backend"),
    "factory of Flask": ({"shop/__init__.py": FLASK}, "shop:create_app", "."),
    "made by its factory": ({"shop/__init__.py": FLASK, "wsgi.py": "from shop import create_app\napp = create_app()\n"}, "wsgi:app", "."),
    "the one that mounts the others": (
        {"main.py": APP + 'v1 = FastAPI()\napp.mount("/v1", v1)\n'}, "main:app", "."),
    "Procfile": ({"Procfile": "web: uvicorn service.web:api --port 80\n", "service/web.py": APP, "main.py": APP}, "service.web:api", "."),
    "Dockerfile": (
        {"Dockerfile": 'CMD ["gunicorn", "-k", "uvicorn.workers.UvicornWorker", \\\n "server.main:app"]\n', "server/main.py": APP},
        "server.main:app", "."),
    "compose over two lines": (
        {"docker-compose.yml": "    command: >\n      uvicorn api.main:app\n      --host 0.0.0.0\n", "backend/api/main.py": APP},
        "api.main:app", "backend"),
    "entry point of FastAPI's own command": (
        {"pyproject.toml": '[tool.fastapi]\nentrypoint = "shop.web:site"\n', "shop/web.py": APP}, "shop.web:site", "."),
    "Django": (
        {"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")', "shop/asgi.py": "", "shop/wsgi.py": ""},
        "shop.asgi:application", "."),
    "Django with settings by stage": (
        {"site/manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.local')", "site/shop/wsgi.py": ""},
        "shop.wsgi:application", "site"),
    "tests and environments are none": (
        {"tests/app.py": APP, "my/pyvenv.cfg": "", "my/lib/app.py": APP, "main.py": APP, "test_main.py": APP}, "main:app", "."),
    "what cannot be parsed is passed by": ({"a.py": "app = FastAPI(\n", "main.py": APP}, "main:app", "."),
}  # fmt: skip


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_app_is_found(layout: str, tmp_path: Path) -> None:
    files, app, directory = LAYOUTS[layout]
    found = find_project(project(tmp_path, files))
    assert (found.app, found.app_dir) == (app, (tmp_path / directory).resolve())
    assert app in found.because[0]


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"package.json": '{"scripts": {"start": "node dist/server.js"}}'}, "node dist/server.js"),
        ({"package.json": '{"main": "web.js"}', "web.js": "app.listen(port)"}, "node web.js"),
        ({"server.mjs": "http.createServer(f).listen(process.env.PORT)"}, "node server.mjs"),
    ],
)
def test_a_node_server_is_found(files: dict[str, str], command: str, tmp_path: Path) -> None:
    assert find_project(project(tmp_path, files)).command == command


@pytest.mark.parametrize(
    "files", [{}, {"lib.py": "x = 1"}, {"package.json": "{"}, {"package.json": "[]", "index.js": "let x"}]
)
def test_where_there_is_nothing_the_options_are_named(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="--app module:attribute, --command or --url"):
        find_project(project(tmp_path, files))


SQL = 'import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ["DATABASE_URL"])\n'
DATABASES: dict[str, tuple[dict[str, str], tuple[str | None, str | None, str | None]]] = {
    "Alembic and psycopg": (
        {"requirements.txt": "psycopg[binary]\nsqlalchemy", "db.py": SQL, "alembic.ini": ""},
        ("alembic upgrade head", "postgresql+psycopg", "DATABASE_URL")),
    "psycopg2 is what SQLAlchemy takes anyway": (
        {"requirements.txt": "psycopg2-binary\nsqlalchemy", "db.py": SQL}, (None, None, "DATABASE_URL")),
    "asynchronous": (
        {"requirements.txt": "asyncpg", "db.py": SQL.replace("create_engine", "create_async_engine")},
        (None, "postgresql+asyncpg", "DATABASE_URL")),
    "the code says how it is written": (
        {"db.py": 'URL = "postgresql+pg8000://localhost/x"\nos.getenv("SHOP_DB_URL")'}, (None, "postgresql+pg8000", "SHOP_DB_URL")),
    "a setting": (
        {"requirements.txt": "psycopg\nsqlalchemy", "conf.py": "class Settings(BaseSettings):\n    database_url: str\n"},
        (None, "postgresql+psycopg", "DATABASE_URL")),
    "migrations beside the backend": (
        {"requirements.txt": "psycopg\nsqlalchemy", "backend/__init__.py": "", "alembic.ini": "", "db.py": SQL},
        ("alembic upgrade head", "postgresql+psycopg", "DATABASE_URL")),
    "Django": (
        {"requirements.txt": "psycopg", "manage.py": "DJANGO_SETTINGS_MODULE = 'shop.settings'", "shop/asgi.py": "",
         "shop/settings.py": 'DATABASES = {"default": env.db("DATABASE_URL")}'},
        ("python manage.py migrate", None, "DATABASE_URL")),
    "SQLite": ({"db.py": 'create_engine(os.getenv("DATABASE_URL", "sqlite:///x.db"))'}, (None, None, None)),
    "none": ({"requirements.txt": "redis"}, (None, None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", DATABASES)
def test_the_database_is_found(name: str, tmp_path: Path) -> None:
    files, expected = DATABASES[name]
    found = find_project(project(tmp_path, {"main.py": APP} | files))
    assert (found.migrate, found.scheme, found.url_env) == expected


def test_options_win_over_what_is_found(tmp_path: Path) -> None:
    files = {"main.py": APP, "alembic.ini": "", "requirements.txt": "psycopg sqlalchemy", "db.py": SQL}
    given = Options(app="main:app", app_dir=project(tmp_path, files), migrate="python own.py")
    options, found = with_project(given)
    assert (options, found.url_env, found.because) == (given, None, [])


def test_the_origin_that_a_verifier_accepts_is_found(tmp_path: Path) -> None:
    code = APP + 'OPTIONS = AuthenticateRequestOptions(authorized_parties=["https://shop.example.org"])\n'
    assert find_project(project(tmp_path, {"main.py": code})).origin == "https://shop.example.org"
    assert find_project(project(tmp_path, {"main.py": APP + 'HOME = "https://example.org"'})).origin is None


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("importing main failed: KeyError: 'OPENAI_API_KEY' (main.py:2)", ["OPENAI_API_KEY"]),
        (
            "ValidationError: 1 validation error for Settings openai_api_key Field required [type=missing]",
            ["OPENAI_API_KEY"],
        ),
        ("RuntimeError: STRIPE_KEY is not set", ["STRIPE_KEY"]),
        ("ImproperlyConfigured: Set the SECRET_KEY environment variable", ["SECRET_KEY"]),
        ("KeyError: 'users'", []),
        ("RuntimeError: MAX_SIZE exceeded", []),
        ("ModuleNotFoundError: No module named 'stripe'", []),
    ],
)
def test_what_an_app_lacks_is_read_from_its_error(message: str, names: list[str]) -> None:
    assert wanted_variables(message) == names


def test_where_nobody_gets_in_the_answer_is_told_first() -> None:
    def entry(guard: str, answer: str = "401 no such user") -> RouteBaseline:
        return RouteBaseline(Route("GET", "/x"), "x", guard, [], answer=answer)

    first, way_out = nobody_gets_in([entry("nobody"), entry("nobody"), entry("open", "200 {}")])
    assert first == "2 of 3 routes let nobody in. A genuine session token was answered 2 times 401 no such user"
    assert "[identities]" in way_out
    assert nobody_gets_in([entry("clerk", "200 {}"), entry("clerk", "200 {}"), entry("nobody")]) == []
    assert nobody_gets_in([entry("open", "200 {}")]) == []
