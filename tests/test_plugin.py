"""Suites under pytest: collected, judged, told; in one process and in several, with the same verdicts."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.conftest import MATRIX, VERIFIER, write_suites
from tests.test_cli import APP, ROUTES

SPARE = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio")
"""Plugins of other packages that are slow to import and have no part here."""


@pytest.fixture
def suites(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(verifier=VERIFIER, backend=APP)
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(pytester.path / "suites", ROUTES, matrix=matrix)
    return pytester


def test_every_cell_is_an_item(suites: pytest.Pytester) -> None:
    result = suites.runpytest_subprocess(
        *SPARE, "suites/routers/app.toml", "-q", "--harness-credentials", "clerk,forged,missing"
    )
    result.assert_outcomes(passed=9 + 3)  # And an item for each route as such.


def test_a_failing_cell_tells_the_whole_story(suites: pytest.Pytester) -> None:
    suites.makepyfile(backend=APP.replace("def me(user: User)", "def me()"))
    suites.makeini("[pytest]\njunit_family = xunit1")
    result = suites.runpytest_subprocess(
        *SPARE, "suites", "-q", "--harness-credentials", "clerk,forged,missing", "--junitxml=own.xml"
    )
    result.assert_outcomes(failed=3, passed=7 + 3)
    text = result.stdout.str()
    assert "breach: GET /me with `missing`" in text
    assert "expected: reject (policy clerk)" in text
    assert re.search(r"seen: +the handler was entered \(and stopped at the door\)", text)
    assert "evidence: probe" in text
    declared = (suites.path / "suites/routers/app.toml").read_text().splitlines()
    line = next(number for number, each in enumerate(declared, 1) if each.startswith('"GET /me"'))
    assert f"declared: suites/routers/app.toml:{line}" in text
    handler = (suites.path / "backend.py").read_text().splitlines().index('@app.get("/me")') + 1
    assert f"handler:  backend.py:{handler}" in text
    cases = ElementTree.parse(suites.path / "own.xml").getroot().iter("testcase")
    places = {case.get("name"): (case.get("file"), case.get("line")) for case in cases}
    assert places["GET /me[missing]"] == ("suites/routers/app.toml", str(line - 1))  # pytest counts from 0.
    assert 'repeat:   clerk-harness run --suites suites --route "GET /me" --credentials missing' in text
    assert "Traceback" not in text


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_the_summary_tells_the_causes(suites: pytest.Pytester, processes: tuple[str, ...]) -> None:
    """Those of `clerk-harness run`, by the same ids, in whichever process the items ran."""
    suites.makepyfile(backend=APP.replace("def me(user: User)", "def me()"))
    path = suites.path / "suites" / "routers" / "app.toml"
    path.write_text(path.read_text().replace('"GET /public" = "public"\n', '"GET /gone" = "public"\n'))
    names = "clerk,missing,forged"
    result = suites.runpytest_subprocess(*SPARE, "suites", "-q", *processes, "--harness-credentials", names)
    section = re.search(r"=+ causes of the auth matrix =+\n(.*?)\n=", result.stdout.str(), re.DOTALL)
    assert section is not None, result.stdout.str()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(suites.path)
        words = ["run", "--credentials", names, "--no-drills", "--quiet"]
        done = subprocess.run([sys.executable, "-m", "harness", *words], capture_output=True, text=True, check=False)
    ids = re.findall(r"\[([0-9a-f]{12})\]$", done.stdout, re.MULTILINE)
    assert len(ids) >= 4
    assert re.findall(r"\[([0-9a-f]{12})\]$", section[1], re.MULTILINE) == ids
    assert 'repeat: clerk-harness run --suites suites --route "GET /me" --credentials missing' in section[1]


def test_what_is_new_is_run_first(suites: pytest.Pytester) -> None:
    """pytest's --nf knows the items by their ids."""
    words = [*SPARE, "suites/routers/app.toml", "-v", "--harness-credentials"]
    suites.runpytest_subprocess(*words, "clerk")
    result = suites.runpytest_subprocess(*words, "clerk,missing", "--nf")
    order = [found[1] for line in result.outlines if (found := re.search(r"\[([a-z]+)\] PASSED", line))]
    assert order == ["missing"] * 3 + ["clerk", "route"] * 3


def test_gaps_are_items_too(suites: pytest.Pytester) -> None:
    path = suites.path / "suites" / "routers" / "app.toml"
    path.write_text(path.read_text().replace('"GET /public" = "public"\n', '"GET /gone" = "public"\n'))
    result = suites.runpytest_subprocess(*SPARE, "suites", "-q", "--harness-credentials", "clerk")
    text = result.stdout.str()
    assert "stale: GET /gone" in text
    assert "undeclared: GET /public" in text
    gone = path.read_text().splitlines().index('"GET /gone" = "public"') + 1
    assert f"declared: suites/routers/app.toml:{gone}" in text
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_only_what_is_chosen_is_sent(suites: pytest.Pytester) -> None:
    suites.makepyfile(backend=APP + "\nLOG = open('asked.txt', 'a')\n@app.middleware('http')\nasync def log(request: Request, following):\n"
                      "    print(request.url.path, file=LOG, flush=True)\n    return await following(request)\n")  # fmt: skip
    suites.runpytest_subprocess(*SPARE, "suites/routers/app.toml::GET /me[missing]", "-q").assert_outcomes(passed=1)
    asked = (suites.path / "asked.txt").read_text().split()
    assert set(asked) == {"/me"}
    assert len(asked) <= 5


_GROUPS = ("absent", "time")


def _catalogue() -> list[str]:
    """What can be tried on a route without a body."""
    from harness.credentials import CATALOGUE

    return [name for name, c in CATALOGUE.items() if c.group in _GROUPS]


def outcomes(suites: pytest.Pytester, *arguments: str) -> set[tuple[str, str]]:
    result = suites.runpytest_subprocess(*SPARE, "suites", "-rA", "-q", *arguments)
    return set(re.findall(r"^(PASSED|FAILED) (suites/\S+::.*?\])", result.stdout.str(), re.MULTILINE))


def test_several_processes_give_the_verdicts_of_one(suites: pytest.Pytester) -> None:
    suites.makepyfile(backend=APP.replace("def me(user: User)", "def me()"))
    narrow = ["--harness-credentials", ",".join(_GROUPS)]
    one = outcomes(suites, *narrow)
    assert len(one) == 3 * (len(_catalogue()) + 1)  # And an item for each route as such.
    assert {kind for kind, _ in one} == {"PASSED", "FAILED"}
    assert outcomes(suites, "-n", "2", *narrow) == one


def test_a_mistake_in_the_options_is_one_sentence_and_stops_what_was_started(suites: pytest.Pytester) -> None:
    result = suites.runpytest_subprocess(*SPARE, "suites", "-q", "--harness-credentials", "forgd")
    text = result.stdout.str() + result.stderr.str()
    assert result.ret != 0
    assert "did you mean 'forged'" in text
    assert "AttributeError" not in text


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_a_mistake_is_one_sentence(suites: pytest.Pytester, arguments: list[str]) -> None:
    suites.makepyfile(backend="import nowhere_to_be_found")
    result = suites.runpytest_subprocess(*SPARE, "suites", "-q", *arguments)
    assert result.ret != 0
    text = result.stdout.str() + result.stderr.str()
    assert "importing backend failed: ModuleNotFoundError" in text
    assert "harness/session.py" not in text


def test_other_toml_files_and_other_tests_are_left_alone(suites: pytest.Pytester) -> None:
    suites.makefile(".toml", other='[tool]\nname = "x"')
    suites.makepyfile(test_own="def test_x(): pass")
    suites.runpytest_subprocess(*SPARE, "-q", "--ignore=suites").assert_outcomes(passed=1)


def test_drills_and_mutations_where_they_are_asked_for(suites: pytest.Pytester) -> None:
    result = suites.runpytest_subprocess(
        *SPARE, "suites/routers/app.toml", "-v", "-k", "jwks-outage or fuzz", "--harness-drills", "--harness-fuzz", "20"
    )
    text = result.stdout.str()
    assert re.search(r"GET /me\[jwks-outage\] PASSED", text), text[-2000:]
    assert re.search(r"\[fuzz\] PASSED", text), text[-2000:]
    assert result.ret == pytest.ExitCode.OK


def test_what_failed_last_can_be_run_alone_or_first(suites: pytest.Pytester) -> None:
    """pytest's cache knows the items by their ids."""
    suites.makepyfile(backend=APP.replace("def me(user: User)", "def me()"))
    words = [
        *(word for word in SPARE if "cacheprovider" not in word),
        "suites",
        "-v",
        "--harness-credentials",
        "clerk,missing",
    ]
    first = suites.runpytest_subprocess(*words).parseoutcomes()
    assert first["failed"] and first["passed"]
    again = suites.runpytest_subprocess(*words, "--lf").parseoutcomes()
    assert (again["failed"], again.get("passed", 0)) == (first["failed"], 0)
    ordered = suites.runpytest_subprocess(*words, "--ff")
    outcomes = [word for line in ordered.outlines for word in ("PASSED", "FAILED") if f" {word} " in line]
    assert outcomes[: first["failed"]] == ["FAILED"] * first["failed"]
