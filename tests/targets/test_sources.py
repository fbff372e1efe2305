"""Where code begins: of the function that a person would change, and of no library's."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.targets.agent.functions import source_of


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


def bare(view: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return view(*args)

    return wrapper


@logged
def decorated() -> None: ...


def guard() -> None: ...


required = bare(guard)


class Guard:
    def __init__(self) -> None: ...

    def __call__(self) -> None: ...

    def method(self) -> None: ...


LINES = Path(__file__).read_text().splitlines()


@pytest.mark.parametrize(
    ("call", "begins"),
    [
        (guard, "def guard"),
        (decorated, "@logged"),
        (functools.partial(guard), "def guard"),
        (Guard().method, "    def method"),
        (Guard(), "    def __call__"),
        (Guard, "    def __init__"),
    ],
)
def test_a_callable_leads_to_what_a_person_would_change(call: object, begins: str) -> None:
    source = source_of(call)
    assert source is not None
    assert source[0] == __file__
    assert LINES[source[1] - 1].startswith(begins)


def test_a_guard_that_wraps_another_function_is_itself() -> None:
    source = source_of(required)
    assert source is not None
    assert LINES[source[1] - 1] == "    def wrapper(*args: Any) -> Any:"
    assert LINES[source[1] - 2].startswith("def bare")


@pytest.mark.parametrize("call", [json.dumps, pytest.fail, len, dict, eval("lambda: None")])
def test_what_is_no_code_of_the_app_leads_nowhere(call: object) -> None:
    assert source_of(call) is None
