"""`summary.md`: what a CI job shows at the end of its run."""

from __future__ import annotations

from harness.contracts.matrix import MEANING
from harness.report.criteria import criteria
from harness.report.model import Record

_MOST = 60
"""Findings that are written out: job summaries have a limit."""
_MARK = {"supported": "✅ supported", "proven": "✅ proven", "broken": "❌ broken", "not examined": "▫️ not examined"}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _findings(record: Record) -> list[str]:
    """The table of findings, and the command that repeats the first."""
    lines: list[str] = []
    groups = record.groups
    if groups:
        lines += [
            "",
            f"## Findings ({len(groups)})",
            "",
            "| verdict | route | credentials | seen |",
            "|---|---|---|---|",
        ]
        for group in groups[:_MOST]:
            shown = ", ".join(group.credentials[:4]) + (
                f" and {len(group.credentials) - 4} more" if len(group.credentials) > 4 else ""
            )
            by_detail = not group.first.credential or group.first.verdict in ("inconclusive", "leak", "mixed")
            seen = group.first.detail if by_detail else group.first.seen
            lines.append(
                f"| **{group.first.verdict}** | `{_cell(group.first.route)}` ({group.first.router}) "
                f"| {shown or '—'} | {_cell(seen)[:160]} |"
            )
        if len(groups) > _MOST:
            lines.append(f"\n… and {len(groups) - _MOST} more: see `auth-matrix.html`.")
        lines += ["", "Repeat the first one:", "", "```", record.repeat(groups[0].first), "```"]
    return lines


def _contracts(record: Record) -> list[str]:
    """The checks of the other contracts, and the story of each that is broken."""
    lines: list[str] = []
    if record.checks:
        lines += ["", "## Contracts", "", "| contract | check | this run | |", "|---|---|---|---|"]
        lines += [
            f"| {c.contract} | {_cell(c.description)} | {_MARK[c.status]} | {_cell(c.detail) or f'{c.count} times'} |"
            for c in record.checks
        ]
        for check in record.checks:
            if check.failed:
                lines += ["", "```", *check.story(), "```"]
    return lines


class MarkdownReport:
    """Renders the record as Markdown."""

    def render(self, record: Record) -> str:
        """The document."""
        target = record.meta.target
        cells = sum(1 for verdict in record.verdicts if verdict.credential)
        lines = [
            f"# Auth matrix: {'passed' if record.passed else 'FAILED'}",
            "",
            f"{cells} of {record.plan.cells} cells judged on {len(record.plan.routes)} routes of "
            f"{len(record.by_router())} routers in {record.seconds:.1f} s; "
            f"target `{target.get('app', '?')}`, evidence: {record.meta.evidence}.",
            "",
            "| verdict | cells | meaning |",
            "|---|---:|---|",
        ]
        lines += [f"| {kind} | {count} | {MEANING.get(kind, 'as declared')} |" for kind, count in record.counts.items()]
        if record.nobody:
            lines[2:2] = [f"**Nobody gets in**: {_cell(record.nobody)}", ""]
        lines += _findings(record)
        lines += _contracts(record)
        lines += ["", "## Migration criteria", "", "| | criterion | this run | why |", "|---:|---|---|---|"]
        lines += [f"| {c.number} | {c.text} | {_MARK[c.state]} | {_cell(c.reason)} |" for c in criteria(record)]
        lines += [line for note in record.notes for line in ("", f"Note: {_cell(note)}.")]
        if record.blocked:
            lines += ["", f"Refused connections to: {', '.join(f'`{host}`' for host in record.blocked)}."]
        return "\n".join(lines) + "\n"
