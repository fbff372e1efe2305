"""In which order tables are filled."""

from __future__ import annotations

from collections.abc import Mapping

from harness.database.filling.catalogue import ForeignKey, Table


def in_order(tables: Mapping[str, Table]) -> list[str]:
    """The tables, each after those to which it must refer, as far as there is no cycle; optional references come last."""
    left, found = dict(tables), list[str]()
    while left:
        for optional in (True, False, None):
            free = [
                name
                for name, table in left.items()
                if optional is None
                or not any(r.to in left and r.to != name and (optional or required(table, r)) for r in table.references)
            ]
            if free:
                chosen = free if optional is not None else free[:1]
                found += chosen
                for name in chosen:
                    del left[name]
                break
    return found


def required(table: Table, reference: ForeignKey) -> bool:
    """Whether a row cannot be there without what it refers to."""
    return any(table.columns[column].required for column in reference.columns)
