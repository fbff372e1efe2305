"""What `init` finds out about a project by reading its files: the app, where it is imported from, its database, its migrations.

Nothing is executed. Each thing that is taken has the file that says so, which the user is told.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.fake_clerk.clerk import VARIABLES
from harness.run.options import Options
from harness.run.project_clerk import own_variables
from harness.run.project_database import create_all_command, find_database
from harness.run.project_files import SKIPPED, python_texts, read_quietly, script_texts, shown
from harness.run.project_legacy import OldToken, old_token
from harness.run.project_node import find_node_database, node_command
from harness.run.project_origin import origins
from harness.run.project_servers import python_command

_KINDS = ("FastAPI", "Starlette", "Flask", "Quart", "Litestar")
_MADE = (*_KINDS, "get_asgi_application", "get_wsgi_application")
_FACTORIES = ("create_app", "make_app", "build_app", "get_app", "app_factory", "create_application", "get_application")
_LAUNCHERS = r"\b(?:uvicorn|gunicorn|hypercorn|daphne|granian|waitress-serve|litestar)\b"
_SPEC = r"(?<![\w./:-])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*)(?:\(\))?(?![\w/:-])"
_LAUNCH_FILES = (
    "Procfile", "Dockerfile*", "Containerfile*", "docker-compose*.y*ml", "compose*.y*ml", "*.sh", "Makefile", "fly.toml",
    "render.yaml", "scripts/*.sh", "docker/*", "*/Dockerfile*",
)  # fmt: skip
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
    database_env: dict[str, str] = field(default_factory=dict)
    """Variables of parts of the database's address, as `env` of `[database]` has them."""
    seed: Path | None = None
    create_all: str | None = None
    """A command that makes the tables from the models, where they are SQLAlchemy's."""
    origin: str | None = None
    origins: dict[str, str] = field(default_factory=dict)
    """Origins that are tried where nobody gets in with the usual one, each with the file that names it."""
    legacy: OldToken | None = None
    clerk: dict[str, str] = field(default_factory=dict)
    """Clerk's variables under names of the project's own, as `env` of `[target]` has them."""
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
    command = (node_command(folder) or python_command(folder, texts)) if found.app is None else None
    if command is not None:
        found.command = command[0]
        found.because.append(command[1])
    if found.app is None and found.command is None:
        raise HarnessError(
            f"init found no app in {folder}: no {', '.join(_KINDS)} or Django app, and no Node server; "
            "give --app module:attribute, --command or --url"
        )
    if found.app is not None:
        _find_surroundings(found.app_dir or folder, folder, found, texts, database)
    else:
        _find_node_surroundings(folder, found, database)
        _find_credentials(folder, found, {**texts, **script_texts(folder)})
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
    if not database:
        return options, found
    seed = os.path.relpath(found.seed, options.suites.resolve()) if found.seed is not None else None
    return replace(options, migrate=found.migrate, scheme=found.scheme, seed_file=options.seed_file or seed), found


def _find_surroundings(app_dir: Path, folder: Path, found: Project, texts: dict[Path, str], database: bool) -> None:
    """Look for the app's database, its migrations and the origin that its verifier expects."""
    if database:
        told = find_database(app_dir, folder, texts)
        found.migrate, found.scheme, found.url_env = told.migrate, told.scheme, told.url_env
        found.database_env, found.seed = told.env, told.seed
        found.because += told.because
    found.create_all = create_all_command(app_dir, texts)
    _find_credentials(folder, found, texts)


def _find_node_surroundings(folder: Path, found: Project, database: bool) -> None:
    """The same of a Node project."""
    texts = script_texts(folder)
    if database:
        told = find_node_database(folder, texts)
        found.migrate, found.url_env, found.database_env, found.seed = told.migrate, told.url_env, told.env, told.seed
        found.because += told.because


def _find_credentials(folder: Path, found: Project, texts: dict[Path, str]) -> None:
    """Look for the origins that the verifier may expect, and for the function that decodes the old token."""
    found.origins = origins(folder, texts)
    for path, text in texts.items():
        if match := _AUTHORIZED.search(text):
            found.origin = match[1]
            found.because.append(f"origin {match[1]}: {shown(path, folder)} accepts it as an authorized party")
            break
    found.clerk = own_variables(texts, VARIABLES)
    found.because += [f"{name} = {text}, by its name" for name, text in found.clerk.items()]
    if (old := old_token(folder, texts)) is not None:
        found.legacy = old
        found.because.append(f"the old token as {old.encoding} of {old.template}: {old.where} takes it apart")


def _find_app(folder: Path, found: Project, texts: dict[Path, str]) -> None:
    for spec, path in _launched(folder):
        if (root := _root_of(spec, folder)) is not None:
            found.app, found.app_dir = spec, root
            found.because.append(f"--app {spec}: {shown(path, folder)} starts it")
            return
    if (manage := next(iter(sorted([*folder.glob("manage.py"), *folder.glob("*/manage.py")])), None)) is not None:
        match = re.search(r"DJANGO_SETTINGS_MODULE\W+([\w.]+)", read_quietly(manage))
        package = match[1].partition(".settings")[0] if match else ""
        for name in ("asgi", "wsgi"):
            if package and (manage.parent / package.replace(".", "/") / f"{name}.py").is_file():
                found.app, found.app_dir = f"{package}.{name}:application", manage.parent
                found.because.append(f"--app {found.app}: {shown(manage, folder)} is Django's")
                return
    candidates = sorted(
        _candidates(folder, texts), key=lambda each: (-each.points, len(each.file.parts), str(each.file))
    )
    if candidates:
        best = candidates[0]
        found.app, found.app_dir = best.spec, best.root
        others = [each.spec for each in candidates[1:4]]
        more = f" (others: {', '.join(others)}; --app chooses)" if others else ""
        found.because.append(f"--app {best.spec}: {shown(best.file, folder)} makes it{more}")


def _launched(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the apps that start commands name, with the files in which they stand."""
    project = folder / "pyproject.toml"
    try:
        named = tomllib.loads(read_quietly(project)).get("tool", {}).get("fastapi", {}).get("entrypoint")
        if isinstance(named, str) and re.fullmatch(_SPEC, named):
            yield named, project
    except (tomllib.TOMLDecodeError, AttributeError):
        pass
    for pattern in _LAUNCH_FILES:
        for path in sorted(folder.glob(pattern)):
            text = read_quietly(path).replace("\\\n", " ") if path.is_file() else ""
            for launcher in re.finditer(_LAUNCHERS, text):
                if match := re.search(_SPEC, text[launcher.end() : launcher.end() + 400]):
                    yield match[1], path


def _root_of(spec: str, folder: Path) -> Path | None:
    """The directory from which a spec's module can be imported; None where no file is it."""
    inner = Path(*spec.partition(":")[0].split("."))
    near = [folder, *(folder / name for name in ("src", "backend", "api", "server", "app"))]
    for root in (*near, *(path for path in sorted(folder.glob("*")) if path.is_dir() and path.name not in SKIPPED)):
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
