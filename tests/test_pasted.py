"""The commands that repeat what pytest found work when they are pasted into a shell: the same is found, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.configuration.backend import ALL, CODE, HEALTH
from tests.conftest import MATRIX, write_suites
from tests.test_plugin import SPARE


def test_what_pytest_found_is_found_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(backend=CODE)
    (pytester.path / "way.txt").write_text("live")
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "") + target
    suites = write_suites(
        pytester.path / "my $suites", '"GET /me" = "public"\n"GET /health" = "public"\n', matrix=matrix
    )
    (suites / "configuration.toml").write_text(HEALTH + ALL.format("refuse"))
    given = ("--harness-credentials", "missing", "--harness-env", "MODE=a b")
    found = pytester.runpytest_subprocess(*SPARE, "my $suites", "-q", *given)
    text = found.stdout.str()
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    causes = dict(re.findall(r"(?sm)^[A-Z]{6,} .*?\[([0-9a-f]{12})\]\n.*?^    repeat: (clerk-harness [^\n]*)", text))
    assert [" --only configuration" in command for command in causes.values()] == [False, True], text
    stories = {line.partition("repeat:")[2].strip() for line in found.stdout.lines if "repeat:" in line}
    assert stories == set(causes.values())
    for cause, command in causes.items():
        done = subprocess.run(
            ["sh", "-c", command.replace("clerk-harness", f"{sys.executable} -m harness", 1)], cwd=pytester.path,
            capture_output=True, text=True, check=False, env=dict(os.environ),
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert re.findall(r"(?m)^[A-Z]{6,} .*\[([0-9a-f]{12})\]$", done.stdout) == [cause], done.stdout
