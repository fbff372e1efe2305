"""Social connections: a browser goes to the page that stands for the provider, comes back, and has a session."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.second_factors import Totp
from tests.fake_clerk.browsers import Browser

HOME = "http://localhost:5173"
URLS = {"redirect_url": f"{HOME}/sso-callback", "action_complete_redirect_url": f"{HOME}/dashboard"}


def visit(browser: Browser, verification: dict[str, Any], **chosen: str) -> str:
    """Where the browser is after `chosen` was sent from the provider's page."""
    there = urlsplit(verification["external_verification_redirect_url"])
    page = browser.http.get(f"{there.path}?{there.query}")
    assert page.status_code == 200 and "stands for the provider" in page.text
    form = {"state": parse_qs(there.query)["state"][0]} | chosen
    back = browser.http.post(there.path, data=form).headers["location"]
    return str(browser.http.get(back).headers["location"])


def begun(browser: Browser, kind: str, **more: str) -> dict[str, Any]:
    """A sign-in or a sign-up by Google that is on its way; its verification."""
    made = browser.post(f"/client/{kind}", strategy="oauth_google", **URLS | more)["response"]
    found = made["first_factor_verification"] if kind == "sign_ins" else made["verifications"]["external_account"]
    assert (found["status"], found["strategy"]) == ("unverified", "oauth_google")
    return dict(found)


def test_a_known_person_signs_in(browser: Browser, clerk: FakeClerk) -> None:
    target = visit(browser, begun(browser, "sign_ins"), email_address="ada@example.com")
    client = browser.ask("GET", "/client")["response"]
    assert (target, client["sign_in"]["status"]) == (URLS["action_complete_redirect_url"], "complete")
    me = browser.ask("GET", "/me")["response"]
    assert (me["first_name"], [a["provider"] for a in me["external_accounts"]]) == ("Ada", ["oauth_google"])
    # Another sign-in finds the account, and adds none.
    browser.ask("DELETE", "/client/sessions")
    visit(browser, begun(browser, "sign_ins"), email_address="ada@example.com")
    assert len(browser.ask("GET", "/me")["response"]["external_accounts"]) == 1


def test_a_stranger_signs_up(browser: Browser, clerk: FakeClerk) -> None:
    target = visit(browser, begun(browser, "sign_ups"), email_address="new@example.com")
    client = browser.ask("GET", "/client")["response"]
    assert (target, client["sign_up"]["status"]) == (URLS["action_complete_redirect_url"], "complete")
    me = browser.ask("GET", "/me")["response"]
    assert (me["password_enabled"], me["email_addresses"][0]["verification"]["status"]) == (False, "verified")


@pytest.mark.parametrize(
    ("kind", "address", "other"),
    [("sign_ins", "new@example.com", "sign_ups"), ("sign_ups", "ada@example.com", "sign_ins")],
)
def test_the_wrong_way_is_changed_to_the_other(browser: Browser, kind: str, address: str, other: str) -> None:
    target = visit(browser, begun(browser, kind), email_address=address)
    client = browser.ask("GET", "/client")["response"]
    attempt = client[kind.removesuffix("s")]
    found = attempt["first_factor_verification"] if kind == "sign_ins" else attempt["verifications"]["external_account"]
    assert (target, found["status"], client["sessions"]) == (URLS["redirect_url"], "transferable", [])
    assert found["error"]["code"] in ("external_account_not_found", "external_account_exists")
    assert browser.post(f"/client/{other}", transfer="true")["response"]["status"] == "complete"
    assert browser.ask("GET", "/me")["response"]["email_addresses"][0]["email_address"] == address


def test_an_account_that_is_not_there_is_not_transferred(browser: Browser) -> None:
    for kind in ("sign_ins", "sign_ups"):
        assert browser.code(f"/client/{kind}", transfer="true") == "account_transfer_invalid"


def test_a_second_factor_is_asked_for_all_the_same(browser: Browser, clerk: FakeClerk) -> None:
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    clerk.directory.update_user(ada.id, totp=Totp(verified=True))
    target = visit(browser, begun(browser, "sign_ins"), email_address="ada@example.com")
    client = browser.ask("GET", "/client")["response"]
    assert (target, client["sign_in"]["status"]) == (URLS["redirect_url"], "needs_second_factor")
    assert client["sessions"] == []


@pytest.mark.parametrize(("field", "code"), [("banned", "user_banned"), ("locked", "user_locked")])
def test_who_may_not_sign_in_may_not_so_either(browser: Browser, clerk: FakeClerk, field: str, code: str) -> None:
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    clerk.directory.update_user(ada.id, **{field: True})
    visit(browser, begun(browser, "sign_ins"), email_address="ada@example.com")
    client = browser.ask("GET", "/client")["response"]
    assert (client["sign_in"]["first_factor_verification"]["error"]["code"], client["sessions"]) == (code, [])


def test_whoever_cancels_is_nobody(browser: Browser) -> None:
    target = visit(browser, begun(browser, "sign_ins"), error="access_denied")
    client = browser.ask("GET", "/client")["response"]
    found = client["sign_in"]["first_factor_verification"]
    assert (target, found["status"], found["error"]["code"]) == (URLS["redirect_url"], "failed", "oauth_access_denied")
    assert client["sessions"] == []


def test_an_address_that_is_not_verified_is_nobody_s(browser: Browser, clerk: FakeClerk) -> None:
    """Whoever enters another's address at sign-up must not be given that person's account later (CWE-287)."""
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    ada.emails[0].verified = False
    visit(browser, begun(browser, "sign_ins"), email_address="ada@example.com")
    assert browser.ask("GET", "/client")["response"]["sessions"] == []


def test_a_state_is_used_once(browser: Browser, clerk: FakeClerk) -> None:
    there = urlsplit(begun(browser, "sign_ins")["external_verification_redirect_url"])
    state = parse_qs(there.query)["state"][0]
    form = {"state": state, "email_address": "ada@example.com"}
    back = browser.http.post(there.path, data=form).headers["location"]
    assert browser.http.get(back).status_code == 303
    assert [browser.http.get(back).status_code, browser.http.get(f"{there.path}?state=made-up").status_code] == [
        400,
        400,
    ]
    posted = browser.http.post("/v1/oauth_callback", data={"state": "s", "code": "c", "other": "x"})
    assert (posted.status_code, posted.headers["location"]) == (303, "/v1/oauth_callback?state=s&code=c")


@pytest.mark.parametrize(
    "change", [{"strategy": "oauth_github"}, {"redirect_url": "javascript:alert(1)"}, {"redirect_url": "/relative"}, {"redirect_url": ""}]
)  # fmt: skip
def test_what_a_sign_in_must_have(browser: Browser, change: dict[str, str]) -> None:
    form = {"strategy": "oauth_google"} | URLS | change
    assert browser.code("/client/sign_ins", **form) == "form_param_value_invalid"


def test_the_environment_names_the_providers(browser: Browser, clerk: FakeClerk) -> None:
    clerk.social.providers.append("github")
    social = browser.ask("GET", "/environment")["user_settings"]["social"]
    assert sorted(social) == ["oauth_github", "oauth_google"]
    assert browser.post("/client/sign_ins", strategy="oauth_github", **URLS)["response"]["status"] == "needs_identifier"


def test_the_provider_is_at_the_name_by_which_the_browser_came(clerk: FakeClerk) -> None:
    local = httpx.post(
        f"{clerk.url}/v1/client/sign_ins", data={"strategy": "oauth_google"} | URLS, trust_env=False
    ).json()["response"]["first_factor_verification"]  # fmt: skip
    assert local["external_verification_redirect_url"].startswith(f"{clerk.url}/social/google?")
