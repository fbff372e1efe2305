"""Clients: browsers, with the sessions that are open in them and the sign-in and sign-up that are under way.

Source: Clerk's OpenAPI documents `backend-api` and `frontend-api` (2026-05-12), `Client`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.sign_ins import SignIn
from harness.fake_clerk.models.sign_ups import SignUp
from harness.fake_clerk.models.timestamps import milliseconds


@dataclass
class Client:
    """A browser. Its sessions are those of the directory that have its id."""

    id: str = field(default_factory=lambda: new_id("client"))
    sign_in: SignIn | None = None
    sign_up: SignUp | None = None
    last_active_session_id: str | None = None
    last_strategy: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def active(self, sessions: list[Session]) -> Session | None:
        """Which of its `sessions` a browser uses: the one that was used last, else any that is open."""
        still_open = [session for session in sessions if session.open]
        chosen = [session for session in still_open if session.id == self.last_active_session_id]
        return next(iter(chosen or still_open[::-1]), None)

    def as_json(self, sessions: list[Session]) -> dict[str, Any]:
        """The Backend API's `Client` object; `sessions` are its own."""
        active = self.active([session for session in sessions if session.status == "active"])
        return {
            "object": "client",
            "id": self.id,
            "session_ids": [session.id for session in sessions],
            "sessions": [session.as_json() for session in sessions],
            "sign_in_id": self.sign_in.id if self.sign_in is not None else None,
            "sign_up_id": self.sign_up.id if self.sign_up is not None else None,
            "last_active_session_id": active.id if active is not None else None,
            "last_authentication_strategy": self.last_strategy,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
