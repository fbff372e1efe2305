"""What the source names, made into requests: pure, from what the agent noted."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.named import Learned, cells, learn
from harness.contracts.matrix.named_identity import identity_cells
from harness.targets.agent.protocol import Asked
from harness.targets.base import Observation
from harness.targets.request_builder import Example
from tests.credentials.forms import claims_of
from tests.matrix.kit import RecordingMint, plan_of


def asked(place: str, name: str, *words: str, reader: str = "app:guard", phase: int = 0) -> Asked:
    return Asked(place, name, reader, list(words), phase)


def learned(*notes: Asked, inside: bool = False, plan: Any = None) -> Learned:
    return learn([Observation(401, asked=list(notes))], plan or plan_of(), inside=inside)


def names(found: Learned) -> list[tuple[str, str]]:
    return [(field.place, field.name) for field in found.fields]


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (asked("header", "x-dev-user"), [("header", "x-dev-user")]),
        (asked("cookie", "preview"), [("cookie", "preview")]),
        (asked("query", "jwt"), [("query", "jwt")]),
        (asked("header", "authorization"), []),
        (asked("cookie", "__session"), []),
        (asked("cookie", "__clerk_db_jwt"), []),
        (asked("header", "x-request-id"), []),
        (asked("header", "x-role", phase=1), []),
        (asked("code", "", "X-Mesh-Caller", "billing"), [("header", "X-Mesh-Caller")]),
    ],
)
def test_what_is_a_name(note: Asked, expected: list[tuple[str, str]]) -> None:
    assert names(learned(note)) == expected


def test_what_the_handler_asks_for_counts_where_it_decides() -> None:
    note = asked("header", "x-role", phase=1)
    assert names(learned(note, inside=True)) == [("header", "x-role")]


def test_the_route_s_own_carrier_is_no_name() -> None:
    assert names(learned(asked("header", "x-token"), plan=plan_of(("clerk",), "GET /x", "header:x-token"))) == []


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({"query": "query Q { me }"}, ["method"]), ({"jsonrpc": "2.0", "method": "me"}, ["query"]),
        ({"query": "shoes"}, ["query", "method"]), ({"method": "card"}, ["query", "method"]),
    ],
)  # fmt: skip
def test_what_makes_a_body_a_question_is_no_name(sent: dict[str, str], left: list[str]) -> None:
    notes = [asked("body", "query"), asked("body", "method")]
    plan = plan_of(("clerk",), "POST /x", example=Example(json=sent))
    assert [name for _, name in names(learned(*notes, plan=plan))] == left


def test_words_without_tokens_patterns_and_claims() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln"
    found = learned(asked("header", "authorization", "dev_", "sub", "Bearer", token, r"[\w-]+", "letmein"))
    assert [word for word, _ in found.words] == ["dev_", "letmein"]


def forms(*notes: Asked, whole: bool = True) -> dict[str, list[Any]]:
    """The forms of each credential that is made of what was learned."""
    plan, mint = plan_of(), RecordingMint()
    what = learned(*notes)
    made = cells(what, what, plan, whole=whole, chosen=lambda cell: True)
    presented = {cell.credential.name: cell.credential.recipe(mint) for cell in made}
    return {name: [one, *one.also] for name, one in presented.items()}


def test_each_name_is_tried_with_words_people_and_tokens() -> None:
    found = forms(asked("header", "x-api-key", "changeme-internal"))["named-field"]
    values = [value for form in found for name, value in form.headers if name == "x-api-key"]
    assert {"changeme-internal", "alice@example.com", "1", "true"} <= set(values)
    assert sum(value.count(".") == 2 and value.startswith("eyJ") for value in values) == 2
    assert all(form.token is None for form in found)


def test_each_word_is_a_token_and_the_beginning_of_one() -> None:
    found = forms(asked("header", "authorization", "dev_"))["named-token"]
    assert {"dev_", "dev_1", "dev_alice@example.com"} <= {form.token for form in found}
    assert b"dev_1" in {value for form in found for value in form.authorization}


def test_all_at_once_where_the_same_was_tried_before() -> None:
    notes = (asked("header", "x-one", "word"), asked("cookie", "two", "word"))
    alone, together = forms(*notes)["named-field"], forms(*notes, whole=False)["named-field"]
    assert len(together) < len(alone)
    assert all(form.headers and (form.cookies or set(" ,") & set(form.headers[0][1])) for form in together)


def test_a_form_gives_no_word_away() -> None:
    secret = "sesame-open-4711"
    every = [form for some in forms(asked("header", "x-key", secret)).values() for form in some]
    assert [form.form for form in every if secret in form.form or secret[:5] in form.form] == []
    assert any("x-key` (read by app:guard)" in form.form for form in every)


def test_a_person_who_is_refused_beside_it() -> None:
    plan, mint = plan_of(("clerk-org-admin",)), RecordingMint(origin="https://shop.example")
    what = learned(asked("header", "x-role", "boss"), plan=plan)
    made = {cell.credential.name: cell for cell in cells(what, what, plan, whole=True, chosen=lambda cell: True)}
    beside = made["named-beside-session"]
    assert beside.expect == "reject"
    presented = beside.credential.recipe(mint)
    every = [presented, *presented.also]
    assert {claims_of(form.token or "")["sub"] for form in every} == {mint.identities["bob"].user.id}
    # Of the app's own front end, or the app would refuse it for that and not for the role.
    assert {claims_of(form.token or "")["azp"] for form in every} == {"https://shop.example"}
    named = [form for form in every if form.form.startswith("header `x-role`")]
    assert named[0] is every[0]
    assert {name for form in named for name, _ in form.headers} == {"x-role"}
    assert {"boss", "admin", "1"} <= {value for form in named for _, value in form.headers}
    assert not any(form.authorization or form.cookies or form.query or form.body for form in named)
    assert "named-beside-session" not in forms(asked("header", "x-role", "boss"))


# Another person beside a genuine session


def beside(*notes: Asked, whole: bool = True, plan: Any = None, chosen: bool = True) -> list[Any]:
    """The forms of the cell that is made; none where none is."""
    plan, mint = plan or plan_of(), RecordingMint()
    made = identity_cells(learned(*notes, plan=plan), plan, whole=whole, chosen=lambda cell: chosen)
    return [form for cell in made for one in [cell.credential.recipe(mint)] for form in (one, *one.also)]


def test_another_person_in_what_the_source_names() -> None:
    notes = (asked("header", "x-desk"), asked("cookie", "desk"), asked("query", "of"), asked("body", "owner"))
    bob = RecordingMint().identities["bob"]
    alone, together = beside(*notes), beside(*notes, whole=False)
    assert (len(alone), len(together)) == (8, 4)
    assert {name for form in alone for name, _ in (*form.headers, *form.cookies)} == {"x-desk", "desk"}
    assert [[name for name, _ in (*form.headers, *form.cookies)] for form in together] == [["x-desk", "desk"]] * 4
    assert not any(form.query or form.body for form in alone)
    assert all(claims_of(form.token)["sub"] == RecordingMint().identities["alice"].user.id for form in alone)
    values = [value for form in together for _, value in form.headers]
    assert values[:3] == [str(bob.database_id), bob.user.id, bob.email]
    assert claims_of(values[3])["sub"] == bob.user.id
    assert alone[0].form == "header `x-desk` (read by app:guard) with somebody else's number"


def test_where_no_other_person_can_be_named() -> None:
    note = asked("header", "x-desk")
    assert beside(note)
    assert not beside(asked("query", "of"), asked("body", "owner")) and not beside(note, chosen=False)
    assert not any(
        beside(note, plan=plan)
        for plan in (
            plan_of(key="POST /x"),
            plan_of(key="WS /x"),
            plan_of(("clerk-org-admin",)),
            plan_of(("m2m-jwt",)),
        )
    )


def test_it_is_no_finding_that_the_session_gets_in() -> None:
    plan = plan_of()
    (cell,) = identity_cells(learned(asked("header", "x-desk")), plan, whole=True, chosen=lambda cell: True)
    assert cell.expect == "tolerate"
