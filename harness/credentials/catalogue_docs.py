"""The catalogue as a page for readers: `clerk-harness token --page`."""

from __future__ import annotations

from harness.credentials import CATALOGUE, NEEDS, Credential, groups
from harness.credentials.group_descriptions import DESCRIPTION

_HEAD = """# The credentials

Written by `make docs` from the catalogue; a test holds it to be current. {count} credentials in {groups} groups, each tried on
every route that it fits.

*An attacker needs* says what must be held to make it: {needs}. What needs the issuer's own key is no attack: where it is let in,
the verdict is `hardening`, which fails no run unless `--strict` is given or the policy's `reject` names it.

Some are tried on one route for each guard (policy and dependencies), for they examine the verifier by many requests:
{sparse}. Those of the group `objects` are tried where a route's line says whose row is whose, and those of `named` are made of what
the target's source names, which only the probe shows.

*Silent* is what holds where a policy says nothing: `reject` means that it must be refused; `as NAME`: where the policy accepts
NAME either answer is right, else it must be refused; `either`: standards allow both where the policy accepts `clerk`. A policy's
`accept`, `reject` and `tolerate` take names and groups.
"""


def silent(credential: Credential) -> str:
    """What is expected where a policy says nothing."""
    if credential.bypass:
        return "reject (any answer but the handler's)"
    if credential.drill in ("pair", "shared", "heals"):
        return "as clerk"
    if credential.tolerate:
        return "either"
    return "as " + " or ".join(credential.followed) if credential.followed else "reject"


def _short(credential: Credential) -> str:
    """What an attacker must hold, and why."""
    return f"{NEEDS[credential.needs].partition(':')[0]}: {credential.because}"


def catalogue_markdown() -> str:
    """The whole page, as Markdown."""
    sparse = ", ".join(f"`{c.name}`" for c in CATALOGUE.values() if c.sparse)
    needs = ", ".join(NEEDS.values())
    lines = [_HEAD.format(count=len(CATALOGUE), groups=len(groups()), sparse=sparse, needs=needs)]
    for group in groups():
        lines += [
            f"## {group}",
            "",
            DESCRIPTION[group],
            "",
            "| name | what it is | an attacker needs | weakness | source | silent |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| `{c.name}` | {c.why} | {_short(c)} | {c.cwe} | {c.source} | {silent(c)} |"
            for c in CATALOGUE.values()
            if c.group == group
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
