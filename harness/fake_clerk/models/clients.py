"""Clients: browsers, each with one session here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.fake_clerk.models.sessions import Session


@dataclass(frozen=True)
class Client:
    """The browser of a session."""

    session: Session

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Client` object."""
        session = self.session
        document = session.as_json()
        return {
            "object": "client",
            "id": document["client_id"],
            "session_ids": [session.id],
            "sessions": [document],
            "sign_in_id": None,
            "sign_up_id": None,
            "last_active_session_id": session.id if session.status == "active" else None,
            "last_authentication_strategy": None,
            "created_at": session.created_at,
            "updated_at": session.updated_at,
        }
