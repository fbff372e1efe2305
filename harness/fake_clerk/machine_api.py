"""The Backend API's verification of machine tokens, and the one-time tokens that it hands out.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags M2M Tokens, API Keys, OAuth Access Tokens, Sign-in Tokens,
Actor Tokens, Testing Tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from harness.fake_clerk.directory import milliseconds
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.users import user_in
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

_FIELDS = ("token", "secret", "access_token")


def _verified(kind: str) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest) -> Answer:
        body = request.document()
        given = next((body[name] for name in _FIELDS if name in body), None)
        token = instance.machine_tokens.get(given) if isinstance(given, str) else None
        if token is None or token.kind != kind or token.revoked:
            raise Refused(error(404, "resource_not_found", "not found", "No such token, or it was revoked."))
        return 200, token.as_json()

    return answer


def _sign_in_token(instance: Instance, request: ApiRequest) -> Answer:
    user_id, now = user_in(instance, request).id, milliseconds()
    token = instance.ticket(user_id, request.document().get("expires_in_seconds") or 2_592_000)
    url = f"{instance.issuer.replace('.clerk.', '.')}/sign-in?__clerk_ticket={token}"
    return 200, {
        "object": "sign_in_token", "id": new_id("sit"), "status": "pending", "user_id": user_id, "token": token, "url": url,
        "created_at": now, "updated_at": now,
    }  # fmt: skip


def _actor_token(instance: Instance, request: ApiRequest) -> Answer:
    user_id, now, actor = user_in(instance, request).id, milliseconds(), request.document().get("actor")
    if not isinstance(actor, dict) or not isinstance(actor.get("sub"), str):
        raise Refused(error(422, "form_param_missing", "actor.sub is missing"))
    token = instance.ticket(user_id, request.document().get("expires_in_seconds") or 3_600)
    url = f"{instance.issuer}/v1/tickets/accept?ticket={token}"
    return 200, {
        "object": "actor_token", "id": new_id("act"), "status": "pending", "user_id": user_id, "actor": actor, "token": token,
        "url": url, "created_at": now, "updated_at": now,
    }  # fmt: skip


def _testing_token(instance: Instance, request: ApiRequest) -> Answer:
    now = instance.now()
    token = f"{now}-c_{secrets.token_urlsafe(30)}"
    return 200, {"object": "testing_token", "token": token, "expires_at": now + 3_600}


OPERATIONS = [
    Operation("POST", "/v1/m2m_tokens/verify", "verifyM2MToken", _verified("m2m")),
    Operation("POST", "/v1/oauth_applications/access_tokens/verify", "verifyOAuthAccessToken", _verified("oauth")),
    Operation("POST", "/v1/api_keys/verify", "verifyApiKey", _verified("api_key")),
    Operation("POST", "/v1/sign_in_tokens", "CreateSignInToken", _sign_in_token),
    Operation("POST", "/v1/actor_tokens", "CreateActorToken", _actor_token),
    Operation("POST", "/v1/testing_tokens", "CreateTestingToken", _testing_token),
]
