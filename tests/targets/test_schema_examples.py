"""Documents of others: anything may be of any type anywhere, and a request is made all the same."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest

from harness.targets.base import Route
from harness.targets.request_builder import Example, base_request, fields_of, optional_fields
from harness.targets.routes import parse_document, routes_of_document
from harness.targets.schema_examples import sample
from harness.targets.schemathesis_examples import needs_input
from tests.drills.servers import documents, of_schema

WRONG: tuple[Any, ...] = (None, 1, -1, 1.5, "x", [], [1], {"x": 1}, True, 1e400)
KEYWORDS = (
    "properties", "required", "allOf", "anyOf", "oneOf", "type", "minItems", "items", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "format", "pattern", "enum", "examples", "$ref",
)  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_keyword_of_a_wrong_type_counts_as_left_out(keyword: str) -> None:
    for value in WRONG:
        for kind in ("object", "array", "integer", "number", "string"):
            sample({"type": kind, "required": ["a"], keyword: value}, {})


def test_schemas_that_grow_without_end_give_a_small_value() -> None:
    itself = {"$ref": "#/a"}
    fields = {"properties": dict.fromkeys("abc", itself), "required": list("abc")}
    lists = {"type": "array", "minItems": 9, "items": itself}
    wide = {"type": "array", "minItems": 10**12, "items": {}}
    long = {"type": "string", "minLength": 10**12}
    for schema in (fields, lists, wide, long):
        assert len(json.dumps(sample(itself, {"a": schema}))) < 200_000


@pytest.mark.parametrize("name", [name for name in documents() if not name.endswith("a drip")])
def test_a_document_is_refused_in_words_or_gives_requests(name: str) -> None:
    body = documents()[name]
    assert isinstance(body, bytes)
    try:
        routes = routes_of_document(parse_document(body.partition(b"\r\n\r\n")[2]))
    except ValueError as refused:
        assert str(refused).startswith(("is not JSON", "is no OpenAPI document"))
        return
    for route in routes:
        request = base_request(route, Example())
        for field, value in request.headers:
            assert not set(field + value) & set("\r\n\0")
            value.encode("latin-1")
        assert request.path.isascii()
        fields_of(route, request)
        optional_fields(route, request)
        needs_input(route)


def test_the_schema_of_a_document_is_still_followed() -> None:
    document = of_schema({"allOf": [{"properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]}]})
    (route,) = routes_of_document(parse_document(json.dumps(document).encode()))
    assert json.loads(base_request(route, Example()).body) == {"a": 3}


def test_a_text_for_a_pattern_is_looked_for_once_and_not_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[hypothesis.settings] = []
    find = hypothesis.find

    def noted(*words: Any, settings: hypothesis.settings) -> Any:
        asked.append(settings)
        return find(*words, settings=settings)

    monkeypatch.setattr(hypothesis, "find", noted)
    schema = {"type": "string", "pattern": "^job-[0-9]{7}$"}
    assert [sample(schema, {}), sample(schema, {})] == ["job-0000000"] * 2
    assert [hypothesis.Phase.explain in settings.phases for settings in asked] == [False]


def test_a_required_field_of_the_header_is_sent_once_as_the_line_says() -> None:
    """Of two fields of one name servers read the first or the last (RFC 9110 section 5.3)."""
    wanted = {"name": "X-Org", "in": "header", "required": True, "schema": {"type": "string"}}
    route = Route("GET", "/x", operation={"parameters": [wanted]}, document={})
    for example, value in ((Example(headers={"x-org": "acme"}), "acme"), (Example(headers={"X-Org": 7}), "7")):
        assert [text for name, text in base_request(route, example).headers if name == "x-org"] == [value]
    assert len([name for name, _ in base_request(route, Example()).headers if name == "x-org"]) == 1
