"""What is said to be covered of others' lists is in the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from harness.credentials import CATALOGUE
from tests.conftest import ROOT
from tests.credentials.coverage import LISTS, attacks, page


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: f"{attack['from']}: {attack['what']}")
def test_each_attack_names_credentials_or_says_why_none_fits(attack: dict[str, Any]) -> None:
    assert attack["from"] in LISTS
    assert bool(attack.get("covered_by")) != bool(attack.get("not_fitting"))
    assert [name for name in attack.get("covered_by", ()) if name not in CATALOGUE] == []


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "coverage.md").read_text() == page()
