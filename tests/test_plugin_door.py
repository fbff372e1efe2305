"""The plugin's door: a project that has a module `harness` of its own goes on, and its suites fail with the reason."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import clerk_harness_pytest
from tests.conftest import write_suites
from tests.test_plugin import SPARE


def run(folder: pytest.Pytester, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", *SPARE, "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder.path, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a package `harness`, and a test of it."""
    (pytester.path / "harness").mkdir()
    (pytester.path / "harness" / "__init__.py").write_text("ANSWER = 42\n")
    pytester.makepyfile(test_own="from harness import ANSWER\ndef test_it(): assert ANSWER == 42")
    return pytester


def test_the_door_lets_every_hook_through() -> None:
    hooks = importlib.import_module("harness.pytest_plugin.hooks")
    assert {name for name in vars(hooks) if name.startswith("pytest_")} <= set(clerk_harness_pytest.__all__)


def test_its_own_tests_go_on(project: pytest.Pytester) -> None:
    done = run(project, "test_own.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "harness/__init__.py hides the package `harness` of clerk-harness" in done.stdout


def test_its_suites_fail_with_the_reason(project: pytest.Pytester) -> None:
    write_suites(project.path / "suites", '"GET /me" = "clerk"')
    done = run(project, "suites")
    assert done.returncode not in (0, 5)
    assert "hides the package `harness`" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_options_of_the_plugin_are_told_why_they_are_unknown(project: pytest.Pytester) -> None:
    done = run(project, "--harness-app", "a:b")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "hides the package `harness`" in done.stderr


def test_a_module_beside_it_hides_it_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(harness="ANSWER = 42", test_own="def test_it(): pass")
    done = run(pytester, "test_own.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "harness.py hides the package" in done.stdout


def test_the_fixture_is_a_fake_clerk_of_one_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        import urllib.request

        def test_it(fake_clerk):
            user = fake_clerk.directory.add_user("ada@example.com")
            assert fake_clerk.session_token(user).count(".") == 2
            with urllib.request.urlopen(f"{fake_clerk.url}/.well-known/jwks.json") as answer:
                assert b'"keys"' in answer.read()
        """
    )
    done = run(pytester, "test_own.py")
    assert done.returncode == 0, done.stdout + done.stderr
