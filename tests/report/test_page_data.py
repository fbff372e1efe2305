"""The page's two blocks say of every cell what the document says, in less room."""

from __future__ import annotations

from typing import Any

from harness.report.json_report import document
from harness.report.page_data import SHAPE, early, late, usual
from tests.browser.records import failing, incomplete


def cells_of(data: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The cells of a document as the page reads them from its second block."""
    packed, again = late(data), early(data)["again"]
    found = {}
    for route, (labels, shapes, times, repeats) in packed["cells"].items():
        for place, (label, shape) in enumerate(zip(labels, shapes, strict=True)):
            values = zip(SHAPE, packed["shapes"][shape], strict=True)
            cell = {name: value if name == "status" else packed["texts"][value] for name, value in values}
            name = packed["texts"][label]
            cell |= {"ms": times[place], "repeat": repeats.get(str(place), usual(again, route, name))}
            found[route, name] = cell
    return found


def test_every_cell_is_there_with_all_that_is_known_of_it() -> None:
    for made in (failing, incomplete):
        data = document(made())
        read = cells_of(data)
        routes = [route for router in data["routers"] for route in router["routes"]]
        written = {(route["route"], cell["credential"]): cell for route in routes for cell in route["cells"]}
        assert read.keys() == written.keys() and written
        for key, cell in written.items():
            for name in SHAPE:
                value = cell.get(name, "")
                assert read[key][name] == (", ".join(value) if isinstance(value, list) else value)
            assert read[key]["repeat"] == cell.get("repeat", read[key]["repeat"])


def test_a_tally_counts_every_cell_once() -> None:
    data = document(failing())
    for shown, router in zip(early(data)["routers"], data["routers"], strict=True):
        for route, whole in zip(shown["routes"], router["routes"], strict=True):
            assert sum(number for _, _, number in route["tally"]) == len(whole["cells"])
            assert "cells" not in route


def test_the_command_that_repeats_a_cell_is_without_what_narrowed_the_run() -> None:
    assert early(document(incomplete()))["again"] == "clerk-harness run --suites suites"


def test_figures_that_several_checks_show_are_there_once() -> None:
    data = document(failing())
    data["contracts"] = [data["contracts"][1]] * 3
    assert (len(late(data)["figures"]), late(data)["measured"]) == (1, [0, 0, 0])
