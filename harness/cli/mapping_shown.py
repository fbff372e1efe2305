"""The mapping as a table on a terminal, as lines elsewhere, and as JSON: names and counts, and no value of any row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.core.output import line, rendered, say
from harness.core.text import many
from harness.database.mapping import ColumnFigures, Mapping
from harness.database.mapping.model import WORDS

SCHEMA = "clerk-harness/mapping"
VERSION = 1
_TITLES = ("column", "type", "holds", "by", "rows", "nobody's", "empty", "")


def document(mapping: Mapping) -> dict[str, Any]:
    """The whole mapping as data, every text in it as anybody may see it."""
    users, figures = mapping.users, mapping.figures
    shown: dict[str, Any] = rendered(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "agrees": not mapping.findings and not mapping.unknown,
            "findings": mapping.findings,
            "unknown": mapping.unknown,
            "notes": mapping.notes,
            "users": {
                "table": users.table.name,
                "columns": users.columns,
                "because": list(users.because),
                "rows": figures.rows,
                "without_clerk_id": figures.without_clerk,
                "without_address": figures.without_email,
                "clerk_ids_that_are_none": figures.unlike_clerk,
                "addresses_of_several_rows": figures.same_email,
                "clerk_ids_of_several_rows": figures.same_clerk,
                "addresses_on_both_sides": figures.both_sides,
            },
            "columns": [_column(each) for each in mapping.columns],
        }
    )
    return shown


def _column(each: ColumnFigures) -> dict[str, Any]:
    return {
        "table": each.pointing.table.name,
        "column": each.pointing.column,
        "type": each.type,
        "by": "foreign key" if each.pointing.key else "values",
        "holds": each.kinds,
        "agrees": each.agrees,
        "rows": each.rows,
        "found": each.found,
        "orphans": each.orphans,
        "other": each.other,
        "empty": each.empty,
        "share_read": each.share,
        "unknown": each.unknown,
    }


def _cells(each: ColumnFigures) -> tuple[str, ...]:
    """A column's line of the table."""
    by = "foreign key" if each.pointing.key else "values"
    if each.unknown:
        return (line(each.name), line(each.type), "?", by, "", "", "", "not read")
    held = " + ".join(WORDS[kind] for kind in each.kinds) or "nothing"
    part = f" ({each.share:.2%} read)" if each.share < 1 else ""
    strays = sum(each.orphans.values()) + each.other
    outcome = "mixed" if each.mixed else "agrees" if each.agrees else "orphans"
    return (
        line(each.name),
        line(each.type),
        held,
        by,
        f"{each.rows:,}{part}",
        f"{strays:,}",
        f"{each.empty:,}",
        outcome,
    )


def _of_users(mapping: Mapping) -> Iterator[str]:
    users, figures = mapping.users, mapping.figures
    columns = ", ".join(f"{WORDS[kind]} {line(name)}" for kind, name in users.columns.items())
    yield f"users: {line(users.table.name)} ({columns})"
    for why in users.because:
        yield f"  took {line(why)}"
    if figures.unknown:
        return
    counts = [(figures.without_clerk, "without Clerk's id"), (figures.without_email, "without an address")]
    yield "  " + ", ".join(
        [many(figures.rows, "row"), *(f"{count:,} {what}" for count, what in counts if count is not None)]
    )
    doubles = [
        (figures.same_email, "address of several rows", "addresses of several rows"),
        (figures.same_clerk, "Clerk id of several rows", "Clerk ids of several rows"),
        (figures.both_sides, "address with and without Clerk's id", "addresses with and without Clerk's id"),
    ]
    if known := [many(count, one, several) for count, one, several in doubles if count is not None]:
        yield "  " + ", ".join(known)


def _ending(mapping: Mapping) -> Iterator[str]:
    for text in mapping.findings:
        yield f"  {line(text)}"
    for text in mapping.unknown:
        yield f"  not read: {line(text)}"
    for text in mapping.notes:
        yield f"  note: {line(text)}"
    parts = [each for each in mapping.columns if each.share < 1]
    if parts:
        yield f"  note: of {many(len(parts), 'column')} in large tables a part was read, by whole pages: --whole reads all"
    wrong = sum(1 for each in mapping.columns if not each.agrees)
    ending = f"{many(len(mapping.columns), 'column points', 'columns point')} to users"
    yield ending + (f", {wrong:,} {'does' if wrong == 1 else 'do'} not agree" if wrong else ", all agree")
    if mapping.findings or mapping.unknown:
        yield f"FAILED: {many(len(mapping.findings), 'finding')}, {len(mapping.unknown):,} not read"


def told(mapping: Mapping) -> Iterator[str]:
    """Lines for a log or a pipe."""
    yield from _of_users(mapping)
    rows = [_TITLES, *map(_cells, mapping.columns)]
    widths = [max(len(row[number]) for row in rows) for number in range(len(_TITLES))]
    for row in rows if mapping.columns else []:
        yield "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from _ending(mapping)


def drawn(mapping: Mapping) -> None:
    """The same on a terminal, with a table that rich draws. Reads NO_COLOR (no-color.org)."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    say("\n".join(_of_users(mapping)))
    if mapping.columns:
        table = Table(show_edge=False, pad_edge=False)
        for number, title in enumerate(_TITLES):
            table.add_column(title, justify="right" if number in (4, 5, 6) else "left", overflow="fold")
        for each in mapping.columns:
            *cells, outcome = _cells(each)
            table.add_row(*map(Text, cells), Text(outcome, style="green" if each.agrees else "bold red"))
        Console().print(table)
    say("\n".join(_ending(mapping)))
