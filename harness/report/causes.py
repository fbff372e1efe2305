"""Findings gathered by what made them: one cause, said once, however many cells it shows in.

A cause of an admission is the functions that let it in and the family of what they let in; of a failure or a lockout, the answer
without what changes from run to run. Cells that prove nothing because their twin was kept out hang on the cause that kept it out. Ids
are made of nothing that varies from run to run, so that reports can be compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.contracts.base import Check
from harness.contracts.matrix import FAILURES, CellVerdict
from harness.core.text import many
from harness.report.remedies import FORGEABLE, OF_VERDICT, family_of, weakness

ADMITTED = ("breach", "mixed")
NOBODY = ("missing", "garbage")
"""Credentials that are nobody's: the functions that run for them too let nobody in."""
_KEPT_OUT = ("lockout", "fault")
_VARYING = re.compile(
    r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b[0-9a-fA-F]{16,}\b|\b(?:user|sess|org|client|jti)_\w+|\d+"
)

_SEEN = re.compile(r"^\d{3}(?::\s*)?|,? ?the handler was [^,]*$|^\d{3}, .*")
"""What a verdict says of the status and of the handler, beside the error."""


@dataclass
class Cause:
    """One thing to mend. `functions`: what did it, where the probe saw it; `dependents`: cells that prove nothing until it is mended;
    `check`: the check of a contract that is broken, which has no cells; `by`: what tells its findings from others of the same cells.
    """

    id: str
    verdict: str
    title: str = ""
    remedy: str = ""
    page: str = ""
    functions: tuple[str, ...] = ()
    cells: list[CellVerdict] = field(default_factory=list)
    dependents: list[CellVerdict] = field(default_factory=list)
    check: Check | None = None
    by: str = ""

    @property
    def routes(self) -> list[str]:
        """The routes that it shows on, in the order in which they were found."""
        return list(dict.fromkeys(cell.route for cell in self.cells))

    @property
    def routers(self) -> list[str]:
        """The routers of these routes."""
        return list(dict.fromkeys(cell.router for cell in self.cells))

    @property
    def credentials(self) -> list[str]:
        """The labels of the credentials that it shows with."""
        return list(dict.fromkeys(cell.credential for cell in self.cells if cell.credential))

    @property
    def shows(self) -> dict[str, list[str]]:
        """The credentials of its findings by route; the empty text for what is found of a route as such."""
        found: dict[str, list[str]] = {}
        for cell in self.cells:
            found.setdefault(cell.route, []).append(cell.credential)
        return {route: list(dict.fromkeys(names)) for route, names in found.items()}

    @property
    def first(self) -> CellVerdict | None:
        """The cell to show and to repeat: the first of those that are easiest to make."""
        return self.cells[0] if self.cells else None

    @property
    def weakness(self) -> tuple[str, str]:
        """CWE and source of the rule that is broken; empty texts where no forbidden credential was let in."""
        first = self.first
        return weakness(first.credential) if first is not None and first.expected == "reject" else ("", "")


def finding_id(verdict: CellVerdict, functions: Iterable[str] = ()) -> str:
    """What a finding is called in every run: of route, credential, verdict and the functions that did it."""
    return _digest(verdict.route, verdict.credential, verdict.verdict, *functions)


def functions_of(verdict: CellVerdict, always: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The functions that let a request in: those that consented, without those that consent to nobody as well.

    Of functions of the app and of the libraries that it calls, the app's stay.
    """
    consented = [name for name in dict.fromkeys(verdict.ran) if name not in always]
    return tuple(consented[-1:])


def causes(verdicts: Iterable[CellVerdict], checks: Iterable[Check] = ()) -> list[Cause]:
    """Every cause of a run's findings, the gravest and the one that reaches farthest first."""
    every = list(verdicts)
    always = _always(every)
    failed = [verdict for verdict in every if verdict.failed]
    found: dict[tuple[str, ...], Cause] = {}
    for verdict in failed:
        if verdict.verdict in ADMITTED:
            _add(found, _admission(verdict, always.get(verdict.route, frozenset())), verdict)
        elif verdict.verdict != "inconclusive":
            _add(found, _signature(verdict), verdict)
    _subsume(found)
    kept_out = _kept_out(found.values())
    for verdict in failed:
        if verdict.verdict == "inconclusive":
            hung = _hangs_on(verdict, kept_out.get(verdict.route, []))
            if hung is None:
                _add(found, _signature(verdict), verdict)
            else:
                hung.dependents.append(verdict)
    made = [_told(key, cause) for key, cause in found.items()]
    made += [_of_check(check) for check in checks if check.failed]
    return sorted(made, key=_gravity)


def _always(every: list[CellVerdict]) -> dict[str, frozenset[str]]:
    """The functions of each route that say yes to a request without any credential, which was refused all the same."""
    found: dict[str, set[str]] = {}
    for verdict in every:
        if verdict.credential.partition("@")[0] in NOBODY and verdict.verdict != "breach":
            found.setdefault(verdict.route, set()).update(verdict.ran)
    return {route: frozenset(names) for route, names in found.items()}


def _add(found: dict[tuple[str, ...], Cause], key: tuple[str, ...], verdict: CellVerdict) -> None:
    found.setdefault(key, Cause(_digest(*key), verdict.verdict)).cells.append(verdict)


def _admission(verdict: CellVerdict, always: frozenset[str]) -> tuple[str, ...]:
    """What made an admission: the verdict, the family, and the functions; without a probe the policy, for nobody knows the function."""
    functions = functions_of(verdict, always)
    where = functions or (f"policy {verdict.policy}",)
    return verdict.verdict, family_of(verdict.credential, verdict.group).name, *where


def _signature(verdict: CellVerdict) -> tuple[str, ...]:
    """What made another finding: the verdict, and its answer without what varies."""
    if verdict.verdict in ("undeclared", "stale", "unreviewed"):
        return (verdict.verdict,)
    if verdict.verdict in ("leak", "inconclusive"):
        return verdict.verdict, _steady(verdict.detail)
    return verdict.verdict, _steady(_answer(verdict))


def _answer(verdict: CellVerdict) -> str:
    """What the target said: its error where the probe saw one, else the text of its answer."""
    error = _SEEN.sub("", verdict.seen)
    return " ".join((error or verdict.excerpt or verdict.seen or verdict.detail).split())


def _steady(text: str) -> str:
    """A text without numbers, addresses and ids."""
    return _VARYING.sub("#", " ".join(text.split()))[:200]


def _subsume(found: dict[tuple[str, ...], Cause]) -> None:
    """Where a guard lets in what anybody can sign, whatever else it lets in on the same routes needs no cause of its own."""
    for key in [key for key in found if key[1:2] == (FORGEABLE,)]:
        verdict, _, *where = key
        routes = set(found[key].routes)
        for other in [o for o in found if o != key and o[0] == verdict and list(o[2:]) == where and o[1] in _WEAKER]:
            if set(found[other].routes) <= routes:
                found[key].cells += found.pop(other).cells


_WEAKER = ("time", "claims", "confusion", "state", "placement", "roles", "genuine", "other")
"""The families of which nobody has need who can sign what he likes."""


@dataclass
class _KeptOut:
    """What a cause kept out on one route, by label; `welcome`: whether somebody whom the policy admits is among it."""

    cause: Cause
    labels: set[str] = field(default_factory=set)
    welcome: bool = False


def _kept_out(found: Iterable[Cause]) -> dict[str, list[_KeptOut]]:
    """By route; looked up for each cell that proves nothing, of which there may be a hundred thousand."""
    by_route: dict[str, list[_KeptOut]] = {}
    for cause in found:
        if cause.verdict in _KEPT_OUT:
            here: dict[str, _KeptOut] = {}
            for cell in cause.cells:
                kept = here.setdefault(cell.route, _KeptOut(cause))
                kept.labels.add(cell.credential)
                kept.welcome |= cell.expected == "accept"
            for route, kept in here.items():
                by_route.setdefault(route, []).append(kept)
    return by_route


def _hangs_on(verdict: CellVerdict, kept_out: list[_KeptOut]) -> Cause | None:
    """The cause that kept out the twin of a cell, on the same route; None where nothing was kept out there."""
    base = verdict.credential.partition("@")[2].partition(":")[0]
    for kept in kept_out:
        if base and base in kept.labels:
            return kept.cause
    welcomed = [kept.cause for kept in kept_out if kept.welcome]
    return next(iter(welcomed or [kept.cause for kept in kept_out]), None)


def _told(key: tuple[str, ...], cause: Cause) -> Cause:
    """The cause in words."""
    first = cause.cells[0]
    reach = _reach(cause)
    if cause.verdict in ADMITTED:
        family = family_of(first.credential, first.group)
        where = key[2:]
        seen = not where[0].startswith("policy ")
        cause.functions = where if seen else ()
        who = f"`{where[0].rpartition(':')[2]}`" if seen else f"the guard of {where[0]}"
        mixed = " by a mechanism that the policy does not name" if cause.verdict == "mixed" else ""
        cause.title = f"{who} admits {family.admits}{mixed} on {reach}"
        cause.remedy, cause.page = _to_change(first.hint, family.remedy), family.page
    else:
        one, several, remedy, page = OF_VERDICT[cause.verdict]
        does = one if len(cause.routes) == 1 else several
        answer = _answer(first)[:120]
        about = f": {answer}" if cause.verdict in _KEPT_OUT or cause.verdict == "handler-error" else ""
        about = f": {first.detail}" if cause.verdict in ("leak", "inconclusive") else about
        cause.title = f"{reach} {does}{about}"
        cause.remedy, cause.page = _to_change(first.hint, remedy), page
    cause.by = key[-1] if len(key) > 1 else ""
    return cause


def _to_change(hint: str, remedy: str) -> str:
    """What to change: the hint of the cell knows it better, unless it only says what else may be the matter."""
    return f"{remedy}; {hint}" if hint.startswith("if ") else hint or remedy


def _reach(cause: Cause) -> str:
    """How far a cause reaches, in words."""
    routes, routers = len(cause.routes), len(cause.routers)
    if routes == 1:
        return f"{cause.routes[0]} ({cause.routers[0]})" if cause.routers[0] else cause.routes[0]
    return f"{many(routes, 'route')} of {many(routers, 'router')}"


def _of_check(check: Check) -> Cause:
    """A broken check of another contract."""
    page = f"{check.contract.replace('_', '-')}.md"
    title = f"{check.contract}: {check.name}: {check.detail or check.description}"
    # What a budget counts is the same in every run; other numbers are not.
    by = check.detail if check.contract == "budget" else _steady(check.detail)
    return Cause(_digest(check.contract, check.name), "broken", title, check.description, page, check=check, by=by)


def _gravity(cause: Cause) -> tuple[int, int]:
    """The gravest kind first, then the one that reaches farthest."""
    kinds = [str(kind) for kind in FAILURES]
    kinds.insert(kinds.index("inconclusive"), "broken")
    return kinds.index(cause.verdict), -len(cause.routes)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
