"""How a cell becomes requests: of which base, on whose row, with which forms and fields, and when they are made anew."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import pytest

from harness.contracts.matrix import factory as factory_module
from harness.contracts.matrix.factory import MAX_AGE, RequestFactory, Sending, Sequence
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.plan import RoutePlan
from harness.credentials import CATALOGUE, Credential, Mint, Presentation
from harness.targets.request_builder import Example
from tests.matrix.kit import FakeTime, plan_of

CLERK, FORGED, BOB = CATALOGUE["clerk"], CATALOGUE["forged"], CATALOGUE["clerk-other"]


class Presenting:
    """A mint that presents what it is given, with the number of the presentation in its token, and knows of which base."""

    def __init__(self, presented: Presentation | None = None) -> None:
        self.presented = presented or Presentation()
        self.bases: list[str | None] = []
        self.public_paths: tuple[str, ...] = ()

    def present(self, credential: Credential, base: Credential | None = None) -> Presentation:
        """The next one."""
        self.bases.append(base.name if base is not None else None)
        return replace(self.presented, token=f"t{len(self.bases)}")


def factory(
    presented: Presentation | None = None, *, probed: bool = True, sees_inside: bool = True
) -> tuple[RequestFactory, Presenting]:
    mint = Presenting(presented)
    return RequestFactory(cast(Mint, mint), probed=probed, sees_inside=sees_inside), mint


def token_of(headers: list[tuple[str, str]]) -> str:
    return dict(headers)["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("accept", "name", "base", "expected"),
    [
        (("clerk",), "forged", None, "clerk"),
        (("clerk",), "forged", "clerk-v1", "clerk-v1"),  # What the route really admits.
        (("clerk",), "forged", "m2m-opaque", "clerk"),  # It is no damage of that.
        (("m2m-jwt",), "exp-null", None, "m2m-jwt"),
        (("clerk",), "garbage", None, None),
        (("clerk",), "missing", "clerk", None),
    ],
)
def test_a_bad_credential_is_made_of_what_the_route_admits(
    accept: tuple[str, ...], name: str, base: str | None, expected: str | None
) -> None:
    made, mint = factory()
    made.prepare(plan_of(accept), CATALOGUE[name], None, CATALOGUE[base] if base else None)
    assert mint.bases == [expected]


def test_without_a_way_the_usual_one_is_meant() -> None:
    plan = plan_of(("clerk", "m2m-jwt"), "GET /x", "header:x-usual", "header:x-more")
    made, mint = factory()
    first = made.prepare(plan, CATALOGUE["exp-null"]).forms[0]
    second = made.prepare(plan, CATALOGUE["exp-null"], plan.ways[1]).forms[0]
    third = made.prepare(plan, CATALOGUE["exp-null"], plan.ways[-1]).forms[0]
    assert mint.bases == ["clerk", "m2m-jwt", "clerk"]
    assert [dict(each.headers).get("x-usual") for each in (first, second, third)] == ["t1", "t2", None]
    assert dict(third.headers)["x-more"] == "t3"
    assert made.named == set()


def with_rows(**more: Any) -> RoutePlan:
    example = Example(path={"id": {"alice": 1, "bob": 2, "admin": 3}})
    plan = plan_of(key="GET /notes/{id}", example=Example(path={"id": 9}), **more)
    plan.owners = owners_of(example, ("alice", "bob", "admin"), "app")
    return plan


@pytest.mark.parametrize(
    ("name", "base", "row"),
    [
        ("clerk", None, 1),
        ("clerk-other", None, 2),
        ("clerk-org-admin", None, 3),
        ("forged", None, 1),
        ("forged", "clerk-org-admin", 3),  # Made of an administrator's session, on the administrator's row.
        ("clerk-other", "clerk-org-admin", 2),
        ("garbage", None, 1),
    ],
)
def test_each_request_is_on_the_row_of_whose_token_it_bears(name: str, base: str | None, row: int) -> None:
    before = Presentation(token="before")
    made, _ = factory(Presentation(before=(before,)))
    prepared = made.prepare(with_rows(), CATALOGUE[name], None, CATALOGUE[base] if base else None)
    assert [each.path for each in (*prepared.before, *prepared.forms)] == [f"/notes/{row}"] * 2
    assert token_of(prepared.before[0].headers) == "before"


def test_forms_their_words_and_their_canaries_and_what_is_sparse() -> None:
    forms = (Presentation(form="second", canary_url="http://canary"), Presentation(form="third", sparse=True))
    done: list[str] = []
    made, _ = factory(Presentation(form="first", also=forms, then=lambda: done.append("then")))
    plan = plan_of()
    prepared = made.prepare(plan, FORGED)
    assert (prepared.words, prepared.canary_urls) == (["first", "second", "third"], [None, "http://canary", None])
    assert (len(prepared.forms), prepared.before, prepared.control) == (3, [], [])
    Sequence(made, plan, FORGED, plan.ways[0], None).then()
    assert done == ["then"]
    plan.examines_verifier = False
    assert made.prepare(plan, FORGED).words == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "probed", "count"), [("trailing-slash", False, 1), ("trailing-slash", True, 0), ("forged", False, 0)]
)
def test_without_a_probe_a_bypass_has_a_control(name: str, probed: bool, count: int) -> None:
    made, _ = factory(probed=probed)
    plan = plan_of(("clerk",), "GET /x", "header:x-usual")
    prepared = made.prepare(plan, CATALOGUE[name])
    assert [each.path for each in prepared.control] == ["/clerk-harness-nowhere"] * count
    assert all(dict(each.headers)["x-usual"] == "t1" for each in prepared.control)
    assert prepared.forms[0].path == "/x"


@pytest.mark.parametrize(
    ("probed", "sees_inside", "handlers", "inside", "probes"),
    [
        (True, True, (), True, True),
        (True, True, (1,), True, True),
        # A probe that sees only which handler was entered tells so of the handlers that it has found.
        (True, False, (1,), False, True),
        (True, False, (), False, False),
        # Without a probe nothing is seen, whatever a probe could see.
        (False, True, (1,), False, False),
        (False, True, (), False, False),
        (False, False, (1,), False, False),
        (False, False, (), False, False),
    ],
)
def test_what_is_seen_of_a_handler_and_where_a_bypass_needs_its_control(
    probed: bool, sees_inside: bool, handlers: tuple[int, ...], inside: bool, probes: bool
) -> None:
    made, _ = factory(probed=probed, sees_inside=sees_inside)
    plan = plan_of(route={"handlers": frozenset(handlers)})
    assert (made.sees_inside, made.probes(plan.route)) == (inside, probes)
    assert bool(made.prepare(plan, CATALOGUE["trailing-slash"]).control) is not probes


def test_a_probe_sees_inside_unless_the_target_says_otherwise() -> None:
    made = RequestFactory(cast(Mint, Presenting()), probed=True)
    assert made.sees_inside and made.probes(plan_of().route)


def test_a_value_in_the_path() -> None:
    made, _ = factory(Presentation(path_value="word"))
    plan = plan_of(key="GET /files/{name}/{part}", example=Example(path={"name": "a", "part": "b"}))
    (form,) = made.prepare(plan, FORGED).forms
    assert form.path == "/files/word/word"
    assert plan.base.path == "/files/a/b"


def test_a_value_that_makes_a_public_path_is_left_out() -> None:
    made, mint = factory(Presentation(path_value="word", also=(Presentation(path_value="other"),)))
    mint.public_paths = ("/files/word",)
    plan = plan_of(key="GET /files/{name}", example=Example(path={"name": "a"}))
    assert [form.path for form in made.prepare(plan, FORGED).forms] == ["/files/a", "/files/other"]


# Fields that a role or another person is named in

FIELDS = (("Role", "admin"), ("note", "role"), ("sub", "bob"), ("user_role", "admin"), ("filter", "x"))
DECLARED = {
    "parameters": [{"name": "sub", "in": "query"}, {"name": "NOTE", "in": "query"}, {"name": "X-Note", "in": "header"}]
}


def shown(plan: RoutePlan, name: str = "role-in-query") -> tuple[list[str], list[str], str]:
    """What is left of the fields: in the query, in the header, in the body."""
    made, _ = factory(
        Presentation(query=FIELDS, headers=(("X-Role", "admin"), ("x-note", "n")), body=(("role", "b"), ("z", "y")))
    )
    (form,) = made.prepare(plan, CATALOGUE[name]).forms
    query = [each.partition("=")[0] for each in form.query.split("&") if each]
    headers = [name for name, _ in form.headers if name.lower().startswith("x-")]
    return query, headers, form.body.decode()


def test_what_a_route_declares_says_its_own_affair_and_without_a_schema_only_what_nobody_filters_by_is_left() -> None:
    body = Example(json={"a": 1})
    every, headers, sent = shown(plan_of(key="POST /x", example=body), "forged")
    assert (every, len(headers)) == ([name for name, _ in FIELDS], 2)
    assert '"role"' in sent and '"z"' in sent
    unknown, headers, sent = shown(plan_of(key="POST /x", example=body))
    assert (unknown, len(headers)) == (["Role", "sub", "user_role"], 2)
    assert '"role"' in sent and '"z"' in sent
    known, headers, sent = shown(
        plan_of(key="POST /x", route={"operation": DECLARED, "document": {"openapi": "3.1.0"}}, example=body)
    )
    assert (known, headers) == (["Role", "user_role", "filter"], ["X-Role"])
    own, _, sent = shown(plan_of(key="POST /x", example=Example(json={"role": "mine"})))
    assert own == ["sub", "user_role"]
    assert "mine" in sent and '"b"' not in sent


@pytest.mark.parametrize(
    ("carrier", "left"),
    [
        ("bearer", ("ticket", "id", "x-two", "session", "other")), ("query:ticket", ("x-two", "session", "other")),
        ("header:X-Two", ("ticket", "id", "session", "other")), ("cookie:session", ("ticket", "id", "x-two", "other")),
    ],
)  # fmt: skip
def test_a_second_token_stands_also_where_a_route_declares_a_field_but_not_in_the_place_of_the_first(
    carrier: str, left: tuple[str, ...]
) -> None:
    fields = {"parameters": [{"name": name, "in": "query"} for name in ("ticket", "id")]}
    plan = plan_of(("clerk",), "GET /x", carrier, route={"operation": fields, "document": {"openapi": "3.1.0"}})
    second = "eyJhIjoxfQ.eyJzdWIiOiJib2IifQ.c2ln"
    made, _ = factory(
        Presentation(
            query=(("ticket", second), ("id", "bob")),
            headers=(("x-two", second),),
            cookies=(("session", second), ("other", second)),
        )
    )
    (form,) = made.prepare(plan, CATALOGUE["identity-in-token"]).forms
    sent = f"{form.query} {form.headers}"
    assert [
        name for name in ("ticket", "id", "x-two", "session", "other") if re.search(rf"\b{name}(=|', ')eyJ", sent)
    ] == [name for name in left if name != "id"]


@pytest.mark.parametrize("carrier", ["bearer", "query:token", "cookie:session", "subprotocol", "message"])
def test_the_messages_of_a_websocket_have_its_token_wherever_the_handshake_has_it(carrier: str) -> None:
    example = Example(carrier=carrier, messages=('{"fresh": "{token}"}', "hi"))
    plan = plan_of(("clerk",), "WS /x", carrier, example=example)
    (form,) = factory()[0].prepare(plan, CATALOGUE["forged"]).forms
    assert list(form.messages) == ['{"fresh": "t1"}', "hi"]


# When requests are made anew


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The clock by which requests grow old."""
    made = FakeTime()
    monkeypatch.setattr(factory_module, "time", made)
    return made


def sequence(presented: Presentation | None = None) -> Sequence:
    made, _ = factory(presented)
    plan = plan_of()
    return Sequence(made, plan, FORGED, plan.ways[0], CLERK)


def tokens(*sendings: Sending) -> list[str]:
    return [token_of(each.call().request.headers) for each in sendings]


def test_a_request_that_has_waited_is_made_anew(now: FakeTime) -> None:
    waiting = sequence()
    (form,) = waiting.forms(True)
    assert tokens(form) == ["t1"]
    now.now += MAX_AGE
    assert tokens(form) == ["t1"]
    now.now += 0.1
    assert tokens(form, form) == ["t2", "t2"]
    now.now += MAX_AGE
    assert tokens(form) == ["t2"]
    now.now += 0.1
    assert tokens(form) == ["t3"]


def test_once_it_has_begun_a_sequence_keeps_its_token(now: FakeTime) -> None:
    before = Presentation(before=(Presentation(token="before"),))
    begun = sequence(before)
    tokens(*begun.before(False))
    now.now += 100
    assert tokens(*begun.forms(False)) == ["t1"]
    # A form alone begins nothing, though something comes before it.
    form_first = sequence(before)
    assert tokens(*form_first.forms(False)) == ["t1"]
    now.now += 100
    assert tokens(*form_first.forms(False)) == ["t2"]
    pinned = sequence().pinned()
    now.now += 100
    assert tokens(*pinned.forms(False)) == ["t1"]
    done = sequence()
    done.then()
    now.now += 100
    assert tokens(*done.forms(False)) == ["t1"]


def test_a_call_is_what_its_sending_says() -> None:
    made = sequence()
    (form,) = made.forms(True)
    form.learn = True
    call = form.call()
    assert (call.route, call.stop, call.learn) == (made.plan.route, True, True)
    (form,) = made.forms(False)
    assert (form.call().stop, form.call().learn, form.rows) == (False, False, False)
