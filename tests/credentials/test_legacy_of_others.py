"""The old tokens of others than the person who is tried: a bridge may have been left for whom nobody has moved."""

from __future__ import annotations

import base64

from harness.credentials import CATALOGUE
from tests.matrix.kit import RecordingMint


def test_each_other_person_and_each_row_without_a_clerk_id_has_an_old_token() -> None:
    mint = RecordingMint()
    mint.unlinked = (("carol@example.com", 31), ("dave@example.com", "d-4"))
    first = CATALOGUE["legacy-of-others"].recipe(mint)
    people = [base64.b64decode(form.token or "").decode().split(":")[:2] for form in (first, *first.also)]
    known = [[one.email, str(one.database_id)] for name, one in mint.identities.items() if name != "alice"]
    assert people == [*known, ["carol@example.com", "31"], ["dave@example.com", "d-4"]]
    assert not any("carol" in form.form for form in first.also)
