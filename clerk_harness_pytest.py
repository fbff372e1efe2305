"""The door of the pytest plugin. It has a name of its own, for a project may have a module `harness`, which hides the package
wherever the project's directory comes first (`python -m pytest`, `pythonpath`, `conftest.py` in it).

Where that is so, suites cannot be judged: this says what hides the package, and fails the suites rather than to leave them out.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def hiding() -> str | None:
    """What stands in for the package `harness`, which lies beside this file; None where the package itself is found."""
    loaded = sys.modules.get("harness")
    origin = getattr(loaded, "__file__", None)
    if loaded is None:
        spec = importlib.util.find_spec("harness")
        origin = spec.origin if spec is not None else None
    if origin is not None and Path(origin).resolve() == HERE / "harness" / "__init__.py":
        return None
    return str(origin or "a directory `harness`")


HIDING = hiding()
MESSAGE = (
    f"clerk-harness: {HIDING} hides the package `harness` of clerk-harness: run `pytest` instead of `python -m pytest` (which "
    "puts this directory first), or give that module another name, or use the command `clerk-harness run`"
)

if HIDING is None:
    from harness.pytest_plugin.fixtures import fake_clerk
    from harness.pytest_plugin.hooks import (
        pytest_addhooks,
        pytest_addoption,
        pytest_collect_file,
        pytest_collection_finish,
        pytest_configure,
        pytest_internalerror,
        pytest_make_collect_report,
        pytest_runtest_makereport,
        pytest_sessionfinish,
        pytest_terminal_summary,
        pytest_unconfigure,
        pytest_warning_recorded,
    )

    __all__ = [
        "fake_clerk",
        "pytest_addhooks",
        "pytest_addoption",
        "pytest_collect_file",
        "pytest_collection_finish",
        "pytest_configure",
        "pytest_internalerror",
        "pytest_make_collect_report",
        "pytest_runtest_makereport",
        "pytest_sessionfinish",
        "pytest_terminal_summary",
        "pytest_unconfigure",
        "pytest_warning_recorded",
    ]
else:

    def pytest_addoption() -> None:  # type: ignore[misc]
        """An option of the plugin would be unknown: say why."""
        if any(argument.startswith("--harness-") for argument in sys.argv):
            raise pytest.UsageError(MESSAGE)

    def pytest_report_header() -> str:
        """One line at the head of the run: other tests of the project go on as ever."""
        return MESSAGE

    def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:  # type: ignore[misc]
        """A suite that cannot be judged fails."""
        if file_path.name == "auth_matrix.toml" or (
            file_path.suffix == ".toml" and (file_path.parent.parent / "auth_matrix.toml").is_file()
        ):
            return _Hidden.from_parent(parent, path=file_path)
        return None

    class _Hidden(pytest.File):
        def collect(self) -> Any:
            raise self.CollectError(MESSAGE)
