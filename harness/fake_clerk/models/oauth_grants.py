"""What a person has granted to OAuth applications: codes, access tokens and refresh tokens.

Source: RFC 6749, RFC 7636 (PKCE), RFC 9700 (security best practice); lifetimes from Clerk's OpenAPI document `frontend-api`
(2026-05-12), `getOAuthToken`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass, field

from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.oauth_applications import DEFAULT_SCOPES, OAuthApplication
from harness.fake_clerk.models.timestamps import DAY, milliseconds

CODE_LIFETIME = 600_000
"""Milliseconds for which an authorization code is valid."""
ACCESS_LIFETIME = 86_400
"""Seconds for which access tokens and ID tokens are valid."""
_REFRESH_LIFETIME = 3_650 * DAY
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def _new_code() -> str:
    return f"clk_code_{secrets.token_urlsafe(24)}"


@dataclass
class Grant:
    """What `user_id` granted to an application by one authorization request. It ends as a whole."""

    application: OAuthApplication
    user_id: str
    scopes: list[str]
    redirect_uri: str | None
    """As the request had it; None where it left it out."""
    challenge: str | None
    nonce: str | None
    organization_id: str | None
    code: str = field(default_factory=_new_code)
    used: bool = False
    """Whether the code was exchanged."""
    revoked: bool = False
    refresh_token: str = ""
    """The one that is valid now: each is used once."""
    access: list[MachineToken] = field(default_factory=list)
    granted_at: int = field(default_factory=milliseconds)
    expires_at: int = field(default_factory=lambda: milliseconds() + CODE_LIFETIME)
    """When the code expires."""
    refresh_expires_at: int = field(default_factory=lambda: milliseconds() + _REFRESH_LIFETIME)

    def proves(self, verifier: str | None) -> bool:
        """Whether `verifier` belongs to the challenge (RFC 7636, section 4.6).

        One without a challenge is refused, as are requests from which somebody removed it (RFC 9700, section 4.8.2).
        """
        if self.challenge is None:
            return not verifier
        if verifier is None or _VERIFIER.fullmatch(verifier) is None:
            return False
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        return secrets.compare_digest(digest, self.challenge.encode())

    def revoke(self) -> None:
        """End it, with all its tokens."""
        self.revoked = True
        for token in self.access:
            token.revoke("the grant was revoked")


class OAuthProvider:
    """What an instance knows as an OAuth provider, and its settings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.applications: dict[str, OAuthApplication] = {}
        """By client id."""
        self.grants: dict[str, Grant] = {}
        """By authorization code."""
        self.refreshes: dict[str, Grant] = {}
        """By refresh token, those too that were used."""
        self.consents: set[tuple[str, str, frozenset[str]]] = set()
        """Who has consented: user, client and scopes."""
        self.dynamic_registration = False
        """Whether clients may register themselves; at Clerk they may not unless it is switched on."""
        self.jwt_access_tokens = False
        """Whether access tokens are JWTs (RFC 9068), and not opaque."""
        self.default_scopes: list[str] = list(DEFAULT_SCOPES)

    def grant(self, grant: Grant) -> Grant:
        """Keep a new grant, and that the person has consented to it."""
        self.grants[grant.code] = grant
        self.consents.add((grant.user_id, grant.application.client_id, frozenset(grant.scopes)))
        return grant

    def consented(self, user_id: str, application: OAuthApplication, scopes: list[str]) -> bool:
        """Whether the person consented before to the same, or more."""
        return any(
            (user, client) == (user_id, application.client_id) and known.issuperset(scopes)
            for user, client, known in list(self.consents)
        )

    def use(self, grant: Grant) -> bool:
        """Take the code of a grant; False where another request was quicker."""
        with self._lock:
            free, grant.used = not grant.used, True
        return free

    def use_refresh(self, grant: Grant, token: str) -> bool:
        """Take a refresh token; False where another request was quicker."""
        with self._lock:
            free = grant.refresh_token == token
            grant.refresh_token = "" if free else grant.refresh_token
        return free

    def new_refresh_token(self, grant: Grant) -> str:
        """The next refresh token of a grant, after which the one before is not valid any more (RFC 9700, section 4.14.2)."""
        grant.refresh_token = f"clk_refresh_{secrets.token_urlsafe(32)}"
        self.refreshes[grant.refresh_token] = grant
        return grant.refresh_token

    def grant_of(self, token: str) -> Grant | None:
        """The grant to which a refresh token, or an opaque access token, belongs."""
        found = self.refreshes.get(token)
        return found or next((g for g in list(self.grants.values()) if any(a.secret == token for a in g.access)), None)

    def remove(self, application: OAuthApplication) -> None:
        """Delete an application, and end what was granted to it."""
        self.applications.pop(application.client_id, None)
        for grant in list(self.grants.values()):
            if grant.application is application:
                grant.revoke()
