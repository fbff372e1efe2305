"""The process in which one contract is verified beside the rest of a run: its job comes at standard input, its answers go to
standard output as lines of JSON. Started by `harness.run.side_by_side`.

A process of its own, and not a thread: a contract works as much as it waits, and a signal ends it with all that it has
started, as it ends any run.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.contracts.base import Check
from harness.contracts.matrix import Declaration
from harness.contracts.registry import contract
from harness.core import ending
from harness.core.errors import HarnessError, UnsafeError
from harness.core.output import rendered
from harness.core.redact import Secrets, adopt
from harness.database import Server, explained
from harness.run.context import RunContext
from harness.run.database import Prepared
from harness.run.options import Options


@dataclass(frozen=True)
class Job:
    """What to verify, and on what. `server`: the URL of the run's Postgres, `own`: whether it ends with the run; `names`: the
    directory where what the run tries to reach is listed; `secrets`: what must be in no text.
    """

    contract: str
    options: Options
    declaration: Declaration
    server: str | None
    own: bool
    prepared: Prepared | None
    names: Path
    secrets: Secrets


@dataclass
class Outcome:
    """What came of it. `failed`: why nothing is known of the checks; `unsafe`: why nothing may go on; `crash`: the traceback of
    a mistake of the harness's own. `notes`: what a reader of the report must know; `blocked`: what the target was refused.
    """

    checks: list[Check]
    notes: list[str]
    blocked: list[str]
    failed: str = ""
    unsafe: str = ""
    crash: str = ""


def outcome_of(values: dict[str, Any]) -> Outcome:
    """An outcome from its line."""
    return Outcome(**(values | {"checks": [Check(**check) for check in values["checks"]]}))


def verified(job: Job, progress: Callable[..., None]) -> Outcome:
    """Verify the contract of a job. Whatever fails is told in the outcome."""
    found = Outcome([], [], [])
    server = Server(job.server, lent=job.own) if job.server is not None else None
    try:
        with (
            explained(),
            RunContext(
                job.options, job.declaration, server=server, beside=job.names, prepared=job.prepared, lazy=True
            ) as context,
        ):
            try:
                asked = job.contract in job.options.only
                found.checks = contract(job.contract).verify(context, asked=asked, progress=progress)
            finally:
                found.notes, found.blocked = list(context.notes), context.names.blocked()
    except UnsafeError as error:
        found.unsafe = str(error)
    except HarnessError as error:
        found.failed = str(error)
    except Exception as error:
        found.failed, found.crash = f"{type(error).__name__}: {error}", traceback.format_exc()
    return found


def main() -> None:
    """Verify the contract of the job at standard input. What else is printed goes to standard error."""
    ending.watch()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with ending.held(release_after=False):
        job: Job = pickle.load(sys.stdin.buffer)
        adopt(job.secrets)

    def tell(kind: str, value: Any) -> None:
        with ending.held():
            answers.write(json.dumps(rendered({kind: value})) + "\n")
            answers.flush()

    try:
        ending.release()
        tell("outcome", asdict(verified(job, lambda *how_far: tell("progress", how_far))))
    except KeyboardInterrupt:
        sys.exit(1)
