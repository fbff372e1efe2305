"""Group `roles`: genuine people who claim more than Clerk says of them: another role, another organization, another user.

The role that a session has stands in its organization claim (`o.rol`, in version 1 `org_role`); everybody may found an
organization and is its administrator. What stands in a header, in the query or in the body anybody can write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from harness.credentials.identities import ORGANIZATION, declared_permissions
from harness.credentials.mint import Mint
from harness.credentials.model import SESSION, Credential, Presentation, Recipe
from harness.credentials.recipes import several
from harness.fake_clerk.ids import stable_id
from harness.fake_clerk.tokens import packed

_ROLES = "https://clerk.com/docs/guides/organizations/roles-and-permissions"
_RBAC = "OWASP API Security 2023 API5 (broken function level authorization)"
_BOLA = "OWASP API Security 2023 API1 (broken object level authorization)"
_PEOPLE = ("clerk", "clerk-other", "clerk-org-member")
LOOKALIKES = ("admin_readonly", "administrator", "not_admin", "sub_admin_viewer", "superadmin", "administrative_assistant")
"""Roles that a check by `in`, by the beginning or by the end takes for `admin`; keys of roles are of small letters and _."""
OLD_LOOKALIKES = ("member", "not_admin", "admin_readonly")
"""The same in version 1 of the claims (`org_role`): any role at all, and the two ends of the name."""
ROLE_FIELDS = (
    "x-role", "x-roles", "x-user-role", "x-user-roles", "x-org-role", "x-clerk-org-role", "x-clerk-role", "x-auth-role",
    "x-permissions", "x-scopes", "x-groups", "x-forwarded-groups", "role", "roles",
)  # fmt: skip
_ROLE_NAMES = ("role", "roles", "user_role", "org_role", "orgRole", "userRole", "is_admin", "isAdmin", "admin", "permissions")
ID_FIELDS = ("x-user-id", "x-userid", "x-clerk-user-id", "x-auth-user-id", "x-impersonate-user", "x-act-as", "x-on-behalf-of", "x-sub")
EMAIL_FIELDS = ("x-user-email", "x-email", "x-forwarded-email", "x-auth-request-email", "x-forwarded-user", "remote-user")
TOKEN_COOKIES = ("__session", "session", "session_token", "access_token", "auth_token", "token", "jwt")
TOKEN_NAMES = ("token", "access_token", "auth_token", "session_token", "id_token", "jwt", "__session")
TOKEN_FIELDS = (
    "x-auth-token", "x-access-token", "x-session-token", "x-id-token", "x-user-token", "x-clerk-token", "x-jwt", "x-forwarded-access-token",
    "proxy-authorization",
)  # fmt: skip
"""Where a second token may stand, beside the one that is verified."""
ID_NAMES = ("user_id", "userId", "uid", "owner_id", "ownerId", "clerk_id", "clerkId", "as_user", "impersonate", "sub")


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str, **more: Any) -> Credential:
    return Credential(name, "roles", recipe, cwe, source, why, **{"authentic": True, "role": True} | more)


def _in_organization(claims: dict[str, Any], organization: dict[str, str], permissions: Sequence[str] = ()) -> dict[str, Any]:
    """The claims with another organization, and these permissions there, in the version of the claims that they have."""
    if "v" in claims:
        features, names, masks = packed(permissions)
        own = {"id": organization["id"], "slg": organization["slug"], "rol": organization["role"], "per": names, "fpm": masks}
        return claims | {"o": own, "fea": features}
    named = {"org_id": organization["id"], "org_slug": organization["slug"], "org_role": f"org:{organization['role']}"}
    return claims | named | {"org_permissions": list(permissions)}


def _lookalike(role: str) -> Recipe:
    def recipe(mint: Mint) -> Presentation:
        own = mint.user.organization or ORGANIZATION
        claims = _in_organization(mint.claims(), {**own, "role": role})
        return Presentation(token=mint.signed(claims), form=f"the role {role!r}")

    return recipe


def _of_old_claims(role: str) -> Recipe:
    """A role in a session of version 1, whose claims are read by code of their own."""

    def recipe(mint: Mint) -> Presentation:
        own = mint.user.organization or ORGANIZATION
        claims = mint.instance.claims_for(mint.user, azp=mint.origin, version=1, organization={**own, "role": role, "permissions": ""})
        return Presentation(token=mint.signed(claims), form=f"the role {role!r} in version 1 of the claims")

    return recipe


def _permission_elsewhere(mint: Mint, wanted: str) -> list[Presentation]:
    """Sessions of somebody with another role who has what the permission is called, but for another feature, and for its feature something else.

    Whoever looks for the name alone lets them in; so does whoever reads the bits from the other end, or takes the features of the
    person for those of the organization.
    """
    _, feature, name = wanted.split(":")
    given = [f"org:{feature}:harness_look", "org:harness:harness_list", f"org:harness:{name}", f"org:harness:{feature}"]
    viewer = {**(mint.user.organization or ORGANIZATION), "role": "harness_viewer", "permissions": ",".join(given[:3])}
    claims = mint.claims() | mint.instance.claims_for(mint.user, azp=mint.origin, version=2, organization=viewer)
    claims["fea"] = f"u:profile,{claims['fea']}"
    alike = [*given, f"{wanted}_own", f"{wanted[:-1]}", f"org:my_{feature}:{name}"]
    old = mint.instance.claims_for(mint.user, azp=mint.origin, version=1, organization={**viewer, "permissions": ",".join(alike)})
    return [
        Presentation(token=mint.signed(claims), form=f"{name} for another feature than {feature}"),
        Presentation(token=mint.signed(old), form=f"permissions like {wanted}, in version 1 of the claims"),
    ]


def _all_lookalikes(mint: Mint) -> Presentation:
    known = () if "v" in mint.claims() else LOOKALIKES
    recipes = [_lookalike(role) for role in LOOKALIKES]
    recipes += [_of_old_claims(role) for role in OLD_LOOKALIKES if role not in known]
    first, *rest = (recipe(mint) for recipe in recipes)
    admins, members = (declared_permissions(mint.identities[name]) for name in ("admin", "member"))
    for wanted in admins:
        if wanted not in members:
            rest += _permission_elsewhere(mint, wanted)
    return replace(first, also=tuple(rest))


def _of_another(slug: str, form: str) -> Recipe:
    def recipe(mint: Mint) -> Presentation:
        another = {"id": stable_id("org", "somebody-else"), "slug": slug, "role": "admin"}
        permissions = declared_permissions(mint.identities["admin"])
        claims = _in_organization(mint.claims(sub=mint.other_subject), another, permissions)
        return Presentation(token=mint.signed(claims), form=form)

    return recipe


_of_others = several(
    _of_another("somebody-else", "another name"),
    _of_another(ORGANIZATION["slug"][:4], "a name that the wanted one begins with"),
    _of_another(f"{ORGANIZATION['slug']}-2", "a name that begins with the wanted one"),
)


def _refused(mint: Mint) -> list[str]:
    """Genuine sessions of people without the role: one without an organization, and a member of it."""
    people = mint.identities
    return [
        mint.instance.session_token(people["bob"].user, azp=mint.origin, organization=None),
        mint.instance.session_token(people["member"].user, azp=mint.origin),
    ]


def _saying(put: Callable[[str], Presentation]) -> Recipe:
    """Each of these people with the role, in its two spellings, where `put` puts it."""

    def recipe(mint: Mint) -> Presentation:
        first, *rest = (
            replace(put(role), token=token, form=f"the role {role}") for token in _refused(mint) for role in ("admin", "org:admin")
        )
        return replace(first, also=tuple(rest))

    return recipe


def _headers(role: str) -> Presentation:
    return Presentation(headers=(*((name, role) for name in ROLE_FIELDS), ("x-admin", "true"), ("x-is-admin", "true")))


def _named(role: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "true" if name.lower().endswith("admin") else role) for name in _ROLE_NAMES)


def _bob(mint: Mint) -> tuple[str, str, str]:
    bob = mint.identities["bob"]
    return str(bob.database_id), bob.user.id, bob.email


def _identity_in_header(mint: Mint) -> Presentation:
    number, clerk_id, email = _bob(mint)
    token = mint.genuine()
    first, *rest = (
        Presentation(token=token, headers=tuple((name, value) for name in names))
        for names, value in ((ID_FIELDS, number), (ID_FIELDS, clerk_id), (EMAIL_FIELDS, email))
    )
    return replace(first, also=tuple(rest))


def _identity_in_query(mint: Mint) -> Presentation:
    number, clerk_id, _ = _bob(mint)
    token = mint.genuine()
    first, *rest = (Presentation(token=token, query=tuple((name, value) for name in ID_NAMES)) for value in (number, clerk_id))
    return replace(first, also=tuple(rest))


def _identity_in_token(mint: Mint) -> Presentation:
    """In every place for tokens but the one that counts, and before and after it in Authorization."""
    token = mint.genuine()
    bob = mint.material(mint.identities["bob"].user)
    forged = mint.signed(bob.claims, key=mint.attacker)
    fields = tuple((name, f"Bearer {forged}" if name == "proxy-authorization" else forged) for name in TOKEN_FIELDS)
    cookies = (*TOKEN_COOKIES, f"__session_{mint.instance.cookie_suffix}")
    genuine, bad = f"Bearer {token}".encode(), f"Bearer {forged}".encode()
    first, *rest = (
        Presentation(token=token, cookies=tuple((name, forged) for name in cookies), form="in cookies"),
        Presentation(token=token, query=tuple((name, forged) for name in TOKEN_NAMES), form="in the query"),
        Presentation(token=token, headers=fields, form="in other headers"),
        Presentation(token=token, authorization=(bad,), form="in an Authorization field before"),
        Presentation(authorization=(genuine, bad), form="in a second Authorization field"),
    )
    return replace(first, also=tuple(rest))


CREDENTIALS = [
    _entry("role-lookalike", _all_lookalikes, _ROLES, "Genuine sessions whose role only looks like the one that is wanted (admin_readonly, administrator), or whose permission is for another feature: a check by a part of the name lets them in.", "CWE-697", damages=SESSION, follows=_PEOPLE, tags=frozenset({"sentinel"})),
    _entry("admin-of-another-organization", _of_others, _BOLA, "A genuine administrator of another organization than the one that the request names, and of organizations whose names begin or end alike, for their founders name them.", "CWE-639", damages=SESSION, follows=(*_PEOPLE, "clerk-org-admin")),
    _entry("role-in-header", _saying(_headers), _RBAC, "A genuine session without the role that is wanted, and the role in headers that anybody can write.", "CWE-807", follows=_PEOPLE),
    _entry("role-in-query", _saying(lambda role: Presentation(query=_named(role))), _RBAC, "The same with the role in the query.", "CWE-807", follows=_PEOPLE),
    _entry("role-in-body", _saying(lambda role: Presentation(body=_named(role))), _RBAC, "The same with the role in the body, among the data.", "CWE-807", only="body", follows=_PEOPLE),
    _entry("identity-in-header", _identity_in_header, _BOLA, "Alice's genuine session, and headers that name Bob: the answer must be Alice's.", "CWE-639", drill="identity", follows="clerk"),
    _entry("identity-in-query", _identity_in_query, _BOLA, "Alice's genuine session, and a query that names Bob: the answer must be Alice's.", "CWE-639", drill="identity", follows="clerk"),
    _entry("identity-in-token", _identity_in_token, _BOLA, "Alice's genuine session, and beside it a forged token that names Bob, in every other place for tokens: who verifies the one and reads the other answers as Bob.", "CWE-345", drill="identity", follows="clerk"),
]  # fmt: skip
