"""The verdicts, and the record of a judged cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["pass", "breach", "lockout", "fault", "inconclusive", "mixed", "leak", "undeclared", "stale"]
Evidence = Literal["probe", "status", "websocket", "process", "listener", "drill", "declaration", "none"]
FAILURES: tuple[Kind, ...] = ("breach", "mixed", "lockout", "fault", "leak", "inconclusive", "undeclared", "stale")
"""In the order of their gravity."""
MEANING = {
    "breach": "let in what must be rejected",
    "mixed": "let in by a mechanism that the policy does not name",
    "lockout": "kept out whom the policy admits",
    "fault": "a server error, a crash or a hang",
    "leak": "the refusal tells why, or shows internals",
    "inconclusive": "the decision was not reached, or the route admits nobody: it proves nothing",
    "undeclared": "a route without a policy",
    "stale": "a policy without a route",
}


@dataclass(slots=True)
class CellVerdict:
    """A judged cell. `credential` is empty for findings about a route as such. `micros`: duration of the request."""

    router: str
    route: str
    policy: str
    credential: str
    group: str
    expected: str
    verdict: Kind
    evidence: Evidence
    seen: str
    detail: str = ""
    status: int | None = None
    mechanism: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    micros: int = 0
    excerpt: str = ""
    hint: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it is a finding."""
        return self.verdict != "pass"

    @property
    def key(self) -> tuple[str, str]:
        """(route, credential)."""
        return self.route, self.credential
