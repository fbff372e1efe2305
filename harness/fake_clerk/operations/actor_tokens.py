"""The operations on actor tokens, by which one user impersonates another.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Actor Tokens.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._one_time_tokens import issue, revoke
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

_LIFETIME = 3_600
"""An hour in seconds."""


def _create(instance: Instance, request: ApiRequest) -> Answer:
    actor = request.document().get("actor")
    if not isinstance(actor, dict) or not isinstance(actor.get("sub"), str):
        raise Refused(error(422, "form_param_missing", "actor.sub is missing"))
    url = f"{instance.issuer}/v1/tickets/accept?ticket="
    return issue(instance, request, "actor_token", prefix="act", lifetime=_LIFETIME, url=url, actor=actor)


def _revoke(instance: Instance, request: ApiRequest, actor_token_id: str) -> Answer:
    return revoke(instance, "actor_token", actor_token_id)


OPERATIONS = [
    Operation("POST", "/v1/actor_tokens", "CreateActorToken", _create),
    Operation("POST", "/v1/actor_tokens/{actor_token_id}/revoke", "RevokeActorToken", _revoke),
]
