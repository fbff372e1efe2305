"""`run --watch`: what a change concerns is run again, on the same Postgres, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.cli.watch import changed, files, narrowed, routers_of, times
from harness.contracts.matrix import Declaration, load
from harness.run.option_table import add_arguments, from_arguments
from tests.conftest import GUARD, MATRIX, VERIFIER, write_suites

CODE = """
import os, pathlib
with pathlib.Path("servers").open("a") as told: told.write(os.environ["DATABASE_URL"].rpartition("/")[0] + "\\n")
@app.get("/me")
def me(user: User): return {}
@app.get("/other")
def other(user: User): return {}
"""
ME, OTHER = '"GET /me" = "clerk"\n', '"GET /other" = "clerk"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(
        GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
    )
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\npython = "{sys.executable}"\n[database]\n'
    write_suites(tmp_path / "suites", ME, matrix=MATRIX + target)
    (tmp_path / "suites/routers/other.toml").write_text(f'router = "other"\n[routes]\n{OTHER}')
    return tmp_path


def declared(folder: Path, **routers: str) -> Declaration:
    write_suites(folder, "", matrix=MATRIX)
    (folder / "routers/app.toml").unlink()
    for name, routes in routers.items():
        (folder / f"routers/{name}.toml").write_text(f'router = "{name}"\n[routes]\n{routes}')
    return load(folder)


def test_which_routers_a_change_concerns(tmp_path: Path) -> None:
    folder = tmp_path / "suites"
    before = declared(folder, app=ME, other=OTHER)
    app, other, third = (folder / f"routers/{name}.toml" for name in ("app", "other", "third"))
    assert routers_of({app}, before, before) == ["app"]
    assert routers_of({app, other}, before, before) == ["app", "other"]
    more = declared(folder, app=ME + '"GET /more" = "clerk"\n', other=OTHER, third='"GET /x" = "clerk"\n')
    assert routers_of({app, third}, before, more) == ["app", "third"]
    whole: list[str] = []
    assert routers_of({app}, more, before) == whole, "a route that was taken out is nobody's now"
    assert routers_of({third}, more, before) == whole, "a router that is gone"
    assert routers_of({app, folder / "auth_matrix.toml"}, before, before) == whole
    assert routers_of({app, tmp_path / "backend.py"}, before, before) == whole
    assert routers_of({app}, None, before) == routers_of({app}, before, None) == whole


@pytest.mark.parametrize(
    ("words", "routers", "run"),
    [
        ([], [], ([], True)),
        ([], ["app"], (["app"], False)),
        (["--drills"], ["app"], (["app"], True)),
        (["--router", "app", "--router", "other"], ["app"], (["app"], False)),
        (["--router", "app"], ["other"], None),
        (["--route", "GET /me"], ["other"], ([], False)),
        (["--credentials", "clerk"], ["app"], (["app"], True)),
    ],
)
def test_what_is_run_again(words: list[str], routers: list[str], run: tuple[list[str], bool] | None) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, "run")
    arguments = parser.parse_args(words)
    arguments.options = from_arguments(arguments)
    part = narrowed(arguments, routers)
    assert (None if part is None else (part.options.routers, part.options.drills)) == run


def test_what_is_looked_at(tmp_path: Path) -> None:
    for name in ("app/a.py", "app/b.txt", ".git/c.py", "venv/pyvenv.cfg", "venv/d.py", "node_modules/e.py", "f.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    before = times(files(tmp_path, (".py",)))
    assert {str(path.relative_to(tmp_path)) for path in before} == {"app/a.py", "f.py"}
    (tmp_path / "f.py").unlink()
    (tmp_path / "app/a.py").write_text("x")
    (tmp_path / "g.py").touch()
    after = times(files(tmp_path, (".py",)))
    assert changed(before, after) == {tmp_path / name for name in ("f.py", "app/a.py", "g.py")}
    assert changed(after, after) == set()


def test_a_change_is_run_again_until_ctrl_c(project: Path) -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from harness.__main__ import start; start()"
    words = ["run", "--watch", "--credentials", "clerk,missing", "--no-drills"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watchdog = threading.Timer(100, process.kill)
    watchdog.start()

    def until_it_waits() -> list[str]:
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line.rstrip("\n"))
            if line.startswith("watching "):
                return told
        raise AssertionError("\n".join(told))

    told = until_it_waits()
    assert (
        "PASSED: this is a part of the matrix (--credentials clerk,missing): nothing is said of what was left out"
        in told
    )
    assert told[-1] == "watching 5 files below suites and .: change one, or end by Ctrl-C"
    other = project / "suites/routers/other.toml"
    other.write_text(other.read_text().replace('"clerk"', '"public"'))
    told = until_it_waits()
    assert told[0] == "changed: suites/routers/other.toml: router other, again"
    assert any(line.startswith("FAILED: this is a part of the matrix (--router other") for line in told)
    other.write_text("[routes\n")
    told = until_it_waits()
    assert told[0] == "changed: suites/routers/other.toml: all that was chosen, again"
    assert told[1].startswith("clerk-harness: suites/routers/other.toml") and "not valid TOML" in told[1]
    assert len(told) == 3
    other.write_text(f'router = "other"\n[routes]\n{OTHER}')
    assert until_it_waits()[0] == "changed: suites/routers/other.toml: router other, again"
    backend = project / "backend.py"
    backend.write_text(backend.read_text().replace("def me(user: User)", "def me()"))
    told = until_it_waits()
    assert told[0] == "changed: backend.py: all that was chosen, again"
    assert any(line.startswith("BREACH") and "on GET /me (app)" in line for line in told)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    watchdog.cancel()
    assert (process.returncode, out) == (130, "clerk-harness: ended by Ctrl-C (SIGINT)\n")
    servers = (project / "servers").read_text().splitlines()
    assert len(servers) >= 4 and len(set(servers)) == 1, "Postgres is kept between runs"
