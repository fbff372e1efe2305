"""The contracts' files that `init` writes: what was seen, unread; and what a run says before and after somebody has read them."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import load
from harness.contracts.registry import contract
from harness.core.errors import MigrationError
from harness.credentials import ORIGIN
from harness.database import Server
from harness.run.context import RunContext
from harness.run.first_migrations import migrations_of
from harness.run.first_suites import Written, write_suites
from harness.run.options import Options
from harness.run.project import Project
from tests.conftest import VERIFIER
from tests.conftest import write_suites as write_suites_of
from tests.init.backend import APP, FIRST, write_backend

HAND = """
[policies.clerk]
accept = ["clerk"]
[database]
migrate = "alembic upgrade head"
scheme = "postgresql+psycopg"
"""
BESIDE = ("user_sync", "migrations", "budget", "configuration")


def options_of(folder: Path, server: Server, **more: Any) -> Options:
    return Options(
        suites=folder / "suites", app="shop.main:make_app", app_dir=folder / "src", python=sys.executable,
        migrate="alembic upgrade head", scheme="postgresql+psycopg", seed_file="../seed.sql", postgres=server.url, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[tuple[Path, Written]]:
    """Its verifier accepts another origin than the usual one."""
    verifier = VERIFIER.replace(ORIGIN, "https://app.shop.example")
    folder = write_backend(tmp_path_factory.mktemp("a shop"), **{"src/shop/verifier.py": verifier})
    yield folder, write_suites(options_of(folder, postgres), Project(origin="https://app.shop.example"))


def read(folder: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((folder / "suites" / name).read_text())


def checks_of(
    folder: Path, server: Server, names: tuple[str, ...], *, asked: bool = False
) -> tuple[dict[str, Check], list[str]]:
    """What a run says of contracts, and its notes; of the generated sequences one."""
    options = options_of(folder, server, agents=1, sequences=1, drills=False)
    with RunContext(options, load(options.suites)) as context:
        found = [check for name in names for check in contract(name).verify(context, asked=asked)]
        return {f"{check.contract}: {check.name}": check for check in found}, context.notes


def test_the_seeds_people_are_let_in_and_the_reason_is_told(written: tuple[Path, Written]) -> None:
    folder, done = written
    assert read(folder, "auth_matrix.toml")["identities"]["alice"] == {
        "email": "ann@shop.example", "clerk_id": "user_2seedann", "database_id": 2,
    }  # fmt: skip
    routes = read(folder, "routers/main.toml")["routes"]
    assert {key: line["policy"] for key, line in routes.items()} == {
        "GET /health": "public", "GET /größe": "clerk", "GET /orders": "clerk", "GET /session": "clerk",
    }  # fmt: skip
    assert any(
        note.startswith("2 of 4 routes let nobody in as long as the default people asked") for note in done.notes
    )


def test_each_file_says_what_was_seen_and_is_unread(written: tuple[Path, Written]) -> None:
    folder, _ = written
    files = {name: read(folder, f"{name}.toml") for name in BESIDE}
    assert {name: each.pop("reviewed") for name, each in files.items()} == dict.fromkeys(BESIDE, False)
    assert files["user_sync"] == {
        "reach": {"request": "GET /session"},
        "table": {
            "name": "users",
            "id": "id",
            "clerk_id": "clerk_user_id",
            "email": "email",
            "mirror": {},
            "adopt": False,
        },
    }
    assert files["migrations"] == {"legacy": "a1", "migrator": "alembic", "config": "alembic.ini"}
    assert (files["budget"]["statements"], files["budget"]["clerk_calls"], files["budget"]["lookup"]) == (
        1,
        0,
        "users.clerk_user_id",
    )
    assert files["configuration"] == {
        "variables": {
            "CLERK_SECRET_KEY": {"absent": "refuse", "empty": "refuse", "malformed": "refuse", "live": "refuse"},
            "CLERK_DOMAIN": {"absent": "refuse", "empty": "runs", "malformed": "runs"},
        }
    }
    assert '# route = "GET /health"' in (folder / "suites/configuration.toml").read_text()


def test_unread_nothing_is_examined(written: tuple[Path, Written], postgres: Server) -> None:
    found, notes = checks_of(written[0], postgres, BESIDE)
    assert found == {}
    for name in BESIDE:
        assert any(note.startswith(f"{name}: nothing was examined: nobody has read {name}.toml") for note in notes)
    asked, _ = checks_of(written[0], postgres, ("budget",), asked=True)
    assert {check.status for check in asked.values()} == {"not examined"}


def test_migrations_that_nobody_has_read_excuse_no_database(tmp_path: Path, postgres: Server) -> None:
    """Such a run has no finding of theirs, so it must not go on with what they have left."""
    folder = write_backend(tmp_path, **{"src/migrations/versions/b2.py": "raise RuntimeError('broken')\n"})
    suites = write_suites_of(folder / "suites", '"GET /session" = "clerk"\n', matrix=HAND)
    (suites / "migrations.toml").write_text('legacy = "a1"\nreviewed = false\n')
    with pytest.raises(MigrationError, match="broken"):
        checks_of(folder, postgres, ())


@pytest.mark.parametrize("names", [("budget", "configuration"), ("user_sync", "migrations")], ids="+".join)
def test_read_nothing_is_broken(names: tuple[str, ...], written: tuple[Path, Written], postgres: Server) -> None:
    """What `init` wrote holds: a person who only takes the marks out has no finding by it."""
    folder, _ = written
    for path in (folder / "suites").glob("*.toml"):
        path.write_text(re.sub(r"^reviewed = false\n", "", path.read_text(), flags=re.MULTILINE))
    found, _ = checks_of(folder, postgres, names)
    assert {name: check.detail for name, check in found.items() if check.failed or check.unmeasured} == {}
    proven = {name.partition(":")[0] for name, check in found.items() if check.status == "proven"}
    assert proven == {*names}


@pytest.mark.parametrize(
    ("files", "command", "found"),
    [
        (["src/alembic.ini"], "", [("alembic", "alembic.ini")]),
        (["alembic.ini"], "alembic -c ../alembic.ini upgrade head", [("alembic", "../alembic.ini")]),
        (["alembic.ini", "src/alembic.ini"], "alembic -c ../alembic.ini upgrade head", [("alembic", "alembic.ini")]),
        (["manage.py"], "python ../manage.py migrate", [("django", "../manage.py")]),
        (["alembic.ini"], "alembic upgrade head", []),
        (["alembic.ini"], "", []),
        (["alembic.ini"], "cd .. && alembic upgrade head # it's above", []),
    ],
)
def test_migrations_are_found_where_the_command_says(
    tmp_path: Path, files: list[str], command: str, found: list[tuple[str, str]]
) -> None:
    (tmp_path / "src").mkdir()
    for name in files:
        (tmp_path / name).write_text(
            "[alembic]\n" if name.endswith(".ini") else "execute_from_command_line(sys.argv)\n"
        )
    assert migrations_of(tmp_path / "src", command) == found


def test_what_was_not_seen_is_not_written(tmp_path: Path, postgres: Server) -> None:
    """No column of Clerk's ids before the first revision, no index on it, a sync that only a webhook reaches."""
    first = FIRST.replace("email text", "clerk_user_id text, email text")
    app = (
        APP.replace('os.environ["CLERK_SECRET_KEY"]', '"sk_test_x"')
        .replace("INSERT INTO users", "SELECT 1 -- ")
        .replace(":e, :s) ON", ":e, :s) --")
    )
    empty = "from alembic import op\nrevision, down_revision = 'b2', 'a1'\ndef upgrade(): pass\n"
    changed = {"src/migrations/versions/a1.py": first, "src/migrations/versions/b2.py": empty, "src/shop/main.py": app}
    folder = write_backend(tmp_path, **changed)
    own = folder / "suites" / "configuration.toml"
    own.parent.mkdir()
    own.write_text('[variables]  # by hand\nCLERK_DOMAIN = "either"\n')
    done = write_suites(options_of(folder, postgres), Project())
    beside = {path.stem for path in done.paths if path.parent == folder / "suites"}
    assert beside == {"auth_matrix", "budget"}
    assert own.read_text() == '[variables]  # by hand\nCLERK_DOMAIN = "either"\n'
    assert any(
        "user_sync.toml is not written: no route without parameters made a row of users" in note for note in done.notes
    )
    assert any("the first migration makes users.clerk_user_id already" in note for note in done.notes)
    budget = (folder / "suites/budget.toml").read_text()
    assert "lookup" not in tomllib.loads(budget)
    assert '# lookup = "users.clerk_user_id": must be found by an index, which it was not then' in budget
