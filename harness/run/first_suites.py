"""The declaration that `init` writes: what a backend does today, each line of it to be read by a person."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.tables import MatrixFile, RouterFile
from harness.contracts.registry import FILES, MATRIX_FILE
from harness.core.ending import held
from harness.core.errors import DatabaseError, HarnessError, MigrationError
from harness.core.file_set import write_set
from harness.core.onlooker import Onlooker
from harness.core.redact import is_secret
from harness.credentials import Legacy
from harness.credentials.mint import ORIGIN
from harness.database import Server
from harness.database.ways_out import way_out
from harness.run.baseline import RouteBaseline
from harness.run.options import Options
from harness.run.project import Project
from harness.run.project_files import python_texts
from harness.run.schemas import SCHEMAS, as_text, schemas
from harness.run.suite_lines import (
    lacked,
    policies_for,
    policy_of,
    remarked,
    router_text,
    schema_line,
    table,
    unread_line,
)
from harness.run.survey import Survey, said_first, server_for, started, survey

_HEAD = """# The auth matrix of this backend: who may enter.
# Written by `clerk-harness init` from what the backend did on that day, which is not what it should do. Each line of
# routers/*.toml says `reviewed = false`: read it, mend it, take that out. Until then a run does not pass.

"""
_OTHERWISE = (
    "; the way on without the history: --migrate with a command that makes the tables from the models, for example "
    "'python -c \"from app.db import Base, engine; Base.metadata.create_all(engine)\"'"
)


@dataclass
class Written:
    """What `init` wrote, and what it has to say of it."""

    paths: list[Path]
    notes: list[str] = field(default_factory=list)


def write_suites(options: Options, project: Project, onlooker: Onlooker | None = None) -> Written:
    """Survey the target and write `auth_matrix.toml` and a file a router; of the other contracts those that fit what was found.

    `onlooker` is told what is looked at. Raises HarnessError rather than overwrite.
    """
    root = options.suites
    onlooker = onlooker or Onlooker()
    refuse_to_overwrite(root)
    databased = _database_table(options, project)
    settings = {"origin": project.origin} if project.origin not in (None, ORIGIN) else {}
    options = replace(options, env={**project.clerk, **options.env})
    lacking = "the app does not start without it; a harmless value stands in [target.env]"
    onlooker.phase("who gets in, on every route")
    with server_for(options, wanted=databased is not None) as server:
        found, databased, notes = _surveyed(options, project, databased, settings, server)
        head = _HEAD + _target_lines(options, found.given)
        if databased is not None:
            head += "\n" + table("database", databased)
        settings |= {"origin": found.origin} if found.origin is not None else {}
        if settings:
            head += "\n" + table("settings", {"origin": remarked(settings["origin"], "the azp that the app accepts")})
        if project.legacy is not None:
            old = {"template": project.legacy.template, "encoding": project.legacy.encoding}
            head += "\n" + table("legacy", old)
        head += "".join(f"\n{table(f'identities.{name}', each)}" for name, each in found.people.items())
        files = {root / MATRIX_FILE: schema_line("matrix", ".") + head + "\n" + policies_for(found.entries)}
        files |= router_files(root, found.entries)
        beside: dict[str, str] = {}
        why: list[str] = []
        if options.contracts and options.url is None:
            beside, why = _beside(options, files, found, server, onlooker)
    notes += said_first(found.entries) + found.told + [f"{name}: {lacking}" for name in found.given] + why
    files |= {root / f"{name}.toml": text for name, text in beside.items()}
    files |= {root / SCHEMAS / f"{name}.schema.json": as_text(made) for name, made in schemas().items()}
    return Written(put(root, files), notes)


def _database_table(options: Options, project: Project) -> dict[str, Any] | None:
    """`[database]` as it is to be written; None where nothing speaks of one."""
    found: dict[str, Any] = dict(options.database)
    found |= {"url_env": project.url_env} if project.url_env not in (None, "DATABASE_URL") else {}
    found |= {"env": project.database_env} if project.database_env else {}
    return found if found or options.postgres or project.url_env else None


def _surveyed(
    options: Options,
    project: Project,
    databased: dict[str, Any] | None,
    settings: Mapping[str, Any],
    server: Server | None,
) -> tuple[Survey, dict[str, Any] | None, list[str]]:
    """What the routes do, `[database]` as it worked, and what of it did not. Raises HarnessError.

    Migrations that fail by themselves and a seed that does not fit are left out where `init` has found them: there may be another way.
    """
    notes: list[str] = []
    while True:
        matrix = MatrixFile.model_validate({"policies": {}, "database": databased, "settings": settings})
        try:
            declaration = Declaration(matrix, {}, options.suites, _legacy(project))
            return (
                survey(options, declaration, server, project.origins, old=project.legacy is not None),
                databased,
                notes,
            )
        except MigrationError as error:
            if databased is None or project.create_all in (None, databased.get("migrate")) or way_out(str(error)):
                otherwise = "alembic" in str(error) and not way_out(str(error))
                raise MigrationError(f"{error}{_OTHERWISE if otherwise else ''}") from None
            notes.append(
                f"{error}. The tables are made from the models instead (create_all): mend the history, and put it back"
            )
            databased = databased | {"migrate": project.create_all}
        except DatabaseError as error:
            if databased is None or project.seed is None or "seed" not in databased:
                raise
            notes.append(f"the seed that was found is left out: {error}")
            databased = {name: each for name, each in databased.items() if name != "seed"}


def _legacy(project: Project) -> Legacy:
    """The old token as the project's own function takes it apart, else as usual."""
    old = project.legacy
    return Legacy() if old is None else Legacy(template=old.template, encoding=old.encoding)


def _beside(
    options: Options, files: Mapping[Path, str], found: Survey, server: Server | None, onlooker: Onlooker
) -> tuple[dict[str, str], list[str]]:
    """The files of the contracts, by name, found out on a run by the matrix that is about to be written; and what is left out."""
    from harness.run.first_contracts import Surroundings, contract_files

    root = options.suites
    matrix = MatrixFile.model_validate(tomllib.loads(files[root / MATRIX_FILE]))
    read = {path: tomllib.loads(text) for path, text in files.items() if path != root / MATRIX_FILE}
    routers = {path: RouterFile.model_validate(each) for path, each in read.items()}
    declaration = Declaration(matrix, routers, root, Legacy(**matrix.legacy))  # type: ignore[arg-type]
    texts = python_texts((options.app_dir or Path.cwd()).resolve())
    own = frozenset(name for name in FILES.values() if (root / f"{name}.toml").exists())  # Somebody has written it.
    known = Surroundings(found.entries, found.seeded.table if found.seeded is not None else None, texts, own)
    told = replace(options, env=found.given | options.env)
    (made, notes), _ = started(told, declaration, lambda session: contract_files(session, known, onlooker), server)
    return made, notes


def refuse_to_overwrite(root: Path) -> None:
    """Raise HarnessError where a declaration is there already, or a part of one."""
    found = [path for path in (root / MATRIX_FILE, *sorted((root / "routers").glob("*.toml"))) if path.exists()]
    if found:
        raise HarnessError(
            f"{found[0]} exists; init does not overwrite: --update adds the routes that are new, --suites names another directory"
        )


def router_files(root: Path, found: list[RouteBaseline]) -> dict[Path, str]:
    """The files of the routers, with a line for each route."""
    by_router: dict[str, list[RouteBaseline]] = {}
    for entry in found:
        by_router.setdefault(entry.router, []).append(entry)
    return {
        root / "routers" / f"{router}.toml": router_text(
            router, {entry.route.key: unread_line(entry, policy_of(entry)) for entry in entries}
        )
        for router, entries in by_router.items()
    }


def put(root: Path, files: Mapping[Path, str]) -> list[Path]:
    """Write the files, all of them or none. Raises HarnessError."""
    try:
        with held():
            return write_set(root, files)
    except OSError as error:
        raise HarnessError(f"--suites {root}: {error.filename or root}: {error.strerror or error}") from error


def _target_lines(options: Options, given: dict[str, str]) -> str:
    target: dict[str, str] = {}
    if options.app is not None:
        app_dir = (options.app_dir or Path.cwd()).resolve()
        shown = os.path.relpath(app_dir, options.suites.resolve())
        target |= {"app": options.app, "app_dir": Path(shown).as_posix()}
    told = {"url": options.url, "command": options.command, "python": options.python, "openapi": options.openapi}
    target |= {name: text for name, text in told.items() if text is not None}
    lines = table("target", target)
    if options.env or given:
        left = [name for name, text in options.env.items() if is_secret(name) and not text.startswith("{CLERK_")]
        own = {name: text for name, text in options.env.items() if name not in left}
        lines += "\n" + table("target.env", own | {name: lacked(text) for name, text in given.items()})
        lines += "".join(f"# {name} is left to --env: it looks like a secret\n" for name in left)
    return lines
