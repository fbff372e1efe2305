"""GraphQL's question under a name that guards leave open: it still asks for the same."""

from __future__ import annotations

import json
import re

import pytest

from harness.contracts.matrix.plan import fits
from harness.credentials import CATALOGUE
from harness.targets.base import Request
from harness.targets.request_builder import Example, with_presentation
from tests.matrix.kit import RecordingMint, plan_of

OPEN = CATALOGUE["graphql-open-question"]


def bent(query: str, **more: object) -> list[dict[str, object]]:
    """The bodies that are made of a question."""
    first = OPEN.recipe(RecordingMint())
    bodies = []
    for form in (first, *first.also):
        request = Request("POST", "/graphql", "", [], json.dumps({"query": query} | more).encode())
        assert form.bend is not None
        form.bend(request)
        bodies.append(json.loads(request.body))
    return bodies


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        ("{ notes }", "query Login { notes }"),
        ("query { notes }", "query Login { notes }"),
        (" query Notes($n: Int!) { notes(n: $n) }", " query Login($n: Int!) { notes(n: $n) }"),
        ('mutation Add { add(text: "query X") }', 'mutation Login { add(text: "query X") }'),
        ("{ mutation query }", "query Login { mutation query }"),
        ("# all\nsubscription S { said }", "# all\nsubscription Login { said }"),
    ],
)
def test_the_name_is_another_and_the_rest_the_same(query: str, changed: str) -> None:
    (body,) = [body for body in bent(query, variables={"n": 1}) if body.get("operationName") == "Login"]
    assert body == {"query": changed, "variables": {"n": 1}, "operationName": "Login"}


def test_words_of_the_schema_stand_in_a_comment() -> None:
    (body,) = [body for body in bent("{ notes }", operationName="N") if "__schema" in str(body["query"])]
    assert body["operationName"] == "N"
    assert re.sub(r"\n#[^\n]*$", "", str(body["query"])) == "{ notes }"
    assert "IntrospectionQuery" in str(body["query"])


@pytest.mark.parametrize(
    ("sent", "asked"), [({"query": "{ me }"}, True), ({"query": "shoes"}, False), ({"text": "{ me }"}, False)]
)
def test_only_questions_of_graphql_are_changed(sent: dict[str, str], asked: bool) -> None:
    assert fits(OPEN, plan_of(("clerk",), "POST /x", example=Example(json=sent))) is asked


def test_the_length_is_that_of_the_changed_body() -> None:
    base = Request("POST", "/graphql", "", [("content-length", "20")], b'{"query": "{ me }"}\n')
    request = with_presentation(base, OPEN.recipe(RecordingMint()), "bearer")
    assert request.headers == [("content-length", str(len(request.body)))] and request.body != base.body
