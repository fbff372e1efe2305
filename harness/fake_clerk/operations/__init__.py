"""The Backend API: one module for each tag of Clerk's OpenAPI document `backend-api` (2026-05-12), named like the tag.

Each module exports `OPERATIONS`. An operation reads the request, asks the models and answers; what several tags share is in
the modules whose names begin with an underscore. To add an operation, add it to the module of its tag.
"""

from __future__ import annotations

from harness.fake_clerk.operations import (
    actor_tokens,
    api_keys,
    clients,
    email_addresses,
    instance_settings,
    invitations,
    jwks,
    jwt_templates,
    m2m_tokens,
    machines,
    oauth_access_tokens,
    oauth_applications,
    organization_invitations,
    organization_memberships,
    organization_permissions,
    organization_roles,
    organizations,
    sessions,
    sign_in_tokens,
    testing_tokens,
    users,
)

TAGS = (
    jwks,
    users,
    email_addresses,
    sessions,
    clients,
    organizations,
    organization_memberships,
    organization_invitations,
    organization_roles,
    organization_permissions,
    invitations,
    machines,
    m2m_tokens,
    api_keys,
    oauth_access_tokens,
    oauth_applications,
    jwt_templates,
    sign_in_tokens,
    actor_tokens,
    testing_tokens,
    instance_settings,
)
"""The modules, one for each tag."""
OPERATIONS = [operation for tag in TAGS for operation in tag.OPERATIONS]
"""All implemented operations of the Backend API."""
