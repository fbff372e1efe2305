"""Judges the answer to a cell. Rules only: nothing is sent.

A refusal counts only beside its undamaged twin: the genuine credential of which the bad one was made must have been admitted by
the same route, with the same request, in the same way and run. What a refusal is, `refusal` decides.
"""

from __future__ import annotations

from harness.contracts.matrix.bypass import bypass_failed, find_bypass
from harness.contracts.matrix.cors import preflight
from harness.contracts.matrix.leak import excerpt_of, leak_in, steady, text_of
from harness.contracts.matrix.mechanisms import Mechanisms
from harness.contracts.matrix.objects import Tried, judge_object
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.refusal import Outcome, example_hint, message_hint, need_not_be_reached, outcome_of
from harness.contracts.matrix.state import RouteState, Twin
from harness.contracts.matrix.verdicts import FAILURES, CellVerdict, Evidence, Kind
from harness.contracts.refusal import is_success, said_in_body
from harness.core.redact import redact
from harness.core.text import many
from harness.credentials.attackers import needs_of
from harness.targets.base import Observation

_ROTATED_HINT = (
    "keys that are fetched must be fetched again when a token names one that is not known; a PEM in CLERK_JWT_KEY cannot "
    "follow a rotation (if production has none, give --env CLERK_JWT_KEY=); [settings] rotate_within says how long it may take"
)
_CLOSED_HINT = (
    "if nobody is to enter, a person must say so: closed = true in the policy; else name who may enter in accept"
)


class Judge:
    """Judges the cells of one run.

    `probed` and `sees_inside`: see `Target`. `strict`: what only the issuer could sign is a breach as well.
    """

    def __init__(self, mechanisms: Mechanisms, *, probed: bool, sees_inside: bool = True, strict: bool = False) -> None:
        self.mechanisms = mechanisms
        self.probed = probed
        self.sees_inside = sees_inside
        self.strict = strict

    def judge(self, cell: Cell, observations: list[Observation], state: RouteState) -> CellVerdict:
        """Return the gravest verdict of a cell's forms. `state` must have the twins of the route before refusals are judged."""
        controls = state.controls.get(cell.label, [])
        found = [
            self._judge(cell, answer, state, controls[number] if number < len(controls) else None)
            for number, answer in enumerate(observations)
        ]
        gravest = min(found, key=_gravity)
        forms = [answer.form for answer, one in zip(observations, found, strict=True) if one.verdict == gravest.verdict]
        if gravest.verdict != "pass" and gravest.evidence != "none" and (shown := _forms(forms)):
            gravest.detail = f"{gravest.detail}; in this form: {shown}"
        return gravest

    def _judge(
        self, cell: Cell, observation: Observation, state: RouteState, control: Observation | None
    ) -> CellVerdict:
        outcome, evidence, seen = outcome_of(observation, state, cell.credential)
        mechanism = self.mechanisms.of(observation, state.always)
        if not mechanism and outcome in ("admitted", "failed") and cell.expect != "reject":
            mechanism = self.mechanisms.silent(observation, state.always)
        if observation.canary_fetched:
            evidence = "listener"
        verdict: Kind
        if observation.untried:
            verdict, detail, hint = "inconclusive", observation.untried, ""
        elif cell.credential.browser:
            verdict, detail, hint = preflight(cell, observation)
        elif cell.credential.bypass:
            verdict, detail, hint = _bypass_rule(cell, observation, state, control)
        else:
            verdict, detail, hint = self._rule(cell, outcome, observation, state, mechanism)
        if verdict == "pass" and cell.expect == "reject":
            verdict, detail, hint = _proven(cell, state)
        if verdict in _HARMLESS and not self.strict and only_the_issuer(cell):
            verdict, hint = "hardening", hint or _HARDENING_HINT
        twin = state.twin_of(cell.way)
        return CellVerdict(
            router=cell.plan.router,
            route=cell.plan.key,
            policy=cell.plan.policy_name,
            credential=cell.label,
            group=cell.credential.group,
            expected=cell.expect,
            verdict=verdict,
            evidence=evidence,
            seen=redact(seen) if verdict != "pass" or outcome == "failed" else seen,
            detail=redact(detail) if detail else "",
            status=None if observation.stopped else observation.status,
            mechanism=mechanism,
            ran=tuple(name for name, good, _ in observation.ran if good),
            micros=observation.micros,
            excerpt=excerpt_of(observation) if verdict != "pass" else "",
            hint=hint,
            needs=needs_of(cell.credential, cell.way.kind) if cell.expect == "reject" else "",
            twin=twin.credential.name if twin is not None and twin.admitted and cell.expect == "reject" else "",
        )

    def of_object(self, tried: Tried) -> CellVerdict:
        """Return the verdict of a person on a row."""
        cell, answer = tried.cell, tried.answer
        verdict, detail, hint = judge_object(tried)
        seen = (
            "not tried" if answer.untried else f"{answer.status}{', the handler was entered' if answer.entered else ''}"
        )
        return CellVerdict(
            cell.plan.router, cell.plan.key, cell.plan.policy_name, cell.label, cell.credential.group, cell.expect, verdict,
            "probe" if answer.entered is not None else "status", seen, redact(detail),
            status=None if answer.stopped else answer.status,
            micros=answer.micros, excerpt=excerpt_of(answer) if verdict != "pass" else "", hint=hint,
            needs=needs_of(cell.credential, cell.way.kind) if cell.expect == "reject" else "",
        )  # fmt: skip

    def route_verdicts(self, state: RouteState, answers: dict[Cell, list[Observation]]) -> list[CellVerdict]:
        """Return the findings about the route as such: one where its handler failed after it was decided who may enter."""
        failures: list[tuple[Cell, Observation, Evidence, str]] = []
        for cell, some in answers.items():
            if cell.credential.bypass or cell.expect == "reject":
                continue
            for answer in some:
                outcome, evidence, seen = outcome_of(answer, state, cell.credential)
                if outcome == "failed":
                    failures.append((cell, answer, evidence, seen))
        if not failures:
            return []
        _, answer, evidence, seen = failures[0]
        plan = state.plan
        who = ", ".join(dict.fromkeys(one.label for one, *_ in failures[:6]))
        detail = (
            f"the handler itself failed; who may enter had been decided ({many(len(failures), 'request')}: {who}"
            f"{' …' if len(failures) > 6 else ''})"
        )
        return [
            CellVerdict(
                plan.router, plan.key, plan.policy_name, "", "", "", "handler-error", evidence, redact(seen), redact(detail),
                status=answer.status, excerpt=excerpt_of(answer), micros=answer.micros,
                hint="give the request what the handler needs (path, query, json), or mend the handler",
            )
        ]  # fmt: skip

    def _rule(
        self, cell: Cell, outcome: Outcome, observation: Observation, state: RouteState, mechanism: tuple[str, ...]
    ) -> tuple[Kind, str, str]:
        expect, plan = cell.expect, cell.plan
        if observation.canary_fetched:
            return "breach", "the target fetched an address that the token names: it can be sent anywhere (SSRF)", ""
        if observation.cross_user_leak:
            return "breach", f"the answer carries another person's identity: {observation.cross_user_leak}", ""
        if outcome == "throttled":
            detail = "throttled: the target answers that it is asked too often, which is neither admission nor refusal"
            return ("pass", "", "") if expect == "tolerate" else ("inconclusive", detail, _THROTTLED_HINT)
        if outcome == "fault":
            return "fault", "the target failed instead of deciding", ""
        if outcome == "failed" and expect == "reject":
            return "fault", "the handler was entered and failed: it did not refuse", ""
        if outcome == "failed":
            return self._admitted(cell, observation, state, mechanism)
        if outcome == "unreached":
            if expect == "tolerate" or need_not_be_reached(cell, observation):
                return "pass", "", ""
            if observation.websocket is not None and state.in_a_message:
                return "inconclusive", "where this websocket takes its token is not declared", message_hint(plan)
            return "inconclusive", "the request never reached the decision", example_hint(plan)
        if outcome == "admitted":
            return self._admitted(cell, observation, state, mechanism)
        return self._refused(cell, observation, state)

    def _refused(self, cell: Cell, observation: Observation, state: RouteState) -> tuple[Kind, str, str]:
        expect = cell.expect
        if (
            expect == "accept"
            and observation.entered
            and cell.credential.identity != "alice"
            and state.guard != "handler"
        ):
            return "pass", "", ""  # Past authentication; the row of the example belongs to another user.
        owners = cell.plan.owners
        if expect == "accept" and owners is not None and cell.credential.identity not in ("alice", *owners.rows):
            return "pass", "", ""  # The row is somebody else's, and this person has none.
        if expect == "accept" and cell.credential.unsendable and observation.entered is None:
            return "pass", "", ""  # The server refused the request; the route never got it.
        if expect == "accept":
            hint = _ROTATED_HINT if cell.credential.drill == "rotated" else ""
            return "lockout", "the policy admits this credential, the target refused it", hint
        if not cell.credential.authentic and (late := _late_refusal(cell, observation, state)):
            return "breach", late, _VERIFY_HINT if observation.left_behind else _FIRST_HINT
        leak = leak_in(observation, cell.credential, state.refusals.get(cell.way.label, {}))
        return ("leak", leak, "") if leak is not None else ("pass", "", "")

    def _admitted(
        self, cell: Cell, observation: Observation, state: RouteState, mechanism: tuple[str, ...]
    ) -> tuple[Kind, str, str]:
        expect, plan = cell.expect, cell.plan
        if expect == "reject":
            consented = bool(mechanism) and self.mechanisms.declared
            if plan.policy.optional and not consented and _anonymous(observation, state):
                return "pass", "", ""
            by = f" by {' and '.join(mechanism)}" if mechanism else ""
            hint = ""
            if cell.credential.learned:
                hint = _NAMED_HINT
            elif self.probed and not mechanism and state.guard != "handler":
                hint = 'if this route decides inside its handler, declare guard = "handler"'
            return "breach", f"must be rejected, was let in{by}{_cross_site(cell)}", hint
        wanted = plan.policy.mechanism
        seen = self.sees_inside or (bool(plan.route.handlers) and state.guard != "handler")
        judged = self.probed and seen and any(self.mechanisms.known(name) for name in wanted)
        if judged and not set(wanted) & set(mechanism) and (mechanism or self.mechanisms.declared):
            by = " and ".join(mechanism) if mechanism else "no known mechanism"
            return "mixed", f"let in by {by}; the policy names {' or '.join(wanted)}", ""
        return "pass", "", ""


_HARMLESS: frozenset[Kind] = frozenset({"breach", "fault", "leak"})
"""The findings that are none where only the issuer could have made the credential."""
_NAMED_HINT = "take this way in out of the code; if it is meant, tolerate the credential in the policy"
_HARDENING_HINT = "name it in the policy's reject, or give --strict, if it is to fail the run"


def only_the_issuer(cell: Cell) -> bool:
    """Whether nobody but the issuer could make the credential of a cell, and no policy says that it must be rejected."""
    credential, reject = cell.credential, cell.plan.policy.reject
    needs = needs_of(credential, cell.way.kind)
    return (
        cell.expect == "reject"
        and needs == "issuer-key"
        and credential.name not in reject
        and credential.group not in reject
    )


def _forms(forms: list[str]) -> str:
    """The forms of a credential that share a verdict, in words: a few, and each thing that has several values once."""
    once = list({form.partition(" with ")[0]: form for form in reversed(forms) if form}.values())[::-1]
    more = f" and {len(once) - 3} more" if len(once) > 3 else ""
    return f"{'; '.join(once[:3])}{more}"


def _gravity(verdict: CellVerdict) -> int:
    """The place of a verdict among those of one cell: the gravest is the cell's."""
    kinds: tuple[Kind, ...] = (*FAILURES, "hardening", "pass")
    return kinds.index(verdict.verdict)


_THROTTLED_HINT = (
    "raise the limit for the run, or leave the harness out of it; a Retry-After within the time limit is waited for"
)
_FIRST_HINT = "decide before the handler is called: what it did cannot be taken back by the refusal"
_VERIFY_HINT = "verify a token before anything is done with what it says"
_RAN = "refused, but only after the handler had run"
_WROTE = "refused, but only after the handler had written to the database"


def _late_refusal(cell: Cell, observation: Observation, state: RouteState) -> str:
    """Return in words that the handler had done its work before the request was refused; the empty text where it had not.

    The probe shows it; or the database, where the refused request wrote to every table that the genuine one writes to.
    """
    if observation.entered and observation.wrote:
        return _WROTE
    if observation.left_behind:
        return f"refused, but what a first sign-in writes was written for it: {observation.left_behind}"
    if observation.websocket is not None:
        return ""  # Its handler refuses by closing, and returns then.
    if observation.finished and not (is_success(observation) and said_in_body(observation.body)):
        return _RAN  # What it returned is no refusal: neither by its status nor by errors in it.
    if observation.entered is not None or not cell.plan.writes:
        return ""
    twin = state.twin_of(cell.way)
    theirs = set(twin.observation.wrote) if twin is not None and twin.admitted else set()
    return _WROTE if theirs and theirs <= set(observation.wrote) else ""


def _cross_site(cell: Cell) -> str:
    """Return what it means that a cookie was taken from another website's page; empty where that is not the case."""
    in_cookie = cell.way.carrier.startswith("cookie:")
    if in_cookie and cell.credential.name.startswith("azp-") and cell.plan.writes:
        return "; browsers send the cookie with requests of other websites' pages, so these can act for the user (CSRF, CWE-352)"
    return ""


def _anonymous(observation: Observation, state: RouteState) -> bool:
    """Whether a request was admitted as an anonymous one, where such may enter: it then gets no user's data."""
    if observation.stopped or not state.anonymous:
        return False
    if any(_alike(observation, other) for other in state.anonymous):
        return True
    if not _alike(
        state.anonymous[0], state.anonymous[-1]
    ):  # It varies by itself: only the genuine answer can show whose it is.
        return state.genuine is None or not _alike(observation, state.genuine)
    return False


def _alike(one: Observation, other: Observation) -> bool:
    return one.status == other.status and steady(one.body) == steady(other.body)


def _proven(cell: Cell, state: RouteState) -> tuple[Kind, str, str]:
    """Return the verdict on a refusal: it counts beside an admitted twin, or where the policy is closed."""
    plan = cell.plan
    if plan.admits_nobody:
        if plan.policy.closed:
            return "pass", "", ""
        return (
            "inconclusive",
            "nobody may enter by this policy, and no person has said so: this refusal proves nothing",
            _CLOSED_HINT,
        )
    twin = state.twin_of(cell.way)
    if twin is not None and twin.admitted:
        return "pass", "", ""
    if twin is None:
        return "inconclusive", "refused, but the undamaged twin was not tried: this refusal proves nothing", ""
    name = cell.way.named(twin.credential) if cell.way.label == cell.way.carrier else twin.credential.name
    detail = (
        f"refused, but its undamaged twin `{name}` was not let in either ({twin.seen}): this refusal proves nothing"
    )
    return "inconclusive", detail, twin_hint(twin)


def twin_hint(twin: Twin) -> str:
    """Return the hint where the twin was not admitted: what the target answered to it."""
    answer = " ".join(text_of(twin.observation).split())[:160]
    words = f": {redact(answer)}" if answer else ""
    return f"have `{twin.credential.name}` let in first; it was answered {twin.observation.status or twin.seen}{words}"


def _bypass_rule(
    cell: Cell, observation: Observation, state: RouteState, control: Observation | None
) -> tuple[Kind, str, str]:
    """Return the verdict on a bypass: any answer but the handler's is right."""
    if bypass_failed(observation, state.genuine):
        return "fault", "the target failed over a bent request", ""
    if cell.expect != "reject":
        return "pass", "", ""
    method = "OPTIONS" if cell.credential.name == "options-method" else ""
    how = find_bypass(observation, state.genuine, control, inside=state.guard == "handler", method=method)
    if how is not None:
        return "breach", f"without any credential, {how}", ""
    leak = leak_in(observation, cell.credential, {})
    return ("leak", leak, "") if leak is not None else ("pass", "", "")
