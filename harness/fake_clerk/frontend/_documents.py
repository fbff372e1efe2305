"""The Frontend API's forms of what the models hold: what a person may see of herself."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.clients import Client
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.users import User

_UNSEEN = ("private_metadata", "locale", "bypass_client_trust", "create_organizations_limit")
"""Fields of the Backend API's forms that the Frontend API does not have."""


def email_address(entry: EmailAddress) -> dict[str, Any]:
    """An address; its verification always has an end."""
    document = entry.as_json()
    verification = document["verification"]
    return document | {
        "verification": verification | {"expire_at": verification["expire_at"] or entry.created_at + 600_000}
    }


def organization(found: Organization) -> dict[str, Any]:
    """An organization, without what only backends see."""
    hidden = ("private_metadata", "created_by")
    return {name: value for name, value in found.as_json().items() if name not in hidden}


def membership(of: Membership, found: Organization, user: User) -> dict[str, Any]:
    """A membership."""
    document = {name: value for name, value in of.as_json(found, user).items() if name != "private_metadata"}
    return document | {"organization": organization(found)}


def memberships(instance: Instance, user: User) -> list[dict[str, Any]]:
    """The memberships of a user."""
    known = instance.directory.all_organizations().values()
    return [membership(o.members[user.id], o, user) for o in known if user.id in o.members]


def person(instance: Instance, user: User) -> dict[str, Any]:
    """A user, as she sees herself."""
    document = {name: value for name, value in user.as_json().items() if name not in _UNSEEN}
    addresses = [email_address(entry) for entry in user.emails]
    return document | {"email_addresses": addresses, "organization_memberships": memberships(instance, user)}


def session(instance: Instance, found: Session, origin: str | None) -> dict[str, Any]:
    """A session with its user and, while it is open, a token. `origin`: of the page that asks."""
    document = {name: value for name, value in found.as_json().items() if name not in ("user_id", "client_id")}
    user = instance.directory.users.get(found.user_id)
    if user is None:
        return document | {"public_user_data": None, "factor_verification_age": [0, -1], "last_active_token": None}
    token = instance.session_token(user, session=found, azp=origin) if found.open else None
    names = ("first_name", "last_name", "image_url", "has_image", "profile_image_url", "username")
    whole = person(instance, user)
    return document | {
        "user": whole,
        "public_user_data": {name: whole[name] for name in names}
        | {"user_id": user.id, "identifier": user.email or user.username or user.id},
        "factor_verification_age": found.factor_ages(instance.clock()),
        "last_active_token": {"object": "token", "jwt": token} if token is not None else None,
        "tasks": [{"key": key} for key in found.tasks] or None,
    }


def client(instance: Instance, found: Client, sessions: list[Session], origin: str | None) -> dict[str, Any]:
    """A browser with its open sessions."""
    active = found.active(sessions)
    return {
        "object": "client",
        "id": found.id,
        "sessions": [session(instance, each, origin) for each in sessions],
        "sign_in": found.sign_in.as_json() if found.sign_in is not None else None,
        "sign_up": found.sign_up.as_json() if found.sign_up is not None else None,
        "last_active_session_id": active.id if active is not None else None,
        "last_authentication_strategy": found.last_strategy,
        "cookie_expires_at": None,
        "captcha_bypass": False,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def deleted(object: str, id: str) -> dict[str, Any]:
    """What is answered to a deletion."""
    return {"object": object, "id": id, "deleted": True}
