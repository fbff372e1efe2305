"""@clerk/nextjs with the App Router: its middleware, `auth()` in pages and route handlers, the handshake, Clerk's components."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import httpx
import jwt
import pytest
from playwright.sync_api import Page, expect

from harness.contracts.frontend.declaration import FrontendFile
from harness.contracts.frontend.serving import Front, environment_for_front
from harness.fake_clerk import FakeClerk
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names
from tests.conformance.conftest import NODE
from tests.conformance.frameworks.conftest import ANN, FOLDER, INSTALLED, PACKAGES, sign_in, sign_up

pytestmark = INSTALLED
NEXT = f'"{NODE}" "{PACKAGES / "next/dist/bin/next"}"'


@pytest.fixture(scope="module")
def origin(clerk: FakeClerk, names: Names) -> Iterator[str]:
    """The app, built as for production, with the variables of its Clerk instance and nothing else."""
    environment = names.environment(environment_for_front(base_environment(), clerk.publishable_key)) | {
        "NEXT_TELEMETRY_DISABLED": "1",
        "NEXT_PUBLIC_CLERK_SIGN_IN_URL": "/sign-in",
        "NEXT_PUBLIC_CLERK_SIGN_UP_URL": "/sign-up",
    }
    built = subprocess.run(
        [NODE, PACKAGES / "next/dist/bin/next", "build"],
        cwd=FOLDER / "next", env=environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    file = FrontendFile.model_validate(
        {
            "url": "http://localhost:{port}",
            "command": NEXT + " start --port {port}",
            "pages": {"/dashboard": {"who": "signed-in"}},
        }
    )
    front = Front(file, FOLDER)
    with front.serving(FOLDER / "next", environment, front.known):
        yield front.origin


def test_a_stranger_is_sent_to_the_form_and_comes_back(tab: Page) -> None:
    tab.goto("/dashboard")
    expect(tab).to_have_url(re.compile("/sign-in"))
    sign_in(tab)
    expect(tab.locator("#user")).to_have_text("user_ann")
    expect(tab.locator("#address")).to_have_text(ANN)


def test_a_fresh_browser_needs_one_handshake(tab: Page, clerk: FakeClerk) -> None:
    before = clerk.api.counts.get("handshakeClient", 0)
    tab.goto("/")
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    assert clerk.api.counts["handshakeClient"] == before + 1


def test_a_route_handler_knows_the_person(tab: Page) -> None:
    tab.goto("/sign-in")
    assert tab.request.get("/api/me").status == 401
    sign_in(tab)
    expect(tab.locator("#in")).to_be_visible()
    found = tab.evaluate("fetch('/api/me').then((answer) => answer.json())")
    assert (found["userId"], found["address"]) == ("user_ann", ANN)


def test_switching_the_organization_switches_it_on_the_server(tab: Page) -> None:
    tab.goto("/tenants")
    sign_in(tab)
    for name, admin in (("Second", "false"), ("First", "true")):
        tab.goto("/tenants")
        tab.click(".cl-organizationSwitcherTrigger")
        tab.click(
            f".cl-organizationSwitcherPopoverActions :text('{name}'), .cl-organizationSwitcherPreviewButton:has-text('{name}')"
        )
        expect(tab.locator("#organization")).to_have_text(name.lower())
        expect(tab.locator("#admin")).to_have_text(admin)


def test_a_page_goes_through_the_handshake_when_its_token_has_run_out(tab: Page, clerk: FakeClerk) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    expect(tab.locator("#in")).to_be_visible()
    kept = {each["name"]: each["value"] for each in tab.context.cookies()}
    names = [name for name in kept if name == "__session" or name.startswith("__session_")]
    claims = jwt.decode(kept["__session"], options={"verify_signature": False})
    old = clerk.sign(claims | {name: claims[name] - 600 for name in ("iat", "nbf", "exp")})
    tab.context.add_cookies([{"name": name, "value": old, "url": tab.url.partition("?")[0]} for name in names])
    before = clerk.api.counts["handshakeClient"]
    tab.goto("/dashboard")
    expect(tab.locator("#user")).to_have_text("user_ann")
    assert clerk.api.counts["handshakeClient"] == before + 1


def test_whoever_signs_up_gets_in(tab: Page) -> None:
    tab.goto("/sign-up")
    sign_up(tab, "new+clerk_test@example.com")
    expect(tab.locator("#in")).to_be_visible()
    tab.goto("/dashboard")
    expect(tab.locator("#address")).to_have_text("new+clerk_test@example.com")


def test_signing_out_ends_the_session_on_the_server_too(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    tab.click(".cl-userButtonTrigger")
    tab.click(".cl-userButtonPopoverActionButton__signOut")
    expect(tab.locator("#in")).to_be_hidden()
    assert tab.request.get("/api/me").status == 401
    tab.goto("/dashboard")
    expect(tab).to_have_url(re.compile("/sign-in"))


def test_a_bad_token_is_refused_by_the_route_handler(origin: str, clerk: FakeClerk) -> None:
    ann = clerk.directory.users["user_ann"]
    with httpx.Client(base_url=origin, trust_env=False) as client:
        fresh = client.get("/api/me", headers={"authorization": f"Bearer {clerk.session_token(ann)}"})
        assert (fresh.status_code, fresh.json()["userId"]) == (200, "user_ann")
        old = client.get("/api/me", headers={"authorization": f"Bearer {clerk.session_token(ann, lifetime=-100)}"})
        assert old.status_code == 401


def test_the_profile_s_pages_need_nothing_that_the_fake_lacks(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    expect(tab.locator("#in")).to_be_visible()
    tab.goto("/profile")
    expect(tab.locator(".cl-profilePage")).to_contain_text(ANN)
    tab.goto("/profile/security")
    expect(tab.locator(".cl-profilePage")).to_contain_text("Password")
    tab.goto("/profile/api-keys")
    tab.get_by_role("button", name="Add new key").click()
    tab.fill("input[name=name]", "Mine")
    tab.get_by_role("button", name="Create key").click()
    expect(tab.locator(".cl-apiKeys")).to_contain_text("Mine")


def test_an_account_at_a_provider_is_connected_in_the_profile(tab: Page) -> None:
    tab.goto("/sign-in")
    sign_in(tab)
    expect(tab.locator("#in")).to_be_visible()
    tab.goto("/profile")
    tab.get_by_role("button", name="Connect account").click()
    tab.get_by_role("menuitem", name=re.compile("Google")).click()
    tab.click(f"button[name=email_address][value='{ANN}']")
    expect(tab).to_have_url(re.compile("/profile"))
    expect(tab.locator(".cl-profileSection__connectedAccounts")).to_contain_text(ANN)


def test_an_organization_is_made_and_managed(tab: Page) -> None:
    tab.goto("/tenants")
    sign_in(tab)
    tab.fill(".cl-createOrganization-root input[name=name]", "Third")
    tab.click(".cl-createOrganization-root button.cl-formButtonPrimary")
    expect(tab.locator("#organization")).to_have_text(re.compile("^third"))
    tab.goto("/organization")
    expect(tab.locator(".cl-organizationProfile-root")).to_contain_text("Third")
    tab.goto("/organization/organization-members")
    expect(tab.locator(".cl-organizationProfile-root")).to_contain_text(ANN)
