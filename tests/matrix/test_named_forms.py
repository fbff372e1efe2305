"""What is made of a name and a word of the source, whole: where each value goes, in which order, and what is said of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from harness.contracts.matrix.named import Field, Learned, cells, learn, refused_person
from harness.contracts.matrix.plan import Cell
from harness.credentials import CATALOGUE, jose
from harness.credentials.group_legacy import legacy_claims
from harness.credentials.model import Presentation
from harness.targets.agent.protocol import Asked
from harness.targets.base import Observation
from harness.targets.request_builder import Example
from tests.credentials.forms import claims_of
from tests.matrix.kit import RecordingMint, plan_of


def one(place: str, name: str, *words: str, reader: str = "app:guard", phase: int = 0) -> Asked:
    return Asked(place, name, reader, list(words), phase)


def learned(*notes: Asked, inside: bool = False, plan: Any = None) -> Learned:
    return learn([Observation(401, asked=[note]) for note in notes], plan or plan_of(), inside=inside)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (Field("header", "X-Role", "f"), "v", Presentation(headers=(("x-role", "v"),))),
        (Field("header", "HTTP_X_ROLE", "f"), "v", Presentation(headers=(("x-role", "v"),))),
        (Field("cookie", "Role", "f"), "v", Presentation(cookies=(("Role", "v"),))),
        (Field("cookie", "Role", "f"), "a b", Presentation()),
        (Field("cookie", "Role", "f"), 'a"', Presentation()),
        (Field("cookie", "Role", "f"), "a;", Presentation()),
        (Field("cookie", "Role", "f"), "a,", Presentation()),
        (Field("cookie", "Role", "f"), "a\\", Presentation()),
        (Field("query", "Role", "f"), "a b", Presentation(query=(("Role", "a b"),))),
        (Field("body", "Role", "f"), "v", Presentation(body=(("Role", "v"),))),
        (Field("code", "A_B", "f"), "v", Presentation(headers=(("a-b", "v"),), cookies=(("A_B", "v"),), query=(("A_B", "v"),))),
        (Field("code", "A_B", "f"), "v w", Presentation(headers=(("a-b", "v w"),), query=(("A_B", "v w"),))),
    ],
)  # fmt: skip
def test_where_a_value_goes(field: Field, value: str, expected: Presentation) -> None:
    assert field.put(value) == expected
    assert field.put(value, "t").token == "t"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (Field("header", "secret", "app:f"), "header `secret` (read by app:f)"),
        (Field("query", "q", ""), "query `q`"),
        (Field("code", "secret", "app:f"), "a header, cookie or parameter `secret` (read by app:f)"),
        (Field("header", "secret", "", guessed=True), "header `secr…`"),
        (Field("header", "X-Secret", "", guessed=True), "header `X-Secret`"),
        (Field("code", "xylophone", "", guessed=True), "a header, cookie or parameter `xylo…`"),
    ],
)
def test_what_is_said_of_a_name(field: Field, words: str) -> None:
    assert str(field) == words


def field(place: str, name: str, *words: str, guessed: bool = False, reader: str = "app:guard") -> Field:
    return Field(place, name, reader, words, guessed)


@pytest.mark.parametrize(
    ("notes", "fields", "loose", "words"),
    [
        ([one("header", "x-a", "w1", "")], [field("header", "x-a", "w1")], [field("code", "w1", "w1", guessed=True)], ["w1"]),
        # A word that is a name of a header; it is no word that may be a name as well.
        ([one("code", "", "X-Mesh", "ab")], [field("header", "X-Mesh", "X-Mesh", "ab", guessed=True)],
         [field("code", "ab", "X-Mesh", "ab", guessed=True)], ["X-Mesh", "ab"]),
        # The first that asks for a name is its reader, however it is written.
        ([one("header", "X-A", reader="a:f"), one("header", "x-a", reader="b:g")], [field("header", "X-A", reader="a:f")], [], []),
        ([one("header", "a"), one("cookie", "A")], [field("header", "a"), field("cookie", "A")], [], []),
        ([one("code", "", "word", reader="a:f"), one("code", "", "WORD", "word", reader="b:g")], [],
         [field("code", "word", "word", guessed=True, reader="a:f")], ["word", "WORD"]),
        # What is asked for is no word to try, nor one that may be a name.
        ([one("header", "x-a", "X-A", "x_a")], [field("header", "X-A", "X-A", "x_a", guessed=True)],
         [field("code", "x_a", "X-A", "x_a", guessed=True)], ["x_a"]),
        ([one("query", "mode", "mode", "MODE")], [field("query", "mode", "mode", "MODE")], [], []),
        # Ordinary names, and words of verification.
        ([one("header", "traceparent", "x-request-id", "jwks", "HS256", "require", "[a-z]+", "a{b}", "ab" * 8 + ".b.c")],
         [], [], ["x-request-id"]),
        ([one("code", "", "__session", "x", "1ab", "a b")], [], [], ["__session", "x", "1ab", "a b"]),
    ],
)  # fmt: skip
def test_what_is_learned(notes: list[Asked], fields: list[Field], loose: list[Field], words: list[str]) -> None:
    found = learned(*notes)
    assert (list(found.fields), list(found.loose), [word for word, _ in found.words]) == (fields, loose, words)
    assert found.empty is (not fields and not loose)


def test_a_word_is_of_the_function_in_whose_code_it_was_seen_first() -> None:
    found = learned(one("code", "", "two words", reader="a:f"), one("code", "", "two words", "a.b", reader="b:g"))
    assert found.words == (("two words", "a:f"), ("a.b", "b:g"))


def test_no_more_than_so_many() -> None:
    many = [f"x-h{n}" for n in range(30)]
    found = learned(one("code", "", *many))
    assert [f.name for f in found.fields] == many[:24] and found.fields[0].words == tuple(many[:24])
    found = learned(*(one("code", "", *(f"w{n:02}{m:02}" for m in range(24))) for n in range(3)))
    assert (len(found.loose), len(found.words)) == (24, 60)
    assert len(learned(*(one("header", name) for name in many)).fields) == 24


def test_what_comes_before_the_handler_and_what_is_inside() -> None:
    plan = plan_of(route={"endpoint": "app:handler"})
    notes = [one("header", "x-a"), one("header", "x-b", phase=1), one("header", "x-c", reader="app:handler")]
    assert [f.name for f in learned(*notes, plan=plan).fields] == ["x-a"]
    assert [f.name for f in learned(*notes, plan=plan, inside=True).fields] == ["x-a", "x-b", "x-c"]


def test_the_places_of_tokens_are_no_names() -> None:
    plan = plan_of(("clerk",), "GET /x", "header:X-Token", "cookie:sid", "query:t")
    notes = [one("header", "x-token", "x_token", "SID"), one("cookie", "sid"), one("query", "T"), one("query", "other")]
    found = learned(*notes, plan=plan)
    assert [f.name for f in found.fields] == ["other"]
    assert [f.name for f in found.loose] == ["x_token"]
    usual = learned(one("query", "bearer"), one("query", "subprotocol"))
    assert [f.name for f in usual.fields] == ["bearer", "subprotocol"]


def test_fields_that_a_body_may_have() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "Role": {"type": "string"}, "iss": {"type": "string"}},
        "required": ["n"],
    }
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/x": {"post": operation}}}
    plan = plan_of(key="POST /x", example=Example(json={"n": 1}), route={"operation": operation, "document": document})
    found = learned(one("header", "x-a", "w1"), plan=plan)
    read = learned(one("body", "role"), plan=plan)
    assert list(read.fields) == [field("body", "role"), Field("body", "iss", "", ())]
    assert list(found.fields) == [
        field("header", "x-a", "w1"),
        Field("body", "Role", "", ("w1",)),
        Field("body", "iss", "", ("w1",)),
    ]


def test_what_tells_two_sources_apart() -> None:
    base = Learned((field("header", "b"), field("cookie", "a")), (), (("w", "f"), ("v", "e"), ("u", "f")))
    assert base.key == ((("cookie", "a", "app:guard"), ("header", "b", "app:guard")), ("e", "f"))
    assert Learned().key == ((), ()) and Learned().empty and Learned(loose=(field("code", "x"),)).empty is False


# What is tried


PEOPLE = ("somebody's number", "somebody's Clerk id", "somebody's e-mail address")
USUAL = (
    *PEOPLE, *(f"the word {word}" for word in ("1", "true", "yes", "admin", "internal", "org:admin")),
    "a genuine token, where none is declared to be taken", "a forged token", "the old token", "nothing",
)  # fmt: skip


@pytest.fixture(scope="module")
def mint() -> RecordingMint:
    return RecordingMint()


def made(
    mint: RecordingMint, what: Learned, *, whole: bool = True, plan: Any = None, within: Any = None
) -> dict[str, list[Presentation]]:
    """The forms of each credential that is made of what was learned."""
    found: list[Cell] = cells(what, within or what, plan or plan_of(), whole=whole, chosen=lambda cell: True)
    presented = {cell.credential.name: cell.credential.recipe(mint) for cell in found}
    return {name: [one, *one.also] for name, one in presented.items()}


def people(mint: RecordingMint) -> list[str]:
    alice = mint.identities["alice"]
    return [str(alice.database_id), alice.user.id, alice.email]


def test_the_values_of_one_name(mint: RecordingMint) -> None:
    what = Learned((field("header", "x-key", "X-KEY", "word", "dev_", "toolongword"),))
    forms = made(mint, what)["named-field"]
    said = "header `x-key` (read by app:guard) with "
    own = ("a word of its code (`word`)", "a word of its code (`dev_`)", "a word of its code (`tool…`)")
    before = tuple(f"a word of its code (`dev_`) before {person}" for person in PEOPLE)
    assert [form.form for form in forms] == [said + words for words in (*USUAL, *own, *before)]
    values = [form.headers[0][1] for form in forms]
    assert values[:3] == people(mint) and values[3:9] == ["1", "true", "yes", "admin", "internal", "org:admin"]
    genuine, forged, old, nothing = values[9:13]
    assert claims_of(genuine)["sub"] == claims_of(forged)["sub"] == mint.identities["alice"].user.id
    # Whose signature it is.
    for token, key in ((genuine, mint.instance.key), (forged, mint.attacker)):
        head, _, signature = token.rpartition(".")
        key.private.public_key().verify(jose.unb64url(signature), head.encode(), PKCS1v15(), SHA256())
    assert "." not in old and nothing == ""
    assert values[13:] == ["word", "dev_", "toolongword", *(f"dev_{person}" for person in people(mint))]
    assert {(form.token, form.cookies, form.query, form.body, form.authorization) for form in forms} == {
        (None, (), (), (), ())
    }


def test_what_a_client_says_of_itself(mint: RecordingMint) -> None:
    forms = made(mint, Learned((field("header", "x-a"),), (), (("tool/1.0", "app:f"), ("é", "g"), ("a\x01", "g"))))[
        "named-field"
    ]
    about = ("user-agent", "x-forwarded-for", "x-real-ip", "origin", "referer", "x-client-id")
    assert forms[len(USUAL) :] == [
        Presentation(
            headers=tuple((name, "tool/1.0") for name in about),
            form="what a client says of itself (read by app:f) with a word of its code (`tool…`)",
        )
    ]


def test_words_that_may_be_names_are_tried_at_once(mint: RecordingMint) -> None:
    what = Learned((), tuple(field("code", f"w{n}", "w0", "x;y", guessed=True) for n in range(4)), (("w9", "f"),))
    forms = made(mint, what)["named-field"]
    names = ", ".join(f"a header, cookie or parameter `w{n}…` (read by app:guard)" for n in range(3))
    told = (*USUAL, "a word of its code (`x;y`)", "a word of its code (`w0`)")
    assert [form.form for form in forms[:-1]] == [f"{names} with {words}" for words in told]
    assert forms[-1].form == "what a client says of itself (read by f) with a word of its code (`w9`)"
    first, spaced = forms[0], forms[len(USUAL)]
    number = people(mint)[0]
    pairs = tuple((f"w{n}", number) for n in range(4))
    assert (first.headers, first.cookies, first.query, first.body, first.token) == (pairs, pairs, pairs, (), None)
    assert spaced.cookies == () and len(spaced.headers) == 4
    many = Learned((), (field("code", "w", *(f"v{n}" for n in range(60)), guessed=True),))
    assert len(made(mint, many)["named-field"]) == len(USUAL) + 24
    more = Learned((), tuple(field("code", f"w{n}", *(f"v{n}{m}" for m in range(24)), guessed=True) for n in range(3)))
    assert len(made(mint, more)["named-field"]) == 48


def test_all_at_once_where_another_route_named_the_same(mint: RecordingMint) -> None:
    what = Learned((field("header", "x-a"), field("body", "b")), (field("code", "w", guessed=True),), (("w", "f"),))
    forms = made(mint, what, whole=False)
    assert list(forms) == ["named-field"]
    assert [form.form for form in forms["named-field"]] == [
        f"header `x-a` (read by app:guard), body `b` (read by app:guard) with {words}" for words in USUAL
    ]
    first = forms["named-field"][0]
    assert (first.headers, first.body, first.query) == ((("x-a", people(mint)[0]),), (("b", people(mint)[0]),), ())
    loose = Learned((), what.loose)
    assert made(mint, loose, whole=False)["named-field"][0].form.startswith("a header, cookie or parameter `w…`")
    assert made(mint, Learned()) == {} and made(mint, Learned(words=(("w", "f"),)), whole=False) == {}


def test_words_as_tokens_and_as_secrets(mint: RecordingMint) -> None:
    forms = made(mint, Learned(words=(("dev_", "app:f"), ("abc", ""))))["named-token"]
    said, other = "a word of its code (`dev_`, of app:f)", "a word of its code (`abc`)"
    number, clerk_id, email = people(mint)
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
        mint.claims()["sub"],
        legacy_claims(mint)["sub"],
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


def test_the_signature_is_by_the_word(mint: RecordingMint) -> None:
    forms = made(mint, Learned(words=(("word", "f"),)))["named-token"]
    token = next(form.token for form in forms if form.form.endswith("as the secret of a token")) or ""
    assert jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, claims_of(token), b"word") == token


def test_words_that_no_header_can_have_are_tokens_only(mint: RecordingMint) -> None:
    for word in ("é-é", "a\x01b"):
        forms = made(mint, Learned(words=((word, "f"),)))["named-token"]
        assert not [form for form in forms if form.authorization and not form.authorization[0].startswith(b"Basic ")]
        assert forms[0].token == word


def basic(pair: str) -> bytes:
    return b"Basic " + base64.b64encode(pair.encode())


def test_words_as_names_and_passwords(mint: RecordingMint) -> None:
    words = ("u:p", "one", "two", "x" * 64, "y" * 63)
    forms = made(mint, Learned(words=tuple((word, "f") for word in words)))["named-token"]
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


def test_the_nearest_words_alone_are_passwords_and_schemes(mint: RecordingMint) -> None:
    words = [f"word{chr(97 + n)}" for n in range(20)]
    forms = made(mint, Learned(words=tuple((word, "f") for word in words)))["named-token"]
    every = [form.authorization[0].decode() for form in forms if form.form.startswith(("Basic", "Authorization with"))]
    plain = [value for value in every if not value.startswith("Basic ")]
    assert len(every) - len(plain) == 9 * 8
    assert plain == [f"{scheme} {word}" for scheme in words[:8] for word in words[:12] if word != scheme]
    odd = made(mint, Learned(words=(("scheme", "f"), ("é", "f"), ("a\x01", "f"), ("1one", "f"))))["named-token"]
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


def test_beside_a_person_who_is_refused(mint: RecordingMint) -> None:
    plan = plan_of(("clerk-org-admin",))
    none, inside = Learned(), Learned((field("header", "x-a"),), (), (("w", "f"),))
    forms = made(mint, none, plan=plan, within=inside)
    assert list(forms) == ["named-beside-session"]
    claims = [claims_of(form.token or "") for form in forms["named-beside-session"]]
    assert {(one["sub"], one["azp"]) for one in claims} == {(mint.identities["bob"].user.id, mint.origin)}
    assert len(claims) == len(USUAL)
    loose = Learned((), (field("code", "w", guessed=True),))
    assert {form.token is None for form in made(mint, none, plan=plan, within=loose)["named-beside-session"]} == {False}
    assert {
        form.token is None for form in made(mint, none, plan=plan, within=inside, whole=False)["named-beside-session"]
    } == {False}
    assert cells(none, inside, plan, whole=True, chosen=lambda cell: cell.credential.name == "named-field") == []
    (cell,) = cells(none, inside, plan, whole=True, chosen=lambda cell: True)
    assert (cell.plan, cell.expect, cell.way) == (plan, "reject", plan.ways[0])
    assert (cell.credential.name, cell.credential.group) == ("named-beside-session", "named")
