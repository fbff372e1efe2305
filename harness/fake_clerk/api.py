"""What the fake Clerk answers: the part of the Frontend and the Backend API that a verifying backend uses.

Source: Clerk's OpenAPI documents (`backend-api`, version 2026-05-12). Whatever is not here answers 501 with its name.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from harness.fake_clerk import machine_api, organizations, sessions, users
from harness.fake_clerk.control import API_TROUBLES, control
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

__all__ = ["OPERATIONS", "SLOW_SECONDS", "Answer", "Api", "ApiRequest", "error"]

SLOW_SECONDS = 1.0
"""How late a slow key set comes: longer than an impatient client waits, shorter than any default limit."""


def _jwks(instance: Instance, request: ApiRequest) -> Answer:
    instance.jwks_asked += 1
    trouble = instance.jwks_trouble
    if trouble == "outage":
        return error(503, "service_unavailable", "the service is not available")
    if trouble == "malformed":
        return 200, "<html><body>We are back in a minute.</body></html>"
    if trouble == "empty":
        return 200, {"keys": []}
    if trouble == "slow":
        time.sleep(SLOW_SECONDS)
    return 200, instance.jwks()


def _discovery(instance: Instance, request: ApiRequest) -> Answer:
    issuer = instance.issuer
    return 200, {
        "issuer": issuer,
        "jwks_uri": instance.jwks_url,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


OPERATIONS = [
    Operation("GET", "/.well-known/jwks.json", "getJWKS", _jwks, needs_key=False),
    Operation("GET", "/.well-known/openid-configuration", "getOpenIDConfiguration", _discovery, needs_key=False),
    Operation("GET", "/v1/jwks", "GetJWKS", _jwks),
    *users.OPERATIONS,
    *sessions.OPERATIONS,
    *organizations.OPERATIONS,
    *machine_api.OPERATIONS,
]
_IN_ORDER = sorted(OPERATIONS, key=lambda operation: "{" in operation.path)
"""Paths without names come first, so that /v1/users/count is not a user."""


class Api:
    """Answers requests for one instance, and counts them by operation."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.counts: dict[str, int] = {}
        self.mint: Callable[[str], dict[str, Any] | None] | None = None
        """What `/_harness/token/NAME` answers, where somebody who knows credentials serves this fake."""
        self.controlled = False
        """Whether the control API answers: not while a target is tried, which could reach it."""

    def answer(self, request: ApiRequest) -> Answer:
        """The status and the JSON document for `request`."""
        for operation in _IN_ORDER:
            match = operation.matches(request)
            if match is None:
                continue
            self.counts[operation.name] = self.counts.get(operation.name, 0) + 1
            if operation.needs_key and not self._authorized(request):
                return error(
                    401,
                    "clerk_key_invalid",
                    "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
                )
            trouble = self.instance.api_trouble
            if trouble is not None and operation.needs_key:
                return error(trouble, API_TROUBLES[trouble], "the Backend API is in trouble, as was asked for")
            try:
                return operation.answer(self.instance, request, **match.groupdict())
            except Refused as refused:
                return refused.answer
        return self._unknown(request)

    def _unknown(self, request: ApiRequest) -> Answer:
        if self.mint is not None and request.path.startswith("/_harness/token/"):
            minted = self.mint(request.path.rpartition("/")[2])
            return (200, minted) if minted is not None else error(404, "resource_not_found", "no such credential")
        if self.controlled and request.path.startswith("/_harness/"):
            try:
                return control(self.instance, self.counts, request)
            except Refused as refused:
                return refused.answer
        if request.path.startswith("/v1/"):
            return error(501, "not_implemented", f"the fake Clerk has no operation {request.method} {request.path}")
        return error(404, "resource_not_found", f"nothing at {request.path}")

    def _authorized(self, request: ApiRequest) -> bool:
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(
            given.removeprefix("Bearer ").encode(), self.instance.secret_key.encode()
        ) and given.startswith("Bearer ")
