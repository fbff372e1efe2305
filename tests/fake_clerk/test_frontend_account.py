"""What a signed-in person does with her account: accounts at providers, pictures, API keys, the waiting list."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from harness.fake_clerk import FakeClerk
from tests.fake_clerk.browsers import Browser, sign_in
from tests.fake_clerk.test_social import HOME, visit

URLS = {"strategy": "oauth_google", "redirect_url": f"{HOME}/profile"}


@pytest.fixture
def ann(browser: Browser, clerk: FakeClerk) -> str:
    """Who is signed in, by her id."""
    user = clerk.directory.add_user("ann@example.com", id="user_ann", username="ann", password="correct horse")
    sign_in(browser)
    return user.id


def accounts(browser: Browser) -> list[dict[str, Any]]:
    return list(browser.ask("GET", "/me")["response"]["external_accounts"])


def state_of(account: dict[str, Any]) -> tuple[str, str | None]:
    verification = account["verification"]
    return verification["status"], (verification.get("error") or {}).get("code")


@pytest.mark.usefixtures("ann")
def test_an_account_is_connected_once_its_owner_is_back(browser: Browser) -> None:
    made = browser.post("/me/external_accounts", **URLS)["response"]
    assert state_of(made) == ("unverified", None)
    assert visit(browser, made["verification"], email_address="ann@example.com") == URLS["redirect_url"]
    (account,) = accounts(browser)
    assert (account["id"], account["email_address"], state_of(account)) == (
        made["id"], "ann@example.com", ("verified", None),
    )  # fmt: skip
    # She may go there again, for other scopes say, and it stays the one that it is.
    again = browser.ask("PATCH", f"/me/external_accounts/{made['id']}/reauthorize", **URLS)["response"]
    visit(browser, again["verification"], email_address="ann@example.com")
    assert [(each["id"], state_of(each)) for each in accounts(browser)] == [(made["id"], ("verified", None))]


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("chosen", "code"),
    [({"email_address": "ada@example.com"}, "oauth_identification_claimed"), ({"error": "no"}, "oauth_access_denied")],
)
def test_another_s_account_and_none_are_not_connected(browser: Browser, chosen: dict[str, str], code: str) -> None:
    visit(browser, browser.post("/me/external_accounts", **URLS)["response"]["verification"], **chosen)
    (account,) = accounts(browser)
    assert (account["email_address"], state_of(account)) == ("", ("failed", code))


@pytest.mark.usefixtures("ann")
def test_the_same_account_is_not_connected_twice(browser: Browser) -> None:
    for _ in range(2):
        made = browser.post("/me/external_accounts", **URLS)["response"]
        visit(browser, made["verification"], email_address="ann@example.com")
    assert [state_of(each) for each in accounts(browser)] == [
        ("verified", None), ("failed", "external_account_exists"),
    ]  # fmt: skip


@pytest.mark.usefixtures("ann")
def test_a_provider_that_is_not_there_is_refused(browser: Browser) -> None:
    assert browser.code("/me/external_accounts", **URLS | {"strategy": "oauth_none"}) == "form_param_value_invalid"
    assert accounts(browser) == []


def test_a_picture_is_set_shown_and_taken_away(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    query = {"__clerk_db_jwt": browser.token}
    sent = browser.http.post("/v1/me/profile_image", params=query, files={"file": ("me.png", b"\x89PNG", "image/png")})
    image = sent.json()["response"]
    assert (image["name"], clerk.directory.users[ann].image_url) == ("me.png", image["public_url"])
    shown = browser.http.get(urlsplit(image["public_url"]).path)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/svg+xml")
    empty = browser.http.post("/v1/me/profile_image", params=query)
    assert empty.json()["errors"][0]["code"] == "form_param_missing"
    browser.ask("DELETE", "/me/profile_image")
    assert clerk.directory.users[ann].image_url == ""


def test_only_an_admin_sets_the_logo(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    one = browser.post("/organizations", name="Mine")["response"]["id"]
    path, query = f"/v1/organizations/{one}/logo", {"__clerk_db_jwt": browser.token, "_method": "PUT"}
    assert browser.http.post(path, params=query, content=b"picture").json()["response"]["has_image"] is True
    clerk.directory.all_organizations()[one].members[ann].role = "org:member"
    assert browser.http.post(path, params=query, content=b"picture").status_code == 403


class Keys:
    """The API keys of whoever is signed in, asked for as Clerk's SDK does it: by the session's token."""

    def __init__(self, browser: Browser, clerk: FakeClerk, user_id: str) -> None:
        self.browser, self.clerk = browser, clerk
        self.session = next(s for s in clerk.directory.sessions.values() if s.user_id == user_id)
        self.user_id = user_id

    def ask(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        token = self.clerk.session_token(self.user_id, session=self.session)
        return self.browser.http.request(
            method, f"/api_keys{path}", headers={"authorization": f"Bearer {token}"}, **more
        )

    def create(self, subject: str) -> httpx.Response:
        return self.ask("POST", json={"name": "Mine", "subject": subject})


def verified(clerk: FakeClerk, secret: str) -> int:
    key = {"authorization": f"Bearer {clerk.secret_key}"}
    answer = httpx.post(f"{clerk.url}/v1/api_keys/verify", json={"secret": secret}, headers=key, trust_env=False)
    return answer.status_code


def test_a_person_makes_and_revokes_api_keys_of_her_own(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    keys = Keys(browser, clerk, ann)
    made = keys.create(ann).json()
    assert verified(clerk, made["secret"]) == 200
    assert [each["id"] for each in keys.ask("GET", params={"subject": ann}).json()["data"]] == [made["id"]]
    assert keys.ask("PATCH", f"/{made['id']}", json={"description": "of a script"}).json()["description"]
    assert keys.ask("POST", f"/{made['id']}/revoke", json={}).json()["revoked"] is True
    assert verified(clerk, made["secret"]) != 200


def test_another_s_api_keys_are_not_there(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    keys, other = Keys(browser, clerk, ann), "user_" + "b" * 27
    clerk.directory.add_user("ben@example.com", id=other)
    key = {"authorization": f"Bearer {clerk.secret_key}"}
    made = httpx.post(
        f"{clerk.url}/v1/api_keys", json={"name": "Ben's", "subject": other}, headers=key, trust_env=False
    ).json()
    assert keys.ask("GET", params={"subject": other}).status_code == 404
    assert keys.ask("POST", f"/{made['id']}/revoke", json={}).status_code == 404
    assert keys.create(other).status_code == 400
    assert verified(clerk, made["secret"]) == 200


def test_an_organization_s_api_keys_are_its_admin_s(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    keys, one = Keys(browser, clerk, ann), browser.post("/organizations", name="Mine")["response"]["id"]
    assert keys.create(one).status_code == 201
    clerk.directory.all_organizations()[one].members[ann].role = "org:member"
    assert (keys.create(one).status_code, keys.ask("GET", params={"subject": one}).status_code) == (400, 404)


def test_a_session_that_has_ended_has_no_api_keys(browser: Browser, clerk: FakeClerk, ann: str) -> None:
    keys = Keys(browser, clerk, ann)
    clerk.directory.set_session(keys.session, "revoked")
    assert keys.create(ann).status_code == 401


def test_an_address_waits_once(browser: Browser) -> None:
    first, again = (browser.post("/waitlist", email_address=each)["id"] for each in ("a@example.com", "A@example.com"))
    assert first == again
    assert browser.code("/waitlist", email_address="nobody") == "form_param_format_invalid"
