"""@clerk/react in a real Chromium: unmodified, with Clerk's SDK from the instance's own name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from harness.contracts.frontend.chromium import launch
from harness.contracts.frontend.serving import Files
from harness.core.ports import free_port
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.organizations import Organization
from tests.conformance.conftest import HERE, NODE
from tests.frontend.conftest import named_browser

FOLDER = HERE / "browser"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, bundled as front ends are."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(
        '<!doctype html><div id="app"></div><script>window.KEY = "%KEY%"</script><script src="/react.js"></script>'
    )
    words = [
        NODE,
        "node_modules/esbuild/bin/esbuild",
        "react.jsx",
        "--bundle",
        "--jsx=automatic",
        "--define:process.env.NODE_ENV='\"production\"'",
    ]
    done = subprocess.run(
        [*words, f"--outfile={folder / 'react.js'}"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"are the packages of tests/conformance/browser installed (make test)?\n{done.stderr}"
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    """A tab at the page; what it throws fails the test."""
    with FakeClerk() as clerk, sync_playwright() as playwright:
        ann = clerk.directory.add_user("ann@example.com", id="user_ann", password="correct horse")
        for slug, role in (("first", "org:admin"), ("second", "org:member")):
            organization = Organization(slug.title(), slug, id=f"org_{slug}")
            clerk.directory.organizations[organization.id] = organization
            clerk.directory.join(organization, ann, role)
        clerk.script_folders.append(FOLDER)
        port = free_port()
        files = Files(site, port)
        files.variables = {"KEY": clerk.publishable_key}
        browser = launch(playwright, clerk, named_browser())
        tab = browser.new_page()
        thrown: list[str] = []
        tab.on("pageerror", lambda error: thrown.append(str(error)))
        tab.goto(f"http://localhost:{port}/")
        yield tab
        browser.close()
        files.close()
    assert thrown == []


def test_hooks_sign_in_switch_and_sign_out(page: Page) -> None:
    page.click("#in")
    expect(page.locator("#who")).to_have_text("ann@example.com")
    expect(page.locator("#admin")).to_have_text("true")
    page.click(".org:has-text('Second')")
    expect(page.locator("#admin")).to_have_text("false")
    page.wait_for_function("document.querySelector('#token').textContent.split('.').length === 3")
    claims = jwt.decode(page.inner_text("#token"), options={"verify_signature": False})
    assert (claims["sub"], claims["o"]["slg"]) == ("user_ann", "second")
    page.reload()
    expect(page.locator("#who")).to_have_text("ann@example.com")
    page.click("#out")
    expect(page.locator("#in")).to_be_visible()


def test_a_stranger_is_sent_to_the_portal_and_comes_back(page: Page) -> None:
    page.goto(page.url + "protected")
    page.click("button[name=user_id][value=user_ann]")
    expect(page.locator("#who")).to_have_text("ann@example.com")
    assert "/protected" in page.url


def test_a_component_without_its_package_says_how_to_get_it(page: Page) -> None:
    page.goto(page.url + "components")
    expect(page.locator("body")).to_contain_text("run `npm install --save-dev @clerk/ui`")
