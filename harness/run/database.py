"""The databases of a run: a template that is migrated and seeded, and a clone of it for each agent."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.matrix.runner import Resets
from harness.core import processes
from harness.core.errors import DatabaseError, MigrationError
from harness.database import RowRestorer, Server, Workspace
from harness.database.hosts import with_addresses
from harness.database.ways_out import way_out
from harness.run.environment import migrate_command
from harness.targets.own_database import missed_database, own_database, without_marks

_MIGRATION_LIMIT = 300
_FIELDS_FOLLOW = re.compile(r"\d+ validation errors? for \w+$")
_LONGEST_REASON = 2000
_NOWHERE = "postgresql://nobody@127.0.0.1:9/none"
"""Port 9 is `discard`'s (RFC 863), where no Postgres is."""
_NO_PASSWORD = "none-of-the-harness"
"""Where the server asks for none: many apps want one to be set."""


def variables_of(table: DatabaseTable, url: str) -> dict[str, str]:
    """The variables by which the target learns of its database; without a URL they lead to none, for commands that only read files."""
    url = url or _NOWHERE
    whole = table.scheme + url[url.index("://") :]
    parts = urlsplit(url)
    known = {
        "host": parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0],
        "port": str(parts.port or 5432),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or "") or _NO_PASSWORD,
        "name": unquote(parts.path.lstrip("/")),
        "url": whole,
    }
    single = {name: re.sub(r"\{(\w+)\}", lambda part: known[part[1]], text) for name, text in table.env.items()}
    return dict.fromkeys(table.url_env, whole) | single


@dataclass(frozen=True)
class Prepared:
    """A database that a run has migrated and seeded, for others to make copies of. `template`: its name; `unmade`: see
    `RunDatabase`.
    """

    template: str
    unmade: str = ""


class RunDatabase:
    """The databases of one run on a server. What it makes is dropped when `stack` is closed."""

    def __init__(
        self, table: DatabaseTable, server: Server, root: Path, stack: ExitStack, *, tolerant: bool = False
    ) -> None:
        """`tolerant`: migrations that fail end nothing, for they are a finding of a contract."""
        self.table = table
        self.unmade = ""
        """Why the databases are not what the migrations should make of them; empty where they are."""
        self._tolerant = tolerant
        self._seed = _beside(root, table.seed) if table.seed else None
        self.workspace = Workspace(server)
        self.hosts = [] if server.own else with_addresses(server.url)
        """Where the server is, for those who may reach nothing else."""
        self._stack = stack
        stack.callback(self.workspace.close)

    def prepare(
        self,
        agents: int,
        environment: dict[str, str],
        python: str,
        app_dir: Path,
        *,
        prepared: Prepared | None = None,
        shared: bool = False,
    ) -> list[Resets]:
        """Migrate and seed the template, make a clone of it for each agent, and return what undoes writes in each.

        `prepared`: a template that is there already. `shared`: the template stays as it is, for others.
        Raises DatabaseError when the migration fails, naming what it said; where that is tolerated, `unmade` tells it.
        """
        if prepared is not None:
            self.workspace.template, self.unmade = prepared.template, prepared.unmade
        elif not self.workspace.copy_kept(key := (self.table.model_dump_json(), str(self._seed), str(app_dir), python)):
            self._fill(environment, python, app_dir)
            if not self.unmade:
                self.workspace.keep(key)
        restorers: list[Resets] = []
        for number in range(agents):
            renamed = number == agents - 1 and prepared is None and not shared
            url = self.workspace.rename_template(number) if renamed else self.workspace.clone(number)
            restorer = RowRestorer(url)
            self._stack.callback(restorer.close)
            restorers.append(restorer)
        return restorers

    def _fill(self, environment: dict[str, str], python: str, app_dir: Path) -> None:
        """Migrate and seed the template. Raises DatabaseError."""
        template = self.workspace.create_template()
        if self.table.migrate is not None:
            command = migrate_command(self.table.migrate, python)
            variables = environment | variables_of(self.table, template)
            if command[1:4] == ["-m", "alembic", "-c"] and len(command) > 4:
                from harness.contracts.migrations.migrators.alembic import own_folder  # Late: a contract of its own.

                app_dir, command[4] = own_folder(app_dir, command[4])
            try:
                migrate(command, own_database(variables, template), app_dir)
            except MigrationError as error:
                if not self._tolerant:
                    raise
                self.unmade = str(error)
        self.workspace.finish_template(self._seed, tolerant=bool(self.unmade))


def _beside(root: Path, name: str) -> Path:
    """A path relative to the suites, which `init` has not written yet: `..` leads out of a folder only where that is there."""
    return root / name if root.is_dir() else Path(os.path.normpath(root / name))


def migrate(command: list[str], environment: dict[str, str], app_dir: Path) -> None:
    """Run the target's own migrations. Raises MigrationError with the last line that they printed, DatabaseError where they
    cannot be run or would migrate another database.
    """
    shown = " ".join(command[1:])
    try:
        done = processes.run(command, cwd=app_dir, env=environment, timeout=_MIGRATION_LIMIT)
    except TimeoutError as error:
        raise DatabaseError(f"[database] migrate `{shown}` took more than {_MIGRATION_LIMIT} s") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in a variable.
        reason = error.strerror if isinstance(error, OSError) else error
        raise DatabaseError(f"[database] migrate {command[0]!r}: {reason}") from error
    if missed := missed_database(done.stderr):
        raise DatabaseError(f"[database] migrate `{shown}`: {missed}")
    if done.returncode != 0:
        lines = [line for line in (without_marks(done.stderr) or done.stdout).splitlines() if line.strip()]
        # The exception's own line, where Python has printed one: libraries add hints after it.
        named = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Full|Exit)\b.*: ", line)]
        reason = (named or lines or [f"exit code {done.returncode}"])[-1]
        if _FIELDS_FOLLOW.search(reason):  # pydantic names the fields on the lines after it.
            reason = "\n".join(lines[lines.index(reason) :])[:_LONGEST_REASON]
        from harness.contracts.migrations.migrators.alembic import broken_history  # Late: a contract of its own.

        advice = broken_history(done.stderr) or way_out(done.stderr)
        raise MigrationError(f"[database] migrate `{shown}` failed: {f'{advice}: ' if advice else ''}{reason}")
