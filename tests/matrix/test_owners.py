"""Whose row a line names, by tables of people."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.owners import owners_of
from harness.core.errors import DeclarationError
from harness.targets.request_builder import Example

PEOPLE = ("alice", "bob", "admin", "member")


def read(**parts: Any) -> Any:
    return owners_of(Example(**parts), PEOPLE, 'app: routes."GET /x"')


def test_a_line_without_tables_names_nobody() -> None:
    assert read(path={"id": 1}, query={"q": "x"}, json={"a": {"b": 1}}) is None


@pytest.mark.parametrize("part", ["path", "query", "headers", "json", "form"])
def test_a_table_in_each_part(part: str) -> None:
    owners = read(**{part: {"id": {"alice": 1, "bob": 2}, "other": "x"}})
    assert owners.rows == ("alice", "bob")
    assert getattr(owners.example_of("bob"), part) == {"id": 2, "other": "x"}
    assert owners.value_of("alice") == "id 1"


def test_deep_in_a_body() -> None:
    owners = read(json={"note": {"owner": {"alice": "a", "bob": "b"}}, "tags": [{"alice": 1, "bob": 2}]})
    assert owners.example_of("alice").json == {"note": {"owner": "a"}, "tags": [1]}
    assert owners.value_of("bob") == "owner b, tags 2"


def test_who_may_use_everybody_s() -> None:
    owners = read(path={"id": {"alice": 1, "bob": 2, "admin": "*"}})
    assert (owners.rows, owners.privileged) == (("alice", "bob"), frozenset({"admin"}))
    assert owners.example_of("admin").path == {"id": 1}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"path": {"id": {"alice": 1, "carol": 2}}}, "path.id: no identity 'carol'"),
        ({"query": {"id": {}}}, "query.id: empty"),
        ({"headers": {"X-Org": {"alice": "a", "carol": "c"}}}, "headers.X-Org: no identity 'carol'"),
        ({"path": {"id": {"alice": 1}}}, "two people with a row"),
        ({"path": {"id": {"alice": 1, "admin": "*"}}}, "two people with a row"),
        ({"path": {"id": {"alice": 1, "bob": 2}}, "json": {"by": {"alice": 1}}}, "by has no value for bob"),
    ],
)
def test_mistakes_are_told(parts: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        read(**parts)


BOTH = [
    ({"json": {"ids": {"alice": [1], "bob": [2]}}}, [{"json": {"ids": [1, 2]}}]),
    ({"json": {"ids": [{"alice": 1, "bob": 2}]}}, [{"json": {"ids": [1, 2]}}]),
    ({"json": {"ids": [7, {"alice": 1, "bob": 2}]}}, [{"json": {"ids": [7, 1, 2]}}]),
    (
        {"json": {"rows": [{"id": {"alice": 1, "bob": 2}, "n": 3}]}},
        [{"json": {"rows": [{"id": 1, "n": 3}, {"id": 2, "n": 3}]}}],
    ),
    (
        {"json": {"team": {"alice": 5, "bob": 6}, "ids": {"alice": [1], "bob": [2]}}},
        [{"json": {"team": 5, "ids": [1, 2]}}, {"json": {"team": "5,6", "ids": [1]}}],
    ),
    ({"json": {"id": {"alice": True, "bob": False}, "list": [1, 2]}}, []),
    ({"path": {"id": {"alice": "a", "bob": "b"}}}, [{"path": {"id": "a,b"}}]),
    ({"headers": {"X-Org": {"alice": "a", "bob": "b"}}}, [{"headers": {"X-Org": "a,b"}}]),
    ({"query": {"id": {"alice": 1, "bob": 2}}}, [{"query": {"id": "1,2"}}, {"query": {"id": [1, 2]}}]),
    ({"form": {"id": {"alice": 1, "bob": 2}}}, [{"form": {"id": "1,2"}}, {"form": {"id": [1, 2]}}]),
    ({"query": {"ids": {"alice": [1], "bob": [2]}}}, [{"query": {"ids": [1, 2]}}]),
]


@pytest.mark.parametrize(("given", "both"), BOTH)
def test_rows_of_two_people_in_one_request(given: dict[str, Any], both: list[dict[str, Any]]) -> None:
    """In a list, in one text with a comma, and as a field that is there twice; the rest of the request is alice's."""
    owners = read(**given)
    assert owners.examples_of_both("alice", "bob", "alice") == [Example(**parts) for parts in both]


def test_rows_of_two_people_in_the_other_order() -> None:
    owners = read(query={"id": {"alice": 1, "bob": 2}, "q": "x"}, path={"team": {"alice": 5, "bob": 6}})
    found = owners.examples_of_both("bob", "alice", "alice")
    assert [(one.query, one.path) for one in found] == [
        ({"id": "2,1", "q": "x"}, {"team": "6,5"}),
        ({"id": [2, 1], "q": "x"}, {"team": 5}),
    ]
