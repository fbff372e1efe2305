"""A mistake on the command line is one line, with the word that was probably meant."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rnu"], "did you mean 'run'?"),
        (["run", "--suits", "x"], "did you mean '--suites'?"),
        (["run", "--output", "x"], "it is an option of diff"),
        (["token", "--explian"], "did you mean '--explain'?"),
        (["run", "--suites", "suites", "--only", "budgt"], "did you mean 'budget'?"),
        (["token", "forgd"], "did you mean 'forged'?"),
    ],
)
def test_what_was_probably_meant_is_said(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    told = capsys.readouterr().err
    assert (code, expected in told, told.count("\n")) == (2, True, 1), told


@pytest.mark.parametrize(
    ("code", "late"),
    [
        (
            "from harness.cli.main import main; main(['--help'])",
            {"pydantic", "psycopg", "cryptography", "subprocess", "harness.core.processes"},
        ),
        (
            "import harness.cli.commands",
            {"harness.cli.looking", "harness.run.first_suites", "harness.contracts.migrations"},
        ),
    ],
)
def test_what_a_command_does_not_need_is_not_loaded(code: str, late: set[str]) -> None:
    ask = f"import sys\n{code}\nprint('loaded', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(done.stdout.rpartition("loaded")[2].split())
    assert "harness.cli" in loaded and loaded & late == set()
