"""Makes what a credential presents: once, again before it grows old, or for every request."""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import Any

from harness.credentials import jose
from harness.credentials.identities import Identity, newcomer
from harness.credentials.legacy import Legacy
from harness.credentials.model import Credential, Make, Material, Presentation
from harness.credentials.ssrf_listener import SsrfListener
from harness.fake_clerk import Instance, SigningKey, User, tokens
from harness.fake_clerk.ids import new_id

ORIGIN = "http://localhost:3000"
"""The front end's origin where none is declared."""
RENEW_AFTER = 20.0
"""Seconds after which a presentation is made again: a Clerk token lives 60 s, and a batch may wait."""


def session(**options: Any) -> Make:
    """Session tokens; `options` as for `Instance.claims_for`."""

    def make(mint: Mint, user: User) -> Material:
        claims = mint.instance.claims_for(user, **{"azp": mint.origin} | options)
        return Material(tokens.session_header(mint.instance.key.kid), claims)

    return make


PLAIN = session()
"""What is damaged where a policy admits no JWT: the session of a signed-in user."""


class Mint:
    """What recipes work with: the genuine instance, an attacker's key, another instance, people, the old scheme.

    `base` is the genuine credential that is being damaged; None for the plain session. `origin`: the front end's, which is
    the `azp` of sessions. Keys that few recipes need are made when first asked for, or ahead of that by `warm`.
    """

    def __init__(
        self,
        instance: Instance,
        identities: dict[str, Identity],
        legacy: Legacy,
        *,
        skew: int = 5,
        ssrf_listener: SsrfListener | None = None,
        origin: str = ORIGIN,
    ) -> None:
        self.instance = instance
        self.identities = identities
        self.legacy = legacy
        self.skew = skew
        self.ssrf_listener = ssrf_listener or SsrfListener()
        self.identity = identities["alice"]
        self.base: Credential | None = None
        self.origin: str = origin
        self.target_secrets: dict[str, str] = {}
        """The target's variables that look like a secret or a public key, by name. Never shown."""
        self.public_paths: tuple[str, ...] = ()
        """Paths of the target that are declared open to everybody."""
        self.unlinked: tuple[tuple[str, int | str], ...] = ()
        """Address and number of people whose rows in the target's database have no Clerk id: whom only the old token can name."""
        self._made: dict[tuple[str, str], tuple[float, Presentation]] = {}

    def come_from(self, origin: str) -> None:
        """Mint for a front end of another origin from now on."""
        self.origin = origin
        self._made.clear()

    @cached_property
    def attacker(self) -> SigningKey:
        """A key that the genuine issuer never published."""
        return SigningKey()

    @cached_property
    def foreign(self) -> Instance:
        """Another genuine Clerk instance, whose users are not ours."""
        return self.instance.neighbour("somebody-else.clerk.accounts.dev")

    @cached_property
    def next_key(self) -> SigningKey:
        """The key of a rotation: published from the moment on at which it is first asked for."""
        return self.instance.add_next_key()

    def publish_next(self) -> None:
        """Publish the key of a rotation, as presenting a token of it does."""
        _ = self.next_key

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

    @property
    def other_subject(self) -> str:
        """Somebody else than the subject of the base: another user, or another machine."""
        if self.base is not None and self.base.kind == "machine":
            return new_id("mch")
        other = self.identities["bob"].user
        return other.id if other is not self.user else self.identities["alice"].user.id

    def material(self, user: User | None = None) -> Material:
        """What the genuine JWT that is being damaged is made of, for its own user or another."""
        make = self.base.make if self.base is not None and self.base.make is not None else PLAIN
        return make(self, user or self.user)

    def genuine(self, user: User | None = None) -> str:
        """The genuine JWT without any defect, for the identity of the base or for another user."""
        made = self.material(user)
        return self.instance.sign(made.claims, header=made.header)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Genuine claims with some replaced; `...` as a value removes the claim."""
        claims = self.material().claims | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def header(self, **changes: Any) -> dict[str, Any]:
        """A genuine header with some parameters replaced; `...` removes one."""
        header = self.material().header | changes
        return {name: value for name, value in header.items() if value is not ...}

    def signed(self, claims: Any, *, key: SigningKey | None = None, **header: Any) -> str:
        """RS256 by `key` (the genuine one by default) over any claims and header."""
        body = f"{jose.segment(self.header(**header))}.{jose.segment(claims)}"
        return f"{body}.{jose.b64url((key or self.instance.key).sign(body.encode()))}"

    def present(self, credential: Credential, base: Credential | None = None) -> Presentation:
        """What `credential`, made of the genuine `base`, puts on a request now."""
        base = credential if credential.kind is not None else base if credential.damages else None
        mark = (credential.name, base.name if base is not None else "")
        made = self._made.get(mark)
        if made is not None and not credential.fresh and time.monotonic() - made[0] < RENEW_AFTER:
            return made[1]
        self.base = base
        self.identity = self._speaker(credential, base)
        presentation = credential.recipe(self)
        self._made[mark] = (time.monotonic(), presentation)
        return presentation

    def _speaker(self, credential: Credential, base: Credential | None) -> Identity:
        """On whose behalf: a newcomer who is to have but one defect has the role of the base's own person."""
        usual = self.identities[base.identity if base is not None and base.identity in self.identities else "alice"]
        if credential.identity == "newcomer":
            person = newcomer(self.instance)
            if base is not credential:
                person.user.organization = usual.user.organization
            return person
        return usual if credential.identity == "alice" else self.identities[credential.identity]
