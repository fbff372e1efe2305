"""`summary.md`: what a CI job shows at the end of its run."""

from __future__ import annotations

import re

from harness.contracts.matrix import MEANING
from harness.core.output import line, shown
from harness.core.text import listed
from harness.report.criteria import criteria
from harness.report.model import Record

_MOST = 60
"""Findings that are written out: job summaries have a limit."""
_MARK = {"supported": "✅ supported", "proven": "✅ proven", "broken": "❌ broken", "not examined": "▫️ not examined"}


_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|(?<=:)//|(?<=\bwww)\.|(?<!\w)[#@!+-](?=\w)")
"""What GitHub reads as markup (GFM, section 2.4 and the extensions), as links, or as somebody's name."""


def escaped(text: str, most: int | None = None) -> str:
    """A text in one line and without any markup: nothing in it is ours."""
    text = line(text)[:most].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};" if found[0] in "@#" else f"\\{found[0]}", text)


def _code(text: str) -> str:
    """A text as code, also in a table: between more backticks than it holds in a row (GFM, section 6.3)."""
    text = line(text).replace("|", "\\|")
    fence = _fence(text, 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _block(lines: list[str]) -> list[str]:
    """Lines as a block of code, which none of them can end."""
    text = shown("\n".join(lines))
    fence = _fence(text, 3)
    return ["", fence, text, fence]


def _fence(text: str, least: int) -> str:
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


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
            names = listed(group.credentials, 4)
            by_detail = not group.first.credential or group.first.verdict in ("inconclusive", "leak", "mixed")
            seen = group.first.detail if by_detail else group.first.seen
            known = " (known)" if all(map(record.is_known, group.verdicts)) else ""
            lines.append(
                f"| **{group.first.verdict}**{known} | {_code(group.first.route)} ({escaped(group.first.router)}) "
                f"| {escaped(names) or '—'} | {escaped(seen, 160)} |"
            )
        if len(groups) > _MOST:
            lines.append(f"\n… and {len(groups) - _MOST} more: see `auth-matrix.html`.")
        lines += ["", "Repeat the first one:", *_block([record.repeat(groups[0].first)])]
    return lines


def _contracts(record: Record) -> list[str]:
    """The checks of the other contracts, and the story of each that is broken."""
    lines: list[str] = []
    if record.checks:
        lines += ["", "## Contracts", "", "| contract | check | this run | |", "|---|---|---|---|"]
        lines += [
            f"| {c.contract} | {escaped(c.description)} | {_MARK[c.status]} | {escaped(c.detail) or f'{c.count} times'} |"
            for c in record.checks
        ]
        for check in record.checks:
            if check.failed:
                lines += _block(check.story())
    return lines


class MarkdownReport:
    """Renders the record as Markdown."""

    def render(self, record: Record) -> str:
        """The document."""
        target = record.meta.target
        cells = sum(1 for verdict in record.verdicts if verdict.credential)
        lines = [
            f"# Auth matrix: {record.outcome}",
            "",
            f"{cells} of {record.plan.cells} cells judged on {len(record.plan.routes)} routes of "
            f"{len(record.by_router())} routers in {record.seconds:.1f} s; "
            f"target {_code(target.get('app', '?'))}, evidence: {record.meta.evidence}"
            f"{', isolation: ' + escaped(target['isolation']) if 'isolation' in target else ''}.",
            "",
            "| verdict | cells | meaning |",
            "|---|---:|---|",
        ]
        lines += [f"| {kind} | {count} | {MEANING.get(kind, 'as declared')} |" for kind, count in record.counts.items()]
        if record.nobody:
            lines[2:2] = [f"**Nobody gets in**: {escaped(record.nobody)}", ""]
        if record.incomplete:
            lines[2:2] = [f"**Incomplete**: {escaped(record.incomplete)}. What was not judged is not known.", ""]
        lines += _findings(record)
        lines += _contracts(record)
        lines += ["", "## Migration criteria", "", "| | criterion | this run | why |", "|---:|---|---|---|"]
        lines += [
            f"| {c.number} | {escaped(c.text)} | {_MARK[c.state]} | {escaped(c.reason)} |" for c in criteria(record)
        ]
        lines += [line for note in record.notes for line in ("", f"Note: {escaped(note)}.")]
        if record.blocked:
            lines += ["", f"Refused connections to: {', '.join(_code(host) for host in record.blocked)}."]
        return "\n".join(lines) + "\n"
