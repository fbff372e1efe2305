"""A cause of findings in lines of text, the same for the terminal and for pytest."""

from __future__ import annotations

from harness.core.output import line
from harness.core.text import listed, many
from harness.credentials import NEEDS
from harness.report.causes import Cause
from harness.report.model import Record


def repeat_of(record: Record, cause: Cause) -> str:
    """The command that repeats the cell which shows a cause, or the contract that is broken."""
    if cause.check is not None:
        return record.repeat_check(cause.check)
    return record.repeat(cause.first) if cause.first is not None else ""


def reach(cause: Cause) -> str:
    """How many cells a cause shows in, and how many prove nothing because of it; empty for a check of a contract."""
    if cause.check is not None:
        return ""
    hang = many(len(cause.dependents), "inconclusive one hangs", "inconclusive ones hang")
    return many(len(cause.cells), "cell") + (f", and {hang} on it" if cause.dependents else "")


def references(cause: Cause) -> str:
    """Where more is written: the page of the documentation, the CWE, and the source of the rule."""
    return "; ".join(part for part in (f"docs/{cause.page}", *cause.weakness) if part)


def cause_line(record: Record, cause: Cause) -> str:
    """A cause in one line: its verdict, what it is, and its id."""
    known = "  [known]" if record.knows(cause) else ""
    return f"{cause.verdict.upper():12} {line(cause.title)}  [{cause.id}]{known}"


def cause_lines(record: Record, cause: Cause) -> list[str]:
    """A cause as a developer reads it."""
    lines = [cause_line(record, cause)]
    first = cause.first
    if cause.check is not None:
        lines += [f"    {text}" for text in cause.check.story()]
    elif first is not None:
        lines += _cells(cause)
    lines.append(f"    to change: {line(cause.remedy)} ({line(references(cause))})")
    lines.append(f"    repeat: {line(repeat_of(record, cause))}")
    return lines


def _cells(cause: Cause) -> list[str]:
    first = cause.cells[0]
    policies = line(listed(list(dict.fromkeys(cell.policy or "—" for cell in cause.cells)), 3))
    lines = [
        f"    {line(listed(cause.routes, 4))}  ({line(listed(cause.routers, 6))}, policy {policies}): {reach(cause)}"
    ]
    if first.credential:
        lines.append(f"    credential: {line(listed(cause.credentials, 6))}")
        lines.append(f"    expected {first.expected}, seen: {line(first.seen)}  [evidence: {first.evidence}]")
    lines.append(f"    {line(first.detail)}")
    if first.needs in NEEDS:
        lines.append(f"    an attacker needs: {NEEDS[first.needs]}")
    if first.excerpt and first.verdict in ("leak", "fault"):
        lines.append(f"    answer: {line(first.excerpt)[:160]}")
    return lines
