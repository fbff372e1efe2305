"""Starting a small app in an agent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from harness.fake_clerk import REAL_NAMES, FakeClerk
from harness.run.environment import base_environment
from harness.targets.app import AppSpec, AppTarget

Start = Callable[..., AppTarget]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Write an app, and other modules of it, and start it in agents, without a database; with a fake Clerk where one is given."""
    targets: list[AppTarget] = []

    def run(
        code: str, app: str = "backend:app", *, python: str = sys.executable, modules: dict[str, str] | None = None,
        agents: int = 1, clerk: FakeClerk | None = None, **more: str,
    ) -> AppTarget:  # fmt: skip
        for name, text in {"backend": code, **(modules or {})}.items():
            (tmp_path / f"{name}.py").write_text(dedent(text))
        environment = base_environment() | (clerk.environment() if clerk else {}) | more
        names, port = (REAL_NAMES, clerk.port) if clerk else ((), 1)
        spec = AppSpec(app, tmp_path, python, [environment] * agents, names=names, fake_port=port)
        targets.append(AppTarget(spec))
        return targets[-1].start()

    yield run
    for target in targets:
        target.close()
