"""Fixtures for tests of the matrix' rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.contracts.matrix import drills as drills_module
from harness.contracts.matrix import rotation as rotation_module
from harness.contracts.matrix import runner as runner_module
from harness.targets.base import Observation
from tests.matrix.bench import Bench
from tests.matrix.engines import Engines
from tests.matrix.kit import FakeTime, RecordingMint, lanes
from tests.matrix.playing import Play, Played


@pytest.fixture(scope="module")
def minting() -> RecordingMint:
    """A mint, whose keys take a while to make."""
    return RecordingMint()


@pytest.fixture
def bench(minting: RecordingMint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench of two lanes, on a clock that only passes while somebody sleeps."""
    clock = FakeTime()
    for module in (drills_module, rotation_module):
        monkeypatch.setattr(module, "time", clock)
    minting.instance.jwks_asked, minting.instance.jwks_fault = 0, None
    made: list[Bench] = []
    with lanes(lambda call: made[0].answer(0, call), lambda call: made[0].answer(1, call)) as two:
        made.append(Bench(two, minting, clock))
        yield made[0]


@pytest.fixture
def play(minting: RecordingMint) -> Play:
    """Plays the script of a plan."""
    return lambda plan, answer, **more: Played(minting, plan, answer, **more)


@pytest.fixture(params=[1])
def engines(minting: RecordingMint, request: pytest.FixtureRequest) -> Iterator[Engines]:
    """Engines on one lane, or on as many as the parameter says."""
    made = Engines(minting)
    minting.instance.jwks_asked, minting.instance.jwks_fault = 0, None
    with lanes(*[lambda call: Observation()] * request.param) as some:
        made.lanes = some
        made.target.lanes = list(some)
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The clock of lanes and limiters, which only passes while somebody sleeps."""
    made = FakeTime()
    monkeypatch.setattr(runner_module, "time", made)
    return made
