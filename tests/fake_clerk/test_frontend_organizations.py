"""What members do in their organization from a browser: invite, change roles, remove; and what they may not."""

from __future__ import annotations

import pytest

from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.models.organizations import Organization
from tests.fake_clerk.browsers import Browser, sign_in

ONE = "/organizations/org_first"


@pytest.fixture
def ann(clerk: FakeClerk) -> User:
    """The administrator of an organization."""
    user = clerk.directory.add_user("ann+clerk_test@example.com", password="correct horse", username="ann")
    clerk.directory.organizations["org_first"] = Organization("First", "first", id="org_first")
    clerk.directory.join(clerk.directory.organizations["org_first"], user, "org:admin")
    return user


def test_whoever_is_invited_accepts(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    sign_in(browser)
    browser.post(f"{ONE}/invitations", email_address="bob@example.com", role="org:member")
    (pending,) = browser.ask("GET", f"{ONE}/invitations/pending")["response"]["data"]
    assert (pending["email_address"], "private_metadata" in pending) == ("bob@example.com", False)
    assert browser.code(f"{ONE}/invitations", email_address="bob@example.com", role="org:member") == "duplicate_record"
    (bob,) = clerk.directory.find(emails=["bob@example.com"], ids=[])
    bob.password, bob.username = "correct horse", "bob"
    other = Browser(clerk)
    other.post("/client/sign_ins", identifier="bob", password="correct horse")
    other.post(f"/me/organization_invitations/{pending['id']}/accept")
    assert clerk.directory.organizations["org_first"].members[bob.id].role == "org:member"
    found = browser.ask("GET", f"{ONE}/memberships", {"query": "bob"})["response"]["data"]
    assert [each["public_user_data"]["identifier"] for each in found] == ["bob@example.com"]


def test_several_are_invited_at_once_and_one_is_revoked(browser: Browser, ann: User) -> None:
    sign_in(browser)
    many = {"email_address": ["b@example.com", "c@example.com"], "role": "org:member"}
    made = browser.post(f"{ONE}/invitations/bulk", **many)["response"]
    assert browser.post(f"{ONE}/invitations/{made[0]['id']}/revoke")["response"]["status"] == "revoked"
    for status, address in (("revoked", "b@example.com"), ("pending", "c@example.com")):
        (found,) = browser.ask("GET", f"{ONE}/invitations", {"status": status})["response"]["data"]
        assert found["email_address"] == address


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/invitations", {"email_address": "x@example.com", "role": "org:member"}),
        ("POST", "/invitations/bulk", {"email_address": "x@example.com", "role": "org:member"}),
        ("POST", "/memberships", {"user_id": "user_other", "role": "org:admin"}),
        ("PATCH", "/memberships/{}", {"role": "org:admin"}),
        ("DELETE", "/memberships/{}", {}),
        ("GET", "/membership_requests", {}),
    ],
)
def test_a_member_who_is_no_administrator_may_not(
    browser: Browser, clerk: FakeClerk, ann: User, method: str, path: str, form: dict[str, str]
) -> None:
    organization = clerk.directory.organizations["org_first"]
    organization.members[ann.id].role = "org:member"
    sign_in(browser)
    answer = browser.ask(method, ONE + path.format(ann.id), **form)
    assert answer["errors"][0]["code"] == "missing_organization_permission"
    assert {user: m.role for user, m in organization.members.items()} == {ann.id: "org:member"}
    elsewhere = browser.ask(method, "/organizations/org_known" + path.format(ann.id), **form)
    assert elsewhere["errors"][0]["code"] == "organization_not_found_or_unauthorized"


def test_an_administrator_is_left(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    sign_in(browser)
    members, last = clerk.directory.organizations["org_first"].members, "organization_minimum_permissions_needed"
    ways: list[tuple[str, str, dict[str, str]]] = [
        ("PATCH", f"{ONE}/memberships/{ann.id}", {"role": "org:member"}),
        ("DELETE", f"{ONE}/memberships/{ann.id}", {}),
        ("DELETE", "/me/organization_memberships/org_first", {}),
    ]
    for method, path, form in ways:
        assert browser.ask(method, path, **form)["errors"][0]["code"] == last
    (bob,) = clerk.directory.find(emails=["bob@example.com"], ids=[])
    browser.post(f"{ONE}/memberships", user_id=bob.id, role="org:admin")
    assert browser.code(f"{ONE}/memberships", user_id=bob.id, role="org:admin") == "already_a_member_in_organization"
    browser.ask(*ways[0][:2], **ways[0][2])
    assert {members[ann.id].role, members[bob.id].role} == {"org:member", "org:admin"}
