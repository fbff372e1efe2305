"""One instance of an issuer: its domain, its keys, and the tokens that it signs. It needs no server."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt

from harness.core.redact import learn_made
from harness.fake_clerk import tokens
from harness.fake_clerk.clerk import CLERK
from harness.fake_clerk.handshakes import directives, session_cookies
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.jwks_faults import JwksFault
from harness.fake_clerk.keys import SigningKey, jwks
from harness.fake_clerk.models.directory import Directory
from harness.fake_clerk.models.invitations import Invitation
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.machines import Machine
from harness.fake_clerk.models.oauth_grants import OAuthProvider
from harness.fake_clerk.models.one_time_tokens import OneTimeToken
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.social import SocialConnections
from harness.fake_clerk.models.templates import Template, render_claims
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Mail
from harness.fake_clerk.profile import IssuerProfile
from harness.fake_clerk.webhooks import Outbox, new_webhook_secret, sign_delivery


class Instance:
    """An instance of an issuer: what it knows and what it can sign.

    `profile` is the issuer, Clerk by default. `domain` is its host, for Clerk that of the Frontend API
    (`<name>.clerk.accounts.dev`), and the profile's own by default. `clock` gives seconds since 1970.
    """

    def __init__(
        self, domain: str | None = None, *, profile: IssuerProfile = CLERK, clock: Callable[[], float] = time.time
    ) -> None:
        self.profile = profile
        self.domain: str = domain if domain is not None else profile.domain
        self.clock = clock
        self.key: SigningKey = self.new_key()
        self.id = self.key.kid
        self.published = [self.key]
        self.directory = Directory(profile.user_id)
        self.secret_key: str = profile.new_secret_key()
        self.publishable_key: str = profile.publishable_key(self.domain)
        self.webhook_secret: str = new_webhook_secret()
        learn_made(self.secret_key, self.webhook_secret)
        self.outbox = Outbox(self)
        """The webhooks: after `outbox.send_to(Endpoint(url))` each change of the directory is delivered."""
        self.directory.listeners.append(self.outbox.event)
        self.session_claims: dict[str, Any] = {}
        """Claims that are added to each session token; shortcodes like `{{user.external_id}}` are replaced."""
        self.browsers: dict[str, str | None] = {}
        """By the token of a development browser (`__clerk_db_jwt`): the id of its client, None until it has one."""
        self.mails: list[Mail] = []  # What would have been sent, oldest first.
        self.script_folders: list[Path] = []
        """Where Clerk's scripts are looked for (`node_modules`), before the working directory."""
        self.organization_required = False
        """Whether a session is pending until its person has chosen an organization."""
        self.handshakes: dict[str, list[str]] = {}
        """By nonce: cookies that a handshake hands out when the nonce is redeemed."""
        self.templates: dict[str, Template] = {}
        """JWT templates by name."""
        self.jwks_fault: JwksFault | None = None
        """How requests for the key set fail at present; None when they do not."""
        self.api_fault: int | None = None
        """The status with which every operation of the Backend API fails at present; None when they do not."""
        self.retry_after = 10
        """Seconds that an answer 429 asks the client to wait."""
        self.rate_limit: int | None = None
        """Requests to the Backend API within 10 s, after which it answers 429; None for no limit."""
        self.jwks_asked = 0  # How often the key set was requested.
        self._neighbours: dict[str, Instance] = {}
        self._founding = threading.Lock()
        self._keep_records()

    def _keep_records(self) -> None:
        """What is kept beside people: opaque tokens by their secret; machines, invitations, sign-in and actor tokens by id; what
        OAuth has granted; and who is on the way to a social connection.
        """
        self.machine_tokens: dict[str, MachineToken] = {}
        self.machines: dict[str, Machine] = {}
        self.invitations: dict[str, Invitation] = {}
        self.one_time_tokens: dict[str, OneTimeToken] = {}
        self.oauth = OAuthProvider()
        self.social = SocialConnections()

    def neighbour(self, domain: str) -> Instance:
        """Somebody else's instance of the same issuer, at `domain`; the same at every call. It has a key of its own."""
        with self._founding:
            if domain not in self._neighbours:
                self._neighbours[domain] = Instance(domain, profile=self.profile, clock=self.clock)
            return self._neighbours[domain]

    @property
    def issuer(self) -> str:
        """The `iss` claim of its tokens.

        >>> from harness.fake_clerk import FakeClerk
        >>> FakeClerk("my-app.clerk.accounts.dev").issuer
        'https://my-app.clerk.accounts.dev'
        """
        return self.profile.issuer(self.domain)

    @property
    def portal(self) -> str:
        """The origin of its account portal: `https://NAME.accounts.dev` of a development instance."""
        return f"https://{self.profile.portal(self.domain)}"

    @property
    def jwks_url(self) -> str:
        """Where the issuer publishes its keys under its own name.

        >>> from harness.fake_clerk import FakeClerk
        >>> FakeClerk("my-app.clerk.accounts.dev").jwks_url
        'https://my-app.clerk.accounts.dev/.well-known/jwks.json'
        """
        return self.profile.jwks_url(self.domain)

    def jwks(self) -> dict[str, Any]:
        """The JWK Set (RFC 7517) as it is published now.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> [key["alg"] for key in clerk.jwks()["keys"]]
        ['RS256']
        """
        return jwks(self.published)

    def new_key(self) -> SigningKey:
        """A key with a `kid` of the issuer's form, neither published nor used yet."""
        return SigningKey(self.profile.new_key_id())

    def add_next_key(self) -> SigningKey:
        """Publish a second key beside the current one, as in a rotation with overlap, and return it.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> key = clerk.add_next_key()
        >>> key.kid in [entry["kid"] for entry in clerk.jwks()["keys"]]
        True
        >>> token = clerk.session_token("user_1", key=key)
        """
        key = self.new_key()
        self.published.append(key)
        return key

    def now(self) -> int:
        """The instance's time, in whole seconds since 1970."""
        return int(self.clock())

    def sign(
        self, claims: dict[str, Any], *, header: dict[str, Any] | None = None, key: SigningKey | None = None
    ) -> str:
        """A compact JWS (RFC 7515, RS256) over `claims`; the header of a session token unless `header` is given."""
        key = key or self.key
        return jwt.encode(
            claims, key.private, algorithm="RS256", headers=header or self.profile.session.header(key.kid)
        )

    def claims_for(self, user: User | str, **options: Any) -> dict[str, Any]:
        """The claims of a session token for `user`, or for the user with that id, who is created if need be.

        `options` as for `session_token`, without `key`.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> claims = clerk.claims_for("user_1", azp="https://app.example")
        >>> claims["sub"], claims["azp"], claims["exp"] - claims["iat"]
        ('user_1', 'https://app.example', 60)
        """
        if isinstance(user, str):
            user = self.directory.users.get(user) or self.directory.add_user(id=user)
        session = options.pop("session", None) or self.directory.session_of(user.id)
        # A token of somebody who was deleted is as it was before.
        known = user.id in self.directory.users
        options.setdefault("organization", self.directory.organization_of(session) if known else user.organization)
        options = {
            "status": session.status if session.status == "pending" else "active",
            "actor": session.actor,
            "factor_ages": session.factor_ages(self.clock()),
        } | options
        claims = self.profile.session.claims(
            subject=user.id, session=session.id, issuer=self.issuer, now=self.now(), **options
        )
        if not self.session_claims:
            return claims
        rendered: dict[str, Any] = render_claims(self.session_claims, user, options["organization"])
        return claims | rendered

    def session_token(self, user: User | str, *, key: SigningKey | None = None, **options: Any) -> str:
        """A session token for `user`, or for the user with that id, who is created if need be. Clerk's are valid for 60 s.

        `key` signs it instead of the current one. `options`: `session` (a `Session`, by default the user's active one) and
        those of the profile, for Clerk `version` (1 or 2), `azp`, `organization`, `actor`, `status` and `lifetime` (seconds);
        see `tokens.session_claims`.

        >>> import jwt
        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> ada = clerk.directory.add_user("ada@example.com")
        >>> token = clerk.session_token(ada, lifetime=3600)
        >>> claims = jwt.decode(token, clerk.key.public_pem, algorithms=["RS256"], issuer=clerk.issuer)
        >>> claims["sub"] == ada.id, claims["exp"] - claims["iat"]
        (True, 3600)
        """
        return self.sign(self.claims_for(user, **options), key=key)

    def template_token(self, user: User, *, audience: str = "backend", **extra: Any) -> str:
        """A token made from a JWT template: it has an audience and the claims `extra`, and no session.

        >>> import jwt
        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> token = clerk.template_token(clerk.directory.add_user("ada@example.com"), audience="database", plan="pro")
        >>> jwt.decode(token, clerk.key.public_pem, algorithms=["RS256"], audience="database")["plan"]
        'pro'
        """
        form = self.profile.form_of("template")
        claims = form.claims(subject=user.id, issuer=self.issuer, now=self.now(), audience=audience, extra=extra)
        return self.sign(claims, header=form.header(self.key.kid))

    def from_template(
        self, template: Template, user: User, session: Session, lifetime: int | None = None, azp: str | None = None
    ) -> str:
        """A token made from a JWT template of this instance; `lifetime` in seconds replaces that of the template.

        `azp` is the origin of the browser that asks for it; None for a backend, which has none.
        """
        form = self.profile.form_of("template")
        rendered = render_claims(template.claims, user, self.directory.organization_of(session))
        claims = form.claims(subject=user.id, issuer=self.issuer, now=self.now(), audience=None, extra=rendered)
        claims["exp"] = claims["iat"] + (lifetime or template.lifetime)
        del claims["azp"]
        claims |= {} if azp is None else {"azp": azp}
        claims["nbf"] = claims["iat"] - template.allowed_clock_skew
        return self.sign(claims, header=form.header(self.key.kid))

    @property
    def cookie_suffix(self) -> str:
        """What follows the names of cookies, so that instances on one host do not share them: from the publishable key's SHA-1."""
        return base64.urlsafe_b64encode(hashlib.sha1(self.publishable_key.encode()).digest())[:8].decode("ascii")

    def cookies(self, user: User | str, *, suffixed: bool = True, **options: Any) -> dict[str, str]:
        """The cookies that a signed-in browser sends to a backend.

        They are the session token, the time of the sign-in and the development browser; each also under a name with a
        suffix, unless `suffixed` is false. `options` as for `session_token`.

        Source: https://clerk.com/docs/guides/how-clerk-works/overview

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> sorted(clerk.cookies("user_1", suffixed=False))
        ['__clerk_db_jwt', '__client_uat', '__session']
        """
        return session_cookies(self, user, suffixed=suffixed, **options)

    def new_browser(self, client_id: str | None = None) -> str:
        """The token of a new development browser, which is that client once it has one."""
        browser = "dvb_" + new_id("x").removeprefix("x_")
        self.browsers[browser] = client_id
        return browser

    def handshake_directives(
        self, browser: str | None, *, suffixed: bool = True, organization: str | None = None
    ) -> list[str]:
        """The values of `Set-Cookie` at the end of a handshake; see `handshakes.directives`."""
        return directives(self, browser, suffixed=suffixed, organization=organization)

    def sign_handshake(self, directives: list[str]) -> str:
        """What the Frontend API returns to a backend at the end of a handshake: a JWS over the cookies to set."""
        return self.sign({"handshake": directives}, header=tokens.session_header(self.key.kid, None))

    def ticket(self, user_id: str, lifetime: int) -> str:
        """A ticket that signs in a user once (`__clerk_ticket`), valid for `lifetime` seconds. The key is that of sessions."""
        now = self.now()
        claims = {
            "iss": self.issuer,
            "iat": now,
            "exp": now + lifetime,
            "sid": new_id("sit"),
            "st": "sign_in_token",
            "sub": user_id,
        }
        return self.sign(claims, header=tokens.session_header(self.key.kid, None))

    def machine_token(self, subject: str | None = None, scopes: list[str] | None = None) -> str:
        """A machine-to-machine JWT of the machine `subject`, signed with the same key as session tokens.

        `scopes` are the ids of the machines that may verify it. Both are new machines by default.

        >>> import jwt
        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> jwt.decode(clerk.machine_token("mch_1"), clerk.key.public_pem, algorithms=["RS256"])["sub"]
        'mch_1'
        """
        claims = self.profile.form_of("machine").claims(
            issuer=self.issuer, now=self.now(), scopes=scopes or [new_id("mch")], subject=subject
        )
        return self.sign_machine(claims)

    def sign_machine(self, claims: dict[str, Any]) -> str:
        """A machine-to-machine JWT with these claims."""
        return self.sign(claims, header=self.profile.form_of("machine").header(self.key.kid))

    def opaque_token(self, kind: str, subject: str) -> str:
        """An opaque token of the kind `m2m`, `oauth` or `api_key`, which only the Backend API can verify.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> clerk.opaque_token("api_key", "user_1")[:3]
        'ak_'
        """
        token = MachineToken(kind, subject)
        self.machine_tokens[token.secret] = token
        return token.secret

    def oauth_token(self, user: User) -> str:
        """An OAuth access token as a JWT (RFC 9068): its `typ` differs from that of a session token, its key does not.

        >>> import jwt
        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk()
        >>> jwt.get_unverified_header(clerk.oauth_token(clerk.directory.add_user()))["typ"]
        'at+jwt'
        """
        form = self.profile.form_of("oauth")
        claims = form.claims(subject=user.id, issuer=self.issuer, now=self.now())
        return self.sign(claims, header=form.header(self.key.kid))

    def webhook_headers(self, body: bytes) -> dict[str, str]:
        """The Svix header fields for a delivery of `body`, signed with the instance's webhook secret.

        >>> from harness.fake_clerk import FakeClerk
        >>> sorted(FakeClerk().webhook_headers(b"{}"))
        ['svix-id', 'svix-signature', 'svix-timestamp']
        """
        return sign_delivery(self.webhook_secret, body, at=self.now())
