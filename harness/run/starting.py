"""How the issuer, the database and the target of a run are started; what each needs at its end goes onto a stack."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.matrix.runner import Resets
from harness.core.ending import held
from harness.core.errors import DeclarationError, HarnessError
from harness.core.onlooker import Onlooker
from harness.database import Server, open_server
from harness.fake_clerk import FakeClerk
from harness.run.database import Prepared, RunDatabase, variables_of
from harness.run.environment import address_of, app_directory, base_environment
from harness.run.options import Options
from harness.run.project_clerk import expanded
from harness.run.sqlite_users import shares_a_file
from harness.targets import Target
from harness.targets.app import AppSpec, AppTarget, find_python
from harness.targets.command import CommandTarget
from harness.targets.host_redirect import Names
from harness.targets.url import UrlTarget

APP, DATABASE = "start: app and its routes", "start: Postgres, migrations and seed"
"""What the run is at, for whoever shows it."""


class Starter:
    """Starts the parts of one run. `stack` ends them; `server`, `through`, `beside` and `onlooker` are those of a `RunContext`."""

    def __init__(
        self,
        options: Options,
        declaration: Declaration,
        stack: ExitStack,
        server: Server | None,
        through: Callable[[str], str],
        beside: Path | None = None,
        onlooker: Onlooker | None = None,
        *,
        tolerant: bool = False,
        prepared: Prepared | None = None,
        shared: bool = False,
    ) -> None:
        """`tolerant`: migrations that fail end nothing. `prepared`: what another run has made of the database already.
        `shared`: others make their databases of what this run makes.
        """
        self._tolerant = tolerant
        self.prepared, self._shared = prepared, shared
        self.options, self.declaration = options, declaration
        self.server = server
        self.resets: list[Resets] | None = None
        self.database_url = ""
        self.unmade = ""
        """Why the database is not what the migrations should make of it; empty where it is."""
        self.clerk: FakeClerk
        self.names: Names
        """Where Clerk's names lead in everything that is started."""
        self._beside = beside
        self._onlooker = onlooker or Onlooker()
        self._stack = stack
        self._through = through

    @property
    def address(self) -> tuple[str | None, str | None]:
        """The URL and the command of the target, where it is not an app."""
        return address_of(self.options, self.declaration)

    @property
    def agents(self) -> int:
        """How many agents work side by side: as told, else one for each of the cores, two at most; for a part one, and where all
        would share an SQLite file.
        """
        if self.address[1] is not None and self.declaration.matrix.database is not None:
            return 1  # One server, one database, which is restored between cells.
        if self.options.agents:
            return self.options.agents
        if self.options.routers or self.options.routes:
            return 1  # To start a second takes longer than it saves.
        told = self.declaration.matrix.target.agents
        return told or (1 if shares_a_file(self.options, self.declaration) else min(2, os.cpu_count() or 1))

    @property
    def _openapi(self) -> str:
        given = self.options.openapi
        return given if given is not None else self.declaration.matrix.target.openapi

    def start_clerk(self) -> FakeClerk:
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
            with held():
                self.clerk = self._stack.enter_context(clerk)
        except OSError as error:
            raise HarnessError(f"--issuer-port {port}: {error.strerror or error}; stop what listens there") from error
        self.names = Names(self.clerk, outside=self.options.isolation.outside, beside=self._beside)
        self._stack.callback(self.names.close)
        return self.clerk

    def start_target(self) -> Target:
        """The target, with a database of its own where one is declared. The issuer is there already. Raises HarnessError."""
        url, command = self.address
        with_database = self.declaration.matrix.database is not None and (url is None or command is not None)
        self._onlooker.phase(DATABASE if with_database else APP)
        if command is not None:
            return self._start_command(command, url or "http://127.0.0.1:{port}")
        if url is None:
            return self._start_app()
        target = UrlTarget(
            url,
            self._openapi,
            lanes_wanted=self.agents,
            allowed=self.options.allow_hosts,
            ca_file=str(self.clerk.tls.ca_path),
        )
        self._stack.callback(target.close)
        return target.start()

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
            redirection=self.names,
        )
        with held():
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
        given = self.names.environment
        return python, app_dir, lambda url: given(environment | variables_of(table, url))

    def _surroundings(self) -> tuple[Path, str, dict[str, str]]:
        """The target's directory, its Python, and the variables that it gets."""
        target, options = self.declaration.matrix.target, self.options
        app_dir = app_directory(options, self.declaration)
        # As the user's shell would find it, although the command runs elsewhere.
        given = os.path.abspath(options.python) if options.python and os.sep in options.python else options.python
        python = given or target.python or find_python(app_dir)
        own = dict(target.env) if options.app is None else {}
        clerk = self.clerk.environment()
        return app_dir, python, base_environment() | clerk | expanded(own | options.env, clerk)

    def _start_command(self, command: str, url: str) -> CommandTarget:
        """Start the command, with a database of its own where one is declared."""
        app_dir, python, environment = self._surroundings()
        # What its project installed is found first: uvicorn, gunicorn, python.
        own = (str(Path(python).parent), str(app_dir / "node_modules" / ".bin"))
        environment["PATH"] = os.pathsep.join((*own, environment.get("PATH", os.defpath)))
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
            environment=self.names.environment(environment),
            names=self.names,
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
        database = RunDatabase(table, self.server, self.declaration.root, self._stack, tolerant=self._tolerant)
        self.names.allowed = database.hosts
        return database

    def _prepare(self, database: RunDatabase, environment: dict[str, str], python: str, app_dir: Path) -> None:
        own, shared = self.names.environment(environment), self._shared
        self.resets = database.prepare(self.agents, own, python, app_dir, prepared=self.prepared, shared=shared)
        self.database_url, self.unmade = database.workspace.url(0), database.unmade
        if shared:
            self.prepared = Prepared(database.workspace.template, database.unmade)
        self._onlooker.phase(APP)
