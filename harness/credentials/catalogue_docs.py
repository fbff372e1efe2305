"""The catalogue as a page for readers: `clerk-harness token --page`."""

from __future__ import annotations

from harness.credentials import CATALOGUE, Credential, groups
from harness.credentials.group_descriptions import DESCRIPTION

_HEAD = """# The credentials

Written by `make docs` from the catalogue; a test holds it to be current. {count} credentials in {groups} groups, each tried on
every route that it fits.

*Silent* is what holds where a policy says nothing: `reject` means that it must be refused; `as NAME`: where the policy accepts
NAME either answer is right, else it must be refused; `either`: standards allow both where the policy accepts `clerk`. A policy's
`accept`, `reject` and `tolerate` take names and groups.
"""


def silent(credential: Credential) -> str:
    """What is expected where a policy says nothing."""
    if credential.bypass:
        return "reject (any answer but the handler's)"
    if credential.drill in ("pair", "heals"):
        return "as clerk"
    if credential.tolerate:
        return "either"
    return "as " + " or ".join(credential.followed) if credential.followed else "reject"


def catalogue_markdown() -> str:
    """The whole page, as Markdown."""
    lines = [_HEAD.format(count=len(CATALOGUE), groups=len(groups()))]
    for group in groups():
        lines += [
            f"## {group}",
            "",
            DESCRIPTION[group],
            "",
            "| name | what it is | weakness | source | silent |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| `{c.name}` | {c.why} | {c.cwe} | {c.source} | {silent(c)} |"
            for c in CATALOGUE.values()
            if c.group == group
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
