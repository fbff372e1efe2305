"""Django's migrations, by manage.py. A stage is named by `app.migration`, one for each app that matters.

Source: https://docs.djangoproject.com/en/stable/topics/migrations/ and /ref/django-admin/ (migrate, makemigrations --check).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.contracts.migrations.migrators.base import HEAD, CommandResult, Migrator
from harness.contracts.migrations.migrators.files import refuse_irregular, text_if_any
from harness.contracts.migrations.results import CheckFailed
from harness.core.errors import DatabaseError, DeclarationError
from harness.targets.own_database import reached_books

_MARK = "clerk-harness: graph "
_GRAPH = f"""
import json
from django.db.migrations.loader import MigrationLoader
graph = MigrationLoader(None).graph
nodes = [[list(node), [list(parent.key) for parent in graph.node_map[node].parents]]
         for node in sorted(graph.node_map, key=lambda key: (len(graph.forwards_plan(key)), key))]
print({_MARK!r} + json.dumps(nodes))
"""
_REACH = """
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
MigrationExecutor(connection)
"""
_MOVE = """
from django.core.management import call_command
for app, name in %r:
    call_command("migrate", app, name, interactive=False)
"""
_MISSING = re.compile(r"Migration (\S+) dependencies reference nonexistent parent node (.+)")
Node = tuple[str, str]


class Django(Migrator):
    """See `Migrator`. Its configuration is manage.py."""

    places = ("manage.py",)

    @classmethod
    def fits(cls, place: Path) -> bool:
        """Whether a file is a Django project's manage.py."""
        return "execute_from_command_line" in text_if_any(place)

    @property
    def upgrade_command(self) -> str:
        """The command by which a run migrates its own databases."""
        return f"python {self.config} migrate"

    def reach(self, url: str) -> None:
        """Look where the settings lead; nothing is run."""
        refuse_irregular(self.directory / self.config, self.directory)
        self.books.add("django_migrations")
        result = self._shell(_REACH, url)
        if result.code == 0 and reached_books(result.output) is None:
            raise DatabaseError(
                "migrations.toml: manage.py does not connect by Django's own migrate, so nothing tells that it reaches the "
                "database that the harness made; nothing was run"
            )

    def upgrade(self, url: str, revision: str = HEAD) -> CommandResult:
        """Migrate a database up: all apps, or each as far as it does not need what follows the stage."""
        if revision == HEAD:
            return self._manage(["migrate", "--noinput"], url)
        graph, stage = self._graph(), self._stage(revision)
        later = after_stage(graph, stage)
        last = {app: (app, name) for app, name in graph if (app, name) not in later}
        return self._shell(_MOVE % [*last.values()], url)

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate the apps of a stage back to it."""
        return self._shell(_MOVE % self._stage(revision), url)

    def heads(self) -> dict[str, list[str]]:
        """By app, the migrations that no other of the app follows."""
        graph = self._graph()
        followed = {(parent, app) for (app, _), parents in graph.items() for parent in parents}
        found: dict[str, list[str]] = {}
        for app, name in graph:
            if ((app, name), app) not in followed:
                found.setdefault(app, []).append(f"{app}.{name}")
        return found

    def history(self) -> list[str]:
        """All migrations, each after those that it depends on."""
        return [f"{app}.{name}" for app, name in self._graph()]

    def compare_models(self, url: str) -> CommandResult:
        """Whether Django would write a migration (`makemigrations --check`)."""
        return self._manage(["makemigrations", "--check", "--dry-run", "--noinput"], url)

    def name_of(self, noted: dict[str, Any]) -> str:
        """`app.migration`."""
        return f"{noted.get('app')}.{noted.get('name')}"

    def _stage(self, revision: str) -> list[Node]:
        """The migrations that a stage names. Raises DeclarationError for one that is not there."""
        graph, found = self._graph(), []
        for word in revision.replace(",", " ").split():
            app, _, name = word.partition(".")
            named = [node for node in graph if node[0] == app and node[1].startswith(name)] if name else []
            if (app, name) in graph or len(named) == 1:
                found.append((app, name) if (app, name) in graph else named[0])
                continue
            of_app = [f"{node[0]}.{node[1]}" for node in graph if node[0] == app]
            there = ", ".join((of_app or [f"{node[0]}.{node[1]}" for node in graph])[:8])
            raise DeclarationError(f"migrations.toml: legacy: {word!r}: write app.migration; there are {there}")
        return found

    def _graph(self) -> dict[Node, list[Node]]:
        """What each migration depends on, each after its parents. Raises CheckFailed where a parent is missing."""
        if "graph" not in self.known:
            self.known["graph"] = self._read_graph()
        found: dict[Node, list[Node]] = self.known["graph"]
        return found

    def _read_graph(self) -> dict[Node, list[Node]]:
        result = self._shell(_GRAPH, "")
        if result.code != 0:
            if missing := _MISSING.search(result.output):
                raise CheckFailed(f"{missing[1]} follows {missing[2]}, which is not there: {result.error_line}")
            if not (self.directory / self.config).is_file():
                raise DatabaseError(f"migrations.toml: {self.config} is not there")
            raise CheckFailed(f"the history cannot be read: {result.error_line}")
        (line,) = [line for line in result.output.splitlines() if line.startswith(_MARK)]
        nodes: list[Any] = json.loads(line.removeprefix(_MARK))
        return {(node[0], node[1]): [(p[0], p[1]) for p in parents] for node, parents in nodes}

    def _shell(self, code: str, url: str) -> CommandResult:
        """Run code in the project, as `manage.py shell -c` does."""
        return self._manage(["shell", "-c", code], url)

    def _manage(self, words: list[str], url: str) -> CommandResult:
        return self.process([self.python, self.config, *words], f"{self.config} {words[0]}", url)


def after_stage(graph: dict[Node, list[Node]], stage: list[Node]) -> set[Node]:
    """The migrations that come after a stage: those of its apps that follow what it names, and all that depend on them.

    `graph`: what each depends on, each after its parents.
    """
    later, apps = set[Node](), {app for app, _ in stage}
    before: dict[Node, set[Node]] = {}
    for node, parents in graph.items():
        before[node] = {node}.union(*(before.get(parent, set()) for parent in parents))
    kept = set[Node]().union(*(before[node] for node in stage))
    for node, parents in graph.items():
        if (node[0] in apps and node not in kept) or later & set(parents):
            later.add(node)
    return later
