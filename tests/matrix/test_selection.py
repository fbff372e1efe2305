"""Which cells a run tries: what was named, and what `quick` takes."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.selection import Selection
from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE
from tests.matrix.kit import plan_of


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("clerk", True), ("clerk-v1", True), ("forged", True), ("missing", True), ("signature-zeros", False),
        ("m2m-jwt", False),  # Genuine, and not for this route.
        ("scheme-lowercase", False),  # Accepted, and not genuine.
    ],
)  # fmt: skip
def test_quick_takes_who_is_admitted_and_a_sentinel_of_each_group(name: str, taken: bool) -> None:
    plan = plan_of(("clerk", "clerk-v1", "scheme-lowercase"))
    assert Selection([], quick=True).takes(plan.cell(CATALOGUE[name])) is taken
    assert Selection([]).takes(plan.cell(CATALOGUE[name]))


@pytest.mark.parametrize(
    ("names", "quick", "learns"),
    [
        ([], False, True),
        ([], True, False),
        (["named"], False, True),
        (["forged"], False, False),
        (["named"], True, True),
    ],
)
def test_when_the_source_is_read_for_names(names: list[str], quick: bool, learns: bool) -> None:
    assert Selection(names, quick=quick).learns is learns


def test_a_carrier_that_was_found_open_is_named_again() -> None:
    plan, public = plan_of(), plan_of(("*",), "GET /open")
    Selection(["forged@query:token"]).open([plan, public])
    (way,) = plan.ways[1:]
    assert (way.carrier, way.label, way.found, way.base.name) == ("query:token", "query:token", True, "clerk")
    assert len(public.ways) == 1
    declared = plan_of(("clerk",), "GET /x", "bearer", "query:token")
    Selection(["forged@query:token"]).open([declared])
    assert [way.found for way in declared.ways] == [False, False]


@pytest.mark.parametrize(
    ("plan", "name", "told"),
    [
        (plan_of(()), "forged@header:x", "no route is entered that way; known: missing"),
        (plan_of(("clerk", "m2m-jwt")), "forged@m2m-jw", "no route is entered that way; did you mean 'm2m-jwt'?; known: clerk, m2m-jwt"),
    ],
)  # fmt: skip
def test_a_way_that_no_route_has_is_told(plan: object, name: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Selection([name]).check([plan])  # type: ignore[list-item]
    assert str(caught.value) == f"--credentials {name}: {told}"
