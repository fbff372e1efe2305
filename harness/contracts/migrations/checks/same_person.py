"""Whether what belonged to a person belongs to the same one after the migrations. A part of the check `mapping`.

Source: CWE-639 (rows are given out by the id in them); PostgreSQL documentation, UPDATE (a join that matches other rows raises nothing;
LIMIT and OFFSET over rows that the statement itself takes out of the set pass over others).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.snapshot import Snapshot
from harness.core.text import listed
from harness.database.mapping import Mapping

Place = tuple[str, str]
"""A table and a column of it."""
_SHOWN = 3


@dataclass
class Belongings:
    """To whom the rows of a database belong. `persons`: by column that points to users, the number of the user's row, for each row."""

    content: dict[Place, list[str | None]]
    links: list[tuple[Place, Place]] = field(default_factory=list)
    """Foreign keys of one column between other tables."""
    persons: dict[Place, list[int | None]] = field(default_factory=dict)

    def of_row(self, table: str, row: int) -> set[int]:
        """Everybody whom a row names."""
        named = (each[row] for place, each in self.persons.items() if place[0] == table)
        return {person for person in named if person is not None}

    def near(self, table: str, row: int) -> set[int]:
        """Everybody whom the rows name that a row refers to, and those that refer to it."""
        found = set[int]()
        for one, other in [*self.links, *((other, one) for one, other in self.links)]:
            if one[0] == table and (value := self.content[one][row]) is not None:
                rows = (number for number, text in enumerate(self.content[other]) if text == value)
                found |= {person for number in rows for person in self.of_row(other[0], number)}
        return found


def belongings(snapshot: Snapshot, mapping: Mapping) -> Belongings:
    """To whom the rows belong, by foreign keys to users, and by what was found in columns without one."""
    users, found = mapping.users.table.name, Belongings(snapshot.content)
    for table in snapshot.tables.values():
        for key in table.references:
            if len(key.columns) != 1 or (table.name, key.columns[0]) not in found.content:
                continue
            place, other = (table.name, key.columns[0]), (key.to, key.others[0])
            if key.to == users:
                found.persons[place] = _persons(found.content, place, [other])
            elif other in found.content:
                found.links.append((place, other))
    for each in mapping.columns:
        place = (each.pointing.table.name, each.pointing.column)
        if place not in found.persons and place in found.content and each.found:
            held = [(users, mapping.users.columns[kind]) for kind in each.found]
            found.persons[place] = _persons(found.content, place, held)
    return found


def _persons(content: dict[Place, list[str | None]], place: Place, held: list[Place]) -> list[int | None]:
    rows = {text: number for other in held for number, text in enumerate(content.get(other, ())) if text is not None}
    return [None if text is None else rows.get(text) for text in content[place]]


def changed_hands(
    before: tuple[Snapshot, Mapping], after: tuple[Snapshot, Mapping], file: MigrationsFile
) -> Iterator[str]:
    """Yield what belongs to somebody else afterwards, or to nobody, a sentence each.

    Judged are new columns, and those that a migration changes on purpose. A row may be given to anybody whom it named before, or a row
    beside it; all rows to one person (an administrator, say). Nothing is said of tables whose rows have other keys: `data` does.
    """
    users = before[1].users.table.name
    if users != after[1].users.table.name or before[0].keys.get(users) != after[0].keys.get(users):
        return
    old, new = belongings(*before), belongings(*after)
    for name in dict.fromkeys(table for table, _ in old.persons):
        if before[0].keys[name] == after[0].keys.get(name):
            judged = [
                place for place in new.persons if place[0] == name and f"mapping:{'.'.join(place)}" not in file.allow
            ]
            successors = [place for place in judged if place not in old.content or ".".join(place) in file.changes]
            yield from _given_away(old, new, successors)
            yield from _lost(old, new, name, successors, file.allow)


def _given_away(old: Belongings, new: Belongings, places: list[Place]) -> Iterator[str]:
    for place in places:
        held = {row: person for row, person in enumerate(new.persons[place]) if person is not None}
        if len(set(held.values())) < 2:
            continue
        wrong = [
            row for row, person in held.items()
            if (own := old.of_row(place[0], row)) and person not in own and person not in old.near(place[0], row)
        ]  # fmt: skip
        if wrong:
            before = [column for table, column in old.persons if table == place[0]]
            yield (
                f"{'.'.join(place)} gives {len(wrong):,} of {len(held):,} rows to somebody else than {listed(before, _SHOWN)} did "
                f"(allow = ['mapping:{'.'.join(place)}'])"
            )


def _lost(old: Belongings, new: Belongings, name: str, places: list[Place], allow: Collection[str]) -> Iterator[str]:
    """Columns that are gone, in whose place another one is, which is empty where they were not."""
    for place, persons in old.persons.items():
        if place[0] != name or place in new.content or f"mapping:{'.'.join(place)}" in allow:
            continue
        held = {row: person for row, person in enumerate(persons) if person is not None}
        instead = [each for each in places if any(new.persons[each][row] == person for row, person in held.items())]
        lost = [row for row in held if all(new.persons[each][row] is None for each in instead)]
        if instead and lost:
            named = listed([column for _, column in instead], _SHOWN)
            yield (
                f"{'.'.join(place)} is gone, and {named} in its place names nobody in {len(lost):,} of the {len(held):,} "
                f"rows that had somebody (allow = ['mapping:{'.'.join(place)}'])"
            )
