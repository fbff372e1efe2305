"""Where a command runs: where its user stands, beside the declaration, or where `app_dir` says; never among the suites."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contracts.matrix.declaration import load
from harness.run.environment import app_directory
from harness.run.options import Options
from tests.conftest import write_suites

APP_DIR = 'app_dir = "../backend"'
COMMAND = 'command = "node server.js"'
APP = 'app = "main:app"'


@pytest.mark.parametrize(
    ("target", "options", "found"),
    [
        ((), {"command": "node server.js"}, "here"),
        ((APP_DIR,), {"command": "node server.js"}, "project/backend"),
        ((APP, APP_DIR), {"command": "node server.js"}, "project/backend"),
        ((COMMAND,), {}, "project"),
        ((COMMAND, APP_DIR), {}, "project/backend"),
        ((COMMAND, 'app_dir = "."'), {}, "project/suites"),
        ((COMMAND, APP_DIR), {"app_dir": Path("/elsewhere")}, "/elsewhere"),
        ((APP,), {}, "project/suites"),
        ((APP,), {"app": "other:app"}, "here"),
    ],
)
def test_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: tuple[str, ...], options: dict[str, object], found: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    matrix = "[policies.clerk]\naccept = ['clerk']\n[target]\n" + "\n".join(target)
    suites = write_suites(tmp_path / "project" / "suites", '"GET /me" = "clerk"', matrix=matrix)
    given = Options(suites=suites, **options)  # type: ignore[arg-type]
    assert app_directory(given, load(suites)) == (tmp_path / found).resolve()
