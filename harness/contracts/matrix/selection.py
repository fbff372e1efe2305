"""Which credentials a run tries, by name, by group, or in one way alone."""

from __future__ import annotations

from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.ways import Way
from harness.core.errors import DeclarationError
from harness.core.text import meant
from harness.credentials import find, select
from harness.credentials.model import GENUINE


class Selection:
    """The credentials of a run: names and groups, or one way alone (`forged@cookie:__session`, and `forged@` for the usual one);
    all when there are none, or, for a `quick` run, what a policy admits and a few of each group.

    Raises DeclarationError for a name that does not exist.
    """

    def __init__(self, names: list[str], *, quick: bool = False) -> None:
        self._quick = quick and not names
        self._pairs = [(name.partition("@")[0], name.partition("@")[2]) for name in names]
        self._cells = {
            pair for pair, text in zip(self._pairs, names, strict=True) if "@" in text and find(pair[0]) is not None
        }
        self._chosen = select([name for name, _ in self._pairs])

    def takes(self, cell: Cell) -> bool:
        """Whether a cell is among those that the run is to try."""
        if self._quick:
            return cell.credential.sentinel or (cell.credential.group == GENUINE and cell.expect == "accept")
        return not self._pairs or any(self._takes(name, way, cell) for name, way in self._pairs)

    def _takes(self, name: str, way: str, cell: Cell) -> bool:
        if (name, way) in self._cells:  # `legacy@` is the old token alone, not the group of that name.
            return name == cell.credential.name and way in _labels(cell.way)
        return name in (cell.credential.name, cell.credential.group) and (not way or way in _labels(cell.way))

    def open(self, plans: list[RoutePlan]) -> None:
        """Add a named carrier to the ways of the routes where no policy declares it, for an earlier run has found it open."""
        declared = {way.label for plan in plans for way in (*plan.ways, *plan.object_ways.values())}
        for label in dict.fromkeys(label for _, label in self._pairs if ":" in label and label not in declared):
            for plan in plans:
                if plan.ways[0].base.kind:
                    plan.ways.append(Way(plan.ways[0].bases, label, label, found=True))

    def cells(self, plan: RoutePlan) -> list[Cell]:
        """Return the cells of a route."""
        planned = [cell for credential in self._chosen for cell in plan.planned(credential)]
        return [
            cell for cell in planned if self.takes(cell) and not (cell.way.found and cell.credential is cell.way.base)
        ]

    @property
    def learns(self) -> bool:
        """Whether what the target's source names is to be tried."""
        return not self._quick and any(credential.learned for credential in self._chosen)

    def check(self, plans: list[RoutePlan]) -> None:
        """Raise DeclarationError for a way that no route has."""
        known = {label for plan in plans for way in (*plan.ways, *plan.object_ways.values()) for label in _labels(way)}
        for name, label in self._pairs:
            if label and label not in known:
                ways = ", ".join(sorted(known - {""})) or "none but the usual one"
                raise DeclarationError(
                    f"--credentials {name}@{label}: no route is entered that way{meant(label, known - {''})}; known: {ways}"
                )


def _labels(way: Way) -> set[str]:
    """Return the names of a way; the usual one is known by its base too."""
    return {way.label} if way.label else {"", way.base.name}
