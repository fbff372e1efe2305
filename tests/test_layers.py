"""The floors of design.md, and what the project promises of its own files."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "harness"
FLOORS = {
    "cli": 5, "commands": 5, "plugin": 5, "terminal": 5, "__main__": 5, "session": 5, "survey": 5, "schemathesis_check": 5, "issuer": 5,
    "contracts": 5, "contract_items": 5, "ahead": 5,
    "report": 4,
    "matrix": 3, "sync": 3, "migrate": 3, "budget": 3, "configuration": 3, "config": 5,
    "targets": 2,
    "credentials": 1,
    "fake_clerk": 0, "database": 0, "errors": 0, "redact": 0, "tables": 0, "checks": 0,
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it; those under TYPE_CHECKING as well."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
            if node.module == "harness":
                names.update(f"harness.{alias.name}" for alias in node.names)
    return names


def climbing(part: str, names: set[str]) -> list[str]:
    """Imports that go upwards."""
    parts = {name.split(".")[1] for name in names if name.startswith("harness.") and name != "harness.__version__"}
    return sorted(p for p in parts if FLOORS[p] > FLOORS[part])


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    assert climbing(part_of(path), imported(path)) == []


def test_an_import_that_climbs_is_noticed() -> None:
    assert climbing("credentials", {"harness.contracts.matrix.judge", "json"}) == ["matrix"]


def test_siblings_of_floor_zero_do_not_know_each_other() -> None:
    for path in modules():
        if part_of(path) in ("fake_clerk", "database"):
            others = {n.split(".")[1] for n in imported(path) if n.startswith("harness.")}
            assert others <= {part_of(path), "errors", "tables"}, path


@pytest.mark.parametrize("path", sorted((PACKAGE / "targets" / "agent").rglob("*.py")), ids=lambda p: p.name)
def test_the_agent_needs_nothing_but_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    top = {n.names[0].name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import)}
    top |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0}
    assert top <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "path", [p for d in ("harness", "examples", "benchmarks", "tests") for p in (ROOT / d).rglob("*.py")], ids=str
)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 420


def test_nothing_heavy_happens_at_import() -> None:
    heavy = ("pydantic", "psycopg", "jwt", "hypothesis", "schemathesis")
    code = f"import harness.cli.main, harness.pytest_plugin.hooks, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.strip()
    assert loaded == "[]"
