"""One Clerk instance: its domain, its keys, and the tokens it signs. Needs no server."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

import jwt

from harness.fake_clerk import tokens
from harness.fake_clerk.directory import Directory, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.keys import SigningKey, jwks
from harness.fake_clerk.machines import MachineToken
from harness.fake_clerk.webhooks import new_webhook_secret, sign_delivery

Trouble = Literal["outage", "slow", "malformed", "empty"]


class Instance:
    """A development instance of Clerk: what it knows and what it can sign.

    `domain` is the Frontend API's host (`<name>.clerk.accounts.dev`); `clock` gives seconds since 1970.
    """

    def __init__(
        self, domain: str = "harness-under-test.clerk.accounts.dev", *, clock: Callable[[], float] = time.time
    ) -> None:
        self.domain = domain
        self.clock = clock
        self.key = SigningKey()
        self.published = [self.key]
        self.directory = Directory()
        self.secret_key = f"sk_test_{secrets.token_urlsafe(30)}"
        self.publishable_key = "pk_test_" + base64.b64encode(f"{domain}$".encode()).decode("ascii")
        self.webhook_secret = new_webhook_secret()
        self.jwks_trouble: Trouble | None = None
        """How its key set cannot be had at present, for drills."""
        self.api_trouble: int | None = None
        """The status by which every operation of the Backend API fails at present, for drills."""
        self.jwks_asked = 0
        """How often the key set was asked for."""
        self.machine_tokens: dict[str, MachineToken] = {}
        """Opaque tokens by their secret."""

    @property
    def issuer(self) -> str:
        """The `iss` claim: the Frontend API's origin."""
        return f"https://{self.domain}"

    @property
    def jwks_url(self) -> str:
        """Where the Frontend API publishes the keys."""
        return f"{self.issuer}/.well-known/jwks.json"

    def jwks(self) -> dict[str, Any]:
        """The JWK Set as published now."""
        return jwks(self.published)

    def add_next_key(self) -> SigningKey:
        """Publish a second key beside the current one, as in a rotation with overlap; returns it."""
        key = SigningKey()
        self.published.append(key)
        return key

    def now(self) -> int:
        """The instance's time, in whole seconds."""
        return int(self.clock())

    def sign(
        self, claims: dict[str, Any], *, header: dict[str, Any] | None = None, key: SigningKey | None = None
    ) -> str:
        """A compact JWS (RS256) over `claims`; `header` replaces the usual session header."""
        key = key or self.key
        return jwt.encode(claims, key.private, algorithm="RS256", headers=header or tokens.session_header(key.kid))

    def claims_for(self, user: User | str, **options: Any) -> dict[str, Any]:
        """The session claims for `user`, or for the user with that id, who is made known if need be.

        `options` are those of `tokens.session_claims`.
        """
        if isinstance(user, str):
            user = self.directory.users.get(user) or self.directory.add_user(id=user)
        options.setdefault("organization", user.organization)
        return tokens.session_claims(
            subject=user.id,
            session=self.directory.session_of(user.id).id,
            issuer=self.issuer,
            now=self.now(),
            **options,
        )

    def session_token(self, user: User | str, *, key: SigningKey | None = None, **options: Any) -> str:
        """A session token for `user`, valid for 60 s.

        `options`: version (1 or 2), azp, organization, actor, status, lifetime; see `tokens.session_claims`.
        """
        return self.sign(self.claims_for(user, **options), key=key)

    def template_token(self, user: User, *, audience: str = "backend", **extra: Any) -> str:
        """A token made from a JWT template: an audience, no session, its own class."""
        claims = tokens.template_claims(
            subject=user.id, issuer=self.issuer, now=self.now(), audience=audience, extra=extra
        )
        return self.sign(claims, header=tokens.session_header(self.key.kid, tokens.TEMPLATE_CATEGORY))

    def ticket(self, user_id: str, lifetime: int) -> str:
        """A ticket for signing in once (`__clerk_ticket`): signed by the same key, but no session."""
        now = self.now()
        claims = {
            "iss": self.issuer,
            "iat": now,
            "exp": now + lifetime,
            "sid": new_id("sit"),
            "st": "sign_in_token",
            "sub": user_id,
        }
        return self.sign(claims, header={"alg": "RS256", "kid": self.key.kid, "typ": "JWT"})

    def machine_token(self) -> str:
        """A machine-to-machine JWT, signed with the same key as session tokens."""
        claims = tokens.machine_claims(issuer=self.issuer, now=self.now(), scopes=[new_id("mch")])
        return self.sign(claims, header=tokens.session_header(self.key.kid, tokens.M2M_CATEGORY))

    def opaque_token(self, kind: str, subject: str) -> str:
        """An opaque token of the kind `m2m`, `oauth` or `api_key`, which the Backend API verifies."""
        token = MachineToken(kind, subject)
        self.machine_tokens[token.secret] = token
        return token.secret

    def oauth_token(self, user: User) -> str:
        """An OAuth access token as a JWT (RFC 9068): of another type, though the key is the same."""
        claims = tokens.oauth_claims(subject=user.id, issuer=self.issuer, now=self.now())
        return self.sign(claims, header={"alg": "RS256", "kid": self.key.kid, "typ": "at+jwt"})

    def webhook_headers(self, body: bytes) -> dict[str, str]:
        """Svix headers for a delivery of `body`, signed with the instance's webhook secret."""
        return sign_delivery(self.webhook_secret, body, at=self.now())
