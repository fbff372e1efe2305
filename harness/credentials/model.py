"""What a credential is, and what a client presents with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from harness.credentials.mint import Mint

GENUINE = "genuine"


class Bendable(Protocol):
    """A request without a credential, as a recipe may bend it; `path` is percent-encoded."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]


Bend = Callable[[Bendable], None]
Drill = Literal["pair", "expiry", "rotation", "flood", "outage", "slow", "malformed", "empty", "heals"]
"""What cannot be shown by requests to one route, one after the other: several at once, time that passes, an issuer in trouble."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a client adds to a request.

    `token` goes wherever the route takes tokens (its carrier; `Authorization: Bearer` by default). `authorization` is a
    raw field value instead, for credentials whose very shape is the point. `signs_body` asks for a webhook signature
    over the final body. `lure` marks the address of the trap that the token names.
    `headers` and `body` are further fields of the request and of its JSON or form body. `bend` changes method or path.
    `before` is sent first, and `then` done after that; `also` are further forms of the same credential, judged as it is.
    """

    token: str | None = None
    authorization: tuple[bytes, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    signs_body: bool = False
    lure: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    bend: Bend | None = None
    before: tuple[Presentation, ...] = ()
    then: Callable[[], object] | None = None
    also: tuple[Presentation, ...] = ()


Recipe = Callable[["Mint"], Presentation]


@dataclass(frozen=True, slots=True)
class Credential:
    """One entry of the catalogue.

    `follows`: where a policy accepts that other credential (or one of them) and says nothing of this one, either answer is
    right.
    `tolerate`: standards allow either answer everywhere; the policy may pin one.
    `authentic`: a genuine issuer made it for a genuine person, so that what refuses it need not be authentication.
    `fresh`: made anew for every request. `identity`: on whose behalf.
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
    token: bool = True
    """Whether something is presented at all (false only for the absent ones)."""

    carrier: str | None = None
    """Where it puts a genuine token: on a route that takes tokens just there it is nothing but `clerk`."""
    only: str | None = None
    """The only kind of route that it fits: `http`, `websocket`, or `body` for requests with a JSON object or a form."""
    drill: Drill | None = None
    """How it is tried, where sending it to a route is not enough."""

    @property
    def followed(self) -> tuple[str, ...]:
        """The credentials that it follows."""
        return (self.follows,) if isinstance(self.follows, str) else self.follows or ()

    @property
    def bent(self) -> bool:
        """No credential, but a request that is bent so that a guard may not recognize it."""
        return self.group == "shape"

    @property
    def personal(self) -> bool:
        """A session of a person, whom a handler may refuse by its own means: by role, or because the row is another's."""
        return self.group == GENUINE and "clerk" in (self.name, *self.followed)
