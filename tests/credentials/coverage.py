"""What the catalogue covers of others' lists: `docs/coverage.md`, written by `make docs`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

LISTS = {
    "jwt_tool": ("jwt_tool", "The attacks of jwt_tool (github.com/ticarpi/jwt_tool): exploits, playbook and scans."),
    "wycheproof": (
        "Wycheproof",
        "The vectors for JWS (github.com/C2SP/wycheproof, `json_web_signature_test.json`) as input of a verifier of session tokens.",
    ),
    "rfc8725": ("RFC 8725", "The recommendations of section 3 (JSON Web Token Best Current Practices)."),
}
_HEAD = """# What the catalogue covers of others' lists

Written by `make docs` from `tests/credentials/coverage.toml`; a test holds it to be current, and its names to the catalogue.
"""


def attacks() -> list[dict[str, Any]]:
    """The entries of the table."""
    found: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "coverage.toml").read_text())["attack"]
    return found


def page() -> str:
    """The whole page, as Markdown."""
    lines = [_HEAD]
    for name, (title, about) in LISTS.items():
        lines += [f"## {title}", "", about, "", "| attack | covered by |", "|---|---|"]
        for attack in attacks():
            if attack["from"] == name:
                names = ", ".join(f"`{credential}`" for credential in attack.get("covered_by", ()))
                lines.append(f"| {attack['what']} | {names or 'does not fit: ' + attack['not_fitting']} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
