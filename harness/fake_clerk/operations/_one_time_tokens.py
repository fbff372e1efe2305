"""What the operations on sign-in tokens and on actor tokens share."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.one_time_tokens import OneTimeToken
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._lookup import find_user_in_body
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, integer_in, not_found


def issue(
    instance: Instance,
    request: ApiRequest,
    kind: str,
    *,
    prefix: str,
    lifetime: int,
    url: str,
    actor: dict[str, Any] | None = None,
) -> Answer:
    """Issue a token for the user of the body; `lifetime` in seconds unless the body has one, `url` without the token."""
    user_id, now = find_user_in_body(instance, request).id, milliseconds()
    secret = instance.ticket(user_id, integer_in(request.document(), "expires_in_seconds", lifetime))
    token = OneTimeToken(kind, new_id(prefix), user_id, secret, url + secret, actor, created_at=now, updated_at=now)
    instance.one_time_tokens[token.id] = token
    return 200, token.as_json(secret=True)


def revoke(instance: Instance, kind: str, token_id: str) -> Answer:
    """Revoke a token; raises Refused with 404 when it is unknown and with 400 when it is not pending."""
    token = instance.one_time_tokens.get(token_id)
    if token is None or token.kind != kind:
        raise not_found(kind.replace("_", " "), token_id)
    if token.status != "pending":
        raise Refused(error(400, "resource_invalid", f"the token is {token.status} already"))
    token.revoke()
    return 200, token.as_json(secret=False)
