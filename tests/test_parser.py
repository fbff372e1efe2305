"""A mistake on the command line is one line, with the word that was probably meant."""

from __future__ import annotations

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
