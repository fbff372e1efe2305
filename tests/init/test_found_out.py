"""What `init` finds out beside the app: the old token's shape, origins, Clerk's variables, bodies, start commands, SQLite's users."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.tables import MatrixFile
from harness.credentials import Legacy
from harness.database.ways_out import way_out
from harness.fake_clerk.clerk import VARIABLES
from harness.run.learned_body import learned_body
from harness.run.options import Options
from harness.run.project import find_project
from harness.run.project_clerk import expanded, own_variables
from harness.run.project_files import python_texts, script_texts
from harness.run.project_legacy import old_token
from harness.run.project_origin import origins
from harness.run.sqlite_users import seeded_in, shares_a_file
from tests.init.test_project import APP, project

PYTHON = "import base64, json\ndef decode(token):\n    {}\n"
OLD_TOKENS: dict[str, tuple[str, str, tuple[str, str] | None]] = {
    "colons": ("a.py", 'email, user_id, onboarded, issued_at = base64.b64decode(token).decode().split(":")',
               ("{email}:{id}:{onboarding}:{timestamp}", "base64")),
    "a rest": ("a.py", 'uid, mail, *_ = base64.b64decode(token).decode().split("|")', ("{id}|{email}|0", "base64")),
    "safe for URLs": ("a.py", 'mail, _ = base64.urlsafe_b64decode(token).decode().split(":")', ("{email}:0", "base64url")),
    "parts one by one": (
        "a.py", 'parts = base64.b64decode(token).decode().split(":"); email = parts[0]; no = parts[1]', ("{email}:{id}", "base64")),
    "JSON": ("a.py", 'data = json.loads(base64.b64decode(token)); return data["uid"], data.get("mail")',
             ('{{"uid": {id}, "mail": "{email}"}}', "base64")),
    "nobody is named": ("a.py", 'width, height = base64.b64decode(token).decode().split(":")', None),
    "no token at all": ("a.py", "return base64.b64decode(token)", None),
    "a list in JavaScript": (
        "a.js", 'const [email, id] = Buffer.from(token, "base64").toString().split(":");', ("{email}:{id}", "base64")),
    "atob": ("a.ts", "let [userId, , issuedAt] = atob(token).split('|')", ("{id}|0|{timestamp}", "base64")),
    "a pattern in TypeScript": (
        "a.ts", r"const match = /^([^:@]+@[^:]+):(\d+)/.exec(Buffer.from(token, 'base64').toString());", ("{email}:{id}", "base64")),
}  # fmt: skip


@pytest.mark.parametrize("name", OLD_TOKENS)
def test_the_old_token_is_taken_from_the_function_that_decodes_it(name: str, tmp_path: Path) -> None:
    file, code, expected = OLD_TOKENS[name]
    folder = project(tmp_path, {file: PYTHON.format(code) if file.endswith(".py") else code})
    found = old_token(folder, python_texts(folder) | script_texts(folder))
    assert (found and (found.template, found.encoding)) == expected
    if found is not None:
        Legacy(template=found.template, encoding=found.encoding)  # A template of fields that there are.
        assert found.where.startswith(file)


def test_origins_near_the_word_come_first_and_addresses_of_others_are_none(tmp_path: Path) -> None:
    files = {
        "app.py": 'HOME = "https://example.org"\nJWKS = "https://x.clerk.accounts.dev"\nWEB = "http://localhost:5173"\n',
        ".env.example": "CORS_ORIGINS=https://shop.example.com,http://localhost:4200\nDATABASE_URL=postgres://localhost:5432/x\n",
    }
    folder = project(tmp_path, files)
    found = origins(folder, python_texts(folder))
    assert [*found] == [
        "http://localhost:5173",
        "https://shop.example.com",
        "http://localhost:4200",
        "https://example.org",
    ]
    assert found["https://shop.example.com"] == ".env.example"


def test_clerks_variables_under_other_names_are_those_that_the_names_mean(tmp_path: Path) -> None:
    code = (
        'os.environ["CLERK_ISSUER_URL"]; os.getenv("MY_CLERK_JWKS_URI"); process.env.CLERK_WH_WEBHOOK_SECRET\n'
        'os.environ["CLERK_ISSUER"]; os.environ["CLERK_MOOD"]\nclass Settings:\n    clerk_pem_public: str\n'
    )
    found = own_variables({tmp_path / "a.py": code}, VARIABLES)
    assert found == {
        "CLERK_ISSUER_URL": "{CLERK_ISSUER}", "MY_CLERK_JWKS_URI": "{CLERK_JWKS_URL}",
        "CLERK_WH_WEBHOOK_SECRET": "{CLERK_WEBHOOK_SECRET}", "CLERK_PEM_PUBLIC": "{CLERK_JWT_KEY}",
    }  # fmt: skip
    known = {"CLERK_ISSUER": "https://one.example"}
    assert expanded({"A": "{CLERK_ISSUER}/x", "B": "{CLERK_NONE}", "C": "{port}"}, known) == {
        "A": "https://one.example/x", "B": "{CLERK_NONE}", "C": "{port}",
    }  # fmt: skip


COMPLAINTS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "class-validator": (
        '{"message":["title should not be empty","count must be a number"]}',
        {"title": "sample", "count": 1},
    ),
    "Ajv": ('{"message":"body must have required property \'question\'"}', {"question": "sample"}),
    "pydantic": ('{"detail":[{"loc":["body","cents"],"msg":"Input should be a valid integer"}]}', {"cents": 1}),
    "Zod": ('{"issues":[{"path":["email"],"message":"Required"}]}', {"email": "somebody@example.com"}),
    "people": ('{"error":"url is required"}', {"url": "https://example.com/"}),
    "nothing of a field": ('{"error":"Bad Request"}', None),
    "of the request itself": ('{"error":"token is required"}', None),
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_body_is_made_of_what_a_backend_asks_for(name: str) -> None:
    complaint, body = COMPLAINTS[name]
    assert learned_body(complaint, {}) == body
    assert body is None or learned_body(complaint, body) is None  # The same complaint again: it does not help.


COMMANDS: dict[str, tuple[dict[str, str], str]] = {
    "a program of node_modules": (
        {"package.json": '{"scripts": {"start": "tsx src/index.ts"}}', "node_modules/.bin/tsx": ""}, "tsx src/index.ts"),
    "what was built, where the builder is not there": (
        {"package.json": '{"scripts": {"start": "nest start", "start:prod": "node dist/main"}}', "dist/main.js": ""}, "node dist/main"),
    "aiohttp by its Procfile": (
        {"Procfile": "web: python -m shop -q\n", "shop/__init__.py": "", "shop/__main__.py": "web.run_app(app)"}, "python -m shop -q"),
    "aiohttp by its image": ({"Dockerfile": 'CMD ["python", "server.py"]\n', "server.py": "web.run_app(app)"}, "python server.py"),
    "aiohttp by its file": ({"serve/web.py": "x = 1", "run.py": "web.run_app(app)\n"}, "python run.py"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_how_a_server_is_started_is_found(name: str, tmp_path: Path) -> None:
    files, command = COMMANDS[name]
    assert find_project(project(tmp_path, files)).command == command


def test_the_tables_of_a_node_project_are_those_of_its_schema(tmp_path: Path) -> None:
    files = {
        "package.json": '{"scripts": {"start": "node app.js"}, "dependencies": {"pg": "8"}}',
        "app.js": "new Pool({ connectionString: process.env.DATABASE_URL })", "db/schema.sql": "CREATE TABLE users (id int);",
    }  # fmt: skip
    found = find_project(project(tmp_path, files))
    assert (found.url_env, found.seed, found.migrate) == ("DATABASE_URL", tmp_path / "db" / "schema.sql", None)


def test_the_people_of_a_sqlite_file_are_found_and_nothing_is_written(tmp_path: Path) -> None:
    assert seeded_in(project(tmp_path, {"main.py": APP, "notes.db": "no database"})) is None
    path = tmp_path / "shop.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, clerk_id TEXT, email TEXT)")
        connection.execute(
            "INSERT INTO users VALUES (1, NULL, 'demo@shop.example'), (2, 'user_2x', 'anna@shop.example')"
        )
    before = path.read_bytes()
    found = seeded_in(tmp_path)
    assert found is not None and path.read_bytes() == before
    assert found.people["alice"] == {"email": "anna@shop.example", "clerk_id": "user_2x", "database_id": 2}
    assert found.unlinked["alice"] == {"email": "demo@shop.example", "database_id": 1}


@pytest.mark.parametrize(
    ("kept", "matrix", "given", "expected"),
    [
        (True, {}, {}, True),
        (False, {}, {}, False),
        (True, {"database": {}}, {}, False),
        (True, {"target": {"command": "python server.py"}}, {}, True),
        (True, {}, {"command": "python server.py"}, True),
        (True, {"target": {"url": "http://127.0.0.1:1"}}, {}, False),
        (True, {}, {"url": "http://127.0.0.1:1"}, False),
        (True, {"target": {"url": "http://127.0.0.1:1"}}, {"app": "main:app"}, True),
    ],
)
def test_what_is_started_of_an_app_shares_its_sqlite_file(
    tmp_path: Path, kept: bool, matrix: dict[str, Any], given: dict[str, Any], expected: bool
) -> None:
    project(tmp_path, {"main.py": APP, "cache.db": "no database"})
    if kept:
        with sqlite3.connect(tmp_path / "shop.db") as connection:
            connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    declaration = Declaration(MatrixFile.model_validate({"policies": {}, **matrix}), {}, tmp_path / "suites", Legacy())
    options = Options(suites=tmp_path / "suites", app_dir=tmp_path, **given)
    assert shares_a_file(options, declaration) is expected


def test_a_sqlite_file_without_tables_is_told_with_the_way_out() -> None:
    assert "no table notes_member: run the app's migrations" in way_out("OperationalError: no such table: notes_member")
