"""Names and words of the source, second half."""

from __future__ import annotations

import base64

import pytest

from harness.contracts.matrix.named import Learned, _session_of, cells, refused_person
from harness.credentials import CATALOGUE, jose
from harness.credentials.group_legacy import legacy_claims
from tests.credentials.forms import claims_of
from tests.matrix.kit import RecordingMint, plan_of
from tests.matrix.test_named_forms import PEOPLE, USUAL, field, made, people


def test_words_that_may_be_names_are_tried_at_once(minting: RecordingMint) -> None:
    what = Learned((), tuple(field("code", f"w{n}", "w0", "x;y", guessed=True) for n in range(4)), (("w9", "f"),))
    forms = made(minting, what)["named-field"]
    names = ", ".join(f"a header, cookie or parameter `w{n}…` (read by app:guard)" for n in range(3))
    told = (*USUAL, "a word of its code (`x;y`)", "a word of its code (`w0`)")
    assert [form.form for form in forms[:-1]] == [f"{names} with {words}" for words in told]
    assert forms[-1].form == "what a client says of itself (read by f) with a word of its code (`w9`)"
    first, spaced = forms[0], forms[len(USUAL)]
    number = people(minting)[0]
    pairs = tuple((f"w{n}", number) for n in range(4))
    assert (first.headers, first.cookies, first.query, first.body, first.token) == (pairs, pairs, pairs, (), None)
    assert spaced.cookies == () and len(spaced.headers) == 4
    many = Learned((), (field("code", "w", *(f"v{n}" for n in range(60)), guessed=True),))
    assert len(made(minting, many)["named-field"]) == len(USUAL) + 24
    more = Learned((), tuple(field("code", f"w{n}", *(f"v{n}{m}" for m in range(24)), guessed=True) for n in range(3)))
    assert len(made(minting, more)["named-field"]) == 48


@pytest.mark.parametrize(("name", "person"), [("clerk", "bob"), ("clerk-other", "bob"), ("clerk-org-member", "member")])
def test_whose_session_stands_beside_what_the_source_names(minting: RecordingMint, name: str, person: str) -> None:
    claims = claims_of(_session_of(CATALOGUE[name], minting))
    assert (claims["sub"], claims["azp"]) == (minting.identities[person].user.id, minting.origin)


def test_all_at_once_where_another_route_named_the_same(minting: RecordingMint) -> None:
    what = Learned((field("header", "x-a"), field("body", "b")), (field("code", "w", guessed=True),), (("w", "f"),))
    forms = made(minting, what, whole=False)
    assert list(forms) == ["named-field", "named-token"]
    assert [form.form for form in forms["named-field"]] == [
        f"header `x-a` (read by app:guard), body `b` (read by app:guard) with {words}" for words in USUAL
    ]
    first = forms["named-field"][0]
    assert (first.headers, first.body, first.query) == (
        (("x-a", people(minting)[0]),),
        (("b", people(minting)[0]),),
        (),
    )
    loose = Learned((), what.loose)
    assert made(minting, loose, whole=False)["named-field"][0].form.startswith("a header, cookie or parameter `w…`")
    assert made(minting, Learned()) == {}


def test_a_short_list_of_tokens_where_another_route_named_the_same(minting: RecordingMint) -> None:
    words = (("dev_", "app:f"), ("abc", ""))
    forms = made(minting, Learned(words=words), whole=False)["named-token"]
    said, other = "a word of its code (`dev_`, of app:f)", "a word of its code (`abc`)"
    assert [(form.token, form.form, form.authorization) for form in forms] == [
        ("dev_", f"{said} as a token", ()),
        *(
            (f"dev_{person}", f"{said} before {words} as a token", ())
            for person, words in zip(people(minting), PEOPLE, strict=True)
        ),
        ("abc", f"{other} as a token", ()),
    ]


def test_words_as_tokens_and_as_secrets(minting: RecordingMint) -> None:
    forms = made(minting, Learned(words=(("dev_", "app:f"), ("abc", ""))))["named-token"]
    said, other = "a word of its code (`dev_`, of app:f)", "a word of its code (`abc`)"
    number, clerk_id, email = people(minting)
    texts = [("dev_", f"{said} as a token")]
    texts += [
        (f"dev_{p}", f"{said} before {w} as a token") for p, w in zip((number, clerk_id, email), PEOPLE, strict=True)
    ]
    pairs = [(None, text, words) for text, words in texts]
    expected: list[tuple[str | None, bytes | None, str]] = []
    for _, text, words in pairs:
        expected += [(text, None, words), (None, text.encode(), f"{words} in Authorization")]
    secrets = forms[len(expected) : len(expected) + 2]
    assert [
        (f.token, f.authorization[0] if f.authorization else None, f.form) for f in forms[: len(expected)]
    ] == expected
    assert [form.form for form in secrets] == [f"{said} as the secret of a token"] * 2
    assert [claims_of(form.token or "")["sub"] for form in secrets] == [
        minting.claims()["sub"],
        legacy_claims(minting)["sub"],
    ]
    for form in secrets:
        header, payload, _ = (form.token or "").split(".")
        assert (
            jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, claims_of(form.token or ""), b"dev_").split(".")[0]
            == header
            and payload
        )
    rest = forms[len(expected) + 2 :]
    tokens = [form.token for form in rest if form.token is not None]
    assert tokens == [
        "abc",
        f"abc{number}",
        f"abc:{number}",
        f"abc{clerk_id}",
        f"abc:{clerk_id}",
        f"abc{email}",
        f"abc:{email}",
    ]
    assert rest[0].form == f"{other} as a token"


def test_the_signature_is_by_the_word(minting: RecordingMint) -> None:
    forms = made(minting, Learned(words=(("word", "f"),)))["named-token"]
    token = next(form.token for form in forms if form.form.endswith("as the secret of a token")) or ""
    assert jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, claims_of(token), b"word") == token


def test_words_that_no_header_can_have_are_tokens_only(minting: RecordingMint) -> None:
    for word in ("é-é", "a\x01b"):
        forms = made(minting, Learned(words=((word, "f"),)))["named-token"]
        assert not [form for form in forms if form.authorization and not form.authorization[0].startswith(b"Basic ")]
        assert forms[0].token == word


def basic(pair: str) -> bytes:
    return b"Basic " + base64.b64encode(pair.encode())


def test_words_as_names_and_passwords(minting: RecordingMint) -> None:
    words = ("u:p", "one", "two", "x" * 64, "y" * 63)
    forms = made(minting, Learned(words=tuple((word, "f") for word in words)))["named-token"]
    shown = [
        (form.authorization[0], form.form) for form in forms if form.form.startswith(("Basic", "Authorization with"))
    ]
    names = ("one", "two", "y" * 63)
    pairs = ["u:p", *(f"{name}:{password}" for name in (*names, "admin") for password in names)]
    told = {"u:p": "u:p", **{pair: pair[:4] + "…" for pair in pairs[1:]}}
    expected = [(basic(pair), f"Basic with a word of its code (`{told[pair]}`)") for pair in pairs]
    schemes = [("one", "u:p"), ("one", "two"), ("one", "y" * 63), ("two", "u:p"), ("two", "one"), ("two", "y" * 63)]
    expected += [
        (f"{scheme} {word}".encode(), f"Authorization with a word of its code (`{word[:4]}{'…' if len(word) > 4 else ''}`) after another")
        for scheme, word in schemes
    ]  # fmt: skip
    assert shown == expected


def test_the_nearest_words_alone_are_passwords_and_schemes(minting: RecordingMint) -> None:
    words = [f"word{chr(97 + n)}" for n in range(20)]
    forms = made(minting, Learned(words=tuple((word, "f") for word in words)))["named-token"]
    every = [form.authorization[0].decode() for form in forms if form.form.startswith(("Basic", "Authorization with"))]
    plain = [value for value in every if not value.startswith("Basic ")]
    assert len(every) - len(plain) == 9 * 8
    assert plain == [f"{scheme} {word}" for scheme in words[:8] for word in words[:12] if word != scheme]
    odd = made(minting, Learned(words=(("scheme", "f"), ("é", "f"), ("a\x01", "f"), ("1one", "f"))))["named-token"]
    assert [f.authorization for f in odd if f.form.startswith("Authorization with")] == [(b"scheme 1one",)]


@pytest.mark.parametrize(
    ("accept", "carriers", "expected"),
    [
        (("clerk",), (), None),
        (("clerk-org-admin",), (), "clerk-other"),
        (("clerk-org-admin", "clerk-other"), (), "clerk-org-member"),
        (("legacy",), (), None),
        (("m2m-jwt",), (), None),
    ],
)
def test_the_person_who_is_refused(accept: tuple[str, ...], carriers: tuple[str, ...], expected: str | None) -> None:
    assert refused_person(plan_of(accept, "GET /x", *carriers)) is (CATALOGUE[expected] if expected else None)


def test_beside_a_person_who_is_refused(minting: RecordingMint) -> None:
    plan = plan_of(("clerk-org-admin",))
    none, inside = Learned(), Learned((field("header", "x-a"),), (), (("w", "f"),))
    forms = made(minting, none, plan=plan, within=inside)
    assert list(forms) == ["named-beside-session"]
    claims = [claims_of(form.token or "") for form in forms["named-beside-session"]]
    assert {(one["sub"], one["azp"]) for one in claims} == {(minting.identities["bob"].user.id, minting.origin)}
    assert len(claims) == len(USUAL)
    loose = Learned((), (field("code", "w", guessed=True),))
    assert {form.token is None for form in made(minting, none, plan=plan, within=loose)["named-beside-session"]} == {
        False
    }
    assert {
        form.token is None
        for form in made(minting, none, plan=plan, within=inside, whole=False)["named-beside-session"]
    } == {False}
    assert cells(none, inside, plan, whole=True, chosen=lambda cell: cell.credential.name == "named-field") == []
    (cell,) = cells(none, inside, plan, whole=True, chosen=lambda cell: True)
    assert (cell.plan, cell.expect, cell.way) == (plan, "reject", plan.ways[0])
    assert (cell.credential.name, cell.credential.group) == ("named-beside-session", "named")
