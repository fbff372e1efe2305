"""Whose row a line names: each mistake in words, and each part of a request."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.owners import Owners, owners_of
from harness.core.errors import DeclarationError
from harness.targets.request_builder import Example

PEOPLE = ("alice", "bob", "admin")
WAY_OUT = "a table says whose value is which, by identity: alice, bob, admin ([identities] declares more)"
TWO = "two people with a row of their own are needed, to try one on the other's"


def read(**parts: Any) -> Owners | None:
    return owners_of(Example(**parts), PEOPLE, "app: GET /x")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"path": {"id": {"alice": 1, "carol": 2, "dave": 3}}}, f".path.id: no identity 'carol'; {WAY_OUT}"),
        ({"query": {"q": 1, "id": {}}}, f".query.id: empty; {WAY_OUT}"),
        ({"path": {"id": {1: 1}}}, f".path.id: no identity '1'; {WAY_OUT}"),
        ({"path": {"id": {"alice": 1}}}, f": id: {TWO}"),
        ({"json": {"a": [{"by": {"alice": 1, "admin": "*"}}], "b": {"alice": 2, "admin": 3}}}, f": by: {TWO}"),
        ({"path": {"id": {"alice": 1, "bob": 2}}, "form": {"by": {"bob": 1}}}, ": by has no value for alice, whom another table names"),
        ({"json": {"alice": 1}}, f": json: {TWO}"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_mistake(parts: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read(**parts)
    assert str(caught.value) == f"app: GET /x{told}"


@pytest.mark.parametrize(
    "parts",
    [{}, {"path": {"id": 1}}, {"json": {"a": {}}}, {"json": {"carol": 1}}, {"json": []}, {"form": {"a": "alice"}}],
)
def test_what_names_nobody(parts: dict[str, Any]) -> None:
    assert read(**parts) is None


@pytest.mark.parametrize("part", ["json", "form"])
def test_a_part_that_is_a_table_itself(part: str) -> None:
    owners = read(**{part: {"alice": 1, "bob": 2}})
    assert owners is not None
    assert owners.value_of("bob") == f"{part} 2"


def test_a_body_that_is_another_for_each() -> None:
    owners = read(json={"alice": [1], "bob": {"x": 2}})
    assert owners is not None
    assert owners.example_of("alice").json == [1] and owners.example_of("bob").json == {"x": 2}
    assert owners.value_of("bob") == "json {'x': 2}"


def test_every_part_of_a_request_and_everybody() -> None:
    example = Example(
        path={"id": {"bob": 2, "alice": 1, "admin": "*"}, "n": 7}, query={"q": {"alice": "a", "bob": "b", "admin": "c"}},
        json={"by": [{"alice": 3, "bob": 4, "admin": 5}, {"deep": {"alice": 6, "bob": 7, "admin": 8}}], "n": [1]},
        form={"f": {"alice": 9, "bob": 10, "admin": 11}}, headers={"x-a": "b"}, carrier="cookie:c",
    )  # fmt: skip
    owners = owners_of(example, PEOPLE, "app")
    assert owners == Owners(example, ("bob", "alice", "admin"), frozenset({"admin"}))
    assert owners.rows == ("bob", "alice")
    assert owners.pairs == [
        ("bob", "bob"), ("bob", "alice"), ("alice", "bob"), ("alice", "alice"), ("admin", "bob"), ("admin", "alice"),
    ]  # fmt: skip
    assert owners.example_of("alice") == Example(
        path={"id": 1, "n": 7}, query={"q": "a"}, json={"by": [3, {"deep": 6}], "n": [1]}, form={"f": 9},
        headers={"x-a": "b"}, carrier="cookie:c",
    )  # fmt: skip
    assert owners.example_of("admin") == owners.example_of("bob") and owners.example_of("bob").path == {"id": 2, "n": 7}
    assert owners.value_of("alice") == "id 1, q a, by 3, deep 6, f 9"
    assert owners.value_of("admin") == "id *, q c, by 5, deep 8, f 11"
    assert owners.value_of("nobody") == ""
