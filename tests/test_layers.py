"""The layers of ARCHITECTURE.md, and what the project promises of its own files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.written import WRITTEN, current

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "harness"
DATA = {"examples/platform/migrations/versions/0001_legacy.py"}
"""Files with a function that is a schema, which is long."""


def declared_layers() -> dict[str, int]:
    """Layer of each package, as the table of ARCHITECTURE.md has it."""
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    return {package: int(layer) for layer, package in rows}


LAYERS = declared_layers()
_CONTRACTS = ("matrix", "user_sync", "migrations", "budget", "configuration", "frontend")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it; those under TYPE_CHECKING as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def climbing(part: str, names: set[str]) -> list[str]:
    """Imports that go upwards."""
    parts = {name.split(".")[1] for name in names if name.startswith("harness.")}
    return sorted(p for p in parts if p in LAYERS and LAYERS[p] > LAYERS[part])


def test_the_table_has_every_package_and_no_other() -> None:
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages == set(LAYERS)
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_the_picture_shows_every_package() -> None:
    picture = (ROOT / "ARCHITECTURE.md").read_text().split("## Layers", 1)[1].split("```")[1]
    order = [picture.index(name) for name in ("cli", "run", "report", "contracts", "targets", "credentials", "core")]
    assert order == sorted(order)
    assert all(re.search(rf"\b{name}\b", picture) for name in (*LAYERS, *_CONTRACTS))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    if path.parent == PACKAGE:
        return
    assert climbing(part_of(path), imported(path)) == []


def test_an_import_that_climbs_is_noticed() -> None:
    assert climbing("credentials", {"harness.contracts.matrix.judge", "json"}) == ["contracts"]


def test_siblings_of_one_layer_do_not_know_each_other() -> None:
    for path in modules():
        if part_of(path) in ("fake_clerk", "database", "cli", "pytest_plugin", "integrations"):
            others = {n.split(".")[1] for n in imported(path) if n.startswith("harness.")}
            own = LAYERS[part_of(path)]
            assert not {o for o in others if LAYERS.get(o) == own} - {part_of(path)}, path


def test_contracts_know_the_matrix_and_not_one_another() -> None:
    allowed = {("budget", "user_sync")}  # Which column maps a Clerk user to a row.
    for path in (PACKAGE / "contracts").rglob("*.py"):
        own = path.relative_to(PACKAGE / "contracts").parts[0].removesuffix(".py")
        known = {n.split(".")[2] for n in imported(path) if re.match(r"harness\.contracts\.\w+", n)}
        others = {(own, other) for other in known & set(_CONTRACTS) if other not in (own, "matrix")} - allowed
        assert not others, path
        if own not in _CONTRACTS and own != "base":
            assert not known & set(_CONTRACTS), path


@pytest.mark.parametrize("path", sorted((PACKAGE / "targets" / "agent").rglob("*.py")), ids=lambda p: p.name)
def test_the_agent_needs_nothing_but_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    top = {n.names[0].name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import)}
    top |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0}
    assert top <= sys.stdlib_module_names


def sources() -> Iterator[Path]:
    for folder in ("harness", "examples", "benchmarks", "tests"):
        yield from (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


@pytest.mark.parametrize("path", list(sources()), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    if path.relative_to(ROOT).as_posix() in DATA:
        return
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


def test_nothing_heavy_happens_at_import() -> None:
    heavy = ("pydantic", "psycopg", "jwt", "hypothesis", "schemathesis", "rich")
    code = f"import harness.cli.main, clerk_harness_pytest, sys; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("file", "marker", "write"), WRITTEN, ids=[file for file, _, _ in WRITTEN])
def test_what_commands_write_into_the_documentation_is_current(file: str, marker: str, write: object) -> None:
    assert callable(write)
    is_now, should_be = current(file, marker, write)
    assert is_now == should_be, "make docs writes it anew"
