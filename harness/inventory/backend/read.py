"""A backend router by router: what stands before its routes, what is left of the old mechanism, held to what a run saw."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.inventory.backend.guards import Guard
from harness.inventory.backend.mechanisms import Hit, Mechanisms
from harness.inventory.backend.modules import Function, Module, parse
from harness.inventory.backend.names import Program, Target
from harness.inventory.backend.observed import Declared, Observed, Seen
from harness.inventory.backend.remains import Remains
from harness.inventory.backend.routes import Route, Routers, find_routes
from harness.inventory.files import find
from harness.inventory.places import Part, Place, State, Status, Unit, Unread

_STATUS: dict[str, Status] = {"old": "left", "clerk": "migrated"}


def read_backend(
    root: Path, mechanisms: Mapping[str, Iterable[str]], observed: Observed | None, declared: Declared
) -> Part:
    """Read every Python file below a folder. Raises HarnessError where there is no folder."""
    found = find(root, frozenset({".py"}), "--app-dir")
    part = Part(str(root), files=len(found.texts), unread=found.unread)
    modules = []
    for file, text in found.texts.items():
        try:
            modules.append(parse(file, text))
        except SyntaxError as error:
            part.unread.append(Unread(file, f"line {error.lineno or 1}: not valid Python ({error.msg})", blocks=True))
    return _Reading(part, Mechanisms(Program(modules), mechanisms), observed, declared).whole()


@dataclass
class _Router:
    """What is known of a router while it is read."""

    module: Module
    routes: list[Route] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    ran: set[str] = field(default_factory=set)
    open: list[Route] = field(default_factory=list)
    public: int = 0
    dropped: set[str] = field(default_factory=set)


class _Reading:
    def __init__(self, part: Part, mechanisms: Mechanisms, observed: Observed | None, declared: Declared) -> None:
        self.part = part
        self.mechanisms = mechanisms
        self.observed = observed
        self.declared = declared

    def whole(self) -> Part:
        routers = find_routes(self.mechanisms)
        by_module: dict[str, _Router] = {}
        for route in routers.routes:
            by_module.setdefault(route.module.name, _Router(route.module)).routes.append(route)
        remains = Remains(self.mechanisms)
        for module in self.mechanisms.program.modules.values():
            router = by_module.get(module.name)
            if router is None:
                self.part.beside += remains.of(module, frozenset())
                continue
            for route in router.routes:
                self._route(router, route, routers)
            router.places += remains.of(module, frozenset(router.ran))
            self.part.units.append(self._unit(router))
        self.part.beside += self._middleware(routers)
        if self.observed is not None:
            self._unmet(self.observed)
        self._unmatched()
        return self.part

    def _route(self, router: _Router, route: Route, routers: Routers) -> None:
        guards = [*route.guards, *routers.everywhere]
        by_guard = {id(g): self.mechanisms.hits(g.targets, guard=g.via != "call") for g in guards}
        seen = self._seen(route)
        ran = self._kinds_that_ran(seen)
        router.ran |= ran
        every: list[Hit] = []
        for guard in guards:
            hits = by_guard[id(guard)]
            if ran:
                dropped = [hit for hit in hits if hit.branch and hit.kind in _STATUS and hit.kind not in ran]
                router.dropped |= {hit.branch for hit in dropped}
                hits = [hit for hit in hits if hit not in dropped]
            known = {(hit.kind, hit.function) for hit in every}
            if guard.via == "call":  # What is called is seldom more than what stands before the handler anyway.
                hits = [hit for hit in hits if (hit.kind, hit.function) not in known]
            every += hits
            place = _place(route, guard, hits)
            if place is not None:
                router.places.append(place)
        router.hits += every
        public = any(s.public for s in seen) or (
            not seen and self.declared.is_public(route.methods, route.path, router.module.name)
        )
        router.public += public
        if not every and not public:
            router.open.append(route)
            what = f"{route.name}: no guard that can be seen"
            router.places.append(Place(route.module.file, route.line, "no-guard", "unknown", what))
        for one in seen:
            router.places += self._held(route, guards, one)

    def _seen(self, route: Route) -> list[Seen]:
        if self.observed is None or not route.endpoint:
            return []
        return [s for s in self.observed.of(route.endpoint) if _same(route, s)]

    def _kinds_that_ran(self, seen: list[Seen]) -> set[str]:
        ran = {name for each in seen for name in each.consented}
        targets = [t for name in ran if (t := self.mechanisms.program.named(name)) is not None]
        return {hit.kind for hit in self.mechanisms.hits(targets) if hit.kind in _STATUS}

    def _held(self, route: Route, guards: list[Guard], seen: Seen) -> Iterable[Place]:
        """The code's list of a route held to what ran there."""
        program = self.mechanisms.program
        roots = [t for guard in guards for t in guard.targets] + ([route.handler] if route.handler is not None else [])
        listed = {key for root in roots for key in self.mechanisms.reach(root)}
        for name in sorted(seen.consented):
            target = program.named(name)
            if target is None or target.key in listed:
                continue
            kinds = {hit.kind for hit in self.mechanisms.hits([target])}
            if kinds:
                what = f"{seen.route}: {name} let requests in, and the code does not name it there"
                yield Place(route.module.file, route.line, "ran-unnamed", "left" if "old" in kinds else "unknown", what)
        if not seen.admitted:
            return
        consented = {t.key for name in seen.consented if (t := program.named(name)) is not None}
        attached = {t.key for name in seen.dependencies if (t := program.named(name)) is not None}
        for guard in guards:
            if guard.via not in ("dependency", "dependency of the route", "decorator"):
                continue
            for target in self._functions(guard):
                hits = self.mechanisms.hits([target], guard=True)
                if not hits or target.key in consented or target.branch or not _returns(target):
                    continue
                if attached and target.key in attached and consented & set(self.mechanisms.reach(target)):
                    continue  # Its own dependency or helper consented, and it was not watched itself.
                why = (
                    "is no dependency of the running route"
                    if attached and target.key not in attached
                    else "consented to no request"
                )
                what = f"{seen.route}: {target.key} is named here, and {why}"
                yield Place(route.module.file, guard.line, "named-unseen", "unknown", what)

    def _functions(self, guard: Guard) -> list[Target]:
        """The functions that a guard names, or that an alias which it names does."""
        found: list[Target] = []
        for target in guard.targets:
            inner = self.mechanisms.mentioned(target) if target.value is not None else [target]
            found += [t for t in inner if isinstance(t.definition, Function)]
        return found

    def _unit(self, router: _Router) -> Unit:
        kinds = {hit.kind for hit in router.hits}
        remnants = [p for p in router.places if p.status == "left"]
        places = sorted(set(router.places))
        state: State
        why = ""
        if "old" in kinds or remnants:
            state = "mixed" if "clerk" in kinds else "left"
            if "old" not in kinds:
                why = "what is left of the old mechanism guards no route here"
            elif all(hit.branch for hit in router.hits if hit.kind == "old"):
                why = f"old where `{min(hit.branch for hit in router.hits if hit.kind == 'old')}`"
        elif "unknown" in kinds:
            state, why = "unknown", "guarded by something that is no known mechanism"
        elif "clerk" in kinds:
            state = "migrated"
            if router.dropped:
                why = f"as that run was; the code is old where `{sorted(router.dropped)[0]}`"
        elif kinds and all(hit.declared for hit in router.hits):
            state, why = "nothing", "another mechanism, as declared"
        elif kinds:
            state, why = "unknown", "another mechanism: " + router.hits[0].why
        elif router.public == len(router.routes):
            state, why = "nothing", "public, as declared"
        else:
            state, why = "unknown", "no guard that can be seen"
        return Unit(router.module.file, state, places, why, router.module.name)

    def _middleware(self, routers: Routers) -> Iterable[Place]:
        for guard in routers.everywhere:
            place = _place(None, guard, self.mechanisms.hits(guard.targets, guard=True))
            if place is not None:
                yield place

    def _unmet(self, observed: Observed) -> None:
        unmet = sorted({f"{seen.route} ({seen.endpoint})" for seen in observed.unmet() if seen.endpoint})
        if unmet:
            more = f" and {len(unmet) - 5} more" if len(unmet) > 5 else ""
            self.part.notes.append(
                f"routes of the report whose handlers were not found in the code: {'; '.join(unmet[:5])}{more}"
            )
        if not observed.whole:
            self.part.notes.append("the report is of a part of the matrix, or of a run that did not end")

    def _unmatched(self) -> None:
        """Mechanisms of the declaration that no function of the code is: what they say would be silently without effect."""
        known = {
            hit.why.partition(" ")[2]
            for module in self.mechanisms.program.modules.values()
            for name in module.definitions
            for hit in self.mechanisms.base(Target(name, module))
            if hit.declared
        }
        for mechanism in sorted(set(self.mechanisms.declared) - known):
            self.part.notes.append(f"[mechanisms] {mechanism}: no function of the code that was read matches")


def _same(route: Route, seen: Seen) -> bool:
    method = seen.route.partition(" ")[0]
    return not route.methods or method in route.methods


def _returns(target: Target) -> bool:
    """Whether a function returns something: a check that only raises never consents."""
    node = target.definition
    return node is not None and any(
        isinstance(n, ast.Return)
        and n.value is not None
        and not (isinstance(n.value, ast.Constant) and n.value.value is None)
        for n in ast.walk(node)
    )


def _place(route: Route | None, guard: Guard, hits: list[Hit]) -> Place | None:
    """The place of a guard; the old mechanism counts before Clerk's, and both before what is not known."""
    for kind in ("old", "clerk", "unknown"):
        for hit in hits:
            if hit.kind == kind:
                where = f", where {hit.branch}" if hit.branch else ""
                before = f"{route.name}: " if route is not None else ""
                leads = "" if hit.function.endswith(f":{guard.text}") else f" leads to {hit.function}"
                what = f"{before}{guard.via} {guard.text}{leads} ({hit.why}){where}"
                elsewhere = route is not None and guard.file != route.module.file
                return Place(guard.file, guard.line, "guard", _STATUS.get(kind, "unknown"), what, elsewhere)
    return None
