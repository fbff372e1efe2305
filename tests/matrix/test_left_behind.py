"""What a refused token left behind: rows of tables, without a database."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.left_behind import left_behind, subject_of
from harness.credentials import CATALOGUE
from harness.targets.base import ChangedRow, Request
from tests.matrix.kit import RecordingMint

EVE, ANN, BEN = "user_eve", "user_ann", "user_ben"


def row(table: str = "users", added: bool = True, **columns: Any) -> ChangedRow:
    return ChangedRow(table, added, columns)


def of(subject: str, key: int, **columns: Any) -> ChangedRow:
    return row(id=key, clerk_id=subject, email=None, plan="free", **columns)


def found(*forged: ChangedRow, genuine: tuple[list[ChangedRow], list[ChangedRow]] | None = None) -> str:
    one, other = genuine or ([of(ANN, 7, at="10:01")], [of(BEN, 8, at="10:02")])
    return left_behind((list(forged), EVE), (one, ANN), (other, BEN))


def test_the_row_of_a_first_sign_in() -> None:
    assert found(of(EVE, 9, at="10:03")) == "users, clerk_id user_eve"
    assert found(row("log", path="/me"), of(EVE, 9, at="10:03")) == "users, clerk_id user_eve"


@pytest.mark.parametrize(
    "forged",
    [
        [],
        [row("attempts", id=9, clerk_id=EVE, email=None, plan="free", at="10:03")],  # Another table.
        [row(added=False, id=9, clerk_id=EVE, email=None, plan="free", at="10:03")],  # A row that is gone.
        [row(id=9, clerk_id=EVE, email=None, plan="refused", at="10:03")],  # It says how it ended.
        [row(id=9, clerk_id="nobody", email=None, plan="free", at="10:03")],  # It names nobody.
    ],
)
def test_what_a_guard_notes_of_a_refusal_is_its_own_affair(forged: list[ChangedRow]) -> None:
    assert found(*forged) == ""


def test_a_person_inside_a_text() -> None:
    genuine = ([row("log", what=f"came {ANN}")], [row("log", what=f"came {BEN}")])
    assert found(row("log", what=f"refused {EVE}"), genuine=genuine) == ""
    assert found(row("log", what=f"came {EVE}"), genuine=genuine) == f"log, what {EVE}"


def test_what_every_request_leaves_names_nobody() -> None:
    same = [row("requests", path="/me")]
    assert found(*same, genuine=(same, same)) == ""


def test_without_a_subject_nothing_is_known() -> None:
    same = [row(clerk_id="")]
    assert left_behind((same, ""), (same, ANN), (same, BEN)) == ""


def test_whose_token_a_request_bears(minting: RecordingMint) -> None:
    presented = minting.present(CATALOGUE["forged-newcomer"], CATALOGUE["clerk"])
    user = minting.identity.user.id
    assert minting.identity.name == "newcomer"
    for request in (
        Request("GET", "/x", "", [("authorization", f"Bearer {presented.token}")]),
        Request("GET", "/x", f"token={presented.token}"),
        Request("GET", "/x", "", [("cookie", f"a=eyJx.b.c; __session={presented.token}")]),
        Request("GET", "/x", messages=[f'{{"token": "{presented.token}"}}']),
    ):
        assert subject_of(request) == user
    assert subject_of(Request("GET", "/x", "", [("authorization", "Bearer x")])) == ""
