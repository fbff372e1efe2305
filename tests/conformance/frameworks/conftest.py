"""Clerk's packages for whole frameworks, unmodified, in a real Chromium: a tab whose errors fail the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from harness.contracts.frontend.chromium import launch
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.organizations import Organization
from harness.targets.host_redirect import Names
from tests.conformance.conftest import redirected
from tests.frontend.conftest import named_browser

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
INSTALLED = pytest.mark.skipif(
    not (PACKAGES / "ready").exists(),
    reason="the packages of tests/conformance/frameworks are not installed (some 900 MB): run `make frameworks`",
)
ANN = "ann+clerk_test@example.com"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def clerk() -> Iterator[FakeClerk]:
    """One issuer for the app of a module: it knows Ann, who is in two organizations."""
    with FakeClerk() as started:
        ann = started.directory.add_user(ANN, id="user_ann", password=PASSWORD, first_name="Ann")
        for slug, role in (("first", "org:admin"), ("second", "org:member")):
            organization = Organization(slug.title(), slug, id=f"org_{slug}")
            started.directory.organizations[organization.id] = organization
            started.directory.join(organization, ann, role)
        started.script_folders.append(FOLDER)
        yield started


@pytest.fixture(scope="module")
def names(clerk: FakeClerk) -> Iterator[Names]:
    """Clerk's real names for the app's server, which may leave the machine for no other."""
    with redirected(clerk) as names:
        yield names


@pytest.fixture(scope="module")
def browser(clerk: FakeClerk) -> Iterator[Browser]:
    """A Chromium in which Clerk's names are the fake's."""
    with sync_playwright() as playwright:
        browser = launch(playwright, clerk, named_browser())
        yield browser
        browser.close()


@dataclass
class Noted:
    """What went wrong in a tab: what its scripts threw, and what the fake did not have."""

    thrown: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    def answered(self, answer: Response) -> None:
        """Note an operation that the fake does not have, and a file that it does not find."""
        if answer.status == 501 or (answer.status == 404 and "/npm/" in answer.url):
            self.lacking.append(f"{answer.request.method} {answer.url.partition('?')[0]}")


@pytest.fixture
def tab(browser: Browser, origin: str) -> Iterator[Page]:
    """A fresh browser's tab at the app's origin. What its scripts throw fails the test, and so does what the fake lacks."""
    context, noted = browser.new_context(base_url=origin), Noted()
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.on("pageerror", lambda error: noted.thrown.append(str(error)))
    page.on("response", noted.answered)
    yield page
    context.close()
    assert noted == Noted()


def sign_in(tab: Page, address: str = ANN, password: str = PASSWORD) -> None:
    """Fill in Clerk's own form."""
    tab.fill("input[name=identifier]", address)
    if tab.locator("input[name=password]:visible").count() == 0:
        tab.click("button.cl-formButtonPrimary")
    tab.fill("input[name=password]", password)
    tab.click("button.cl-formButtonPrimary")


def sign_up(tab: Page, address: str) -> None:
    """Fill in Clerk's own form, and the code of a test address."""
    tab.fill("input[name=emailAddress]", address)
    tab.fill("input[name=password]", PASSWORD)
    tab.click("button.cl-formButtonPrimary")
    tab.locator("input[autocomplete=one-time-code]").press_sequentially("424242")
