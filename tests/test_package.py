"""What others install: every file of the package is declared to setuptools, and what runs it elsewhere names real options."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import yaml

from harness.cli.parser import Parser
from harness.run.option_table import add_arguments, from_arguments
from harness.run.options import Options

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked() -> set[str]:
    """Every file of the repository that git knows."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return {name for name in done.stdout.decode().split("\0") if name}


def shipped() -> set[str]:
    """What a wheel must hold."""
    return {name for name in tracked() if name.startswith("harness/") or name == "clerk_harness_pytest.py"}


def declared(name: str) -> bool:
    """Whether pyproject.toml puts a file into the wheel: a module of a package, or data of one."""
    path = Path(name)
    setup = PROJECT["tool"]["setuptools"]
    if path.parent == Path():
        return path.stem in setup["py-modules"]
    packages = [folder for folder in path.parents if folder.parts]
    if path.suffix == ".py" and all((ROOT / folder / "__init__.py").is_file() for folder in packages):
        return True
    inside = path.relative_to("harness").as_posix()
    return any(fnmatch.fnmatchcase(inside, pattern) for pattern in setup["package-data"]["harness"])


def test_every_file_of_the_package_goes_into_the_wheel() -> None:
    assert [name for name in sorted(shipped()) if not declared(name)] == []


def test_a_file_that_nobody_declared_is_noticed() -> None:
    assert declared("harness/report/page/page.html")
    assert not declared("harness/report/style.css")
    assert not declared("harness/data/deep/more.py")


def test_the_metadata_say_what_it_is() -> None:
    project = PROJECT["project"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
    assert (
        project["authors"] and project["description"] and project["keywords"] and (ROOT / project["readme"]).is_file()
    )
    assert project["classifiers"] == sorted(set(project["classifiers"]))
    # Of the licence the expression says it (PEP 639); an address is there when it is one, and no other's.
    assert not [each for each in project["classifiers"] if each.startswith("License ::")]
    assert all(re.match(r"https://(?!.*YOUR-)", url) for url in project.get("urls", {}).values())
    pythons = {each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r"Python :: 3\.", each)}
    matrix = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["gate"]["strategy"]["matrix"]
    assert pythons == set(matrix["python"])


def parsed(arguments: list[str]) -> Options:
    """The options of `run` as the command takes them; an unknown one ends the test."""
    parser = Parser()
    add_arguments(parser, "run")
    return from_arguments(parser.parse_args(arguments))


def test_the_action_uses_its_inputs_and_real_options() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.(\w+)", text)) == set(action["inputs"])
    steps = action["runs"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    for step in steps:
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"], "what is given would be run by the shell"
    assert [step["name"] for step in steps if "always()" not in step.get("if", "")] == [
        "Install clerk-harness, away from the backend's packages", "Run the matrix",
    ]  # fmt: skip
    (line,) = [line for step in steps for line in step.get("run", "").splitlines() if " run --" in line]
    assert parsed([*re.findall(r"(--[a-z-]+)", line), "here"]).reports == Path("here")


def test_the_action_s_script_takes_arguments_as_they_are(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = next(step["run"] for step in action["runs"]["steps"] if "ARGUMENTS" in step.get("env", {}))
    command = tmp_path / "clerk-harness" / "bin" / "clerk-harness"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 3\n")
    command.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), "ARGUMENTS": '--route\nGET /a "b" $(c)\n'}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stdout.splitlines()[-2:] == ["--route", 'GET /a "b" $(c)']
    nothing = subprocess.run(
        ["bash", "-e", "-c", script], env=environment | {"ARGUMENTS": ""}, capture_output=True, text=True, check=False
    )
    assert nothing.stdout.splitlines()[-1].endswith("auth-matrix")


def test_the_hook_runs_a_real_command() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= set(hook)
    program, command, *options = hook["entry"].split()
    assert (program, command) == ("clerk-harness", "run")
    assert program in PROJECT["project"]["scripts"]
    assert parsed(options).quiet


def test_the_container_s_examples_are_real_commands() -> None:
    text = (ROOT / "Containerfile").read_text()
    assert 'ENTRYPOINT ["clerk-harness"]' in text
    (example,) = re.findall(r"^#   docker run .* clerk-harness run (.*)$", text, re.MULTILINE)
    assert parsed(example.split()).url == "http://127.0.0.1:8000"
