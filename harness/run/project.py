"""What `init` finds out about a project by reading its files: the app, where it is imported from, its database, its migrations.

Nothing is executed. Each thing that is taken has the file that says so, which the user is told.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.files import is_written_here
from harness.run.options import Options
from harness.targets.app import find_python

_SKIPPED = {"node_modules", "site-packages", "__pycache__", "tests", "test", "build", "dist", "venv", "env"}
_MOST_FILES, _MOST_BYTES, _DEPTH = 3000, 300_000, 6
_KINDS = ("FastAPI", "Starlette", "Flask", "Quart")
_MADE = (*_KINDS, "get_asgi_application", "get_wsgi_application")
_FACTORIES = ("create_app", "make_app", "build_app", "get_app", "app_factory", "create_application", "get_application")
_DRIVERS = ("asyncpg", "psycopg2", "psycopg", "pg8000")
_LAUNCHERS = r"\b(?:uvicorn|gunicorn|hypercorn|daphne|granian|waitress-serve)\b"
_SPEC = r"(?<![\w./:-])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*)(?:\(\))?(?![\w/:-])"
_LAUNCH_FILES = (
    "Procfile", "Dockerfile*", "Containerfile*", "docker-compose*.y*ml", "compose*.y*ml", "*.sh", "Makefile", "fly.toml",
    "render.yaml", "scripts/*.sh", "docker/*", "*/Dockerfile*",
)  # fmt: skip
_URL_VARIABLE = re.compile(r"""["']([A-Z0-9_]*(?:DATABASE|DB|POSTGRES|PG|SQLALCHEMY)[A-Z0-9_]*(?:URL|URI|DSN))["']""")
_URL_SETTING = re.compile(
    r"^\s+(database_url|db_url|postgres_url|database_uri|sqlalchemy_database_ur[il]|postgres_dsn)\s*:", re.I | re.M
)
_AUTHORIZED = re.compile(r"authorized_part(?:y|ies)\W{0,40}?(https?://[\w.:-]+)", re.I)


@dataclass
class Project:
    """What was found; empty where there was nothing. `because`: a sentence for each thing that was taken."""

    app: str | None = None
    app_dir: Path | None = None
    command: str | None = None
    migrate: str | None = None
    scheme: str | None = None
    url_env: str | None = None
    origin: str | None = None
    because: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    """An app in a source file. `points`: how much speaks for it."""

    spec: str
    root: Path
    file: Path
    points: int


def find_project(folder: Path, *, database: bool = True) -> Project:
    """Look at the files of a project; for a `database` only where nothing else speaks of one.

    Raises HarnessError where there is neither an app nor a server's start command, naming what was looked for.
    """
    found, texts = Project(), python_texts(folder)
    _find_app(folder, found, texts)
    if found.app is None:
        found.command = _node_command(folder, found)
    if found.app is None and found.command is None:
        raise HarnessError(
            f"init found no app in {folder}: no {', '.join(_KINDS)} or Django app, and no Node server; "
            "give --app module:attribute, --command or --url"
        )
    if found.app is not None:
        _find_surroundings(found.app_dir or folder, folder, found, texts, database)
    return found


def with_project(options: Options) -> tuple[Options, Project]:
    """The options with what the project's files tell where they are silent, and what was found.

    Of an app that is named only the surroundings are looked for, and the database only where no option speaks of one.
    """
    here = (options.app_dir or Path.cwd()).resolve()
    database = not (options.migrate or options.scheme or options.postgres)  # A seed says nothing of the others.
    if options.app is None:
        found = find_project(here, database=database)
        options = replace(options, app=found.app, app_dir=found.app_dir, command=found.command)
    else:
        found = Project()
        _find_surroundings(here, here, found, python_texts(here), database)
    return replace(options, migrate=found.migrate, scheme=found.scheme) if database else options, found


def _find_surroundings(app_dir: Path, folder: Path, found: Project, texts: dict[Path, str], database: bool) -> None:
    """Look for the app's database, its migrations and the origin that its verifier expects."""
    if database:
        _find_database(app_dir, folder, found, texts)
    for path, text in texts.items():
        if match := _AUTHORIZED.search(text):
            found.origin = match[1]
            found.because.append(f"origin {match[1]}: {_shown(path, folder)} accepts it as an authorized party")
            break


def _find_app(folder: Path, found: Project, texts: dict[Path, str]) -> None:
    for spec, path in _launched(folder):
        if (root := _root_of(spec, folder)) is not None:
            found.app, found.app_dir = spec, root
            found.because.append(f"--app {spec}: {_shown(path, folder)} starts it")
            return
    if (manage := next(iter(sorted([*folder.glob("manage.py"), *folder.glob("*/manage.py")])), None)) is not None:
        match = re.search(r"DJANGO_SETTINGS_MODULE\W+([\w.]+)", _read(manage))
        package = match[1].partition(".settings")[0] if match else ""
        for name in ("asgi", "wsgi"):
            if package and (manage.parent / package.replace(".", "/") / f"{name}.py").is_file():
                found.app, found.app_dir = f"{package}.{name}:application", manage.parent
                found.because.append(f"--app {found.app}: {_shown(manage, folder)} is Django's")
                return
    candidates = sorted(
        _candidates(folder, texts), key=lambda each: (-each.points, len(each.file.parts), str(each.file))
    )
    if candidates:
        best = candidates[0]
        found.app, found.app_dir = best.spec, best.root
        others = [each.spec for each in candidates[1:4]]
        more = f" (others: {', '.join(others)}; --app chooses)" if others else ""
        found.because.append(f"--app {best.spec}: {_shown(best.file, folder)} makes it{more}")


def _launched(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the apps that start commands name, with the files in which they stand."""
    project = folder / "pyproject.toml"
    try:
        named = tomllib.loads(_read(project)).get("tool", {}).get("fastapi", {}).get("entrypoint")
        if isinstance(named, str) and re.fullmatch(_SPEC, named):
            yield named, project
    except (tomllib.TOMLDecodeError, AttributeError):
        pass
    for pattern in _LAUNCH_FILES:
        for path in sorted(folder.glob(pattern)):
            text = _read(path).replace("\\\n", " ") if path.is_file() else ""
            for launcher in re.finditer(_LAUNCHERS, text):
                if match := re.search(_SPEC, text[launcher.end() : launcher.end() + 400]):
                    yield match[1], path


def _root_of(spec: str, folder: Path) -> Path | None:
    """The directory from which a spec's module can be imported; None where no file is it."""
    inner = Path(*spec.partition(":")[0].split("."))
    near = [folder, *(folder / name for name in ("src", "backend", "api", "server", "app"))]
    for root in (*near, *(path for path in sorted(folder.glob("*")) if path.is_dir() and path.name not in _SKIPPED)):
        if (root / inner).with_suffix(".py").is_file() or (root / inner / "__init__.py").is_file():
            return root
    return None


def _candidates(folder: Path, texts: dict[Path, str]) -> Iterator[_Candidate]:
    """Yield the apps and factories at the top of the project's modules."""
    for path, text in texts.items():
        if not any(kind in text for kind in (*_MADE, *_FACTORIES)):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        root = _import_root(path, tree, folder)
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        points = sum(text.count(word) for word in ("include_router", "register_blueprint", ".mount(", "add_middleware"))
        points += 3 * (path.stem in ("main", "app", "asgi", "wsgi", "server", "application")) - len(
            path.relative_to(folder).parts
        )
        for name, made in _apps_of(tree):
            usual = 5 * (name in ("app", "application", "asgi", "wsgi")) + 10 * made
            mounted = 5 * bool(re.search(rf"\.mount\([^)]*\b{name}\b", text))
            yield _Candidate(f"{module}:{name}", root, path, points + usual - mounted)


def _apps_of(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield the names at a module's top that are apps (True) or functions that make one (False)."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            called = _last_name(node.value.func)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if called in _MADE or called in _FACTORIES:
                yield from ((target.id, True) for target in targets if isinstance(target, ast.Name))
        if isinstance(node, ast.FunctionDef):
            makes = any(isinstance(each, ast.Call) and _last_name(each.func) in _KINDS for each in ast.walk(node))
            needed = len(node.args.args) - len(node.args.defaults)
            if makes and not needed and (node.name in _FACTORIES or _last_name(node.returns) in _KINDS):
                yield node.name, False


def _last_name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _import_root(path: Path, tree: ast.Module, folder: Path) -> Path:
    """The directory from which a module is imported: where most of what it imports itself is found, else above its package."""
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        )
    }  # fmt: skip
    package = path.parent
    while package != folder and (package / "__init__.py").is_file():
        package = package.parent
    above = [each for each in (path.parent, *path.parent.parents) if each == folder or folder in each.parents]

    def fits(root: Path) -> tuple[int, bool]:
        known = sum((root / f"{name}.py").is_file() or (root / name).is_dir() for name in names if name)
        return known, root == package

    return max(above, key=fits)


def _find_database(app_dir: Path, folder: Path, found: Project, texts: dict[Path, str]) -> None:
    declared = "\n".join(
        _read(path) for pattern in ("requirements*.txt", "pyproject.toml", "Pipfile", "setup.cfg", "*/requirements*.txt")
        for path in sorted(folder.glob(pattern))
    )  # fmt: skip
    code = "\n".join(texts.values())
    everything = f"{declared}\n{code}"
    if "sqlite" in code and "postgres" not in everything.lower():
        return
    scheme = next(iter(re.findall(r"\b(postgresql\+\w+)://", code)), None)
    drivers = [name for name in _DRIVERS if re.search(rf"\b{name}\b", everything)] or _installed(app_dir)
    variable, path = _url_variable(texts)
    if (scheme is None and not drivers) or not (variable or re.search(r"alembic|DATABASES", everything)):
        return
    _find_migrations(app_dir, folder, found)
    if scheme is None and drivers and "sqlalchemy" in everything.lower():
        asynchronous = "asyncpg" in drivers and "create_async_engine" in code
        synchronous = "psycopg" in drivers and "psycopg2" not in drivers
        scheme = "postgresql+asyncpg" if asynchronous else "postgresql+psycopg" if synchronous else None
    if variable is None and found.migrate is None:
        return
    found.scheme, found.url_env = scheme, variable
    if path is not None:
        shown = f", as {scheme}://" if scheme else ""
        found.because.append(f"a Postgres of its own by {variable}{shown}: {_shown(path, folder)} asks for it")
    if found.migrate is None:
        found.because.append(
            "no migrations found: --migrate COMMAND makes the tables, unless the app does at its start"
        )


def _installed(app_dir: Path) -> list[str]:
    """The Postgres drivers of the app's Python."""
    packages = sorted(Path(find_python(app_dir)).parent.parent.glob("lib/python*/site-packages"))
    return [name for name in _DRIVERS if any((folder / name).is_dir() for folder in packages)]


def _url_variable(texts: dict[Path, str]) -> tuple[str, Path] | tuple[None, None]:
    """The variable by which the code learns its database's address, and the file that says so."""
    for path, text in texts.items():
        if match := _URL_VARIABLE.search(text) or _URL_SETTING.search(text):
            return match[1].upper(), path
    return None, None


def _find_migrations(app_dir: Path, folder: Path, found: Project) -> None:
    for directory in dict.fromkeys((app_dir, folder)):
        if (directory / "alembic.ini").is_file():
            relative = os.path.relpath(directory / "alembic.ini", app_dir)
            found.migrate = (
                "alembic upgrade head"
                if directory == app_dir
                else f"alembic -c {Path(relative).as_posix()} upgrade head"
            )
            found.because.append(f"migrations by `{found.migrate}`: {_shown(directory / 'alembic.ini', folder)}")
            return
    if (app_dir / "manage.py").is_file():
        found.migrate = "python manage.py migrate"
        found.because.append(f"migrations by `{found.migrate}`")


def _node_command(folder: Path, found: Project) -> str | None:
    """How a Node project is started: by its start script, else by its main file."""
    try:
        package = json.loads(_read(folder / "package.json") or "{}")
        start, main = package.get("scripts", {}).get("start"), package.get("main")
    except (ValueError, AttributeError):
        return None
    if isinstance(start, str) and start.strip():
        found.because.append(f"--command {start!r}: the start script of package.json")
        return start
    places = [f"{place}{name}" for place in ("", "src/") for name in ("server", "index", "app", "main")]
    usual = [place + ending for place in places for ending in (".mjs", ".js", ".cjs")]
    for name in ([main] if isinstance(main, str) else []) + usual:
        if (folder / name).is_file() and re.search(r"\.listen\(|createServer|serve\(", _read(folder / name)):
            found.because.append(f"--command 'node {name}': {name} listens")
            return f"node {name}"
    return None


def python_texts(folder: Path) -> dict[Path, str]:
    """What stands in the Python files of a project, each read once."""
    return {path: text for path in _sources(folder) if (text := _read(path))}


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the Python files of a project, without environments, tests and what is generated."""
    number = 0
    for directory, folders, files in os.walk(folder):
        depth = len(Path(directory).relative_to(folder).parts)
        folders[:] = sorted(
            name for name in folders
            if depth < _DEPTH and name not in _SKIPPED and is_written_here(Path(directory, name))
        )  # fmt: skip
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith("test_") and not name.endswith("_test.py"):
                number += 1
                if number > _MOST_FILES:
                    return
                yield Path(directory, name)


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace") if path.is_file() else ""
    except OSError:
        return ""


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
