"""From the declaration and the routes that were found to the cells that must be judged."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.credentials import CATALOGUE, Credential, select
from harness.errors import DeclarationError
from harness.matrix.declaration import Declaration, Policy, RouterFile
from harness.targets.base import Route
from harness.targets.requests import Example

Expectation = Literal["accept", "reject", "tolerate"]
MAX_BODY_HINT = 'give an example: `"{key}" = {{ policy = "{policy}", path = {{ … }}, json = {{ … }} }}`'


def expectation(policy: Policy, credential: Credential) -> Expectation:
    """What the policy says of the credential; where it says nothing, what the catalogue says."""
    names = (credential.name, credential.group)
    for pinned, answer in ((policy.reject, "reject"), (policy.tolerate, "tolerate"), (policy.accept, "accept")):
        if any(name in pinned for name in names):
            return answer  # type: ignore[return-value]
    if "*" in policy.accept:
        return "accept"
    follows = credential.follows or ("clerk" if credential.tolerate else None)
    return "tolerate" if follows is not None and follows in policy.accept else "reject"


@dataclass(frozen=True, slots=True)
class Cell:
    """One route and one credential, with the expectation."""

    plan: RoutePlan
    credential: Credential
    expect: Expectation


@dataclass(eq=False)
class RoutePlan:
    """A route with its policy and its example; `guard` is known, or found out by the first admission."""

    route: Route
    router: str
    policy_name: str
    policy: Policy
    example: Example
    guard: Literal["door", "handler"] | None = None
    cells: list[Cell] = field(default_factory=list)

    @property
    def key(self) -> str:
        """`GET /users/{user_id}`."""
        return self.route.key


@dataclass(frozen=True)
class Gap:
    """A finding about the declaration itself: a route without a policy, a policy without a route, a policy that is over."""

    kind: Literal["undeclared", "stale", "mixed"]
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
        return sum(len(route.cells) for route in self.routes)


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


def make_plan(
    declaration: Declaration,
    routes: list[Route],
    *,
    credentials: list[str] | None = None,
    only_routers: list[str] | None = None,
    only_routes: list[str] | None = None,
    discovered: bool = True,
    today: datetime.date | None = None,
) -> Plan:
    """Join declared and found routes.

    `credentials`, `only_routers` and `only_routes` narrow the run. Where routes were not all `discovered` (a URL), a
    declared route that was not found is tried all the same, for nobody can say that it is not there.
    Raises DeclarationError for names that do not exist.
    """
    chosen = select(credentials or [])
    files = [file for file in declaration.routers.values() if not only_routers or file.router in only_routers]
    if only_routers and (unknown := set(only_routers) - {f.router for f in declaration.routers.values()}):
        known = ", ".join(sorted(f.router for f in declaration.routers.values()))
        raise DeclarationError(f"--router {sorted(unknown)[0]}: no such router in {declaration.root}; known: {known}")
    found = {_shape(route.key): route for route in routes}
    planned: dict[str, RoutePlan] = {}
    gaps: list[Gap] = []
    for file in files:
        for key, entry in file.routes.items():
            route = found.get(_shape(key))
            if route is None and discovered:
                gaps.append(
                    Gap(
                        "stale",
                        key,
                        file.router,
                        f"declared in routers/{file.router}.toml, but the target has no such route",
                        entry.policy,
                    )
                )
                continue
            if route is None:
                method, _, path = key.partition(" ")
                route = Route(method, path, kind="websocket" if method == "WS" else "http")
            elif route.path != key.partition(" ")[2]:
                route = replace(route, path=key.partition(" ")[2])
            policy = declaration.policies[entry.policy]
            planned[_shape(key)] = RoutePlan(
                route, file.router, entry.policy, policy, entry.example(file.carrier), entry.guard or policy.guard
            )
    everywhere = {_shape(key) for file in declaration.routers.values() for key in file.routes}
    for shape, route in found.items():
        if shape in everywhere:
            continue
        owner = next((file for file in files if file.policy is not None and _belongs(route, file)), None)
        if owner is not None:
            assert owner.policy is not None
            policy = declaration.policies[owner.policy]
            planned[shape] = RoutePlan(
                route, owner.router, owner.policy, policy, Example(carrier=owner.carrier), policy.guard
            )
            continue
        if any(file.policy is not None and _belongs(route, file) for file in declaration.routers.values()):
            continue  # Declared by a router that this run leaves out.
        near = next((file.router for file in files if _belongs(route, file)), None)
        if near is not None or not only_routers:
            name = near or (router_of(route) or ["?"])[0]
            gaps.append(
                Gap(
                    "undeclared",
                    route.key,
                    name,
                    f"the target serves it ({route.endpoint or 'from its OpenAPI document'}), and no line of the matrix says who may enter",
                )
            )
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
        plan.cells = [Cell(plan, credential, expectation(plan.policy, credential)) for credential in chosen]
        until = plan.policy.until
        if until is not None and (today or datetime.date.today()) >= until:
            gaps.append(
                Gap(
                    "mixed",
                    plan.key,
                    plan.router,
                    f"policy {plan.policy_name!r} was to end on {until}: the route must leave it",
                    plan.policy_name,
                )
            )
    if not plans and not gaps:
        raise DeclarationError("nothing to examine: no route is left after the options that narrow the run")
    return Plan(plans, gaps)


def proof_of_entry(plan: RoutePlan) -> Credential | None:
    """The credential by which the route must show that it admits anybody; None where nobody is to be admitted."""
    for name in plan.policy.accept:
        if name in CATALOGUE:
            return CATALOGUE[name]
        if name == "*":
            return CATALOGUE["missing"]
        for credential in CATALOGUE.values():
            if credential.group == name:
                return credential
    return None
