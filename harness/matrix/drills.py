"""Drills: what time, a flood or an issuer in trouble brings to light. Held on a few routes, for they are about the verifier.

The troubles of the issuer need an agent that has no keys yet, so an app is started anew for each; a running server
cannot be. `settings.heal_within` says how soon genuine tokens must get in again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.credentials import CATALOGUE
from harness.errors import TargetError
from harness.matrix.judge import RouteState, outcome_of
from harness.matrix.plan import Cell
from harness.matrix.verdicts import CellVerdict, Kind
from harness.redact import redact
from harness.targets.base import Call, Observation, ask

if TYPE_CHECKING:
    from harness.matrix.engine import Engine, Prepared

TROUBLES = ("outage", "malformed", "empty", "slow")
_BAD = ("forged", "forged-unknown-kid", "alg-none", "hs256-blank-secret", "expired", "garbage", "missing")
"""What must not get in while keys cannot be had."""
_UNAVAILABLE = (502, 503, 504)
_FLOOD = 20
_SETTLE = 0.25
_MARGIN = 1.0


class Drills:
    """The drills of one run: `begin` before the matrix, `finish` after it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cells = [
            cell for plan in engine.plan.routes for cell in plan.cells if cell.credential.drill in plan.drills
        ]
        self._short: list[tuple[Cell, Prepared]] = []
        self._sent = 0.0

    def _of(self, drill: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.credential.drill == drill]

    def _send(self, calls: list[Call], *, lane: int = 0) -> list[Observation]:
        return ask(self.engine.target.lanes[lane], calls, self.engine.limit)

    def begin(self) -> None:
        """Present the tokens that are to run out while the matrix is tried."""
        for cell in self._of("expiry"):
            ready = self.engine.prepare(cell.plan, cell.credential)
            self._short.append((cell, ready))
            self._send([Call(cell.plan.route, request, stop=True) for request in ready.before])
            self._sent = time.monotonic()

    def finish(self) -> Iterator[CellVerdict]:
        """All the others; those that begin an app anew come last."""
        for cell in self._of("flood"):
            yield self._flood(cell)
        for cell in self._of("rotation"):
            yield self._rotation(cell)
        if self._short:
            # Two seconds were left to them; a verifier may allow the skew on top.
            over = self._sent + 2 + self.engine.mint.skew + _MARGIN
            time.sleep(max(0.0, over - time.monotonic()))
        for cell, ready in self._short:
            answers = self._send([Call(cell.plan.route, request, stop=True) for request in ready.forms])
            yield self._judged(cell, answers)
        yield from self._troubles()

    def _state(self, cell: Cell) -> RouteState:
        return self.engine.states[cell.plan.key]

    def _judged(self, cell: Cell, answers: list[Observation]) -> CellVerdict:
        return self.engine.judge.judge(cell, answers, self._state(cell))

    def _verdict(self, cell: Cell, answer: Observation, kind: Kind, seen: str, detail: str = "") -> CellVerdict:
        """A verdict by the drill's own rule."""
        usual = self.engine.judge.judge(replace(cell, expect="tolerate"), [answer], self._state(cell))
        return replace(
            usual, expected=cell.expect, verdict=kind, seen=redact(seen), detail=redact(detail), evidence="drill"
        )

    def _rotation(self, cell: Cell) -> CellVerdict:
        ready = self.engine.prepare(cell.plan, cell.credential)
        self._send([Call(cell.plan.route, request, stop=True) for request in ready.before])
        if ready.then is not None:
            ready.then()
        return self._judged(
            cell, self._send([Call(cell.plan.route, r, stop=cell.expect == "reject") for r in ready.forms])
        )

    def _flood(self, cell: Cell) -> CellVerdict:
        issuer = self.engine.mint.instance
        requests = [self.engine.prepare(cell.plan, cell.credential).forms[0] for _ in range(_FLOOD)]
        before = issuer.jwks_asked
        answers = self._send([Call(cell.plan.route, request, stop=True) for request in requests])
        asked = issuer.jwks_asked - before
        seen = f"the issuer's keys were asked for {asked} times over {_FLOOD} tokens with unknown key ids"
        if any(outcome_of(answer, self._state(cell), CATALOGUE["forged"])[0] == "admitted" for answer in answers):
            return self._verdict(cell, answers[0], "breach", seen, "a token with an unknown key id was let in")
        if cell.expect == "reject" and asked >= _FLOOD // 2:
            return self._verdict(
                cell, answers[0], "fault", seen, "each token with an unknown key id costs a request to the issuer"
            )
        return self._verdict(cell, answers[0], "pass", seen)

    # The issuer in trouble

    def _troubles(self) -> Iterator[CellVerdict]:
        issuer = self.engine.mint.instance
        last = len(self.engine.target.lanes) - 1
        for trouble in TROUBLES:
            cells = self._of(trouble)
            healing = self._of("heals") if trouble == "outage" else []
            if not cells and not healing:
                continue
            refused = None
            issuer.jwks_trouble = trouble  # type: ignore[assignment]
            try:
                try:
                    self.engine.target.renew(last)
                except TargetError as error:
                    refused = str(error)
                for cell in cells:
                    yield self._in_trouble(cell, last, refused)
                if trouble == "outage" and refused is None:
                    for cell in healing:  # It must have asked in vain at least once.
                        self._send([self._call(cell, "clerk")], lane=last)
            finally:
                issuer.jwks_trouble = None
                if refused is not None:
                    self.engine.target.renew(last)
            for cell in healing:
                yield self._heals(cell, last)

    def _call(self, cell: Cell, name: str) -> Call:
        request = self.engine.prepare(cell.plan, CATALOGUE[name]).forms[0]
        return Call(cell.plan.route, request, stop=self._state(cell).guard != "handler")

    def _in_trouble(self, cell: Cell, lane: int, refused: str | None) -> CellVerdict:
        if refused is not None:
            return self._verdict(cell, Observation(), "pass", "the app refuses to start without its keys")
        plan, state = cell.plan, self._state(cell)
        names = [name for name in _BAD if plan.expects(CATALOGUE[name]) == "reject"]
        answers = self._send([self._call(cell, name) for name in (*names, "clerk")], lane=lane)
        for name, answer in zip((*names, "clerk"), answers, strict=True):
            outcome, _, seen = outcome_of(answer, state, CATALOGUE[name])
            if outcome == "admitted" and name != "clerk":
                return self._verdict(
                    cell,
                    answer,
                    "breach",
                    f"{name}: {seen}",
                    f"{name} was let in while the issuer's keys could not be had",
                )
            if outcome == "fault" and answer.status not in _UNAVAILABLE:
                return self._verdict(
                    cell,
                    answer,
                    "fault",
                    f"{name}: {seen}",
                    "without the issuer's keys the target failed instead of refusing (401, 403 or 503)",
                )
        _, _, seen = outcome_of(answers[-1], state, CATALOGUE["clerk"])
        return self._verdict(cell, answers[-1], "pass", f"nothing bad got in; a genuine token meanwhile: {seen}")

    def _heals(self, cell: Cell, lane: int) -> CellVerdict:
        begun = time.monotonic()
        while True:
            (answer,) = self._send([self._call(cell, "clerk")], lane=lane)
            outcome, _, seen = outcome_of(answer, self._state(cell), CATALOGUE["clerk"])
            waited = time.monotonic() - begun
            if outcome == "admitted":
                return self._verdict(cell, answer, "pass", f"{seen}, {waited:.0f} s after the issuer was back")
            if waited > self.engine.heal_within:
                told = f"genuine tokens were still kept out {waited:.0f} s after the issuer was back (settings.heal_within)"
                return self._verdict(cell, answer, "lockout", seen, told)
            time.sleep(_SETTLE)
