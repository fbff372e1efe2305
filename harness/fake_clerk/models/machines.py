"""Machines: services that authenticate to each other by tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds


@dataclass
class Machine:
    """A service that talks to other services.

    `scopes` has the ids of the machines that may verify its tokens. `ttl` is the lifetime of its tokens in seconds.
    """

    name: str
    instance_id: str
    ttl: int = 3600
    id: str = field(default_factory=lambda: new_id("mch"))
    secret: str = field(default_factory=lambda: f"ak_{secrets.token_hex(24)}")
    scopes: list[str] = field(default_factory=list)
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Machine` object, without its scopes."""
        return {
            "object": "machine",
            "id": self.id,
            "name": self.name,
            "instance_id": self.instance_id,
            "default_token_ttl": self.ttl,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
