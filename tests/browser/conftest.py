"""A real browser. One that is not installed is a failure, not a skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report.html import HtmlReport
from tests.browser.records import ALL

HERE = Path(__file__).parent
NODE = shutil.which("node") or os.fspath(Path(sys.executable).parent / "node")


class Browser:
    """Opens pages in Chromium, by one Node process; see `driver.mjs`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [NODE, "driver.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, call: str, **given: Any) -> Any:
        """What the driver answers to a call."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call} | given) + "\n")
        self._process.stdin.flush()
        line = next((line for line in self._process.stdout if line.startswith("=> ")), None)
        assert line is not None, "the Node process ended: are the packages of tests/browser installed (make test)?"
        found = json.loads(line[3:])
        assert "error" not in found, found["error"]
        return found.get("value")

    def open(self, file: Path, address: str = "", **view: Any) -> None:
        """Open a page, and wait until its cells are unpacked."""
        self.do("open", file=os.fspath(file), hash=address, **view)
        self.wait("document.body.dataset.ready")

    def ask(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.do("ask", script=script)

    def wait(self, script: str) -> None:
        """Wait until an expression in the page is true."""
        self.do("wait", script=script)

    def told(self) -> list[str]:
        """What the console had to complain of, what was thrown, and what was asked of a network."""
        found: list[str] = self.do("told")
        return found

    def close(self) -> None:
        """End browser and process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, for all pages."""
    started = Browser()
    yield started
    started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each record."""
    folder = tmp_path_factory.mktemp("pages")
    for name, made in ALL.items():
        (folder / f"{name}.html").write_text(HtmlReport().render(made()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ALL}
