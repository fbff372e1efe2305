"""Versions of what an app is built on, for the report: a finding may be of one version only."""

from __future__ import annotations

from importlib import metadata
from typing import Dict

_TOLD = (
    "fastapi", "starlette", "flask", "quart", "django", "djangorestframework", "uvicorn", "sqlalchemy", "alembic",
    "clerk-backend-api", "fastapi-clerk-auth", "pyjwt", "python-jose", "authlib", "joserfc", "svix",
)  # fmt: skip
"""Frameworks, and libraries that verify tokens or keep users, by the names of their distributions."""


def installed() -> Dict[str, str]:
    """The versions of those that the target's Python has."""
    found = {}
    for name in _TOLD:
        try:
            found[name] = metadata.version(name)
        except Exception:  # Not there, or its metadata is damaged, which is nothing of ours.
            continue
    return found
