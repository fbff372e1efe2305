"""Group `objects`: whose row it is. Held where a route's line says which value names whose row: `path = { id = { alice = 1, bob = 2 } }`.

The entries here are for readers and for selections; `harness.contracts.matrix.objects` sends and judges them.
"""

from __future__ import annotations

from typing import Any

from harness.credentials.model import Credential
from harness.credentials.recipes import token

_BOLA = "OWASP API Security 2023 API1 (broken object level authorization)"


def _entry(name: str, why: str, **more: Any) -> Credential:
    return Credential(
        name, "objects", token(lambda m: m.genuine()), "CWE-639", _BOLA, why, authentic=True, fresh=True, objects=True, **more
    )


CREDENTIALS = [
    _entry("own-object", "A person's genuine session on a row that is this person's own.", tags=frozenset({"sentinel"})),
    _entry("others-object", "A person's genuine session on a row of another person, or with a body or query that names another.", tags=frozenset({"sentinel"})),
]  # fmt: skip
