"""What a backend does today: who gets into each route, and the declaration that would say just that."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from harness.config import Options
from harness.credentials import CATALOGUE, Legacy
from harness.errors import HarnessError
from harness.matrix import Declaration
from harness.matrix.declaration import MATRIX_FILE, DatabaseTable, MatrixFile, load
from harness.matrix.judge import RouteState, outcome_of
from harness.matrix.plan import RoutePlan, router_of
from harness.redact import is_secret
from harness.session import Session
from harness.targets import Call, Observation, Route
from harness.targets.base import ask
from harness.targets.requests import Example, base_request, with_presentation

_ASKED = ("missing", "clerk", "legacy", "clerk-org-admin", "clerk-cookie")
_LIMIT = 10.0


@dataclass
class Surveyed:
    """A route and who got in: `open`, `clerk`, `legacy`, `clerk+legacy`, `admin`, `cookie`, `inside` (the handler decides
    by itself, which asking cannot show without running it), `nobody` or `?`.
    """

    route: Route
    router: str
    guard: str
    functions: list[str]
    policy: str | None = None


def declaration_for_survey(options: Options) -> Declaration:
    """The suites where there are any; else none, for an app that is not declared yet."""
    if (options.suites / MATRIX_FILE).is_file():
        return load(options.suites)
    if options.app is None and options.url is None and options.command is None:
        raise HarnessError(
            f"no target: give --app module:attribute, --command or --url ({options.suites}/{MATRIX_FILE} does not exist)"
        )
    return Declaration(MatrixFile(policies={}), {}, options.suites, Legacy())


def survey(session: Session) -> list[Surveyed]:
    """Try every route with nothing, a Clerk token and a legacy token; the probe stops each at the handler's door."""
    declared = {
        key: (entry.policy, entry.example(file.carrier))
        for file in session.declaration.routers.values()
        for key, entry in file.routes.items()
    }
    routers = {key: file.router for file in session.declaration.routers.values() for key in file.routes}
    calls, owners = [], []
    for route in session.target.routes:
        example = declared[route.key][1] if route.key in declared else Example()
        base = base_request(route, example)
        if not session.target.probed and route.method != "GET":
            continue  # Nothing stops a handler there: only reads are tried.
        for name in _ASKED:
            presentation = session.mint.present(CATALOGUE[name])
            calls.append(
                Call(
                    route,
                    with_presentation(base, presentation, example.carrier, session.clerk.webhook_headers),
                    stop=True,
                )
            )
            owners.append((route.key, name))
    answers = dict(zip(owners, ask(session.target.lanes[0], calls, _LIMIT), strict=True))
    found = []
    for route in session.target.routes:
        seen = {name: answers[route.key, name] for name in _ASKED if (route.key, name) in answers}
        guard, functions = _guard(session, route, seen)
        router = routers.get(route.key) or (router_of(route) or ["app"])[0]
        found.append(Surveyed(route, router, guard, functions, declared.get(route.key, (None,))[0]))
    return found


def _guard(session: Session, route: Route, seen: dict[str, Observation]) -> tuple[str, list[str]]:
    from harness.matrix.declaration import Policy

    if not seen:
        return "?", []
    state = RouteState(RoutePlan(route, "", "", Policy(accept=["*"]), Example()), refuses=True)
    outcomes = {name: outcome_of(answer, state, CATALOGUE[name])[0] for name, answer in seen.items()}
    functions = list(
        dict.fromkeys(name for answer in seen.values() for name, good, after in answer.ran if good and not after)
    )
    if outcomes["missing"] == "admitted":
        return ("inside", list(route.inside)) if route.inside else ("open", functions)
    admitted = [name for name in ("clerk", "legacy") if outcomes[name] == "admitted"]
    if admitted:
        return "+".join(admitted), functions
    for name, guard in (("clerk-org-admin", "admin"), ("clerk-cookie", "cookie")):
        if outcomes[name] == "admitted":
            return guard, functions
    if set(outcomes.values()) == {"refused"}:
        return "nobody", functions
    return "? (" + "/".join(sorted(set(outcomes.values()))) + ")", functions


_MATRIX = """# The auth matrix of this backend: who may enter.
# REVIEW: written by `clerk-harness init` from what the backend did on that day, which is not what it should do.

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
accept = []
"""
_POLICY = {
    "open": "public", "clerk": "clerk", "legacy": "legacy", "clerk+legacy": "migrating", "admin": "admin",
    "cookie": "clerk", "inside": "inside",
}  # fmt: skip


def write_suites(options: Options) -> list[Path]:
    """Survey the target and write `auth_matrix.toml` and a file a router. Raises HarnessError rather than overwrite."""
    root = options.suites
    if (root / MATRIX_FILE).exists():
        raise HarnessError(
            f"{root / MATRIX_FILE} exists; init does not overwrite: name another directory with --suites"
        )
    database = DatabaseTable.model_validate(options.database) if options.postgres or options.database else None
    declaration = Declaration(MatrixFile(policies={}, database=database), {}, root, Legacy())
    with Session(replace(options, agents=1), declaration) as session:
        found = survey(session)
    by_router: dict[str, list[Surveyed]] = {}
    for entry in found:
        by_router.setdefault(entry.router, []).append(entry)
    files = {root / MATRIX_FILE: _MATRIX.format(target=_target_lines(options))}
    for router, entries in by_router.items():
        lines = [f'router = "{router}"', "", "[routes]"]
        lines += [_line(entry) for entry in entries]
        files[root / "routers" / f"{router}.toml"] = "\n".join(lines) + "\n"
    (root / "routers").mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        temporary = path.with_suffix(".part")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    return list(files)


def _target_lines(options: Options) -> str:
    lines = []
    if options.app is not None:
        lines.append(f'app = "{options.app}"')
        app_dir = (options.app_dir or Path.cwd()).resolve()
        shown = os.path.relpath(app_dir, options.suites.resolve())
        lines.append(f'app_dir = "{Path(shown).as_posix()}"')
    if options.url is not None:
        lines.append(f'url = "{options.url}"')
    if options.command is not None:
        lines.append(f"command = {json.dumps(options.command)}")
    if options.env:
        lines += [
            "",
            "[target.env]",
            *(f"{name} = {json.dumps(value)}" for name, value in options.env.items() if not is_secret(name)),
        ]
        lines += [f"# {name} is left to --env: it looks like a secret" for name in options.env if is_secret(name)]
    if options.database or options.postgres:
        lines += ["", "[database]", *(f"{key} = {json.dumps(value)}" for key, value in options.database.items())]
    return "\n".join(lines) + "\n"


def _line(entry: Surveyed) -> str:
    policy = _POLICY.get(entry.guard, "closed")
    names = re.findall(r"\{(\w+)", entry.route.path)
    more = [f"path = {{ {', '.join(f'{name} = 1' for name in names)} }}"] if names else []
    more += ['carrier = "cookie:__session"'] if entry.guard == "cookie" else []
    value = f'{{ policy = "{policy}", {", ".join(more)} }}' if more else f'"{policy}"'
    return f'"{entry.route.key}" = {value}  # REVIEW: today {entry.guard}'
