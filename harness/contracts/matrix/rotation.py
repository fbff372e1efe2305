"""A rotation as it happens: the target has asked for the keys, then one is published and used, and later withdrawn.

Genuine tokens of the new key must get in within `rotate_within` seconds wherever keys are fetched; a PEM, which cannot
follow, is told apart by a target that is begun anew and does not ask for keys. The tokens of a withdrawn key must stop within
`withdrawn_within` where that is declared (drill `withdrawn`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.verdicts import CellVerdict
from harness.targets.base import Observation

if TYPE_CHECKING:
    from harness.contracts.matrix.engine import Engine

SETTLE = 0.25
"""Seconds between two looks."""


class Rotation:
    """The cells of `clerk-rotated`, when all routes have been tried: each has asked for keys by then, if it ever does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cells = [c for plan in engine.plan.routes for c in plan.cells if c.credential.drill == "rotated"]
        self.withdrawn = [
            c
            for p in engine.plan.routes
            for c in p.cells
            if c.credential.drill == "withdrawn" and "withdrawn" in p.drills
        ]
        self._fetches: dict[object, bool] = {}

    def run(self) -> Iterator[CellVerdict]:
        """A verdict for each cell."""
        if not self.cells and not self.withdrawn:
            return
        self.engine.mint.publish_next()
        for cell in self.withdrawn:  # Published at the same time, so that a verifier need not be waited for twice.
            self.engine.states[cell.plan.key].withdrawn.append((cell, self.engine.sequence(cell).held()))
        deadline = time.monotonic() + self.engine.rotate_within
        for cell in self.cells:
            yield self._try(cell, deadline)

    def _try(self, cell: Cell, deadline: float) -> CellVerdict:
        engine, state = self.engine, self.engine.states[cell.plan.key]
        if (seen := state.kept_out(cell.way)) is not None:
            return self._without_twin(cell, seen)
        while True:
            (answer,) = engine.send(cell.plan, engine.sequence(cell).forms(state.stops)[:1])
            outcome, _, _ = outcome_of(answer, state, cell.credential)
            if outcome not in ("refused", "fault") or time.monotonic() >= deadline:
                break
            time.sleep(SETTLE)
        expect = cell.expect
        if outcome == "refused" and expect == "tolerate" and self._asks_for_keys(cell):
            expect = "accept"
        return engine.judge.judge(replace(cell, expect=expect), [answer], state)

    def _without_twin(self, cell: Cell, seen: str) -> CellVerdict:
        engine, state = self.engine, self.engine.states[cell.plan.key]
        usual = engine.judge.judge(replace(cell, expect="tolerate"), [Observation(status=0)], state)
        told = f"before the rotation its twin was not let in ({seen}): nothing is known of a new key"
        return replace(usual, expected=cell.expect, verdict="inconclusive", seen=seen, detail=told, status=None)

    def _asks_for_keys(self, cell: Cell) -> bool:
        """Whether the verifier of a route fetches keys at all: begun anew, it asks for them at its start or by the first token."""
        engine, plan = self.engine, cell.plan
        guard = (plan.policy_name, plan.route.dependencies or plan.route.inside or plan.key)
        if guard not in self._fetches:
            if not engine.target.renewable:
                self._fetches[guard] = engine.mint.instance.jwks_asked > 0
            else:
                asked = engine.mint.instance.jwks_asked
                engine.target.renew(engine.lane_of.get(plan.key, 0))
                engine.send(plan, engine.sequence(cell, engine.states[plan.key].base_in(cell.way)).forms(True)[:1])
                self._fetches[guard] = engine.mint.instance.jwks_asked > asked
        return self._fetches[guard]
