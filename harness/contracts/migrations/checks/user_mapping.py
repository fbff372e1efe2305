"""The check `mapping`: which identifier of a user each column holds, before and after, and what it costs to find a user by one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.checks.same_person import belongings, changed_hands
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.lookups import LookupCost, look_up
from harness.contracts.migrations.results import CheckFailed, CheckSkipped, Measured
from harness.core.errors import DatabaseError
from harness.core.text import listed
from harness.database.filling import read_tables
from harness.database.mapping import ColumnFigures, Mapping, Named, read_mapping
from harness.database.mapping.model import KINDS, WORDS

_SECONDS = 30
"""How long one statement of it may take."""
_SHOWN = 6


@dataclass(frozen=True)
class Stage:
    """The mapping of a database, and the cost of finding a user by each identifier, by its column."""

    mapping: Mapping
    costs: dict[str, LookupCost]


def _mapping(databases: MigrationDatabases) -> Measured:
    template, _ = databases.legacy()
    upgrade = databases.upgraded()
    known = {f"{table}.{column}" for table, column in upgrade.before.content}
    before = _read(databases, databases.url_of(template), known)
    after = _read(databases, upgrade.url, known)
    figures = [*_identifiers(before, after), *_columns(before, after)]
    wrong = [
        *worse(before.mapping, after.mapping, known, databases.file.allow),
        *changed_hands((upgrade.before, before.mapping), (upgrade.after, after.mapping), databases.file),
    ]
    if wrong:
        raise CheckFailed("; ".join(wrong), figures=figures)
    pointing = {each.name for each in after.mapping.columns}
    pointing |= {".".join(place) for place in belongings(upgrade.after, after.mapping).persons}
    if not pointing:
        raise CheckSkipped("no column points to users", figures=figures)
    databases.require_rows()
    return Measured(len(pointing), _told(before.mapping, after.mapping), figures)


def _read(databases: MigrationDatabases, url: str, known: Collection[str]) -> Stage:
    """The mapping of columns with a foreign key, of those whose names speak of users, and of those that migrations add.

    Generated texts are equal to identifiers by accident, so that others are not looked at.
    """
    named = Named(databases.file.users, source="migrations.toml", certain=False)
    try:
        mapping = read_mapping(url, named, seconds=_SECONDS)
    except DatabaseError as error:
        raise CheckSkipped(f"the mapping could not be read: {str(error).removeprefix('--database: ')}") from error
    mapping.columns = [
        each for each in mapping.columns if each.pointing.key or each.pointing.telling or each.name not in known
    ]
    users = mapping.users
    with psycopg.connect(url, autocommit=True) as connection:
        names = [f"{users.table.name}.{column}" for column in users.columns.values()]
        return Stage(mapping, look_up(connection, read_tables(connection), names))


def worse(before: Mapping, after: Mapping, known: Collection[str], allow: Collection[str]) -> list[str]:
    """What does not agree after, in columns that are new or agreed before, a sentence each. `known`: all columns that were there."""
    judged = {each.name for each in before.columns if each.agrees}
    return [
        f"{each.name} {_held(each)} after the migrations (allow = ['mapping:{each.name}'])"
        for each in after.columns
        if not each.agrees and not each.unknown and (each.name in judged or each.name not in known)
        and f"mapping:{each.name}" not in allow
    ]  # fmt: skip


def _held(each: ColumnFigures) -> str:
    """What a column holds, in words."""
    held = [f"{each.found.get(kind, 0) + each.orphans.get(kind, 0):,} {WORDS[kind]}" for kind in each.kinds]
    if each.mixed:
        return f"is mixed: {', '.join(held)}"
    if each.nobody:
        return f"points in {each.nobody:,} of its rows to nobody"
    return f"holds {held[0]}" if held else "holds nothing"


def _told(before: Mapping, after: Mapping) -> str:
    """What has changed, in one line."""
    held = {each.name: each.kinds for each in before.columns}
    changed = []
    for each in after.columns:
        words = " and ".join(WORDS[kind] for kind in each.kinds) or "nothing"
        if each.name not in held:
            changed.append(f"{each.name} is new and holds {words}")
        elif held[each.name] != each.kinds:
            was = " and ".join(WORDS[kind] for kind in held[each.name]) or "nothing"
            changed.append(f"{each.name} held {was} and holds {words}")
    left = [each.name for each in before.columns if not each.agrees]
    doubt = f"nothing is said of {listed(left, _SHOWN)}, whose generated rows are nobody's" if left else ""
    return "; ".join(text for text in (listed(changed, _SHOWN), doubt) if text)


def _identifiers(before: Stage, after: Stage) -> list[dict[str, Any]]:
    """How a user is found by each identifier: one statement each."""
    rows = []
    for kind in KINDS:
        stages = {}
        for name, stage in (("before", before), ("after", after)):
            users = stage.mapping.users
            cost = stage.costs.get(f"{users.table.name}.{users.columns[kind]}") if kind in users.columns else None
            if cost is not None:
                way = f"by the index {cost.index}" if cost.index else "by reading all rows"
                stages[name] = {"found": way, "milliseconds": round(cost.milliseconds, 3), "statements": 1}
        if stages:
            column = {**before.mapping.users.columns, **after.mapping.users.columns}[kind]
            name = f"{after.mapping.users.table.name}.{column}"
            rows.append({"identifier": WORDS[kind], "column": name, "lookup": stages})
    return rows


def _columns(before: Stage, after: Stage) -> list[dict[str, Any]]:
    """What each column that points to users holds at each stage."""
    rows: dict[str, dict[str, Any]] = {}
    for name, stage in (("before", before), ("after", after)):
        for each in stage.mapping.columns:
            row = rows.setdefault(each.name, {"column": each.name, "stages": {}})
            row["stages"][name] = {
                "type": each.type,
                "by": "foreign key" if each.pointing.key else "values",
                "holds": {WORDS[kind]: each.found.get(kind, 0) + each.orphans.get(kind, 0) for kind in each.kinds},
                "nobody": each.nobody,
                "empty": each.empty,
                "agrees": each.agrees,
            }
    return list(rows.values())


MAPPING = CheckSpec(
    "mapping",
    "each column that points to users holds one identifier of somebody afterwards, as far as it did before, and of the same person",
    "Field note: half of a table's rows that point to Clerk's ids, and half to the old ones; CWE-639",
    _mapping,
)
