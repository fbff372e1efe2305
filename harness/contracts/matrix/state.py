"""What a run has learned of one route: whom it admits in each way, how it refuses, where it decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.contracts.matrix.factory import Sequence
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.ways import Way
from harness.credentials import Credential
from harness.targets.base import Observation

Fingerprint = tuple[int | None, tuple[tuple[str, bool, int], ...], bool]
"""How a credential was answered: the status, the functions that ran with their results, whether the handler was reached."""


@dataclass
class Twin:
    """The undamaged twin of the bad credentials in one way: the genuine credential of which they are made, and its answer.

    `seen`: the outcome in words.
    """

    credential: Credential
    admitted: bool
    seen: str
    observation: Observation


@dataclass
class RouteState:
    """What is known of a route so far."""

    plan: RoutePlan
    guard: Literal["door", "handler"] | None = None
    twins: dict[str, Twin] = field(default_factory=dict)
    """The twins by the label of their way; that of the usual way is empty."""
    refusals: dict[str, dict[str, Observation]] = field(default_factory=dict)
    """The refusals with which the others are compared: by the label of the way, then by credential."""
    refuses: bool = False
    """Whether a bad credential was refused."""
    always: frozenset[tuple[str, bool]] = frozenset()
    """Functions that end for a request without any credential too, and whether they returned something true. That they end
    proves nothing.
    """
    anonymous: list[Observation] = field(default_factory=list)
    """Answers to a request without any credential, where such requests may enter."""
    controls: dict[str, list[Observation]] = field(default_factory=dict)
    """Answers to bypass requests for a path that nothing serves, by the label of the cell."""
    brittle: bool = False
    """Whether a token of an issuer whose clock is a little ahead is refused where no policy decides."""
    expiring: list[tuple[Cell, Sequence, float]] = field(default_factory=list)
    """Tokens that were presented seconds before their expiry, and the monotonic time of that; the drill presents them again."""
    withdrawn: list[tuple[Cell, Sequence]] = field(default_factory=list)
    """Tokens of keys that are published and will be withdrawn."""
    cut_off: str = ""
    """Why nothing more is sent to the route; empty while something is."""
    fingerprints: dict[str, Fingerprint] = field(default_factory=dict)
    """How it refused the credentials that every route is sent, by the label of the cell."""
    in_a_message: bool = False
    """Whether it is a websocket that seems to wait for its token in a message, though no policy declares that."""

    @property
    def open(self) -> bool:
        """Whether everybody may enter."""
        return "*" in self.plan.policy.accept

    @property
    def genuine(self) -> Observation | None:
        """The answer to the genuine credential of the usual way."""
        twin = self.twins.get("")
        return twin.observation if twin is not None else None

    @property
    def admitted(self) -> bool:
        """Whether a genuine credential was admitted in any way."""
        return any(twin.admitted for twin in self.twins.values())

    @property
    def stops(self) -> bool:
        """Whether the probe may stop requests at the handler's door; not where the handler's own answer is needed."""
        return self.guard != "handler" and not self.plan.policy.optional

    def kept_out(self, way: Way) -> str | None:
        """Return the outcome of a way's twin in words where it was not admitted, or nothing more is sent; None where it was."""
        if self.cut_off:
            return self.cut_off
        twin = self.twins.get(way.label)
        if twin is None:
            return "it was not tried"
        return None if twin.admitted else twin.seen

    def twin_of(self, way: Way) -> Twin | None:
        """Return the undamaged twin of a way; None where it was not tried."""
        return self.twins.get(way.label)

    def base_in(self, way: Way) -> Credential:
        """Return the genuine credential that the route really admits in a way; the usual one where it admits none."""
        twin = self.twins.get(way.label)
        return twin.credential if twin is not None else way.base

    def learn_refusal(self, way: Way, name: str, observation: Observation) -> None:
        """Keep how a bad credential was refused."""
        self.refuses = self.refuses or name != "missing"
        self.refusals.setdefault(way.label, {})[name] = observation


def ended(answer: Observation) -> frozenset[tuple[str, bool]]:
    """Return the functions that ended before the handler did, and whether each returned something true."""
    return frozenset((name, good) for name, good, phase in answer.ran if phase < 2)


def decides_inside(observation: Observation, always: frozenset[tuple[str, bool]] = frozenset()) -> bool:
    """Whether authentication ran inside the handler and not before it.

    What ended after the handler only wraps the request, and what does the same for everybody (`always`) decides nothing.
    """
    ran = [(good, phase) for name, good, phase in observation.ran if (name, good) not in always]
    return not any(good and phase == 0 for good, phase in ran) and any(phase == 1 for _, phase in ran)


def fingerprints(answers: dict[Cell, list[Observation]]) -> dict[str, Fingerprint]:
    """What two routes with the same guard must have in common: how each refused what every route is sent, all forms together."""
    return {
        cell.label: (
            some[0].status,
            tuple(each for answer in some for each in answer.ran),
            any(answer.entered is not False for answer in some),
        )
        for cell, some in answers.items()
        if cell.credential.sentinel and cell.expect == "reject" and not cell.credential.bypass
    }
