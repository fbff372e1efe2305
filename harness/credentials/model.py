"""What a credential is, and what a client presents with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from harness.fake_clerk.jwks_faults import JwksFault

if TYPE_CHECKING:
    from harness.credentials.mint import Mint
    from harness.fake_clerk import User

GENUINE = "genuine"
Kind = Literal["session", "template", "machine", "oauth", "opaque", "webhook", "legacy"]
"""What a genuine credential is. Each kind is verified by code of its own, so that each must be damaged for itself."""
SESSION: frozenset[Kind] = frozenset({"session"})
PEOPLE: frozenset[Kind] = frozenset({"session", "template"})
JWT: frozenset[Kind] = frozenset({"session", "template", "machine", "oauth"})
"""The kinds that are a signed JWT under the instance's key."""
MACHINES: frozenset[Kind] = frozenset({"machine", "oauth", "opaque"})
BASE = "its base"
"""In `follows`: the genuine credential that is damaged."""


class Bendable(Protocol):
    """A request without a credential, as a recipe may bend it; `path` is percent-encoded."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes


Bend = Callable[[Bendable], None]
Drill = Literal["pair", "identity", "expiry", "rotated", "withdrawn", "flood", "shared", "silence", "heals"] | JwksFault
"""What cannot be shown by requests to one route, one after the other: several at once, time that passes, an issuer in trouble."""

Tag = Literal["spot-check", "malformed", "without-keys", "misconfigured", "every-case", "sentinel"]
"""Selections of credentials, each for one use:

`spot-check`: tried on each further shape of token that a policy admits. `malformed`: no JWT at all; must be refused like a
forged one. `without-keys`: must not enter while the issuer's keys cannot be had. `misconfigured`: must not enter whatever is
wrong with the app's configuration. `every-case`: sent beside every case that schemathesis generates. `sentinel`: stands for its
group on each route of a run that goes no deeper.
"""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a client adds to a request.

    `token` goes wherever the route takes tokens (its carrier; `Authorization: Bearer` by default). `authorization` is a
    raw field value instead, for credentials whose very shape is the point. `delivery` gives the webhook's header fields for
    the final body. `lure` marks the address of the trap that the token names.
    `headers` and `body` are further fields of the request and of its JSON or form body. `bend` changes method or path.
    `before` is sent first, and `then` done after that; `also` are further forms of the same credential, judged as it is.
    `path_value` stands for each text in the path. `form` says in words which of several forms this is; a
    `sparse` one is tried only where what examines the verifier is.
    """

    token: str | None = None
    authorization: tuple[bytes, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    delivery: Callable[[bytes], dict[str, str]] | None = None
    canary_url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    bend: Bend | None = None
    before: tuple[Presentation, ...] = ()
    then: Callable[[], object] | None = None
    also: tuple[Presentation, ...] = ()
    path_value: str | None = None
    form: str = ""
    sparse: bool = False


Recipe = Callable[["Mint"], Presentation]

Needs = Literal["nothing", "email", "account", "elsewhere", "machine-key", "old-session", "issuer-key"]
"""What an attacker must hold to make a credential, in the order of gravity; `harness.credentials.attackers` has the words."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a genuine JWT is made of, before it is signed."""

    header: dict[str, Any]
    claims: dict[str, Any]


Make = Callable[["Mint", "User"], Material]
"""The material of a genuine JWT for a user."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One entry of the catalogue.

    `damages`: the kinds of genuine credential that it is made of, with one defect; it is tried on each base of these kinds
    that a route admits. Empty where it does not depend on what is admitted.
    `follows`: where a policy accepts that other credential (or one of them; `BASE` is the one that is damaged) and says
    nothing of this one, either answer is right.
    `tolerate`: standards allow either answer everywhere; the policy may pin one.
    `authentic`: a genuine issuer made it for a genuine person, so that what refuses it need not be authentication.
    `fresh`: made anew for every request. `identity`: on whose behalf; alice stands for the person of the base.
    `kind` and `make` are for genuine ones: what they are, and of what they are made where that is a JWT.
    """

    name: str
    group: str
    recipe: Recipe
    cwe: str
    source: str
    why: str
    identity: str = "alice"
    follows: str | tuple[str, ...] | None = None
    tolerate: bool = False
    authentic: bool = False
    fresh: bool = False
    unsendable: bool = False
    """An HTTP server may refuse such a request before the app sees it."""
    role: bool = False
    """Whether it differs from what is admitted in the role or the person only, so that the handler may be what refuses it."""
    token: bool = True
    """Whether something is presented at all (false only for the absent ones)."""

    carrier: str | None = None
    """Where it puts a genuine token: on a route that takes tokens just there it is nothing but `clerk`."""
    only: str | None = None
    """The only kind of route that it fits: `http`, `websocket`, `body` for requests with a JSON object or a form, or `graphql` for
    those with a question of GraphQL's."""
    drill: Drill | None = None
    """How it is tried, where sending it to a route is not enough."""

    damages: frozenset[Kind] = frozenset()
    kind: Kind | None = None
    make: Make | None = None
    placed: bool = False
    """Whether it has a place of its own, wherever the route takes tokens."""
    tags: frozenset[Tag] = frozenset()
    """The selections that it belongs to; `harness.credentials.tagged` gives each of them."""
    needs: Needs = "nothing"
    """What an attacker must hold to make it; `because` says why."""
    because: str = ""
    objects: bool = False
    """Whether it is tried with the rows of several people, where a route's line says whose is which."""
    learned: bool = False
    """Whether it is made on each route of what the target's source names there."""
    sparse: bool = False
    """Whether it is tried on a few routes that stand for the others: many requests that examine the verifier."""

    @property
    def followed(self) -> tuple[str, ...]:
        """The credentials that it follows."""
        return (self.follows,) if isinstance(self.follows, str) else self.follows or ()

    @property
    def shows_its_group(self) -> bool:
        """Whether it is tried to the end where others of its group need not be: genuine, or the group's sentinel."""
        return self.group == GENUINE or self.sentinel

    @property
    def sentinel(self) -> bool:
        """Whether it stands for its group on every route, however deep a run goes."""
        return "sentinel" in self.tags

    @property
    def bypass(self) -> bool:
        """No credential, but a request that is bent so that a guard may not recognize it."""
        return self.group == "bypass"

    @property
    def personal(self) -> bool:
        """A session of a person, whom a handler may refuse by its own means: by role, or because the row is another's."""
        return self.role or (
            self.group == GENUINE and self.kind == "session" and "clerk" in (self.name, *self.followed)
        )

    @property
    def browser(self) -> bool:
        """What a browser asks by itself before a page of the front end may call the backend (CORS)."""
        return self.group == "cors"
