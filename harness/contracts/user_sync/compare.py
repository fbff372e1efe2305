"""Answers and rows, read and compared."""

from __future__ import annotations

from typing import Any

from harness.targets.base import Observation


def let_in(answer: Observation) -> bool:
    """Whether the answer is a success."""
    return answer.status is not None and 200 <= answer.status < 300


def failed(answer: Observation) -> bool:
    """Whether the answer is a server error, or none came."""
    return answer.status is None or answer.status >= 500


def shown(answer: Observation) -> str:
    """The answer in short."""
    if answer.status is None:
        return answer.error or "nothing"
    return f"{answer.status}" + (f" ({answer.error.splitlines()[-1][:120]})" if answer.error else "")


def same(one: dict[str, Any] | None, other: dict[str, Any] | None, volatile: set[str]) -> bool:
    """Whether two rows are the same but for columns that may differ; None is no row."""
    if one is None or other is None:
        return one is other
    return all(one[name] == other[name] for name in one if name not in volatile)


def equal(stored: Any, value: Any, *, fold: bool) -> bool:
    """Whether a column holds a value. `fold`: case does not matter; nothing and the empty text are the same."""
    if fold and isinstance(stored, str) and isinstance(value, str):
        return stored.lower() == value.lower()
    return bool(stored == value) or (stored in (None, "") and value in (None, ""))


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> str:
    """Which rows differ between two dumps, in short; empty where none does."""
    for table, rows in before.items():
        gone = [row for row in rows if row not in after[table]]
        new = [row for row in after[table] if row not in rows]
        if gone or new:
            return f"{table}: {'; '.join([*(f'- {row}' for row in gone[:2]), *(f'+ {row}' for row in new[:2])])}"
    return "rows were doubled" if before != after else ""
