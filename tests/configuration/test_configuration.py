"""The configuration contract finds each careless way by its check, and leaves apps alone that refuse or tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.configuration import load_configuration
from harness.contracts.configuration.trials import live, malformed
from harness.contracts.configuration.verify import CONTRACT
from harness.contracts.matrix import load
from harness.core.errors import DeclarationError
from harness.run.context import RunContext
from harness.run.options import Options
from tests.configuration.backend import ALL, CARELESS, CODE, HEALTH, RIGHT
from tests.conftest import MATRIX, write_suites

Hold = Callable[[str, str], dict[str, Check]]


def folder_in(root: Path) -> Path:
    (root / "backend.py").write_text(CODE)
    (root / "way.txt").write_text("")
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "")
    write_suites(root / "suites", '"GET /me" = "clerk"\n"GET /health" = "public"\n', matrix=matrix)
    return root


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hold]:
    folder = folder_in(tmp_path_factory.mktemp("backend"))
    suites = folder / "suites"
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with RunContext(options, load(suites)) as session:

        def run(ways: str, declared: str) -> dict[str, Check]:
            (folder / "way.txt").write_text(ways)
            # As if the user had set it, where the test is of something else.
            session.options.env.clear()
            if "CLERK_DOMAIN" not in declared and "unnamed" not in ways:
                session.options.env["CLERK_DOMAIN"] = session.clerk.domain
            text = "start_within = 4\n" * ("hangs" in ways) + declared
            (suites / "configuration.toml").write_text(text)
            return {check.name: check for check in CONTRACT.verify(session, asked=True)}

        yield run


@pytest.mark.parametrize("ways", RIGHT)
def test_what_is_in_order_is_left_alone(verify: Hold, ways: str) -> None:
    checks = verify(ways, RIGHT[ways])
    assert [(c.name, c.detail, c.events) for c in checks.values() if c.failed] == []
    proven = {c.name for c in checks.values() if c.status == "proven"}
    assert {"well", "absent", "empty", "malformed", "live"} <= proven


@pytest.mark.parametrize("ways", CARELESS)
def test_each_careless_way_is_found_by_its_check(verify: Hold, ways: str) -> None:
    declared, name = CARELESS[ways]
    checks = verify(ways, declared)
    assert {check.name for check in checks.values() if check.failed} == {name}
    assert checks[name].detail


def test_every_check_has_a_careless_way_that_it_finds() -> None:
    assert {name for _, name in CARELESS.values()} == {spec.name for spec in CONTRACT.checks}


def test_the_story_names_the_variable_and_what_was_seen(verify: Hold) -> None:
    found = verify("empty", CARELESS["empty"][0])["empty"]
    (event,) = found.events
    assert event.startswith("with CLERK_SECRET_KEY empty: it must refuse to start, or its health must say so; ")
    assert "; it runs as if all were well: GET /health answers 200" in event
    assert found.figures[0]["seen"] == "well"
    entered = verify("by health,opens", CARELESS["by health,opens"][0])["fails-closed"].events
    assert "without CLERK_SECRET_KEY: GET /me let in missing" in entered


def test_no_other_variable_stands_in_for_a_missing_one(verify: Hold) -> None:
    """The app takes NEXT_PUBLIC_CLERK_DOMAIN too, which the harness sets for every target."""
    checks = verify("", HEALTH + '[variables]\nCLERK_SECRET_KEY = "refuse"\nCLERK_DOMAIN = "refuse"\n')
    assert not checks["absent"].failed
    assert checks["well"].detail == ""


def test_an_app_that_needs_a_variable_that_is_not_named_gets_it_and_is_told(verify: Hold) -> None:
    checks = verify("unnamed", HEALTH + '[variables]\nCLERK_SECRET_KEY = "refuse"\n')
    assert [c.name for c in checks.values() if c.failed] == []
    told = "only with variables that configuration.toml does not name, of CLERK_DOMAIN, "
    assert checks["well"].detail.startswith(told)
    assert "CLERK_API_KEY" not in checks["well"].detail, "it could stand in for the secret key"


def test_an_app_that_does_not_start_at_all_is_a_mistake(verify: Hold) -> None:
    with pytest.raises(
        DeclarationError, match=r"does not start: .*CLERK_SECRET_KEY is malformed.*; name all that it reads"
    ):
        verify("", HEALTH + '[variables]\nCLERK_SECRET_KEY = { value = "mine" }\n')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "variables: name the Clerk variables that the app reads"),
        (
            '[variables]\nCLERK_SECRET_KEY = "refuses"',
            "CLERK_SECRET_KEY: 'refuses': write one of refuse, health, either, runs",
        ),
        ('[variables]\nCLERK_SECRET_KEY = { abscent = "refuse" }', "abscent: unknown key; did you mean 'absent'?"),
        ('[variables]\nCLERK_SECRET_KEY = "health"', "something is to be told by health, and there is no [health]"),
        ('[health]\nroute = "/health"\n[variables]\nX = "refuse"', "health.route: '/health': write GET /path"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "configuration.toml").write_text(text)
    with pytest.raises(DeclarationError) as error:
        load_configuration(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}/configuration.toml: ")
    assert told in str(error.value)


def test_a_variable_without_a_genuine_value_is_told(verify: Hold) -> None:
    with pytest.raises(DeclarationError, match=r"variables\.VITE_KEY: the harness knows no genuine value"):
        verify("", HEALTH + ALL.format("refuse").replace("CLERK_SECRET_KEY", 'VITE_KEY = "refuse"\nCLERK_SECRET_KEY'))


def test_made_up_values_are_of_the_kind_that_they_replace() -> None:
    assert str(live("sk_test_abc")).startswith("sk_live_")
    assert str(live("pk_test_abc")).startswith("pk_live_")
    assert live("whsec_abc") is None
    wrong = [malformed(v) for v in ("-----BEGIN PUBLIC KEY-----", "https://x", "whsec_x", "sk_test_x", "x.example")]
    assert len(set(wrong)) == 5
