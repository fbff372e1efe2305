"""The catalogue of credentials: every kind of thing that a client may present.

A credential is one entry in one of the `group_*` files; this module only gathers them.
"""

from __future__ import annotations

from functools import cache

from harness.core.errors import DeclarationError
from harness.core.text import instead, meant
from harness.credentials import (
    group_absent,
    group_algorithm,
    group_bypass,
    group_claims,
    group_confusion,
    group_cors,
    group_genuine,
    group_legacy,
    group_lookup,
    group_named,
    group_objects,
    group_opaque,
    group_placement,
    group_roles,
    group_signature,
    group_state,
    group_time,
    group_webhook,
)
from harness.credentials.attackers import NEEDS, with_attacker
from harness.credentials.identities import Identity, newcomer, register
from harness.credentials.legacy import Legacy, load_legacy
from harness.credentials.mint import ORIGIN, Mint
from harness.credentials.model import Credential, Presentation, Tag
from harness.credentials.mutations import PREFIX, fuzz_credential
from harness.credentials.ssrf_listener import SsrfListener

__all__ = [
    "CATALOGUE",
    "NEEDS",
    "ORIGIN",
    "Credential",
    "Identity",
    "Legacy",
    "Mint",
    "Presentation",
    "SsrfListener",
    "based",
    "find",
    "fuzz_credential",
    "groups",
    "load_legacy",
    "newcomer",
    "register",
    "select",
    "tagged",
]

CATALOGUE: dict[str, Credential] = {
    credential.name: with_attacker(credential)
    for module in (
        group_genuine,
        group_absent,
        group_time,
        group_signature,
        group_algorithm,
        group_lookup,
        group_claims,
        group_confusion,
        group_opaque,
        group_webhook,
        group_legacy,
        group_placement,
        group_roles,
        group_objects,
        group_named,
        group_bypass,
        group_cors,
        group_state,
    )
    for credential in module.CREDENTIALS
}


def tagged(tag: Tag) -> list[Credential]:
    """The credentials that belong to a selection, in the catalogue's order; `harness.credentials.model.Tag` lists the selections."""
    return [credential for credential in CATALOGUE.values() if tag in credential.tags]


@cache
def groups() -> tuple[str, ...]:
    """The groups in the catalogue's order."""
    return tuple(dict.fromkeys(credential.group for credential in CATALOGUE.values()))


def select(names: list[str]) -> list[Credential]:
    """The credentials with these names, or in these groups, in the catalogue's order; all when `names` is empty.

    The names of mutations that a run with `--fuzz` has printed are known too.
    Raises DeclarationError for a name that is neither.
    """
    known = set(CATALOGUE) | set(groups())
    mutations = [name for name in names if name.startswith(PREFIX)]
    for name in names:
        if name not in known and name not in mutations:
            raise DeclarationError(f"no credential or group {name!r}; groups: {', '.join(groups())}{closest(name)}")
    chosen = [c for c in CATALOGUE.values() if not names or c.name in names or c.group in names]
    return chosen + [fuzz_credential(name) for name in mutations]


def find(name: str) -> Credential | None:
    """The credential of that name, in the catalogue or a mutation; None when there is none."""
    return fuzz_credential(name) if name.startswith(PREFIX) else CATALOGUE.get(name)


def based(name: str) -> tuple[Credential | None, Credential | None]:
    """The credential of a cell's label, and the genuine one of which it is made: `forged@clerk-org-admin`.

    A place (`forged@cookie:__session`) says nothing of its base. Raises DeclarationError for a base that does not exist.
    """
    own, _, label = name.partition("@")
    if not label or ":" in label:
        return find(own), None
    base = CATALOGUE.get(label)
    if base is None or base.kind is None:
        known = [c.name for c in CATALOGUE.values() if c.kind is not None]
        raise DeclarationError(f"{name!r}: {label!r} is no genuine credential{instead(label, known)}")
    return find(own), base


def closest(name: str) -> str:
    """A hint at the credential that was probably meant, or the empty text."""
    return meant(name, [*CATALOGUE, *groups()])
