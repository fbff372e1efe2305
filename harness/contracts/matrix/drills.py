"""Drills: what time, a flood of tokens or a fault of the issuer brings to light in a verifier.

They run on a few routes, for they examine the verifier and not each route. A verdict needs a genuine token that is accepted
in the same run. For the faults of the issuer the app is started anew, so that its process has no keys yet; a server that runs
already cannot be started anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from harness.contracts.matrix.deadlines import POLL_INTERVAL, Deadlines
from harness.contracts.matrix.first_come import Pair, is_suspected, remembered
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict, Kind
from harness.contracts.refusal import UNAVAILABLE
from harness.core.errors import TargetError
from harness.core.redact import redact
from harness.credentials import CATALOGUE, Credential, tagged
from harness.fake_clerk.control import API_FAULTS
from harness.fake_clerk.jwks_faults import JWKS_FAULTS, JwksFault
from harness.targets.base import Observation

_GRAVEST_FIRST = ("signature", "algorithm", "time", "absent")
"""Groups of credentials in the order in which they are tried without keys: the first that enters is reported."""
_FLOOD = 20
"""Tokens with unknown key ids that a flood sends."""
_MARGIN = 1.0
"""Seconds that an expired token is left beyond its end and the clock skew."""
_EXPIRING_LIFETIME = 2
"""Seconds that the credential of the drill `expiry` is valid for."""


def _gravity(credential: Credential) -> int:
    """The place of a credential among those that are tried without keys."""
    known = credential.group in _GRAVEST_FIRST
    return _GRAVEST_FIRST.index(credential.group) if known else len(_GRAVEST_FIRST)


class Drills:
    """The drills of one run. They run after the matrix, which has shown whom each route admits."""

    def __init__(self, sender: Sender, deadlines: Deadlines) -> None:
        self.sender = sender
        self.deadlines = deadlines
        self.cells = [cell for plan in sender.routes for cell in plan.cells if cell.credential.drill in plan.drills]

    def run(self) -> Iterator[CellVerdict]:
        """Yield a verdict for each cell. The drills that start the app anew come last."""
        for cell in self._of("flood"):
            yield self._unproven(cell) or self._flood(cell)
        for cell in self._of("withdrawn"):
            yield self._unproven(cell) or self._withdrawn(cell)
        yield from self._expired()
        yield from self._shared()
        for cell in self._of("silence"):
            yield self._unproven(cell) or self._silence(cell)
        for fault in JWKS_FAULTS:
            yield from self._fault(fault)

    def _of(self, drill: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.credential.drill == drill]

    def _stops(self, cell: Cell) -> bool:
        return self.sender.state(cell).stops

    def _genuine(self, cell: Cell) -> Credential:
        return self.sender.state(cell).base_in(cell.way)

    def _send(self, cell: Cell, credential: Credential) -> Observation:
        """Send one request of a credential in the way of a cell, stopped at the door unless the handler decides."""
        sendings = self.sender.sequence(cell, credential).forms(self._stops(cell))
        return self.sender.send(cell.plan, sendings[:1])[0]

    def _verdict(self, cell: Cell, answer: Observation, kind: Kind, seen: str, detail: str = "") -> CellVerdict:
        """Return a verdict by the drill's own rule."""
        usual = self.sender.judge(replace(cell, expect="tolerate"), [answer])
        twin = self.sender.state(cell).twin_of(cell.way)
        return replace(
            usual, expected=cell.expect, verdict=kind, seen=redact(seen), detail=redact(detail), evidence="drill",
            twin=twin.credential.name if twin is not None and twin.admitted else "",
        )  # fmt: skip

    def _unproven(self, cell: Cell) -> CellVerdict | None:
        """Return the verdict where no genuine token was accepted in this run; None where one was."""
        seen = self.sender.state(cell).kept_out(cell.way)
        if seen is None:
            return None
        detail = f"no genuine token got in ({seen}): what is refused in a drill proves nothing"
        return self._verdict(cell, Observation(status=0), "inconclusive", seen, detail)

    # Time, floods, keys that are withdrawn

    def _expired(self) -> Iterator[CellVerdict]:
        """Present once more the tokens that were presented during the matrix and have expired since."""
        presented = {
            id(cell): (sequence, sent) for s in self.sender.states.values() for cell, sequence, sent in s.expiring
        }
        if presented:
            # A verifier may allow the clock skew on top of the token's lifetime.
            over = max(sent for _, sent in presented.values()) + _EXPIRING_LIFETIME + self.sender.mint.skew + _MARGIN
            time.sleep(max(0.0, over - time.monotonic()))
        for cell in self._of("expiry"):
            if (unproven := self._unproven(cell)) is not None:
                yield unproven
                continue
            sequence, _ = presented[id(cell)]
            yield self.sender.judge(cell, self.sender.send(cell.plan, sequence.forms(self._stops(cell))))

    def _withdrawn(self, cell: Cell) -> CellVerdict:
        """Present a token of a key that is published, and again after the key was withdrawn."""
        sequence = next(sequence for known, sequence in self.sender.state(cell).withdrawn if known is cell)
        stop = self._stops(cell)
        deadline = time.monotonic() + self.deadlines.rotate_within
        while True:
            (answer,) = self.sender.send(cell.plan, sequence.before(stop)[:1])
            accepted = self.sender.outcome(cell, answer, cell.credential)[0] == "admitted"
            if accepted or time.monotonic() >= deadline or not self._follows_rotations(cell):
                break
            time.sleep(POLL_INTERVAL)
        sequence.then()
        if not accepted:
            return self._verdict(cell, answer, "pass", "its key was never taken: keys are not asked for again")
        within = self.deadlines.withdrawn_within
        cell = replace(cell, expect="reject") if within is not None and cell.expect == "tolerate" else cell
        patience = 0.0 if cell.expect != "reject" else within or self.deadlines.rotate_within
        deadline = time.monotonic() + patience
        while True:
            answers = self.sender.send(cell.plan, sequence.forms(stop and cell.expect == "reject"))
            refused = self.sender.outcome(cell, answers[0], cell.credential)[0] == "refused"
            if refused or time.monotonic() >= deadline:
                return self.sender.judge(cell, answers)
            time.sleep(POLL_INTERVAL)

    def _follows_rotations(self, cell: Cell) -> bool:
        """Whether the route accepts a token of the key that the issuer has rotated to."""
        rotated = CATALOGUE["clerk-rotated"]
        return self.sender.outcome(cell, self._send(cell, rotated), rotated)[0] == "admitted"

    def _flood(self, cell: Cell) -> CellVerdict:
        """Send many tokens with unknown key ids and count the requests for keys that they cause."""
        issuer = self.sender.mint.instance
        sendings = [self.sender.sequence(cell).forms(self._stops(cell))[0] for _ in range(_FLOOD)]
        before = issuer.jwks_asked
        answers = self.sender.send(cell.plan, sendings)
        asked = issuer.jwks_asked - before
        seen = f"the issuer's keys were asked for {asked} times over {_FLOOD} tokens with unknown key ids"
        forged = CATALOGUE["forged"]
        if any(self.sender.outcome(cell, answer, forged)[0] == "admitted" for answer in answers):
            return self._verdict(cell, answers[0], "breach", seen, "a token with an unknown key id was let in")
        if cell.expect == "reject" and asked >= _FLOOD // 2:
            detail = "each token with an unknown key id costs a request to the issuer"
            return self._verdict(cell, answers[0], "fault", seen, detail)
        return self._verdict(cell, answers[0], "pass", seen)

    # Answers that are remembered

    def _shared(self) -> Iterator[CellVerdict]:
        """Ask in the other order after a fresh start, where two people got the answer of the one who had asked first."""
        alice, bob = (self.sender.mint.identities[name] for name in ("alice", "bob"))
        suspected: list[tuple[Cell, Pair]] = []
        for cell in self._of("shared"):
            if (unproven := self._unproven(cell)) is not None:
                yield unproven
                continue
            before = self._both(cell, ("clerk", "clerk-other"))
            if is_suspected(before, alice, bob):
                suspected.append((cell, before))
            else:
                yield self._verdict(cell, before[1], "pass", "each is answered for himself, or all alike")
        starts = not suspected or self._starts(sorted({self.sender.lane_number(cell.plan) for cell, _ in suspected}))
        for cell, before in suspected:
            if not starts:
                seen, detail = "the app does not start anew", "nothing was asked in the other order"
                yield self._verdict(cell, before[1], "inconclusive", seen, detail)
                continue
            theirs, ours = self._both(cell, ("clerk-other", "clerk"))
            if found := remembered(before, (ours, theirs), alice, bob):
                yield self._verdict(cell, ours, "breach", found, "the answer carries another person's identity")
            else:
                yield self._verdict(cell, ours, "pass", "the same answer, whoever asks first")

    def _both(self, cell: Cell, names: tuple[str, str]) -> Pair:
        """What two people are answered, one after the other."""
        sendings = [self.sender.sequence(cell, CATALOGUE[name]).forms(False)[0] for name in names]
        first, second = (self.sender.send(cell.plan, [sending])[0] for sending in sendings)
        return first, second

    # Faults of the issuer

    def _silence(self, cell: Cell) -> CellVerdict:
        """Present what is refused while all is well once more while the Backend API answers with errors.

        A guard that asks Clerk about a token or a person must not take no answer for consent (fail closed, CWE-636).
        """
        refused = [
            c for c in self._unwelcome(cell) if self.sender.outcome(cell, self._send(cell, c), c)[0] == "refused"
        ]
        issuer, seen = self.sender.mint.instance, ""
        for status in API_FAULTS:
            issuer.api_fault = status
            try:
                for credential in refused:
                    answer = self._send(cell, credential)
                    outcome, seen = self.sender.outcome(cell, answer, credential)
                    if outcome == "admitted":
                        detail = f"{credential.name} was let in while Clerk's Backend API answered {status}"
                        return self._verdict(cell, answer, "breach", f"{credential.name}: {seen}", detail)
                    if outcome == "fault" and cell.way.kind == "opaque" and answer.status not in UNAVAILABLE:
                        detail = f"while Clerk's Backend API answered {status} the target failed instead of refusing (401, 403 or 503)"
                        return self._verdict(cell, answer, "fault", f"{credential.name}: {seen}", detail)
            finally:
                issuer.api_fault = None
        if not refused:
            return self._verdict(cell, Observation(), "inconclusive", "nothing was refused while all was well")
        return self._verdict(
            cell, answer, "pass", f"nothing that is refused got in: {', '.join(c.name for c in refused)}"
        )

    def _unwelcome(self, cell: Cell) -> list[Credential]:
        """What the policy refuses in the way of a cell: what nobody issued, and what is genuine of others than it admits."""
        fresh = [cell.credential, *tagged("without-keys"), *(c for c in CATALOGUE.values() if c.group == "opaque")]
        others = [c for c in CATALOGUE.values() if c.kind is not None and not c.placed and c.drill is None]
        pinned = [c for c in CATALOGUE.values() if c.name in cell.plan.policy.reject and c.drill is None and c.damages]
        fits = {c.name: c for c in (*fresh, *others, *pinned) if not c.damages or cell.way.kind in c.damages}
        return [c for c in fits.values() if cell.plan.expects(c, cell.way) == "reject"]

    def _fault(self, fault: JwksFault) -> Iterator[CellVerdict]:
        """Yield the verdicts of one fault; those of `heals` follow the outage."""
        cells = self._of(fault)
        healing = self._of("heals") if fault == "outage" else []
        for cell in (*cells, *healing):
            if (unproven := self._unproven(cell)) is not None:
                yield unproven
        cells = [cell for cell in cells if self._unproven(cell) is None]
        healing = [cell for cell in healing if self._unproven(cell) is None]
        if cells or healing:
            yield from self._during(fault, cells, healing)

    def _during(self, fault: JwksFault, cells: list[Cell], healing: list[Cell]) -> Iterator[CellVerdict]:
        lane = self._gather([*cells, *healing])
        issuer = self.sender.mint.instance
        starts = True
        issuer.jwks_fault = fault
        try:
            starts = self._starts([lane])
            for cell in cells:
                yield self._without_keys(cell, starts=starts)
            if starts:
                for cell in healing:  # The app must have asked for keys in vain at least once.
                    self._send(cell, self._genuine(cell))
        finally:
            issuer.jwks_fault = None
            if not starts:
                self.sender.target.renew(lane)
        for cell in healing:
            yield self._heals(cell)

    def _gather(self, cells: list[Cell]) -> int:
        """Bring the routes of cells to one lane, on which the app is started anew once for all of them; the number of the lane."""
        lane = self.sender.lane_number(cells[0].plan)
        for cell in cells:
            self.sender.lane_of[cell.plan.key] = lane
        return lane

    def _starts(self, lanes: list[int]) -> bool:
        """Start the app anew on some lanes; return whether it starts on all of them."""
        try:
            for lane in lanes:
                self.sender.target.renew(lane)
        except TargetError:
            return False
        return True

    def _without_keys(self, cell: Cell, *, starts: bool) -> CellVerdict:
        """Return the verdict of a route while the issuer's keys cannot be had. `starts`: whether the app starts without them."""
        if not starts:
            return self._verdict(cell, Observation(), "pass", "the app refuses to start without its keys")
        bad = sorted(tagged("without-keys"), key=_gravity)
        genuine = self._genuine(cell)
        rejected = [credential for credential in bad if cell.plan.expects(credential, cell.way) == "reject"]
        for credential in (*rejected, genuine):
            answer = self._send(cell, credential)
            outcome, seen = self.sender.outcome(cell, answer, credential)
            name = credential.name
            if outcome == "admitted" and credential is not genuine:
                detail = f"{name} was let in while the issuer's keys could not be had"
                return self._verdict(cell, answer, "breach", f"{name}: {seen}", detail)
            if outcome == "fault" and answer.status not in UNAVAILABLE:
                detail = "without the issuer's keys the target failed instead of refusing (401, 403 or 503)"
                return self._verdict(cell, answer, "fault", f"{name}: {seen}", detail)
        return self._verdict(cell, answer, "pass", f"nothing bad got in; a genuine token meanwhile: {seen}")

    def _heals(self, cell: Cell) -> CellVerdict:
        """Return the verdict on how soon genuine tokens are accepted again after an outage."""
        begun = time.monotonic()
        genuine = self._genuine(cell)
        while True:
            answer = self._send(cell, genuine)
            outcome, seen = self.sender.outcome(cell, answer, genuine)
            waited = time.monotonic() - begun
            if outcome in ("admitted", "failed"):
                return self._verdict(cell, answer, "pass", f"{seen}, {waited:.0f} s after the issuer was back")
            if waited > self.deadlines.heal_within:
                detail = f"genuine tokens were still kept out {waited:.0f} s after the issuer was back (settings.heal_within)"
                return self._verdict(cell, answer, "lockout", seen, detail)
            time.sleep(POLL_INTERVAL)
