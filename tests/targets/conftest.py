"""Starting a small app in an agent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from harness.run.options import base_environment
from harness.targets.app import AppSpec, AppTarget

Start = Callable[..., AppTarget]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Write an app, and other modules of it, and start it in an agent, without fake Clerk and database."""
    targets: list[AppTarget] = []

    def run(
        code: str, app: str = "backend:app", *, python: str = sys.executable, modules: dict[str, str] | None = None, **environment: str
    ) -> AppTarget:  # fmt: skip
        for name, text in {"backend": code, **(modules or {})}.items():
            (tmp_path / f"{name}.py").write_text(dedent(text))
        spec = AppSpec(app, tmp_path, python, [base_environment() | environment], names=(), fake_port=1)
        targets.append(AppTarget(spec))
        return targets[-1].start()

    yield run
    for target in targets:
        target.close()
