"""What every report needs and no verdict changes, made while the run goes on: its processes wait for the target most of the time."""

from __future__ import annotations

import threading

from harness.report.criteria import usual_criteria
from harness.report.model import Record


def prepare(record: Record) -> None:
    """Make what the planned credentials put on a request, and load the contracts whose criteria are told."""
    if record.meta.issuer is not None:
        record.meta.issuer.tell({cell.label for plan in record.plan.routes for cell in plan.cells})
    if not record.meta.criteria:
        usual_criteria()


def begin(record: Record) -> threading.Thread:
    """Do so in a thread of its own. Whatever fails there fails again where the reports are written, and is told there."""

    def unheard() -> None:
        try:
            prepare(record)
        except Exception:
            return

    thread = threading.Thread(target=unheard, name="clerk-harness-reports", daemon=True)
    thread.start()
    return thread
