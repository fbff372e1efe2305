"""A real bash completes commands, options, and what the declaration names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

ASK = """
eval "$(clerk-harness completion bash)"
COMP_WORDS=({words}); COMP_CWORD={last}; COMP_LINE={line!r}; COMP_POINT={point}; COMP_TYPE=9
_python_argcomplete clerk-harness
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not there")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("clerk-harness ru", {"run "}),
        ("clerk-harness run --exitf", {"--exitfirst "}),
        ("clerk-harness run --suites suites --router pe", {"peers "}),
        ("clerk-harness run --only matrix,bud", {"matrix,budget "}),
        ("clerk-harness token forged-", None),
    ],
)
def test_bash_completes(line: str, expected: set[str] | None) -> None:
    words = line.split(" ")
    script = ASK.format(words=" ".join(words), last=len(words) - 1, line=line, point=len(line))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PATH": path},
        timeout=60, check=True,
    )  # fmt: skip
    found = set(done.stdout.splitlines())
    assert (
        found == expected
        if expected is not None
        else {"forged-after-genuine-same-payload"} <= {each.strip() for each in found}
    ), done


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    command = [sys.executable, "-m", "harness", "completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert "_ARGCOMPLETE" in done.stdout and "clerk-harness" in done.stdout
