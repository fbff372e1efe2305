"""Drills: what time, a flood or an issuer in trouble brings to light. Held on a few routes, for they are about the verifier.

Each asks first whether genuine tokens get in, and honours where the route decides. The troubles of the issuer need an agent
that has no keys yet, so an app is started anew for each; a running server cannot be. `settings.heal_within` says how soon
genuine tokens must get in again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.refusal import Outcome, outcome_of
from harness.contracts.matrix.rotation import SETTLE
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict, Kind
from harness.core.errors import TargetError
from harness.core.redact import redact
from harness.credentials import CATALOGUE, Credential
from harness.targets.base import Observation

if TYPE_CHECKING:
    from harness.contracts.matrix.engine import Engine

JWKS_FAULTS = ("outage", "malformed", "empty", "slow")
_BAD = ("forged", "forged-unknown-kid", "alg-none", "hs256-blank-secret", "expired", "garbage", "missing")
"""What must not get in while keys cannot be had."""
_UNAVAILABLE = (502, 503, 504)
_FLOOD = 20
_MARGIN = 1.0


class Drills:
    """The drills of one run, held after the matrix: whom each route admits is known then."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cells = [
            cell for plan in engine.plan.routes for cell in plan.cells if cell.credential.drill in plan.drills
        ]

    def run(self) -> Iterator[CellVerdict]:
        """A verdict for each cell; drills that begin an app anew come last."""
        for cell in self._of("flood"):
            yield self._proven(cell) or self._flood(cell)
        for cell in self._of("withdrawn"):
            yield self._proven(cell) or self._withdrawn(cell)
        yield from self._expired()
        yield from self._troubles()

    def _of(self, drill: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.credential.drill == drill]

    def _state(self, cell: Cell) -> RouteState:
        return self.engine.states[cell.plan.key]

    def _send(self, cell: Cell, credential: Credential) -> Observation:
        """One request of a credential in the way of a cell, stopped at the door unless the handler decides."""
        sendings = self.engine.sequence(cell, credential).forms(self._state(cell).stops)
        return self.engine.send(cell.plan, sendings[:1])[0]

    def _outcome(self, cell: Cell, answer: Observation, credential: Credential) -> tuple[Outcome, str]:
        outcome, _, seen = outcome_of(answer, self._state(cell), credential)
        return outcome, seen

    def _judged(self, cell: Cell, answers: list[Observation]) -> CellVerdict:
        return self.engine.judge.judge(cell, answers, self._state(cell))

    def _verdict(self, cell: Cell, answer: Observation, kind: Kind, seen: str, detail: str = "") -> CellVerdict:
        """A verdict by the drill's own rule."""
        usual = self.engine.judge.judge(replace(cell, expect="tolerate"), [answer], self._state(cell))
        twin = self._state(cell).twin_of(cell.way)
        return replace(
            usual, expected=cell.expect, verdict=kind, seen=redact(seen), detail=redact(detail), evidence="drill",
            twin=twin.credential.name if twin is not None and twin.admitted else "",
        )  # fmt: skip

    def _proven(self, cell: Cell) -> CellVerdict | None:
        """What is said where no genuine token gets in; None where one does, in this run and now."""
        seen = self._state(cell).kept_out(cell.way)
        if seen is not None:
            told = f"no genuine token got in ({seen}): what is refused in a drill proves nothing"
            return self._verdict(cell, Observation(status=0), "inconclusive", seen, told)
        return None

    # Time, floods, keys that are withdrawn

    def _expired(self) -> Iterator[CellVerdict]:
        """Tokens that were presented while the matrix was tried, and have run out since."""
        kept = {id(cell): (sequence, sent) for s in self.engine.states.values() for cell, sequence, sent in s.expiring}
        cells = self._of("expiry")
        if kept:
            # Two seconds were left to them; a verifier may allow the skew on top.
            over = max(sent for _, sent in kept.values()) + 2 + self.engine.mint.skew + _MARGIN
            time.sleep(max(0.0, over - time.monotonic()))
        for cell in cells:
            if (told := self._proven(cell)) is not None:
                yield told
                continue
            sequence, _ = kept[id(cell)]
            yield self._judged(cell, self.engine.send(cell.plan, sequence.forms(self._state(cell).stops)))

    def _withdrawn(self, cell: Cell) -> CellVerdict:
        """A key is published and taken, and then published no more."""
        engine = self.engine
        sequence = next(sequence for known, sequence in self._state(cell).withdrawn if known is cell)
        stop = self._state(cell).stops
        deadline = time.monotonic() + engine.rotate_within
        while True:
            (answer,) = engine.send(cell.plan, sequence.before(stop)[:1])
            taken = self._outcome(cell, answer, cell.credential)[0] == "admitted"
            if taken or time.monotonic() >= deadline or not self._knows_new_keys(cell):
                break
            time.sleep(SETTLE)
        sequence.then()
        if not taken:
            return self._verdict(cell, answer, "pass", "its key was never taken: keys are not asked for again")
        within = engine.withdrawn_within
        cell = replace(cell, expect="reject") if within is not None and cell.expect == "tolerate" else cell
        deadline = time.monotonic() + (0.0 if cell.expect != "reject" else within or engine.rotate_within)
        while True:
            answers = engine.send(cell.plan, sequence.forms(stop and cell.expect == "reject"))
            if self._outcome(cell, answers[0], cell.credential)[0] == "refused" or time.monotonic() >= deadline:
                return self._judged(cell, answers)
            time.sleep(SETTLE)

    def _knows_new_keys(self, cell: Cell) -> bool:
        """Whether the rotation before this has shown that the route follows one."""
        rotated = self._send(cell, CATALOGUE["clerk-rotated"])
        return self._outcome(cell, rotated, CATALOGUE["clerk-rotated"])[0] == "admitted"

    def _flood(self, cell: Cell) -> CellVerdict:
        issuer = self.engine.mint.instance
        sendings = [self.engine.sequence(cell).forms(self._state(cell).stops)[0] for _ in range(_FLOOD)]
        before = issuer.jwks_asked
        answers = self.engine.send(cell.plan, sendings)
        asked = issuer.jwks_asked - before
        seen = f"the issuer's keys were asked for {asked} times over {_FLOOD} tokens with unknown key ids"
        if any(self._outcome(cell, answer, CATALOGUE["forged"])[0] == "admitted" for answer in answers):
            return self._verdict(cell, answers[0], "breach", seen, "a token with an unknown key id was let in")
        if cell.expect == "reject" and asked >= _FLOOD // 2:
            return self._verdict(
                cell, answers[0], "fault", seen, "each token with an unknown key id costs a request to the issuer"
            )
        return self._verdict(cell, answers[0], "pass", seen)

    # The issuer in trouble

    def _troubles(self) -> Iterator[CellVerdict]:
        issuer = self.engine.mint.instance
        for trouble in JWKS_FAULTS:
            cells, healing = self._of(trouble), self._of("heals") if trouble == "outage" else []
            for cell in (*cells, *healing):
                if (told := self._proven(cell)) is not None:
                    yield told
            cells = [cell for cell in cells if self._proven(cell) is None]
            healing = [cell for cell in healing if self._proven(cell) is None]
            if not cells and not healing:
                continue
            # Keys are forgotten on the lane where each route is tried.
            lanes = sorted({self.engine.lane_of.get(cell.plan.key, 0) for cell in (*cells, *healing)})
            refused = None
            issuer.jwks_fault = trouble  # type: ignore[assignment]
            try:
                try:
                    for lane in lanes:
                        self.engine.target.renew(lane)
                except TargetError as error:
                    refused = str(error)
                for cell in cells:
                    yield self._in_trouble(cell, refused)
                if trouble == "outage" and refused is None:
                    for cell in healing:  # It must have asked in vain at least once.
                        self._send(cell, self._state(cell).base_in(cell.way))
            finally:
                issuer.jwks_fault = None
                if refused is not None:
                    for lane in lanes:
                        self.engine.target.renew(lane)
            for cell in healing:
                yield self._heals(cell)

    def _in_trouble(self, cell: Cell, refused: str | None) -> CellVerdict:
        if refused is not None:
            return self._verdict(cell, Observation(), "pass", "the app refuses to start without its keys")
        bad = [CATALOGUE[name] for name in _BAD if cell.plan.expects(CATALOGUE[name], cell.way) == "reject"]
        genuine = self._state(cell).base_in(cell.way)
        for credential in (*bad, genuine):
            answer = self._send(cell, credential)
            outcome, seen = self._outcome(cell, answer, credential)
            name = credential.name
            if outcome == "admitted" and credential is not genuine:
                told = f"{name} was let in while the issuer's keys could not be had"
                return self._verdict(cell, answer, "breach", f"{name}: {seen}", told)
            if outcome == "fault" and answer.status not in _UNAVAILABLE:
                told = "without the issuer's keys the target failed instead of refusing (401, 403 or 503)"
                return self._verdict(cell, answer, "fault", f"{name}: {seen}", told)
        return self._verdict(cell, answer, "pass", f"nothing bad got in; a genuine token meanwhile: {seen}")

    def _heals(self, cell: Cell) -> CellVerdict:
        begun = time.monotonic()
        genuine = self._state(cell).base_in(cell.way)
        while True:
            answer = self._send(cell, genuine)
            outcome, seen = self._outcome(cell, answer, genuine)
            waited = time.monotonic() - begun
            if outcome in ("admitted", "failed"):
                return self._verdict(cell, answer, "pass", f"{seen}, {waited:.0f} s after the issuer was back")
            if waited > self.engine.heal_within:
                told = f"genuine tokens were still kept out {waited:.0f} s after the issuer was back (settings.heal_within)"
                return self._verdict(cell, answer, "lockout", seen, told)
            time.sleep(SETTLE)
