"""A target that is an app: loaded by agents in its own Python, asked by raw ASGI or WSGI calls."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import TargetError
from harness.targets.agent.protocol import Hello, RouteDescription, Source
from harness.targets.agent_process import AgentProcess, AppSpec
from harness.targets.base import Lane, Route
from harness.targets.routes import with_operations

__all__ = ["AppSpec", "AppTarget", "find_python"]


def find_python(app_dir: Path) -> str:
    """Return the target's own Python: the virtual environment of its project, else the one that runs the harness."""
    for directory in (app_dir, *app_dir.parents[:2]):
        for name in (".venv", "venv", "env"):
            for python in (directory / name / "bin" / "python", directory / name / "Scripts" / "python.exe"):
                if python.exists():
                    return str(python)
    return sys.executable


def _route(description: RouteDescription) -> Route:
    """The route that an agent describes."""
    return Route(
        method=description.method,
        path=description.path,
        kind=description.kind,
        endpoint=description.endpoint,
        module=description.module,
        tags=tuple(description.tags),
        dependencies=tuple(description.dependencies),
        hidden=description.hidden,
        mount=description.mount,
        handlers=frozenset(description.handlers),
        inside=tuple(description.inside),
        any_method=description.any_method,
        prefixes=tuple(description.prefixes),
        host=description.host,
        parameters=description.parameters,
        source=description.source,
    )


@dataclass
class AppTarget:
    """An app under test, executed by as many agents as there are environments."""

    spec: AppSpec
    probed: bool = True
    sees_inside: bool = True
    renewable: bool = True
    routes: list[Route] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    missing_variables: list[str] = field(default_factory=list)
    description: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    agents: list[AgentProcess] = field(default_factory=list)

    def launch(self) -> None:
        """Start the agents, side by side: they import the app while the caller prepares its database.

        Raises TargetError when there is no such directory or Python.
        """
        if not self.spec.app_dir.is_dir():
            raise TargetError(f"--app-dir {self.spec.app_dir}: no such directory")
        try:
            for number in range(len(self.spec.environments)):
                agent = AgentProcess(self.spec, number)
                self.agents.append(agent)
                agent.launch()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _greet(agent: AgentProcess, *, again: bool) -> Hello:
        try:
            return agent.greet()
        except TargetError:
            if not again:
                raise
            # An app may query its database on import, and that was not there yet.
            agent.kill()
            agent.launch()
            return agent.greet()

    def start(self) -> AppTarget:
        """Let the app start up in the agents, launched now or before, and find the routes.

        Raises TargetError: no import, no app, no routes, fewer routes than the app's own OpenAPI document.
        """
        early = bool(self.agents)
        if not early:
            self.launch()
        try:
            greetings = [self._greet(agent, again=early) for agent in self.agents]
            hello = greetings[0]
            self.functions = hello.functions
            self.sources = hello.sources
            self.missing_variables = hello.missing_variables
            self.description = {
                "kind": hello.interface,
                "app": self.spec.app,
                "python": hello.python,
                "probe": hello.probe,
                "packages": ", ".join(f"{name} {version}" for name, version in hello.packages.items()),
                "agents": str(len(self.agents)),
            }
            documents = [("", hello.openapi)] if hello.openapi else []
            found = [_route(description) for description in hello.routes]
            self.routes = with_operations(found, [*documents, *hello.mounted_documents], self.spec.app)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def lanes(self) -> list[Lane]:
        """One for each agent."""
        return list(self.agents)

    def renew(self, lane: int) -> None:
        """Replace the agent of a lane. Raises TargetError when the app will not start."""
        self.agents[lane].replace()

    def blocked(self) -> list[str]:
        """Return what the agents, and processes that the harness or the app started, were refused, by name."""
        others = self.spec.redirection.blocked() if self.spec.redirection is not None else []
        return sorted({name for agent in self.agents for name in agent.blocked} | set(others))

    def close(self) -> None:
        """Stop all agents."""
        for agent in self.agents:
            agent.stop()
        self.agents = []
