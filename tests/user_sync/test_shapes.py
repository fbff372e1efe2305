"""Backends of other shapes: each correct one is left alone, and each flaw is found by the check that is meant for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from textwrap import dedent

import pytest

from harness.contracts.matrix import load
from harness.contracts.user_sync import load_sync, queued, run_sync
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.verify import CONTRACT
from harness.database import Server
from harness.run.baseline import RouteBaseline
from harness.run.context import RunContext
from harness.run.first_sync import _Finder, find_sync
from harness.run.options import Options
from harness.run.user_table import UsersTable
from tests.conftest import MATRIX, VERIFIER, write_suites
from tests.user_sync import ledger, linked, shapes
from tests.user_sync.shapes import ORIGIN, Shape

SHAPES = (*shapes.SHAPES, ledger.LEDGER, linked.LINKED)
CASES = [(shape, flaw) for shape in SHAPES for flaw in shape.flaws]


class Stage:
    """A shape in a folder of its own, started."""

    def __init__(self, folder: Path, shape: Shape, server: Server) -> None:
        self.folder = folder
        (folder / "verifier.py").write_text(VERIFIER.replace("http://localhost:3000", ORIGIN))
        (folder / "backend.py").write_text(shape.source)
        matrix = MATRIX + f'[database]\nseed = "schema.sql"\n[settings]\norigin = "{ORIGIN}"\n'
        suites = write_suites(folder / "suites", '"GET /me" = "clerk"\n"POST /webhook" = "public"\n', matrix=matrix)
        (suites / "schema.sql").write_text(shape.schema)
        (suites / "user_sync.toml").write_text(dedent(shape.suite))
        options = Options(
            suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1, sequences=2
        )
        self.session = RunContext(options, load(suites), server=server)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[dict[str, Stage]]:
    with ExitStack() as stack:
        every = {shape.name: Stage(tmp_path_factory.mktemp(shape.name), shape, postgres) for shape in SHAPES}
        for stage in every.values():
            stack.enter_context(stage.session)
        yield every


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_correct_backend_is_left_alone(stages: dict[str, Stage], shape: Shape) -> None:
    session = stages[shape.name].session
    file = load_sync(session.options.suites)
    assert file is not None
    checks = CONTRACT.examine(session, file, None)
    assert [(check.name, check.detail, check.events) for check in checks if check.failed or check.unmeasured] == []
    assert {check.name for check in checks if check.status == "not examined"} == set(shape.without)


def found(stage: Stage, flaw: str, checks: Sequence[str]) -> set[str]:
    """Which of the checks a flaw breaks."""
    session = stage.session
    file = load_sync(session.options.suites)
    assert file is not None and session.resets is not None
    reset, switch = session.resets[0].reset, stage.folder / "flaw.txt"
    switch.write_text(flaw)
    try:
        made = SyncEnvironment(session.target, session.clerk, session.database_url, file, reset, origin=ORIGIN)
        with closing(made) as environment:
            return {check.name for check in run_sync(environment, sequences=1, checks=checks) if check.failed}
    finally:
        switch.unlink()


@pytest.mark.parametrize(("shape", "flaw"), CASES, ids=[f"{shape.name}: {flaw}" for shape, flaw in CASES])
def test_a_flaw_is_found(stages: dict[str, Stage], shape: Shape, flaw: str) -> None:
    assert found(stages[shape.name], flaw, [shape.flaws[flaw]]) == {shape.flaws[flaw]}


def test_that_somebody_deleted_comes_back_is_said_once(stages: dict[str, Stage]) -> None:
    """Such a person has a new row, and each replay makes another one."""
    assert found(stages["upsert"], "comes back", ["own-row", "replay"]) == set()


@pytest.mark.parametrize(("name", "table", "late"), [("queued", "members", True), ("upsert", "people", False)])
def test_init_sees_whether_what_is_delivered_is_queued(
    stages: dict[str, Stage], name: str, table: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, switch, wait = stages[name].session, stages[name].folder / "flaw.txt", _Finder._later
    switch.write_text("held up")

    def worked_off(finder: _Finder, person: Person) -> bool:
        """The queue moves only after the answer was looked at."""
        switch.unlink()
        return wait(finder, person)

    monkeypatch.setattr(_Finder, "_later", worked_off)
    guards = {"GET /me": "clerk", "POST /webhook": "webhook"}
    entries = [
        RouteBaseline(route, "app", guards[route.key], []) for route in session.target.routes if route.key in guards
    ]
    found = find_sync(session, entries, UsersTable(table, "id", "clerk_id", "email", nullable=False))
    switch.unlink(missing_ok=True)
    assert (found.request, found.webhook, found.later is not None) == ("GET /me", "POST /webhook", late)


@pytest.mark.parametrize(
    ("name", "declared", "told"), [("queued", None, True), ("queued", 0.5, False), ("upsert", None, False)]
)
def test_an_undeclared_queue_is_told_of(
    stages: dict[str, Stage], name: str, declared: float | None, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, switch, wait = stages[name].session, stages[name].folder / "flaw.txt", queued.comes_within
    file = load_sync(session.options.suites)
    assert file is not None and session.resets is not None
    file = file.model_copy(update={"reach": file.reach.model_copy(update={"works_off_within": declared})})
    switch.write_text("held up")

    def worked_off(there: Callable[[], bool]) -> float | None:
        """The queue moves only after the answer was looked at."""
        switch.unlink()
        return wait(there)

    monkeypatch.setattr(queued, "comes_within", worked_off)
    reset = session.resets[0].reset
    with closing(
        SyncEnvironment(session.target, session.clerk, session.database_url, file, reset, origin=ORIGIN)
    ) as made:
        said = queued.undeclared_queue(made)
    switch.unlink(missing_ok=True)
    assert ("works_off_within = 0.5 in [reach]" in said) if said is not None and told else (said is None and not told)


def test_how_long_something_takes_to_come() -> None:
    seen = iter([False, False, True])
    assert queued.comes_within(lambda: next(seen)) == 0.5
    assert queued.comes_within(lambda: False, patience=0.0) is None
