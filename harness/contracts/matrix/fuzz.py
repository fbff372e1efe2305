"""Fuzzing: mutations of a genuine token, of which none may enter. Hypothesis makes them and shrinks a breach to few steps.

The same seed gives the same mutations. Another spelling of the genuine token is counted apart and not reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from harness.contracts.matrix.cutoff import brought_down
from harness.contracts.matrix.fuzz_programs import mutations
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict, Kind
from harness.credentials import Credential, Presentation, fuzz_credential
from harness.credentials import mutations as programs
from harness.credentials.model import JWT
from harness.targets.base import Call, Observation
from harness.targets.request_builder import with_presentation

_RENEW_AFTER = 20.0
"""Seconds after which the genuine token is made anew."""
FUZZ = Credential(
    "fuzz", "fuzz", lambda mint: mint.present(fuzz_credential(programs.name_of([]))), "CWE-347", "RFC 8725 section 3",
    "Mutations of a genuine token, of which none may enter.", damages=JWT,
)  # fmt: skip


class _Admitted(Exception):
    """A mutation got in."""


class _Broke(Exception):
    """A mutation broke the target."""


class _BroughtDown(BaseException):
    """A mutation brought the target down. Not an Exception: hypothesis would try hundreds of shorter ones, a start each."""


class Fuzzer:
    """Fuzzes a few routes of a run, each with `examples` mutations."""

    def __init__(self, sender: Sender, examples: int, seed: int) -> None:
        self.sender = sender
        self.examples = examples
        self.seed = seed
        self._genuine: tuple[float, str] = (0.0, "")
        self._same = 0
        self._tried = 0
        self._last: tuple[list[programs.Step], Observation] = ([], Observation())

    def run(self) -> Iterator[CellVerdict]:
        """Yield one verdict for each cell that is fuzzed."""
        for plan in self.sender.routes:
            for cell in plan.cells:
                if cell.credential is FUZZ:
                    yield self._fuzz(cell)

    def _token(self, cell: Cell) -> str:
        made, token = self._genuine
        if not token or time.monotonic() - made > _RENEW_AFTER:
            base = self.sender.state(cell).base_in(cell.way)
            token = self.sender.mint.present(base).token or self.sender.mint.genuine()
            self._genuine = (time.monotonic(), token)
        return token

    def _observe(self, cell: Cell, text: str) -> Observation:
        plan = cell.plan
        request = with_presentation(plan.base, Presentation(token=text), cell.way.carrier)
        stop = self.sender.state(cell).stops
        return self.sender.ask(plan, [Call(plan.route, request, stop)])[0]

    def _try(self, cell: Cell, program: list[programs.Step]) -> None:
        genuine = self._token(cell)
        text = programs.mutated(self.sender.mint, program, genuine)
        if any(ord(letter) > 255 for letter in text):
            return  # No header field can carry it.
        if programs.says_the_same(text, genuine):
            self._same += 1
            return
        self._tried += 1
        observation = self._observe(cell, text)
        credential = replace(FUZZ, unsendable=not (text.isascii() and text.isprintable()))
        outcome, _ = self.sender.outcome(cell, observation, credential)
        if outcome == "admitted":
            self._last = (program, observation)
            raise _Admitted
        if outcome == "fault":
            self._last = (program, observation)
            raise _BroughtDown if brought_down(observation, credential) else _Broke

    def _fuzz(self, cell: Cell) -> CellVerdict:
        from hypothesis import HealthCheck, Phase, given, seed, settings

        if why := self.sender.state(cell).cut_off:
            return self._verdict(cell, "inconclusive", "not tried", why)
        self._same = self._tried = 0
        self._genuine = (0.0, "")

        @seed(self.seed)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(mutations())
        def attempt(program: list[programs.Step]) -> None:
            self._try(cell, program)

        try:
            attempt()
        except (_Admitted, _Broke, _BroughtDown):
            program, observation = self._last
            credential = fuzz_credential(programs.name_of(program))
            found = self.sender.judge(replace(cell, credential=credential), [observation])
            return replace(found, detail=f"{found.detail}; {programs.words_of(program)}")
        seen = f"{self._tried} mutations were refused (seed {self.seed}); {self._same} only spelled the genuine token otherwise"
        if self.sender.state(cell).kept_out(cell.way) is not None:
            return self._verdict(cell, "inconclusive", seen, "no genuine token got in: these refusals prove nothing")
        return self._verdict(cell, "pass", seen, "")

    def _verdict(self, cell: Cell, kind: Kind, seen: str, detail: str) -> CellVerdict:
        plan = cell.plan
        return CellVerdict(
            plan.router, plan.key, plan.policy_name, cell.label, "fuzz", "reject", kind,
            "probe" if self.sender.target.probed else "status", seen, detail,
        )  # fmt: skip
