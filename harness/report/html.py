"""`auth-matrix.html`: one file that opens from disk, needs no network, and shows nothing that is not in the JSON."""

from __future__ import annotations

import html
import json
import re
from importlib import resources
from typing import Any

from harness.core.output import line
from harness.report.json_report import document
from harness.report.model import Record


def _compact(data: dict[str, Any]) -> dict[str, Any]:
    """The document with its cells as rows over tables of texts: a tenth of the size."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    for router in data["routers"]:
        for route in router["routes"]:
            route["cells"] = [
                [
                    number(cell["credential"]),
                    number(cell["expected"]),
                    number(cell["verdict"]),
                    number(cell["evidence"]),
                    number(cell["seen"]),
                    number(", ".join(cell["mechanism"])),
                    number(", ".join(cell.get("functions", []))),
                    cell["milliseconds"],
                    number(cell.get("detail", "")),
                    number(cell.get("excerpt", "")),
                    number(cell.get("repeat", "")),
                ]
                for cell in route["cells"]
            ]
    return data | {"texts": list(texts)}


class HtmlReport:
    """Renders the record as a page."""

    def render(self, record: Record) -> str:
        """The page."""
        data = json.dumps(_compact(document(record)), ensure_ascii=False, separators=(",", ":"))
        # Inside a script element only these could end it (HTML, section 4.12.1.3).
        data = data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
        template = resources.files("harness.report").joinpath("template.html").read_text(encoding="utf-8")
        parts = {
            "title": html.escape(line(f"Auth matrix {record.outcome}: {record.meta.target.get('app', '')}")),
            "data": data,
        }
        # At once: what stands in for one may read like the other.
        return re.sub(r"\{\{(title|data)\}\}", lambda found: parts[found.group(1)], template)
