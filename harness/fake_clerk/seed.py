"""A seed file: the users and organizations of the fake Clerk when it starts.

secret_key = "sk_test_mine"             # for backends that have one already; a new one when left out
[session_claims]
email = "{{user.primary_email_address}}"
[[users]]
email = "alice@example.com"
organizations = { acme = "org:admin" }
[[organizations]]
slug = "acme"
name = "Acme"
[jwt_templates.backend]
claims = { aud = "backend" }
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from harness.core.errors import DeclarationError
from harness.core.files import read_toml
from harness.core.text import instead
from harness.core.toml import JsonValue, Table, explain
from harness.core.urls import check_host_name
from harness.fake_clerk.ids import stable_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.roles import ROLES
from harness.fake_clerk.models.templates import Template


class SeedAddress(Table):
    """A further address of a user."""

    address: str = Field(pattern="@", description="the e-mail address")
    verified: bool = Field(default=True, description="whether it is verified")


class SeedUser(Table):
    """A user. `email` is the primary address, `emails` are further ones; `organizations` has roles by slug."""

    email: str | None = Field(default=None, pattern="@", description="the primary e-mail address")
    emails: list[SeedAddress] = Field(default=[], description="further ones")
    verified: bool = Field(default=True, description="whether the primary one is verified")
    id: str | None = Field(
        default=None, pattern=r"^user_\w+$", description="the id, user_…; made of the address without it"
    )
    first_name: str | None = Field(default=None, description="the first name")
    last_name: str | None = Field(default=None, description="the last name")
    username: str | None = Field(default=None, description="the user name")
    password: str | None = Field(default=None, description="the password")
    external_id: str | None = Field(default=None, description="the id in another system")
    image_url: str = Field(default="", description="the address of the picture")
    banned: bool = Field(default=False, description="whether the user is banned")
    locked: bool = Field(default=False, description="whether the user is locked")
    public_metadata: dict[str, JsonValue] = Field(default={}, description="what front ends may read")
    private_metadata: dict[str, JsonValue] = Field(default={}, description="what only the backend may read")
    unsafe_metadata: dict[str, JsonValue] = Field(default={}, description="what front ends may write")
    organizations: dict[str, str] = Field(default={}, description="roles by the slugs of organizations")


class SeedOrganization(Table):
    """An organization."""

    slug: str = Field(pattern=r"^[a-z0-9-]+$", description="its slug")
    name: str | None = Field(default=None, description="its name; made of the slug without it")
    id: str | None = Field(default=None, pattern=r"^org_\w+$", description="the id, org_…; made of the slug without it")
    public_metadata: dict[str, JsonValue] = Field(default={}, description="what front ends may read")
    private_metadata: dict[str, JsonValue] = Field(default={}, description="what only the backend may read")


class SeedTemplate(Table):
    """A JWT template; times in seconds."""

    claims: dict[str, JsonValue] = Field(description="the claims; {{user.…}} stands for the user's own")
    lifetime: int = Field(default=60, ge=30, le=315_360_000, description="seconds that a token lives")
    allowed_clock_skew: int = Field(
        default=5, ge=0, le=300, description="seconds before its issue at which it is valid already"
    )


class Seed(Table):
    """A seed file as a whole."""

    secret_key: str | None = Field(
        default=None, pattern="^sk_test_.", description="for backends that have one already; a new one without it"
    )
    webhook_secret: str | None = Field(
        default=None, pattern="^whsec_[A-Za-z0-9+/=]+$", description="the same for webhooks"
    )
    domain: Annotated[str, AfterValidator(check_host_name)] | None = Field(
        default=None, description="the Frontend API's domain"
    )
    session_claims: dict[str, JsonValue] = Field(default={}, description="claims of session tokens beside Clerk's own")
    users: list[SeedUser] = Field(default=[], description="the users")
    organizations: list[SeedOrganization] = Field(default=[], description="the organizations")
    jwt_templates: dict[str, SeedTemplate] = Field(default={}, description="JWT templates by name")


_KEYS = {
    "": list(Seed.model_fields),
    "users": list(SeedUser.model_fields),
    "organizations": list(SeedOrganization.model_fields),
    "jwt_templates": list(SeedTemplate.model_fields),
}


def load_seed(path: Path) -> Seed:
    """Read a seed file. Raises DeclarationError naming file and key."""
    raw = read_toml(path, hint="")
    try:
        seed = Seed.model_validate(raw)
    except ValidationError as error:
        raise explain(path, error, _KEYS) from None
    slugs = [organization.slug for organization in seed.organizations]
    seen: set[str] = set()
    for number, user in enumerate(seed.users):
        where = f"{path}: users.{number}"
        if user.email is None and user.username is None and user.id is None:
            raise DeclarationError(f"{where}: give it an email, a username or an id")
        for address in [user.email, *(entry.address for entry in user.emails)]:
            if address is not None and address.lower() in seen:
                raise DeclarationError(f"{where}: {address} is another user's already")
            seen |= {address.lower()} if address is not None else set()
        for slug, role in user.organizations.items():
            if slug not in slugs:
                raise DeclarationError(f"{where}.organizations: no organization {slug!r}{instead(slug, slugs)}")
            if role not in ROLES:
                raise DeclarationError(f"{where}.organizations.{slug}: a role is one of {', '.join(ROLES)}")
    return seed


def plant(instance: Instance, seed: Seed) -> None:
    """Create in `instance` what the seed describes. Users and organizations have the same ids at every start."""
    instance.session_claims = dict(seed.session_claims)
    for name, entry in seed.jwt_templates.items():
        instance.templates[name] = Template(name, entry.claims, entry.lifetime, entry.allowed_clock_skew)
    for given in seed.organizations:
        organization = Organization(
            given.name or given.slug.title(),
            given.slug,
            id=given.id or stable_id("org", f"seed:{given.slug}"),
            public_metadata=given.public_metadata,
            private_metadata=given.private_metadata,
        )
        instance.directory.organizations[organization.id] = organization
    by_slug = {organization.slug: organization for organization in instance.directory.organizations.values()}
    for one in seed.users:
        key = one.email or one.username or one.id
        addresses = (
            [SeedAddress(address=one.email, verified=one.verified)] if one.email is not None else []
        ) + one.emails
        fields = one.model_dump(exclude={"id", "email", "emails", "verified", "organizations"})
        emails = [EmailAddress(e.address, e.verified, id=stable_id("idn", f"seed:{e.address}")) for e in addresses]
        user = instance.directory.add_user(id=one.id or stable_id("user", f"seed:{key}"), emails=emails, **fields)
        for slug, role in one.organizations.items():
            instance.directory.join(by_slug[slug], user, role)
