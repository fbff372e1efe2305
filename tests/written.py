"""What commands write into the documentation: `make docs` does it, and a test holds it to be current.

python -m tests.written
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

from harness.run.option_table import markdown
from harness.run.schemas import as_text, every_schema
from tests import keys_page
from tests.credentials import coverage

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "harness"


def _first_sentence(path: Path) -> str:
    """Of a module's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
    found = re.match(r"(.+?[.!?])(?= [A-Z`]|$)", text)
    return found[1] if found else text


def modules() -> str:
    """Every module of the harness, by package, with the first sentence of its docstring."""
    lines: list[str] = []
    packages = sorted(
        {path.parent for path in PACKAGE.rglob("*.py")}, key=lambda path: path.relative_to(ROOT).as_posix()
    )
    for package in packages:
        own = sorted(path for path in package.glob("*.py"))
        about = package / "__init__.py"
        lines += ["", f"#### `{package.relative_to(ROOT).as_posix()}`", ""]
        if about.is_file():
            lines += [_first_sentence(about), ""]
        lines += [f"- `{path.stem}`: {_first_sentence(path)}" for path in own if path != about]
    return "\n".join(lines).strip() + "\n"


WRITTEN: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("ARCHITECTURE.md", "modules", modules),
    ("docs/run.md", "options", markdown),
)
"""File, marker, and what stands between `<!-- marker -->` and `<!-- /marker -->`."""


PAGES: dict[str, Callable[[], str]] = {"coverage.md": coverage.page, "keys.md": keys_page.page}
"""Pages of docs/ that are written whole."""


def current(file: str, marker: str, write: Callable[[], str]) -> tuple[str, str]:
    """The file as it is, and as it should be."""
    text = (ROOT / file).read_text(encoding="utf-8")
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return text, f"{head}{begin}\n{write()}{end}{tail}"


if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
    for name, made in every_schema().items():
        (ROOT / "docs" / "schemas" / f"{name}.schema.json").write_text(as_text(made), encoding="utf-8")
    for file, marker, write in WRITTEN:
        (ROOT / file).write_text(current(file, marker, write)[1], encoding="utf-8")
