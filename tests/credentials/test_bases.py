"""A bad credential is a genuine one with one defect: whatever genuine one it is made of, the rest of it is in order."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE, Credential, Legacy, Mint, Presentation, based, register
from harness.credentials.jose import parts, unb64url
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.tokens import M2M_CATEGORY, SESSION_CATEGORY, TEMPLATE_CATEGORY

BASES = ["clerk", "clerk-v1", "clerk-org-admin", "clerk-org-member", "clerk-template", "m2m-jwt", "oauth-jwt"]
# Nothing in the token itself is to be refused: it is placed otherwise, or standards allow either answer.
IN_ORDER = {
    "no-scheme", "wrong-scheme-basic", "wrong-scheme-token", "scheme-lowercase", "double-scheme", "comma-joined",
    "padded-base64", "space-inside", "control-characters", "duplicate-header-genuine-first",
    "duplicate-header-forged-first", "exp-huge", "lifetime-too-long", "version-unknown", "sub-unknown-user",
    "sub-banned-user", "sub-deleted-user", "sid-revoked", "clerk-header-legacy-cookie",
}  # fmt: skip
GROUPS = ("absent", "time", "signature", "algorithm", "lookup", "claims", "confusion")


def made_of(base: str) -> list[str]:
    return [n for n, c in CATALOGUE.items() if c.group in GROUPS and CATALOGUE[base].kind in c.damages]


@pytest.fixture(scope="module")
def mint() -> Mint:
    clerk = FakeClerk()
    return Mint(clerk, register(clerk, {}), Legacy())


def tokens_of(presented: Presentation) -> list[str]:
    found = [form.token for form in (presented, *presented.also) if form.token is not None]
    found += [value.decode("latin-1") for form in (presented, *presented.also) for value in form.authorization]
    return found


def strict(mint: Mint, base: Credential, token: str) -> bool:
    """A strict verifier of one kind of token: signature, times, issuer, class, website, person and role."""
    keys = {key.kid: key.private.public_key() for key in mint.instance.published}
    required = ["exp", "iat", "nbf", "sub", "iss"] + (["sid"] if base.kind == "session" else [])
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(
            token, keys[header["kid"]], algorithms=["RS256"], issuer=mint.instance.issuer, leeway=mint.skew,
            audience="backend" if base.kind == "template" else None, options={"require": required},
        )  # fmt: skip
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
        return False
    if any(isinstance(claims[name], (str, bool)) for name in ("exp", "iat", "nbf")):
        return False
    classes = {"session": SESSION_CATEGORY, "template": TEMPLATE_CATEGORY, "machine": M2M_CATEGORY, "oauth": None}
    if header.get("cat") != classes[str(base.kind)] or header["typ"] != ("at+jwt" if base.kind == "oauth" else "JWT"):
        return False
    if not claims["sub"].startswith("mch_" if base.kind == "machine" else "user_"):
        return False
    return bool(claims.get("azp", mint.origin) == mint.origin)


@pytest.mark.parametrize("base", BASES)
def test_the_undamaged_twin_is_admitted(mint: Mint, base: str) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE[base]))
    assert strict(mint, CATALOGUE[base], token)


@pytest.mark.parametrize("base", BASES)
def test_what_is_made_of_it_is_refused(mint: Mint, base: str) -> None:
    names = made_of(base)
    assert len(names) > 100
    for name in names:
        found = [token.removeprefix("Bearer ") for token in tokens_of(mint.present(CATALOGUE[name], CATALOGUE[base]))]
        assert found, name
        assert name in IN_ORDER or not any(strict(mint, CATALOGUE[base], token) for token in found), name


@pytest.mark.parametrize("base", BASES)
def test_but_for_its_defect_it_is_the_genuine_one(mint: Mint, base: str) -> None:
    """Role, class and subject are those of the base: a route that wants them cannot refuse for another reason."""
    for name in [n for n, c in CATALOGUE.items() if c.group in ("time", "signature")]:
        _only_one_defect(mint, base, name)


def _only_one_defect(mint: Mint, base: str, name: str) -> None:
    (genuine,) = tokens_of(mint.present(CATALOGUE[base]))
    damaged, *_ = tokens_of(mint.present(CATALOGUE[name], CATALOGUE[base]))
    mine, theirs = (json.loads(unb64url(parts(token)[1])) for token in (damaged, genuine))
    changed = {"iat", "nbf", "exp", "jti", "scopes", "sub", "iss"}
    assert {k: v for k, v in mine.items() if k not in changed} == {k: v for k, v in theirs.items() if k not in changed}
    assert mine["sub"][:4] == theirs["sub"][:4]
    heads = [json.loads(unb64url(parts(token)[0])) for token in (damaged, genuine)]
    assert heads[0].get("cat") == heads[1].get("cat")
    assert heads[0]["typ"] == heads[1]["typ"]


def test_a_banned_administrator_is_an_administrator(mint: Mint) -> None:
    for name in ("sub-banned-user", "sub-deleted-user", "sub-unknown-user"):
        (token,) = tokens_of(mint.present(CATALOGUE[name], CATALOGUE["clerk-org-admin"]))
        assert json.loads(unb64url(parts(token)[1]))["o"]["rol"] == "admin", name


def test_rotated_and_early_tokens_are_of_their_base(mint: Mint) -> None:
    for name in ("clerk-rotated", "clerk-clock-ahead"):
        (token,) = tokens_of(mint.present(CATALOGUE[name], CATALOGUE["m2m-jwt"]))
        assert strict(mint, CATALOGUE["m2m-jwt"], token), name


def test_the_key_of_a_rotation_is_not_published_before_it() -> None:
    clerk = FakeClerk()
    mint = Mint(clerk, register(clerk, {}), Legacy())
    assert [key["kid"] for key in clerk.jwks()["keys"]] == [clerk.key.kid]
    mint.present(CATALOGUE["clerk-rotated"], CATALOGUE["clerk"])
    assert [key["kid"] for key in clerk.jwks()["keys"]] == [clerk.key.kid, mint.next_key.kid]


@pytest.mark.parametrize("base", ["m2m-opaque", "oauth-opaque", "api-key"])
def test_opaque_ones_are_of_the_kind_that_is_admitted_and_not_good(mint: Mint, base: str) -> None:
    (genuine,) = tokens_of(mint.present(CATALOGUE[base]))
    for name, credential in CATALOGUE.items():
        if credential.group == "opaque":
            (token,) = tokens_of(mint.present(credential, CATALOGUE[base]))
            known = mint.instance.machine_tokens.get(token)
            assert token.partition("_")[0] == genuine.partition("_")[0], name
            assert known is None or known.revoked or known.expired, name


BODY = b'{"type": "user.created"}'


def delivered(mint: Mint, name: str) -> list[dict[str, str]]:
    presented = mint.present(CATALOGUE[name], CATALOGUE["webhook"])
    return [form.delivery(BODY) for form in (presented, *presented.also) if form.delivery is not None]


def test_a_delivery_is_taken_and_each_damaged_one_is_not(mint: Mint) -> None:
    webhook = Webhook(mint.instance.webhook_secret)
    (genuine,) = delivered(mint, "webhook")
    webhook.verify(BODY, genuine)
    for name, credential in CATALOGUE.items():
        if credential.group == "webhook":
            for fields in delivered(mint, name):
                with pytest.raises(WebhookVerificationError):
                    webhook.verify(BODY, fields)


def test_a_label_names_its_base() -> None:
    assert based("forged@clerk-org-admin") == (CATALOGUE["forged"], CATALOGUE["clerk-org-admin"])
    assert based("forged@cookie:__session") == (CATALOGUE["forged"], None)
    with pytest.raises(DeclarationError, match="'forged' is no genuine credential"):
        based("forged@forged")
