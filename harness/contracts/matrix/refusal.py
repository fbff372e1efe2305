"""What a target did with a request: admitted, refused, failed, or none of these.

With a probe the question is whether the handler was entered; without one, or where the handler itself decides, the
status answers. Pure rules over observations; nothing is sent. What an answer says by itself, `harness.contracts.refusal` knows.
"""

from __future__ import annotations

import re
from typing import Literal

from harness.contracts import refusal
from harness.contracts.matrix.bypass import resembles
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import Evidence
from harness.credentials import Credential
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation

Outcome = Literal["admitted", "refused", "fault", "failed", "throttled", "unreached"]
"""`failed`: the request was let in, and then the handler failed by itself. `throttled`: neither let in nor refused."""
IN_A_MESSAGE = (
    "the websocket was accepted and waited for a message, with or without a credential: it may take its token there "
    '(declare carrier = "message" and messages = [\'{"token": "{token}"}\'])'
)

_OVERSIZE = frozenset({"huge-token", "kid-huge", "deeply-nested-json"})
"""The credentials whose header field alone is longer than what servers take."""
_CLOSED = re.compile("ConnectionResetError|ConnectionAbortedError|BrokenPipeError|RemoteDisconnected")
"""What a client sees of a connection that was closed without an answer; another error is the app's own."""


def outcome_of(observation: Observation, state: RouteState, credential: Credential) -> tuple[Outcome, Evidence, str]:
    """What the target did, by what evidence, and in words."""
    if observation.untried:
        return "unreached", "none", "not tried"
    if kept_by_the_server(observation, credential):
        return "refused", "websocket", "by the server, which does not hand such a handshake to the app"
    if observation.hung:
        where = f", stuck in {observation.error}" if observation.error else ""
        return "fault", "process", f"no answer within the time limit ({observation.micros / 1e6:g} s){where}"
    if observation.died:
        how = f" ({observation.error})" if observation.error else ""
        return "fault", "process", f"the target's process ended{how}"
    if observation.stopped and state.in_a_message:
        return "unreached", "websocket", IN_A_MESSAGE
    if observation.stopped:
        return "admitted", "probe", "the handler was entered (and stopped at the door)"
    if observation.elsewhere:
        return "unreached", "probe", "another route's handler answered"
    if observation.websocket is not None:
        return _websocket_outcome(observation, state, credential)
    return _http_outcome(observation, state, credential)


def kept_by_the_server(observation: Observation, credential: Credential) -> bool:
    """Whether a server would not take a websocket's handshake for its size or its bytes; it may not even answer."""
    facts = observation.websocket
    if facts is None or facts.accepted or not credential.unsendable or observation.entered is not None:
        return False
    return observation.hung or observation.status in refusal.SERVER_REFUSES or bool(observation.error)


def closed_by_the_server(observation: Observation, credential: Credential) -> bool:
    """Whether a server closed the connection over a head longer than it takes.

    RFC 6585 section 5 has 431 for it, but Java's own server only closes, and where a server closes with the rest of the head
    unread, as Node's does, its answer may be lost on the way (RFC 9112 section 9.6). A process that ended is another matter.
    """
    if credential.name not in _OVERSIZE or observation.status is not None or observation.entered:
        return False
    return _CLOSED.match(observation.error or "") is not None and not (observation.hung or observation.died)


def is_throttled(observation: Observation, refusing: list[int]) -> bool:
    """Whether a limiter answered; a handler that was entered answers for itself."""
    return not observation.entered and refusal.is_throttled(observation, refusing)


def _http_outcome(observation: Observation, state: RouteState, credential: Credential) -> tuple[Outcome, Evidence, str]:
    status, entered = observation.status, observation.entered
    refusing = state.plan.policy.refusing(credential)
    if is_throttled(observation, refusing):
        wait = observation.header("retry-after")
        return "throttled", "status", f"{status}{f', Retry-After: {wait}' if wait else ''} (throttled)"
    if closed_by_the_server(observation, credential):
        return (
            "refused",
            "process",
            f"by the server, which closed the connection over so long a head: {observation.error}",
        )
    if status is None or status >= 500:
        reason = f": {observation.error}" if observation.error else ""
        seen = f"{status or 'no answer'}{reason}"
        if entered and state.guard != "handler" and status in refusal.UNAVAILABLE:
            # What the handler needs is not reachable, as most of the world is not from here: that is its answer.
            return "admitted", "probe", f"{status}, the handler was entered"
        if entered and decided(observation, state):
            return "failed", "probe", f"{seen}, the handler was entered"
        if entered is None and state.open and status is not None:
            return "failed", "status", seen
        return "fault", "status" if status else "process", seen
    if refusal.refuses_by_status(observation, refusing):
        known = "entered" if entered else "not entered" if entered is False else "not watched"
        return "refused", "probe" if entered is False else "status", f"{status}, the handler was {known}"
    if not (entered and state.guard == "door"):
        said = refusal.said_in_body(observation.body) if refusal.is_success(observation) else None
        if said == "refused":
            return "refused", "status", f"{status}, and in it the word that refuses, without data"
        if said == "failed" and not (entered and state.guard is None):
            return "unreached", "status", f"{status}, and in it errors without data"
    if entered:
        return "admitted", "probe", f"{status}, the handler was entered"
    if refusal.is_success(observation):
        unseen = ", though the probe did not see the handler" if entered is False else ""
        return "admitted", "status", f"{status}{unseen}"
    if entered is None and status in refusal.SERVER_REFUSES and credential.unsendable:
        return "refused", "status", f"{status} by the server, which does not hand such a request to the app"
    if entered is None and state.refuses and credential.authentic:
        # The same request is refused by status with a bad credential: this one got past that decision.
        return "admitted", "status", f"{status}, past the decision that refuses a bad credential"
    return "unreached", "probe" if entered is False else "status", f"{status} {_why_unreached(status)}".rstrip()


def decided(observation: Observation, state: RouteState) -> bool:
    """Whether a request whose handler was entered had been let in: at the door, or by a function that consented inside."""
    if state.open or state.guard != "handler":
        return True
    return any(good and phase == 1 and (name, good) not in state.always for name, good, phase in observation.ran)


def _why_unreached(status: int) -> str:
    return {
        400: "(bad request before the decision)",
        404: "(not found)",
        405: "(method not allowed)",
        415: "(unsupported media type)",
        422: "(the request did not pass validation)",
    }.get(status, "(redirected)" if 300 <= status < 400 else "")


def _websocket_outcome(
    observation: Observation, state: RouteState, credential: Credential
) -> tuple[Outcome, Evidence, str]:
    facts = observation.websocket or WebsocketFacts()
    status, close = observation.status, facts.close
    if status is not None and not facts.accepted:
        if is_throttled(observation, state.plan.policy.refusing(credential)):
            return "throttled", "websocket", f"handshake answered {status} (throttled)"
        if status >= 500:
            return "fault", "websocket", f"handshake answered {status}"
        if status in state.plan.policy.refusing(credential):
            return "refused", "websocket", f"handshake answered {status}"
        return "unreached", "websocket", f"handshake answered {status}"
    if facts.accepted:
        return _accepted_outcome(observation, state)
    if close is not None:
        return "refused", "websocket", f"closed with {close} before it was accepted (403 to a browser)"
    if observation.error:
        return "fault", "websocket", observation.error
    if observation.entered:
        return "admitted", "probe", "the handler was entered"
    return "unreached", "websocket", "neither accepted nor closed"


def _accepted_outcome(observation: Observation, state: RouteState) -> tuple[Outcome, Evidence, str]:
    """A websocket whose handshake was accepted: what came then tells, where the token comes in a message."""
    facts = observation.websocket or WebsocketFacts()
    close, sent = facts.close, facts.sent
    if "message" in state.plan.carriers:
        if close in refusal.REFUSING_CLOSES:
            return "refused", "websocket", f"closed with {close} after the message with the token"
        genuine = state.genuine
        theirs = (
            (genuine.websocket or WebsocketFacts()).sent if genuine is not None and genuine is not observation else 0
        )
        if genuine is not None and theirs:
            # A greeting may come before the token; the genuine one gets more, or something else.
            if (sent or 0) < theirs:
                return "refused", "websocket", f"fewer messages ({sent or 0}) than a genuine token gets ({theirs})"
            if not resembles(Observation(200, body=observation.body), Observation(200, body=genuine.body)):
                return "refused", "websocket", f"answered otherwise than a genuine token: {observation.body[:80]!r}"
        if close == 1011 or (observation.error and not facts.left):
            return "fault", "websocket", f"closed with {close}" if close else str(observation.error)
        return "admitted", "websocket", "the message with the token was taken"
    if close in refusal.REFUSING_CLOSES and not sent:
        if state.in_a_message:
            return "unreached", "websocket", IN_A_MESSAGE
        return "refused", "websocket", f"accepted, then closed with {close} before anything was sent"
    if state.in_a_message and not sent:
        return "unreached", "websocket", IN_A_MESSAGE
    if close == 1011 or (observation.error and not facts.left):
        return "fault", "websocket", f"closed with {close}" if close else str(observation.error)
    return "admitted", "websocket", "the handshake was accepted"


def need_not_be_reached(cell: Cell, observation: Observation) -> bool:
    """Return whether a request need not reach the decision.

    The row that it names is not there for this person, who has none; or a field that the source names made another question of it
    (its method, its host), and the handler was not entered.
    """
    owners, who = cell.plan.owners, cell.credential.identity
    if cell.expect == "accept":
        return owners is not None and who not in ("alice", *owners.rows) and observation.status == 404
    return cell.credential.learned and observation.entered is False


def example_hint(plan: RoutePlan) -> str:
    """Return the line that shows how to call a route."""
    return f'show how to call it: "{plan.key}" = {{ policy = "{plan.policy_name}", path = {{ … }}, query = {{ … }}, json = {{ … }} }}'


def message_hint(plan: RoutePlan) -> str:
    """Return the line by which a websocket takes its token in a message."""
    return (
        f'"{plan.key}" = {{ policy = "{plan.policy_name}", carrier = "message", messages = [\'{{"token": "{{token}}"}}\'] }}, '
        "as your front end writes it; without messages the route is named as not examined"
    )
