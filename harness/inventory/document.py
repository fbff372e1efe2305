"""The inventory as JSON, in a versioned schema, and as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.core.output import line, rendered
from harness.core.text import listed
from harness.inventory.places import STATES, Part, Place
from harness.inventory.reading import Inventory

SCHEMA = "clerk-harness/inventory"
VERSION = 1
_MOST_UNKNOWN = 60
_FEW = 6


def document(inventory: Inventory) -> dict[str, Any]:
    """The whole inventory as data, every text in it as anybody may see it."""
    shown: dict[str, Any] = rendered(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "passed": not inventory.failing,
            "failing": inventory.failing,
            "legacy": inventory.legacy,
            "max_legacy": inventory.most,
            "mechanisms": "declared" if inventory.declared else "recognised",
            "report": inventory.report,
            "backend": _part(inventory.backend, "routers") if inventory.backend is not None else None,
            "frontends": [_part(part, "pages") for part in inventory.frontends],
        }
    )
    return shown


def _part(part: Part, units: str) -> dict[str, Any]:
    return {
        "root": part.root,
        "files": part.files,
        "progress": {state: part.states[state] for state in STATES},
        "legacy": len(part.legacy),
        units: [
            {"file": u.file, "name": u.name, "state": u.state, "why": u.why, "places": [_place(p) for p in u.places]}
            for u in part.units
        ],
        "beside": [_place(place) for place in part.beside],
        "unread": [{"file": one.file, "why": one.why, "meant": one.meant} for one in part.unread],
        "notes": part.notes,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.line,
        "kind": place.kind,
        "status": place.status,
        "what": place.what,
        "counts": place.status == "left" and not place.indirect,
    }


def progress(part: Part, what: str) -> str:
    """How far it has come, in a sentence: `17 of 23 routers migrated, 6 left (2 of them mixed)`."""
    states = part.states
    total = len(part.units) - states["nothing"]
    left = states["left"] + states["mixed"]
    mixed = f" ({states['mixed']} of them mixed)" if states["mixed"] else ""
    more = f", {states['unknown']} unknown" if states["unknown"] else ""
    none = f"; {states['nothing']} with nothing to move" if states["nothing"] else ""
    return f"{states['migrated']} of {total} {what} migrated, {left} left{mixed}{more}{none}"


def told(inventory: Inventory) -> Iterator[str]:
    """Lines for a person: progress, a table of routers and pages, the places that are left or to be looked at."""
    for part in inventory.parts:
        what = "routers" if part is inventory.backend else "pages"
        yield from _told_part(part, what)
        yield ""
    if inventory.backend is not None and not inventory.declared:
        yield "mechanisms were recognised by what functions do; [mechanisms] of auth_matrix.toml says it for certain"
    count = ", ".join(f"{len(part.legacy)} in {part.root}" for part in inventory.parts)
    yield f"{inventory.legacy} legacy place(s): {count}"
    if inventory.failing:
        yield f"FAILED: {inventory.failing}"


def _told_part(part: Part, what: str) -> Iterator[str]:
    yield f"{'backend' if what == 'routers' else 'front end'} {line(part.root)}: {part.files} file(s) read"
    yield f"  {progress(part, what)}"
    units = sorted(part.units, key=lambda unit: (STATES.index(unit.state), unit.file))
    width = max((len(line(unit.file)) for unit in units), default=0)
    for unit in units:
        left = sum(1 for place in unit.places if place.status == "left")
        places = f"{left} left" if left else ""
        yield f"  {unit.state:9} {line(unit.file):{width}}  {places:8} {line(unit.why)}".rstrip()
    every = part.places
    for title, status, most in (("left", "left", len(every)), ("to be looked at", "unknown", _MOST_UNKNOWN)):
        shown = [place for place in every if place.status == status]
        if shown:
            yield f"  {title}:"
        for place in shown[:most]:
            beside = "  (counted there)" if place.indirect else ""
            yield f"    {line(place.file)}:{place.line}  {line(place.what)}{beside}"
        if len(shown) > most:
            yield f"    and {len(shown) - most} more: --json has all"
    for note in part.notes:
        yield f"  note: {line(note)}"
    for one in part.unmeant:
        yield f"  not read: {line(one.file)}: {line(one.why)}"
    for why, count in sorted(Counter(one.why for one in part.unread if one.meant).items()):
        names = [line(one.file) for one in part.unread if one.meant and one.why == why]
        yield f"  left out: {count} {why}: {listed(names, _FEW)}"
