"""The plan of a run: routes with their policies, and the cells that are judged on them. `planning` makes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from harness.contracts.matrix.expectation import Expectation, expectation
from harness.contracts.matrix.owners import Owners
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way, base_for, damaged_in, ways_of
from harness.credentials import CATALOGUE, Credential
from harness.credentials.identities import ORGANIZATION
from harness.credentials.model import JWT, Kind
from harness.targets.base import Request, Route
from harness.targets.request_builder import Example, asks_graphql, base_request, takes_fields, under


def fits(credential: Credential, plan: RoutePlan, way: Way | None = None) -> bool:
    """Whether a credential can be put on the requests of a route at all, or its drill be run there."""
    if credential.browser:
        return plan.route.kind == "http" and bool(plan.asked_by_browsers) and "*" not in plan.policy.accept
    if credential.learned or credential.objects:
        return False  # These have cells of their own.
    if credential.sparse and not plan.examines_verifier:
        return False
    if credential.drill in ("pair", "identity", "shared"):
        held = credential.drill != "shared" or "shared" in plan.drills
        return held and plan.read_by_people
    if credential.drill is not None:
        return credential.drill in plan.drills and way is not None and way.kind in (credential.damages or JWT)
    carrier = way.carrier if way is not None else plan.carriers[0]
    if credential.unsendable and plan.route.kind == "websocket" and carrier.startswith("query:"):
        return False  # Servers do not answer at all when the address of a handshake is that long.
    if credential.only in ("websocket", "http"):
        return plan.route.kind == credential.only
    if credential.only == "graphql":
        return asks_graphql(plan.base)
    return credential.only != "body" or takes_fields(plan.base)


_REPRESENTATIVES = 12
"""The most routes on which drills are run and tokens fuzzed, for these examine the verifier and not each route."""


def names_organization(request: Request) -> bool:
    """Whether a request names the organization of the usual identities, by its id or its slug: then it is this one's alone."""
    fields = " ".join(value for name, value in request.headers if name != "host")
    words = set(re.split(r"[^\w-]+", f"{request.path} {request.query} {fields} {request.body.decode('latin-1')}"))
    return bool(words & {ORGANIZATION["id"], ORGANIZATION["slug"]})


def by_guard(plans: list[RoutePlan], guard: Callable[[RoutePlan], object]) -> list[list[RoutePlan]]:
    """Return the routes of each guard together, GET routes first: the first of them stands for the others."""
    chosen: dict[object, list[RoutePlan]] = {}
    for plan in sorted(plans, key=lambda plan: plan.route.method != "GET"):
        chosen.setdefault(guard(plan), []).append(plan)
    return list(chosen.values())


def guards(plans: list[RoutePlan]) -> list[RoutePlan]:
    """Return one route for each guard: policy and dependencies; where these are not known, the router."""

    def guard(plan: RoutePlan) -> object:
        functions = plan.route.dependencies or plan.route.inside or (plan.router,)
        return plan.policy_name, plan.route.kind, functions

    return [first for first, *_ in by_guard(plans, guard)]


def representatives(plans: list[RoutePlan], kinds: frozenset[Kind] = JWT) -> list[RoutePlan]:
    """Return one route for each policy and set of dependencies that admits a credential of these kinds, a GET route where there is one.

    What examines the verifier is tried on these routes alone.
    """
    verifying = [plan for plan in plans if plan.route.kind == "http" and any(way.kind in kinds for way in plan.ways)]
    found = by_guard(verifying, lambda plan: (plan.policy_name, plan.route.dependencies or plan.route.inside))
    return [first for first, *_ in found][:_REPRESENTATIVES]


@dataclass(frozen=True, slots=True)
class Cell:
    """One credential on one route in one way, with what is expected of it."""

    plan: RoutePlan
    credential: Credential
    expect: Expectation
    way: Way
    label: str = field(init=False, repr=False, compare=False)
    """The name of the cell within its route: `forged`, `forged@m2m-jwt`, `forged@cookie:__session`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.way.named(self.credential))

    def __hash__(self) -> int:
        # Equal cells have equal names; to hash a whole credential takes a hundred times as long.
        return hash(self.label)


@dataclass(eq=False)
class RoutePlan:
    """A route with its policy, its example and its cells.

    `guard` says where the route decides; None until the first admission shows it. `carriers` are the places where it takes
    tokens, the usual one first.
    """

    route: Route
    router: str
    policy_name: str
    policy: Policy
    example: Example
    guard: Literal["door", "handler"] | None = None
    cells: list[Cell] = field(default_factory=list)
    found: list[Cell] = field(default_factory=list)
    """Cells that the run has found: of ways that no policy declares and that are open, and of what the source names."""
    postponed: frozenset[str] = frozenset()
    """The labels of the cells that are not sent as long as another route's guard may prove them; see `depth`."""
    named: Callable[[Cell], bool] | None = None
    """Tells of a cell of what the source names whether it is to be tried; None where nothing is to be learned."""
    examines_verifier: bool = True
    """Whether what examines the verifier by many requests is tried here, for the routes that share its guard."""
    drills: frozenset[str] = frozenset()
    """The drills that are run on this route."""
    carriers: tuple[str, ...] = ("bearer",)
    asked_by_browsers: str = ""
    """The origin of the front end, where it is declared."""
    reviewed: bool = True
    owners: Owners | None = None
    """Whose row is whose, where the line says so."""
    prefix: str = ""
    """The prefix of the path below which the route turned out to be served."""

    @cached_property
    def admitted(self) -> list[Credential]:
        """The credentials that the policy accepts, in the catalogue's order."""
        if "*" in self.policy.accept:
            return [CATALOGUE["missing"]]
        return [
            credential
            for credential in CATALOGUE.values()
            if credential.name != "missing" and not credential.browser and self.expects(credential) == "accept"
        ]

    @cached_property
    def ways(self) -> list[Way]:
        """The ways in. Where the policy accepts no credential, one way whose base is `missing`."""
        return ways_of(self.admitted, self.carriers) or [Way((CATALOGUE["missing"],), self.carriers[0])]

    @property
    def admits_nobody(self) -> bool:
        """Whether the policy accepts nothing at all."""
        return not self.admitted and "missing" not in self.policy.accept

    @property
    def unexaminable(self) -> str:
        """Why the route cannot be tried as it is declared; the empty text where it can."""
        template = any("{token}" in message for message in self.example.messages)
        if "message" in self.carriers and not template:
            return 'it takes its token in a message, and no message with "{token}" is declared'
        return ""

    def cell(self, credential: Credential, way: Way | None = None) -> Cell:
        """Return the cell of a credential in a way, by default the usual one."""
        way = way or self.ways[0]
        return Cell(self, credential, self.expects(credential, way), way)

    def planned(self, credential: Credential) -> list[Cell]:
        """Return the cells of a credential: one for each way in which it is to be tried."""
        if credential.objects:
            return self._on_objects(credential)
        if credential.group == "roles" and credential.drill is None and not self.wants_role:
            return []
        cells = [
            self.cell(credential, self._placing(credential, way))
            for way in self.ways
            if damaged_in(credential, way, self.ways) and fits(credential, self, way)
        ]
        # What each further way admits must be admitted there.
        return cells + [
            self.cell(credential, way)
            for way in self.ways[1:]
            if credential is way.base and way.carrier != self.ways[0].carrier
        ]

    def _placing(self, credential: Credential, way: Way) -> Way:
        """Put genuine credentials into the usual carrier of the route, even where only another one, such as the cookie, is admitted."""
        usual = self.carriers[0]
        return replace(way, carrier=usual) if credential.kind and way is self.ways[0] and way.carrier != usual else way

    def planned_in(self, way: Way) -> list[Cell]:
        """Return the cells of a way that this run has found open."""
        ways = [*self.ways, way]
        return [
            self.cell(credential, way)
            for credential in CATALOGUE.values()
            if credential.drill is None and damaged_in(credential, way, ways) and fits(credential, self, way)
        ]

    @property
    def wants_role(self) -> bool:
        """Whether the route admits sessions, and not those of everybody who is signed in."""
        sessions = any(way.kind == "session" for way in self.ways)
        return sessions and self.expects(CATALOGUE["clerk"]) == "reject" and not self.policy.optional

    @property
    def takes_clerk(self) -> bool:
        """Whether the policy accepts people who are signed in with Clerk, and is not open to everybody."""
        return "*" not in self.policy.accept and self.expects(CATALOGUE["clerk"]) == "accept"

    @property
    def read_by_people(self) -> bool:
        """Whether people who are signed in with Clerk read it, so that what one is answered can be compared with another's."""
        return self.route.kind == "http" and self.route.method == "GET" and self.takes_clerk

    @property
    def key(self) -> str:
        """The key of the route, such as `GET /users/{user_id}`."""
        return self.route.key

    @property
    def writes(self) -> bool:
        """Whether a request of the route may change something, by its method (RFC 9110 section 9.2.1)."""
        return self.route.method not in ("GET", "HEAD", "OPTIONS", "WS")

    @property
    def guessed(self) -> bool:
        """Whether the declaration does not describe the request."""
        return self.example == Example(carrier=self.example.carrier)

    @cached_property
    def base(self) -> Request:
        """The request without any credential."""
        return base_request(self.route, self.example)

    def base_of(self, person: str) -> Request:
        """The request without any credential on that person's row, where the line says whose is which."""
        if self.owners is None or person not in self.owners.rows:
            return self.base
        return self._request_of(self.owners.example_of(person))

    def bases_of_both(self, person: str, owner: str) -> list[Request]:
        """The requests that name rows of both at once, in either order; none where one of them has no row."""
        if self.owners is None or person == owner or person not in self.owners.rows:
            return []
        orders = ((person, owner), (owner, person))
        return [self._request_of(each) for names in orders for each in self.owners.examples_of_both(*names, person)]

    def _request_of(self, example: Example) -> Request:
        """The request that an example describes, where the route is served."""
        request = base_request(self.route, example)
        return under(request, self.prefix) if self.prefix else request

    @cached_property
    def object_ways(self) -> dict[str, Way]:
        """The ways of people on rows, by their label: `alice:bob` is alice on a row of bob's."""
        if self.owners is None or self.ways[0].kind != "session":
            return {}
        labels = [f"{person}:{owner}" for person, owner in self.owners.pairs]
        return {label: replace(self.ways[0], label=label) for label in labels}

    def _on_objects(self, credential: Credential) -> list[Cell]:
        """The cells of people on their own rows, or on others'."""
        owners, own = self.owners, credential.name == "own-object"
        found = []
        for label, way in self.object_ways.items():
            person, _, owner = label.partition(":")
            if own == (person == owner):
                allowed = own or (owners is not None and person in owners.privileged)
                found.append(Cell(self, credential, "accept" if allowed else "reject", way))
        return found

    def expects(self, credential: Credential, way: Way | None = None) -> Expectation:
        """Return what is expected of a credential on this route: in a way, or in the carrier that is its own."""
        if way is not None and way.label == way.carrier and credential is way.base:
            return "accept"
        if credential.name == "admin-of-another-organization" and names_organization(self.base):
            policy = self.policy
            pinned = any(name in (*policy.accept, *policy.tolerate) for name in (credential.name, credential.group))
            return "tolerate" if pinned or self.takes_clerk else "reject"
        base = base_for(credential, way) if way is not None else None
        websocket = self.route.kind == "websocket"
        return expectation(self.policy, credential, carriers=self.carriers, websocket=websocket, base=base)


@dataclass(frozen=True)
class Gap:
    """A finding about the declaration itself.

    `undeclared`: a route without a policy. `stale`: a line without a route. `mixed`: a policy whose last day is over.
    `unreviewed`: a line that `init` wrote and nobody has read.
    """

    kind: Literal["undeclared", "stale", "mixed", "unreviewed"]
    key: str
    router: str
    detail: str
    policy: str = ""


@dataclass
class Plan:
    """The routes with the cells that a run must judge, and the gaps of the declaration."""

    routes: list[RoutePlan]
    gaps: list[Gap]

    @property
    def cells(self) -> int:
        """The number of cells, those of ways that were found open included."""
        return sum(len(route.cells) + len(route.found) for route in self.routes)
