"""What the forms of one credential are: each a role or a place of its own."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import pytest

from harness.credentials import CATALOGUE, Mint, Presentation
from tests.credentials.forms import claims_of, forms, signed_by, token_of

# Roles


@pytest.mark.parametrize(("base", "usual", "more"), [("clerk-org-admin", 6, 3), ("clerk-v1", 6, 1)])
def test_a_role_that_looks_like_the_one_that_is_wanted(fresh: Mint, base: str, usual: int, more: int) -> None:
    made = [(form, claims_of(token_of(form))) for form in forms(fresh, "role-lookalike", base)]
    assert all(signed_by(token_of(form), fresh.instance.key) for form, _ in made)
    old = base == "clerk-v1"
    assert [old or number >= usual for number in range(usual + more)] == ["org_role" in claims for _, claims in made]
    assert all(("o" in claims) != ("org_role" in claims) and ("v" in claims) == ("o" in claims) for _, claims in made)
    roles = [claims["o"]["rol"] if "o" in claims else claims["org_role"].removeprefix("org:") for _, claims in made]
    assert {claims["o"]["slg"] if "o" in claims else claims["org_slug"] for _, claims in made} == {"harness"}
    alike, rest = roles[:usual], roles[usual:]
    assert len(set(alike)) == usual
    assert "admin" not in roles and all("admin" in role for role in alike)
    assert any(role.startswith("admin") for role in alike) and any(role.endswith("admin") for role in alike)
    assert rest == ["member", "not_admin", "admin_readonly"][:more]
    words = " in version 1 of the claims"
    assert [form.form for form, _ in made] == [f"the role {r!r}" for r in alike] + [
        f"the role {r!r}{words}" for r in rest
    ]


@pytest.mark.parametrize(("base", "claim"), [("clerk-org-admin", "o"), ("clerk-v1", "org_id")])
def test_an_administrator_of_another_organization(fresh: Mint, base: str, claim: str) -> None:
    made = forms(fresh, "admin-of-another-organization", base)
    own = fresh.identities["admin"].user.organization
    assert own is not None
    for form, slug in zip(made, ("somebody-else", "harn", "harness-2"), strict=True):
        claims = claims_of(token_of(form))
        if claim == "o":
            assert (claims["o"]["rol"], claims["o"]["slg"]) == ("admin", slug)
            assert claims["o"]["id"] != own["id"]
        else:
            assert (claims["org_role"], claims["org_slug"]) == ("org:admin", slug)
            assert claims["org_id"] != own["id"]
        assert signed_by(token_of(form), fresh.instance.key)


@pytest.mark.parametrize(
    ("name", "place", "field_name"),
    [("role-in-header", "headers", "x-role"), ("role-in-query", "query", "role"), ("role-in-body", "body", "role")],
)
def test_a_role_in_an_unsigned_place_beside_a_session_without_it(
    fresh: Mint, name: str, place: str, field_name: str
) -> None:
    made = forms(fresh, name)
    assert [dict(getattr(form, place))[field_name] for form in made] == ["admin", "org:admin"] * 2
    assert [claims_of(token_of(form))["sub"] for form in made] == [
        fresh.identities[person].user.id for person in ("bob", "bob", "member", "member")
    ]
    assert all(claims_of(token_of(form)).get("o", {}).get("rol") != "admin" for form in made)
    others = {"headers", "query", "body", "cookies"} - {place}
    assert not any(getattr(form, other) for form in made for other in others)


# Places of the old token


@pytest.mark.parametrize(
    ("name", "place", "known"),
    [
        ("legacy-in-headers", "headers", {"x-auth-token", "x-api-key", "token"}),
        ("legacy-in-cookies", "cookies", {"auth_token", "sessionid", "jwt"}),
        ("legacy-in-queries", "query", {"token", "access_token", "api_key"}),
    ],
)
def test_the_old_token_in_all_places_at_once_and_in_each(fresh: Mint, name: str, place: str, known: set[str]) -> None:
    made = forms(fresh, name, "legacy")
    usual = [form for form in made if not form.sparse]
    alone = [form for form in made if form.sparse]
    names = {field_name for field_name, _ in getattr(usual[0], place)}
    assert known <= names
    assert all({field_name for field_name, _ in getattr(form, place)} == names for form in usual)
    assert {field_name for form in alone for field_name, _ in getattr(form, place)} == names
    assert all(len(getattr(form, place)) == 1 and form.form for form in alone)
    assert all(getattr(form, place)[0][0] in form.form for form in alone)
    values = {value.removeprefix("Bearer ") for form in made for _, value in getattr(form, place)}
    assert {base64.b64decode(value).split(b":")[0] for value in values} == {b"alice@example.com"}
    assert not any(form.token or form.authorization for form in made)


def test_the_old_token_after_other_words_in_authorization(fresh: Mint) -> None:
    made = forms(fresh, "legacy-in-schemes", "legacy")
    words = [form.authorization[0].decode().rpartition(" ")[0] for form in made]
    assert words[:2] == ["", "Token"]
    assert {"JWT", "ApiKey", "bearer"} <= set(words)
    assert "Bearer" not in words and len(set(words)) == len(words)
    assert [form.sparse for form in made] == [False, False] + [True] * (len(made) - 2)


# Public paths


@dataclass
class Asked:
    """A request that a recipe may bend."""

    method: str = "GET"
    path: str = "/private/1"
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def bent(form: Presentation, request: Asked | None = None) -> Asked:
    asked = request or Asked()
    assert form.bend is not None
    form.bend(asked)
    return asked


@pytest.mark.parametrize(
    ("name", "paths", "query"),
    [
        (
            "public-path-before",
            [
                "/open/../private/1", "/open/%2e%2e/private/1", "/open-x/../private/1", "/open/x/../../private/1",
            ],
            "",
        ),
        ("public-path-in-query", ["/private/1"], "next=/open&path=/open&/open"),
        ("public-path-in-fragment", ["/private/1#/open"], ""),
        ("public-path-in-parameter", ["/private/1;/open"], ""),
        ("public-path-as-value", ["/private/1"], ""),
        ("public-path-in-header", ["/private/1"], ""),
    ],
)  # fmt: skip
def test_a_public_path_in_another_part_of_the_request(fresh: Mint, name: str, paths: list[str], query: str) -> None:
    fresh.public_paths = ("/open",)
    made = [form for form in forms(fresh, name) if form.form.partition(" and ")[0] == "the public path /open"]
    assert [bent(form).path for form in made] == paths
    assert {bent(form).query for form in made} == {query}
    assert not any(form.sparse or form.token for form in made)
    assert {form.path_value for form in made} == ({"open"} if name == "public-path-as-value" else {None})


def test_a_query_of_the_route_s_own_stays(fresh: Mint) -> None:
    fresh.public_paths = ("/open",)
    form = forms(fresh, "public-path-in-query")[0]
    assert bent(form, Asked(query="page=2")).query == "page=2&next=/open&path=/open&/open"


def test_headers_of_proxies_with_a_public_path(fresh: Mint) -> None:
    fresh.public_paths = ("/open",)
    headers = dict(bent(forms(fresh, "public-path-in-header")[0], Asked(headers=[("x-original-url", "/x")])).headers)
    assert headers["x-original-url"] == headers["x-forwarded-uri"] == "/open"
    assert headers["referer"].endswith("/open")


def test_declared_paths_come_first_and_the_usual_ones_after_them(fresh: Mint) -> None:
    fresh.public_paths = tuple(f"/open/{number}" for number in range(9))
    made = forms(fresh, "public-path-in-parameter")
    named = [form.form.removeprefix("the public path ") for form in made]
    assert named[:6] == [f"/open/{number}" for number in range(6)]
    assert {"/health", "/docs", "/login"} <= set(named[6:])
    assert "/open/6" not in named
    assert [form.sparse for form in made] == [False, False] + [True] * (len(made) - 2)


@pytest.mark.parametrize("name", [c.name for c in CATALOGUE.values() if c.name.startswith("public-path-")])
def test_where_no_path_is_declared_the_usual_ones_are_tried(fresh: Mint, name: str) -> None:
    named = {form.form.partition(" and ")[0] for form in forms(fresh, name)}
    assert {"the public path /health", "the public path /webhooks"} <= named
