"""When a route is cut off: it brings the target down each time, and each time costs a start of the app or a whole time limit.

A request brings the target down when its process ends, or when nothing is answered within the time limit. What counts is what
happens with different credentials: one that is too much for a verifier (a huge token, say) is a fault of that cell, and the
others go on. So a route is cut off after three credentials in a row, none of which got a better end; in a row, for whatever was
answered in between shows that it is not each time. A refusal shows nothing of a handler that has never worked, and is passed
over. Three of one kind may have one cause: unless a genuine credential is among them, they must be of two groups, or be many.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.contracts.matrix.factory import Sending
from harness.contracts.matrix.refusal import kept_by_the_server
from harness.contracts.refusal import is_admission
from harness.credentials import Credential
from harness.targets.base import Observation

_TIMES = 3
_OF_ONE_GROUP = 10
"""So many credentials of one group are enough."""


@dataclass
class _Fall:
    """One request that brought the target down."""

    label: str
    credential: Credential
    stop: bool
    how: str


@dataclass
class CutOff:
    """What is known of one route. `reason`: why nothing more is sent to it; empty while something is."""

    reason: str = ""
    _row: list[_Fall] = field(default_factory=list)
    _works: bool = False
    """Whether the handler was seen at work."""
    _falls_of: dict[str, int] = field(default_factory=dict)
    """How often each cell has brought the target down, in a row."""

    @property
    def last(self) -> str:
        """What brought the target down last, and how; the empty text where nothing did, or something was answered since."""
        return f"{self._row[-1].label} {self._row[-1].how}" if self._row else ""

    def why_not(self, sending: Sending) -> str:
        """Return why a request is not to be sent; the empty text where it is."""
        if self.reason:
            return self.reason
        if self._falls_of.get(sending.sequence.label, 0) >= _TIMES:
            return f"{sending.sequence.label} brought the target down {_TIMES} times: it was not sent again"
        return ""

    def see(self, sending: Sending, answer: Observation) -> None:
        """Take what came of a request."""
        credential, label = sending.sequence.credential, sending.sequence.label
        how = brought_down(answer, credential)
        if not how:
            self._falls_of.pop(label, None)
            self._survived(answer)
            return
        self._falls_of[label] = self._falls_of.get(label, 0) + 1
        self._row = [fall for fall in self._row if fall.label != label]
        self._row.append(_Fall(label, credential, sending.stop, how))
        groups = {fall.credential.group for fall in self._row}
        varied = len(groups) > 1 or any(fall.credential.authentic for fall in self._row)
        if len(self._row) >= (_TIMES if varied else _OF_ONE_GROUP):
            *first, last = [fall.label for fall in self._row]
            hows = ", ".join(dict.fromkeys(fall.how for fall in self._row))
            self.reason = (
                f"the route {hows} {len(self._row)} times in a row, with {', '.join(first)} and {last}: "
                "its other cells were not tried"
            )

    def _survived(self, answer: Observation) -> None:
        entered = answer.entered and not answer.stopped
        facts = answer.websocket
        if entered or (answer.entered is None and (is_admission(answer) or (facts is not None and facts.accepted))):
            self._works = True
        if self._works:
            self._row = []
        else:
            self._row = [fall for fall in self._row if not fall.stop]


def brought_down(answer: Observation, credential: Credential) -> str:
    """Return in words how a request brought the target down; the empty text where it did not.

    Without a probe an answer that breaks off before its status is one of a process, or of a worker, that ended.
    """
    if kept_by_the_server(answer, credential) or answer.untried:
        return ""
    if answer.died:
        return f"crashed ({answer.error})" if answer.error else "crashed"
    if answer.hung:
        return "hung"
    silent = answer.entered is None and answer.status is None and answer.error
    accepted = answer.websocket is not None and answer.websocket.accepted
    return f"gave no answer ({answer.error})" if silent and not accepted and not credential.unsendable else ""
