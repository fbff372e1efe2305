"""The tutorial and the how-tos, followed: what they show is written, what they say is run, and what they promise comes out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import DOCS, blocks

FEW = "clerk,legacy@,clerk-pending,azp-foreign,machine-for-session,missing,forged,expired,webhook"
"""Credentials that show each cause of the tutorial's first run, and of the how-tos' a few of each kind."""
AS_INIT_WRITES_IT = """
[target]
app = "{app}"
app_dir = ".."
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
"""
_WRITTEN = re.compile(r"  # today.*$", re.MULTILINE)


def command(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`clerk-harness`, as somebody runs it in a directory."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *words], cwd=directory, capture_output=True, text=True, check=False
    )


def write(directory: Path, page: str) -> None:
    """The files that a page shows."""
    for file, text in blocks(DOCS / page):
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text(text)


def declared(text: str) -> list[str]:
    """A declaration without what init only remarks."""
    return [line for line in _WRITTEN.sub("", text).splitlines() if line and not line.startswith("#")]


def test_the_tutorial(tmp_path: Path) -> None:
    page = DOCS / "tutorial.md"
    (_, app), (router, written), (_, mended), (_, guard) = blocks(page)
    (tmp_path / "app.py").write_text(app)
    done = command(tmp_path, "init", "--app", "app:app")
    assert done.returncode == 0, done.stderr
    assert declared((tmp_path / router).read_text()) == declared(written)

    other = tmp_path / "suites" / "routers" / "docs.toml"
    other.write_text(other.read_text().replace(", reviewed = false", ""))
    (tmp_path / router).write_text(mended)
    done = command(tmp_path, "run", "--router", "app", "--credentials", FEW, "--quiet")
    shown = re.findall(r"^(?:BREACH|LOCKOUT) .*(?=  \[)", page.read_text(), re.MULTILINE)
    assert len(shown) == 5
    assert [title for title in shown if title not in done.stdout] == [], done.stdout
    assert done.returncode == 1

    old = app[app.index("KEYS =") : app.index('@app.get("/health")')]
    (tmp_path / "app.py").write_text(
        app.replace(old, guard + "\n\n").replace("Depends(old_user)", "Depends(clerk_user)")
    )
    done = command(tmp_path, "run", "--router", "app", "--credentials", FEW, "--quiet")
    assert (done.returncode, "\nPASSED" in f"\n{done.stdout}") == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("page", "app"),
    [("flask.md", "shop:create_app"), ("django.md", "asgi:application"), ("in-handler.md", "inside:app")],
)
def test_how_to_test_an_app(page: str, app: str, tmp_path: Path) -> None:
    write(tmp_path, page)
    if not (tmp_path / "suites" / "auth_matrix.toml").exists():
        (tmp_path / "suites" / "auth_matrix.toml").write_text(AS_INIT_WRITES_IT.format(app=app))
    done = command(tmp_path, "run", "--credentials", FEW, "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_how_to_test_a_server_in_node(tmp_path: Path) -> None:
    packages = DOCS.parent / "tests" / "conformance" / "node" / "node_modules"
    if not (packages / "ready").exists():
        pytest.skip("make test sets Clerk's packages up")
    (tmp_path / "node_modules").symlink_to(packages)
    write(tmp_path, "node.md")
    done = command(tmp_path, "run", "--credentials", FEW, "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr
