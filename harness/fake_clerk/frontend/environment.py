"""What a browser may know of the instance: how people sign in, and where the pages are.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Environment.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.roles import ROLES
from harness.fake_clerk.wire import Answer, ApiRequest, front

_OFF: dict[str, Any] = {
    "enabled": False,
    "required": False,
    "used_for_first_factor": False,
    "first_factors": [],
    "used_for_second_factor": False,
    "second_factors": [],
    "verifications": [],
    "verify_at_sign_up": False,
    "immutable": False,
}
_ON = _OFF | {"enabled": True}
_CODE: dict[str, Any] = {
    "required": True,
    "used_for_first_factor": True,
    "first_factors": ["email_code"],
    "verifications": ["email_code"],
    "verify_at_sign_up": True,
}
_ATTRIBUTES: dict[str, Any] = {
    "email_address": _ON | _CODE,
    "phone_number": _OFF,
    "username": _ON,
    "web3_wallet": _OFF,
    "first_name": _ON,
    "last_name": _ON,
    "password": _ON | {"required": True},
    "authenticator_app": _ON | {"used_for_second_factor": True, "second_factors": ["totp"], "verifications": ["totp"]},
    "ticket": _ON,
    "backup_code": _ON | {"used_for_second_factor": True, "second_factors": ["backup_code"]},
    "passkey": _OFF,
}


def _auth_config(instance: Instance) -> dict[str, Any]:
    return {
        "object": "auth_config", "id": "aconf_harness", "first_name": "on", "last_name": "on",
        "email_address": "required", "phone_number": "off", "username": "on", "password": "required",
        "identification_requirements": [["email_address"]], "identification_strategies": ["email_address", "username"],
        "first_factors": ["email_code", "password", "reset_password_email_code", "ticket"],
        "second_factors": ["totp", "backup_code"], "email_address_verification_strategies": ["email_code"],
        "single_session_mode": True, "enhanced_email_deliverability": False, "test_mode": True, "cookieless_dev": True,
        "url_based_session_syncing": True, "claimed_at": None, "reverification": False,
        "native_settings": {
            "object": "native_settings", "api_enabled": False, "trusted_device_sign_in_enabled": False,
            "trusted_device_enrollment_prompt_after_sign_in_enabled": False,
            "trusted_device_enrollment_prompt_after_sign_up_enabled": False,
        },
    }  # fmt: skip


def _display_config(instance: Instance) -> dict[str, Any]:
    portal = instance.portal
    pages = {
        "sign_in": "sign-in", "sign_up": "sign-up", "user_profile": "user", "waitlist": "waitlist",
        "oauth_consent": "oauth-consent", "after_sign_in": "default-redirect", "after_sign_up": "default-redirect",
        "after_sign_out_one": "sign-out", "after_sign_out_all": "sign-out", "after_switch_session": "default-redirect",
        "after_join_waitlist": "default-redirect", "organization_profile": "organization",
        "create_organization": "create-organization", "after_leave_organization": "default-redirect",
        "after_create_organization": "default-redirect", "home": "default-redirect",
    }  # fmt: skip
    nothing = (
        "support_email", "clerk_js_version", "google_one_tap_client_id", "help_url", "privacy_policy_url", "terms_url",
        "logo_url", "favicon_url", "logo_image", "favicon_image", "captcha_public_key", "captcha_widget_type",
        "captcha_public_key_invisible", "captcha_provider",
    )  # fmt: skip
    return (
        {f"{name}_url": f"{portal}/{page}" for name, page in pages.items()}
        | dict.fromkeys(nothing)
        | {
            "object": "display_config",
            "id": "display_config_harness",
            "instance_environment_type": "development",
            "application_name": "fake Clerk",
            "theme": {},
            "preferred_sign_in_strategy": "password",
            "logo_link_url": portal,
            "branded": False,
            "experimental_force_oauth_first": False,
            "show_devmode_warning": False,
            "captcha_oauth_bypass": [],
        }
    )


def _social(instance: Instance) -> dict[str, Any]:
    return {
        f"oauth_{name}": {
            "enabled": True, "required": False, "authenticatable": True, "block_email_subaddresses": False,
            "strategy": f"oauth_{name}", "not_selectable": False, "deprecated": False, "name": name.title(),
            "logo_url": None,
        }
        for name in instance.social.providers
    }  # fmt: skip


def _user_settings(instance: Instance) -> dict[str, Any]:
    off = {"enabled": False}
    return {
        "attributes": _ATTRIBUTES,
        "social": _social(instance),
        "saml": off,
        "enterprise_sso": off,
        "sign_in": {"second_factor": {"required": False}},
        "sign_up": {
            "captcha_enabled": False, "captcha_widget_type": "invisible", "custom_action_required": False,
            "progressive": True, "mode": "public", "legal_consent_enabled": False,
        },
        "restrictions": dict.fromkeys(
            ("allowlist", "blocklist", "allowlist_blocklist_disabled_on_sign_in", "block_email_subaddresses",
             "block_disposable_email_domains"), off
        ),
        "password_settings": {
            "disable_hibp": True, "disable_password_reverification": True, "min_length": 8, "max_length": 72,
            "require_special_char": False, "require_numbers": False, "require_uppercase": False,
            "require_lowercase": False, "show_zxcvbn": False, "min_zxcvbn_strength": 0, "enforce_hibp_on_sign_in": False,
            "allowed_special_characters": "!@#$%^&*()_+-=[]{}|",
        },
        "username_settings": {
            "min_length": 4, "max_length": 64, "allow_extended_special_characters": False, "allow_numeric_usernames": True,
        },
        "actions": {"delete_self": True, "create_organization": True, "create_organizations_limit": None},
        "attack_protection": {
            "user_lockout": {"enabled": False, "max_attempts": 100, "duration_in_minutes": 60},
            "pii": {"enabled": False}, "email_link": {"require_same_client": False}, "enumeration_protection": off,
        },
        "passkey_settings": {"allow_autofill": False, "show_sign_in_button": False, "satisfies_second_factor": False},
    }  # fmt: skip


def _get(instance: Instance, request: ApiRequest) -> Answer:
    free = {"enabled": False, "has_paid_plans": False}
    return 200, {
        "auth_config": _auth_config(instance),
        "display_config": _display_config(instance),
        "user_settings": _user_settings(instance),
        "organization_settings": {
            "enabled": True, "max_allowed_memberships": 5, "actions": {"admin_delete": True}, "slug": {"disabled": False},
            "domains": {"enabled": False, "enrollment_modes": [], "default_role": "org:member"},
            "creator_role": next(iter(ROLES)),
        },
        "fraud_settings": {"object": "fraud_settings", "native": {"device_attestation_mode": "disabled"}},
        "commerce_settings": {
            "billing": {
                "stripe_publishable_key": None, "free_trial_requires_payment_method": False, "user": free, "organization": free,
            }
        },
        "api_keys_settings": {"enabled": True, "user_api_keys_enabled": True, "orgs_api_keys_enabled": True},
        "protect_config": {"loaders": []},
        "client_debug_mode": False,
        "partitioned_cookies": False,
        "maintenance_mode": False,
    }  # fmt: skip


OPERATIONS = [
    front("GET", "/v1/environment", "getEnvironment", _get),
    front("PATCH", "/v1/environment", "updateEnvironment", _get),
]
