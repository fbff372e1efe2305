"""Variables of Clerk's under names of the project's own: which of the usual ones each of them means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_MEANING = (
    (r"WEBHOOK|SVIX|SIGNING_SECRET|WHSEC", "CLERK_WEBHOOK_SECRET"),
    (r"JWKS", "CLERK_JWKS_URL"),
    (r"PUBLISHABLE|_PK\b|_PK$", "CLERK_PUBLISHABLE_KEY"),
    (r"PEM|PUBLIC_KEY|JWT_KEY|VERIFICATION_KEY", "CLERK_JWT_KEY"),
    (r"ISSUER|_ISS$|(?:FRONTEND|INSTANCE|BASE|FAPI)(?:_API)?_UR[IL]$|_TENANT_URL$|CLERK_URL$", "CLERK_ISSUER"),
    (r"DOMAIN|FRONTEND_API$|FAPI$|INSTANCE$|_HOST$", "CLERK_DOMAIN"),
    (r"SECRET|API_KEY|_SK$|BACKEND_KEY", "CLERK_SECRET_KEY"),
)
"""By what is in a name, in the order in which it is looked at."""
_NAME = re.compile(r"\b((?:[A-Z0-9]+_)*CLERK(?:_[A-Z0-9]+)+|SVIX_(?:WEBHOOK_)?SECRET)\b")
_FIELD = re.compile(r"^\s+(clerk_\w+|CLERK_\w+)\s*:\s*(?:str|SecretStr|AnyUrl|HttpUrl|AnyHttpUrl|Optional)", re.M)


def meaning_of(name: str) -> str | None:
    """The usual variable that one of a project's own name means; None where its name does not tell."""
    return next((usual for pattern, usual in _MEANING if re.search(pattern, name)), None)


def own_variables(texts: Mapping[Path, str], known: Iterable[str]) -> dict[str, str]:
    """Clerk's variables that the source asks for under names of its own, as `env` of `[target]` has them: `{CLERK_ISSUER}`."""
    code = "\n".join(texts.values())
    asked = re.findall(r"""["']((?:[A-Z0-9]+_)*CLERK(?:_[A-Z0-9]+)+|SVIX_(?:WEBHOOK_)?SECRET)["']""", code)
    asked += re.findall(rf"\benv(?:iron)?\.{_NAME.pattern}", code)
    asked += [name.upper() for name in _FIELD.findall(code)]
    usual = frozenset(known)
    found = {name: meaning_of(name) for name in dict.fromkeys(asked) if name not in usual and "HARNESS" not in name}
    return {name: f"{{{meant}}}" for name, meant in found.items() if meant is not None}


def expanded(variables: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Variables in whose values `{CLERK_ISSUER}` and the like stand for those of the fake Clerk."""
    return {
        name: re.sub(r"\{([A-Z0-9_]*CLERK_[A-Z0-9_]+)\}", lambda found: known.get(found[1], found[0]), text)
        for name, text in variables.items()
    }
