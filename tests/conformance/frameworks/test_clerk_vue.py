"""@clerk/vue, bundled by Vite as for production: its plugin, composables and Clerk's components."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import jwt
import pytest
from playwright.sync_api import Page, expect

from harness.contracts.frontend.serving import Files
from harness.core.ports import free_port
from harness.fake_clerk import FakeClerk
from tests.conformance.conftest import NODE
from tests.conformance.frameworks.conftest import ANN, FOLDER, INSTALLED, PACKAGES, sign_in, sign_up

pytestmark = INSTALLED


@pytest.fixture(scope="module")
def origin(clerk: FakeClerk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as files; they are served as hosts of single-page apps do it."""
    out = tmp_path_factory.mktemp("vue")
    built = subprocess.run(
        [NODE, PACKAGES / "vite/bin/vite.js", "build", "--outDir", out, "--emptyOutDir"],
        cwd=FOLDER / "vue", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    port = free_port()
    files = Files(out, port)
    files.variables = {"KEY": clerk.publishable_key}
    yield f"http://localhost:{port}"
    files.close()


def claims(tab: Page) -> dict[str, object]:
    """Of the token that the page shows."""
    expect(tab.locator("#token")).to_have_text(re.compile(r"\..*\."))
    found: dict[str, object] = jwt.decode(tab.inner_text("#token"), options={"verify_signature": False})
    return found


def test_a_stranger_is_sent_to_the_form_and_comes_back(tab: Page) -> None:
    tab.goto("/protected")
    expect(tab).to_have_url(re.compile("/sign-in"))
    sign_in(tab)
    expect(tab.locator("#who")).to_have_text(ANN)
    assert "/protected" in tab.url
    assert claims(tab)["sub"] == "user_ann"


def test_switching_the_organization_switches_it_in_the_token(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    before = claims(tab)["o"]
    assert isinstance(before, dict)
    other = {"first": "Second", "second": "First"}[before["slg"]]
    shown = tab.inner_text("#token")
    tab.click(".cl-organizationSwitcherTrigger")
    tab.click(f".cl-organizationSwitcherPreviewButton:has-text('{other}')")
    expect(tab.locator("#token")).not_to_have_text(shown)
    after = claims(tab)["o"]
    assert isinstance(after, dict) and after["slg"] == other.lower()


def test_whoever_signs_up_gets_in_and_stays_after_a_reload(tab: Page) -> None:
    tab.goto("/sign-up")
    sign_up(tab, "vue+clerk_test@example.com")
    expect(tab.locator("#who")).to_have_text("vue+clerk_test@example.com")
    tab.reload()
    expect(tab.locator("#who")).to_have_text("vue+clerk_test@example.com")


def test_signing_out_ends_it(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    tab.click("#out")
    expect(tab.get_by_role("link", name="Sign in")).to_be_visible()


def test_the_profile_s_pages_need_nothing_that_the_fake_lacks(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    expect(tab.locator("#who")).to_have_text(ANN)
    tab.goto("/profile")
    expect(tab.locator(".cl-profilePage")).to_contain_text(ANN)
