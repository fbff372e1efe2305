"""Telling a request of one credential from those of all others, the same way in the harness and in the mutant."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from harness.credentials import Credential, Presentation
from harness.run.context import RunContext
from harness.targets.base import Request


def of_request(request: Request) -> str:
    """As `mutants.fingerprint` makes it of an ASGI scope."""
    sent = [(n.encode(), v.encode("latin-1")) for n, v in request.headers]
    fields = [(n, v) for n, v in sent if not n.startswith(b"svix-")] + [n for n, _ in sent]
    text = repr((request.method, unquote(request.path), request.query.encode(), fields))
    return hashlib.sha256(text.encode()).hexdigest()


TOKEN = "the-token-of-the-mutants"
"""As `mutants.py` has it: the token of the control API, which a target under test is not told."""


class Pins:
    """Presentations that are not renewed in this run, so that the target can know them beforehand."""

    def __init__(self, session: RunContext) -> None:
        self._pinned: dict[tuple[str, str], Presentation] = {}
        self._present = session.mint.present
        session.mint.present = self.present  # type: ignore[method-assign]
        people = session.mint.identities

        def genuine(name: str) -> dict[str, str]:
            user = people["admin" if name == "clerk-org-admin" else "alice"].user
            return {"text": session.clerk.session_token(user)}

        # The mutant fetches genuine tokens where `clerk-harness issuer` would serve them.
        session.clerk.api.mint = genuine
        session.clerk.api.access.token = TOKEN

    def pin(self, credential: Credential, base: Credential | None) -> Presentation:
        """Have this presentation be the credential's for the whole run."""
        mark = (credential.name, base.name if base is not None else "")
        if mark not in self._pinned:
            self._pinned[mark] = self._present(credential, base)
        return self._pinned[mark]

    def present(self, credential: Credential, base: Credential | None = None) -> Presentation:
        mark = (credential.name, base.name if base is not None else "")
        return self._pinned.get(mark) or self._present(credential, base)
