"""How Sphinx builds the documentation: `make site`. Every warning is an error there, broken links and anchors among them.

The pages are plain Markdown that GitHub shows as well: what the site needs beyond it is made here. README.md is the index, and
the order of its tables is the order of the site; a page that it does not name fails the build.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "clerk-harness"
project_copyright = ""
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["schemas"]
nitpicky = True

myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["misc.highlighting_failure"]  # A terminal's output is in no language.

smartquotes = False  # `--` is an option's beginning, wherever it stands.

html_theme = "furo"
html_title = "clerk-harness"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["style"]
html_css_files = ["site.css"]

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = os.environ.get("DOCS_REPOSITORY", "")
"""Where the other files of the repository can be read, such as https://github.com/OWNER/NAME/blob/main; else they are only named."""

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#\s]+)(#[^)\s]*)?\)")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_PAGE = re.compile(r"^\| \[[^\]]+\]\(([^)#]+)\.md\)", re.MULTILINE)


def navigation(index: str) -> str:
    """What the index's tables are to Sphinx: hidden tables of contents, one a section."""
    parts = _SECTION.split(index)[1:]
    sections = [(title, _PAGE.findall(text)) for title, text in zip(parts[::2], parts[1::2], strict=True)]
    return "".join(
        "\n".join(["", "```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", ""])
        for title, pages in sections
        if pages
    )


def _outside(link: re.Match[str]) -> str:
    """A link to a file that is no page. One that leads nowhere is left as it is, and fails the build."""
    words, path, anchor = link[1], link[2], link[3] or ""
    if not (ROOT / path).exists():
        return link[0]
    return f"[{words}]({REPOSITORY}/{path}{anchor})" if REPOSITORY else words


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = _OUTSIDE.sub(_outside, source[0])
    if name == root_doc:
        source[0] += navigation(source[0])


def _also_as_index(app: Sphinx, failed: Exception | None) -> None:
    page = Path(app.outdir) / f"{root_doc}.html"
    if failed is None and page.is_file():
        shutil.copyfile(page, page.with_name("index.html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("build-finished", _also_as_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
