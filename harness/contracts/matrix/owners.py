"""Whose row a request names: values that a route's line gives for each person.

`path = { id = { alice = 1, bob = 2 } }`, and so in `query`, `headers`, `json` and `form`: alice's row is 1, bob's is 2.
`admin = "*"` says that a person may use everybody's. A tenant is a row, too: front ends name the chosen organization in a header
as often as in the path (https://clerk.com/docs/guides/organizations/overview: the active one stands in the token).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.core.errors import DeclarationError
from harness.targets.request_builder import Example

EVERYBODYS = "*"
_PARTS = ("path", "query", "headers", "json", "form")
"""The parts of a request that may name a row."""


@dataclass(frozen=True)
class Owners:
    """The people of a line, and who of them may use everybody's rows. `example` has the tables in place of values."""

    example: Example
    people: tuple[str, ...] = ()
    privileged: frozenset[str] = field(default_factory=frozenset)

    @property
    def rows(self) -> tuple[str, ...]:
        """The people who have a row."""
        return tuple(person for person in self.people if person not in self.privileged)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(person, owner of the row) of everything that is tried."""
        return [(person, owner) for person in self.people for owner in self.rows]

    def example_of(self, person: str) -> Example:
        """The request on this person's row; of one without a row the first one's."""
        name = person if person in self.rows else self.rows[0]
        return self._of((name,), name)

    def examples_of_both(self, first: str, second: str, person: str) -> list[Example]:
        """The requests that name the rows of two people at once, each once.

        A list of rows has both, and a single value becomes a text with a comma, or, in a query or a form, a field that is there
        twice: by convention both name several rows, and who looks at one of them may use the other (CWE-639; CAPEC-460).
        """
        alone, names = self._of((person,), person), (first, second)
        found = [self._of(names, person)]
        for join, parts in ((_joined, _PARTS), (_repeated, ("query", "form"))):
            changed = {part: _merged(getattr(self.example, part), names, person, self.people, join) for part in parts}
            found.append(replace(alone, **changed))
        return [example for number, example in enumerate(found) if example not in (alone, *found[:number])]

    def _of(self, names: tuple[str, ...], person: str) -> Example:
        chosen = {part: _chosen(getattr(self.example, part), names, person, self.people) for part in _PARTS}
        return replace(self.example, **chosen)

    def value_of(self, person: str) -> str:
        """The values that name this person's row, in words."""
        found = _named_in(self.example, self.people)
        return ", ".join(f"{name} {table[person]}" for name, table in found if person in table)


def _is_table(value: Any, people: Collection[str]) -> bool:
    return isinstance(value, Mapping) and bool(value) and set(value) <= set(people)


def _named_in(example: Example, people: Collection[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, table) of all tables of people in a request."""
    for part in _PARTS:
        yield from _tables(getattr(example, part), people, part)


def _tables(value: Any, people: Collection[str], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, table) of all tables of people in a value."""
    if _is_table(value, people):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _tables(inner, people, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _tables(inner, people, name)


def _chosen(value: Any, names: tuple[str, ...], person: str, people: Collection[str]) -> Any:
    """A value with the tables replaced: in lists by the rows of `names`, elsewhere by that of `person`."""
    if _is_table(value, people):
        lists = [value[name] for name in names]
        return (
            [row for rows in lists for row in rows] if all(isinstance(rows, list) for rows in lists) else value[person]
        )
    if isinstance(value, Mapping):
        return {key: _chosen(inner, names, person, people) for key, inner in value.items()}
    if isinstance(value, list):
        return [
            _chosen(inner, names, name, people)
            for inner in value
            for name in (names if any(_tables(inner, people, "")) else (person,))
        ]
    return value


def _joined(rows: list[Any]) -> Any:
    """Rows in one text; None where they are no texts or numbers."""
    plain = all(isinstance(row, str | int) and not isinstance(row, bool) for row in rows)
    return ",".join(map(str, rows)) if plain else None


def _repeated(rows: list[Any]) -> Any:
    """Rows as the same field several times; None where a field names several already."""
    return None if any(isinstance(row, list | dict) for row in rows) else rows


def _merged(
    value: Any, names: tuple[str, ...], person: str, people: Collection[str], join: Callable[[list[Any]], Any]
) -> Any:
    """A value with each table that stands for a single row replaced by the rows of `names`, put together by `join`."""
    if _is_table(value, people):
        both = join([value[name] for name in names])
        return value[person] if both is None else both
    if isinstance(value, Mapping):
        return {key: _merged(inner, names, person, people, join) for key, inner in value.items()}
    return _chosen(value, (person,), person, people)


def owners_of(example: Example, identities: Collection[str], where: str) -> Owners | None:
    """Return the people of a line; None where it names none.

    Raises DeclarationError, naming `where`, for a table with a name that is nobody's, or in which somebody is missing.
    """
    for part in ("path", "query", "headers"):
        for name, value in getattr(example, part).items():
            if isinstance(value, Mapping) and not _is_table(value, identities):
                unknown = next((str(key) for key in value if key not in identities), "")
                raise DeclarationError(
                    f"{where}.{part}.{name}: {f'no identity {unknown!r}' if unknown else 'empty'}; a table says whose value is which, "
                    f"by identity: {', '.join(identities)} ([identities] declares more)"
                )
    found = list(_named_in(example, identities))
    if not found:
        return None
    people = tuple(dict.fromkeys(person for _, table in found for person in table))
    privileged = frozenset(person for _, table in found for person, value in table.items() if value == EVERYBODYS)
    for name, table in found:
        missing = next((person for person in people if person not in table), None)
        if missing is not None:
            raise DeclarationError(f"{where}: {name} has no value for {missing}, whom another table names")
    owners = Owners(example, people, privileged)
    if len(owners.rows) < 2:
        raise DeclarationError(
            f"{where}: {found[0][0]}: two people with a row of their own are needed, to try one on the other's"
        )
    return owners
