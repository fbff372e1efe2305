"""Reaches the target's sync as declared: by requests of signed-in people, by calls of a function, and by webhooks."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.contracts.user_sync.declaration import Reach
from harness.contracts.user_sync.people import Person
from harness.core.errors import DeclarationError
from harness.credentials import ORIGIN, Presentation
from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.webhooks import Message, event_message, sign_delivery
from harness.targets import Target
from harness.targets.base import Call, Observation, Request, Route, ask, exchange_at_once
from harness.targets.request_builder import base_request, with_presentation

_TIMEOUT = 10.0
"""Seconds within which the target must answer."""


class SyncClient:
    """Sends what makes the target's sync work, over the target's first lane."""

    def __init__(
        self,
        target: Target,
        clerk: FakeClerk,
        reach: Reach,
        suites: Path,
        second: Target | None = None,
        *,
        origin: str = ORIGIN,
    ) -> None:
        """`suites`: the folder that a callable's file is relative to; `second`: another process of the app on the same database;
        `origin`: of the front end from which people come, the azp of their sessions.

        Raises DeclarationError for an unknown route or function.
        """
        self._target, self._clerk, self._reach, self._origin = target, clerk, reach, origin
        self._lane = target.lanes[0]
        self._lanes = [self._lane, *(second.lanes[:1] if second is not None else [])]
        self._function = self._find_function(reach.callable, suites) if reach.callable is not None else None
        self._route = (
            self._find_route(reach.request) if reach.request is not None else Route("CALL", reach.callable or "")
        )
        self._webhook = self._find_route(reach.webhook) if reach.webhook is not None else None
        self._queued = False

    @property
    def calls_function(self) -> bool:
        """Whether sync is reached by a function of the app, which sees no token and keeps nobody out."""
        return self._function is not None

    @property
    def processes(self) -> int:
        """In how many processes of the app races are run."""
        return len(self._lanes)

    def restart(self) -> bool:
        """Start the app again, so that it knows only what it has written down; False where that cannot be done."""
        if self._target.renewable:
            self._target.renew(0)
        return self._target.renewable

    def work_off(self) -> None:
        """Wait until the app has worked off what was delivered, where it is declared to do so after its answer."""
        if self._queued and self._reach.works_off_within is not None:
            time.sleep(self._reach.works_off_within)
        self._queued = False

    def _find_route(self, key: str) -> Route:
        for route in self._target.routes:
            if route.key == key:
                return route
        method, _, path = key.partition(" ")
        for route in self._target.routes:
            if route.any_method and route.kind == "http" and route.path == path:
                return replace(route, method=method)  # A view that names no methods answers each.
        if not self._target.routes or not self._target.sees_inside:
            return Route(method, path)
        raise DeclarationError(f"user_sync.toml: the target has no route {key}; `clerk-harness routes` lists them")

    def _find_function(self, spec: str, suites: Path) -> str:
        """The function as the agent finds it."""
        if not self._target.sees_inside:
            raise DeclarationError(
                "user_sync.toml: reach.callable: a function can be called only in an app target (--app)"
            )
        module, _, name = spec.rpartition(":")
        found = f"{(suites / module).resolve()}:{name}" if module.endswith(".py") else spec
        (answer,) = ask(self._lane, [Call(Route("CALL", spec), Request(found, "", kind="call"))], _TIMEOUT)
        if answer.status != 200:
            reason = answer.error or "it is no function"
            raise DeclarationError(f"user_sync.toml: reach.callable: {spec} is not found in the target: {reason}")
        return found

    def request(self, person: Person, times: int = 1, *, impostor: User | None = None) -> list[Observation]:
        """Send the person's request, `times` at once, or call the function for the person. Returns the answers.

        `impostor`: a user whom the request names everywhere but in its token.
        """
        calls = self._calls(person, times, impostor)
        return ask(self._lane, calls, _TIMEOUT) if times == 1 else self._at_once(calls)

    def race(self, person: Person, times: int, messages: list[Message]) -> tuple[list[Observation], list[Observation]]:
        """Send the person's requests and deliver messages, all at the same moment. Returns the answers to both."""
        answers = self._at_once([*self._calls(person, times), *map(self._delivery, messages)])
        return answers[:times], answers[times:]

    def waiting(self, person: Person, until: Callable[[], object]) -> Observation:
        """Send the person's request; while it is under way, do `until`. Returns the answer."""
        self._lane.submit(self._calls(person, 1), _TIMEOUT)
        until()
        partial = None
        while partial is None:
            readable, _, _ = select.select([self._lane], [], [], 0.5)
            partial = self._lane.collect() if readable else self._lane.overdue()
        return partial.observations[0]

    def _calls(self, person: Person, times: int, impostor: User | None = None) -> list[Call]:
        if self._function is not None:
            return [Call(self._route, self._function_call(self._function, person))] * times
        return [Call(self._route, self._signed_in(person, impostor)) for _ in range(times)]

    def _at_once(self, calls: list[Call]) -> list[Observation]:
        """Execute calls at the same moment, dealt out to the processes of the app. Returns the answers in their order."""
        dealt = [list(range(len(calls)))[number :: len(self._lanes)] for number in range(len(self._lanes))]
        batches = [(lane, [calls[each] for each in own]) for lane, own in zip(self._lanes, dealt, strict=True) if own]
        answers = exchange_at_once(batches, _TIMEOUT)
        order = [each for own in dealt for each in own]
        return [answer for _, answer in sorted(zip(order, answers, strict=True), key=lambda pair: pair[0])]

    def _signed_in(self, person: Person, impostor: User | None) -> Request:
        """The declared request with a token of the person."""
        presented = Presentation(token=self._clerk.session_token(person.user, azp=self._origin))
        request = with_presentation(base_request(self._route, self._reach.example), presented, self._reach.carrier)
        return request if impostor is None else _naming(request, impostor)

    def _function_call(self, function: str, person: Person) -> Request:
        """The call of the app's function for a person as they are at Clerk now."""

        def value(entry: object) -> object:
            if entry == "user":
                return person.user.as_json()
            if entry == "claims":
                return self._clerk.claims_for(person.user, azp=self._origin)
            if not isinstance(entry, str):
                return entry
            return {"$open": entry} if ":" in entry else person.at_clerk(entry)

        given = self._reach.arguments
        positional = [value(entry) for entry in given] if isinstance(given, list) else []
        named = {name: value(entry) for name, entry in given.items()} if isinstance(given, dict) else {}
        body = json.dumps({"positional": positional, "named": named}).encode()
        return Request(function, "", body=body, kind="call")

    def deliver(self, message: Message) -> Observation:
        """Deliver a webhook message. Returns the answer."""
        (answer,) = ask(self._lane, [self._delivery(message)], _TIMEOUT)
        return answer

    def _delivery(self, message: Message) -> Call:
        """A delivery of a message, signed anew as Svix does for each attempt."""
        assert self._webhook is not None
        self._queued = True
        base = base_request(self._webhook, self._reach.example)
        headers = [(n, v) for n, v in base.headers if n not in ("content-type", "content-length")]
        signed = sign_delivery(self._clerk.webhook_secret, message.body, at=self._clerk.now(), message_id=message.id)
        headers += [*signed.items(), ("content-type", "application/json"), ("content-length", str(len(message.body)))]
        request = Request("POST", base.path, base.query, headers, message.body)
        return Call(self._webhook, request)

    def partial_update(self, person: Person, which: int) -> Message:
        """A `user.updated` that says nothing of names (0), of addresses (1), or of both (2); counted modulo 3."""
        whole = person.user.as_json()
        kept = ["id", "object", "updated_at"]
        kept += [["primary_email_address_id", "email_addresses"], ["first_name", "last_name"], []][which % 3]
        return event_message(self._clerk, "user.updated", {name: whole[name] for name in kept})


def _naming(request: Request, other: User) -> Request:
    """The request, naming somebody else in headers, query and body, but not in the token."""
    claims = {"user_id": other.id, "clerk_user_id": other.id, "sub": other.id, "email": other.email or "x@example.com"}
    headers = [
        *request.headers,
        ("x-user-id", other.id),
        ("x-clerk-user-id", other.id),
        ("x-user-email", claims["email"]),
    ]
    query = "&".join([*filter(None, [request.query]), *(f"{name}={value}" for name, value in claims.items())])
    body = request.body
    if body:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            body = json.dumps(document | claims).encode()
    elif request.method in ("POST", "PUT", "PATCH"):
        body = json.dumps(claims).encode()
    if body is not request.body:
        headers = [(n, v) for n, v in headers if n not in ("content-type", "content-length")]
        headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
    return Request(request.method, request.path, query, headers, body)
