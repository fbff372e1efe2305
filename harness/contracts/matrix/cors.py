"""Judges the answers to preflight requests as a browser does (Fetch standard, section 3.2: CORS protocol)."""

from __future__ import annotations

from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.verdicts import Kind
from harness.credentials.group_cors import foreign_to
from harness.targets.base import Observation


def _field(answer: Observation, name: str) -> str:
    return (answer.header(f"access-control-allow-{name}") or "").strip()


def allows(answer: Observation, origin: str) -> bool:
    """Whether pages of an origin may read the answer."""
    return _field(answer, "origin") in (origin, "*")


def _lists(value: str, wanted: str) -> bool:
    """Whether a header field that is a list names a word, or all words by `*`."""
    names = [part.strip().lower() for part in value.split(",")]
    return wanted.lower() in names or "*" in names


def missing_from(answer: Observation, origin: str, method: str) -> str | None:
    """Return why a browser would not send the request after this preflight; None where it would."""
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
    """Return verdict, detail and hint for a preflight.

    That of the front end must succeed; that of a foreign page must not allow credentials.
    """
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
