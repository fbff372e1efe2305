"""`auth-matrix.html`: one file that opens from disk, needs no network, and shows nothing that is not in the JSON.

Its parts stand in `page/`: the markup, the style, and the scripts in the order of `SCRIPTS`. What is seen at once is in one block of
JSON; the cells are in another, compressed, which the page unpacks when something of them is to be shown.
"""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from importlib import resources
from typing import Any

from harness.core.output import line
from harness.report.json_report import document
from harness.report.listener import Listener
from harness.report.model import Record
from harness.report.page_data import early, late

SCRIPTS = (
    "base.js",
    "state.js",
    "glance.js",
    "causes.js",
    "access.js",
    "matrix.js",
    "results.js",
    "cell.js",
    "mapping.js",
    "contracts.js",
    "main.js",
)
"""In the order in which they are put together."""


class HtmlReport(Listener):
    """Renders the record as a page."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The page."""
        return page(document(record) if told is None else told, record.outcome)


def page(data: dict[str, Any], outcome: str) -> str:
    """The page of a document, as `document` gives it; `outcome`: the run in a word."""
    words = f"{outcome} (a part)" if data.get("part") or data.get("narrowed") else outcome
    parts = {
        "title": html.escape(line(f"Auth matrix {words}: {data['target'].get('app', '')}")),
        "outcome": html.escape(line(words)),
        "style": _part("style.css"),
        "script": "\n".join(_part(name) for name in SCRIPTS),
        "data": _inside_script(early(data)),
        "late": _packed(late(data)),
    }
    # At once: what stands in for one may read like the other.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found.group(1)], _part("page.html"))


def _part(name: str) -> str:
    return resources.files("harness.report").joinpath("page", name).read_text(encoding="utf-8").rstrip("\n")


def _inside_script(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Inside a script element only these could end it (HTML, section 4.12.1.3).
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _packed(value: Any) -> str:
    """As the page unpacks it: JSON, zlib (RFC 1950, which browsers call `deflate`), base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 9)).decode("ascii")
