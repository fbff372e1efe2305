"""Secrets that stand in public documentation, tutorials and templates: data, each with where it was seen."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class SharedSecret(NamedTuple):
    """A secret that everybody can read. `source` is the public address where it stands."""

    value: str
    source: str


@cache
def shared_secrets() -> tuple[SharedSecret, ...]:
    """Return the secrets of `data/shared_secrets.toml`, in its order."""
    text = files("harness.credentials").joinpath("data/shared_secrets.toml").read_text(encoding="utf-8")
    return tuple(SharedSecret(entry["value"], entry["source"]) for entry in tomllib.loads(text)["secret"])
