"""Makes what a credential presents: once, again before it grows old, or for every request."""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import Any

from harness.credentials import jose
from harness.credentials.identities import Identity, newcomer
from harness.credentials.legacy import Legacy
from harness.credentials.model import Credential, Presentation
from harness.credentials.trap import Trap
from harness.fake_clerk import Instance, SigningKey, User

RENEW_AFTER = 20.0
"""Seconds after which a presentation is made again: a Clerk token lives 60 s, and a batch may wait."""


class Mint:
    """What recipes work with: the genuine instance, an attacker's key, another instance, people, the old scheme.

    Keys that few recipes need are made when first asked for, or ahead of that by `warm`.
    """

    def __init__(
        self,
        instance: Instance,
        identities: dict[str, Identity],
        legacy: Legacy,
        *,
        skew: int = 5,
        trap: Trap | None = None,
    ) -> None:
        self.instance = instance
        self.identities = identities
        self.legacy = legacy
        self.skew = skew
        self.trap = trap or Trap()
        self.identity = identities["alice"]
        self.next_key = instance.add_next_key()
        self._made: dict[str, tuple[float, Presentation]] = {}

    @cached_property
    def attacker(self) -> SigningKey:
        """A key that the genuine issuer never published."""
        return SigningKey()

    @cached_property
    def foreign(self) -> Instance:
        """Another genuine Clerk instance, whose users are not ours."""
        return Instance("somebody-else.clerk.accounts.dev")

    @cached_property
    def retired(self) -> SigningKey:
        """A key of the instance that was rotated out: nobody publishes it any more."""
        return SigningKey()

    def warm(self) -> threading.Thread:
        """Make these keys in a thread, while whoever calls has other things to wait for; join it before minting."""
        thread = threading.Thread(
            target=lambda: (self.attacker, self.foreign, self.retired), name="clerk-harness-keys", daemon=True
        )
        thread.start()
        return thread

    @property
    def user(self) -> User:
        """The Clerk user of the identity that is being minted for."""
        return self.identity.user

    def now(self) -> int:
        """The issuer's time in seconds."""
        return self.instance.now()

    def genuine(self, **options: Any) -> str:
        """A genuine session token of the current identity."""
        return self.instance.session_token(self.user, **options)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Genuine claims with some replaced; `...` as a value removes the claim."""
        claims = self.instance.claims_for(self.user) | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def header(self, **changes: Any) -> dict[str, Any]:
        """A genuine header with some parameters replaced; `...` removes one."""
        header: dict[str, Any] = {"alg": "RS256", "kid": self.instance.key.kid, "typ": "JWT", "cat": "cl_B7d4PD111AAA"}
        header |= changes
        return {name: value for name, value in header.items() if value is not ...}

    def signed(self, claims: Any, *, key: SigningKey | None = None, **header: Any) -> str:
        """RS256 by `key` (the genuine one by default) over any claims and header."""
        body = f"{jose.segment(self.header(**header))}.{jose.segment(claims)}"
        return f"{body}.{jose.b64url((key or self.instance.key).sign(body.encode()))}"

    def present(self, credential: Credential) -> Presentation:
        """What `credential` puts on a request now."""
        made = self._made.get(credential.name)
        if made is not None and not credential.fresh and time.monotonic() - made[0] < RENEW_AFTER:
            return made[1]
        self.identity = (
            newcomer(self.instance) if credential.identity == "newcomer" else self.identities[credential.identity]
        )
        presentation = credential.recipe(self)
        self._made[credential.name] = (time.monotonic(), presentation)
        return presentation
