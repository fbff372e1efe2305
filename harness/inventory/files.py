"""Which files are read: source of a person, of a size that a person writes; what is left out is told."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.files import read_text
from harness.inventory.places import Unread

LARGEST_FILE = 1 << 20
MOST_FILES = 20_000
"""Of one folder: more is a folder of something else, or the folder above."""
_ELSEWHERE = {"node_modules", "bower_components", "site-packages", "dist-packages", "__pypackages__"}
_NEVER = {"__pycache__", ".git"}
_BUILT = {"dist", "build", "out", "coverage", "storybook-static", "htmlcov"}
"""What builds write, where it lies beside a project's file; deeper it may be somebody's source."""
_PROJECT_FILES = {"package.json", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "manage.py"}
_TEST_FOLDERS = {"tests", "test", "__tests__", "__mocks__", "e2e", "cypress", "playwright"}
_TEST_FILE = re.compile(
    r"^conftest\.py$|\.(test|spec|stories|story|cy|e2e)\.\w+$|^(jest|vitest|playwright|cypress)\.config\.\w+$"
)
_PYTHON_TEST = re.compile(r"^(test_.*|.*_test|tests)\.py$")
_TESTS_SOMETHING = re.compile(
    r"^\s*(?:async )?def test_|^\s*(?:import|from) (?:pytest|unittest|django\.test)\b", re.MULTILINE
)
"""A router may be called `personality_test.py`."""
_MINIFIED_NAME = re.compile(r"[.-]min\.\w+$|\.bundle\.\w+$|\.chunk\.\w+$")
_LONG_LINE = 5_000


@dataclass
class Found:
    """The files of a folder with their texts, by the path from the folder, and what was not read."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)


def find(root: Path, endings: frozenset[str], option: str, names: re.Pattern[str] | None = None) -> Found:
    """Read every file below a folder that ends in one of `endings`, and is called as `names` says.

    Raises HarnessError naming `option` where there is no folder, or too many files.
    """
    if not root.is_dir():
        raise HarnessError(f"{option} {root}: is no folder" if root.exists() else f"{option} {root}: no such folder")
    found = Found(root)
    left: dict[str, list[str]] = {}
    problems: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=problems.append):
        project = folder == str(root) or bool(_PROJECT_FILES & set(files))
        for name in sorted(folders):
            why = _why_not_folder(Path(folder, name), project)
            if why and name not in _NEVER:
                left.setdefault(why, []).append(_inside(root, str(Path(folder, name))))
        folders[:] = sorted(name for name in folders if not _why_not_folder(Path(folder, name), project))
        for name in sorted(files):
            if Path(name).suffix in endings and (names is None or names.search(name)):
                _take(found, left, Path(folder, name), option)
    for problem in problems:
        found.unread.append(
            Unread(_inside(root, str(problem.filename)), problem.strerror or "cannot be read", blocks=True)
        )
    found.unread += [Unread(name, why, meant=True) for why, each in sorted(left.items()) for name in each]
    return found


def _inside(root: Path, path: str) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _why_not_folder(path: Path, project: bool) -> str:
    """Why a folder is left out, or the empty text; `project`: it lies beside a project's file."""
    name = path.name
    if name in _ELSEWHERE or name.endswith(".egg-info") or (path / "pyvenv.cfg").is_file():
        return "folders of installed packages"
    if name.startswith(".") or name in _NEVER:
        return "hidden folders"
    if name in _TEST_FOLDERS:
        return "folders of tests"
    if project and name in _BUILT:
        return "folders of builds (dist, build, out …)"
    return "folders behind a link" if path.is_symlink() else ""


def _take(found: Found, left: dict[str, list[str]], path: Path, option: str) -> None:
    name = _inside(found.root, str(path))
    if _TEST_FILE.search(path.name):
        left.setdefault("files of tests or stories", []).append(name)
        return
    if path.name.endswith((".d.ts", ".d.mts", ".d.cts")):
        left.setdefault("files of declarations (.d.ts)", []).append(name)
        return
    if _MINIFIED_NAME.search(path.name):
        left.setdefault("minified files", []).append(name)
        return
    if len(found.texts) >= MOST_FILES:
        raise HarnessError(
            f"{option} {found.root}: more than {MOST_FILES:,} files of source: name a folder further down"
        )
    try:
        text = read_text(path, error=HarnessError, largest=LARGEST_FILE)
    except HarnessError as error:
        why = str(error).removeprefix(f"{path}: ")
        found.unread.append(Unread(name, why, blocks=not why.startswith("larger")))
        return
    if _PYTHON_TEST.search(path.name) and _TESTS_SOMETHING.search(text):
        left.setdefault("files of tests or stories", []).append(name)
        return
    if not name.endswith(".py") and max(map(len, text.split("\n"))) > _LONG_LINE and text.count("\n") < len(text) / 500:
        found.unread.append(Unread(name, "minified files", meant=True))
        return
    found.texts[name] = text
