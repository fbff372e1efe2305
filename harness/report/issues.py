"""What other tools are told of a run: its causes, and what keeps it from passing beside them, each with the lines to look at.

SARIF, GitLab's code quality and GitHub's annotations are three spellings of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from harness.contracts.registry import MATRIX_FILE
from harness.report.causes import Cause
from harness.report.model import Record
from harness.report.places import Location, Place

_OF_THE_DECLARATION = ("undeclared", "stale", "unreviewed")
"""Verdicts that are mended in the declaration: its lines come first."""
UNPROVEN = "unproven"
"""The kind of an issue that is no finding: something was not examined."""


@dataclass(frozen=True)
class Issue:
    """One thing to mend. `kind`: its verdict, `broken` for a check of a contract, or `UNPROVEN`; `page`: below docs/; `places`: the
    first is where to begin. Texts are as the target gave them, and must be made harmless by whoever shows them.
    """

    id: str
    kind: str
    title: str
    remedy: str
    page: str
    places: tuple[Location, ...]
    cwe: str = ""
    source: str = ""
    repeat: str = ""

    @property
    def grave(self) -> bool:
        """Whether it is an error to other tools, and not a warning; the run has failed in either case."""
        return self.kind in ("breach", "mixed", "lockout", "fault", "broken", UNPROVEN)


def issues(record: Record) -> list[Issue]:
    """Everything that keeps a run from passing, the gravest first; none if and only if it has passed.

    What a baseline knows keeps it from nothing, and is told by the report alone.
    """
    found = [_of_cause(record, cause) for cause in record.causes if not record.knows(cause)]
    found += [_of_shortfall(record, name, why) for name, why in record.shortfalls.items()]
    return list(
        {issue.id: issue for issue in found}.values()
    )  # Ids are to be unique, whatever a contract calls its checks.


def _of_cause(record: Record, cause: Cause) -> Issue:
    cwe, source = cause.weakness
    code = [*record.locations(cause), *_handlers(record, cause)]
    lines = list(_lines(record, cause))
    order = [*lines, *code] if cause.verdict in _OF_THE_DECLARATION else [*code, *lines]
    places: dict[tuple[str, int], Location] = {}
    for place in order:
        places.setdefault((place.file, place.line), place)
    repeat = record.repeat(cause.first) if cause.first is not None else record.meta.repeat
    where = tuple(places.values()) or (_somewhere(record),)
    return Issue(cause.id, cause.verdict, cause.title, cause.remedy, cause.page, where, cwe, source, repeat)


def _of_shortfall(record: Record, name: str, why: str) -> Issue:
    return Issue(
        f"{UNPROVEN}-{name.replace(' ', '-')}", UNPROVEN, f"not proven: {name}: {why}",
        "let the run examine all that was asked for; until then it proves nothing", "verdicts.md", (_somewhere(record),),
        repeat=record.meta.repeat,
    )  # fmt: skip


def _handlers(record: Record, cause: Cause) -> Iterator[Location]:
    """The handlers of a cause's routes."""
    for route in cause.routes:
        place = record.meta.places.handlers.get(route)
        if place is not None:
            yield Location(*place, route)


def _lines(record: Record, cause: Cause) -> Iterator[Location]:
    """The declaration's lines of a cause."""
    places = record.meta.places
    if cause.check is not None:
        place = places.contract(cause.check.contract)
        if place is not None:
            yield Location(*place)
    for route, router in dict.fromkeys((cell.route, cell.router) for cell in cause.cells):
        place = places.line_of(route, router)
        if place is not None:
            yield Location(*place, route)


def _somewhere(record: Record) -> Location:
    """The matrix itself, for what has no place of its own."""
    place = record.meta.places.files.get(MATRIX_FILE)
    if place is None:
        suites = PurePath(record.meta.suites or "suites")
        name = MATRIX_FILE if suites.is_absolute() else (suites / MATRIX_FILE).as_posix()
        place = Place(name, 1)
    return Location(*place)
