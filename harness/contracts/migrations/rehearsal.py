"""A rehearsal of migrations at the size of production: at two sizes, how long each takes and what it locks, and how both grow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contracts.migrations.migrators import Migrator
from harness.contracts.migrations.statement_watch import MODES, Step, Taken, in_words

MANY = 10_000_000
"""Rows of a large table in use."""
_SHORT = 0.01
"""Seconds below which a time says nothing of how it grows."""


@dataclass(frozen=True)
class Lock:
    """A lock on a table that has rows: its mode, and for how many seconds it was held."""

    table: str
    mode: str
    seconds: float

    @property
    def keeps_out(self) -> bool:
        """Whether nobody else can write meanwhile."""
        return MODES.index(self.mode) >= MODES.index("ShareLock")


@dataclass(frozen=True)
class MigrationCost:
    """What one migration took at one size: seconds, and its locks, the strongest first."""

    migration: str
    seconds: float
    locks: tuple[Lock, ...]


def costs(
    migrator: Migrator, steps: Sequence[Step], taken: Sequence[Taken], tables: Mapping[str, int]
) -> list[MigrationCost]:
    """What each migration took. `tables`: how many rows each table of the stage before has.

    A migration begins where the one before was written down, the first one when the tool connected; a lock is its that was
    taken by then, though it be held for longer.
    """
    found, begins = list[MigrationCost](), steps[0].began if steps else None
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        locks = [
            Lock(each.table, each.mode, each.milliseconds / 1000)
            for each in taken
            if tables.get(each.table)
            and begins is not None
            and begins <= each.since
            and (last or each.since <= step.at)
        ]
        locks.sort(key=lambda lock: (-MODES.index(lock.mode), -lock.seconds))
        seconds = (step.at - begins).total_seconds() if begins is not None else 0.0
        found.append(MigrationCost(migrator.name_of(step.noted), max(0.0, seconds), tuple(locks)))
        begins = step.at
    return found


@dataclass(frozen=True)
class Growth:
    """How a time grows over two sizes. `exponent`: 1 for twice the time with twice the rows, None where it is too short, or the
    sizes are too close, to tell; `many`: seconds with ten million rows, None where nothing can be said.
    """

    seconds: tuple[float, float]
    exponent: float | None
    many: float | None


def growth(sizes: tuple[int, int], seconds: tuple[float, float]) -> Growth:
    """How a time grows. What is said of ten million rows is the larger of two answers: a line, and a power of the rows."""
    (small, large), (before, after) = sizes, seconds
    if large <= small:
        return Growth(seconds, None, None)
    if after < _SHORT:
        return Growth(seconds, None, after)
    exponent = max(0.0, math.log(after / max(before, 1e-4)) / math.log(large / small))
    if large >= MANY:
        return Growth(seconds, exponent, after)
    line = after + max(0.0, after - before) / (large - small) * (MANY - large)
    power = after * (MANY / large) ** exponent
    # A time that was too short at first makes a power of nothing.
    return Growth(seconds, exponent, max(line, power) if before >= _SHORT else line)


@dataclass(frozen=True)
class Rehearsed:
    """A migration at both sizes: its time, and that of its strongest lock, where it has one."""

    migration: str
    sizes: tuple[int, int]
    time: Growth
    lock: Lock | None
    held: Growth | None

    def figures(self) -> dict[str, object]:
        """What the report holds of it; seconds, and rows."""
        figures: dict[str, object] = {
            "migration": self.migration,
            "rows": list(self.sizes),
            "seconds": _rounded(self.time.seconds),
            "growth": _round(self.time.exponent),
            "seconds_at_10_million": _round(self.time.many),
        }
        if self.lock is not None and self.held is not None:
            figures |= {
                "lock": in_words(self.lock.mode),
                "table": self.lock.table,
                "lock_seconds": _rounded(self.held.seconds),
                "lock_growth": _round(self.held.exponent),
                "lock_seconds_at_10_million": _round(self.held.many),
            }
        return figures

    def told(self) -> str:
        """In words, for one line."""
        words = f"{self.migration} takes {_told(self.time)}"
        if self.lock is None or self.held is None:
            return f"{words}, and no lock of it was seen on a table with rows"
        return (
            f"{words}; its strongest lock is {in_words(self.lock.mode)} on {self.lock.table}, held {_told(self.held)}"
        )


def compared(sizes: tuple[int, int], small: Sequence[MigrationCost], large: Sequence[MigrationCost]) -> list[Rehearsed]:
    """The migrations at both sizes, in the order in which they were run."""
    before = {cost.migration: cost for cost in small}
    found = []
    for cost in large:
        other = before.get(cost.migration, MigrationCost(cost.migration, 0.0, ()))
        lock = cost.locks[0] if cost.locks else None
        held = None
        if lock is not None:
            same = [each.seconds for each in other.locks if (each.table, each.mode) == (lock.table, lock.mode)]
            held = growth(sizes, (max(same, default=0.0), lock.seconds))
        found.append(Rehearsed(cost.migration, sizes, growth(sizes, (other.seconds, cost.seconds)), lock, held))
    return found


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _rounded(seconds: tuple[float, float]) -> list[float]:
    return [round(each, 4) for each in seconds]


def _told(growth: Growth) -> str:
    words = f"{growth.seconds[1]:.2f} s"
    if growth.exponent is None or growth.many is None:
        return words
    return f"{words} (grows like rows^{growth.exponent:.1f}, about {growth.many:,.1f} s for {MANY:,})"
