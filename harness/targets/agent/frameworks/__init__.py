"""The web frameworks whose routes the agent can find. A new one is a file in this directory and an entry in `FRAMEWORKS`."""

from __future__ import annotations

from .base import FoundRoute, Framework, Place
from .django import Django
from .flask import Flask
from .litestar import Litestar
from .starlette import Starlette

__all__ = ["FRAMEWORKS", "FoundRoute", "Framework", "Place", "framework_of"]

FRAMEWORKS: tuple[Framework, ...] = (Django(), Flask(), Litestar(), Starlette())
"""In the order in which they are asked. The last recognises by the least: a list called `routes`."""


def framework_of(app: object) -> Framework | None:
    """Return the framework whose routes the app has; None for middleware and for any other app."""
    return next((framework for framework in FRAMEWORKS if framework.recognises(app)), None)
