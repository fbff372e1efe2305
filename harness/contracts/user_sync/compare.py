"""Compares rows with rows and with profiles, and says in short how they differ."""

from __future__ import annotations

import re

from harness.contracts.user_sync.declaration import UserTable
from harness.contracts.user_sync.people import Person, Row
from harness.core.text import cut
from harness.targets.base import Observation

_SHOWN_ROWS = 2
_SHOWN_CHARACTERS = 160
_PLACE = re.compile(r" at [^\s:]+:\d+$")
"""How an error of the target ends that came from the app's own code."""


def describe_answer(answer: Observation) -> str:
    """The answer in short: its status, and an error's last line with the app's own place; where none is known, the answer's text."""
    if answer.error:
        error = answer.error.splitlines()[-1]
        found = _PLACE.search(error)
        place = found.group() if found is not None else ""
        error = cut(error.removesuffix(place), _SHOWN_CHARACTERS) + place
        return error if answer.status is None else f"{answer.status} ({error})"
    if answer.status is None:
        return "nothing"
    said = cut(" ".join(answer.body.split()), _SHOWN_CHARACTERS) if answer.status >= 400 else ""
    return f"{answer.status} ({said})" if said else str(answer.status)


def rows_equal(one: Row | None, other: Row | None, volatile: set[str]) -> bool:
    """Whether two rows are the same but for volatile columns; None stands for no row."""
    if one is None or other is None:
        return one is other
    return all(one[name] == other[name] for name in one if name not in volatile)


def values_equal(stored: object, value: object, *, fold: bool) -> bool:
    """Whether a column holds a value. NULL and the empty text are the same; with `fold`, upper and lower case are as well."""
    if fold and isinstance(stored, str) and isinstance(value, str):
        return stored.lower() == value.lower()
    return stored == value or (stored in (None, "") and value in (None, ""))


def profile_differences(person: Person, row: Row | None, table: UserTable) -> str:
    """How the person's row differs from the profile at Clerk, in words; empty where it does not.

    Where the address is a legacy account's too, the app may decide which of the two rows keeps it.
    """
    if row is None:
        return "there is no row"
    return "; ".join(
        f"{column} is {row[column]!r} instead of {value!r}"
        for column, value in ((column, person.at_clerk(name)) for column, name in table.mirror.items())
        if not values_equal(row[column], value, fold=column == table.email)
        and not (person.second_account is not None and column == table.email)
    )


def dump_differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> str:
    """Which rows of the first table that differs are gone and which are new; empty where two dumps are equal."""
    for table, rows in before.items():
        gone = [row for row in rows if row not in after[table]]
        new = [row for row in after[table] if row not in rows]
        if gone or new:
            shown = [*(f"- {row}" for row in gone[:_SHOWN_ROWS]), *(f"+ {row}" for row in new[:_SHOWN_ROWS])]
            return f"{table}: {'; '.join(shown)}"
    return "rows were doubled" if before != after else ""
