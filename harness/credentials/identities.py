"""On whose behalf a credential speaks."""

from __future__ import annotations

from dataclasses import dataclass

from harness.fake_clerk import Instance, User
from harness.fake_clerk.ids import new_id, stable_id


@dataclass(frozen=True)
class Identity:
    """A person: known to the fake Clerk as `user`, to the target's database by `database_id`."""

    name: str
    email: str
    user: User
    database_id: int | str = 1
    onboarding_completed: bool = True


_PEOPLE = {
    "alice": ("alice@example.com", "Alice", "Anderson", None),
    "bob": ("bob@example.com", "Bob", "Brown", None),
    "admin": ("admin@example.com", "Ada", "Admin", "admin"),
    "member": ("member@example.com", "Max", "Member", "member"),
}


USUAL_PEOPLE = tuple(_PEOPLE)
"""The names of the identities that every run has."""
ORGANIZATION = {"id": stable_id("org", "harness"), "slug": "harness"}
"""The organization of the people who have a role."""


def _organization(role: str | None, permissions: list[str] | None) -> dict[str, str] | None:
    if role is None and not permissions:
        return None
    return {**ORGANIZATION, "role": role or "member", "permissions": ",".join(permissions or ["read", "write"])}


def declared_permissions(person: Identity) -> list[str]:
    """The permissions (`org:feature:name`) that the declaration gives a person in the active organization."""
    organization = person.user.organization or {}
    return [each for each in organization.get("permissions", "").split(",") if each.count(":") == 2]


def register(instance: Instance, declared: dict[str, dict[str, object]]) -> dict[str, Identity]:
    """Make the four usual identities and the declared ones known to `instance`.

    `declared` maps names to `email`, `clerk_id`, `database_id`, `first_name`, `last_name`, `role`, `permissions`,
    `onboarding_completed`.
    """
    identities: dict[str, Identity] = {}
    for number, name in enumerate({**dict.fromkeys(_PEOPLE), **dict.fromkeys(declared)}, start=1):
        email, first, last, role = _PEOPLE.get(name, (f"{name}@example.com", name.title(), "Example", None))
        given = declared.get(name, {})
        address = str(given.get("email", email))
        permissions = given.get("permissions")
        known = instance.directory.find(emails=[address], ids=[])
        # Somebody whom a seed declares is who the seed says.
        user = (
            known[0]
            if known and not given.get("clerk_id")
            else instance.directory.add_user(
                address,
                id=str(given["clerk_id"]) if given.get("clerk_id") else stable_id("user", f"identity:{name}"),
                first_name=str(given.get("first_name", first)),
                last_name=str(given.get("last_name", last)),
                organization=_organization(
                    str(given["role"]) if given.get("role") else role,
                    permissions if isinstance(permissions, list) else None,
                ),
            )
        )
        database_id = given.get("database_id", number)
        identities[name] = Identity(
            name=name,
            email=address,
            user=user,
            database_id=database_id if isinstance(database_id, int) else str(database_id),
            onboarding_completed=bool(given.get("onboarding_completed", True)),
        )
    return identities


def newcomer(instance: Instance) -> Identity:
    """Somebody who signed up a moment ago: Clerk knows the person, no database does."""
    tag = new_id("new").removeprefix("new_")[:10].lower()
    email = f"newcomer-{tag}@example.com"
    user = instance.directory.add_user(email, id=new_id("user"), first_name="Nora", last_name="Newcomer")
    return Identity(name="newcomer", email=email, user=user, database_id=0)
