"""The record of a run before anything is judged."""

from __future__ import annotations

from harness.report import Meta, Record
from harness.run.context import RunContext
from harness.run.option_table import repeat_command


def new_record(context: RunContext) -> Record:
    """What is known of a run when it begins: its target, its plan, and the command that repeats it. Raises DeclarationError."""
    options, target = context.options, context.target
    meta = Meta(
        target=target.description,
        suites=str(options.suites),
        repeat=repeat_command(options),
        evidence="probe" if target.probed else "http",
        narrowed=options.narrowed,
        database=context.declaration.matrix.database is not None,
        missing_variables=target.missing_variables,
        criteria=[(each.text, tuple(each.proof)) for each in context.declaration.matrix.criteria],
    )
    return Record(meta, context.plan(), notes=context.notes)
