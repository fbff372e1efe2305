"""The check `one-row` by itself: a user's second row in a real table breaks it, whoever made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from harness.contracts.user_sync.declaration import Reach, SyncFile
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.runner import StepRunner
from harness.contracts.user_sync.violations import Violation
from harness.database import RowRestorer, Server, Workspace
from harness.fake_clerk import FakeClerk
from harness.targets.url import UrlTarget
from tests.user_sync.backend import SCHEMA


@pytest.fixture
def environment(postgres: Server, tmp_path: Path) -> Iterator[SyncEnvironment]:
    """A fake Clerk and a database, with a target that is never asked."""
    (tmp_path / "seed.sql").write_text(SCHEMA)
    workspace = Workspace(postgres)
    workspace.create_template()
    workspace.finish_template(tmp_path / "seed.sql")
    url = workspace.clone(0)
    restorer = RowRestorer(url)
    file = SyncFile(reach=Reach(request="GET /me"))
    target = UrlTarget("http://127.0.0.1:9", "", lanes_wanted=1).start()
    environment = SyncEnvironment(target, FakeClerk(), url, file, restorer.reset)
    environment.begin()
    yield environment
    environment.close()
    target.close()
    restorer.close()
    workspace.close()


def sign_up(environment: SyncEnvironment, rows: int) -> Person:
    """A person at Clerk with so many rows in the table of users."""
    person = environment.sign_up("own", 0, "lower", "Ada", "Lovelace")
    with psycopg.connect(environment.database.connection.info.dsn, autocommit=True) as connection:
        for _ in range(rows):
            connection.execute("INSERT INTO users (clerk_user_id) VALUES (%s)", [person.user.id])
    return person


def watch(environment: SyncEnvironment) -> Counter[str]:
    """Verify what must hold after every step; how often each check was looked at."""
    counts: Counter[str] = Counter()
    StepRunner(environment, set(), counts).watch()
    return counts


def test_a_second_row_of_a_user_breaks_one_row(environment: SyncEnvironment) -> None:
    person = sign_up(environment, 2)
    with pytest.raises(Violation) as found:
        watch(environment)
    assert found.value.check == "one-row"
    assert str(found.value) == f"one-row: {person.name} has 2 rows"


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_of_each_user_is_right(environment: SyncEnvironment, rows: int) -> None:
    sign_up(environment, rows)
    sign_up(environment, 1)
    assert watch(environment)["one-row"] == 2
