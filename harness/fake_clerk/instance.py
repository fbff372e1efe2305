"""One Clerk instance: its domain, its keys, and the tokens it signs. Needs no server."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

import jwt

from harness.fake_clerk import tokens
from harness.fake_clerk.directory import Directory, Session, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.keys import SigningKey, jwks
from harness.fake_clerk.machines import Machine, MachineToken
from harness.fake_clerk.templates import Template, filled
from harness.fake_clerk.webhooks import Outbox, new_webhook_secret, sign_delivery

JwksFault = Literal["outage", "slow", "malformed", "empty"]


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
        self.id = self.key.kid
        self.published = [self.key]
        self.directory = Directory()
        self.secret_key = f"sk_test_{secrets.token_urlsafe(30)}"
        self.publishable_key = "pk_test_" + base64.b64encode(f"{domain}$".encode()).decode("ascii")
        self.webhook_secret = new_webhook_secret()
        self.outbox = Outbox(self)
        """Webhooks: `clerk.outbox.send_to(Endpoint(url))` has each change of the directory delivered."""
        self.directory.listeners.append(self.outbox.event)
        self.session_claims: dict[str, Any] = {}
        """Claims that the instance adds to each session token; may hold shortcodes like `{{user.external_id}}`."""
        self.browsers: dict[str, Session] = {}
        """Development browsers by their token, and the session that each is signed in with."""
        self.handshakes: dict[str, list[str]] = {}
        """Cookies that wait behind a nonce."""
        self.templates: dict[str, Template] = {}
        """JWT templates by name."""
        self.jwks_fault: JwksFault | None = None
        """How its key set cannot be had at present, for drills."""
        self.api_fault: int | None = None
        """The status by which every operation of the Backend API fails at present, for drills."""
        self.retry_after = 10
        """Seconds that an answer 429 asks its client to wait."""
        self.rate_limit: int | None = None
        """Requests to the Backend API in 10 s before it answers 429; None for no limit."""
        self.jwks_asked = 0
        """How often the key set was asked for."""
        self.machine_tokens: dict[str, MachineToken] = {}
        """Opaque tokens by their secret."""
        self.machines: dict[str, Machine] = {}
        self.invitations: dict[str, Any] = {}
        """By id; see `invitations.py`."""
        self.one_time: dict[str, dict[str, Any]] = {}
        """Sign-in and actor tokens by id, as the Backend API shows them."""

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
        session = options.pop("session", None) or self.directory.session_of(user.id)
        options = {
            "status": session.status if session.status == "pending" else "active",
            "actor": session.actor,
        } | options
        claims = tokens.session_claims(
            subject=user.id,
            session=session.id,
            issuer=self.issuer,
            now=self.now(),
            **options,
        )
        return claims | filled(self.session_claims, user) if self.session_claims else claims

    def session_token(self, user: User | str, *, key: SigningKey | None = None, **options: Any) -> str:
        """A session token for `user`, valid for 60 s.

        `options`: session (a `Session`, the user's active one by default), version (1 or 2), azp, organization, actor, status,
        lifetime; see `tokens.session_claims`.
        """
        return self.sign(self.claims_for(user, **options), key=key)

    def template_token(self, user: User, *, audience: str = "backend", **extra: Any) -> str:
        """A token made from a JWT template: an audience, no session, its own class."""
        claims = tokens.template_claims(
            subject=user.id, issuer=self.issuer, now=self.now(), audience=audience, extra=extra
        )
        return self.sign(claims, header=tokens.session_header(self.key.kid, tokens.TEMPLATE_CATEGORY))

    def from_template(self, template: Template, user: User, lifetime: int | None = None) -> str:
        """A token made from a JWT template of this instance."""
        claims = tokens.template_claims(
            subject=user.id, issuer=self.issuer, now=self.now(), audience=None, extra=filled(template.claims, user)
        )
        claims["exp"] = claims["iat"] + (lifetime or template.lifetime)
        del claims["azp"]  # The token is asked for by a backend: no browser, no origin.
        claims["nbf"] = claims["iat"] - template.allowed_clock_skew
        return self.sign(claims, header=tokens.session_header(self.key.kid, tokens.TEMPLATE_CATEGORY))

    @property
    def cookie_suffix(self) -> str:
        """By which browsers tell apart the cookies of several instances on one host: from the publishable key's SHA-1."""
        return base64.urlsafe_b64encode(hashlib.sha1(self.publishable_key.encode()).digest())[:8].decode("ascii")

    def cookies(self, user: User | str, *, suffixed: bool = True, **options: Any) -> dict[str, str]:
        """What a signed-in browser sends: the session token, since when the client is signed in, and the development
        browser; with their suffixed twins unless `suffixed` is false. `options` as for `session_token`.

        Source: https://clerk.com/docs/guides/how-clerk-works/overview
        """
        user_id = user if isinstance(user, str) else user.id
        session = options.setdefault("session", self.directory.session_of(user_id))
        browser = "dvb_" + new_id("x").removeprefix("x_")
        self.browsers[browser] = session
        plain = {
            "__session": self.session_token(user, **options),
            "__client_uat": str(session.created_at // 1000),
            "__clerk_db_jwt": browser,
        }
        return plain | ({f"{name}_{self.cookie_suffix}": value for name, value in plain.items()} if suffixed else {})

    def handshake_directives(self, browser: str | None, *, suffixed: bool = True) -> list[str]:
        """The `Set-Cookie` fields by which a handshake renews the cookies of a browser (its `__clerk_db_jwt`), or ends them."""
        session = self.browsers.get(browser or "")
        if session is not None and session.status in ("active", "pending") and session.user_id in self.directory.users:
            cookies = self.cookies(session.user_id, session=session, suffixed=suffixed)
            return [f"{name}={value}; Path=/; SameSite=Lax" for name, value in cookies.items()]
        names = ["__session", f"__session_{self.cookie_suffix}"]
        ended = [f"{name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax" for name in names]
        return [
            *ended,
            "__client_uat=0; Path=/; SameSite=Lax",
            f"__client_uat_{self.cookie_suffix}=0; Path=/; SameSite=Lax",
        ]

    def sign_handshake(self, directives: list[str]) -> str:
        """What the Frontend API returns to a backend at the end of a handshake: a JWS over the cookies to set."""
        return self.sign({"handshake": directives}, header={"alg": "RS256", "kid": self.key.kid, "typ": "JWT"})

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

    def machine_token(self, subject: str | None = None, scopes: list[str] | None = None) -> str:
        """A machine-to-machine JWT of the machine `subject`, signed with the same key as session tokens."""
        return self.sign_machine(
            tokens.machine_claims(issuer=self.issuer, now=self.now(), scopes=scopes or [new_id("mch")], subject=subject)
        )

    def sign_machine(self, claims: dict[str, Any]) -> str:
        """A JWS over `claims` of the class of machine-to-machine tokens."""
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
