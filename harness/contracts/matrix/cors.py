"""What a browser must be told before a page may call the backend (Fetch standard, section 3.2: CORS protocol)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contracts.matrix.verdicts import Kind
from harness.credentials.group_cors import foreign_to
from harness.targets.base import Observation

if TYPE_CHECKING:
    from harness.contracts.matrix.plan import Cell


def _field(answer: Observation, name: str) -> str:
    return (answer.header(f"access-control-allow-{name}") or "").strip()


def allows(answer: Observation, origin: str) -> bool:
    """Whether pages of that origin may read answers."""
    return _field(answer, "origin") in (origin, "*")


def _lists(value: str, wanted: str) -> bool:
    names = [part.strip().lower() for part in value.split(",")]
    return wanted.lower() in names or "*" in names


def missing_from(answer: Observation, origin: str, method: str) -> str | None:
    """Why a browser would not send the request that it asks for; None when it would."""
    if answer.status is None or not 200 <= answer.status < 300:
        return f"it was answered {answer.status or 'with nothing'}, where a browser wants a status of success"
    if not allows(answer, origin):
        return f"Access-Control-Allow-Origin is {_field(answer, 'origin') or 'absent'}, not {origin}"
    if method not in ("GET", "HEAD", "POST") and not _lists(_field(answer, "methods"), method):
        return f"Access-Control-Allow-Methods does not list {method}"
    headers = [part.strip().lower() for part in _field(answer, "headers").split(",")]
    if "authorization" not in headers and not ("*" in headers and _field(answer, "origin") == "*"):
        return "Access-Control-Allow-Headers does not list Authorization"  # `*` does not cover it.
    return None


def preflight(cell: Cell, answer: Observation) -> tuple[Kind, str, str]:
    """The verdict on a preflight: that of the front end must pass, that of a foreign page must not be told to send credentials."""
    if answer.hung or answer.died or (answer.status or 0) >= 500:
        return "fault", "the target failed over a preflight", ""
    asked = cell.plan.asked_by_browsers
    if cell.credential.name == "cors-foreign-origin":
        origin = _field(answer, "origin")
        if origin in foreign_to(asked) and _field(answer, "credentials").lower() == "true":
            return "breach", f"pages of {origin} may send the user's credentials and read the answer (CORS)", ""
        return "pass", "", ""
    why = missing_from(answer, asked, cell.plan.route.method)
    if why is None:
        return "pass", "", ""
    hint = "CORS must be outside of authentication: a preflight carries no credential (in Starlette, add CORSMiddleware last)"
    return "lockout", f"no page of {asked} can call this route: {why}", hint
