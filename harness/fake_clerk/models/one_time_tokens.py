"""Sign-in tokens and actor tokens: each signs in one user once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.timestamps import milliseconds


@dataclass
class OneTimeToken:
    """A token of the kind `sign_in_token` or `actor_token`; `actor` is who impersonates, `url` where it is redeemed."""

    kind: str
    id: str
    user_id: str
    token: str
    url: str
    actor: dict[str, Any] | None = None
    status: str = "pending"
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def revoke(self) -> None:
        """End it before it is used."""
        self.status, self.updated_at = "revoked", milliseconds()

    def as_json(self, *, secret: bool) -> dict[str, Any]:
        """The Backend API's `SignInToken` or `ActorToken` object; `secret`: with the token itself and its URL."""
        document: dict[str, Any] = {
            "object": self.kind,
            "id": self.id,
            "status": self.status,
            "user_id": self.user_id,
        }
        if self.actor is not None:
            document["actor"] = self.actor
        if secret:
            document |= {"token": self.token, "url": self.url}
        return document | {"created_at": self.created_at, "updated_at": self.updated_at}
