"""Starts the app in each flawed environment, asks its health, and tries whether it lets anybody in."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

from harness.contracts.base import Check
from harness.contracts.configuration.checks import CHECKS
from harness.contracts.configuration.declaration import ConfigurationFile, Expect
from harness.contracts.configuration.health import differs, request_of, told
from harness.contracts.configuration.shown import shown
from harness.contracts.configuration.trials import Trial, trials
from harness.contracts.matrix import Sender
from harness.contracts.matrix.plan import RoutePlan, representatives
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.state import RouteState
from harness.contracts.refusal import is_admission
from harness.core.errors import DeclarationError, StartHung, TargetError
from harness.core.redact import redact
from harness.credentials import CATALOGUE, tagged
from harness.fake_clerk import FakeClerk
from harness.targets import Target
from harness.targets.base import Call, Observation, Request, Route, ask
from harness.targets.restart import restart

Seen = Literal["refused", "hangs", "unwell", "well"]
_FULFILS: dict[Expect, tuple[Seen, ...]] = {
    "refuse": ("refused",),
    "health": ("unwell",),
    "either": ("refused", "unwell"),
    "runs": ("well",),
}
_WANTED = {
    "refuse": "it must refuse to start",
    "health": "its health must say so",
    "either": "it must refuse to start, or its health must say so",
    "runs": "it must run, and its health be well",
}
_ROUTES = 3
_SETTLE = 0.2
_SIDE_BY_SIDE = 2


@dataclass
class Outcome:
    """What the app did in one environment. `entered`: what got in; `shown`: secrets that an answer showed."""

    seen: Seen
    words: str
    entered: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    tried: int = 0


class Configuration:
    """The contract on one target. `environment`: the genuine one, as `trials.genuine` makes it; `fallback`: with Clerk's other
    variables too, for an app that does not start without.
    """

    def __init__(
        self,
        file: ConfigurationFile,
        target: Target,
        environment: dict[str, str],
        fallback: dict[str, str],
        sender: Sender,
        clerk: FakeClerk,
        *,
        side_by_side: bool = True,
    ) -> None:
        self.file, self.target = file, target
        self.environment, self.fallback = environment, fallback
        self.sender, self.clerk = sender, clerk
        self.limit = sender.limit
        self.workers = _SIDE_BY_SIDE if side_by_side else 1
        self.doors = self._doors()
        self.open: set[str] = set()
        """What gets in although all is in order: the matrix' matter, not this contract's."""
        self.checks = {spec.name: Check("configuration", spec.name, spec.sentence, "not examined") for spec in CHECKS}

    def verify(self, *, progress: Callable[[int, int], None] | None = None) -> list[Check]:
        """All checks. Raises DeclarationError when the app does not start in the genuine environment."""
        self._well()
        if self.checks["well"].status == "broken":
            return list(self.checks.values())
        todo = list(trials(self.environment, self.file))
        done: list[tuple[Trial, Outcome]] = []
        with ThreadPoolExecutor(self.workers, thread_name_prefix="clerk-harness-config") as pool:
            futures = [(trial, pool.submit(self._try, trial.environment)) for trial in todo]
            try:
                for trial, future in futures:
                    done.append((trial, future.result()))
                    if progress is not None:
                        progress(len(done), len(todo))
            except BaseException:  # Whoever ends the run waits for what is being tried, not for what is left.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        for trial, outcome in done:
            self._judge(trial, outcome)
        self._in_vain({(trial.variable, trial.kind) for trial in todo})
        if self.file.health is None:
            for name in ("outage", "recovery", "no-secret"):
                if self.checks[name].status == "not examined":
                    self.checks[name].detail = "configuration.toml names no health endpoint: [health] route = …"
        return list(self.checks.values())

    def _in_vain(self, tried: set[tuple[str, str]]) -> None:
        """Say what the file declares and no trial was of."""
        live = self.checks["live"]
        for name, entry in self.file.variables.items():
            if "live" in entry.model_fields_set and (name, "live") not in tried:
                live.unmeasured.append(
                    f"variables.{name}.live: its value is no test key, of which there is a live form"
                )
        closed = self.checks["fails-closed"]
        if closed.status == "not examined":
            closed.detail = "no route rejects what a flaw would open" if not self.doors else "it starts with no flaw"

    # Trying

    def _doors(self) -> list[tuple[RoutePlan, str, Request]]:
        """Requests that must not get in: (route, name, request)."""
        found = []
        plans = self.sender.routes
        for plan in representatives(plans)[:_ROUTES]:
            for credential in tagged("misconfigured"):
                if plan.expects(credential, plan.ways[0]) == "reject":
                    found += [(plan, credential.name, form) for form in self._forms(plan, credential.name)]
        for plan in plans:
            if plan.ways[0].kind == "webhook":
                (request, *_) = self._forms(plan, "webhook-empty-secret")
                found.append((plan, "a webhook signed with an empty secret", request))
        return found

    def _forms(self, plan: RoutePlan, name: str) -> list[Request]:
        return list(self.sender.factory.prepare(plan, CATALOGUE[name]).forms)

    def _start(self, environment: dict[str, str]) -> Target:
        return restart(self.target, environment, self.file.start_within)

    def _try(self, environment: dict[str, str]) -> Outcome:
        try:
            target = self._start(environment)
        except StartHung as error:
            return Outcome("hangs", str(error))
        except TargetError as error:
            return Outcome("refused", str(error))
        with closing(target):
            try:
                seen, words, found = self._health(target, environment)
                entered, shows = self._entered(target, environment)
            except TargetError as error:
                return Outcome("hangs", f"it ended at a request: {error}")
        return Outcome(seen, words, entered, [f"health shows {each}" for each in found] + shows, len(self.doors))

    def _health(self, target: Target, environment: dict[str, str]) -> tuple[Seen, str, list[str]]:
        """What health says, in its words, and the secrets that it shows."""
        health = self.file.health
        if health is None:
            return "well", "there is no health endpoint to say so", []
        request = request_of(health.route, health.headers)
        route = self._route(target, Route(request.method, request.path))
        (answer,) = ask(target.lanes[0], [Call(route, request)], self.limit)
        text = answer.body
        known = shown(told(answer), environment)
        words = f"{health.route} answers {answer.status} {' '.join(text.split())[:120]}"
        if answer.status is None:
            return "hangs", f"{health.route} does not answer{f': {answer.error}' if answer.error else ''}", known
        well = is_admission(answer) and not differs(text, health.ok)
        return "well" if well else "unwell", words, known

    def _entered(self, target: Target, environment: dict[str, str]) -> tuple[list[str], list[str]]:
        """What got in, and the secrets that the answers to it show: a page of errors tells of settings more often than health does."""
        calls = [Call(self._route(target, plan.route), request) for plan, _, request in self.doors]
        found: dict[str, None] = {}
        shows: dict[str, None] = {}
        for (plan, name, _), answer in zip(self.doors, ask(target.lanes[0], calls, self.limit), strict=True):
            if _admitted(plan, name, answer):
                found[f"{plan.key} let in {name}"] = None
            shows |= dict.fromkeys(f"{plan.key} shows {each}" for each in shown(told(answer), environment))
        return list(found), list(shows)

    @staticmethod
    def _route(target: Target, route: Route) -> Route:
        """The route as this start of the app numbers it."""
        return next((each for each in target.routes if each.key == route.key), route)

    # Judging

    def _well(self) -> None:
        """The genuine environment, with the issuer's outage and recovery. Raises DeclarationError when the app does not start."""
        check = self.checks["well"]
        try:
            target, words = self._started(self.environment)
        except TargetError as error:
            target, words = None, str(error)
        if words is not None and self.fallback != self.environment:
            more = ", ".join(sorted(set(self.fallback) - set(self.environment)))
            first, (target, words) = target, self._other(target, words)
            if target is not first:
                self.environment = self.fallback
                check.detail = f"only with variables that configuration.toml does not name, of {more}"
        if target is None:
            raise DeclarationError(
                f"configuration.toml: with the variables of Clerk that it names the app does not start: {words}; "
                "name all that it reads in [variables]"
            )
        with closing(target):
            check.count = 1
            check.status = "proven" if words is None else "broken"
            if words is not None:
                check.detail = f"all is well, and {words}"
                return
            entered, shows = self._entered(target, self.environment)
            self.open = set(entered)
            _, _, found = self._health(target, self.environment)
            self._secrets("with all in order", [f"health shows {each}" for each in found] + shows)
            if self.file.health is not None:
                self._outage(target)

    def _started(self, environment: dict[str, str]) -> tuple[Target, str | None]:
        """The app in an environment, and what is wrong with its health. Raises TargetError when it does not start."""
        target = self._start(environment)
        try:
            return target, self._until(target, "well")[0]
        except BaseException:
            target.close()
            raise

    def _other(self, target: Target | None, words: str) -> tuple[Target | None, str | None]:
        """The app in the other environment in place of `target`, where that is better; else `target` and its words."""
        try:
            other, problem = self._started(self.fallback)
        except TargetError:
            return target, words
        if target is not None and problem is not None:
            other.close()
            return target, words
        if target is not None:
            target.close()
        return other, problem

    def _until(self, target: Target, wanted: Seen) -> tuple[str | None, list[str]]:
        """Wait until health says what is wanted; what it said last where it does not in time, else None; the secrets it showed then."""
        if self.file.health is None:
            return None, []
        deadline = time.monotonic() + self.file.health.within
        while True:
            found, words, shows = self._health(target, self.environment)
            if found == wanted:
                return None, shows
            if time.monotonic() > deadline:
                return words, shows
            time.sleep(_SETTLE)

    def _outage(self, target: Target) -> None:
        assert self.file.health is not None
        within = self.file.health.within
        outage, recovery = self.checks["outage"], self.checks["recovery"]
        if not self.file.health.outage:
            outage.detail = recovery.detail = "configuration.toml says that health does not tell it: outage = false"
            return
        self.clerk.jwks_fault, self.clerk.api_fault = "outage", 503
        try:
            words, shows = self._until(target, "unwell")
        finally:
            self.clerk.jwks_fault, self.clerk.api_fault = None, None
        self._secrets("while the issuer cannot be had", [f"health shows {each}" for each in shows])
        outage.count = 1
        outage.status = "proven" if words is None else "broken"
        if words is not None:
            outage.detail = f"{within:g} s after the issuer was gone {words}"
            recovery.detail = "the outage was not told"
            return
        words, _ = self._until(target, "well")
        recovery.count = 1
        recovery.status = "proven" if words is None else "broken"
        recovery.detail = f"{within:g} s after the issuer was back {words}" if words is not None else ""

    def _secrets(self, when: str, found: list[str]) -> None:
        check = self.checks["no-secret"]
        if self.file.health is None and not found:
            return  # What answers first of all, and says most, was not looked at.
        check.count += 1
        check.status = "broken" if found or check.failed else "proven"
        if found:
            check.detail = "an answer shows what nobody may see"
            check.events.append(f"{when}: {', '.join(found)}")

    def _judge(self, trial: Trial, outcome: Outcome) -> None:
        check, closed = self.checks[trial.kind], self.checks["fails-closed"]
        fits = outcome.seen in _FULFILS[trial.expect]
        words = redact(outcome.words)
        check.count += 1
        check.status = "proven" if fits and not check.failed else "broken"
        check.figures.append(
            {"variable": trial.variable, "expected": trial.expect, "seen": outcome.seen, "words": words[:200]}
        )
        if not fits:
            check.events.append(f"{trial.description}: {_WANTED[trial.expect]}; {_SEEN[outcome.seen]}: {words}")
            check.detail = f"variables that are not handled as declared: {len(check.events)}"
        if outcome.seen in ("well", "unwell") and outcome.tried:
            closed.count += outcome.tried
            entered = [entry for entry in outcome.entered if entry not in self.open]
            closed.status = "broken" if entered or closed.failed else "proven"
            closed.events += [f"{trial.description}: {entry}" for entry in entered]
            closed.detail = "a flaw in the configuration opens a route" if closed.events else ""
        if outcome.seen in ("well", "unwell"):
            self._secrets(trial.description, outcome.shown)


_SEEN = {
    "refused": "it does not start",
    "hangs": "it hangs, and says nothing",
    "unwell": "health says that something is wrong",
    "well": "it runs as if all were well",
}


def _admitted(plan: RoutePlan, name: str, answer: Observation) -> bool:
    credential = CATALOGUE.get(name, CATALOGUE["webhook"])
    return outcome_of(answer, RouteState(plan), credential)[0] == "admitted"
