"""Of what a run was made: the commit of the target's sources, and whether they are that commit's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.run.provenance import sources
from harness.targets.agent.packages import installed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of one file."""
    for command in (
        ["init", "--quiet"], ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one"],
    ):  # fmt: skip
        (tmp_path / "app.py").touch()
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_tree_and_a_changed_one(repository: Path) -> None:
    found = sources(repository)
    assert (len(found["commit"]), found["commit_state"]) == (40, "clean")
    (repository / "app.py").write_text("changed")
    assert sources(repository) == found | {"commit_state": "changed since"}


def test_what_is_new_and_what_lies_elsewhere_changes_nothing(repository: Path) -> None:
    (repository / "part").mkdir()
    (repository / "part" / "new.py").touch()
    assert sources(repository / "part")["commit_state"] == "clean"


def test_a_repository_s_own_settings_start_nothing(repository: Path) -> None:
    subprocess.run(
        ["git", "config", "core.fsmonitor", f"touch {repository}/started; false"], cwd=repository, check=True
    )
    assert sources(repository)["commit_state"] == "clean"
    assert not (repository / "started").exists()


def test_without_a_repository_nothing_is_said(tmp_path: Path) -> None:
    assert sources(tmp_path) == sources(tmp_path / "gone") == {}


def test_the_agent_tells_the_versions_of_what_is_there_alone() -> None:
    found = installed()
    assert found["fastapi"] and all(version for version in found.values())
    assert "djangorestframework" not in found
