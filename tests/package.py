"""`make package`: sdist and wheel are whole, and the wheel works where nothing else of the project is.

Builds both (the wheel from the sdist), compares them with what is tracked, installs the wheel into an environment of its own, and runs
`init` and `run` on a copy of the reference platform from there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.test_package import ROOT, shipped, tracked

PART = ("--router", "peers", "--credentials", "genuine,absent,legacy", "--no-drills")


def _do(*command: str | Path, directory: Path, code: int = 0) -> None:
    """Run a command; what it prints is shown only where it does not end as it should."""
    done = subprocess.run([str(each) for each in command], cwd=directory, check=False, capture_output=True, text=True)
    if done.returncode != code:
        told = (done.stdout + done.stderr)[-8000:]
        sys.exit(f"{told}\n{' '.join(map(str, command))}: exit code {done.returncode} instead of {code}")


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin"


def _compare(what: str, is_there: set[str], must: set[str]) -> None:
    if missing := sorted(must - is_there):
        sys.exit(f"{what}: {len(missing)} file(s) are missing: {', '.join(missing[:20])}")
    print(f"{what}: all of {len(must)} files")


def _built(folder: Path) -> Path:
    """The wheel; both files are compared with what is tracked."""
    tools = _environment(folder / "tools")
    _do(tools / "pip", "install", "--quiet", "--disable-pip-version-check", "build", directory=folder)
    _do(tools / "python", "-m", "build", "--outdir", folder / "dist", ROOT, directory=folder)
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    with tarfile.open(sdist) as archive:
        _compare("sdist", {name.partition("/")[2] for name in archive.getnames()}, tracked())
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    _compare("wheel", names, shipped())
    if not any(name.endswith("licenses/LICENSE") for name in names):
        sys.exit("wheel: the text of the licence is missing")
    return wheel


def main() -> None:
    """Raises SystemExit, with what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres does not run as root.
        wheel = _built(folder)
        clean = _environment(folder / "clean")
        _do(clean / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, directory=folder)
        work = folder / "work"
        for each in ("examples", "suites"):
            shutil.copytree(ROOT / each, work / each, ignore=shutil.ignore_patterns("__pycache__"))
        harness, python = clean / "clerk-harness", ROOT / ".venv" / "bin" / "python"
        _do(harness, "run", *PART, "--python", python, directory=work)
        found = json.loads((work / "reports" / "auth-matrix.json").read_text())
        if not found["passed"] or found["summary"]["cells"] < 20:
            sys.exit("run: the reports do not say that it has passed")
        target = ("--app", "app.main:app", "--app-dir", "examples/platform", "--python", python, "--suites", "fresh")
        more = ("--migrate", "python -m app.manage migrate", "--scheme", "postgresql+psycopg")
        _do(harness, "init", *target, *more, directory=work)
        _do(
            harness, "run", "--suites", "fresh", *PART, "--python", python, directory=work, code=1
        )  # Nobody has read it.
        print("package: the wheel works on its own")


if __name__ == "__main__":
    main()
