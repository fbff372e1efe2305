"""The Frontend API as browsers use it, over real sockets: forms, `_method`, `{response, client}`, CORS."""

from __future__ import annotations

import httpx
import jwt
import pytest

from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.second_factors import Totp
from harness.fake_clerk.models.templates import Template
from tests.fake_clerk.browsers import ORIGIN, Browser, claims, sign_in


@pytest.fixture
def ann(clerk: FakeClerk) -> User:
    """Somebody with a password and a test address, in two organizations."""
    user = clerk.directory.add_user("ann+clerk_test@example.com", password="correct horse", username="ann")
    for slug in ("first", "second", "closed"):
        organization = Organization(slug.title(), slug, id=f"org_{slug}")
        clerk.directory.organizations[organization.id] = organization
        if slug != "closed":
            clerk.directory.join(organization, user, "org:admin")
    return user


def test_a_browser_is_nobody_until_it_signs_in(browser: Browser) -> None:
    assert browser.ask("GET", "/client") == {"response": None, "client": None}
    assert browser.ask("GET", "/me")["errors"][0]["code"] == "signed_out"
    browser.token = "dvb_forgotten"
    assert browser.ask("GET", "/client")["errors"][0]["code"] == "dev_browser_unauthenticated"


def test_signed_in_by_password(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    session = sign_in(browser)
    client = browser.ask("GET", "/client")["response"]
    assert client["last_active_session_id"] == session
    token = claims(clerk, client["sessions"][0]["last_active_token"]["jwt"])
    assert (token["sub"], token["sid"], token["azp"]) == (ann.id, session, ORIGIN)
    assert browser.ask("GET", "/me")["response"]["username"] == "ann"
    assert browser.code("/client/sign_ins", identifier="ann", password="correct horse") == "session_exists"


REFUSED = [
    ({"identifier": "ann", "password": "wrong horse!"}, "form_password_incorrect"),
    ({"identifier": "nobody@example.com", "password": "correct horse"}, "form_identifier_not_found"),
    ({"strategy": "ticket", "ticket": "made-up"}, "ticket_invalid_code"),
    ({"identifier": "ann", "strategy": "passkey"}, "form_param_value_invalid"),
]


@pytest.mark.parametrize(("form", "code"), REFUSED)
def test_refused_sign_ins(browser: Browser, ann: User, form: dict[str, str], code: str) -> None:
    assert browser.code("/client/sign_ins", **form) == code
    assert browser.ask("GET", "/client")["client"] is None


@pytest.mark.parametrize(("state", "code"), [("banned", "user_banned"), ("locked", "user_locked")])
def test_who_may_not_sign_in(browser: Browser, clerk: FakeClerk, ann: User, state: str, code: str) -> None:
    clerk.directory.update_user(ann.id, **{state: True})
    assert browser.code("/client/sign_ins", identifier="ann", password="correct horse") == code


@pytest.mark.parametrize(
    ("address", "fixed"), [("eve+clerk_test@example.com", True), ("eve@example.com", False)], ids=["test", "other"]
)
def test_a_code_is_424242_for_test_addresses_alone(
    browser: Browser, clerk: FakeClerk, address: str, fixed: bool
) -> None:
    clerk.directory.add_user(emails=[EmailAddress(address)])
    made = browser.post("/client/sign_ins", identifier=address)["response"]
    (factor,) = made["supported_first_factors"]
    path = f"/client/sign_ins/{made['id']}"
    browser.post(f"{path}/prepare_first_factor", strategy="email_code", email_address_id=factor["email_address_id"])
    assert (clerk.mails[-1].code == "424242") == fixed
    wrong = "000000" if clerk.mails[-1].code != "000000" else "000001"
    assert browser.code(f"{path}/attempt_first_factor", strategy="email_code", code=wrong) == "form_code_incorrect"
    done = browser.post(f"{path}/attempt_first_factor", strategy="email_code", code=clerk.mails[-1].code)
    assert done["response"]["status"] == "complete"


def test_a_ticket_signs_in_once(browser: Browser, clerk: FakeClerk, api: httpx.Client, ann: User) -> None:
    ticket = api.post("/sign_in_tokens", json={"user_id": ann.id}).json()["token"]
    done = browser.post("/client/sign_ins", strategy="ticket", ticket=ticket)
    assert done["response"]["status"] == "complete"
    again = Browser(clerk).code("/client/sign_ins", strategy="ticket", ticket=ticket)
    assert again == "sign_in_token_already_used_code"


@pytest.mark.parametrize("strategy", ["totp", "backup_code"])
def test_a_second_factor_is_asked_for(browser: Browser, clerk: FakeClerk, ann: User, strategy: str) -> None:
    totp = Totp(verified=True)
    clerk.directory.update_user(ann.id, totp=totp, backup_codes=["spare"])
    made = browser.post("/client/sign_ins", identifier="ann", password="correct horse")["response"]
    assert (made["status"], made["created_session_id"]) == ("needs_second_factor", None)
    path = f"/client/sign_ins/{made['id']}/attempt_second_factor"
    assert browser.code(path, strategy=strategy, code="wrong") == "form_code_incorrect"
    code = totp.password(clerk.clock()) if strategy == "totp" else "spare"
    assert browser.post(path, strategy=strategy, code=code)["response"]["status"] == "complete"
    assert ann.backup_codes == (["spare"] if strategy == "totp" else [])


def test_one_time_passwords_are_those_of_the_rfc() -> None:
    # RFC 6238, appendix B; the last six of its eight digits.
    totp = Totp(secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert [totp.password(at) for at in (59, 1111111109, 2000000000)] == ["287082", "081804", "279037"]


def test_a_sign_up_needs_its_address_verified(browser: Browser, clerk: FakeClerk) -> None:
    made = browser.post("/client/sign_ups", email_address="new+clerk_test@example.com")["response"]
    assert (made["missing_fields"], made["unverified_fields"]) == (["password"], ["email_address"])
    # Clerk's components send a code unless there is one on its way.
    assert made["verifications"]["email_address"] is None
    path = f"/client/sign_ups/{made['id']}"
    assert browser.ask("PATCH", path, password="short")["errors"][0]["code"] == "form_password_length_too_short"
    assert browser.ask("PATCH", path, password="long enough")["response"]["missing_fields"] == []
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    done = browser.post(f"{path}/attempt_verification", strategy="email_code", code="424242")
    assert done["response"]["status"] == "complete"
    assert clerk.directory.users[done["response"]["created_user_id"]].email == "new+clerk_test@example.com"
    assert done["client"]["last_active_session_id"] == done["response"]["created_session_id"]


def test_tokens_of_a_session(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    clerk.templates["db"] = Template("db", {"aud": "db"})
    path = f"/client/sessions/{sign_in(browser)}"
    found = {name: browser.post(f"{path}/tokens", **form) for name, form in {
        "plain": {}, "other": {"organization_id": "org_second"}, "personal": {"organization_id": ""},
    }.items()}  # fmt: skip
    slugs = {name: claims(clerk, answer["jwt"]).get("o", {}).get("slg") for name, answer in found.items()}
    assert slugs == {"plain": "first", "other": "second", "personal": None}
    assert browser.code(f"{path}/tokens", organization_id="org_closed") == "organization_not_found_or_unauthorized"
    templated = jwt.decode(browser.post(f"{path}/tokens/db")["jwt"], options={"verify_signature": False})
    assert (templated["aud"], templated["azp"]) == ("db", ORIGIN)
    assert browser.code(f"{path}/tokens/none") == "resource_not_found"
    assert Browser(clerk).code(f"{path}/tokens") == "resource_not_found"


def test_touch_switches_the_organization(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    path = f"/client/sessions/{sign_in(browser)}"
    touched = browser.post(f"{path}/touch", active_organization_id="second")["response"]
    assert touched["last_active_organization_id"] == "org_second"
    assert claims(clerk, browser.post(f"{path}/tokens")["jwt"])["o"]["slg"] == "second"
    assert browser.code(f"{path}/touch", active_organization_id="closed") == "organization_not_found_or_unauthorized"


def test_a_pending_session_becomes_active_with_an_organization(browser: Browser, clerk: FakeClerk) -> None:
    clerk.organization_required = True
    clerk.directory.add_user("kim@example.com", password="correct horse")
    made = browser.post("/client/sign_ins", identifier="kim@example.com", password="correct horse")
    (session,) = made["client"]["sessions"]
    assert (session["status"], session["tasks"]) == ("pending", [{"key": "choose-organization"}])
    assert claims(clerk, session["last_active_token"]["jwt"])["sts"] == "pending"
    organization = browser.post("/organizations", name="Mine")["response"]["id"]
    done = browser.post(f"/client/sessions/{session['id']}/touch", active_organization_id=organization)
    assert done["response"]["status"] == "active"


@pytest.mark.parametrize(
    "ending",
    [("POST", "/client/sessions/{}/end"), ("POST", "/client/sessions/{}/remove"), ("DELETE", "/client/sessions")],
)
def test_a_session_ends(browser: Browser, ann: User, ending: tuple[str, str]) -> None:
    session = sign_in(browser)
    browser.ask(ending[0], ending[1].format(session))
    assert browser.ask("GET", "/client")["response"]["sessions"] == []
    assert browser.code(f"/client/sessions/{session}/tokens") == "signed_out"


def test_the_profile(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    sign_in(browser)
    assert browser.ask("PATCH", "/me", first_name="Ann")["response"]["first_name"] == "Ann"
    assert "private_metadata" not in browser.ask("GET", "/me")["response"]
    # Clerk's SDK writes some paths with a slash at their end.
    made = browser.post("/me/email_addresses/", email_address="two+clerk_test@example.com")["response"]
    path = f"/me/email_addresses/{made['id']}"
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    verified = browser.post(f"{path}/attempt_verification", code="424242")["response"]
    assert verified["verification"]["status"] == "verified"
    assert (
        browser.code("/me/change_password", current_password="x", new_password="long enough")
        == "form_password_incorrect"
    )
    browser.post("/me/change_password", current_password="correct horse", new_password="long enough")
    assert ann.password == "long enough"
    memberships = browser.ask("GET", "/me/organization_memberships", {"paginated": "true"})["response"]
    assert [m["organization"]["slug"] for m in memberships["data"]] == ["first", "second"]
    assert browser.ask("DELETE", "/me")["response"]["deleted"] is True
    assert browser.ask("GET", "/me")["errors"][0]["code"] == "signed_out"


@pytest.mark.parametrize(
    ("origin", "read"),
    [
        ("http://localhost:3000", True), ("http://127.0.0.1:5173", True), ("https://app.example", True),
        ("https://evil.com", False), ("https://localhost.evil.com", False), ("null", False),
    ],
)  # fmt: skip
def test_which_pages_may_call(clerk: FakeClerk, origin: str, read: bool) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST", "host": clerk.domain}
    for method in ("OPTIONS", "GET"):
        answer = httpx.request(method, f"{clerk.url}/v1/client", headers=asked, trust_env=False)
        found = {name: answer.headers.get(f"access-control-allow-{name}") for name in ("origin", "credentials")}
        assert found == ({"origin": origin, "credentials": "true"} if read else {"origin": None, "credentials": None})
    assert (answer.status_code == 400) != read


def test_every_page_that_the_instance_names_is_there(clerk: FakeClerk, browser: Browser) -> None:
    named = browser.ask("GET", "/environment")["display_config"]
    pages = {value for value in named.values() if str(value).startswith(f"{clerk.portal}/")} - {
        f"{clerk.portal}/sign-out"
    }
    for address in sorted(pages):
        path = address.removeprefix(clerk.portal)
        answer = httpx.get(f"{clerk.url}{path}", headers={"host": clerk.portal[8:]}, trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), address
    back = {"redirect_url": "http://localhost:3000/home"}
    answer = httpx.get(
        f"{clerk.url}/default-redirect", params=back, headers={"host": clerk.portal[8:]}, trust_env=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "http://localhost:3000/home")


def test_the_portal_leads_back_with_the_browser_s_token(clerk: FakeClerk, ann: User) -> None:
    browser = Browser(clerk)
    form = {"user_id": ann.id, "redirect_url": "http://localhost:3000/me?tab=1", "__clerk_db_jwt": browser.token}
    answer = httpx.post(f"{clerk.url}/sign-in", data=form, headers={"host": clerk.portal[8:]}, trust_env=False)
    assert answer.headers["location"] == f"http://localhost:3000/me?tab=1&__clerk_db_jwt={browser.token}"
    assert browser.ask("GET", "/me")["response"]["id"] == ann.id


@pytest.mark.parametrize(
    "host", ["{}", "api.clerk.com", "other.clerk.accounts.dev", "{}".replace("{}", "harness.accounts.dev")]
)
def test_what_does_not_exist_is_named(clerk: FakeClerk, host: str) -> None:
    answer = httpx.get(f"{clerk.url}/v1/nothing", headers={"host": host.format(clerk.domain)}, trust_env=False)
    assert (answer.status_code, "GET /v1/nothing" in answer.text) == (501, True)


def test_both_apis_have_their_own_answer_at_one_path(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    sign_in(browser)
    assert browser.ask("GET", "/organizations/org_first")["response"]["slug"] == "first"
    key = {"authorization": f"Bearer {clerk.secret_key}", "host": "api.clerk.com"}
    answer = httpx.get(f"{clerk.url}/v1/organizations/org_first", headers=key, trust_env=False)
    assert answer.json()["slug"] == "first"
    assert httpx.get(f"{clerk.url}/v1/client", headers=key, trust_env=False).status_code == 501


def test_a_browser_is_known_by_the_name_of_the_document_too(clerk: FakeClerk) -> None:
    """Clients that are older than Clerk's SDK send `__dev_session`, and keep no cookies."""
    clerk.directory.add_user("ann@example.com", username="ann", password="correct horse")
    form = {"strategy": "password", "identifier": "ann", "password": "correct horse"}
    with httpx.Client(base_url=f"{clerk.url}/v1", headers={"host": clerk.domain}, trust_env=False) as http:
        known = {"__dev_session": http.post("/dev_browser").json()["token"]}
        made = http.post("/client/sign_ins", params=known, data=form).json()["response"]
        http.cookies.clear()
        tokens = http.post(f"/client/sessions/{made['created_session_id']}/tokens", params=known)
        assert tokens.json()["jwt"].count(".") == 2
