"""The migration criteria, and what a run says of each: supported, broken, or not examined.

Each is a sentence and what proves it: parts of the matrix (`MATRIX_PROOFS`), and contracts or single checks of them. A
declaration may name its own (`[[criteria]]` in auth_matrix.toml); else there are the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.contracts import registry
from harness.contracts.base import EXAMINATION
from harness.contracts.matrix import CellVerdict
from harness.core.text import many
from harness.report.model import Record

_ELSEWHERE = "belongs to the {} contract, which this run does not include"
State = Literal["supported", "broken", "not examined"]


@dataclass(frozen=True)
class Criterion:
    """One criterion, its state in this run, and why. `checks`: what proves it, as `contract: check`."""

    number: int
    text: str
    state: State
    reason: str
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What one part of the proof says. `silent`: it could have broken the criterion, and says nothing for it."""

    state: State
    reason: str
    checks: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True)
class _Cells:
    """The cells that bear on a criterion, those of them that break it, and what is proven when none does."""

    relevant: list[CellVerdict]
    bad: list[CellVerdict]
    proof: str


def _of_protected(record: Record) -> list[CellVerdict]:
    protected = record.protected
    return [verdict for verdict in record.verdicts if verdict.credential and verdict.route in protected]


def _admissions(record: Record) -> _Cells:
    proven = record.proven
    admitted = [v for v in _of_protected(record) if v.expected == "accept" and v.group != "cors"]
    let_in = [v for v in admitted if v.route in proven]
    named = all(plan.policy.mechanism for plan in record.protected.values())
    # Nothing can be said of mechanisms where a policy names none, or where nothing could be seen.
    mechanism = ", each by the mechanism that its policy names" if named and record.meta.evidence == "probe" else ""
    return _Cells(
        admitted,
        [v for v in admitted if v.verdict in ("lockout", "mixed", "fault")],
        f"{len(let_in)} admissions on {len({v.route for v in let_in})} protected routes{mechanism}",
    )


def _legacy(record: Record) -> _Cells:
    proven = record.proven
    tried = [
        v for v in _of_protected(record)
        if "legacy" in v.credential and v.expected != "accept" and (v.failed or v.route in proven)
    ]  # fmt: skip
    return _Cells(
        tried,
        [v for v in tried if v.verdict in ("breach", "mixed")],
        f"{len(tried)} attempts with legacy tokens in every shape and place were refused, where a genuine one got in",
    )


def _refusals(record: Record) -> _Cells:
    proven = record.proven
    gaps = [verdict for verdict in record.verdicts if not verdict.credential]
    # What only the issuer could sign is no attempt of anybody's: let in, it is shown as hardening.
    forbidden = [v for v in _of_protected(record) if v.expected == "reject" and v.verdict != "hardening"]
    refused = [v for v in forbidden if v.failed or v.route in proven]
    return _Cells(
        refused + gaps,
        [v for v in refused if v.verdict == "breach"] + [v for v in gaps if v.verdict in ("undeclared", "stale")],
        f"every route that was found ({len(record.plan.routes)}) has a policy, and {many(len(refused), 'forbidden attempt')} on "
        f"{many(len(proven), 'protected route')} met a refusal where a genuine one got in",
    )


def _newcomers(record: Record) -> _Cells | str:
    if not record.meta.database:
        return "no database is declared"
    newcomers = [v for v in _of_protected(record) if v.credential == "clerk-newcomer" and v.expected == "accept"]
    return _Cells(
        newcomers,
        [v for v in newcomers if v.verdict in ("fault", "lockout")],
        f"a person whom the database had never seen got in on {many(len(newcomers), 'route')}",
    )


MATRIX_PROOFS: dict[str, tuple[Callable[[Record], _Cells | str], str]] = {
    "admissions": (_admissions, "matrix: every credential that a policy accepts"),
    "legacy": (_legacy, "matrix: every legacy credential"),
    "refusals": (_refusals, "matrix: every credential that must be rejected, and every gap of the declaration"),
    "newcomers": (_newcomers, "matrix: clerk-newcomer"),
}
"""What the matrix can prove, by the word that a declaration uses for it."""
_OF_THE_MATRIX = (
    ("Every router authenticates its users with Clerk", ("admissions",)),
    ("No legacy token opens any route", ("legacy",)),
    ("No route is left open, and none is unknown", ("refusals",)),
    (
        "The user table fits the sync: a first sign-in works everywhere, and finding a user keeps its budget",
        ("newcomers", "budget"),
    ),
)


def usual_criteria() -> list[tuple[str, tuple[str, ...]]]:
    """The criteria of a migration to Clerk, each a sentence and what proves it: the matrix' and one of each contract."""
    return [*_OF_THE_MATRIX, *((each.criterion, (each.name,)) for each in registry.contracts() if each.criterion)]


def criteria(record: Record) -> list[Criterion]:
    """The criteria as this run leaves them: only protected routes count, and refusals only beside a proven twin."""
    declared = record.meta.criteria or usual_criteria()
    return [_judge(record, number, text, proofs) for number, (text, proofs) in enumerate(declared, 1)]


def _judge(record: Record, number: int, text: str, named: tuple[str, ...]) -> Criterion:
    """Broken by any of its proofs, and supported when all of them support it."""
    proofs = [_matrix(record, name) if name in MATRIX_PROOFS else _contract(record, name) for name in named]
    checks = tuple(check for proof in proofs for check in proof.checks)
    broken = [proof.reason for proof in proofs if proof.state == "broken"]
    if broken:
        return Criterion(number, text, "broken", "; ".join(broken), checks)
    unclear = [proof.reason for proof in proofs if proof.state == "not examined" and not proof.silent]
    if unclear or all(proof.silent for proof in proofs):
        return Criterion(number, text, "not examined", "; ".join(unclear) or proofs[0].reason, checks)
    return Criterion(
        number, text, "supported", "; ".join(proof.reason for proof in proofs if proof.state == "supported"), checks
    )


def _findings(verdicts: list[CellVerdict]) -> str:
    routers = sorted({verdict.router for verdict in verdicts})
    return f"{many(len(verdicts), 'finding')} in {', '.join(routers[:6])}{' …' if len(routers) > 6 else ''}"


def _matrix(record: Record, name: str) -> Proof:
    select, sentence = MATRIX_PROOFS[name]
    cells, checks = select(record), (sentence,)
    if isinstance(cells, str):
        return Proof("not examined", cells, checks)
    if cells.bad:
        return Proof("broken", _findings(cells.bad), checks)
    if not cells.relevant:
        return Proof("not examined", "no cell of this run bears on it", checks)
    if unclear := [verdict for verdict in cells.relevant if verdict.failed]:
        kinds = ", ".join(sorted({verdict.verdict for verdict in unclear}))
        return Proof("not examined", f"{many(len(unclear), 'cell proves', 'cells prove')} nothing ({kinds})", checks)
    if record.incomplete:
        return Proof("not examined", f"the run is incomplete: {record.incomplete}", checks)
    if record.meta.narrowed:
        return Proof("not examined", f"a part of the matrix was left out ({record.meta.narrowed})", checks)
    return Proof("supported", cells.proof, checks)


def _contract(record: Record, name: str) -> Proof:
    """A contract supports when all that it needs are proven, and breaks by any of its checks; a single check by itself.

    A contract that needs nothing in particular (the budget) can only break a criterion, or add to what supports it.
    """
    contract, _, single = name.partition(": ")
    if failed := next((c for c in record.checks if (c.contract, c.name) == (contract, EXAMINATION)), None):
        return Proof("not examined", f"{contract}: {failed.detail}", (f"{contract}: {EXAMINATION}",))
    status = {
        check.name: check.status for check in record.checks if check.contract == contract and single in ("", check.name)
    }
    needed = (single,) if single else registry.contract(contract).needed
    checks = tuple(f"{contract}: {check}" for check in (*needed, *(check for check in status if check not in needed)))
    broken = [check for check, state in status.items() if state == "broken"]
    proven = [check for check, state in status.items() if state == "proven"]
    if broken:
        return Proof("broken", f"{contract}: {', '.join(broken)}", checks)
    if not needed:
        return Proof("supported" if proven else "not examined", f"{contract}: {', '.join(proven)}", checks, not proven)
    if not proven:
        return Proof("not examined", _ELSEWHERE.format(contract), checks)
    if missing := [check for check in needed if check not in proven]:
        return Proof("not examined", f"{contract}: nothing is known of {', '.join(missing)}", checks)
    left = [check for check, state in status.items() if state == "not examined"]
    more = f"; not examined: {', '.join(left)}" if left else ""
    return Proof("supported", f"{contract}: {', '.join(proven)}{more}", checks)
