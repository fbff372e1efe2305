"""Every flaw of the zoo is caught, as an app and over a URL, and no correct backend has a finding."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.credentials import CATALOGUE
from harness.database import Server
from tests.zoo.__main__ import as_markdown, counts, row
from tests.zoo.animals import ALL, CORRECT, FLAWED, UNREVEALED, credentials_of, drilled_pens, pens
from tests.zoo.batches import Findings, served, tried
from tests.zoo.model import Animal

HERE = Path(__file__).parent
PENS = pens()
CALM = {name: animals for name, animals in PENS.items() if not animals[0].database}
VISIBLE = {name: [a for a in animals if not a.unseen] for name, animals in PENS.items()}
TABLE: dict[str, dict[str, Any]] = json.loads((HERE / "table.json").read_text())
SOME = 4
"""Of so many animals one, where the long form takes all."""
HARD_TO_SEE = [
    "plain",
    "pyjwkclient",
    "official-sdk",
    "remembering",
    "unavailable",
    "api-keys-kept",
    "for-both",
    "browsers-too",
    "refuses-by-answering",
    "answers-kept-for-each",
    "list-for-everybody",
]


def check(animals: list[Animal], found: Findings) -> None:
    """Correct ones have no finding, flawed ones are caught by what was meant to catch them."""
    for animal in animals:
        verdicts = found.get(animal.name, [])
        if animal.correct:
            assert [(v.verdict, v.credential, v.seen) for v in verdicts] == [], animal.name
            continue
        hit = {v.credential for v in verdicts if v.verdict == animal.kind}
        assert hit, (animal.name, animal.kind, {v.verdict for v in verdicts})
        assert {name for name in animal.expects if name.islower()} <= hit, animal.name


def narrowed(animals: list[Animal]) -> list[str] | None:
    """Flawed ones are tried with what reveals them, correct ones with everything."""
    return None if animals[0].correct else credentials_of(animals)


@pytest.mark.parametrize("pen", CALM)
def test_as_an_app(pen: str, tmp_path: Path) -> None:
    # Flawed ones all, as apps; of the correct ones some, and others over a URL: both ways of all by `make zoo`.
    animals = PENS[pen][::SOME] if PENS[pen][0].correct else PENS[pen]
    check(animals, tried(tmp_path, animals, credentials=narrowed(animals)))


def test_correct_ones_stand_hundreds_of_secrets(tmp_path: Path) -> None:
    animals = [animal for animal in CORRECT if animal.host == "herd" and not animal.settings][:3]
    check(animals, tried(tmp_path, animals, credentials=["clerk", "missing", "forged", "hs256-shared-secrets"]))


@pytest.mark.parametrize("pen", [name for name, animals in VISIBLE.items() if animals])
def test_over_a_url(pen: str, tmp_path: Path) -> None:
    whole = VISIBLE[pen]
    animals = (whole[1::SOME] or whole) if whole[0].correct else whole[::SOME]
    with served(tmp_path, animals) as (url, port):
        check(animals, tried(tmp_path, animals, url=url, port=port, credentials=narrowed(animals)))


WRITTEN = {
    "after-the-deed": "refused, but only after the handler had written to the database",
    "row-before-verification": "refused, but what a first sign-in writes was written for it: deeds, what user_",
    "notes-attempts": "",
}


@pytest.mark.parametrize("name", [name for name in PENS if name not in CALM])
def test_in_a_database(name: str, tmp_path: Path, postgres: Server) -> None:
    (animal,) = PENS[name]
    found = tried(tmp_path, [animal], server=postgres, credentials=narrowed([animal]))
    check([animal], found)
    for verdict in found.get(name, []):
        assert verdict.detail.startswith(WRITTEN[name])


def test_in_drills(tmp_path: Path) -> None:
    """Flawed ones are caught and correct ones stand: at the same time, for drills are for the most part waiting."""
    herds = drilled_pens() | {"correct": [animal for animal in CORRECT if animal.name in HARD_TO_SEE]}
    with ThreadPoolExecutor(len(herds)) as pool:
        runs = {}
        for name, animals in herds.items():
            (tmp_path / name).mkdir()
            credentials = narrowed(animals)
            runs[name] = pool.submit(tried, tmp_path / name, animals, drills=True, credentials=credentials)
    for name, animals in herds.items():
        check(animals, runs[name].result())


# The table


def test_the_table_holds_every_animal_and_shows_each_as_it_must_be() -> None:
    assert list(TABLE) == [animal.name for animal in ALL]
    assert len(FLAWED) >= 70
    assert len(CORRECT) >= 20
    for animal in ALL:
        shown = TABLE[animal.name]
        assert (shown["description"], shown["kind"]) == (animal.description, animal.kind)
        wanted = {name for name in animal.expects if name.islower()}
        assert wanted <= set(shown["app"])
        assert ("unseen" in shown) == bool(animal.unseen)
        if not animal.unseen:
            assert wanted <= set(shown["url"])
        if animal.correct:
            assert shown["app"] == []
    n = counts(TABLE)
    assert n["flaws_caught"] == n["flaws"]
    assert n["flaws_caught_over_url"] == n["flaws_seen_outside"]
    assert n["correct_with_findings"] == n["correct_with_findings_over_url"] == 0


def test_the_table_for_people_is_the_table() -> None:
    assert (HERE / "TABLE.md").read_text() == as_markdown(TABLE)


def test_the_documentation_counts_as_the_table_does() -> None:
    n, root = counts(TABLE), HERE.parent.parent
    page = (root / "docs" / "detection.md").read_text()
    assert f"{n['flaws_caught']} of {n['flaws']}" in page
    assert f"{n['flaws_caught_over_url']} of {n['flaws_seen_outside']}" in page
    assert f"{n['flaws_caught']} of {n['flaws']}" in (root / "README.md").read_text()


def test_every_credential_reveals_a_flaw_or_says_why_not() -> None:
    revealing = {name.partition("@")[0] for animal in FLAWED for name in TABLE[animal.name]["app"]}
    assert set(CATALOGUE) - revealing == set(UNREVEALED)


def test_a_row_tells_what_was_found() -> None:
    animal = FLAWED[0]
    assert row(animal, {}, {}) == {"description": animal.description, "kind": animal.kind, "app": [], "url": []}
