"""Tokens, keys and passwords are cut; ordinary words are not."""

from __future__ import annotations

import pytest

from harness.core.redact import is_secret, redact
from harness.credentials import CATALOGUE, Legacy, Mint, register
from harness.fake_clerk import FakeClerk


def test_every_token_of_the_catalogue_is_cut() -> None:
    clerk = FakeClerk()
    mint = Mint(clerk, register(clerk, {}), Legacy())
    for name in ("clerk", "forged", "legacy", "alg-none", "expired"):
        token = mint.present(CATALOGUE[name]).token or ""
        assert token not in redact(f"saw {token} there"), name
        assert redact(f"saw {token} there").startswith(f"saw {token[:8]}")
    for secret in (clerk.secret_key, clerk.publishable_key, clerk.webhook_secret):
        assert secret not in redact(f"key={secret}")


def test_a_password_in_a_url() -> None:
    assert redact("postgresql+psycopg://app:hunter2@db/x") == "postgresql+psycopg://app:…@db/x"


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'app.services.recommendations_and_more'",
        "GET /career-progression/summary 401, the handler was not entered",
        "suites/routers/competence_tree.toml: routes.GET: no policy",
        "column users.first_name does not exist at user_sync.py:24",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_names_that_tell() -> None:
    assert is_secret("STRIPE_API_KEY")
    assert is_secret("DATABASE_URL")
    assert not is_secret("PLATFORM_STAGE")
