"""What an issuer is: the form of its tokens, where it publishes its keys, and the names under which it is reached.

The server, the keys and the redirection of names are the same for every issuer; what differs is an `IssuerProfile`. Clerk's
is `harness.fake_clerk.clerk.CLERK`. Another identity provider is one file with one more profile. The directory of users,
the cookies of browsers and the webhooks are features of Clerk and no part of a profile.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from harness.fake_clerk.ids import stable_id
from harness.fake_clerk.wire import Operation

if TYPE_CHECKING:
    from harness.fake_clerk.instance import Instance

TokenKind = Literal["template", "machine", "oauth"]
"""Tokens that an issuer signs beside session tokens: from a JWT template, for a machine, and OAuth access tokens (RFC 9068)."""


@dataclass(frozen=True)
class TokenForm:
    """The form of the JWTs of one kind.

    `claims` makes the claims from keyword arguments: always `issuer`, `now` (seconds since 1970) and `subject`, and what
    the kind needs besides. For session tokens that is `session` (an id), `organization`, `actor`, `status` and `factor_ages`, and whatever
    a caller of `Instance.session_token` adds, such as `lifetime` in seconds. `header` makes the JOSE header from the `kid`.
    """

    claims: Callable[..., dict[str, Any]]
    header: Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class HttpApi:
    """The HTTP API of an issuer beside its published keys.

    `operations` is called when a server is made. `version` begins the paths of its operations: below it, what does not
    exist is answered with 501 and its name, so that a missing operation is not taken for a missing object. Below
    `unversioned` paths, clients leave the version out.
    """

    operations: Callable[[], Sequence[Operation]]
    version: str = "/v1"
    unversioned: tuple[str, ...] = ()


def _no_discovery(issuer: str, jwks_url: str) -> dict[str, Any]:
    return {"issuer": issuer, "jwks_uri": jwks_url}


def _no_variables(instance: Instance) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class IssuerProfile:
    """An issuer of session tokens. All tokens are signed with RS256 (RFC 7518, section 3.3)."""

    name: str
    """How messages name it."""
    domain: str
    """The host of an instance of it, unless another is asked for."""
    session: TokenForm
    """Its session tokens."""
    other_tokens: Mapping[TokenKind, TokenForm] = field(default_factory=lambda: MappingProxyType({}))
    """Other tokens that its key signs."""
    issuer_path: str = ""
    """What follows `https://` and the domain in the `iss` claim: nothing, a slash or a path."""
    jwks_path: str = "/.well-known/jwks.json"
    """Where it publishes its keys (RFC 7517, section 5)."""
    discovery_path: str = "/.well-known/openid-configuration"
    """Where it describes itself (OpenID Connect Discovery 1.0, section 4)."""
    discovery: Callable[[str, str], dict[str, Any]] = _no_discovery
    """Makes that description from the issuer and the URL of the keys."""
    hosts: tuple[str, ...] = ()
    """Host names of it that a target may spell out, beside the domain: requests to them are led to the fake. A leading `*.`
    stands for one label or more."""
    instance_hosts: str = ""
    """The hosts of everybody's instances, which begin with `*.`; each instance publishes its own keys at its own. Empty where
    an issuer has a single host."""
    portal: Callable[[str], str] = lambda domain: domain
    """The host of the pages on which people sign in, from the domain."""
    certificate_names: tuple[str, ...] = ()
    """Names of the server's certificate, beside the domain and this machine's; a leading `*.` stands for one label."""
    api: HttpApi | None = None
    """Its further HTTP API, if it has one."""
    new_key_id: Callable[[], str] = lambda: secrets.token_hex(10)
    """Makes the `kid` of the first key. It is the instance's id as well."""
    user_id: Callable[[str], str] = lambda seed: stable_id("user", seed)
    """Makes the `sub` of a user from a seed, the same at every call."""
    new_secret_key: Callable[[], str] = lambda: secrets.token_urlsafe(30)
    """Makes the secret by which a backend uses the API."""
    publishable_key: Callable[[str], str] = lambda domain: domain
    """Makes the public identifier that front ends are configured with from the domain."""
    environment: Callable[[Instance], dict[str, str]] = _no_variables
    """The variables by which backends are configured for an instance."""
    local_environment: Callable[[str], dict[str, str]] = lambda url: {}
    """The variables that replace some of these when a backend reaches the fake by the server's own URL."""

    def issuer(self, domain: str) -> str:
        """The `iss` claim of the instance at `domain`."""
        return f"https://{domain}{self.issuer_path}"

    def jwks_url(self, domain: str) -> str:
        """Where the instance at `domain` publishes its keys."""
        return f"https://{domain}{self.jwks_path}"

    def form_of(self, kind: TokenKind) -> TokenForm:
        """The form of tokens of `kind`. Raises ValueError when the issuer has none."""
        if kind not in self.other_tokens:
            raise ValueError(f"{self.name} issues no tokens of the kind {kind}")
        return self.other_tokens[kind]
