"""The operations on sign-in tokens. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Sign-in Tokens."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._one_time_tokens import issue, revoke
from harness.fake_clerk.wire import Answer, ApiRequest, Operation

_LIFETIME = 2_592_000
"""Thirty days in seconds."""


def _create(instance: Instance, request: ApiRequest) -> Answer:
    url = f"{instance.portal}/sign-in?__clerk_ticket="
    return issue(instance, request, "sign_in_token", prefix="sit", lifetime=_LIFETIME, url=url)


def _revoke(instance: Instance, request: ApiRequest, sign_in_token_id: str) -> Answer:
    return revoke(instance, "sign_in_token", sign_in_token_id)


OPERATIONS = [
    Operation("POST", "/v1/sign_in_tokens", "CreateSignInToken", _create),
    Operation("POST", "/v1/sign_in_tokens/{sign_in_token_id}/revoke", "RevokeSignInToken", _revoke),
]
