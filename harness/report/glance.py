"""What a reader asks first, answered of the record: who still takes the old token, what is public, who may go where, what is unknown."""

from __future__ import annotations

from typing import Literal

from harness.contracts.matrix import CellVerdict
from harness.contracts.matrix.plan import RoutePlan
from harness.credentials import CATALOGUE
from harness.report.causes import ADMITTED
from harness.report.criteria import criteria
from harness.report.document import Access, AccessEntry, GlanceEntry, OldTokenEntry, PublicEntry, UnexaminedEntry
from harness.report.model import Record
from harness.report.remedies import family_of

PEOPLE: dict[str, tuple[str, ...]] = {
    "nobody in particular": ("missing",),
    "signed in": ("clerk",),
    "organization member": ("clerk-org-member",),
    "organization admin": ("clerk-org-admin",),
    "machine": ("m2m-jwt", "m2m-opaque"),
    "program of a user": ("oauth-jwt", "oauth-opaque", "api-key"),
    "Clerk's webhook": ("webhook",),
    "old token": ("legacy",),
}
"""Who may come, and the credentials by which they are known in the matrix."""
OWNERS = {"own rows": "own-object", "rows of others": "others-object"}
"""Of routes that say whose row is whose: what a person asks for."""


def glance(record: Record) -> GlanceEntry:
    """The answers, each by router or route. Said of what this run judged, and of nothing else."""
    cells = record.by_route()
    return {
        "old_token": old_token(record, cells),
        "public": public(record, cells),
        "access": access(record, cells),
        "unexamined": unexamined(record),
    }


def old_token(record: Record, cells: dict[str, list[CellVerdict]]) -> OldTokenEntry:
    """How many routes of each router take the old token though they must not (`accepts`), take it because their policy says so
    (`declared`), refuse it (`refuses`), or are not known (`unknown`). Routes that are open to everybody are in none.
    """
    found: OldTokenEntry = {"accepts": {}, "declared": {}, "unknown": {}, "refuses": {}}
    for key, plan in record.protected.items():
        tried = [v for v in cells.get(key, []) if family_of(v.credential, v.group).name == "legacy"]
        kind = _takes_old(plan, tried)
        found[kind][plan.router] = found[kind].get(plan.router, 0) + 1
    return found


def _takes_old(plan: RoutePlan, tried: list[CellVerdict]) -> Literal["accepts", "declared", "unknown", "refuses"]:
    if any(v.verdict in ADMITTED for v in tried):
        return "accepts"
    if plan.expects(CATALOGUE["legacy"]) == "accept":
        return "declared"
    forbidden = [v for v in tried if v.expected == "reject"]
    known = forbidden and all(v.verdict == "pass" for v in forbidden)
    return "refuses" if known else "unknown"


def public(record: Record, cells: dict[str, list[CellVerdict]]) -> list[PublicEntry]:
    """The routes that anybody may enter without a credential, and those that anybody did enter though nobody may (`declared` is
    false of these). `writes`: it may change something, by its method.
    """
    lines: list[PublicEntry] = []
    for plan in record.plan.routes:
        declared = bool({"*", "missing"} & set(plan.policy.accept))
        entered = any(_name(v) == "missing" and v.verdict in ADMITTED for v in cells.get(plan.key, []))
        if declared or entered:
            lines.append(
                {"router": plan.router, "route": plan.key, "policy": plan.policy_name, "writes": plan.writes, "declared": declared}
            )  # fmt: skip
    return sorted(lines, key=lambda line: (line["declared"], not line["writes"], line["router"]))


def access(record: Record, cells: dict[str, list[CellVerdict]]) -> list[AccessEntry]:
    """For each route who may go there and whether that is proven: `in` (may, and got in), `out` (may not, and was refused beside
    one who got in), `against` (may not, and got in), `kept-out` (may, and was refused), `either`, and `unknown`.
    """
    return [
        {"router": plan.router, "route": plan.key, "who": _who(plan, cells.get(plan.key, []))}
        for plans in record.by_router().values()
        for plan in plans
    ]


def _who(plan: RoutePlan, judged: list[CellVerdict]) -> dict[str, Access]:
    found: dict[str, Access] = {}
    for who, names in PEOPLE.items():
        own = [v for v in judged if v.credential in names]
        allowed = {plan.expects(CATALOGUE[name]) for name in names}
        open_to_all = "*" in plan.policy.accept
        if own or "accept" in allowed:
            found[who] = _state(own, "accept" in allowed, anybody=open_to_all and _entered(judged))
        elif allowed == {"tolerate"}:
            found[who] = "either"
        else:
            found[who] = "unknown"
    for who, name in OWNERS.items():
        if own := [v for v in judged if _name(v) == name]:
            found[who] = _state(own, any(v.expected == "accept" for v in own))
    return found


def _entered(judged: list[CellVerdict]) -> bool:
    """Whether a request without a credential got in: then everybody does."""
    return any(v.credential == "missing" and v.expected == "accept" and v.verdict == "pass" for v in judged)


def _state(own: list[CellVerdict], allowed: bool, *, anybody: bool = False) -> Access:
    """The gravest of what the cells show; what was not tried is not known."""
    kinds = {v.verdict for v in own}
    if kinds & set(ADMITTED):
        return "against"
    if any(v.expected == "accept" and v.verdict in ("lockout", "fault") for v in own):
        return "kept-out"
    if kinds - {"pass"}:
        return "unknown"
    if not own:
        return "in" if anybody else "unknown"
    if all(v.expected == "tolerate" for v in own):  # Either is right: what was seen is said.
        return "in" if all(_got_in(v) for v in own) else "out" if not any(_got_in(v) for v in own) else "either"
    return "in" if allowed else "out"


def _got_in(verdict: CellVerdict) -> bool:
    """Whether a cell that may go either way was let in: by the probe, else by the status."""
    if verdict.evidence == "probe":
        return "the handler was entered" in verdict.seen
    return verdict.status is not None and verdict.status < 300


def unexamined(record: Record) -> list[UnexaminedEntry]:
    """What this run says nothing of: in words, how many (0 where it cannot be counted), and the verdict to look for in the matrix."""
    judged = [v for v in record.verdicts if v.credential]
    found: list[UnexaminedEntry] = []

    def note(text: str, count: int = 0, verdict: Literal["inconclusive", ""] = "") -> None:
        found.append({"text": text, "count": count, "verdict": verdict})

    if record.incomplete:
        note(f"the run is incomplete: {record.incomplete}", max(0, record.plan.cells - len(judged)))
    elif len(judged) < record.plan.cells:
        note("cells that were planned and not judged", record.plan.cells - len(judged))
    if record.meta.narrowed:
        note(f"only a part of the matrix was run: {record.meta.narrowed}")
    if open_cells := [v for v in judged if v.verdict == "inconclusive"]:
        note("cells that prove nothing: the decision was not reached, or the genuine credential was not let in",
             len(open_cells), "inconclusive")  # fmt: skip
    if unproven := set(record.protected) - record.proven:
        note(
            "protected routes that let in nobody whom their policy admits, so that no refusal there proves anything",
            len(unproven),
        )
    if record.unreviewed:
        note("lines that init wrote and nobody has read", len(record.unreviewed))
    for contract, why in record.unexamined.items():
        note(f"contract {contract}: {why}")
    left: dict[tuple[str, str], list[str]] = {}
    for check in record.checks:
        if check.status == "not examined" and check.contract not in record.unexamined:
            left.setdefault((check.contract, check.detail), []).append(check.name)
    for check in record.checks:
        if check.unmeasured and check.status != "not examined":
            note(f"{check.contract}: {check.name}: {'; '.join(check.unmeasured)}")
    for (contract, why), names in left.items():
        note(f"{contract}: {', '.join(names)}{': ' + why if why else ''}", len(names))
    if silent := [criterion for criterion in criteria(record) if criterion.state == "not examined"]:
        note(
            f"migration criteria of which this run says nothing: {', '.join(str(c.number) for c in silent)}",
            len(silent),
        )
    if record.meta.evidence == "http":
        note("which handler ran and which mechanism let a request in: no probe could see it from outside")
    return found


def _name(verdict: CellVerdict) -> str:
    return verdict.credential.partition("@")[0]
