"""The migration criteria of a declaration: its own sentences, and what proves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import Plan, load
from harness.contracts.matrix.tables import MATRIX_PROOFS as WORDS
from harness.core.errors import DeclarationError
from harness.report import Meta, Record
from harness.report.criteria import MATRIX_PROOFS, criteria, usual_criteria
from tests.conftest import MATRIX, write_suites

ONE_ROW = Check("user_sync", "one-row", "one row", "proven", 3)
REPLAY = Check("user_sync", "replay", "replays", "broken", 1)
INDEX = Check("budget", "index", "an index", "proven", 1)


def state(proof: tuple[str, ...], *checks: Check) -> tuple[str, str]:
    meta = Meta({}, "suites", "clerk-harness run", "probe", criteria=[("Ours", proof)])
    (found,) = criteria(Record(meta, Plan([], []), checks=list(checks)))
    assert (found.number, found.text) == (1, "Ours")
    return found.state, found.reason


@pytest.mark.parametrize(
    ("proof", "checks", "expected"),
    [
        (("user_sync: one-row",), (ONE_ROW, REPLAY), ("supported", "user_sync: one-row")),
        (("user_sync: replay",), (ONE_ROW, REPLAY), ("broken", "user_sync: replay")),
        (("user_sync",), (ONE_ROW, REPLAY), ("broken", "user_sync: replay")),
        (("user_sync: one-row", "budget"), (ONE_ROW, INDEX), ("supported", "user_sync: one-row; budget: index")),
        (("budget",), (), ("not examined", "budget: ")),
        (("admissions",), (), ("not examined", "no cell of this run bears on it")),
        (("admissions", "user_sync: replay"), (REPLAY,), ("broken", "user_sync: replay")),
        (("user_sync",), (ONE_ROW,), ("not examined", "user_sync: nothing is known of replay, at-once, own-row")),
    ],
)
def test_a_criterion_stands_with_its_proofs(
    proof: tuple[str, ...], checks: tuple[Check, ...], expected: tuple[str, str]
) -> None:
    assert state(proof, *checks) == expected


def test_there_are_eight_usual_ones_and_words_for_each_part_of_the_matrix() -> None:
    assert len(usual_criteria()) == 8
    assert tuple(MATRIX_PROOFS) == WORDS


def declared(folder: Path, proof: str) -> Path:
    criterion = f'[[criteria]]\ntext = "No old token"\nproof = {proof}\n'
    return write_suites(folder, '"GET /me" = "clerk"', matrix=MATRIX + criterion)


def test_a_declaration_names_its_own(tmp_path: Path) -> None:
    (found,) = load(declared(tmp_path, '["legacy", "user_sync: replay"]')).matrix.criteria
    assert (found.text, found.proof) == ("No old token", ["legacy", "user_sync: replay"])


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        ('"legasy"', "'legasy': write one of admissions, legacy"),
        ('"user_sync: once"', "user_sync has no check 'once'; there are one-row"),
        ("[]", "names nothing that proves it"),
    ],
)
def test_a_word_that_proves_nothing_is_a_mistake(tmp_path: Path, proof: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=r"auth_matrix\.toml: criteria\.0\.proof: ") as found:
        load(declared(tmp_path, proof))
    assert message in str(found.value)
