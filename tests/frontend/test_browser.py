"""Which browser is taken: one that can show text, and otherwise the way out is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from harness.contracts.frontend.chromium import launch
from harness.core.errors import HarnessError
from harness.fake_clerk import FakeClerk
from tests.frontend.conftest import named_browser


def test_a_browser_without_fonts_is_told_before_every_page_passes_for_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "fonts.conf"
    empty.write_text(f'<?xml version="1.0"?><fontconfig><dir>{tmp_path}/none</dir></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(empty))
    with (
        FakeClerk() as clerk,
        sync_playwright() as playwright,
        pytest.raises(HarnessError, match=r"(?s)no font.*--browser"),
    ):
        launch(playwright, clerk, named_browser())


def test_a_program_that_is_no_browser_and_never_answers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    monkeypatch.setattr("harness.contracts.frontend.chromium._LAUNCH", 1)
    with (
        FakeClerk() as clerk,
        sync_playwright() as playwright,
        pytest.raises(
            HarnessError, match=r"browser does not start: .*Timeout 1000ms exceeded.*; name another with --browser"
        ),
    ):
        launch(playwright, clerk, str(program))
