"""Clerk as an issuer: the only profile that is shipped, and the default everywhere."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.fake_clerk import tokens
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.oauth_discovery import openid_configuration
from harness.fake_clerk.profile import HttpApi, IssuerProfile, TokenForm
from harness.fake_clerk.wire import Operation

if TYPE_CHECKING:
    from harness.fake_clerk.instance import Instance


def _operations() -> Sequence[Operation]:
    """Imported when a server is made: whoever only signs tokens does without the API."""
    from harness.fake_clerk import frontend, operations

    return [*frontend.OPERATIONS, *frontend.BESIDE, *operations.OPERATIONS]


def _portal_host(domain: str) -> str:
    """The host of the account portal beside the Frontend API's."""
    if ".clerk." in domain:
        return domain.replace(".clerk.", ".", 1)
    return "accounts." + domain.removeprefix("clerk.")


_VARIABLES: dict[str, Callable[[Instance], str]] = {
    "CLERK_SECRET_KEY": lambda instance: instance.secret_key,
    "CLERK_API_KEY": lambda instance: instance.secret_key,
    "CLERK_PUBLISHABLE_KEY": lambda instance: instance.publishable_key,
    "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": lambda instance: instance.publishable_key,
    "CLERK_DOMAIN": lambda instance: instance.domain,
    "NEXT_PUBLIC_CLERK_DOMAIN": lambda instance: instance.domain,
    "CLERK_FRONTEND_API": lambda instance: instance.domain,
    "CLERK_FRONTEND_API_URL": lambda instance: instance.issuer,
    "CLERK_ISSUER": lambda instance: instance.issuer,
    "CLERK_JWT_ISSUER": lambda instance: instance.issuer,
    "CLERK_JWKS_URL": lambda instance: instance.jwks_url,
    "CLERK_JWT_KEY": lambda instance: instance.key.public_pem.decode(),
    "CLERK_PEM_PUBLIC_KEY": lambda instance: instance.key.public_pem.decode(),
    "CLERK_TELEMETRY_DISABLED": lambda instance: "1",
    "CLERK_WEBHOOK_SECRET": lambda instance: instance.webhook_secret,
    "CLERK_WEBHOOK_SIGNING_SECRET": lambda instance: instance.webhook_secret,
}
VARIABLES = frozenset(_VARIABLES)
"""The variables that configure a backend for Clerk, by the names that most projects give them."""


def _environment(instance: Instance) -> dict[str, str]:
    return {name: value(instance) for name, value in _VARIABLES.items()}


def _local_environment(url: str) -> dict[str, str]:
    return {"CLERK_JWKS_URL": f"{url}{CLERK.jwks_path}", "CLERK_API_URL": url}


CLERK = IssuerProfile(
    name="Clerk",
    domain="harness-under-test.clerk.accounts.dev",
    session=TokenForm(tokens.session_claims, tokens.session_header),
    other_tokens=MappingProxyType(
        {
            "template": TokenForm(
                tokens.template_claims, partial(tokens.session_header, category=tokens.TEMPLATE_CATEGORY)
            ),
            "machine": TokenForm(tokens.machine_claims, partial(tokens.session_header, category=tokens.M2M_CATEGORY)),
            "oauth": TokenForm(tokens.oauth_claims, tokens.oauth_header),
        }
    ),
    discovery=openid_configuration,
    hosts=("api.clerk.com", "api.clerk.dev", "*.clerk.accounts.dev", "*.accounts.dev", "*.clerk.com"),
    instance_hosts="*.clerk.accounts.dev",
    portal=_portal_host,
    certificate_names=("api.clerk.com", "*.clerk.com", "*.clerk.accounts.dev", "*.accounts.dev"),
    api=HttpApi(
        _operations,
        # clerk-backend-api: `security/verifytoken.py`; @clerk/backend: its requests for machine tokens.
        unversioned=("/m2m_tokens", "/api_keys", "/oauth_applications/access_tokens"),
    ),
    new_key_id=lambda: new_id("ins"),
    new_secret_key=lambda: f"sk_test_{secrets.token_urlsafe(30)}",
    publishable_key=lambda domain: "pk_test_" + base64.b64encode(f"{domain}$".encode()).decode("ascii"),
    environment=_environment,
    local_environment=_local_environment,
)
"""A development instance of Clerk. Source: https://clerk.com/docs/guides/sessions/session-tokens and the other pages that
`tokens` and `frontend` name."""
