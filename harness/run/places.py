"""Finds the places that a report names: in the declaration's files, and in the target's source where an agent saw it.

Files are named as a reviewer's tools want them: relative to the repository that holds the suites, or else to the one that holds the
app; where there is no repository, to the working directory or the app's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.contracts.matrix import Declaration
from harness.contracts.registry import FILES, MATRIX_FILE
from harness.core.errors import HarnessError
from harness.core.files import read_text
from harness.core.paths import path_shape
from harness.core.toml_lines import Key, key_lines
from harness.report.places import Place, Places
from harness.run.environment import app_directory
from harness.run.options import Options
from harness.targets.agent.protocol import Source
from harness.targets.base import Route, Target


def _lines(file: Path) -> dict[Key, int]:
    """The lines of a file's keys; none where it cannot be read any more."""
    try:
        return key_lines(read_text(file))
    except HarnessError:
        return {}


def declared_places(declaration: Declaration) -> Places:
    """Where a declaration says what; nothing of a target."""
    roots = [_repository(declaration.root, Path.cwd())]
    places = Places()
    for path, file in declaration.routers.items():
        name, lines = _relative(path, roots) or path.name, _lines(path)
        places.files[f"routers/{file.router}"] = Place(name, lines.get(("policy",), 1))
        places.declared |= {key: Place(name, lines.get(("routes", key), 1)) for key in file.routes}
    for each in (MATRIX_FILE, *FILES):
        path = declaration.root / each
        if path.is_file():
            places.files[each] = Place(_relative(path, roots) or path.name, 1)
    return places


def places_of(declaration: Declaration, target: Target, options: Options) -> Places:
    """Where the declaration and the target say what."""
    places = declared_places(declaration)
    shapes = {path_shape(key): place for key, place in places.declared.items()}
    app_dir = app_directory(options, declaration)
    roots = [_repository(declaration.root, Path.cwd()), _repository(app_dir, app_dir)]
    places.functions = _known(target.sources.items(), roots)
    places.handlers = _known(_handlers(target.routes), roots)
    for route in target.routes:  # The declaration may write a parameter's name otherwise.
        if route.key not in places.declared and path_shape(route.key) in shapes:
            places.declared[route.key] = shapes[path_shape(route.key)]
    return places


def _handlers(routes: Iterable[Route]) -> Iterable[tuple[str, Source]]:
    return ((route.key, route.source) for route in routes if route.source is not None)


def _known(sources: Iterable[tuple[str, Source]], roots: list[Path]) -> dict[str, Place]:
    """The sources that lie in one of the roots; others' code is nobody's to change."""
    named = ((name, _relative(Path(file), roots), line) for name, (file, line) in sources)
    return {name: Place(file, line) for name, file, line in named if file is not None}


def _repository(folder: Path, otherwise: Path) -> Path:
    """The root of the repository that holds a folder; without one, `otherwise` where it is around the folder, else the folder."""
    folder = folder.resolve()
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return each
    otherwise = otherwise.resolve()
    return otherwise if folder.is_relative_to(otherwise) else folder


def _relative(file: Path, roots: list[Path]) -> str | None:
    file = file.resolve()
    return next((file.relative_to(root).as_posix() for root in roots if file.is_relative_to(root)), None)
