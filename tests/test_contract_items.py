"""Contracts under pytest: an item for each check, a story for what is broken, and never a pass for what was not examined."""

from __future__ import annotations

import sys

import pytest

from harness.contracts.configuration.checks import CHECKS
from tests.configuration.backend import ALL, CODE, HEALTH
from tests.conftest import MATRIX, write_suites
from tests.test_plugin import SPARE

FILE = "suites/configuration.toml"


@pytest.fixture
def suites(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(backend=CODE)
    (pytester.path / "way.txt").write_text("")
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "") + target
    root = write_suites(pytester.path / "suites", '"GET /me" = "clerk"\n"GET /health" = "public"\n', matrix=matrix)
    (root / "configuration.toml").write_text(HEALTH + ALL.format("refuse"))
    return pytester


def test_every_check_is_an_item(suites: pytest.Pytester) -> None:
    result = suites.runpytest_subprocess(*SPARE, FILE, "-q", "-rA")
    text = result.stdout.str()
    assert all(f"::configuration[{name}]" in text for name in (spec.name for spec in CHECKS) if name != "fails-closed")
    # The app refuses each time, so that its health shows nothing but at its best, and nobody can be let in.
    result.assert_outcomes(passed=9, skipped=1)
    assert "SKIPPED [1]" in text


def test_what_is_broken_tells_the_whole_story_in_several_processes_too(suites: pytest.Pytester) -> None:
    (suites.path / "way.txt").write_text("live")
    result = suites.runpytest_subprocess(*SPARE, "suites", "-q", "-n", "2", "--harness-credentials", "missing")
    text = result.stdout.str()
    assert "FAILED suites/configuration.toml::configuration[live]" in text
    assert "1. with a live key in CLERK_SECRET_KEY: it must refuse to start; it runs as if all were well" in text
    causes = text.partition(" causes of the auth matrix ")[2].partition(" short test summary info ")[0]
    assert "BROKEN       configuration: live: " in causes
    assert "    repeat: clerk-harness run --suites suites --only configuration" in causes
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_mistake_in_the_file_stops_before_anything_starts(suites: pytest.Pytester) -> None:
    (suites.path / "suites" / "configuration.toml").write_text('[variables]\nX = "perhaps"\n')
    result = suites.runpytest_subprocess(*SPARE, FILE, "-q")
    text = result.stdout.str()
    assert "clerk-harness: suites/configuration.toml: variables: X: 'perhaps': write one of refuse, health" in text
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_file_that_nobody_has_read_is_skipped_with_the_reason(suites: pytest.Pytester) -> None:
    path = suites.path / "suites" / "configuration.toml"
    path.write_text("reviewed = false\n" + path.read_text())
    result = suites.runpytest_subprocess(*SPARE, FILE, "-q", "-rs")
    result.assert_outcomes(skipped=len(CHECKS))
    assert "nobody has read configuration.toml since init wrote it" in result.stdout.str()


def test_a_contract_that_examined_nothing_fails(suites: pytest.Pytester) -> None:
    """Rows can be seen only in a database, and none is declared."""
    (suites.path / "suites" / "user_sync.toml").write_text('[reach]\nrequest = "GET /me"\n')
    result = suites.runpytest_subprocess(*SPARE, "suites/user_sync.toml", "-q")
    result.assert_outcomes(failed=15)
    assert (
        "user_sync: nothing was examined: rows can be seen only in a database that the run makes" in result.stdout.str()
    )


def test_a_file_of_that_name_elsewhere_is_none_of_ours(pytester: pytest.Pytester) -> None:
    (pytester.path / "budget.toml").write_text("statements = 'many'\n")
    assert pytester.runpytest_subprocess(*SPARE, "-q").ret == pytest.ExitCode.NO_TESTS_COLLECTED
