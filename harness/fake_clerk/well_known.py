"""The documents that every issuer publishes: its key set and its OpenID configuration, at the paths of its profile."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.jwks_faults import JWKS_FAULTS
from harness.fake_clerk.profile import IssuerProfile
from harness.fake_clerk.wire import Answer, ApiRequest, Operation


def publish_keys(instance: Instance, request: ApiRequest) -> Answer:
    """The JWK Set, or what `Instance.jwks_fault` makes of it."""
    instance.jwks_asked += 1
    keys, fault = instance.jwks(), instance.jwks_fault
    return JWKS_FAULTS[fault](keys) if fault is not None else (200, keys)


def _describe(instance: Instance, request: ApiRequest) -> Answer:
    return 200, instance.profile.discovery(instance.issuer, instance.jwks_url)


def well_known_operations(profile: IssuerProfile) -> list[Operation]:
    """The operations on these documents. Clerk's names for them are used in counters, whatever the issuer."""
    return [
        Operation("GET", profile.jwks_path, "getJWKS", publish_keys, needs_key=False),
        Operation("GET", profile.discovery_path, "getOpenIDConfiguration", _describe, needs_key=False),
    ]
