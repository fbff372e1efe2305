"""What a backend does today: who gets into each route, and the declaration that would say just that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.declaration import load
from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.route_matching import framework_pages, named_router
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.tables import MatrixFile, Policy
from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import HarnessError
from harness.credentials import CATALOGUE, Credential, Legacy
from harness.credentials.mint import session
from harness.run.context import RunContext
from harness.run.learned_body import learned_body
from harness.run.options import Options
from harness.targets import Call, Observation, Route
from harness.targets.base import ask
from harness.targets.request_builder import Example, under

_ASKED = ("missing", "clerk", "legacy")
_ASKED_NEXT = ("clerk-org-admin", "clerk-cookie")
_ASKED_MORE = ("clerk-org-member", "m2m-jwt", "m2m-opaque", "api-key", "oauth-jwt", "webhook", "clerk-template")
"""Who is tried as well where none of these gets in."""
_STAFF = replace(
    CATALOGUE["clerk"], name="clerk-as-admin", identity="admin", make=session(organization=None), tags=frozenset()
)
"""The administrator's plain session: where it gets in, the app's own records say who is one."""
_OTHERS = {_STAFF.name: "staff", "clerk-org-member": "member", "clerk-org-admin": "admin", "clerk-cookie": "cookie"}
"""What is said where that credential gets in, and no session in the usual way. The others say their own name."""
_EVENT = {
    "object": "event",
    "type": "user.updated",
    "data": {"object": "user", "id": "user_of_the_harness", "email_addresses": []},
}
"""What Clerk delivers, as short as it may be."""
_SOCKET_CARRIERS = ("query:token", "query:access_token", "query:session", "query:jwt", "query:auth")
"""Where websockets take a token, for browsers send no header with them."""
_WITH_BODY = ("POST", "PUT", "PATCH")
_MOST_COMPLAINTS = 4
_Answer = tuple[str, list[str], str, str]
"""Who gets in, by which functions, where that is decided, and what a session token was answered."""
_LIMIT = 10.0
_LONGEST_ANSWER = 160


@dataclass
class RouteBaseline:
    """A route and who got in: `open`, `clerk`, `legacy`, `clerk+legacy`, `admin`, `staff`, `member`, `cookie`, a machine's
    credential or `webhook` by name, `inside` (the handler decides
    by itself, which asking cannot show without running it), `nobody` or `?`. `decides`: `handler` where it was run and
    decided by itself.
    """

    route: Route
    router: str
    guard: str
    functions: list[str]
    policy: str | None = None
    decides: str = "door"
    answer: str = ""
    """What a session token was answered, in a few words."""
    carrier: str | None = None
    """Where the token is taken, if not where it usually is."""
    json: dict[str, Any] | None = None
    """The body with which it was asked, where it needed one that no schema tells."""


def declaration_for_baseline(options: Options) -> Declaration:
    """The suites where there are any; else none, for an app that is not declared yet."""
    if (options.suites / MATRIX_FILE).is_file():
        return load(options.suites)
    if options.app is None and options.url is None and options.command is None:
        raise HarnessError(
            f"no target: give --app module:attribute, --command or --url ({options.suites}/{MATRIX_FILE} does not exist)"
        )
    return Declaration(MatrixFile(policies={}), {}, options.suites, Legacy())


def observe_baseline(session: RunContext, only: Collection[str] | None = None) -> list[RouteBaseline]:
    """Try every route with nothing, a Clerk token and a legacy token; the probe stops each at the handler's door.

    `only`: the keys of the routes that are tried, where not all are.
    """
    declared = {
        key: (entry.policy, entry.example(entry.ways(file, session.declaration.policies[entry.policy])[0]))
        for file in session.declaration.routers.values()
        for key, entry in file.routes.items()
    }
    routers = {key: file.router for file in session.declaration.routers.values() for key in file.routes}
    asker = _Asker(session)
    found = []
    pages = framework_pages(session.target.routes)
    for route in session.target.routes:
        if (only is not None and route.key not in only) or (route in pages and route.key not in declared):
            continue
        event = _EVENT if _takes_events(route) and route.key not in declared else None
        example = declared[route.key][1] if route.key in declared else Example(json=event)
        plan = RoutePlan(route, "", "", Policy(accept=["*"]), example, carriers=(example.carrier,))
        (guard, functions, decides, answer), carrier = asker.ask(plan), None
        if guard.startswith("?") and route.method in _WITH_BODY and event is None and route.key not in declared:
            (guard, functions, decides, answer), event = asker.ask_with_body(plan, (guard, functions, decides, answer))
        if route.kind == "websocket" and guard.startswith(("inside", "nobody", "?")):
            (guard, functions, decides, answer), carrier = asker.ask_socket(plan, (guard, functions, decides, answer))
        router = routers.get(route.key) or named_router(route)
        policy = declared.get(route.key, (None,))[0]
        found.append(RouteBaseline(route, router, guard, functions, policy, decides, answer, carrier, event))
    return found


def _takes_events(route: Route) -> bool:
    """Whether a route is one to which Clerk delivers events, by its path, and nothing says what it wants."""
    described = route.operation is not None and "requestBody" in route.operation
    return route.method == "POST" and "hook" in route.path.lower() and not described


class _Asker:
    """Asks a route who gets in: at the handler's door first, and behind it where the handler may decide by itself."""

    def __init__(self, session: RunContext) -> None:
        self.session = session
        target = session.target
        self.factory = RequestFactory(session.mint, probed=target.probed, sees_inside=target.sees_inside)

    def _answers(self, plan: RoutePlan, *, stop: bool) -> dict[str, Observation]:
        """What the usual people are answered; where none of them gets in, what others are as well."""
        seen = self._answered(plan, _ASKED, stop=stop)
        outcomes = _outcomes(plan, seen, inside=not stop)
        if outcomes["missing"] in ("admitted", "failed") or "admitted" in (outcomes["clerk"], outcomes["legacy"]):
            return seen
        seen |= self._answered(plan, _ASKED_NEXT, stop=stop)
        outcomes = _outcomes(plan, seen, inside=not stop)
        if not {"admitted", "failed"} & {outcomes[name] for name in (*_ASKED, "clerk-cookie")}:
            seen |= self._answered(plan, (*_ASKED_MORE, _STAFF.name), stop=stop)
        return seen

    def _answered(self, plan: RoutePlan, names: tuple[str, ...], *, stop: bool) -> dict[str, Observation]:
        requests = [self.factory.prepare(plan, _credential(name)).forms[0] for name in names]
        answers = ask(self.session.target.lanes[0], [Call(plan.route, r, stop) for r in requests], _LIMIT)
        for reset in self.session.resets or []:
            reset.reset()
        return dict(zip(names, answers, strict=True))

    def ask_with_body(self, plan: RoutePlan, usual: _Answer) -> tuple[_Answer, dict[str, Any] | None]:
        """The same with a body that has what the backend asks for, where no request without one reached the decision; `usual`
        where it asks for nothing, or that does not help.
        """
        body: dict[str, Any] = {}
        for _ in range(_MOST_COMPLAINTS):
            seen = self._answered(plan, ("clerk", "clerk-org-admin"), stop=True).values()
            complaints = [each.body for each in seen if each.status in (400, 422)]
            more = next((new for text in complaints if (new := learned_body(text, body)) is not None), None)
            if more is None:
                break
            body = more
            plan = RoutePlan(plan.route, "", "", plan.policy, Example(json=body), carriers=plan.carriers)
            told = self.ask(plan)
            if not told[0].startswith("?"):
                return told, body
        return usual, None

    def ask_socket(self, plan: RoutePlan, usual: _Answer) -> tuple[_Answer, str | None]:
        """The same of a websocket that takes its token from its address, and where; `usual` where it takes it nowhere there."""
        for carrier in _SOCKET_CARRIERS:
            plan.example = replace(plan.example, carrier=carrier)
            other = RoutePlan(plan.route, "", "", plan.policy, plan.example, carriers=(carrier,))
            for stop in (True, False):
                guard, functions = _guard(other, self._answers(other, stop=stop), inside=not stop)
                if guard not in ("open", "nobody", "inside") and not guard.startswith("?"):
                    return (guard, functions, "door" if stop else "handler", usual[3]), carrier
        return usual, None

    def ask(self, plan: RoutePlan) -> _Answer:
        """Who gets in today, by which functions, where that is decided, and what a session token is answered."""
        probed = self.factory.probes(plan.route)
        if not probed and plan.route.method != "GET":
            return "?", [], "door", ""  # Nothing stops a handler there: only reads are tried.
        seen = self._answers(plan, stop=True)
        usual = plan.base
        for prefix in plan.route.prefixes:
            if all(answer.status == 404 for answer in seen.values()):
                plan.base = under(usual, prefix)
                seen = self._answers(plan, stop=True)
        guard, functions = _guard(plan, seen)
        answer = _words(seen["clerk"])
        if guard not in ("open", "inside"):
            return guard, functions, "door", answer
        runs = plan.route.inside or plan.route.method == "GET" or _takes_events(plan.route)
        if probed and runs and plan.route.kind == "http":
            within, by = _guard(plan, self._answers(plan, stop=False), inside=True)
            if within not in ("open", "nobody", "inside") and not within.startswith("?"):
                return within, by, "handler", answer
        elif probed and not self.factory.sees_inside and guard == "open":
            return "?", functions, "door", answer  # Its handler may decide, and nobody has seen it.
        return guard, functions, "door", answer


def _words(answer: Observation) -> str:
    """An answer in a few words: its status and the beginning of its text."""
    if answer.status is None:
        return answer.error or "no answer"
    told = answer.error if answer.status >= 500 and answer.error else answer.body
    return f"{answer.status} {' '.join(told.split())[:_LONGEST_ANSWER]}".strip()


def _guard(plan: RoutePlan, seen: dict[str, Observation], *, inside: bool = False) -> tuple[str, list[str]]:
    """Who got in by these answers. `inside`: the handlers ran, and their answers tell."""
    outcomes = _outcomes(plan, seen, inside=inside)
    functions = list(
        dict.fromkeys(name for answer in seen.values() for name, good, phase in answer.ran if good and phase <= inside)
    )
    if outcomes["missing"] in ("admitted", "failed"):
        return ("inside", list(plan.route.inside)) if plan.route.inside and not inside else ("open", functions)
    admitted = [name for name in ("clerk", "legacy") if outcomes[name] == "admitted"]
    if admitted:
        return "+".join(admitted), functions
    for name in ("clerk-cookie", "clerk-org-member", _STAFF.name, "clerk-org-admin", *_ASKED_MORE):
        if outcomes.get(name) == "admitted":
            return _OTHERS.get(name, name), functions
    if set(outcomes.values()) == {"refused"}:
        return "nobody", functions
    return "? (" + "/".join(sorted(set(outcomes.values()))) + ")", functions


def _credential(name: str) -> Credential:
    return _STAFF if name == _STAFF.name else CATALOGUE[name]


def _outcomes(plan: RoutePlan, seen: dict[str, Observation], *, inside: bool) -> dict[str, str]:
    """What each answer says of the decision."""
    # A delivery whose signature is wrong is a bad request to many.
    policy = (
        Policy.model_validate({"accept": [], "refuse": [400, 401, 403]})
        if inside and plan.example.json == _EVENT
        else Policy(accept=[])
    )
    state = RouteState(RoutePlan(plan.route, "", "", policy, Example()), "handler" if inside else None, refuses=True)
    return {name: outcome_of(answer, state, _credential(name))[0] for name, answer in seen.items()}
