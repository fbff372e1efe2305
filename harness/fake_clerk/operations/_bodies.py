"""What operations of several tags read from requests in the same way."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.roles import ROLES
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import merge_metadata
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, dictionary_in, error, paged


def require_address(address: str) -> str:
    """`address`; raises Refused with 422 when it cannot be an e-mail address."""
    if "@" not in address:
        raise Refused(error(422, "form_param_format_invalid", "Email address must be a valid email address."))
    return address


def address_taken() -> Refused:
    """The refusal of an address that another user has."""
    return Refused(error(422, "form_identifier_exists", "That email address is taken. Please try another."))


def set_metadata(of: Organization | Membership, document: dict[str, Any], *, merge: bool = False) -> None:
    """Set or merge `public_metadata` and `private_metadata` of a body; raises Refused when one is no object."""
    for name in ("public_metadata", "private_metadata"):
        if document.get(name) is not None:
            given = dictionary_in(document, name)
            setattr(of, name, merge_metadata(getattr(of, name), given) if merge else given)


def role_in(document: dict[str, Any]) -> str:
    """The role that a body names; raises Refused with 422 for an unknown one."""
    role = document.get("role")
    if role not in ROLES:
        raise Refused(error(422, "form_param_value_invalid", f"role: one of {', '.join(ROLES)}"))
    return str(role)


def strings_in(document: dict[str, Any], name: str) -> list[str]:
    """A list of strings that may be left out; raises Refused with 400 for anything else."""
    value = document.get(name) or []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Refused(error(400, "form_param_type_invalid", f"{name} must be a list of texts"))
    return value


def expiration_in(document: dict[str, Any], default: int | None) -> int | None:
    """When a token expires, in milliseconds since 1970, from `seconds_until_expiration` or else `default` seconds; None for never.

    Raises Refused with 400 for what is no positive number.
    """
    seconds = document.get("seconds_until_expiration")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
        raise Refused(error(400, "form_param_value_invalid", "seconds_until_expiration is a positive number"))
    chosen = seconds if seconds is not None else default
    return milliseconds() + int(min(chosen, 1e10) * 1000) if chosen is not None else None


def verify_token(tokens: dict[str, MachineToken], kind: str, document: dict[str, Any]) -> MachineToken:
    """The opaque token that a body presents; raises Refused with 404 unless it is of that kind, not revoked and not expired."""
    given = next((document[name] for name in ("token", "secret", "access_token") if name in document), None)
    token = tokens.get(given) if isinstance(given, str) else None
    if token is None or token.kind != kind or token.revoked or token.expired:
        raise token_unknown()
    return token


def token_unknown() -> Refused:
    """The refusal of an opaque token that is unknown, revoked or expired."""
    return Refused(error(404, "resource_not_found", "not found", "No such token, or it was revoked."))


def search(request: ApiRequest, documents: list[dict[str, Any]]) -> Answer:
    """A page of those documents whose id, key or name contains the parameter `query`."""
    words = (request.value("query") or "").lower()
    return paged(request, [d for d in documents if words in f"{d['id']} {d['key']} {d['name']}".lower()])
