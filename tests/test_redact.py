"""Tokens, keys and passwords are cut; ordinary words are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.core.redact import is_secret, redact
from harness.credentials import CATALOGUE, Legacy, Mint, Presentation, register
from harness.credentials.group_roles import EMAIL_FIELDS, ID_FIELDS, ID_NAMES
from harness.fake_clerk import FakeClerk

LONGEST = 24
"""So many characters of a value in a row may be shown: the names of a scheme or two, and a token's first eight."""
NO_SECRETS = {"svix-id", "svix-timestamp", "x-middleware-subrequest", *ID_FIELDS, *EMAIL_FIELDS, *ID_NAMES}
"""Fields whose values are long and no secrets: names of messages and users, and what a framework's bypass is called."""
TRIES = 64
"""A value that is made at random is cut or not as it happens: one that is not always cut shows it within so many."""

_PREFIXED = "the base64 rule knows no underscore, and `mt_`, `oat_`, `ak_`, `dvb_` and `rt_` have no rule of their own"
_SIGNATURE = "a MAC in base64 with a `/` is taken for a path, and the rest of it is often too short to be cut"
_JSON = "the JWS JSON serialization has no dots: its signature is cut only up to the first underscore"
UNCUT = {
    "api-key": _PREFIXED,
    "dev-browser-token": _PREFIXED,
    "m2m-opaque": _PREFIXED,
    "machine-for-session": _PREFIXED,
    "oauth-opaque": _PREFIXED,
    "opaque-expired": _PREFIXED,
    "opaque-flipped": _PREFIXED,
    "opaque-revoked": _PREFIXED,
    "opaque-truncated": _PREFIXED,
    "opaque-unknown": _PREFIXED,
    "refresh-token": _PREFIXED,
    "testing-token": "hexadecimal digits have no capital letter, which the base64 rule wants",
    "four-segments": "a compact JWS ends after its third segment; of the fourth only what precedes an underscore is cut",
    "jwe-of-forged": "a compact JWE has five segments; of the fourth only what precedes an underscore is cut",
    "padded-base64": "the padding ends the payload's segment, so that the signature is no part of a compact JWS",
    "segment-missing": "of what has two segments only what precedes an underscore is cut",
    "space-inside": "the space ends the payload's segment, so that the signature is no part of a compact JWS",
    "json-compact-polyglot": _JSON,
    "json-flattened": _JSON,
    "json-general": _JSON,
    "webhook": _SIGNATURE,
    "webhook-body-changed": _SIGNATURE,
    "webhook-empty-secret": _SIGNATURE,
    "webhook-from-the-future": _SIGNATURE,
    "webhook-id-changed": _SIGNATURE,
    "webhook-no-timestamp": _SIGNATURE,
    "webhook-other-version": _SIGNATURE,
    "webhook-too-old": _SIGNATURE,
    "webhook-wrong-secret": _SIGNATURE,
}
"""The credentials of which more is shown than should be, and why. What mends one takes it out of here."""


@pytest.fixture(scope="module")
def clerk() -> FakeClerk:
    return FakeClerk()


@pytest.fixture(scope="module")
def mint(clerk: FakeClerk) -> Mint:
    return Mint(clerk, register(clerk, {}), Legacy())


def presented(presentation: Presentation) -> Iterator[str]:
    """Every value that may hold a credential, in the request, in those before it, and in its further forms."""
    if presentation.token is not None:
        yield presentation.token
    yield from (value.decode("latin-1") for value in presentation.authorization)
    delivery = presentation.delivery(b"{}") if presentation.delivery is not None else {}
    for name, value in (*presentation.headers, *delivery.items()):
        if name.lower() not in NO_SECRETS:
            yield value
    for name, value in (*presentation.cookies, *presentation.query, *presentation.body):
        if name not in NO_SECRETS:
            yield value
    for other in (*presentation.before, *presentation.also):
        yield from presented(other)


def is_cut(value: str) -> bool:
    """Whether no long part of a value is left in the middle of a text."""
    shown = redact(f"saw {value} there")
    return not any(value[at : at + LONGEST + 1] in shown for at in range(len(value) - LONGEST))


def test_every_credential_of_the_catalogue_is_cut(mint: Mint) -> None:
    uncut = {
        name
        for name, credential in CATALOGUE.items()
        for _ in range(TRIES if name in UNCUT else 1)
        if not all(map(is_cut, presented(mint.present(credential))))
    }
    assert uncut == set(UNCUT)


def test_a_token_is_cut_to_its_beginning(mint: Mint) -> None:
    for name in ("clerk", "forged", "legacy", "alg-none", "expired"):
        token = mint.present(CATALOGUE[name]).token or ""
        assert redact(f"saw {token} there") == f"saw {token[:8]}… there"


def test_the_keys_of_an_instance_are_cut(clerk: FakeClerk) -> None:
    for secret in (clerk.secret_key, clerk.publishable_key, clerk.webhook_secret):
        assert redact(f"key={secret}") == f"key={secret[:8]}…"


def test_what_is_left_of_a_value_is_seen() -> None:
    """The test itself: a value that is not cut, and one of which only the beginning is left."""
    assert not is_cut("not_cut_at_all_for_it_has_no_digit")
    assert is_cut("A1b2C3d4" * 8)


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
