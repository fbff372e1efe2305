"""What a backend does today: who gets into each route, and the declaration that would say just that."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.declaration import DatabaseTable, MatrixFile, Policy, load
from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.route_matching import router_of
from harness.contracts.matrix.state import RouteState
from harness.contracts.registry import MATRIX_FILE
from harness.core.ending import held
from harness.core.errors import HarnessError
from harness.core.file_set import write_set
from harness.core.redact import is_secret
from harness.credentials import CATALOGUE, Legacy
from harness.run.context import RunContext
from harness.run.options import Options
from harness.run.schemas import SCHEMAS, as_text, schemas
from harness.targets import Call, Observation, Route
from harness.targets.base import ask
from harness.targets.request_builder import Example, base_request, under

_ASKED = ("missing", "clerk", "legacy", "clerk-org-admin", "clerk-cookie")
_LIMIT = 10.0


@dataclass
class RouteBaseline:
    """A route and who got in: `open`, `clerk`, `legacy`, `clerk+legacy`, `admin`, `cookie`, `inside` (the handler decides
    by itself, which asking cannot show without running it), `nobody` or `?`. `decides`: `handler` where it was run and
    decided by itself.
    """

    route: Route
    router: str
    guard: str
    functions: list[str]
    policy: str | None = None
    decides: str = "door"


def declaration_for_baseline(options: Options) -> Declaration:
    """The suites where there are any; else none, for an app that is not declared yet."""
    if (options.suites / MATRIX_FILE).is_file():
        return load(options.suites)
    if options.app is None and options.url is None and options.command is None:
        raise HarnessError(
            f"no target: give --app module:attribute, --command or --url ({options.suites}/{MATRIX_FILE} does not exist)"
        )
    return Declaration(MatrixFile(policies={}), {}, options.suites, Legacy())


def observe_baseline(session: RunContext) -> list[RouteBaseline]:
    """Try every route with nothing, a Clerk token and a legacy token; the probe stops each at the handler's door."""
    declared = {
        key: (entry.policy, entry.example(entry.ways(file, session.declaration.policies[entry.policy])[0]))
        for file in session.declaration.routers.values()
        for key, entry in file.routes.items()
    }
    routers = {key: file.router for file in session.declaration.routers.values() for key in file.routes}
    asker = _Asker(session)
    found = []
    for route in session.target.routes:
        example = declared[route.key][1] if route.key in declared else Example()
        plan = RoutePlan(route, "", "", Policy(accept=["*"]), example, carriers=(example.carrier,))
        guard, functions, decides = asker.ask(plan)
        router = routers.get(route.key) or (router_of(route) or ["app"])[0]
        found.append(RouteBaseline(route, router, guard, functions, declared.get(route.key, (None,))[0], decides))
    return found


class _Asker:
    """Asks a route who gets in: at the handler's door first, and behind it where the handler may decide by itself."""

    def __init__(self, session: RunContext) -> None:
        self.session = session
        self.factory = RequestFactory(session.mint, probed=session.target.probed)

    def _answers(self, plan: RoutePlan, *, stop: bool) -> dict[str, Observation]:
        requests = [self.factory.prepare(plan, CATALOGUE[name]).forms[0] for name in _ASKED]
        answers = ask(self.session.target.lanes[0], [Call(plan.route, r, stop) for r in requests], _LIMIT)
        for reset in self.session.resets or []:
            reset.reset()
        return dict(zip(_ASKED, answers, strict=True))

    def ask(self, plan: RoutePlan) -> tuple[str, list[str], str]:
        """Who gets in today, by which functions, and where that is decided."""
        probed = self.session.target.probed
        if not probed and plan.route.method != "GET":
            return "?", [], "door"  # Nothing stops a handler there: only reads are tried.
        seen = self._answers(plan, stop=True)
        usual = plan.base
        for prefix in plan.route.prefixes:
            if all(answer.status == 404 for answer in seen.values()):
                plan.base = under(usual, prefix)
                seen = self._answers(plan, stop=True)
        guard, functions = _guard(plan, seen)
        if guard not in ("open", "inside"):
            return guard, functions, "door"
        if probed and (plan.route.inside or plan.route.method == "GET") and plan.route.kind == "http":
            within, by = _guard(plan, self._answers(plan, stop=False), inside=True)
            if within not in ("open", "nobody", "inside") and not within.startswith("?"):
                return within, by, "handler"
        return guard, functions, "door"


def _guard(plan: RoutePlan, seen: dict[str, Observation], *, inside: bool = False) -> tuple[str, list[str]]:
    """Who got in by these answers. `inside`: the handlers ran, and their answers tell."""
    state = RouteState(
        RoutePlan(plan.route, "", "", Policy(accept=[]), Example()), "handler" if inside else None, refuses=True
    )
    outcomes = {name: outcome_of(answer, state, CATALOGUE[name])[0] for name, answer in seen.items()}
    functions = list(
        dict.fromkeys(name for answer in seen.values() for name, good, phase in answer.ran if good and phase <= inside)
    )
    if outcomes["missing"] in ("admitted", "failed"):
        return ("inside", list(plan.route.inside)) if plan.route.inside and not inside else ("open", functions)
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


def write_suites(options: Options) -> list[Path]:
    """Survey the target and write `auth_matrix.toml` and a file a router. Raises HarnessError rather than overwrite."""
    root = options.suites
    if (root / MATRIX_FILE).exists():
        raise HarnessError(
            f"{root / MATRIX_FILE} exists; init does not overwrite: name another directory with --suites"
        )
    database = DatabaseTable.model_validate(options.database) if options.postgres or options.database else None
    declaration = Declaration(MatrixFile(policies={}, database=database), {}, root, Legacy())
    with RunContext(replace(options, agents=1), declaration) as session:
        found = observe_baseline(session)
    by_router: dict[str, list[RouteBaseline]] = {}
    for entry in found:
        by_router.setdefault(entry.router, []).append(entry)
    files = {root / MATRIX_FILE: _schema_line("matrix", ".") + _MATRIX.format(target=_target_lines(options))}
    for router, entries in by_router.items():
        lines = [f'router = "{router}"', "", "[routes]"]
        lines += [_line(entry) for entry in entries]
        files[root / "routers" / f"{router}.toml"] = _schema_line("router", "..") + "\n".join(lines) + "\n"
    files |= {root / SCHEMAS / f"{name}.schema.json": as_text(made) for name, made in schemas().items()}
    try:
        with held():
            return write_set(root, files)
    except OSError as error:
        raise HarnessError(f"--suites {root}: {error.filename or root}: {error.strerror or error}") from error


def _schema_line(name: str, up: str) -> str:
    """The line by which editors find the schema of a file (Taplo's directive)."""
    return f"#:schema {up}/{SCHEMAS}/{name}.schema.json\n"


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
