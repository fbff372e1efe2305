"""What an attacker must hold to make each credential."""

from __future__ import annotations

import pytest

from harness.credentials import CATALOGUE, NEEDS
from harness.credentials.attackers import needs_of, unknown_names

FACTS = {
    "missing": "nothing", "forged": "nothing", "alg-none": "nothing", "hs256-with-pem-spellings": "nothing",
    "hs256-shared-secrets": "nothing", "named-field": "nothing", "legacy": "email", "x-user-id": "email",
    "clerk": "account", "others-object": "account", "role-lookalike": "account", "payload-swapped-sub": "account",
    "signed-by-other-instance": "elsewhere", "azp-foreign": "elsewhere", "m2m-jwt": "machine-key",
    "hs256-with-target-secret": "machine-key", "expired": "old-session", "webhook-too-old": "old-session",
    "exp-missing": "issuer-key", "iss-other": "issuer-key", "sub-array": "issuer-key", "nbf-future": "issuer-key",
    "pkcs1-padding-modified": "issuer-key",
}  # fmt: skip


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_says_what_is_needed_and_why(name: str) -> None:
    assert CATALOGUE[name].needs in NEEDS
    assert CATALOGUE[name].because


@pytest.mark.parametrize(("name", "needs"), FACTS.items())
def test_what_is_needed(name: str, needs: str) -> None:
    assert CATALOGUE[name].needs == needs


def test_an_audience_of_somebody_else_s_by_what_it_is_made_of() -> None:
    # A template's token for another service is given to that service; all sessions have the audience of the settings.
    assert needs_of(CATALOGUE["aud-foreign"], "template") == "elsewhere"
    assert needs_of(CATALOGUE["aud-foreign"], "session") == "issuer-key"
    assert needs_of(CATALOGUE["forged"], "session") == "nothing"


def test_no_name_is_of_nothing() -> None:
    assert unknown_names(set(CATALOGUE)) == []
