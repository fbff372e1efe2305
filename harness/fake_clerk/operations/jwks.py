"""The operation on the published keys. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag JWKS."""

from __future__ import annotations

from harness.fake_clerk.well_known import publish_keys
from harness.fake_clerk.wire import Operation

OPERATIONS = [Operation("GET", "/v1/jwks", "GetJWKS", publish_keys)]
