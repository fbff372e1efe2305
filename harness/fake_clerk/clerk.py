"""Clerk as an issuer: the only profile that is shipped, and the default everywhere."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
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


def _environment(instance: Instance) -> dict[str, str]:
    domain, pem = instance.domain, instance.key.public_pem.decode()
    return {
        "CLERK_SECRET_KEY": instance.secret_key,
        "CLERK_API_KEY": instance.secret_key,
        "CLERK_PUBLISHABLE_KEY": instance.publishable_key,
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": instance.publishable_key,
        "CLERK_DOMAIN": domain,
        "NEXT_PUBLIC_CLERK_DOMAIN": domain,
        "CLERK_FRONTEND_API": domain,
        "CLERK_FRONTEND_API_URL": instance.issuer,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_ISSUER": instance.issuer,
        "CLERK_JWKS_URL": instance.jwks_url,
        "CLERK_JWT_KEY": pem,
        "CLERK_PEM_PUBLIC_KEY": pem,
        "CLERK_TELEMETRY_DISABLED": "1",
        "CLERK_WEBHOOK_SECRET": instance.webhook_secret,
        "CLERK_WEBHOOK_SIGNING_SECRET": instance.webhook_secret,
    }


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
