"""Temporary folders are removed by their run, by its supervisor, or by the next run; nobody else's are touched."""

from __future__ import annotations

import fcntl
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.core.temporary import remove_dead, temporary_folder
from harness.fake_clerk.tls import ThrowawayTLS
from tests.conftest import ROOT

_HOLD = """
import sys
from harness.core.temporary import temporary_folder
(temporary_folder("agent") / "output.log").write_text("words")
print(temporary_folder("pg"), flush=True)
sys.stdin.read()
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has temporary folders in `parent`, and one of them."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD], cwd=ROOT, env=os.environ | {"TMPDIR": str(parent)}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_folders_of_one_process_are_in_one_and_go_with_it(tmp_path: Path) -> None:
    process, folder = holder(tmp_path)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["agent-1", "pg-2"]
    assert folder.parent.parent == tmp_path
    assert (folder.stat().st_mode & 0o777, folder.parent.stat().st_mode & 0o777) == (0o700, 0o711)
    process.communicate()
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_next_run_removes_what_a_dead_one_left_and_nothing_of_one_that_lives(tmp_path: Path) -> None:
    dead, left = holder(tmp_path)
    alive, kept = holder(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert (left.parent / "agent-1" / "output.log").exists()
    third, _ = holder(tmp_path)
    third.communicate()
    assert not left.parent.exists()
    assert kept.is_dir()
    alive.communicate()
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_certainly_ours_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "clerk-harness-12-abcd").mkdir()
    (parent / "clerk-harness-12-abcd" / "link").symlink_to(elsewhere)
    (parent / "clerk-harness-13-abcd").symlink_to(elsewhere)
    (parent / "clerk-harness-14-abcd").touch()
    for name in ("clerk-harness-notes", "clerk-harness-12-abcd.txt", "other"):
        (parent / name).mkdir()
    (parent / "clerk-harness-15-abcd").mkdir()
    held = os.open(parent / "clerk-harness-15-abcd", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    before = {path.name for path in parent.iterdir()}
    assert remove_dead(parent) == ["clerk-harness-12-abcd"]
    assert {path.name for path in parent.iterdir()} == before - {"clerk-harness-12-abcd"}
    assert (elsewhere / "precious").exists()
    os.close(held)
    assert remove_dead(parent) == ["clerk-harness-15-abcd"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_users_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clerk-harness-12-abcd").mkdir()
    os.chown(tmp_path / "clerk-harness-12-abcd", 65534, 65534)
    assert remove_dead(tmp_path) == []


def test_removing_takes_no_longer_than_it_may_and_needs_no_folder(tmp_path: Path) -> None:
    (tmp_path / "clerk-harness-12-abcd").mkdir()
    assert remove_dead(tmp_path, limit=-1) == []
    assert remove_dead(tmp_path / "nowhere") == []


def test_a_folder_that_was_removed_under_us_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.core.temporary._state", {})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = temporary_folder("agent")
    first.rmdir()
    first.parent.rmdir()
    second = temporary_folder("agent")
    assert second.is_dir()
    assert second.parent != first.parent


@pytest.mark.parametrize("step", ["os.open", "os.fchmod", "fcntl.flock"])
def test_a_folder_that_another_run_removes_before_it_is_locked_is_made_anew(
    step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Until then it looks like one of a run that has died."""
    module, name = step.split(".")
    real = getattr(importlib.import_module(module), name)
    removed: list[str] = []

    def after_the_other(*given: Any) -> Any:
        monkeypatch.setattr(step, real)
        removed.extend(remove_dead(tmp_path))
        return real(*given)

    monkeypatch.setattr("harness.core.temporary._state", {})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(step, after_the_other)
    folder = temporary_folder("agent")
    assert removed and folder.is_dir() and folder.parent.name not in removed


def test_where_none_can_be_made_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.core.temporary._state", {})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(
        HarnessError, match=r"no folder can be made in .*: No such file or directory; make room there, or"
    ):
        temporary_folder("agent")


def test_the_key_of_the_fakes_certificate_is_in_no_other_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary_folder("agent").rmdir()  # The folder of this process is there already.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    tls = ThrowawayTLS(["localhost"])
    assert [path.name for path in tls.directory.iterdir()] == ["ca.pem"]
    tls.close()
