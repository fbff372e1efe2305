"""The declaration that `init` writes: what a backend does today, each line of it to be read by a person."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.tables import DatabaseTable, MatrixFile
from harness.contracts.registry import MATRIX_FILE
from harness.core.ending import held
from harness.core.errors import HarnessError, TargetError
from harness.core.file_set import write_set
from harness.core.redact import is_secret
from harness.credentials import Legacy
from harness.credentials.mint import ORIGIN
from harness.database import open_server
from harness.run.baseline import RouteBaseline, observe_baseline
from harness.run.context import RunContext
from harness.run.options import Options
from harness.run.project import Project
from harness.run.schemas import SCHEMAS, as_text, schemas
from harness.targets.request_builder import Example, base_request

_HARMLESS, _HARMLESS_URL = "none-of-the-harness", "http://127.0.0.1:9"
_MOST_VARIABLES = 40

_MATRIX = """# The auth matrix of this backend: who may enter.
# Written by `clerk-harness init` from what the backend did on that day, which is not what it should do. Each line of
# routers/*.toml says `reviewed = false`: read it, mend it, take that out. Until then a run does not pass.

[target]
{target}
[policies.public]
accept = ["*"]

[policies.clerk]
accept = ["clerk"]            # and nothing else in the catalogue

[policies.legacy]             # REVIEW: these routes still take the old token
accept = ["legacy"]

[policies.migrating]          # REVIEW: both get in; give the bridge phase an end: until = 2027-01-31
accept = ["clerk", "legacy"]

[policies.admin]              # REVIEW: administrators of the active organization only
accept = ["clerk-org-admin"]

[policies.inside]             # REVIEW: the handler decides by itself: accept what it verifies, for example "webhook" or "clerk"
accept = []
guard = "handler"

[policies.closed]             # REVIEW: nobody got in: another role, another credential, or a request that needs an example
accept = []                   # if nobody is to enter, a person says so: closed = true
"""
_POLICY = {
    "open": "public", "clerk": "clerk", "legacy": "legacy", "clerk+legacy": "migrating", "admin": "admin",
    "cookie": "clerk", "inside": "inside",
}  # fmt: skip


@dataclass
class Written:
    """What `init` wrote, and what it has to say of it."""

    paths: list[Path]
    notes: list[str] = field(default_factory=list)


def write_suites(options: Options, project: Project) -> Written:
    """Survey the target and write `auth_matrix.toml` and a file a router. Raises HarnessError rather than overwrite."""
    root = options.suites
    if (root / MATRIX_FILE).exists():
        raise HarnessError(
            f"{root / MATRIX_FILE} exists; init does not overwrite: name another directory with --suites"
        )
    table = options.database | ({"url_env": project.url_env} if project.url_env not in (None, "DATABASE_URL") else {})
    declared = options.postgres or table or project.url_env
    database = DatabaseTable.model_validate(table) if declared else None
    settings = {"origin": project.origin} if project.origin not in (None, ORIGIN) else {}
    matrix = MatrixFile.model_validate({"policies": {}, "database": database, "settings": settings})
    found, given = _observed(options, Declaration(matrix, {}, root, Legacy()))
    lacking = "the app does not start without it; a harmless value stands in [target.env]"
    notes = nobody_gets_in(found) + [f"{name}: {lacking}" for name in given]
    target = _target_lines(options, given)
    if database is not None:
        target += "\n[database]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    if settings:
        target += f"\n[settings]\norigin = {json.dumps(project.origin)}  # the azp that the app accepts\n"
    by_router: dict[str, list[RouteBaseline]] = {}
    for entry in found:
        by_router.setdefault(entry.router, []).append(entry)
    files = {root / MATRIX_FILE: _schema_line("matrix", ".") + _MATRIX.format(target=target)}
    for router, entries in by_router.items():
        lines = [f"router = {json.dumps(router)}", "", "[routes]"]
        lines += [_line(entry) for entry in entries]
        files[root / "routers" / f"{router}.toml"] = _schema_line("router", "..") + "\n".join(lines) + "\n"
    files |= {root / SCHEMAS / f"{name}.schema.json": as_text(made) for name, made in schemas().items()}
    try:
        with held():
            return Written(write_set(root, files), notes)
    except OSError as error:
        raise HarnessError(f"--suites {root}: {error.filename or root}: {error.strerror or error}") from error


def _schema_line(name: str, up: str) -> str:
    """The line by which editors find the schema of a file (Taplo's directive)."""
    return f"#:schema {up}/{SCHEMAS}/{name}.schema.json\n"


def _target_lines(options: Options, given: dict[str, str]) -> str:
    lines = []
    if options.app is not None:
        lines.append(f"app = {json.dumps(options.app)}")
        app_dir = (options.app_dir or Path.cwd()).resolve()
        shown = os.path.relpath(app_dir, options.suites.resolve())
        lines.append(f"app_dir = {json.dumps(Path(shown).as_posix())}")
    if options.url is not None:
        lines.append(f"url = {json.dumps(options.url)}")
    if options.command is not None:
        lines.append(f"command = {json.dumps(options.command)}")
    if options.python is not None:
        lines.append(f"python = {json.dumps(options.python)}")
    if options.openapi is not None:
        lines.append(f"openapi = {json.dumps(options.openapi)}")
    if options.env or given:
        lines += [
            "",
            "[target.env]",
            *(f"{name} = {json.dumps(value)}" for name, value in options.env.items() if not is_secret(name)),
        ]
        lines += [f"# {name} is left to --env: it looks like a secret" for name in options.env if is_secret(name)]
        lines += [f"{name} = {json.dumps(value)}  # the app does not start without it" for name, value in given.items()]
    return "\n".join(lines) + "\n"


def _line(entry: RouteBaseline) -> str:
    policy = _POLICY.get(entry.guard, "closed")
    path = base_request(entry.route, Example()).path.split("/")
    names = re.findall(r"\{(\w+)", entry.route.path)
    values = dict(zip(re.findall(r"\{(\w+)[^}]*\}", entry.route.path), _filled(entry.route.path, path), strict=False))
    more = [f'policy = "{policy}"']
    more += [f"path = {{ {', '.join(f'{name} = {_toml(values.get(name, 1))}' for name in names)} }}"] if names else []
    more += ['carrier = "cookie:__session"'] if entry.guard == "cookie" else []
    more += ['guard = "handler"'] if entry.decides == "handler" else []
    return f'"{entry.route.key}" = {{ {", ".join([*more, "reviewed = false"])} }}  # today {entry.guard}'


def _filled(template: str, parts: list[str]) -> list[str]:
    """The values that stand in a path where its template has parameters."""
    return [unquote(part) for part, name in zip(parts, template.split("/"), strict=False) if "{" in name]


def _toml(value: str | int) -> str:
    return str(value) if isinstance(value, int) or value.isdigit() else json.dumps(value)


def _observed(options: Options, declaration: Declaration) -> tuple[list[RouteBaseline], dict[str, str]]:
    """What every route does, and the variables without which the app does not start, with harmless values."""
    given: dict[str, str] = {}
    with ExitStack() as stack:
        wanted = declaration.matrix.database is not None
        server = (
            stack.enter_context(closing(open_server(options.postgres))) if wanted else None
        )  # One for all attempts.
        while True:
            with_them = replace(options, agents=1, env=given | options.env)
            try:
                with RunContext(with_them, declaration, server=server) as session:
                    return observe_baseline(session), given
            except TargetError as error:
                more = [name for name in wanted_variables(str(error)) if name not in with_them.env]
                if not more or len(given) >= _MOST_VARIABLES:
                    raise
                given |= {name: _HARMLESS_URL if name.endswith(("URL", "URI", "HOST")) else _HARMLESS for name in more}


def wanted_variables(message: str) -> list[str]:
    """The variables of the environment that an app says it lacks, in the words of Python, pydantic and people."""
    found = re.findall(r"KeyError: '([A-Z][A-Z0-9_]+)'", message)
    found += [name.upper() for name in re.findall(r"\b(\w+)\s+Field required", message)]
    if re.search(r"\b(not set|required|missing|must be set|undefined|not found|environment|Set the)\b", message, re.I):
        found += re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])\b", message)
    return list(dict.fromkeys(name for name in found if not name.startswith("CLERK_HARNESS")))


def nobody_gets_in(found: list[RouteBaseline]) -> list[str]:
    """What must be said first: that no genuine token was let in anywhere, or at many routes, and what it was answered."""
    shut = [entry for entry in found if entry.answer and entry.guard.startswith(("nobody", "?"))]
    if not shut or (len(shut) < len(found) / 2 and any("clerk" in entry.guard for entry in found)):
        return []
    answers = Counter(entry.answer for entry in shut).most_common(3)
    told = "; ".join(f"{number} times {answer}" for answer, number in answers)
    return [
        f"{len(shut)} of {len(found)} routes let nobody in. A genuine session token was answered {told}",
        "the way out may be the user's row ([identities] with a Clerk id of the seed), the database (--migrate, --postgres), "
        "the origin of the front end ([settings] origin), a role or an organization",
    ]
