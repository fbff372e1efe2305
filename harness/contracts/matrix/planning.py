"""Makes the plan of a run: joins the declaration with the routes that were found."""

from __future__ import annotations

import datetime

from harness.contracts.matrix import gaps
from harness.contracts.matrix.declaration import Declaration
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.plan import Cell, Gap, Plan, RoutePlan, guards, representatives
from harness.contracts.matrix.route_matching import belongs_to, framework_pages, router_of, served_route
from harness.contracts.matrix.selection import Selection
from harness.contracts.matrix.tables import RouterFile
from harness.core.errors import DeclarationError
from harness.core.paths import path_shape
from harness.core.text import instead, meant
from harness.credentials import Credential
from harness.credentials.identities import USUAL_PEOPLE
from harness.credentials.model import JWT
from harness.targets.base import Route
from harness.targets.request_builder import Example

Joined = tuple[dict[str, RoutePlan], list[Gap]]
"""Plans by the shape of their route's key, and gaps."""


def _declared(declaration: Declaration, files: list[RouterFile], routes: list[Route], *, discovered: bool) -> Joined:
    """Join the lines of the routers' files with the routes that were found; lines without a route are gaps."""
    found = {path_shape(route.key): route for route in routes}
    views = {path_shape(route.path): route for route in routes if route.any_method}
    planned: dict[str, RoutePlan] = {}
    missing: list[Gap] = []
    for file in files:
        for key, entry in file.routes.items():
            route = served_route(key, found, views)
            if route is None and discovered:
                missing.append(gaps.stale(key, file.router, entry.policy))
                continue
            if route is None:
                method, _, path = key.partition(" ")
                route = Route(method, path, kind="websocket" if method == "WS" else "http")
            policy = declaration.policies[entry.policy]
            carriers = entry.ways(file, policy)
            example = entry.example(carriers[0])
            owners = owners_of(
                example, [*USUAL_PEOPLE, *declaration.matrix.identities], f'{file.router}: routes."{key}"'
            )
            planned[path_shape(key)] = RoutePlan(
                route, file.router, entry.policy, policy, owners.example_of("alice") if owners else example,
                entry.guard or policy.guard, carriers=carriers, reviewed=entry.reviewed, owners=owners,
            )  # fmt: skip
    return planned, missing


def _undeclared(declaration: Declaration, files: list[RouterFile], routes: list[Route], *, everything: bool) -> Joined:
    """Plan the found routes that have no line by the policy of their router; routes without either are gaps.

    Unless `everything` is examined, routes that belong to none of `files` are left out.
    """
    lines = {path_shape(key) for file in declaration.routers.values() for key in file.routes}
    planned: dict[str, RoutePlan] = {}
    missing: list[Gap] = []
    pages = framework_pages(routes)
    for route in routes:
        if path_shape(route.key) in lines:
            continue
        owner = next((file for file in files if file.policy is not None and belongs_to(route, file)), None)
        if owner is not None and owner.policy is not None:
            policy = declaration.policies[owner.policy]
            carriers = owner.ways(policy)
            planned[path_shape(route.key)] = RoutePlan(
                route, owner.router, owner.policy, policy, Example(carrier=carriers[0]), policy.guard, carriers=carriers
            )
            continue
        if any(file.policy is not None and belongs_to(route, file) for file in declaration.routers.values()):
            continue  # Declared by a router that this run leaves out.
        if route in pages:
            continue
        near = next((file.router for file in files if belongs_to(route, file)), None)
        if near is not None or everything:
            missing.append(gaps.undeclared(route, near or (router_of(route) or ["?"])[0]))
    return planned, missing


def public_paths(declaration: Declaration, routes: list[Route]) -> tuple[str, ...]:
    """Return the paths that are declared open to everybody and take no parameter, in the order of the routers' files."""
    files = list(declaration.routers.values())
    planned, _ = _declared(declaration, files, routes, discovered=False)
    rest, _ = _undeclared(declaration, files, routes, everything=False)
    every = [*planned.values(), *rest.values()]
    found = [plan.route.path for plan in every if "*" in plan.policy.accept and "{" not in plan.route.path]
    return tuple(dict.fromkeys(path for path in found if path != "/"))


def _chosen_files(declaration: Declaration, only_routers: list[str] | None) -> list[RouterFile]:
    """Return the routers' files of this run. Raises DeclarationError for a router that does not exist."""
    names = {file.router for file in declaration.routers.values()}
    if unknown := sorted(set(only_routers or ()) - names):
        raise DeclarationError(
            f"--router {unknown[0]}: no such router in {declaration.root}{instead(unknown[0], sorted(names))}"
        )
    return [file for file in declaration.routers.values() if not only_routers or file.router in only_routers]


def _chosen_routes(planned: dict[str, RoutePlan], only_routes: list[str]) -> list[RoutePlan]:
    """Return the plans of the named routes. Raises DeclarationError for a route that is not planned."""
    if missing := sorted(key for key in only_routes if path_shape(key) not in planned):
        hint = meant(missing[0], [plan.key for plan in planned.values()])
        raise DeclarationError(
            f'--route "{missing[0]}": not a declared route of the target{hint}; `clerk-harness routes` lists them'
        )
    wanted = {path_shape(key) for key in only_routes}
    return [plan for plan in planned.values() if path_shape(plan.key) in wanted]


def _add_cells(
    plans: list[RoutePlan],
    selection: Selection,
    *,
    drills: frozenset[str],
    rotation: bool,
    fuzz: Credential | None,
) -> None:
    """Give each route its cells. Drills and fuzzing go to representative routes, to all a rotation of the issuer's
    keys and what is remembered of answers."""
    few, examined = representatives(plans), guards(plans)
    asking = representatives(plans, frozenset({"opaque"}))
    for plan in plans:
        plan.examines_verifier = plan in examined
        of_all = {"shared", "silence"} if plan in asking else {"shared"}
        plan.drills = (drills if plan in few else drills & of_all) | ({"rotated"} if rotation else frozenset())
        if not plan.unexaminable:
            plan.cells = selection.cells(plan)
        if selection.learns and not plan.unexaminable:
            plan.named = selection.takes
        if fuzz is not None and plan in few:
            plan.cells += [Cell(plan, fuzz, "reject", way) for way in plan.ways if way.kind in JWT]


def make_plan(
    declaration: Declaration,
    routes: list[Route],
    *,
    credentials: list[str] | None = None,
    quick: bool = False,
    only_routers: list[str] | None = None,
    only_routes: list[str] | None = None,
    discovered: bool = True,
    drills: frozenset[str] = frozenset(),
    rotation: bool = True,
    fuzz: Credential | None = None,
    today: datetime.date | None = None,
) -> Plan:
    """Join declared and found routes.

    `credentials`, `quick`, `only_routers` and `only_routes` narrow the run. Where the routes were not all `discovered` (a URL), a
    declared route that was not found is tried all the same, for it may be there. `drills` are run and `fuzz` is tried on
    a few representative routes; a `rotation` of the issuer's keys is run on each route.
    Raises DeclarationError for names that do not exist, and when nothing is left to examine.
    """
    selection = Selection(credentials or [], quick=quick)
    files = _chosen_files(declaration, only_routers)
    planned, found_gaps = _declared(declaration, files, routes, discovered=discovered)
    rest, missing = _undeclared(declaration, files, routes, everything=not only_routers)
    planned |= rest
    found_gaps += missing
    plans = list(planned.values())
    if only_routes:
        plans, found_gaps = _chosen_routes(planned, only_routes), []
    for plan in plans:
        plan.asked_by_browsers = declaration.matrix.settings.origin or ""
    selection.open(plans)
    _add_cells(plans, selection, drills=drills, rotation=rotation, fuzz=fuzz)
    selection.check(plans)
    found_gaps += [gaps.unreviewed(plan) for plan in plans if not plan.reviewed]
    found_gaps += filter(None, (gaps.ended(plan, today or datetime.date.today()) for plan in plans))
    if not plans and not found_gaps:
        raise DeclarationError("nothing to examine: no route is left after the options that narrow the run")
    return Plan(plans, found_gaps)
