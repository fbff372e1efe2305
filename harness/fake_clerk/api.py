"""What the fake Clerk answers: the part of the Frontend and the Backend API that a verifying backend uses.

Source: Clerk's OpenAPI documents (`backend-api`, version 2026-05-12). Whatever is not here answers 501 with its name.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from harness.fake_clerk.instance import Instance

Answer = tuple[int, Any]
SLOW_SECONDS = 1.0
"""How late a slow key set comes: longer than an impatient client waits, shorter than any default limit."""


@dataclass(frozen=True)
class ApiRequest:
    """A request to the fake: method, path without query, query, header fields in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


def error(status: int, code: str, message: str, long_message: str | None = None) -> Answer:
    """Clerk's error document."""
    return status, {
        "errors": [{"code": code, "message": message, "long_message": long_message or message, "meta": {}}],
        "clerk_trace_id": secrets.token_hex(16),
    }


class Api:
    """Answers requests for one instance, and counts them by operation."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.counts: dict[str, int] = {}
        self.mint: Callable[[str], dict[str, Any] | None] | None = None
        """What `/_harness/token/NAME` answers, where somebody who knows credentials serves this fake."""
        self._operations: list[tuple[str, re.Pattern[str], bool, Callable[..., Answer]]] = [
            ("GET", re.compile(r"/\.well-known/jwks\.json"), False, self._jwks),
            ("GET", re.compile(r"/\.well-known/openid-configuration"), False, self._discovery),
            ("GET", re.compile(r"/v1/jwks"), True, self._jwks),
            ("GET", re.compile(r"/v1/users"), True, self._list_users),
            ("GET", re.compile(r"/v1/users/count"), True, self._count_users),
            ("GET", re.compile(r"/v1/users/(?P<user_id>[^/]+)"), True, self._get_user),
            ("POST", re.compile(r"/v1/m2m_tokens/verify"), True, self._verify_m2m),
            ("POST", re.compile(r"/v1/oauth_applications/access_tokens/verify"), True, self._verify_oauth),
            ("POST", re.compile(r"/v1/api_keys/verify"), True, self._verify_api_key),
            ("GET", re.compile(r"/v1/sessions"), True, self._list_sessions),
            ("GET", re.compile(r"/v1/sessions/(?P<session_id>[^/]+)"), True, self._get_session),
        ]

    def answer(self, request: ApiRequest) -> Answer:
        """The status and the JSON document for `request`."""
        for method, pattern, needs_key, operation in self._operations:
            match = pattern.fullmatch(request.path)
            if match is None or method != request.method:
                continue
            name = operation.__name__.lstrip("_")
            self.counts[name] = self.counts.get(name, 0) + 1
            if needs_key and not self._authorized(request):
                return error(
                    401,
                    "clerk_key_invalid",
                    "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
                )
            return operation(request, **match.groupdict())
        if self.mint is not None and request.path.startswith("/_harness/token/"):
            minted = self.mint(request.path.rpartition("/")[2])
            return (200, minted) if minted is not None else error(404, "resource_not_found", "no such credential")
        if request.path.startswith("/v1/"):
            return error(501, "not_implemented", f"the fake Clerk has no operation {request.method} {request.path}")
        return error(404, "resource_not_found", f"nothing at {request.path}")

    def _authorized(self, request: ApiRequest) -> bool:
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(
            given.removeprefix("Bearer ").encode(), self.instance.secret_key.encode()
        ) and given.startswith("Bearer ")

    def _jwks(self, request: ApiRequest) -> Answer:
        self.instance.jwks_asked += 1
        trouble = self.instance.jwks_trouble
        if trouble == "outage":
            return error(503, "service_unavailable", "the service is not available")
        if trouble == "malformed":
            return 200, "<html><body>We are back in a minute.</body></html>"
        if trouble == "empty":
            return 200, {"keys": []}
        if trouble == "slow":
            time.sleep(SLOW_SECONDS)
        return 200, self.instance.jwks()

    def _discovery(self, request: ApiRequest) -> Answer:
        issuer = self.instance.issuer
        return 200, {
            "issuer": issuer,
            "jwks_uri": self.instance.jwks_url,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _matching(self, request: ApiRequest) -> list[Any]:
        query = parse_qs(request.query)
        both = {name: query.get(name, []) + query.get(f"{name}[]", []) for name in ("email_address", "user_id")}
        return self.instance.directory.find(emails=both["email_address"], ids=both["user_id"])

    def _list_users(self, request: ApiRequest) -> Answer:
        query = parse_qs(request.query)
        try:
            limit, offset = int(query.get("limit", ["10"])[0]), int(query.get("offset", ["0"])[0])
        except ValueError:
            return error(422, "form_param_format_invalid", "limit and offset must be integers")
        users = sorted(self._matching(request), key=lambda user: -user.created_at)
        return 200, [user.as_json() for user in users[offset : offset + limit]]

    def _count_users(self, request: ApiRequest) -> Answer:
        return 200, {"object": "total_count", "total_count": len(self._matching(request))}

    def _get_user(self, request: ApiRequest, user_id: str) -> Answer:
        user = self.instance.directory.users.get(user_id)
        if user is None:
            return error(404, "resource_not_found", "not found", f"No user was found with id {user_id}.")
        return 200, user.as_json()

    def _verified(self, request: ApiRequest, kind: str) -> Answer:
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            return error(400, "request_body_invalid", "the body is not JSON")
        given = next((body[name] for name in ("token", "secret", "access_token") if name in body), None)
        token = self.instance.machine_tokens.get(given) if isinstance(given, str) else None
        if token is None or token.kind != kind or token.revoked:
            return error(404, "resource_not_found", "not found", "No such token, or it was revoked.")
        return 200, token.as_json()

    def _verify_m2m(self, request: ApiRequest) -> Answer:
        return self._verified(request, "m2m")

    def _verify_oauth(self, request: ApiRequest) -> Answer:
        return self._verified(request, "oauth")

    def _verify_api_key(self, request: ApiRequest) -> Answer:
        return self._verified(request, "api_key")

    def _session_json(self, session: Any) -> dict[str, Any]:
        now = self.instance.now() * 1000
        return {
            "object": "session",
            "id": session.id,
            "user_id": session.user_id,
            "client_id": "client_" + session.id.removeprefix("sess_"),
            "actor": None,
            "status": session.status,
            "last_active_organization_id": None,
            "last_active_at": now,
            "expire_at": now + 7 * 86_400_000,
            "abandon_at": now + 30 * 86_400_000,
            "created_at": now,
            "updated_at": now,
        }

    def _list_sessions(self, request: ApiRequest) -> Answer:
        query = parse_qs(request.query)
        wanted = query.get("user_id", [None])[0]
        sessions = self.instance.directory.sessions.values()
        return 200, [self._session_json(s) for s in sessions if wanted in (None, s.user_id)]

    def _get_session(self, request: ApiRequest, session_id: str) -> Answer:
        session = self.instance.directory.sessions.get(session_id)
        if session is None:
            return error(404, "resource_not_found", "Session not found", f"No session was found with id {session_id}")
        return 200, self._session_json(session)
