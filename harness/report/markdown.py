"""`summary.md`: what a CI job shows at the end of its run."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from harness.contracts.matrix import MEANING
from harness.core.output import line, shown
from harness.core.text import listed, many
from harness.report.causes import Cause
from harness.report.criteria import criteria
from harness.report.listener import Listener
from harness.report.model import Record
from harness.report.told import reach, references, repeat_of

_OF_EACH = 12
"""Causes of each verdict that are written out, so that many of one kind hide no other."""
_LIMIT = 900_000
"""Bytes: GitHub takes a job summary of 1 MiB for each step."""
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


def _causes(record: Record) -> list[str]:
    """The table of causes, so many of each verdict, and the command that repeats the first."""
    found = record.causes
    if not found:
        return []
    written: list[Cause] = []
    for verdict in dict.fromkeys(cause.verdict for cause in found):
        written += [cause for cause in found if cause.verdict == verdict][:_OF_EACH]
    lines = ["", f"## Causes ({len(found)})", ""]
    lines += ["| verdict | what, where | cells | what to change | more | id |", "|---|---|---:|---|---|---|"]
    lines += [_row(record, cause) for cause in written]
    left = Counter(cause.verdict for cause in found) - Counter(cause.verdict for cause in written)
    if left:
        kinds = ", ".join(f"{count} {verdict}" for verdict, count in left.items())
        lines += ["", f"… and {sum(left.values())} more ({kinds}): see `auth-matrix.html`."]
    return [*lines, "", "Repeat the first one:", *_block([repeat_of(record, found[0])])]


def _row(record: Record, cause: Cause) -> str:
    first = cause.first
    where = (
        f"<br>{_code(listed(cause.routes, 3)[:300])} ({escaped(listed(cause.routers, 3), 120)})" if cause.routes else ""
    )
    names = escaped(listed(cause.credentials, 4), 200)
    seen = escaped(first.seen if first.credential else first.detail, 160) if first is not None else ""
    told = "<br>".join(part for part in (f"with {names}" if names else "", f"seen: {seen}" if seen else "") if part)
    known = " (known)" if record.knows(cause) else ""
    return (
        f"| **{cause.verdict}**{known} | {escaped(cause.title, 300)}{where}{'<br>' + told if told else ''} | {reach(cause) or '—'} "
        f"| {escaped(cause.remedy, 300)} | {escaped(references(cause), 300)} | {_code(cause.id)} |"
    )


def _limited(lines: list[str]) -> str:
    """The document, cut at a line where a job summary would refuse it."""
    kept: list[str] = []
    size = 0
    for text in lines:
        size += len(text.encode("utf-8", "replace")) + 1
        if size > _LIMIT:
            fence = sum(each.startswith("```") for each in kept) % 2
            return (
                "\n".join([*kept, *(["```"] if fence else []), "", "… the rest is left out: see `auth-matrix.html`."])
                + "\n"
            )
        kept.append(text)
    return "\n".join(kept) + "\n"


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


class MarkdownReport(Listener):
    """Renders the record as Markdown."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The document."""
        target = record.meta.target
        cells = sum(1 for verdict in record.verdicts if verdict.credential)
        lines = [
            f"# Auth matrix: {record.outcome}",
            "",
            f"{cells:,} of {many(record.plan.cells, 'cell')} judged on {many(len(record.plan.routes), 'route')} of "
            f"{many(len(record.by_router()), 'router')} in {record.seconds:.1f} s; "
            f"target {_code(target.get('app', '?'))}, evidence: {record.meta.evidence}"
            f"{', isolation: ' + escaped(target['isolation']) if 'isolation' in target else ''}.",
            "",
            "| verdict | cells | meaning |",
            "|---|---:|---|",
        ]
        lines += [f"| {kind} | {count} | {MEANING.get(kind, 'as declared')} |" for kind, count in record.counts.items()]
        if record.part:
            lines[2:2] = [f"**A part**: {escaped(record.part)}.", ""]
        if record.nobody:
            lines[2:2] = [f"**Nobody gets in**: {escaped(record.nobody)}", ""]
        if record.incomplete:
            lines[2:2] = [f"**Incomplete**: {escaped(record.incomplete)}. What was not judged is not known.", ""]
        lines += _causes(record)
        lines += _contracts(record)
        lines += ["", "## Migration criteria", "", "| | criterion | this run | why |", "|---:|---|---|---|"]
        lines += [
            f"| {c.number} | {escaped(c.text)} | {_MARK[c.state]} | {escaped(c.reason)} |" for c in criteria(record)
        ]
        lines += [line for note in record.notes for line in ("", f"Note: {escaped(note)}.")]
        if record.blocked:
            lines += ["", f"Refused connections to: {', '.join(_code(host) for host in record.blocked)}."]
        return _limited(lines)
