"""What a refused token leaves behind in the database, though nobody has verified it.

A guard that writes with what a token says (the row of a first sign-in, when somebody was seen last) and verifies it then has
already done what the refusal denies: whoever forges a token makes rows for whom they like (CWE-696: incorrect behavior order; OWASP
ASVS 5.0 section 9.1). Only rows count that name the refused person and are otherwise what a genuine sign-in writes: what a guard
notes of a refusal (an attempt, a counter, a line of a log that says how it ended) is its own affair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.factory import Sequence as Requests
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.state import RouteState
from harness.credentials import CATALOGUE
from harness.credentials.jose import unb64url
from harness.credentials.recipes import token
from harness.targets.base import ChangedRow, Observation, Request

FORGED = CATALOGUE["forged-newcomer"]
_GENUINE = replace(FORGED, recipe=token(lambda mint: mint.genuine()), authentic=True)
"""The same without its defect: a first sign-in of somebody whom the route admits."""
_TOKEN = re.compile(r"eyJ[\w-]+\.([\w-]+)\.")
Signed = tuple[Sequence[ChangedRow], str]
"""The rows that a request wrote, and the subject of its token."""


def subject_of(request: Request) -> str:
    """Return the `sub` of the token that a request bears, wherever it stands; empty where it bears none."""
    fields = [value for _, value in request.headers]
    for payload in _TOKEN.findall(" ".join([*fields, request.query, *request.messages])):
        try:
            return str(json.loads(unb64url(payload))["sub"])
        except (ValueError, KeyError, TypeError):
            continue
    return ""


def find_left_behind(
    factory: RequestFactory, cell: Cell, state: RouteState, *, stop: bool
) -> Generator[Work, list[Observation], str]:
    """Send the forged token once more, and two genuine first sign-ins; return what it left behind, in words."""
    asked: list[Signed] = []
    for credential in (FORGED, _GENUINE, _GENUINE):
        requests = Requests(factory, cell.plan, credential, cell.way, state.base_in(cell.way)).pinned()
        (sending,) = requests.forms(stop)[:1]
        sending.rows = True
        (answer,) = yield Work([sending], singly=True)
        if credential is _GENUINE and outcome_of(answer, state, credential)[0] not in ("admitted", "failed"):
            return ""  # Rows of another refusal tell nothing of a sign-in.
        asked.append((answer.rows or (), subject_of(requests.request("forms", 0))))
    return left_behind(*asked)


def left_behind(forged: Signed, one: Signed, other: Signed) -> str:
    """Return in words which row of the refused person is what both genuine sign-ins write; the empty text where none is."""
    if not (forged[1] and one[1] and other[1]):
        return ""
    for bad in forged[0]:
        for good in one[0]:
            for again in other[0]:
                if column := _alike((bad, forged[1]), (good, one[1]), (again, other[1])):
                    return f"{bad.table}, {column} {forged[1]}"
    return ""


def _alike(*found: tuple[ChangedRow, str]) -> str:
    """Return the column that names the person of each row, where the first row is what the two genuine ones have in common: of one
    table, and alike but for the person and for what differs between genuine ones (keys, times).
    """
    if len({row.table for row, _ in found}) > 1 or not all(row.added for row, _ in found):
        return ""
    named = ""
    for column in found[0][0].row:
        bad, good, again = (str(row.row.get(column)).replace(subject, "\0") for row, subject in found)
        if good == again and bad != good:
            return ""
        if "\0" in bad and bad == good:
            named = named or column
    return named
