"""What the forms of one credential are: each a spelling or a secret of its own, signed as it says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.credentials import CATALOGUE, Mint
from harness.credentials.jose import parts
from harness.credentials.shared_secrets import shared_secrets
from tests.credentials.forms import claims_of, forms, header_of, signed_by, signed_under, token_of

# The public key in other spellings


def pem_spellings(pem: bytes) -> dict[str, bytes]:
    """What configuration makes of a PEM, by the words of each form."""
    text = pem.decode()
    first, *middle, last = text.strip().split("\n")
    bare = "\n".join([first, *middle, last])
    made = {
        "line break before": f"\n{bare}\n",
        "two line breaks after": f"{bare}\n\n",
        "line breaks around": f"\n{bare}\n\n",
        "no line break after": bare,
        "CRLF": "\r\n".join([first, *middle, last, ""]),
        "CRLF, none after": "\r\n".join([first, *middle, last]),
        "escaped line breaks": r"\n".join([first, *middle, last]),
        "escaped line breaks, one after": r"\n".join([first, *middle, last, ""]),
        "spaces for line breaks": " ".join([first, *middle, last]),
        "indented": "\n".join(f"    {line}" for line in (first, *middle, last)),
        "indented between line breaks": "".join(f"\n    {line}" for line in (first, *middle, last)) + "\n",
        "indented after the first line": "\n    ".join([first, *middle, last]),
        "spaces before line breaks": " \n".join([first, *middle, last, ""]),
        "carriage returns alone": "\r".join([first, *middle, last, ""]),
        "after a comment": f"# Clerk's public key\n{bare}\n",
        "the base64 lines alone": "\n".join(middle),
        "the base64 alone": "".join(middle),
        "base64 of the whole": base64.b64encode(pem).decode(),
        "quoted": f'"{bare}"',
    }
    return {words: spelling.encode() for words, spelling in made.items()}


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("hs256-with-pem-spellings", "-----BEGIN PUBLIC KEY-----"),
        ("hs256-with-pkcs1-spellings", "-----BEGIN RSA PUBLIC KEY-----"),
    ],
)
def test_each_spelling_of_the_pem_is_the_secret_of_its_form(fresh: Mint, name: str, begins: str) -> None:
    shape = PublicFormat.PKCS1 if "RSA" in begins else PublicFormat.SubjectPublicKeyInfo
    wanted = fresh.instance.key.private.public_key().public_bytes(Encoding.PEM, shape)
    assert wanted.decode().startswith(begins)
    keys = pem_spellings(wanted)
    tokens = {form.form: token_of(form) for form in forms(fresh, name)}
    assert set(tokens) == set(keys)
    assert len(set(keys.values())) == len(keys)
    for words, token in tokens.items():
        assert [other for other, key in keys.items() if signed_under(token, key)] == [words]


STYLES: dict[str, dict[str, Any]] = {
    "spaced": {},
    "compact": {"separators": (",", ":")},
    "indented by two": {"indent": 2},
    "by four": {"indent": 4},
}


@pytest.mark.parametrize("name", ["hs256-with-jwk-spellings", "hs256-with-jwks-spellings"])
def test_each_spelling_of_the_json_is_the_secret_of_its_form(fresh: Mint, name: str) -> None:
    made = forms(fresh, name)
    keys = set()
    for form in made:
        style, _, order = form.form.partition(": ")
        one = {member: fresh.instance.key.jwk[member] for member in order.split(" ")}
        key = json.dumps({"keys": [one]} if "jwks" in name else one, **STYLES[style]).encode()
        assert signed_under(token_of(form), key), form.form
        keys.add(key)
    assert len(keys) == len(made) == 24


def test_they_are_tried_on_one_route_for_each_guard() -> None:
    sparse = {credential.name for credential in CATALOGUE.values() if credential.sparse}
    assert sparse == {
        "hs256-with-pem-spellings", "hs256-with-pkcs1-spellings", "hs256-with-jwk-spellings", "hs256-with-jwks-spellings",
        "hs256-shared-secrets", "hs256-with-target-secret",
    }  # fmt: skip


def test_an_unknown_key_id_with_the_public_key_or_nothing_as_secret(fresh: Mint) -> None:
    made = [token_of(form) for form in forms(fresh, "hs256-unknown-kid")]
    published = {key.kid for key in fresh.instance.published}
    assert [header_of(token)["kid"] in published for token in made] == [False, False]
    assert [
        signed_under(token, key) for token, key in zip(made, (fresh.instance.key.public_pem, b""), strict=True)
    ] == [
        True,
        True,
    ]


# Unsigned tokens


@pytest.mark.parametrize("name", ["alg-none-unknown-kid", "alg-none-no-kid"])
def test_unsigned_under_no_key_that_was_published(fresh: Mint, name: str) -> None:
    made = [token_of(form) for form in forms(fresh, name)]
    published = {key.kid for key in fresh.instance.published}
    assert [header_of(token)["alg"] for token in made] == ["none", "None", "NONE"]
    assert {token.rpartition(".")[2] for token in made} == {""}
    assert {claims_of(token)["sub"] for token in made} == {fresh.identities["alice"].user.id}
    kids = {header_of(token).get("kid") for token in made}
    assert kids == {None} if name == "alg-none-no-kid" else len(kids) == 1 and not kids & {None, *published}


# Secrets


def test_shared_secrets_are_unique_and_sourced() -> None:
    secrets = shared_secrets()
    assert len(secrets) >= 200
    assert len({secret.value for secret in secrets}) == len(secrets)
    assert [secret for secret in secrets if not secret.value or not secret.source.startswith("https://")] == []


def test_each_shared_secret_signs_a_form_that_names_its_source(fresh: Mint) -> None:
    made = forms(fresh, "hs256-shared-secrets")
    plain = [form for form in made if ", decoded from " not in form.form]
    assert len(plain) == len(shared_secrets())
    for secret, form in zip(shared_secrets(), plain, strict=True):
        assert form.form == f"a secret of {secret.source}"
        assert signed_under(token_of(form), secret.value.encode())


BYTES = bytes(range(200, 232))


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("s3cr3t", {"": b"s3cr3t"}),
        ("a secret of many words!", {"": b"a secret of many words!"}),
        (
            base64.b64encode(BYTES).decode(),
            {"": base64.b64encode(BYTES), ", decoded from base64": BYTES},
        ),
        (
            base64.urlsafe_b64encode(BYTES).decode().rstrip("="),
            {"": base64.urlsafe_b64encode(BYTES).rstrip(b"="), ", decoded from base64": BYTES},
        ),
        (
            "whsec_" + base64.b64encode(BYTES).decode(),
            {"": b"whsec_" + base64.b64encode(BYTES), ", decoded from base64": BYTES},
        ),
    ],
)
def test_a_variable_of_the_target_as_it_stands_and_decoded(fresh: Mint, value: str, keys: dict[str, bytes]) -> None:
    fresh.target_secrets = {"APP_SECRET": value}
    made = {form.form: token_of(form) for form in forms(fresh, "hs256-with-target-secret")}
    assert list(made) == [f"the value of APP_SECRET{spelling}" for spelling in keys]
    assert all(signed_under(token, key) for token, key in zip(made.values(), keys.values(), strict=True))


def test_hex_is_decoded_too_and_no_form_shows_a_value(fresh: Mint) -> None:
    fresh.target_secrets = {"ONE": BYTES.hex(), "TWO": "hunter2-hunter2"}
    made = {form.form: token_of(form) for form in forms(fresh, "hs256-with-target-secret")}
    assert signed_under(made["the value of ONE, decoded from hex"], BYTES)
    assert signed_under(made["the value of TWO"], b"hunter2-hunter2")
    assert not any(BYTES.hex() in words or "hunter2" in words for words in made)


def test_a_target_without_secrets_is_sent_one_that_nobody_has(fresh: Mint) -> None:
    (form,) = forms(fresh, "hs256-with-target-secret")
    assert header_of(token_of(form))["alg"] == "HS256"
    assert not signed_under(token_of(form), b"")


# After a genuine token


def test_another_user_s_claims_before_the_same_signature(fresh: Mint) -> None:
    presented = fresh.present(CATALOGUE["forged-after-genuine-same-signature"])
    genuine, forged = token_of(presented.before[0]), token_of(presented)
    assert (parts(forged)[0], parts(forged)[2]) == (parts(genuine)[0], parts(genuine)[2])
    assert claims_of(forged)["sub"] == fresh.identities["bob"].user.id != claims_of(genuine)["sub"]
    assert claims_of(forged)["sid"] != claims_of(genuine)["sid"]
    assert (signed_by(genuine, fresh.instance.key), signed_by(forged, fresh.instance.key)) == (True, False)


def test_the_same_payload_between_other_parts(fresh: Mint) -> None:
    presented = fresh.present(CATALOGUE["forged-after-genuine-same-payload"])
    genuine, forged = token_of(presented.before[0]), token_of(presented)
    same = [one == other for one, other in zip(parts(forged), parts(genuine), strict=True)]
    assert same == [False, True, False]
    assert header_of(forged)["kid"] not in {key.kid for key in fresh.instance.published}
    assert (signed_by(forged, fresh.attacker), signed_by(forged, fresh.instance.key)) == (True, False)
