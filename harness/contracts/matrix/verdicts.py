"""The verdicts, and the record of a judged cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "pass", "hardening", "breach", "mixed", "lockout", "fault", "leak", "handler-error", "inconclusive", "undeclared", "stale",
    "unreviewed",
]  # fmt: skip
Evidence = Literal["probe", "status", "websocket", "process", "listener", "drill", "declaration", "guard", "none"]
FAILURES: tuple[Kind, ...] = (
    "breach", "mixed", "lockout", "fault", "leak", "handler-error", "inconclusive", "undeclared", "stale", "unreviewed",
)  # fmt: skip
"""In the order of their gravity."""
MEANING = {
    "hardening": "let in, or failed over, what nobody but the issuer could sign: no attack, and no failure unless --strict",
    "breach": "let in what must be rejected",
    "mixed": "let in by a mechanism that the policy does not name",
    "lockout": "kept out whom the policy admits",
    "fault": "a server error, a crash or a hang",
    "leak": "the refusal tells why, or shows internals",
    "handler-error": "the handler itself failed after it was decided who may enter",
    "inconclusive": "the decision was not reached, or its undamaged twin was not let in: it proves nothing",
    "undeclared": "a route without a policy",
    "stale": "a policy without a route",
    "unreviewed": "a line that init wrote and nobody has read",
}


@dataclass(slots=True)
class CellVerdict:
    """The verdict of a cell.

    `credential` is the cell's label, and empty for findings about a route as such. `twin`: the genuine credential that was
    admitted beside it. `micros`: duration of the request in microseconds. `needs`: what an attacker must hold to make the
    credential, of one that must be rejected (see `harness.credentials.attackers`).
    """

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
    notes: tuple[str, ...] = ()
    twin: str = ""
    needs: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a finding that fails a run."""
        return self.verdict not in ("pass", "hardening")

    @property
    def key(self) -> tuple[str, str]:
        """(route, credential)."""
        return self.route, self.credential
