"""Options are declared once: command line, pytest, the command that repeats a run and the documentation agree."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from harness.cli.parser import Parser
from harness.core.errors import HarnessError
from harness.run.option_table import (
    EXAMINING,
    add_arguments,
    from_arguments,
    from_pytest,
    markdown,
    options,
    repeat_command,
)
from harness.run.options import Options


def parsed(*words: str, command: str = "run") -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser, command)
    return from_arguments(parser.parse_args(list(words)))


def of_pytest(**given: Any) -> Options:
    usual = {f"harness_{each.name}": [] if each.kind in ("pairs", "several") else each.default for each in options()}
    return from_pytest(
        (usual | {f"harness_{name}": value for name, value in given.items()}).__getitem__, Path("suites")
    )


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--app", "a:b"], "app", "a:b"),
        (["--app-dir", "x"], "app_dir", Path("x")),
        (["--env", "A=1", "--env", "B=2=3"], "env", {"A": "1", "B": "2=3"}),
        (["--allow-host", "one", "--allow-host", "two"], "allow_hosts", ["one", "two"]),
        (["--router", "peers"], "routers", ["peers"]),
        (["--credentials", "clerk, forged"], "credentials", ["clerk", "forged"]),
        (["--only", "matrix,budget"], "only", ["matrix", "budget"]),
        (["--only", "matrix", "--only", "budget"], "only", ["matrix", "budget"]),
        (["--command", "node server.js"], "command", "node server.js"),
        (["--issuer-port", "8765"], "issuer_port", 8765),
        (["--time-limit", "2.5"], "time_limit", 2.5),
        (["--quiet"], "quiet", True),
        (["--reports", "elsewhere"], "reports", Path("elsewhere")),
    ],
)
def test_the_command_line_fills_the_options(words: list[str], name: str, value: object) -> None:
    assert getattr(parsed(*words), name) == value


@pytest.mark.parametrize(
    ("words", "drills", "rotation"),
    [
        ([], True, True),
        (["--no-drills"], False, True),
        (["--router", "peers"], False, False),
        (["--route", "GET /x"], False, False),
        (["--router", "peers", "--drills"], True, True),
        (["--router", "peers", "--credentials", "clerk"], True, True),
        (["--no-drills", "--router", "peers"], False, False),
    ],
)
def test_drills_are_held_in_whole_runs_and_where_they_are_asked_for(
    words: list[str], drills: bool, rotation: bool
) -> None:
    found = parsed(*words)
    assert (found.drills, found.rotation) == (drills, rotation)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--agents", "0"], "--agents 0: between 1 and 64"),
        (["--agents", "65"], "--agents 65: between 1 and 64"),
        (["--issuer-port", "65536"], "--issuer-port 65536: between 1 and 65535"),
        (["--fuzz", "-1"], "--fuzz -1: between 0 and 1000000"),
        (["--sequences", "0"], "--sequences 0: between 1 and 1000000"),
        (["--time-limit", "0"], "--time-limit 0: between 0 and 600 seconds"),
        (["--time-limit", "601"], "--time-limit 601: between 0 and 600 seconds"),
        (["--env", "A"], "--env A: write NAME=VALUE"),
        (["--env", "=A"], "--env =A: write NAME=VALUE"),
        (["--watch", "--max-time", "9"], "--watch excludes --max-time: it goes on until Ctrl-C"),
        (["--app", "a:b", "--url", "http://127.0.0.1:1"], "--app excludes --url and --command: name one target"),
    ],
)
def test_what_cannot_be_meant_is_told(words: list[str], message: str) -> None:
    with pytest.raises(HarnessError) as found:
        parsed(*words)
    assert str(found.value) == message


@pytest.mark.parametrize(
    "words",
    [["--agents", "1"], ["--agents", "64"], ["--issuer-port", "65535"], ["--time-limit", "600"], ["--fuzz", "1000000"]],
)
def test_the_ends_of_a_range_are_in_it(words: list[str]) -> None:
    parsed(*words)


def test_pytest_has_what_a_backend_over_a_url_and_the_long_forms_need() -> None:
    found = of_pytest(
        url="http://127.0.0.1:1", issuer_port=8765, drills=True, fuzz=10, time_limit=3.0, allow_hosts=["b"]
    )
    assert (found.url, found.issuer_port, found.fuzz, found.time_limit) == ("http://127.0.0.1:1", 8765, 10, 3.0)
    assert found.drills and found.rotation and found.allow_hosts == ["b"]


def test_under_pytest_drills_wait_to_be_asked_for() -> None:
    found = of_pytest()
    assert not found.drills and not found.rotation
    assert of_pytest(credentials=["clerk-rotated"]).rotation


def test_pytest_names_its_own_option_in_a_message() -> None:
    with pytest.raises(HarnessError, match=r"^--harness-agents 99: between 1 and 64$"):
        of_pytest(agents=99)


def test_the_command_that_repeats_a_run_names_the_target_and_no_secret() -> None:
    given = Options(
        app="a:b", app_dir=Path("src"), env={"LOG": "x y", "API_KEY": "hunter2"}, issuer_port=8765, allow_hosts=["h"],
        credentials=["clerk"], agents=2, fuzz=3, openapi="",
    )  # fmt: skip
    words = repeat_command(given)
    assert words.endswith(
        "run --suites suites --app a:b --app-dir src --openapi '' --issuer-port 8765 --allow-host h "
        "--env 'LOG=x y' --env API_KEY=\"$API_KEY\""
    )
    assert "hunter2" not in words


def test_every_option_has_its_line_in_the_documentation() -> None:
    table = markdown()
    for each in options():
        assert f"`{each.flag}" in table
        assert each.commands <= EXAMINING


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--app", ""], "--app: is empty"),
        (["--suites", ""], "--suites: is empty"),
        (["--suites", "x" * 300], "--suites x.* too long"),
        (["--app", "a\udcff:b"], r"--app a\\udcff:b: not UTF-8"),
        (["--reports", "a\udcff"], r"--reports a\\udcff: not UTF-8"),
        (["--env", "A=\udcff"], r"--env A=\\udcff: not UTF-8"),
        (["--credentials", ","], "--credentials: names nothing"),
        (["--only", " "], "--only: is empty"),
        (["--route", ""], "--route: is empty"),
        (["--time-limit", "nan"], "--time-limit nan: between 0 and 600"),
    ],
)
def test_what_is_no_value_of_an_option_is_told(words: list[str], told: str) -> None:
    with pytest.raises(HarnessError, match=told):
        parsed(*words)


def test_a_number_that_is_none_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="clerk-harness run")
    add_arguments(parser, "run")
    for word in ("abc", "9" * 5000, "1.5", "\udcff"):
        with pytest.raises(SystemExit) as end:
            parser.parse_args(["--seed", word])
        assert end.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("clerk-harness run: argument --seed: ")
        assert said.count("\n") == 1
        assert len(said) < 400


def test_no_openapi_document_is_the_empty_text() -> None:
    assert parsed("--openapi", "").openapi == ""
