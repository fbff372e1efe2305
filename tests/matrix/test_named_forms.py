"""What is made of a name and a word of the source, whole: where each value goes, in which order, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from harness.contracts.matrix.named import Learned, cells, learn
from harness.contracts.matrix.named_field import Field
from harness.contracts.matrix.plan import Cell
from harness.credentials import jose
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
    "a time long from now", "a comma",
)  # fmt: skip


def made(
    minting: RecordingMint, what: Learned, *, whole: bool = True, plan: Any = None, within: Any = None
) -> dict[str, list[Presentation]]:
    """The forms of each credential that is made of what was learned."""
    found: list[Cell] = cells(what, within or what, plan or plan_of(), whole=whole, chosen=lambda cell: True)
    presented = {cell.credential.name: cell.credential.recipe(minting) for cell in found}
    return {name: [one, *one.also] for name, one in presented.items()}


def people(minting: RecordingMint) -> list[str]:
    alice = minting.identities["alice"]
    return [str(alice.database_id), alice.user.id, alice.email]


def test_the_values_of_one_name(minting: RecordingMint) -> None:
    what = Learned((field("header", "x-key", "X-KEY", "word", "dev_", "toolongword"),))
    forms = made(minting, what)["named-field"]
    said = "header `x-key` (read by app:guard) with "
    own = ("a word of its code (`word`)", "a word of its code (`dev_`)", "a word of its code (`tool…`)")
    before = tuple(f"a word of its code (`dev_`) before {person}" for person in PEOPLE)
    assert [form.form for form in forms] == [said + words for words in (*USUAL, *own, *before)]
    values = [form.headers[0][1] for form in forms]
    assert values[:3] == people(minting) and values[3:9] == ["1", "true", "yes", "admin", "internal", "org:admin"]
    genuine, forged, old, nothing = values[9:13]
    assert claims_of(genuine)["sub"] == claims_of(forged)["sub"] == minting.identities["alice"].user.id
    # Whose signature it is.
    for token, key in ((genuine, minting.instance.key), (forged, minting.attacker)):
        head, _, signature = token.rpartition(".")
        key.private.public_key().verify(jose.unb64url(signature), head.encode(), PKCS1v15(), SHA256())
    assert "." not in old and nothing == ""
    assert values[13:] == [
        "4102444800",
        ",",
        "word",
        "dev_",
        "toolongword",
        *(f"dev_{person}" for person in people(minting)),
    ]
    assert {(form.token, form.cookies, form.query, form.body, form.authorization) for form in forms} == {
        (None, (), (), (), ())
    }


def test_what_a_client_says_of_itself(minting: RecordingMint) -> None:
    forms = made(minting, Learned((field("header", "x-a"),), (), (("tool/1.0", "app:f"), ("é", "g"), ("a\x01", "g"))))[
        "named-field"
    ]
    about = ("user-agent", "x-forwarded-for", "x-real-ip", "origin", "referer", "x-client-id")
    assert forms[len(USUAL) :] == [
        Presentation(
            headers=tuple((name, "tool/1.0") for name in about),
            form="what a client says of itself (read by app:f) with a word of its code (`tool…`)",
        )
    ]
