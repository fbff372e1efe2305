"""The document as the page reads it: what is seen at once, and the cells as numbers that point into tables."""

from __future__ import annotations

from typing import Any

LATE = ("routers", "findings", "hardening", "objects", "tokens", "contracts")
"""Parts of the document that are not, or not as they are, in the first block."""
SHAPE = (
    "expected", "verdict", "status", "evidence", "seen", "mechanism", "functions", "detail", "excerpt", "twin", "hint", "needs",
)  # fmt: skip
"""What most cells have in common with others."""


def early(data: dict[str, Any]) -> dict[str, Any]:
    """What is seen at once: everything but the cells, of which each route has a tally by group and verdict."""
    shown = {name: value for name, value in data.items() if name not in LATE}
    shown["shape"] = SHAPE
    shown["contracts"] = [{k: v for k, v in check.items() if k != "figures"} for check in data["contracts"]]
    groups = list(dict.fromkeys(entry["group"] for entry in data["credentials"].values()))
    shown["groups"] = groups
    shown["again"] = _again(data)
    shown["routers"] = [
        {
            "router": router["router"],
            "routes": [
                {k: v for k, v in route.items() if k not in ("cells", "request")}
                | {"tally": _tally(route["cells"], data["credentials"], groups)}
                for route in router["routes"]
            ],
        }
        for router in data["routers"]
    ]
    return shown


def late(data: dict[str, Any]) -> dict[str, Any]:
    """The cells and what else is wanted when a reader asks for it.

    `cells` has for each route three rows of numbers: labels, shapes, milliseconds; and the commands that are not the usual one.
    """
    tables = _Tables()
    cells = {}
    requests = {}
    for router in data["routers"]:
        for route in router["routes"]:
            cells[route["route"]] = tables.rows(route, _again(data))
            requests[route["route"]] = route.get("request", {})
    figures: list[Any] = []
    measured = [_number(figures, check.get("figures", [])) for check in data["contracts"]]
    return {
        "texts": list(tables.texts), "shapes": list(tables.shapes), "cells": cells, "requests": requests,
        "tokens": data.get("tokens", {}), "figures": figures, "measured": measured,
    }  # fmt: skip


def _number(known: list[Any], value: Any) -> int:
    """The place of a value in a list of those that are known: several checks show the same figures."""
    if value not in known:
        known.append(value)
    return known.index(value)


class _Tables:
    """Texts and shapes by their numbers."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.shapes: dict[tuple[Any, ...], int] = {}
        self._known: dict[tuple[Any, ...], int] = {}
        """The same shapes as they stand in the document: very many cells have few of them."""

    def rows(self, route: dict[str, Any], command: str) -> list[Any]:
        """The cells of a route."""
        labels, shapes, times = [], [], []
        repeats: dict[str, str] = {}
        for cell in route["cells"]:
            labels.append(self._text(cell["credential"]))
            shapes.append(self._shape(cell))
            times.append(round(cell["milliseconds"], 1))
            repeat = cell.get("repeat", "")
            if repeat and repeat != usual(command, route["route"], cell["credential"]):
                repeats[str(len(labels) - 1)] = repeat
        return [labels, shapes, times, repeats]

    def _shape(self, cell: dict[str, Any]) -> int:
        key = tuple(tuple(value) if isinstance(value := cell.get(name, ""), list) else value for name in SHAPE)
        number = self._known.get(key)
        if number is None:
            shape = tuple(
                value if name == "status" else self._text(_joined(value))
                for name, value in zip(SHAPE, key, strict=True)
            )
            number = self._known[key] = self.shapes.setdefault(shape, len(self.shapes))
        return number

    def _text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


def _joined(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _again(data: dict[str, Any]) -> str:
    """The beginning of a command that runs it again, whole."""
    return str(data["command"]).removesuffix(data["narrowed"]).rstrip()


def usual(command: str, route: str, credential: str) -> str:
    """The command that repeats a cell, as it is for most; the page makes it by itself."""
    return f'{command} --route "{route}" --credentials {credential}'


def _tally(cells: list[dict[str, Any]], credentials: dict[str, Any], groups: list[str]) -> list[list[Any]]:
    """How many cells of each verdict a route has in each group, as rows of the group's number, the verdict, and how many."""
    counts: dict[tuple[int, str], int] = {}
    for cell in cells:
        entry = credentials.get(cell["credential"].partition("@")[0])
        where = groups.index(entry["group"]) if entry is not None else -1
        counts[where, cell["verdict"]] = counts.get((where, cell["verdict"]), 0) + 1
    return [[group, verdict, number] for (group, verdict), number in counts.items()]
