"""Group `cors`: what a browser asks before a page of the front end may call the backend. Held where an origin is declared."""

from __future__ import annotations

from dataclasses import replace

from harness.credentials.mint import Mint
from harness.credentials.model import Bend, Bendable, Credential, Presentation

_FETCH = "Fetch standard, CORS-preflight fetch"
FOREIGN = "https://evil.example"


def _preflight(origin: str) -> Bend:
    def bend(request: Bendable) -> None:
        asked = [
            ("origin", origin),
            ("access-control-request-method", request.method),
            ("access-control-request-headers", "authorization,content-type"),
        ]
        kept = ("content-type", "content-length")
        request.headers = [(name, value) for name, value in request.headers if name not in kept] + asked
        request.method, request.body = "OPTIONS", b""

    return bend


def foreign_to(origin: str) -> tuple[str, ...]:
    """Pages of somebody else's: of another name, of one that begins like ours, and the one that sandboxed pages have."""
    return FOREIGN, f"{origin}.evil.example", "null"


def _foreign(mint: Mint) -> Presentation:
    first, *rest = (Presentation(bend=_preflight(origin)) for origin in foreign_to(mint.origin))
    return replace(first, also=tuple(rest))


CREDENTIALS = [
    Credential("cors-preflight", "cors", lambda m: Presentation(bend=_preflight(m.origin)), "CWE-285", _FETCH, "The question by which a browser makes sure that a page of the front end may call: it carries no credential, and must be answered.", token=False, only="http", tags=frozenset({"sentinel"})),
    Credential("cors-foreign-origin", "cors", _foreign, "CWE-942", f"{_FETCH}; OWASP WSTG-CLNT-07", "The same question from a page of somebody else's: it must not be told that it may send the user's credentials.", token=False, only="http"),
]  # fmt: skip
