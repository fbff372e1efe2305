"""The front-end contract on a run: a person uses the front end in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.frontend.browsing import in_thread
from harness.contracts.frontend.checks import CHECKS
from harness.contracts.frontend.chromium import launch, missing
from harness.contracts.frontend.declaration import FrontendFile, folder_of, load_frontend
from harness.contracts.frontend.holding import hold
from harness.contracts.frontend.serving import Front, environment_for_front, filled
from harness.contracts.frontend.stage import Stage
from harness.contracts.matrix import Declaration
from harness.core.errors import DeclarationError
from harness.targets.app import AppTarget
from harness.targets.command import CommandTarget
from harness.targets.restart import can_run_in_parallel

_UVICORN = '"{python}" -m uvicorn {app} --host 127.0.0.1 --port {{port}}'


class Frontend(Contract):
    """See docs/frontend.md."""

    name = "frontend"
    length = 100.0
    model = FrontendFile
    checks = CHECKS
    counted = "checks"
    criterion = "The front end signs in with Clerk alone, and keeps no token"
    needed = (
        "sign-in",
        "fresh-token",
        "token-origin",
        "no-stored-credential",
        "no-loop",
        "sign-out",
        "revoked",
        "refresh",
    )

    def load(self, suites: Path) -> FrontendFile | None:
        """Read frontend.toml."""
        return load_frontend(suites)

    def examine(self, context: Context, file: FrontendFile, progress: Progress | None) -> list[Check]:
        """Use the front end in a browser, on a backend and a fake of its own where one can be started."""
        return self.held(context, file, progress)

    def held(
        self, context: Context, file: FrontendFile, progress: Progress | None = None, only: Collection[str] = ()
    ) -> list[Check]:
        """The checks, or those named. Raises HarnessError where the front end, the backend or the browser does not start."""
        why = missing(context.options.browser)
        if why is not None:
            return self.unexamined(why)
        front = Front(file, context.declaration.root)
        with standing(context, file, front) as (inner, backend):
            public = open_routes(context.declaration, file)

            def examined(stopping: Callable[[], bool]) -> list[Check]:
                from playwright.sync_api import sync_playwright

                with sync_playwright() as playwright:
                    browser = launch(playwright, inner.clerk, context.options.browser)
                    folder = context.options.reports / self.name
                    stage = Stage(file, inner.clerk, backend, front.origin, browser, folder, stopping)
                    try:
                        return hold(self, stage, public, progress, only)
                    finally:
                        browser.close()

            return in_thread(examined)


@contextmanager
def standing(context: Context, file: FrontendFile, front: Front) -> Iterator[tuple[Context, str]]:
    """The backend and the front end while the context lasts: the run that they belong to, and the backend's origin."""
    folder = folder_of(file, context.declaration.root)
    with ExitStack() as stack:
        inner = _with_backend(context, file, front, stack)
        target = inner.target
        backend = str(getattr(target, "url", "")).rstrip("/").replace("//127.0.0.1:", "//localhost:")
        clerk = inner.clerk
        scripts = folder if file.scripts is None else (context.declaration.root / file.scripts).resolve()
        clerk.script_folders.append(scripts)
        stack.callback(clerk.script_folders.remove, scripts)
        own = dict(context.declaration.matrix.target.env) | context.options.env
        known = (
            own | front.known | {"backend": backend, "publishable_key": clerk.publishable_key, "domain": clerk.domain}
        )
        environment = environment_for_front(inner.command_surroundings()[2](""), clerk.publishable_key)
        stack.enter_context(front.serving(folder, environment, known))
        yield inner, backend


def _with_backend(context: Context, file: FrontendFile, front: Front, stack: ExitStack) -> Context:
    """A run whose target listens. Raises DeclarationError where it cannot be had."""
    target = context.target
    own = {
        name: filled(value, front.known, f"{front.where}: backend_variables.{name}")
        for name, value in file.backend_variables.items()
    }
    changes: dict[str, Any] = {"only": [], "drills": False, "fuzz": 0, "agents": 1, "issuer_port": 0, "openapi": ""}
    if isinstance(target, AppTarget):
        python, app_dir, _ = context.command_surroundings()
        command = file.backend or _UVICORN.format(python=python, app=target.spec.app)
        changes |= {
            "app": None,
            "command": command,
            "app_dir": app_dir,
            "env": _own_variables(context) | own,
            "url": None,
        }
    elif isinstance(target, CommandTarget) and can_run_in_parallel(target):
        changes |= {"env": context.options.env | own}
    else:
        if own:
            raise DeclarationError(
                f"{front.where}: backend_variables: the backend runs already, or its port is fixed: give them to it yourself"
            )
        return context
    return stack.enter_context(context.another(**changes))


def _own_variables(context: Context) -> dict[str, str]:
    """What the app gets where it is no command: the declaration's variables are those of its own target."""
    return dict(context.declaration.matrix.target.env) | context.options.env


def open_routes(declaration: Declaration, file: FrontendFile) -> Callable[[str, str], bool]:
    """Whether the matrix declares a route (method, path) open to people without a credential."""
    found: list[tuple[str, re.Pattern[str]]] = []
    for router in declaration.routers.values():
        for key, entry in router.routes.items():
            method, _, path = key.partition(" ")
            policy = declaration.matrix.policies.get(entry.policy or router.policy or "")
            if policy is not None and {"*", "missing"} & set(policy.accept):
                shape = re.sub(r"\\\{[^}]*?(:path)?\\\}", lambda m: ".+" if m[1] else "[^/]+", re.escape(path))
                found.append((method, re.compile(shape)))

    def is_open(method: str, path: str) -> bool:
        ways = [path, *(to + path.removeprefix(prefix) for prefix, to in file.api.items() if path.startswith(prefix))]
        return any(method in (m, "HEAD") and shape.fullmatch(way) for m, shape in found for way in ways)

    return is_open


CONTRACT = Frontend()
