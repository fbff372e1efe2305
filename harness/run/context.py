"""Puts a run together (fake Clerk, database, target, plan, engine) and takes it apart again, whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.contracts.matrix import CellVerdict, Declaration, Engine, Judge, Mechanisms, Plan, make_plan, public_paths
from harness.contracts.matrix.declaration import DatabaseTable
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.runner import Resets
from harness.core.errors import DeclarationError, HarnessError
from harness.credentials import ORIGIN, Mint, SsrfListener, register, select
from harness.database import Server, open_server
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.jwks_faults import JWKS_FAULTS
from harness.run.database import RunDatabase, variables_of
from harness.run.environment import app_directory, base_environment, refuse_live_keys, secrets_among
from harness.run.options import Options
from harness.targets import Target
from harness.targets.app import AppSpec, AppTarget, find_python
from harness.targets.command import CommandTarget
from harness.targets.host_redirect import Names
from harness.targets.url import UrlTarget

_DEFAULT_MECHANISMS = {"clerk": ["*clerk*:*", "*:*clerk*"], "legacy": ["*legacy*:*", "*:*legacy*", "*:*base64*"]}


class RunContext:
    """Everything that a run needs, started on entering and stopped on leaving. It is what contracts are verified on.

    `server` is a Postgres that somebody else started and will stop; `through` gives the URL by which the app reaches a
    database, where it is to be another than ours. Raises HarnessError on entering.
    """

    def __init__(
        self,
        options: Options,
        declaration: Declaration,
        *,
        server: Server | None = None,
        through: Callable[[str], str] | None = None,
    ) -> None:
        self.options = options
        self.declaration = declaration
        self._through = through or (lambda url: url)
        self.server: Server | None = server
        """The Postgres of the run, once it is there."""
        self._stack = ExitStack()
        self.clerk: FakeClerk
        self.mint: Mint
        self.target: Target
        self.resets: list[Resets] | None = None
        self.database_url = ""
        """The database of the first agent, where there is one."""
        self.mechanisms: Mechanisms
        self.notes: list[str] = []
        """What a reader of the report must know beside the verdicts."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def agents(self) -> int:
        """How many agents work side by side: as told, else one for each of the cores, two at most; for a part one."""
        if self._address()[1] is not None and self.declaration.matrix.database is not None:
            return 1  # One server, one database, which is restored between cells.
        if self.options.agents:
            return self.options.agents
        if self.options.routers or self.options.routes:
            return 1  # To start a second takes longer than it saves.
        return self.declaration.matrix.target.agents or min(2, os.cpu_count() or 1)

    def _start(self) -> None:
        matrix, options = self.declaration.matrix, self.options
        refuse_live_keys(dict(matrix.target.env), f"{self.declaration.root}/auth_matrix.toml [target.env]")
        refuse_live_keys(options.env, "--env")
        self.clerk = self._start_clerk()
        identities = register(self.clerk, self.declaration.identities())
        url, command = self._address()
        # A server that runs already does not know our certificate authority.
        ssrf_listener = SsrfListener(self.clerk.tls.context if url is None or command is not None else None)
        self._stack.callback(ssrf_listener.close)
        self.mint = Mint(
            self.clerk,
            identities,
            self.declaration.legacy,
            skew=matrix.settings.clock_skew,
            ssrf_listener=ssrf_listener,
            origin=matrix.settings.origin or ORIGIN,
        )
        self.mint.target_secrets = secrets_among(
            dict(matrix.target.env) | options.env, (self.clerk.secret_key, self.clerk.publishable_key)
        )
        keys = self.mint.warm()
        if command is not None:
            self.target = self._start_command(command, url or "http://127.0.0.1:{port}")
        elif url is not None:
            target = UrlTarget(
                url,
                self._openapi,
                lanes_wanted=self.agents,
                allowed=options.allow_hosts,
                ca_file=str(self.clerk.tls.ca_path),
            )
            self._stack.callback(target.close)
            self.target = target.start()
        else:
            self.target = self._start_app()
        patterns = matrix.mechanisms or _DEFAULT_MECHANISMS
        self.mechanisms = Mechanisms(patterns, self.target.functions, declared=bool(matrix.mechanisms))
        self._check_mechanisms()
        keys.join()

    def _address(self) -> tuple[str | None, str | None]:
        """The URL and the command of the target, where it is not an app."""
        options, target = self.options, self.declaration.matrix.target
        if options.app is not None:
            return None, None
        if options.url is not None or options.command is not None:
            return options.url, options.command
        return target.url, target.command

    @property
    def _openapi(self) -> str:
        given = self.options.openapi
        return given if given is not None else self.declaration.matrix.target.openapi

    def _start_clerk(self) -> FakeClerk:
        """The issuer, with the secrets that a backend was given already. Raises HarnessError when its port is taken."""
        given = self.declaration.matrix.target.env | self.options.env
        port = self.options.issuer_port
        clerk = FakeClerk(
            self.declaration.matrix.settings.domain,
            port=port,
            secret_key=given.get("CLERK_SECRET_KEY"),
            webhook_secret=given.get("CLERK_WEBHOOK_SECRET") or given.get("CLERK_WEBHOOK_SIGNING_SECRET"),
        )
        try:
            return self._stack.enter_context(clerk)
        except OSError as error:
            raise HarnessError(f"--issuer-port {port}: {error.strerror or error}; stop what listens there") from error

    def _check_mechanisms(self) -> None:
        """A mechanism that a policy names must exist in the target, or nothing about it could be proven."""
        matrix = self.declaration.matrix
        routers = self.declaration.routers.values()
        used = {entry.policy for file in routers for entry in file.routes.values()} | {file.policy for file in routers}
        required = sorted({name for key, policy in matrix.policies.items() if key in used for name in policy.mechanism})
        where = f"{self.declaration.root}/auth_matrix.toml"
        if required and not self.target.probed:
            self.note(f"which mechanism let a request in ({', '.join(required)}) cannot be seen from outside")
            return
        for name in required:
            if self.mechanisms.known(name):
                continue
            if matrix.mechanisms:
                raise DeclarationError(
                    f"{where}: mechanisms.{name}: no function of the target matches "
                    f"{', '.join(matrix.mechanisms[name])}; `clerk-harness routes` shows their names"
                )
            self.note(
                f"mechanism {name!r} was not judged: no function of the target is called like it; say which are in "
                f"[mechanisms] of {where} (`clerk-harness routes` shows their names)"
            )

    def _start_app(self) -> AppTarget:
        matrix, options = self.declaration.matrix, self.options
        app = options.app or matrix.target.app
        if app is None:
            raise DeclarationError(
                f"no target: give --app module:attribute, --command or --url, or write [target] in {self.declaration.root}/auth_matrix.toml"
            )
        app_dir, python, environment = self._surroundings()
        environments = [dict(environment) for _ in range(self.agents)]
        database = self._open_database()
        if database is not None:
            environments = [
                environment | variables_of(database.table, self._through(database.workspace.url(number)))
                for number in range(self.agents)
            ]
        spec = AppSpec(
            app=app,
            app_dir=app_dir,
            python=python,
            environments=environments,
            names=self.clerk.api.names,
            fake_port=self.clerk.port,
            patterns=tuple(name for names in matrix.mechanisms.values() for name in names),
        )
        target = AppTarget(spec)
        self._stack.callback(target.close)
        if database is not None:
            target.launch()
            self._prepare(database, environment, python, app_dir)
        return target.start()

    def command_surroundings(self) -> tuple[str, Path, Callable[[str], dict[str, str]]]:
        """The target's Python, its directory, and the variables of a command of the target for a database's URL."""
        app_dir, python, environment = self._surroundings()
        table = self.declaration.matrix.database or DatabaseTable()
        return python, app_dir, lambda url: environment | (variables_of(table, url) if url else {})

    def _surroundings(self) -> tuple[Path, str, dict[str, str]]:
        """The target's directory, its Python, and the variables that it gets."""
        target, options = self.declaration.matrix.target, self.options
        app_dir = app_directory(options, self.declaration)
        # As the user's shell would find it, although the command runs elsewhere.
        given = os.path.abspath(options.python) if options.python and os.sep in options.python else options.python
        python = given or target.python or find_python(app_dir)
        own = dict(target.env) if options.app is None else {}
        return app_dir, python, base_environment() | self.clerk.environment() | own | options.env

    def _start_command(self, command: str, url: str) -> CommandTarget:
        """Start the command, with a database of its own where one is declared."""
        app_dir, python, environment = self._surroundings()
        # What its project installed is found first: uvicorn, gunicorn, python.
        environment["PATH"] = os.pathsep.join((str(Path(python).parent), environment.get("PATH", os.defpath)))
        names = Names(self.clerk)
        self._stack.callback(names.close)
        if (database := self._open_database()) is not None:
            self._prepare(database, environment, python, app_dir)
            environment |= variables_of(database.table, self._through(database.workspace.url(0)))
        target = CommandTarget(
            url,
            self._openapi,
            lanes_wanted=self.agents,
            allowed=self.options.allow_hosts,
            ca_file=str(self.clerk.tls.ca_path),
            command=command,
            directory=app_dir,
            environment=names.environment(environment),
            names=names,
        )
        self._stack.callback(target.close)
        target.start()
        return target

    def _open_database(self) -> RunDatabase | None:
        """The run's databases on the server given or started here, not yet made; None where none is declared."""
        table = self.declaration.matrix.database
        if table is None:
            return None
        if self.server is None:
            self.server = open_server(self.options.postgres)
            self._stack.callback(self.server.close)
        return RunDatabase(table, self.server, self.declaration.root, self._stack)

    def _prepare(self, database: RunDatabase, environment: dict[str, str], python: str, app_dir: Path) -> None:
        self.resets = database.prepare(self.agents, environment, python, app_dir)
        self.database_url = database.workspace.url(0)

    def another(
        self,
        declaration: Declaration | None = None,
        *,
        through: Callable[[str], str] | None = None,
        **changes: Any,
    ) -> RunContext:
        """A run of its own beside this one, on the same Postgres; see `harness.contracts.base.Context`."""
        options = replace(self.options, **changes)
        return RunContext(options, declaration or self.declaration, server=self.server, through=through)

    # Running

    def plan(self) -> Plan:
        """What is to be judged. Raises DeclarationError."""
        plan = make_plan(
            self.declaration,
            self.target.routes,
            credentials=self.options.credentials,
            only_routers=self.options.routers,
            only_routes=self.options.routes,
            discovered=self.target.probed,
            drills=self._drills(),
            rotation=self.options.rotation,
            fuzz=FUZZ if self.options.fuzz else None,
        )
        if not self.target.probed and any(route.named is not None for route in plan.routes):
            self.note(
                "named: what the target's source names was not tried, for only inside an app (--app) can anybody look"
            )
        self.mint.public_paths = public_paths(self.declaration, self.target.routes)
        return plan

    def note(self, text: str) -> None:
        """Something that a reader must know, said once."""
        if text not in self.notes:
            self.notes.append(text)

    def _drills(self) -> frozenset[str]:
        """The drills that can be held, and notes about those that cannot."""
        names = [name.partition("@")[0] for name in self.options.credentials]
        every = {c.drill for c in select(names) if c.drill not in (None, "pair", "identity", "rotated")}
        if not every:
            return frozenset()
        if not self.options.drills:
            left = "issuer outage, tokens that run out, withdrawn keys" + (
                "" if self.options.rotation else ", rotation"
            )
            self.note(f"no drills ({left}): --drills holds them in a part run too")
            return frozenset()
        held = {drill for drill in every if self.target.renewable or drill not in (*JWKS_FAULTS, "heals")}
        if held != every:
            self.note(
                "the issuer's outages were left out: they need a target that can be started anew (--app or --command)"
            )
        return frozenset(drill for drill in held if drill is not None)

    def run(self, plan: Plan) -> Iterator[CellVerdict]:
        """Verdicts, as they are reached."""
        yield from self.engine(plan).run()
        for host in self.clerk.api.foreign_hosts:
            if host != self.mint.foreign.domain:
                told = f"the target asked for the keys of another instance, {host}: is that the domain of its configuration?"
                self.note(f"{told} The one under test is {self.clerk.domain} ([settings] domain)")

    def engine(self, plan: Plan) -> Engine:
        """What judges a plan."""
        judge = Judge(self.mechanisms, probed=self.target.probed, strict=self.options.strict)
        limit = self.options.time_limit or self.declaration.matrix.settings.time_limit
        return Engine(
            self.target,
            plan,
            self.mint,
            judge,
            resets=self.resets,
            limit=limit,
            heal_within=self.declaration.matrix.settings.heal_within,
            rotate_within=self.declaration.matrix.settings.rotate_within,
            withdrawn_within=self.declaration.matrix.settings.withdrawn_within,
            note=self.note,
            fuzz=self.options.fuzz,
            seed=self.options.seed,
        )
