"""The judge: from an observation to a verdict. Knows rules, sends nothing.

With a probe the question is whether the handler was entered; without one, or where the handler itself decides, the
status answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from harness.credentials import Credential
from harness.matrix.bent import failed, reached
from harness.matrix.leak import leak_in, text_of
from harness.matrix.plan import Cell, Expectation, RoutePlan
from harness.matrix.verdicts import FAILURES, CellVerdict, Evidence, Kind
from harness.redact import redact
from harness.targets.base import Observation

Outcome = Literal["admitted", "refused", "fault", "unreached"]
# RFC 6455 section 7.4.1 (1008: policy violation); private codes that real backends use for 401 and 403.
_REFUSING_CLOSES = {1008, 3000, 3003, 4001, 4003, 4401, 4403}
_SERVER_REFUSES = {400, 413, 414, 431}
"""What an HTTP server answers to a request that it will not hand to the app."""


@dataclass
class RouteState:
    """What is known of a route so far: whether it admits, how it refuses, where it decides."""

    plan: RoutePlan
    guard: Literal["door", "handler"] | None = None
    admitted: bool = False
    refusals: dict[str, Observation] = field(default_factory=dict)
    """Refusals that the others are compared with, by credential."""
    refuses: bool = False
    genuine: Observation | None = None
    """The answer to the credential by which the route shows that it admits."""
    controls: dict[str, list[Observation]] = field(default_factory=dict)
    """Answers to bent requests for a path that nothing serves."""

    def learn_refusal(self, name: str, observation: Observation) -> None:
        """A bad credential was refused like this."""
        self.refuses = self.refuses or name != "missing"
        self.refusals[name] = observation


class Mechanisms:
    """Which authentication functions belong to which mechanism.

    `declared`: the patterns are the user's own, so a request in which none of their functions consented is a finding;
    where they are guessed from names, only the consent of another mechanism is.
    """

    def __init__(self, patterns: dict[str, list[str]], functions: list[str], *, declared: bool = True) -> None:
        self._of: dict[str, str] = {}
        self.declared = declared
        for function in functions:
            spelled = function if declared else function.lower()
            for mechanism, names in patterns.items():
                if any(fnmatchcase(spelled, name) for name in names):
                    self._of[function] = mechanism
                    break

    def known(self, mechanism: str) -> bool:
        """Whether any function of the target belongs to it."""
        return mechanism in self._of.values()

    def of(self, observation: Observation) -> tuple[str, ...]:
        """The mechanisms that gave their consent to this request: a function of theirs returned something true."""
        return tuple(dict.fromkeys(self._of[name] for name, good, _ in observation.ran if good and name in self._of))

    def silent(self, observation: Observation) -> tuple[str, ...]:
        """The mechanisms of which a function came to its end and returned nothing, as checks do that raise to refuse."""
        return tuple(
            dict.fromkeys(self._of[name] for name, good, _ in observation.ran if not good and name in self._of)
        )


_ROTATED_HINT = "a PEM in CLERK_JWT_KEY cannot follow a rotation; if production has none, give --env CLERK_JWT_KEY="


def decides_inside(observation: Observation) -> bool:
    """Whether authentication ran inside the handler and not before it."""
    before = any(good for _, good, after in observation.ran if not after)
    return not before and any(after for _, _, after in observation.ran)


def outcome_of(observation: Observation, state: RouteState, credential: Credential) -> tuple[Outcome, Evidence, str]:
    """What the target did, by what evidence, and in words."""
    if _kept_by_the_server(observation, credential):
        return "refused", "websocket", "by the server, which does not hand such a handshake to the app"
    if observation.hung:
        where = f", stuck in {observation.error}" if observation.error else ""
        return "fault", "process", f"no answer within the time limit ({observation.micros / 1e6:g} s){where}"
    if observation.died:
        return "fault", "process", "the target's process ended"
    if observation.stopped:
        return "admitted", "probe", "the handler was entered (and stopped at the door)"
    if observation.elsewhere:
        return "unreached", "probe", "another route's handler answered"
    if observation.websocket is not None:
        return _websocket_outcome(observation, state, credential)
    return _http_outcome(observation, state, credential)


def _kept_by_the_server(observation: Observation, credential: Credential) -> bool:
    """Whether a server would not take a websocket's handshake for its size or its bytes; it may not even answer."""
    facts = observation.websocket
    if facts is None or facts.get("accepted") or not credential.unsendable or observation.entered is not None:
        return False
    return observation.hung or observation.status in _SERVER_REFUSES or bool(observation.error)


def _http_outcome(observation: Observation, state: RouteState, credential: Credential) -> tuple[Outcome, Evidence, str]:
    status = observation.status
    if status is None or (status >= 500 and not observation.stopped):
        told = f": {observation.error}" if observation.error else ""
        return "fault", "status" if status else "process", f"{status or 'no answer'}{told}"
    entered = observation.entered
    if status in state.plan.policy.refusing(credential) or _sends_to_sign_in(observation):
        return (
            "refused",
            "probe" if entered is False else "status",
            f"{status}, the handler was {'entered' if entered else 'not entered' if entered is False else 'not watched'}",
        )
    if entered:
        return "admitted", "probe", f"{status}, the handler was entered"
    if 200 <= status < 300:
        return (
            "admitted",
            "status",
            f"{status}" + (", though the probe did not see the handler" if entered is False else ""),
        )
    if entered is None and status in _SERVER_REFUSES and credential.unsendable:
        return "refused", "status", f"{status} by the server, which does not hand such a request to the app"
    if entered is None and state.refuses and credential.authentic:
        # The same request is refused by status with a bad credential: this one got past that decision.
        return "admitted", "status", f"{status}, past the decision that refuses a bad credential"
    return "unreached", "probe" if entered is False else "status", f"{status} {_why_unreached(status)}"


def _why_unreached(status: int) -> str:
    return {
        400: "(bad request before the decision)",
        404: "(not found)",
        405: "(method not allowed)",
        415: "(unsupported media type)",
        422: "(the request did not pass validation)",
    }.get(status, "(redirected)" if 300 <= status < 400 else "")


_SIGN_IN = re.compile(r"(?:sign|log)[-_]?(?:in|on)\b|/auth\b|accounts\.dev|/handshake", re.IGNORECASE)


def _sends_to_sign_in(observation: Observation) -> bool:
    """A redirect to a page where people sign in is how sites refuse browsers."""
    return observation.status in (302, 303, 307) and bool(_SIGN_IN.search(observation.header("location") or ""))


def _websocket_outcome(
    observation: Observation, state: RouteState, credential: Credential
) -> tuple[Outcome, Evidence, str]:
    facts = observation.websocket or {}
    status, close = observation.status, facts.get("close")
    if status is not None and not facts.get("accepted"):
        if status >= 500:
            return "fault", "websocket", f"handshake answered {status}"
        if status in state.plan.policy.refusing(credential):
            return "refused", "websocket", f"handshake answered {status}"
        return "unreached", "websocket", f"handshake answered {status}"
    if facts.get("accepted"):
        if close in _REFUSING_CLOSES and not facts.get("sent"):
            return "refused", "websocket", f"accepted, then closed with {close} before anything was sent"
        if close == 1011 or (observation.error and not facts.get("left")):
            return "fault", "websocket", f"closed with {close}" if close else str(observation.error)
        return "admitted", "websocket", "the handshake was accepted"
    if close is not None:
        return "refused", "websocket", f"closed with {close} before it was accepted (403 to a browser)"
    if observation.error:
        return "fault", "websocket", observation.error
    if observation.entered:
        return "admitted", "probe", "the handler was entered"
    return "unreached", "websocket", "neither accepted nor closed"


class Judge:
    """Judges cells of one run."""

    def __init__(self, mechanisms: Mechanisms, *, probed: bool) -> None:
        self.mechanisms = mechanisms
        self.probed = probed

    def judge(self, cell: Cell, observations: list[Observation], state: RouteState) -> CellVerdict:
        """The verdict of a cell: the gravest, where the credential has several forms.

        `state` must know of the route's admissions before its refusals are judged.
        """
        controls = state.controls.get(cell.credential.name, [])
        found = [
            self._judge(cell, answer, state, controls[number] if number < len(controls) else None)
            for number, answer in enumerate(observations)
        ]
        return min(found, key=lambda v: FAILURES.index(v.verdict) if v.failed else len(FAILURES))

    def _judge(
        self, cell: Cell, observation: Observation, state: RouteState, control: Observation | None
    ) -> CellVerdict:
        outcome, evidence, seen = outcome_of(observation, state, cell.credential)
        mechanism = self.mechanisms.of(observation)
        if not mechanism and outcome == "admitted" and cell.expect != "reject":
            mechanism = self.mechanisms.silent(observation)
        if observation.lured:
            evidence = "listener"
        if cell.credential.bent:
            verdict, detail, hint = _bent_rule(cell, observation, state, control)
        else:
            verdict, detail, hint = self._rule(cell, outcome, observation, state, mechanism)
        return CellVerdict(
            router=cell.plan.router,
            route=cell.plan.key,
            policy=cell.plan.policy_name,
            credential=cell.credential.name,
            group=cell.credential.group,
            expected=cell.expect,
            verdict=verdict,
            evidence=evidence,
            seen=redact(seen) if verdict != "pass" else seen,
            detail=redact(detail) if detail else "",
            status=observation.status,
            mechanism=mechanism,
            ran=tuple(name for name, good, _ in observation.ran if good),
            micros=observation.micros,
            excerpt=redact(text_of(observation)[:600])[:300] if verdict != "pass" else "",
            hint=hint,
        )

    def _rule(
        self, cell: Cell, outcome: Outcome, observation: Observation, state: RouteState, mechanism: tuple[str, ...]
    ) -> tuple[Kind, str, str]:
        expect, plan = cell.expect, cell.plan
        if observation.lured:
            return "breach", "the target fetched an address that the token names: it can be sent anywhere (SSRF)", ""
        if observation.crossed:
            return "breach", f"the answer carries another person's identity: {observation.crossed}", ""
        if outcome == "fault":
            return "fault", "the target failed instead of deciding", ""
        if outcome == "unreached":
            if expect == "tolerate":
                return "pass", "", ""
            return "inconclusive", "the request never reached the decision", _example_hint(plan)
        if outcome == "admitted":
            return self._admitted(expect, plan, mechanism, state)
        if (
            expect == "accept"
            and observation.entered
            and cell.credential.identity != "alice"
            and state.guard != "handler"
        ):
            return "pass", "", ""  # Past authentication; the row of the example is somebody else's.
        if expect == "accept" and cell.credential.unsendable and observation.entered is None:
            return "pass", "", ""  # The server's word, not the route's: it hands such a request to nobody.
        if expect == "accept":
            hint = _ROTATED_HINT if cell.credential.name == "clerk-rotated" else ""
            return "lockout", "the policy admits this credential, the target refused it", hint
        if observation.wrote and observation.entered and not cell.credential.authentic:
            return "breach", "refused, but only after the handler had written to the database", ""
        leak = leak_in(observation, cell.credential, state.refusals)
        if leak is not None:
            return "leak", leak, ""
        if expect == "reject" and not state.admitted and plan.policy.accept:
            return (
                "inconclusive",
                "refused, but the route has not shown that it admits anybody: this refusal proves nothing",
                _example_hint(plan),
            )
        return "pass", "", ""

    def _admitted(
        self, expect: Expectation, plan: RoutePlan, mechanism: tuple[str, ...], state: RouteState
    ) -> tuple[Kind, str, str]:
        if expect == "reject":
            by = f" by {' and '.join(mechanism)}" if mechanism else ""
            hint = ""
            if self.probed and not mechanism and state.guard != "handler":
                hint = 'if this route decides inside its handler, declare guard = "handler"'
            return "breach", f"must be rejected, was let in{by}", hint
        wanted = plan.policy.mechanism
        judged = self.probed and any(self.mechanisms.known(name) for name in wanted)
        if judged and not set(wanted) & set(mechanism) and (mechanism or self.mechanisms.declared):
            by = " and ".join(mechanism) if mechanism else "no known mechanism"
            return "mixed", f"let in by {by}; the policy names {' or '.join(wanted)}", ""
        return "pass", "", ""


def _bent_rule(
    cell: Cell, observation: Observation, state: RouteState, control: Observation | None
) -> tuple[Kind, str, str]:
    """A bent request may be answered with anything but the handler's answer."""
    if failed(observation):
        return "fault", "the target failed over a bent request", ""
    if cell.expect != "reject":
        return "pass", "", ""
    how = reached(observation, state.genuine, control, inside=state.guard == "handler")
    if how is not None:
        return "breach", f"without any credential, {how}", ""
    leak = leak_in(observation, cell.credential, state.refusals)
    return ("leak", leak, "") if leak is not None else ("pass", "", "")


def _example_hint(plan: RoutePlan) -> str:
    return f'show how to call it: "{plan.key}" = {{ policy = "{plan.policy_name}", path = {{ … }}, query = {{ … }}, json = {{ … }} }}'
