"""A contract and security test harness for backends that move to Clerk authentication."""

from __future__ import annotations

__version__: str
"""Of the installed package, which setuptools-scm reads from the tag."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when somebody asks: most runs never do, and it takes some milliseconds."""
    if name != "__version__":
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("clerk-harness")
    except PackageNotFoundError:
        return "0+unknown"
