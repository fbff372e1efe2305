"""A rotation of the issuer's keys while the target runs: a key is published and used, and later withdrawn.

Genuine tokens of the new key must be accepted within `rotate_within` seconds wherever keys are fetched. A PEM cannot follow;
a target that has one is recognized when it is started anew and does not ask for keys. The tokens of a withdrawn key must stop
within `withdrawn_within` where that is declared (drill `withdrawn`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from harness.contracts.matrix.deadlines import POLL_INTERVAL, Deadlines
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.targets.base import Observation


class Rotation:
    """The cells of `clerk-rotated`. They are tried after all routes, so that each has asked for keys by then, if it ever does."""

    def __init__(self, sender: Sender, deadlines: Deadlines) -> None:
        self.sender = sender
        self.deadlines = deadlines
        self.cells = [c for plan in sender.routes for c in plan.cells if c.credential.drill == "rotated"]
        self.withdrawn = [
            cell
            for plan in sender.routes
            for cell in plan.cells
            if cell.credential.drill == "withdrawn" and "withdrawn" in plan.drills
        ]
        self._fetches: dict[object, bool] = {}

    def run(self) -> Iterator[CellVerdict]:
        """Yield a verdict for each cell."""
        if not self.cells and not self.withdrawn:
            return
        self.sender.mint.publish_next()
        for cell in self.withdrawn:  # Published at the same time, so that a verifier need not be waited for twice.
            self.sender.state(cell).withdrawn.append((cell, self.sender.sequence(cell).pinned()))
        deadline = time.monotonic() + self.deadlines.rotate_within
        for cell in self.cells:
            yield self._try(cell, deadline)

    def _try(self, cell: Cell, deadline: float) -> CellVerdict:
        sender, state = self.sender, self.sender.state(cell)
        if (seen := state.kept_out(cell.way)) is not None:
            return self._without_twin(cell, seen)
        while True:
            (answer,) = sender.send(cell.plan, sender.sequence(cell).forms(state.stops)[:1])
            outcome, _ = sender.outcome(cell, answer, cell.credential)
            if outcome not in ("refused", "fault") or time.monotonic() >= deadline:
                break
            time.sleep(POLL_INTERVAL)
        expect = cell.expect
        if outcome == "refused" and expect == "tolerate" and self._asks_for_keys(cell):
            expect = "accept"
        return sender.judge(replace(cell, expect=expect), [answer])

    def _without_twin(self, cell: Cell, seen: str) -> CellVerdict:
        usual = self.sender.judge(replace(cell, expect="tolerate"), [Observation(status=0)])
        detail = f"before the rotation its twin was not let in ({seen}): nothing is known of a new key"
        return replace(usual, expected=cell.expect, verdict="inconclusive", seen=seen, detail=detail, status=None)

    def _asks_for_keys(self, cell: Cell) -> bool:
        """Whether the verifier of a route fetches keys: a target that is started anew asks for them then or by the first token."""
        sender, plan = self.sender, cell.plan
        guard = (plan.policy_name, plan.route.dependencies or plan.route.inside or plan.key)
        issuer = sender.mint.instance
        if guard not in self._fetches:
            if not sender.target.renewable:
                self._fetches[guard] = issuer.jwks_asked > 0
            else:
                asked = issuer.jwks_asked
                sender.target.renew(sender.lane_number(plan))
                genuine = sender.state(cell).base_in(cell.way)
                sender.send(plan, sender.sequence(cell, genuine).forms(True)[:1])
                self._fetches[guard] = issuer.jwks_asked > asked
        return self._fetches[guard]
