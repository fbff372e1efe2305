"""Every credential is what it says it is: a strict verifier refuses it, and what it is to reveal is in it."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE, Legacy, Mint, Presentation, groups, load_legacy, register, select
from harness.credentials.jose import parts, unb64url
from harness.fake_clerk import FakeClerk

# The names are final (credentials.md): reports and policies of users hold them.
NAMES = {
    "genuine": "clerk clerk-v1 clerk-cookie clerk-no-azp clerk-template clerk-impersonated clerk-pending clerk-newcomer clerk-other "
    "clerk-org-admin clerk-org-member clerk-rotated clerk-clock-ahead m2m-opaque m2m-jwt oauth-opaque oauth-jwt api-key webhook legacy",
    "absent": "missing empty-header scheme-only scheme-only-spaces wrong-scheme-basic wrong-scheme-token no-scheme scheme-lowercase "
    "double-scheme segment-missing garbage null-token undefined-token one-segment two-segments four-segments empty-segments not-base64 "
    "not-json json-array-payload padded-base64 space-inside control-characters non-ascii nul-byte huge-token "
    "deeply-nested-json comma-joined duplicate-header-genuine-first duplicate-header-forged-first",
    "time": "expired expired-just-now expired-years exp-missing exp-null exp-string exp-huge exp-nan-infinity exp-negative "
    "exp-boolean nbf-future nbf-far-future nbf-string iat-future lifetime-too-long",
    "signature": "forged forged-unknown-kid forged-no-kid signature-stripped signature-empty signature-flipped-first "
    "signature-flipped-last signature-truncated signature-zeros signature-of-another-token payload-swapped-sub "
    "pkcs1-padding-modified payload-extended-exp header-swapped signed-by-other-instance weak-512-bit-key pss-for-pkcs1",
    "algorithm": "alg-none alg-none-mixed-case alg-none-with-signature alg-missing alg-null alg-number alg-array alg-empty "
    "alg-lowercase-rs256 hs256-with-pem hs256-with-pem-no-newline hs256-with-pkcs1-pem hs256-with-der "
    "hs256-with-ssh-public-key hs256-with-jwk-json hs256-with-jwks-json hs256-with-modulus hs384-with-pem hs512-with-pem "
    "hs256-blank-secret hs256-weak-secret hs256-with-secret-key-env hs256-with-publishable-key es256-zero es256-own-key "
    "eddsa-zero rs256-as-rs512 alg-none-unknown-kid alg-none-no-kid hs256-with-pem-spellings hs256-with-pkcs1-spellings "
    "hs256-with-jwk-spellings hs256-with-jwks-spellings hs256-unknown-kid hs256-shared-secrets hs256-with-target-secret",
    "lookup": "kid-null kid-array kid-empty kid-path-traversal kid-sql kid-command kid-url kid-huge kid-retired jwk-embedded "
    "jwk-embedded-genuine-kid jwk-embedded-symmetric jku-remote jku-userinfo x5u-remote x5c-self-signed iss-driven-jwks "
    "crit-unknown crit-b64 b64-false zip-deflate typ-at-jwt cty-nested jwe-dir jwe-of-forged jwe-pbes2-huge-count "
    "json-flattened json-general json-general-no-signatures json-compact-polyglot duplicate-alg-key duplicate-sub-key",
    "claims": "iss-other iss-missing iss-prefix iss-suffix iss-substring iss-array iss-upper-case iss-http iss-trailing-slash "
    "azp-foreign azp-lookalike-suffix azp-lookalike-prefix azp-array aud-foreign sub-missing sub-null sub-empty sub-number sub-array "
    "sub-of-machine sub-unknown-user sub-banned-user sub-deleted-user sid-missing sid-revoked version-unknown "
    "unsafe-metadata-role",
    "confusion": "session-for-machine machine-for-session template-for-session id-token sign-in-ticket handshake-token dev-browser-token "
    "testing-token publishable-key-as-token secret-key-as-token refresh-token",
    "opaque": "opaque-unknown opaque-truncated opaque-flipped opaque-revoked opaque-expired",
    "webhook": "webhook-unsigned webhook-wrong-secret webhook-empty-secret webhook-body-changed webhook-id-changed webhook-too-old "
    "webhook-from-the-future webhook-no-timestamp webhook-other-version",
    "legacy": "legacy-unknown-user legacy-urlsafe legacy-wrong-email legacy-no-timestamp legacy-with-clerk-id legacy-in-cookie "
    "legacy-in-query legacy-in-body legacy-hs256-default-secret legacy-rs256-own-key legacy-as-basic legacy-double-encoded "
    "legacy-header-clerk-cookie clerk-header-legacy-cookie expired-clerk-with-legacy legacy-in-schemes legacy-in-headers "
    "legacy-in-cookies legacy-in-queries legacy-of-others",
    "placement": "query-token query-access-token query-session body-token x-auth-token x-access-token forwarded-user x-user-id "
    "x-clerk-user-id x-clerk-auth-status x-middleware-subrequest remote-user proxy-authorization cookie-wrong-suffix "
    "cookie-expired-header-genuine header-expired-cookie-genuine websocket-subprotocol websocket-query azp-foreign-with-origin",
    "roles": "role-lookalike admin-of-another-organization role-in-header role-in-query role-in-body identity-in-header "
    "identity-in-query identity-in-token",
    "objects": "own-object others-object",
    "named": "named-field named-token named-beside-session named-identity named-beside-token named-service-token",
    "bypass": "head-method options-method method-override-header method-override-query trailing-slash double-slash dot-segment "
    "parent-segment encoded-slash encoded-letter upper-case-path semicolon-parameter extension-suffix absolute-uri "
    "x-original-url x-rewrite-url x-forwarded-for-loopback x-forwarded-prefix host-localhost origin-trusted "
    "health-user-agent content-type-changed public-path-before public-path-in-query public-path-in-fragment "
    "public-path-in-parameter public-path-as-value public-path-in-header public-path-in-host browser-navigation "
    "browser-prefetch upgrade-header graphql-open-question",
    "cors": "cors-preflight cors-foreign-origin",
    "state": "forged-after-genuine-same-jti forged-after-genuine-same-sub forged-after-genuine-same-prefix expired-after-genuine "
    "revoked-after-genuine banned-after-genuine rotated-out-after-genuine two-identities-at-once answer-of-who-came-first "
    "unknown-kid-flood cookies-after-genuine "
    "forged-after-genuine-same-signature forged-after-genuine-same-payload forged-newcomer api-outage "
    "jwks-outage jwks-slow jwks-malformed jwks-empty jwks-heals",
}  # fmt: skip
# Genuine tokens in another place or beside another thing: there is nothing in the token itself to refuse.
PLACED = {
    "no-scheme", "wrong-scheme-basic", "wrong-scheme-token", "scheme-lowercase", "double-scheme", "comma-joined", "padded-base64",
    "space-inside", "control-characters", "duplicate-header-genuine-first", "duplicate-header-forged-first",
    "exp-huge", "lifetime-too-long", "version-unknown", "unsafe-metadata-role", "sub-unknown-user", "sub-banned-user",
    "sub-deleted-user", "sid-revoked", "session-for-machine", "role-lookalike", "admin-of-another-organization",
    "role-in-header", "role-in-query", "role-in-body", "identity-in-header", "identity-in-query", "identity-in-token",
    "own-object", "others-object", "legacy-header-clerk-cookie", "clerk-header-legacy-cookie",
}  # fmt: skip


@pytest.fixture(scope="module")
def mint() -> Mint:
    clerk = FakeClerk()
    return Mint(clerk, register(clerk, {}), Legacy())


def tokens_of(presentation: Presentation) -> list[str]:
    found = [presentation.token] if presentation.token is not None else []
    found += [value.decode("latin-1").rpartition(" ")[2] for value in presentation.authorization]
    return found + [value for _, value in (*presentation.cookies, *presentation.query)]


def genuine(mint: Mint, token: str) -> bool:
    """A strict verifier: RS256 by a published key, all time claims there, numbers, and right."""
    keys = {key.kid: key.private.public_key() for key in mint.instance.published}
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(
            token, keys[header["kid"]], algorithms=["RS256"], issuer=mint.instance.issuer, leeway=mint.skew,
            options={"require": ["exp", "iat", "nbf", "sub", "sid"]},
        )  # fmt: skip
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
        return False
    party = claims.get("azp", "http://localhost:3000") == "http://localhost:3000" and claims["sub"].startswith("user_")
    return party and not any(isinstance(claims[name], (str, bool)) for name in ("exp", "iat", "nbf"))


@pytest.mark.parametrize("group", NAMES)
def test_the_groups_of_the_catalogue_are_whole(group: str) -> None:
    assert {c.name for c in CATALOGUE.values() if c.group == group} == set(NAMES[group].split())


@pytest.mark.parametrize("credential", CATALOGUE.values(), ids=lambda c: c.name)
def test_each_tells_what_it_is(credential: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", credential.name)
    assert re.fullmatch(r"CWE-\d+", credential.cwe)
    assert credential.source
    assert credential.why.endswith(".")
    assert len(credential.why) > 15


@pytest.mark.parametrize(
    "name",
    [
        n
        for g in ("absent", "time", "signature", "algorithm", "lookup", "claims", "confusion", "legacy")
        for n in NAMES[g].split()
    ],
)
def test_a_strict_verifier_refuses_each_bad_one(mint: Mint, name: str) -> None:
    found = tokens_of(mint.present(CATALOGUE[name]))
    assert name in PLACED or not any(genuine(mint, token) for token in found)


@pytest.mark.parametrize(
    "name", [n for n in NAMES["genuine"].split() if n.startswith("clerk") and n != "clerk-template"]
)
def test_a_strict_verifier_admits_each_genuine_one(mint: Mint, name: str) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE[name]))
    assert genuine(mint, token)


def test_a_template_token_is_genuine_but_has_no_session(mint: Mint) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE["clerk-template"]))
    assert not genuine(mint, token)
    key = mint.instance.key.private.public_key()
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="backend")
    assert "sid" not in claims


def _claims(token: str) -> Any:
    return json.loads(unb64url(parts(token)[1]))


@pytest.mark.parametrize("name", NAMES["time"].split())
def test_time_credentials_are_signed_by_the_genuine_key(mint: Mint, name: str) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE[name]))
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    jwt.decode(token, mint.instance.key.private.public_key(), algorithms=["RS256"], options=options)


@pytest.mark.parametrize("name", NAMES["signature"].split())
def test_signature_credentials_have_claims_that_would_be_accepted(mint: Mint, name: str) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE[name]))
    claims = _claims(token)
    assert claims["sub"].startswith("user_")
    assert claims["exp"] > mint.now()


def test_the_hmac_ones_verify_under_the_key_that_they_abuse(mint: Mint) -> None:
    for name, key in (
        ("hs256-with-pem", mint.instance.key.public_pem),
        ("hs512-with-pem", mint.instance.key.public_pem),
        ("hs256-with-secret-key-env", mint.instance.secret_key.encode()),
        ("hs256-blank-secret", b""),
    ):
        (token,) = tokens_of(mint.present(CATALOGUE[name]))
        header, payload, signature = parts(token)
        digest = json.loads(unb64url(header))["alg"].replace("HS", "sha")
        assert hmac.digest(key, f"{header}.{payload}".encode(), digest) == unb64url(signature), name


def test_the_weak_key_s_signature_is_valid_under_that_key_only(mint: Mint) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE["weak-512-bit-key"]))
    assert len(unb64url(parts(token)[2])) == 64


def test_a_presentation_is_made_once_and_renewed_before_it_grows_old(
    mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic() + 1000]
    monkeypatch.setattr("harness.credentials.mint.time.monotonic", lambda: clock[0])
    first = mint.present(CATALOGUE["clerk"])
    clock[0] += 10
    assert mint.present(CATALOGUE["clerk"]) is first
    clock[0] += 20
    assert mint.present(CATALOGUE["clerk"]) is not first


def test_a_newcomer_is_somebody_new_every_time(mint: Mint) -> None:
    subjects = {_claims(tokens_of(mint.present(CATALOGUE["clerk-newcomer"]))[0])["sub"] for _ in range(3)}
    assert len(subjects) == 3
    assert subjects <= set(mint.instance.directory.users)


def test_one_credential_may_stand_for_several_spellings(mint: Mint) -> None:
    presented = mint.present(CATALOGUE["alg-none-mixed-case"])
    tokens = [tokens_of(form)[0] for form in (presented, *presented.also)]
    assert {json.loads(unb64url(token.split(".")[0]))["alg"] for token in tokens} == {"None", "NONE", "nOnE"}


# The old scheme differs from backend to backend.


def test_the_default_legacy_token_is_the_platform_s(mint: Mint) -> None:
    (token,) = tokens_of(mint.present(CATALOGUE["legacy"]))
    assert re.fullmatch(r"alice@example\.com:1:true:\d+", base64.b64decode(token).decode())


def test_legacy_by_a_template(mint: Mint, tmp_path: Any) -> None:
    legacy = load_legacy({"template": "{clerk_id}|{name}", "encoding": "plain"}, tmp_path, "auth_matrix.toml")
    assert legacy.token(mint.identities["bob"]) == f"{mint.identities['bob'].user.id}|bob"


def test_legacy_by_a_function(mint: Mint, tmp_path: Any) -> None:
    (tmp_path / "old.py").write_text("def make(identity):\n    return 'old-' + identity.email\n")
    legacy = load_legacy({"callable": "old.py:make"}, tmp_path, "auth_matrix.toml")
    assert legacy.token(mint.identities["bob"]) == "old-bob@example.com"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tempalte": "x"}, "'tempalte'"),
        ({"template": "{mail}"}, "{mail}"),
        ({"encoding": "rot13"}, "encoding"),
        ({"callable": "nowhere.py:make"}, "nowhere.py"),
        ({"callable": "broken.py:make"}, "ZeroDivisionError"),
        ({"callable": "old.py:missing"}, "missing"),
    ],
)
def test_a_mistake_in_legacy_is_named(options: dict[str, str], told: str, tmp_path: Any) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "old.py").write_text("")
    with pytest.raises(DeclarationError, match=re.escape(told)):
        load_legacy(options, tmp_path, "auth_matrix.toml")


def test_select_by_name_and_by_group() -> None:
    assert [c.name for c in select(["forged", "clerk"])] == ["clerk", "forged"]
    assert {c.group for c in select(["time"])} == {"time"}
    assert select([]) == list(CATALOGUE.values())
    assert groups() == tuple(NAMES)
    with pytest.raises(DeclarationError, match="did you mean 'forged'"):
        select(["forgd"])


def test_the_page_is_current() -> None:
    from harness.credentials.catalogue_docs import catalogue_markdown

    assert (Path(__file__).parents[2] / "docs" / "credentials.md").read_text() == catalogue_markdown()
    assert all(f"| `{name}` |" in catalogue_markdown() for name in CATALOGUE)
