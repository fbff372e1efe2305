"""What a person at a terminal sees when a run is done: findings, figures, outcome."""

from __future__ import annotations

from harness.contracts.matrix import MEANING
from harness.core.output import line
from harness.core.text import listed, many
from harness.report.model import Group, Record
from harness.report.told import cause_line, cause_lines

_MOST = 40


def _shown(names: list[str], most: int) -> str:
    return line(listed(names, most))


def _by_router(groups: list[Group]) -> list[str]:
    """Which kinds of finding each router has, by which credentials."""
    lines = ["", "By router:"] if groups else []
    for router in sorted({group.first.router for group in groups}):
        kinds: dict[str, list[str]] = {}
        for group in groups:
            if group.first.router == router:
                kinds.setdefault(group.first.verdict, []).extend(group.credentials or [group.first.route])
        shown = "; ".join(
            f"{kind} of {_shown(sorted(set(names), key=lambda n: (n not in ('clerk', 'legacy'), n)), 3)}"
            for kind, names in kinds.items()
        )
        lines.append(f"  {line(router):22} {shown}")
    return lines


def _hardening(record: Record) -> list[str]:
    """What was let in that only the issuer could sign: a line for all of it."""
    groups = record.hardening
    if not groups:
        return []
    names = sorted({name.partition("@")[0] for group in groups for name in group.credentials})
    routes = len({group.first.route for group in groups})
    return [
        "",
        f"HARDENING    {many(routes, 'route lets', 'routes let')} in what nobody but the issuer could sign: {_shown(names, 8)}",
        "    no attack, so the run does not fail by it; --strict, or a policy's reject, makes it a breach",
    ]


def _figures(record: Record) -> list[str]:
    """How many cells were judged, with which verdicts, and what became of the other contracts."""
    cells = sum(1 for verdict in record.verdicts if verdict.credential)
    rate = f", {cells / record.seconds:,.0f} cells a second" if record.seconds else ""
    lines = [""]
    if record.plan.routes or not record.checks:
        lines.append(
            f"{cells:,} of {many(record.plan.cells, 'cell')} judged on {many(len(record.plan.routes), 'route')} "
            f"of {many(len(record.by_router()), 'router')} in {record.seconds:.1f} s{rate}"
        )
    lines += [f"  {kind:12} {count:>7,}  {MEANING.get(kind, 'as declared')}" for kind, count in record.counts.items()]
    for contract in dict.fromkeys(check.contract for check in record.checks):
        checks = [check for check in record.checks if check.contract == contract]
        counted = ", ".join(
            f"{sum(1 for c in checks if c.status == status)} {status}"
            for status in ("proven", "broken", "not examined")
            if any(c.status == status for c in checks)
        )
        lines.append(f"  {contract:12} {counted}")
    return lines


def summary(record: Record, *, brief: bool = False) -> str:
    """Findings by router, then the figures, then the outcome. `brief`: a line for each cause, and nothing of how it came about."""
    lines: list[str] = []
    groups, found = record.groups, record.causes
    if nobody := record.nobody:
        lines += [f"NOBODY GETS IN: {line(nobody)}", ""]
        hang = ("inconclusive", "lockout")
        cells = sum(len(group.verdicts) for group in groups if group.first.verdict in hang)
        groups = [group for group in groups if group.first.verdict not in hang]
        found = [cause for cause in found if cause.verdict not in hang]
        lines += [
            f"{many(cells, 'cell hangs on this and is', 'cells hang on this and are')} not listed; the report holds all",
            "",
        ]
    for cause in found[:_MOST]:
        lines += [cause_line(record, cause)] if brief else cause_lines(record, cause)
    if len(found) > _MOST:
        lines.append(f"… and {many(len(found) - _MOST, 'more cause')}: see the report")
    if not brief:
        lines += _by_router(groups)
        lines += _hardening(record)
    lines += _figures(record)
    lines += _missing(record, brief)
    return "\n".join(lines).lstrip("\n")


def _missing(record: Record, brief: bool) -> list[str]:
    """What keeps the run from saying more than it does, and its outcome."""
    lines = []
    if unreviewed := record.unreviewed:
        shown = _shown(unreviewed, 6)
        lines.append(
            f"  not reviewed: {many(len(unreviewed), 'line')} that init wrote ({shown}): take out `reviewed = false` when read"
        )
    if brief:
        told = ("complete", "reviewed", "examined")
        lines += [f"  {line(what)}: {line(why)}" for what, why in record.shortfalls.items() if what not in told]
    else:
        lines += [f"  note: {line(note)}" for note in record.notes]
    if record.blocked:
        lines.append(f"  refused connections to: {line(', '.join(record.blocked))}")
    if record.incomplete:
        lines.append(f"INCOMPLETE: {line(record.incomplete)}")
    elif not record.examined:
        lines.append("FAILED: nothing was examined")
    else:
        outcome = record.outcome.replace("passed", "PASSED")
        lines.append(outcome + (f": {line(record.part)}" if record.part else ""))
    return lines
