"""Front ends: flawed and correct ones in several styles, and what is left alone. See `frontends.py` for the facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.inventory.frontend.read import read_frontend
from harness.inventory.places import Part
from tests.inventory import kept
from tests.inventory.frontends import CORRECT, FLAWED, INNOCENT, UNKNOWN, Fact


def read(folder: Path, files: dict[str, str]) -> Part:
    """What is found in files with these texts."""
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_frontend(folder)


@pytest.mark.parametrize(
    "fact",
    [*FLAWED, *CORRECT, *INNOCENT, *UNKNOWN, *kept.FLAWED, *kept.CORRECT, *kept.INNOCENT],
    ids=lambda fact: fact.name,
)
def test_each_file_has_its_state_and_each_place_its_line(fact: Fact, tmp_path: Path) -> None:
    part = read(tmp_path, fact.files)
    states = {unit.file: unit.state for unit in part.units}
    assert {file: state for file, state in states.items() if file in fact.states or state == "left"} == fact.states, (
        part
    )
    assert sorted(f"{p.file}:{p.line} {p.kind}" for p in part.legacy) == sorted(fact.left)
