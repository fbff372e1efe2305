"""What the fake Clerk answers: the part of the Frontend and the Backend API that a verifying backend uses.

Source: Clerk's OpenAPI documents (`backend-api`, version 2026-05-12). Whatever is not here answers 501 with its name.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.fake_clerk import (
    clients,
    emails,
    frontend,
    invitations,
    jwt_templates,
    machine_api,
    one_time,
    organizations,
    roles,
    sessions,
    users,
)
from harness.fake_clerk.control import API_FAULTS, control
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

__all__ = ["OPERATIONS", "Answer", "Api", "ApiRequest", "error"]

_WITHOUT_VERSION = ("/m2m_tokens", "/api_keys", "/oauth_applications/access_tokens")
"""Below these, Clerk's SDKs leave the version out of the path (clerk-backend-api: `security/verifytoken.py`; @clerk/backend:
its requests for machine tokens)."""
_WINDOW = 10.0
"""Seconds over which requests are counted (https://clerk.com/docs/guides/how-clerk-works/system-limits)."""
_TOLD = {429: ("Too many requests", "Too many requests. Please try again in a bit.")}


OPERATIONS = [
    *frontend.OPERATIONS,
    Operation("GET", "/v1/jwks", "GetJWKS", frontend.published_keys),
    *users.OPERATIONS,
    *sessions.OPERATIONS,
    *organizations.OPERATIONS,
    *machine_api.OPERATIONS,
    *emails.OPERATIONS,
    *invitations.OPERATIONS,
    *roles.OPERATIONS,
    *jwt_templates.OPERATIONS,
    *one_time.OPERATIONS,
    *clients.OPERATIONS,
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
        self.pages: dict[str, Callable[[], Answer]] = {}
        """What is answered to GET beside the operations, by path."""
        self.names: tuple[str, ...] = ()
        """Host names for which it answers as a proxy; a leading `*.` stands for one label or more."""
        self.refused_names: list[str] = []
        self._asked: list[float] = []
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest) -> Answer:
        """The status and the JSON document for `request`."""
        if request.path.startswith(_WITHOUT_VERSION):
            request = replace(request, path=f"/v1{request.path}")
        for operation in _IN_ORDER:
            match = operation.matches(request)
            if match is None:
                continue
            self.counts[operation.name] = self.counts.get(operation.name, 0) + 1
            if operation.needs_key and not self._authorized(request, operation):
                return error(
                    401,
                    "clerk_key_invalid",
                    "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
                )
            if operation.needs_key and (trouble := self._trouble()) is not None:
                return trouble
            try:
                return operation.answer(self.instance, request, **match.groupdict())
            except Refused as refused:
                return refused.answer
        return self._unknown(request)

    def _trouble(self) -> Answer | None:
        """What the Backend API answers while it is in trouble, or asked too often."""
        trouble, limit = self.instance.api_fault, self.instance.rate_limit
        if limit is not None and trouble is None:
            now = time.monotonic()
            with self._lock:
                self._asked = [*[at for at in self._asked if now - at < _WINDOW][-limit:], now]
                trouble = 429 if len(self._asked) > limit else None
        if trouble is None:
            return None
        answer = error(trouble, API_FAULTS[trouble], *_TOLD.get(trouble, ("The Backend API is in trouble.",)))
        return (*answer, {"Retry-After": str(self.instance.retry_after)}) if trouble == 429 else answer

    def tunnels_to(self, host: str) -> bool:
        """Whether `host` is one of Clerk's names; others are noted in `refused_names`."""
        known = any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in self.names)
        if not known and host not in self.refused_names:
            self.refused_names.append(host)
        return known

    def _unknown(self, request: ApiRequest) -> Answer:
        if request.method == "GET" and request.path in self.pages:
            return self.pages[request.path]()
        if self.mint is not None and request.path.startswith("/_harness/token/"):
            minted = self.mint(request.path.rpartition("/")[2])
            return (200, minted) if minted is not None else error(404, "resource_not_found", "no such credential")
        if self.controlled and request.path.startswith("/_harness/"):
            try:
                return control(self.instance, self.counts, request)
            except Refused as refused:
                return refused.answer
        if request.path.startswith("/v1/"):
            asked = f"{request.method} {request.path}"
            self.counts[asked] = self.counts.get(asked, 0) + 1
            return error(501, "not_implemented", f"the fake Clerk has no operation {request.method} {request.path}")
        return error(404, "resource_not_found", f"nothing at {request.path}")

    def _authorized(self, request: ApiRequest, operation: Operation) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        keys = [self.instance.secret_key]
        if operation.machines:
            keys += [machine.secret for machine in list(self.instance.machines.values())]
        return scheme == "Bearer" and any(secrets.compare_digest(given.encode(), key.encode()) for key in keys)
