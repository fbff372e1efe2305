"""How somebody comes near a legacy account without proving anything: by an address like its own, by its user name or number, or
by naming it.

Source: RFC 5321, section 2.3.11 (only the host of an address may interpret its local part: tags and dots are the host's matter);
https://clerk.com/docs/guides/users/extending (unsafe metadata can be read and written by the front end);
https://clerk.com/docs/guides/configure/auth-strategies/sign-up-sign-in-options (a user name is chosen, and verified by nothing).
"""

from __future__ import annotations

import zlib

from harness.contracts.user_sync.people import LegacyAccount

_ID_NAMES = (
    "id",
    "user_id",
    "userId",
    "legacy_id",
    "legacyId",
    "legacy_user_id",
    "legacyUserId",
    "old_id",
    "oldId",
    "old_user_id",
    "external_id",
    "externalId",
)
_ADDRESS_NAMES = ("email", "legacy_email", "legacyEmail", "old_email")
COLUMNS = {
    "username": ("username", "user_name", "login", "login_name", "handle", "nickname", "nick"),
    "phone": ("phone", "phone_number", "mobile", "mobile_number", "telephone", "tel", "msisdn"),
}
"""By what beside the address accounts are told apart, and how columns of it are called."""


def name_for(claims: str, number: int, mark: str) -> str:
    """A user name as Clerk takes it (letters, digits and low lines), or a phone number as E.164 writes it, of a legacy account."""
    if claims == "username":
        return f"legacy{number}_{mark}"
    return f"+1555{zlib.crc32(f'{number} {mark}'.encode()) % 10**7:07}"


def alike(address: str, form: str) -> str:
    """Another address that careless comparisons take for this one: `plus` with a tag, `upper` with a dot more, else with a wildcard
    of LIKE in it.
    """
    local, _, host = address.rpartition("@")
    changed = {"plus": f"{local}+tag", "upper": f"{local[0]}.{local[1:]}"}.get(form, f"_{local[1:]}")
    return f"{changed}@{host}"


def naming(account: LegacyAccount, key: str) -> dict[str, object]:
    """Metadata that names an account by its id (its column is `key`) and its address, under the usual names."""
    number = account.row[key]
    known: object = number if isinstance(number, int) else str(number)
    return dict.fromkeys((*_ID_NAMES, key), known) | dict.fromkeys(_ADDRESS_NAMES, account.email)
