"""A token carries the organization of its session, and only members may activate one."""

from __future__ import annotations

import httpx
import jwt
import pytest

from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.templates import Template


@pytest.fixture
def eve(clerk: FakeClerk) -> User:
    """A member of two organizations, and not of a third."""
    user = clerk.directory.add_user("eve@example.com")
    for slug, role in (("first", "org:admin"), ("second", "org:member"), ("third", None)):
        organization = Organization(slug.title(), slug, id=f"org_{slug}")
        clerk.directory.organizations[organization.id] = organization
        if role is not None:
            clerk.directory.join(organization, user, role)
    return user


def claims_of(clerk: FakeClerk, token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(token, clerk.key.public_pem, algorithms=["RS256"])
    return found


@pytest.mark.parametrize(
    ("organization", "wanted"),
    [("org_first", ("first", "admin")), ("org_second", ("second", "member")), ("org_third", None), (None, None)],
)
def test_a_token_is_for_the_organization_of_its_session(
    clerk: FakeClerk, eve: User, organization: str | None, wanted: tuple[str, str] | None
) -> None:
    clerk.templates["slug"] = Template("slug", {"tenant": "{{org.slug}}"})
    session = clerk.directory.new_session(eve.id, organization_id=organization)
    claims = clerk.claims_for(eve, session=session)
    assert (("o" in claims and (claims["o"]["slg"], claims["o"]["rol"])) or None) == wanted
    made = claims_of(clerk, clerk.from_template(clerk.templates["slug"], eve, session))
    assert made["tenant"] == (wanted[0] if wanted is not None else None)


def test_a_former_member_has_no_organization_in_the_token(clerk: FakeClerk, eve: User, api: httpx.Client) -> None:
    session = clerk.directory.new_session(eve.id, organization_id="org_second")
    api.delete(f"/organizations/org_second/memberships/{eve.id}").raise_for_status()
    assert "o" not in clerk.claims_for(eve, session=session)


def test_only_members_may_activate_an_organization(clerk: FakeClerk, eve: User, api: httpx.Client) -> None:
    made = api.post("/sessions", json={"user_id": eve.id, "active_organization_id": "org_second"}).json()
    token = api.post(f"/sessions/{made['id']}/tokens").json()["jwt"]
    assert claims_of(clerk, token)["o"]["slg"] == "second"  # type: ignore[index]
    refused = api.post("/sessions", json={"user_id": eve.id, "active_organization_id": "org_third"})
    assert refused.json()["errors"][0]["code"] == "organization_not_found_or_unauthorized"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [("org_second", "second"), ("second", "second"), ("org_third", "first"), ("", None), (None, "first")],
)
def test_a_handshake_activates_the_organization_that_it_names(
    clerk: FakeClerk, eve: User, asked: str | None, wanted: str | None
) -> None:
    browser = clerk.cookies(eve)["__clerk_db_jwt"]
    query = {"redirect_url": "http://localhost:3000/", "__clerk_db_jwt": browser}
    query |= {"organization_id": asked} if asked is not None else {}
    answer = httpx.get(f"{clerk.url}/v1/client/handshake", params=query, trust_env=False)
    token = httpx.URL(answer.headers["location"]).params["__clerk_handshake"]
    directives = claims_of(clerk, token)["handshake"]
    assert isinstance(directives, list)
    (session,) = (each.partition(";")[0].partition("=")[2] for each in directives if each.startswith("__session="))
    organization = claims_of(clerk, session).get("o")
    assert (organization["slg"] if isinstance(organization, dict) else None) == wanted


@pytest.mark.parametrize("known", [True, False])
def test_a_handshake_sets_the_development_browser_once_and_keeps_it(clerk: FakeClerk, known: bool) -> None:
    browser = clerk.new_browser() if known else "dvb_elsewhere"
    for _ in range(2):
        set_ = [each.partition(";")[0] for each in clerk.handshake_directives(browser)]
        found = [each.partition("=")[2] for each in set_ if each.startswith("__clerk_db_jwt=")]
        assert len(found) == 1
        assert (found[0] == browser) == (browser in clerk.browsers)
        browser = found[0]


@pytest.mark.parametrize("suffixed", [True, False])
def test_a_stranger_s_cookies_are_set_in_both_forms(clerk: FakeClerk, suffixed: bool) -> None:
    """An SDK that finds one suffixed cookie reads all of them by these names, and began a second handshake."""
    jar = [each.partition(";")[0].partition("=") for each in clerk.handshake_directives(None, suffixed=suffixed)]
    cookies = {name: value for name, _, value in jar}
    for name in ("__client_uat", "__clerk_db_jwt"):
        assert cookies[f"{name}_{clerk.cookie_suffix}"] == cookies[name]
