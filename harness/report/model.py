"""What a report is made of: the run's facts, and the verdicts gathered from the stream."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from harness.contracts import registry
from harness.contracts.base import Check, unexamined
from harness.contracts.matrix import FAILURES, CellVerdict, Plan
from harness.contracts.matrix.plan import RoutePlan
from harness.core.command_line import word
from harness.core.text import many
from harness.credentials import NEEDS, groups
from harness.report.causes import Cause, causes
from harness.report.document import TokenEntry
from harness.report.places import Location, Places


class Tokens(Protocol):
    """Tells what credentials put on a request; see `harness.report.samples.Issuer`."""

    def tell(self, labels: set[str]) -> dict[str, TokenEntry]:
        """By label, what each puts there: decoded, and without what opens a door."""


@dataclass
class Meta:
    """Facts of the run that are not verdicts. `repeat`: the beginning of a command that runs it again; `narrowed`: the options
    that left out a part of the matrix, empty for a whole run.
    """

    target: dict[str, str]
    suites: str
    repeat: str
    evidence: str
    narrowed: str = ""
    database: bool = False
    """Whether the target has a database of ours."""
    missing_variables: list[str] = field(default_factory=list)
    """Variables that the target asked for and did not find."""
    seed: int = 0
    """What the generated sequences came from."""
    criteria: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """The migration criteria that are declared: a sentence, and what proves it. The usual ones when empty."""
    provenance: dict[str, str] = field(default_factory=dict)
    """Of which sources, versions and options the run was made; see `harness.run.provenance`."""
    issuer: Tokens | None = None
    """Of what the tokens of the run were made; None where none were."""
    several_ways: frozenset[str] | None = None
    """The routes with several ways in, where there is no plan that knows them."""
    places: Places = field(default_factory=Places)  # Where functions, handlers and declared lines stand.
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


@dataclass
class Group:
    """Findings of one route with the same verdict and the same story: one thing to mend."""

    verdicts: list[CellVerdict]

    @property
    def first(self) -> CellVerdict:
        """The one to show."""
        return self.verdicts[0]

    @property
    def credentials(self) -> list[str]:
        """All credentials concerned."""
        return [verdict.credential for verdict in self.verdicts if verdict.credential]


# What of a verdict many others say too, each in an object of its own.
_SHARED = ("route", "credential", "seen", "detail", "mechanism", "ran", "excerpt", "hint")


@dataclass
class Record:
    """A run as far as it has come: fed verdict by verdict."""

    meta: Meta
    plan: Plan
    verdicts: list[CellVerdict] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    """What the other contracts say."""
    incomplete: str = ""
    """Why not all was judged that was to be, where the run was ended or failed; such a run has not passed."""
    shard: dict[str, Any] = field(default_factory=dict)
    """Of a part of a run: which it is, and what a merge must know; see `harness.run.shards`."""
    known: set[tuple[str, str, str]] = field(default_factory=set)
    """Findings that a baseline knows, which fail no run: route, credential and verdict, or contract, check and `broken`."""
    _once: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)  # For `add`.
    _causes: tuple[tuple[int, int], list[Cause]] | None = field(default=None, init=False, repr=False, compare=False)

    def add(self, verdict: CellVerdict) -> None:
        """Take the next verdict of the stream. What it shares with others is kept once: there may be half a million."""
        for name in _SHARED:
            setattr(verdict, name, self._once.setdefault(value := getattr(verdict, name), value))
        self.verdicts.append(verdict)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each verdict, the grave ones first."""
        counted = Counter(verdict.verdict for verdict in self.verdicts)
        return {kind: counted[kind] for kind in ("pass", "hardening", *FAILURES) if counted[kind]}

    @property
    def ordered(self) -> list[CellVerdict]:
        """Every verdict, by router and route: the same in every run, whichever lane was faster."""
        order = {plan.key: number for number, plan in enumerate(self.plan.routes)}
        return sorted(self.verdicts, key=lambda v: (v.router, order.get(v.route, -1), v.route, bool(v.credential)))

    @property
    def findings(self) -> list[CellVerdict]:
        """Every verdict that is not a pass, the grave ones first, in the order of routers and routes."""
        order = {plan.key: number for number, plan in enumerate(self.plan.routes)}
        return sorted(
            (verdict for verdict in self.ordered if verdict.failed),
            key=lambda v: (FAILURES.index(v.verdict), _ease(v), v.router, order.get(v.route, -1), v.route),
        )

    @property
    def groups(self) -> list[Group]:
        """Findings that are one thing to mend, together; first what is easiest to exploit."""
        return _grouped(self.findings)

    @property
    def causes(self) -> list[Cause]:
        """What made the findings, the gravest and farthest first: each is one thing to mend. Gathered anew when there is more."""
        known = (len(self.verdicts), len(self.checks))
        if self._causes is None or self._causes[0] != known:
            self._causes = known, causes(self.ordered, self.checks)
        return self._causes[1]

    def locations(self, cause: Cause) -> list[Location]:
        """Where a cause is to be mended in the backend: the functions that did it, else the handlers that it shows on."""
        return self.meta.places.locations(cause.functions, cause.routes)

    @property
    def hardening(self) -> list[Group]:
        """What was let in that nobody but the issuer could sign: it fails no run."""
        return _grouped([verdict for verdict in self.ordered if verdict.verdict == "hardening"])

    def is_known(self, verdict: CellVerdict) -> bool:
        """Whether a baseline knows a finding."""
        return (*verdict.key, verdict.verdict) in self.known

    def is_known_check(self, check: Check) -> bool:
        """Whether a baseline knows that a check is broken."""
        return (check.contract, check.name, check.status) in self.known

    def knows(self, cause: Cause) -> bool:
        """Whether a baseline knows all that a cause shows in."""
        if cause.check is not None:
            return self.is_known_check(cause.check)
        return bool(self.known) and all(map(self.is_known, cause.cells))

    def by_route(self) -> dict[str, list[CellVerdict]]:
        """Verdicts of cells by route."""
        found: dict[str, list[CellVerdict]] = {plan.key: [] for plan in self.plan.routes}
        for verdict in self.verdicts:
            if verdict.credential:
                found.setdefault(verdict.route, []).append(verdict)
        return found

    def by_router(self) -> dict[str, list[RoutePlan]]:
        """Routes by router, both in the order of their names."""
        routers: dict[str, list[RoutePlan]] = {}
        for plan in sorted(self.plan.routes, key=lambda plan: plan.router):
            routers.setdefault(plan.router, []).append(plan)
        return routers

    @property
    def protected(self) -> dict[str, RoutePlan]:
        """The routes that not everybody may enter, by their keys."""
        return {p.key: p for p in self.plan.routes if "*" not in p.policy.accept and not p.admits_nobody}

    @property
    def proven(self) -> set[str]:
        """The protected routes on which somebody got in whom the policy admits: only there does a refusal prove something."""
        protected = self.protected
        return {v.route for v in self.verdicts if v.route in protected and _let_in(v)}

    @property
    def unreviewed(self) -> list[str]:
        """The lines that `init` wrote and nobody has read."""
        return [plan.key for plan in self.plan.routes if not plan.reviewed]

    @property
    def nobody(self) -> str:
        """What a reader must know first, where nobody got into any protected route: the answer seen, and the likely causes."""
        protected = self.protected
        asked = [v for v in self.verdicts if v.route in protected]
        kept_out = [v for v in asked if v.verdict in ("lockout", "fault", "inconclusive")]
        if self.proven or not kept_out:
            return ""
        return nobody_gets_in(kept_out, asked, self.meta.missing_variables)

    @property
    def examined(self) -> bool:
        """A run that judged no cell and verified no other contract has examined nothing, and fails."""
        return any(verdict.credential for verdict in self.verdicts) or any(
            check.status != "not examined" for check in self.checks
        )

    @property
    def unexamined(self) -> dict[str, str]:
        """Contracts that were to be verified and examined nothing, and why. A run with one fails: it would say more than it knows."""
        return unexamined(self.checks)

    @property
    def shortfalls(self) -> dict[str, str]:
        """Why a run without any finding has not passed all the same, by what is missing; with each, no report may look green."""
        found = {f"examined {contract}": f"nothing was examined: {why}" for contract, why in self.unexamined.items()}
        for check in self.checks:
            if check.unmeasured and check.contract not in self.unexamined:
                found[f"declared {check.contract}: {check.name}"] = declared_in_vain(check)
        judged = sum(1 for verdict in self.verdicts if verdict.credential)
        told = {verdict.route for verdict in self.verdicts if verdict.verdict == "unreviewed"}
        unread = [key for key in self.unreviewed if key not in told]
        if self.incomplete:
            found["complete"] = self.incomplete
        elif judged != self.plan.cells:
            found["judged"] = f"{judged} of {many(self.plan.cells, 'cell was', 'cells were')} judged"
        if unread:
            found["reviewed"] = f"nobody has read {many(len(unread), 'line')} that init wrote: {', '.join(unread[:5])}"
        if not self.examined and not found:
            found["examined"] = "no cell was judged, and no other contract was examined"
        return found

    @property
    def passed(self) -> bool:
        """All that was to be judged was judged, and nothing was found."""
        broken = any(v.failed and not self.is_known(v) for v in self.verdicts)
        broken = broken or any(check.failed and not self.is_known_check(check) for check in self.checks)
        return not broken and not self.shortfalls

    @property
    def part(self) -> str:
        """That only a part of the matrix was tried, and which options left out the rest; empty for a whole run."""
        left = self.meta.narrowed
        return f"this is a part of the matrix ({left}): nothing is said of what was left out" if left else ""

    @property
    def kinds(self) -> tuple[int, int]:
        """With how many credentials a route was really tried: of all routes the smallest and the largest number."""
        tried: dict[str, set[str]] = {plan.key: set() for plan in self.plan.routes}
        for verdict in self.verdicts:
            if verdict.credential and verdict.evidence != "none":
                tried.setdefault(verdict.route, set()).add(verdict.credential.partition("@")[0])
        numbers = [len(names) for names in tried.values()] or [0]
        return min(numbers), max(numbers)

    @property
    def outcome(self) -> str:
        """The run in a word."""
        passed = f"passed with {many(len(self.known), 'known finding')}" if self.known else "passed"
        return "INCOMPLETE" if self.incomplete else passed if self.passed else "FAILED"

    def repeat(self, verdict: CellVerdict) -> str:
        """The command that repeats just this cell, when it is pasted into a shell."""
        command = f"{self.meta.repeat} --route {word(verdict.route)}"
        if verdict.verdict in ("handler-error", "unreviewed"):
            return command
        if not verdict.credential:
            return f"{self.meta.repeat} --router {word(verdict.router)}"
        label = verdict.credential
        if "@" not in label and (label in groups() or verdict.route in self._several_ways):
            label += "@"  # The credential of that name and not its group, in the usual way and in no other.
        return f"{command} --credentials {word(label)}"

    @cached_property
    def _several_ways(self) -> frozenset[str]:
        """The routes with several ways in."""
        given = self.meta.several_ways
        return given if given is not None else frozenset(plan.key for plan in self.plan.routes if len(plan.ways) > 1)

    def repeat_check(self, check: Check) -> str:
        """The command that verifies the contract of a check again."""
        return repeat_contract(self.meta.repeat, check.contract, self.meta.seed)


def declared_in_vain(check: Check) -> str:
    """What the file of a check's contract declares and nobody examined, in a sentence."""
    return f"{check.contract}: {check.name}: declared, and not examined: {'; '.join(check.unmeasured)}"


def repeat_contract(command: str, contract: str, seed: int) -> str:
    """The command that verifies a contract again. `command`: the beginning of one that tests the same target."""
    more = f" --seed {seed}" if seed and registry.contract(contract).seeded else ""
    return f"{command} --only {contract}{more}"


def _grouped(verdicts: list[CellVerdict]) -> list[Group]:
    grouped: dict[tuple[str, str, str], list[CellVerdict]] = {}
    for verdict in verdicts:
        grouped.setdefault((verdict.verdict, verdict.route, verdict.detail), []).append(verdict)
    return [Group(some) for some in grouped.values()]


def _ease(verdict: CellVerdict) -> int:
    """How easily an attacker comes by what a finding needs: the easiest first; findings without a credential before all."""
    return list(NEEDS).index(verdict.needs) if verdict.needs in NEEDS else -1


def _let_in(verdict: CellVerdict) -> bool:
    """Whether a verdict shows that somebody was let in whom the policy admits."""
    admitted = verdict.expected == "accept" and verdict.verdict in ("pass", "mixed") and verdict.group != "cors"
    return bool(verdict.twin) or admitted


def nobody_gets_in(kept_out: list[CellVerdict], every: list[CellVerdict], missing: list[str]) -> str:
    """That no credential got in, the answer seen, and what it may come from."""
    first = next((v for v in kept_out if v.verdict != "inconclusive"), kept_out[0])
    routes = len({v.route for v in kept_out})
    answer = " ".join(first.excerpt.split())[:160]
    said = f" ({answer})" if answer and first.verdict != "inconclusive" else ""
    seen = first.seen if first.verdict != "inconclusive" else first.detail
    without_azp = any(v.credential == "clerk-no-azp" and _entered(v) for v in every)
    failing = [v for v in every if v.verdict == "fault" and v.expected == "accept"]
    causes = []
    if failing:
        causes.append(
            f"{many(len({v.route for v in failing}), 'route fails', 'routes fail')} before deciding ({failing[0].seen})"
        )
    if without_azp:
        causes.append("a token without azp gets in, so the app expects another front end than the tokens name")
    if missing:
        causes.append(f"the app asked for variables that are not set: {', '.join(missing[:6])} (--env NAME=VALUE)")
    causes += [
        "the front end that the tokens name as azp is not one of the app's authorized parties ([settings] origin)",
        "the person is unknown to the app's database ([identities] and seed)",
        "the token goes elsewhere than in the header (carrier, carriers)",
    ]
    return (
        f"nobody whom a policy admits got into any of {many(routes, 'protected route')}: `{first.credential}` on "
        f"{first.route}: {seen}{said}. "
        f"Nothing that was refused proves anything. Likely causes: {'; '.join(causes)}"
    )


def _entered(verdict: CellVerdict) -> bool:
    """Whether a cell that may go either way was let in."""
    return verdict.verdict == "pass" and "the handler was entered" in verdict.seen
