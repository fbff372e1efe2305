"""From the declaration and the routes that were found to the cells that must be judged."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from harness.contracts.matrix.declaration import Declaration, Policy, RouterFile
from harness.contracts.matrix.selection import Selection
from harness.contracts.matrix.ways import Way, base_for, damaged_in, ways_of
from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE, Credential
from harness.credentials.model import BASE, JWT
from harness.targets.base import Request, Route
from harness.targets.request_builder import Example, base_request, takes_fields

Expectation = Literal["accept", "reject", "tolerate"]


def expectation(
    policy: Policy,
    credential: Credential,
    *,
    carriers: Sequence[str] = ("bearer",),
    websocket: bool = False,
    base: Credential | None = None,
) -> Expectation:
    """What the policy says of the credential, made of a genuine `base`; where it says nothing, what the catalogue says.

    A genuine token just where the route takes tokens (`carriers`) is nothing but its base; beside it on a websocket,
    which takes tokens where it can, either answer is right.
    """
    own = base or CATALOGUE["clerk"]
    if credential.carrier is not None and credential.carrier in carriers:
        return expectation(policy, own if credential.damages else CATALOGUE["clerk"])
    pinned = (*policy.reject, *policy.tolerate)
    if credential.drill == "pair" and credential.name not in pinned:
        return expectation(policy, CATALOGUE["clerk"])
    if credential.drill == "heals" and credential.name not in pinned:
        return expectation(policy, own)
    # `legacy` is a credential and a group: who writes it in a policy means the credential.
    names = (credential.name, credential.group) if credential.group not in CATALOGUE else (credential.name,)
    for written, answer in ((policy.reject, "reject"), (policy.tolerate, "tolerate"), (policy.accept, "accept")):
        if any(name in written for name in names):
            return answer  # type: ignore[return-value]
    if credential.bypass and {"*", "missing"} & set(policy.accept):
        return "tolerate"  # Everybody may enter, and whatever a bent request hits is right.
    if credential.browser:
        return "accept" if credential.name == "cors-preflight" else "reject"
    if "*" in policy.accept:
        return "accept"
    beside = websocket and credential.carrier is not None
    follows = credential.followed or ((BASE,) if credential.tolerate or beside else ())
    # The session in its cookie is what a route takes that has the cookie among its ways.
    taken = {*policy.accept, *(("clerk-cookie",) if "cookie:__session" in carriers else ())}
    accepted = {own.name if name == BASE else name for name in follows} & taken
    return "tolerate" if accepted or (BASE in follows and own.group in policy.accept) else "reject"


def fits(credential: Credential, plan: RoutePlan, way: Way | None = None) -> bool:
    """Whether a credential can be put on a route's requests at all, or a drill be held there."""
    if credential.browser:
        return plan.route.kind == "http" and bool(plan.asked_by_browsers) and "*" not in plan.policy.accept
    if credential.drill == "pair":
        return plan.route.kind == "http" and plan.route.method == "GET" and plan.takes_clerk
    if credential.drill is not None:
        return credential.drill in plan.drills and way is not None and way.kind in JWT
    carrier = way.carrier if way is not None else plan.carriers[0]
    if credential.unsendable and plan.route.kind == "websocket" and carrier.startswith("query:"):
        return False  # Servers do not answer at all when the address of a handshake is that long.
    if credential.only in ("websocket", "http"):
        return plan.route.kind == credential.only
    return credential.only != "body" or takes_fields(plan.base)


_REPRESENTATIVES = 12
"""Routes on which drills are held and tokens fuzzed, at the most: they are about the verifier, not about each route."""


def representatives(plans: list[RoutePlan]) -> list[RoutePlan]:
    """One route for each policy and set of dependencies, rather one where nothing is written: for what is about the verifier."""
    chosen: dict[tuple[object, ...], RoutePlan] = {}
    for plan in sorted(plans, key=lambda plan: plan.route.method != "GET"):
        if plan.route.kind == "http" and any(way.kind in JWT for way in plan.ways):
            guard = (plan.policy_name, plan.route.dependencies or plan.route.inside)
            chosen.setdefault(guard, plan)
    return list(chosen.values())[:_REPRESENTATIVES]


@dataclass(frozen=True, slots=True)
class Cell:
    """One route and one credential in one way, with the expectation."""

    plan: RoutePlan
    credential: Credential
    expect: Expectation
    way: Way

    @property
    def label(self) -> str:
        """What it is called: `forged`, `forged@m2m-jwt`, `forged@cookie:__session`."""
        return self.way.named(self.credential)


@dataclass(eq=False)
class RoutePlan:
    """A route with its policy and its example; `guard` is known, or found out by the first admission.

    `carriers`: where it takes tokens, the usual place first.
    """

    route: Route
    router: str
    policy_name: str
    policy: Policy
    example: Example
    guard: Literal["door", "handler"] | None = None
    cells: list[Cell] = field(default_factory=list)
    found: list[Cell] = field(default_factory=list)
    """Cells of ways that nobody declared and the run has found open."""
    drills: frozenset[str] = frozenset()
    """The drills that are held on this route."""
    carriers: tuple[str, ...] = ("bearer",)
    asked_by_browsers: str = ""
    """The front end's origin, where it is declared."""
    reviewed: bool = True

    @cached_property
    def admitted(self) -> list[Credential]:
        """What the policy accepts, in the catalogue's order."""
        if "*" in self.policy.accept:
            return [CATALOGUE["missing"]]
        return [
            credential
            for credential in CATALOGUE.values()
            if credential.name != "missing" and not credential.browser and self.expects(credential) == "accept"
        ]

    @cached_property
    def ways(self) -> list[Way]:
        """The ways in; one that admits nobody where the policy admits nobody but those without a credential."""
        return ways_of(self.admitted, self.carriers) or [Way((CATALOGUE["missing"],), self.carriers[0])]

    @property
    def admits_nobody(self) -> bool:
        """Whether the policy accepts nothing at all."""
        return not self.admitted and "missing" not in self.policy.accept

    @property
    def unexaminable(self) -> str:
        """Why the route cannot be tried as it is declared; empty where it can."""
        template = any("{token}" in message for message in self.example.messages)
        if "message" in self.carriers and not template:
            return 'it takes its token in a message, and no message with "{token}" is declared'
        return ""

    def cell(self, credential: Credential, way: Way | None = None) -> Cell:
        """The cell of a credential in a way, by default the usual one."""
        way = way or self.ways[0]
        return Cell(self, credential, self.expects(credential, way), way)

    def planned(self, credential: Credential) -> list[Cell]:
        """The cells of a credential: one for each way in which it is to be tried."""
        found = [
            self.cell(credential, self._placing(credential, way))
            for way in self.ways
            if damaged_in(credential, way, self.ways) and fits(credential, self, way)
        ]
        # What each further way admits must be admitted there.
        return found + [
            self.cell(credential, way)
            for way in self.ways[1:]
            if credential is way.base and way.carrier != self.ways[0].carrier
        ]

    def _placing(self, credential: Credential, way: Way) -> Way:
        """What is genuine goes where the route takes tokens, though only the cookie, say, is admitted."""
        usual = self.carriers[0]
        return replace(way, carrier=usual) if credential.kind and way is self.ways[0] and way.carrier != usual else way

    def planned_in(self, way: Way) -> list[Cell]:
        """The cells of a way that this run has found open."""
        ways = [*self.ways, way]
        return [
            self.cell(credential, way)
            for credential in CATALOGUE.values()
            if credential.drill is None and damaged_in(credential, way, ways) and fits(credential, self, way)
        ]

    @property
    def takes_clerk(self) -> bool:
        """Whether the policy is for people who are signed in with Clerk, and not for everybody."""
        return "*" not in self.policy.accept and self.expects(CATALOGUE["clerk"]) == "accept"

    @property
    def key(self) -> str:
        """`GET /users/{user_id}`."""
        return self.route.key

    @property
    def writes(self) -> bool:
        """Whether a request of the route may change something, by its method (RFC 9110 section 9.2.1)."""
        return self.route.method not in ("GET", "HEAD", "OPTIONS", "WS")

    @property
    def guessed(self) -> bool:
        """Whether the declaration says nothing of what a request looks like."""
        return self.example == Example(carrier=self.example.carrier)

    @cached_property
    def base(self) -> Request:
        """The request without any credential."""
        return base_request(self.route, self.example)

    def expects(self, credential: Credential, way: Way | None = None) -> Expectation:
        """What is expected of a credential on this route, in a way or wherever it goes by itself."""
        if way is not None and way.label == way.carrier and credential is way.base:
            return "accept"
        base = base_for(credential, way) if way is not None else None
        websocket = self.route.kind == "websocket"
        return expectation(self.policy, credential, carriers=self.carriers, websocket=websocket, base=base)


@dataclass(frozen=True)
class Gap:
    """A finding about the declaration itself: a route without a policy, a policy without a route, a policy that is over."""

    kind: Literal["undeclared", "stale", "mixed", "unreviewed"]
    key: str
    router: str
    detail: str
    policy: str = ""


@dataclass
class Plan:
    """All that a run must judge."""

    routes: list[RoutePlan]
    gaps: list[Gap]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(len(route.cells) + len(route.found) for route in self.routes)


def _shape(key: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", key)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def router_of(route: Route) -> list[str]:
    """Names under which a route's router may be declared: its module, its tags, the first part of its path."""
    names = [_slug(route.module.rpartition(".")[2])]
    if names[0] in ("router", "routes", "views", "api", "endpoints") and "." in route.module:
        names.append(_slug(route.module.split(".")[-2]))
    names += [_slug(tag) for tag in route.tags]
    parts = [part for part in route.path.split("/") if part and not part.startswith("{")]
    names += [_slug(part) for part in parts if not re.fullmatch(r"api|v\d+", part)][:1]
    return list(dict.fromkeys(name for name in names if name))


def _belongs(route: Route, file: RouterFile) -> bool:
    if file.prefix is not None:
        return route.path == file.prefix or route.path.startswith(file.prefix.rstrip("/") + "/")
    return _slug(file.router) in router_of(route)


def _served(key: str, found: dict[str, Route], views: dict[str, Route]) -> Route | None:
    """The found route that a declared line means, under the names that the line gives its parameters."""
    method, _, path = key.partition(" ")
    route = found.get(_shape(key))
    if route is None and method != "WS" and (view := views.get(_shape(path))) is not None:
        route = replace(view, method=method)
    return replace(route, path=path) if route is not None and route.path != path else route


def _declared(
    declaration: Declaration, files: list[RouterFile], routes: list[Route], *, discovered: bool
) -> tuple[dict[str, RoutePlan], list[Gap]]:
    """The lines of the routers' files, joined with the routes that were found; stale ones are gaps."""
    found = {_shape(route.key): route for route in routes}
    views = {_shape(route.path): route for route in routes if route.any_method}
    planned: dict[str, RoutePlan] = {}
    gaps: list[Gap] = []
    for file in files:
        for key, entry in file.routes.items():
            route = _served(key, found, views)
            if route is None and discovered:
                told = f"declared in routers/{file.router}.toml, but the target has no such route"
                gaps.append(Gap("stale", key, file.router, told, entry.policy))
                continue
            if route is None:
                method, _, path = key.partition(" ")
                route = Route(method, path, kind="websocket" if method == "WS" else "http")
            policy = declaration.policies[entry.policy]
            ways = entry.ways(file, policy)
            planned[_shape(key)] = RoutePlan(
                route, file.router, entry.policy, policy, entry.example(ways[0]), entry.guard or policy.guard,
                carriers=ways, reviewed=entry.reviewed,
            )  # fmt: skip
    return planned, gaps


def _undeclared(
    declaration: Declaration, files: list[RouterFile], routes: list[Route], *, everything: bool
) -> tuple[dict[str, RoutePlan], list[Gap]]:
    """Found routes without a line: they fall to their router's policy, or are gaps.

    Unless `everything` is examined, a route that belongs to none of `files` is not this run's business.
    """
    lines = {_shape(key) for file in declaration.routers.values() for key in file.routes}
    planned: dict[str, RoutePlan] = {}
    gaps: list[Gap] = []
    for route in routes:
        if _shape(route.key) in lines:
            continue
        owner = next((file for file in files if file.policy is not None and _belongs(route, file)), None)
        if owner is not None and owner.policy is not None:
            policy = declaration.policies[owner.policy]
            ways = owner.ways(policy)
            planned[_shape(route.key)] = RoutePlan(
                route, owner.router, owner.policy, policy, Example(carrier=ways[0]), policy.guard, carriers=ways
            )
            continue
        if any(file.policy is not None and _belongs(route, file) for file in declaration.routers.values()):
            continue  # Declared by a router that this run leaves out.
        near = next((file.router for file in files if _belongs(route, file)), None)
        if near is not None or everything:
            source = route.endpoint or "from its OpenAPI document"
            told = f"the target serves it ({source}), and no line of the matrix says who may enter"
            gaps.append(Gap("undeclared", route.key, near or (router_of(route) or ["?"])[0], told))
    return planned, gaps


def _over(plan: RoutePlan, today: datetime.date) -> Gap | None:
    """The finding that a policy's day has come."""
    until = plan.policy.until
    if until is None or today < until:
        return None
    told = f"policy {plan.policy_name!r} was to end on {until}: the route must leave it"
    return Gap("mixed", plan.key, plan.router, told, plan.policy_name)


def make_plan(
    declaration: Declaration,
    routes: list[Route],
    *,
    credentials: list[str] | None = None,
    only_routers: list[str] | None = None,
    only_routes: list[str] | None = None,
    discovered: bool = True,
    drills: frozenset[str] = frozenset(),
    rotation: bool = True,
    fuzz: Credential | None = None,
    today: datetime.date | None = None,
) -> Plan:
    """Join declared and found routes.

    `credentials`, `only_routers` and `only_routes` narrow the run. Where routes were not all `discovered` (a URL), a
    declared route that was not found is tried all the same, for nobody can say that it is not there. `drills` are held, and
    `fuzz` is tried, on a few routes; a `rotation` of the issuer's keys is held on each.
    Raises DeclarationError for names that do not exist.
    """
    chosen = Selection(credentials or [])
    names = {file.router for file in declaration.routers.values()}
    if unknown := sorted(set(only_routers or ()) - names):
        known = ", ".join(sorted(names))
        raise DeclarationError(f"--router {unknown[0]}: no such router in {declaration.root}; known: {known}")
    files = [file for file in declaration.routers.values() if not only_routers or file.router in only_routers]
    planned, gaps = _declared(declaration, files, routes, discovered=discovered)
    rest, open_ends = _undeclared(declaration, files, routes, everything=not only_routers)
    planned |= rest
    gaps += open_ends
    plans = list(planned.values())
    if only_routes:
        wanted = {_shape(key) for key in only_routes}
        if missing := sorted(key for key in only_routes if _shape(key) not in planned):
            raise DeclarationError(
                f'--route "{missing[0]}": not a declared route of the target; `clerk-harness routes` lists them'
            )
        plans = [plan for plan in plans if _shape(plan.key) in wanted]
        gaps = []
    for plan in plans:
        plan.asked_by_browsers = declaration.matrix.settings.origin or ""
    chosen.open(plans)
    few = representatives(plans)
    for plan in plans:
        plan.drills = (drills if plan in few else frozenset()) | ({"rotated"} if rotation else frozenset())
        if not plan.unexaminable:
            plan.cells = chosen.cells(plan)
        if fuzz is not None and plan in few:
            plan.cells += [Cell(plan, fuzz, "reject", way) for way in plan.ways if way.kind in JWT]
    chosen.check(plans)
    gaps += [_unreviewed(plan) for plan in plans if not plan.reviewed]
    gaps += filter(None, (_over(plan, today or datetime.date.today()) for plan in plans))
    if not plans and not gaps:
        raise DeclarationError("nothing to examine: no route is left after the options that narrow the run")
    return Plan(plans, gaps)


def _unreviewed(plan: RoutePlan) -> Gap:
    told = (
        "written by `clerk-harness init` from what the backend did on that day, and nobody has read it since: "
        "take out `reviewed = false` when it says what should be"
    )
    return Gap("unreviewed", plan.key, plan.router, told, plan.policy_name)
