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
