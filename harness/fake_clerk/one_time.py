"""The one-time tokens that the Backend API hands out.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Sign-in Tokens, Actor Tokens, Testing Tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from harness.fake_clerk.directory import milliseconds
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.users import user_in
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, integer_in, not_found


def _issue(
    instance: Instance, request: ApiRequest, object: str, prefix: str, lifetime: int, url: str, **more: Any
) -> Answer:
    user_id, now = user_in(instance, request).id, milliseconds()
    token = instance.ticket(user_id, integer_in(request.document(), "expires_in_seconds", lifetime))
    document = {
        "object": object, "id": new_id(prefix), "status": "pending", "user_id": user_id, **more, "token": token,
        "url": url + token, "created_at": now, "updated_at": now,
    }  # fmt: skip
    instance.one_time[document["id"]] = document
    return 200, document


def _sign_in_token(instance: Instance, request: ApiRequest) -> Answer:
    url = f"{instance.issuer.replace('.clerk.', '.')}/sign-in?__clerk_ticket="
    return _issue(instance, request, "sign_in_token", "sit", 2_592_000, url)


def _actor_token(instance: Instance, request: ApiRequest) -> Answer:
    actor = request.document().get("actor")
    if not isinstance(actor, dict) or not isinstance(actor.get("sub"), str):
        raise Refused(error(422, "form_param_missing", "actor.sub is missing"))
    url = f"{instance.issuer}/v1/tickets/accept?ticket="
    return _issue(instance, request, "actor_token", "act", 3_600, url, actor=actor)


def _revoke(object: str) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, **named: str) -> Answer:
        (token_id,) = named.values()
        document = instance.one_time.get(token_id)
        if document is None or document["object"] != object:
            raise not_found(object.replace("_", " "), token_id)
        if document["status"] != "pending":
            raise Refused(error(400, "resource_invalid", f"the token is {document['status']} already"))
        document |= {"status": "revoked", "updated_at": milliseconds()}
        return 200, {name: value for name, value in document.items() if name not in ("token", "url")}

    return answer


def _testing_token(instance: Instance, request: ApiRequest) -> Answer:
    now = instance.now()
    token = f"{now}-c_{secrets.token_urlsafe(30)}"
    return 200, {"object": "testing_token", "token": token, "expires_at": now + 3_600}


OPERATIONS = [
    Operation("POST", "/v1/sign_in_tokens", "CreateSignInToken", _sign_in_token),
    Operation("POST", "/v1/sign_in_tokens/{sign_in_token_id}/revoke", "RevokeSignInToken", _revoke("sign_in_token")),
    Operation("POST", "/v1/actor_tokens", "CreateActorToken", _actor_token),
    Operation("POST", "/v1/actor_tokens/{actor_token_id}/revoke", "RevokeActorToken", _revoke("actor_token")),
    Operation("POST", "/v1/testing_tokens", "CreateTestingToken", _testing_token),
]
