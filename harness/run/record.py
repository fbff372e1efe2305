"""The record of a run before anything is judged, and what it says of the network afterwards."""

from __future__ import annotations

from harness.contracts.matrix import Declaration, Plan
from harness.core.errors import TargetError
from harness.report import Meta, Record
from harness.report.samples import Issuer
from harness.run.context import RunContext
from harness.run.isolate import Isolation
from harness.run.option_table import repeat_command
from harness.run.options import Options
from harness.run.places import declared_places, places_of
from harness.run.provenance import provenance
from harness.targets.host_redirect import Names


def what_left(names: Names, isolation: Isolation) -> list[str]:
    """Notes on what left this machine or tried to by ways that are not refused, and on what was started that may."""
    found = names.attempts()
    notes = []
    if found["attempt"]:
        kept = "nothing leaves the network namespace" if isolation.on else "nothing kept it (see --isolate)"
        notes.append(f"tried to leave this machine past what is refused: {', '.join(found['attempt'])}; {kept}")
    started = [f"programs ({', '.join(found['program'])})"] if found["program"] else []
    loaded = [f"libraries by ctypes ({', '.join(found['library'])})"] if found["library"] else []
    if started or loaded:
        kept = "nothing leaves the network namespace" if isolation.on else "what they reach by themselves is not seen"
        notes.append(f"the target used {' and '.join(started + loaded)}; {kept}")
    return notes


def new_record(context: RunContext) -> Record:
    """What is known of a run when it begins: its target, its plan, and the command that repeats it. Raises DeclarationError,
    and TargetError where there is no target.
    """
    if context.unstarted:
        raise TargetError(context.unstarted)
    options, target = context.options, context.target
    meta = Meta(
        target=target.description | {"isolation": str(options.isolation)},
        suites=str(options.suites),
        repeat=repeat_command(options),
        evidence="probe" if target.probed else "http",
        narrowed=options.narrowed,
        seed=options.seed,
        database=context.declaration.matrix.database is not None,
        missing_variables=target.missing_variables,
        provenance=provenance(context),
        issuer=_issuer(context.declaration),
        criteria=[(each.text, tuple(each.proof)) for each in context.declaration.matrix.criteria],
        places=places_of(context.declaration, target, options),
    )
    return Record(meta, context.plan(), notes=context.notes)


def _issuer(declaration: Declaration) -> Issuer:
    """Of what the tokens of a run are made."""
    settings = declaration.matrix.settings
    return Issuer(settings.domain, settings.azp, declaration.identities(), declaration.legacy, settings.clock_skew)


def record_before_start(options: Options, declaration: Declaration) -> Record:
    """What is known of a run whose target is not there yet."""
    target = declaration.matrix.target
    address = options.app or options.command or options.url or target.app or target.command or target.url or "?"
    meta = Meta(
        {"app": address}, str(options.suites), repeat_command(options), evidence="none", narrowed=options.narrowed
    )
    meta.places = declared_places(declaration)
    return Record(meta, Plan([], []))
