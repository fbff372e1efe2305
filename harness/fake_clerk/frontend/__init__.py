"""The Frontend API, which browsers call: one module for each tag of Clerk's OpenAPI document `frontend-api` (2026-05-12).

Each module is named like its tag and exports `OPERATIONS`. What several share is in the modules whose names begin with an
underscore; `packages` and `portal` serve what the document does not have: Clerk's scripts and the account portal.
"""

from __future__ import annotations

from harness.fake_clerk.frontend import (
    _pictures,
    active_sessions,
    api_keys,
    backup_codes,
    client,
    devbrowser,
    email_addresses,
    environment,
    external_accounts,
    health,
    invitations,
    members,
    membership_requests,
    oauth2_callbacks,
    oauth2_identity_provider,
    organization,
    organization_creation_defaults,
    organizations_memberships,
    packages,
    portal,
    roles,
    sessions,
    sign_ins,
    sign_ups,
    totp,
    user,
    waitlist,
    well_known,
)

TAGS = (
    active_sessions,
    api_keys,
    backup_codes,
    client,
    devbrowser,
    email_addresses,
    environment,
    external_accounts,
    health,
    invitations,
    members,
    membership_requests,
    oauth2_callbacks,
    oauth2_identity_provider,
    organization,
    organization_creation_defaults,
    organizations_memberships,
    roles,
    sessions,
    sign_ins,
    sign_ups,
    totp,
    user,
    waitlist,
    well_known,
)
"""The modules, one for each tag."""
OPERATIONS = [operation for tag in TAGS for operation in tag.OPERATIONS]
"""All implemented operations of the Frontend API."""
BESIDE = [*client.BACKEND, *_pictures.BESIDE, *packages.OPERATIONS, *oauth2_callbacks.BESIDE, *portal.OPERATIONS]
"""What Clerk serves and its documents do not have."""
