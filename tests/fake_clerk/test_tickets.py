"""The link of an invitation leads to the page that was named, and its ticket signs in or up, once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.organizations import Organization
from tests.fake_clerk.browsers import Browser

PAGE = "http://localhost:5173/welcome?from=mail"


def invited(clerk: FakeClerk, address: str, path: str = "/v1/invitations", **more: Any) -> dict[str, Any]:
    key = {"authorization": f"Bearer {clerk.secret_key}"}
    made = httpx.post(f"{clerk.url}{path}", json={"email_address": address, **more}, headers=key, trust_env=False)
    assert made.status_code == 200, made.text
    return dict(made.json())


def followed(browser: Browser, invitation: dict[str, Any]) -> tuple[int, str, dict[str, list[str]]]:
    """The answer to the link: its status, the page to which it leads, and the page's parameters."""
    link = urlsplit(invitation["url"])
    answer = browser.http.get(link.path, params=parse_qs(link.query))
    target = urlsplit(answer.headers.get("location", ""))
    return answer.status_code, f"{target.scheme}://{target.netloc}{target.path}", parse_qs(target.query)


def test_somebody_new_signs_up_at_the_named_page(clerk: FakeClerk, browser: Browser) -> None:
    invitation = invited(clerk, "new@example.com", redirect_url=PAGE, public_metadata={"plan": "pro"})
    status, page, query = followed(browser, invitation)
    assert (status, page, query["from"]) == (303, "http://localhost:5173/welcome", ["mail"])
    assert query["__clerk_status"] == ["sign_up"]
    made = browser.post(
        "/client/sign_ups", strategy="ticket", ticket=query["__clerk_ticket"][0], password="long enough"
    )
    assert made["response"]["status"] == "complete"
    user = clerk.directory.users[made["response"]["created_user_id"]]
    assert (user.email, user.public_metadata) == ("new@example.com", {"plan": "pro"})
    assert followed(browser, invitation)[0] == 400


def test_somebody_with_an_account_signs_in_and_is_a_member(clerk: FakeClerk, browser: Browser) -> None:
    ann = clerk.directory.add_user("ann@example.com")
    organization = Organization("Acme", "acme")
    clerk.directory.organizations[organization.id] = organization
    invitation = invited(clerk, "ann@example.com", f"/v1/organizations/{organization.id}/invitations", role="org:admin")
    status, page, query = followed(browser, invitation)
    assert (status, page) == (303, f"{clerk.portal}/sign-in")
    assert query["__clerk_status"] == ["sign_in"]
    ticket = query["__clerk_ticket"][0]
    assert browser.post("/client/sign_ins", strategy="ticket", ticket=ticket)["response"]["status"] == "complete"
    assert organization.members[ann.id].role == "org:admin"
    assert Browser(clerk).code("/client/sign_ins", strategy="ticket", ticket=ticket) == "ticket_invalid_code"


def test_the_portal_takes_an_invitation_up(clerk: FakeClerk, browser: Browser) -> None:
    organization = Organization("Acme", "acme")
    clerk.directory.organizations[organization.id] = organization
    invitation = invited(
        clerk, "new@example.com", f"/v1/organizations/{organization.id}/invitations", role="org:member"
    )
    _, page, query = followed(browser, invitation)
    assert (page, query["__clerk_status"]) == (f"{clerk.portal}/sign-up", ["sign_up"])
    portal = {"headers": {"host": clerk.portal[8:]}, "trust_env": False}
    shown = httpx.get(f"{clerk.url}/sign-up", params=query, **portal)  # type: ignore[arg-type]
    assert "new@example.com" in shown.text
    ticket = query["__clerk_ticket"][0]
    done = httpx.post(f"{clerk.url}/sign-up", data={"__clerk_ticket": ticket}, **portal)  # type: ignore[arg-type]
    assert done.status_code == 200
    (member,) = organization.members
    assert clerk.directory.users[member].email == "new@example.com"


@pytest.mark.parametrize("ticket", ["", "nobody.s.ticket"])
def test_a_ticket_of_nobody_leads_nowhere(browser: Browser, ticket: str) -> None:
    answer = browser.http.get("/v1/tickets/accept", params={"ticket": ticket})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "ticket_invalid_code")
