"""The routes of a backend as they are written, and what stands before each: dependencies, decorators, middleware, calls.

Read are FastAPI and Starlette (decorators, `add_api_route`, `Route`), Flask and Quart (`route`, `add_url_rule`, class-based views),
and Django (`path`, REST framework's `permission_classes`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.inventory.backend.guards import DECORATORS, METHODS, Guard, Guards, maker
from harness.inventory.backend.mechanisms import Mechanisms
from harness.inventory.backend.modules import Function, Module
from harness.inventory.backend.names import Target


@dataclass
class Route:
    """A route: where its handler is defined, or, where the handler stands elsewhere, where it is named."""

    module: Module
    line: int
    methods: tuple[str, ...]
    path: str
    handler: Target | None
    guards: list[Guard] = field(default_factory=list)
    within: str = ""
    """The handler's qualified name, where it is defined within a function."""

    @property
    def endpoint(self) -> str:
        """`module:qualified name` of the handler, as reports have it; empty where it is not known."""
        return f"{self.module.name}:{self.within}" if self.within else self.handler.key if self.handler else ""

    @property
    def name(self) -> str:
        """As a reader knows it: the methods and the path, without the prefix under which it is included."""
        return f"{','.join(self.methods) or 'ANY'} {self.path}"


@dataclass
class Routers:
    """The routes of all modules, and what stands before all of an app's (`everywhere`)."""

    routes: list[Route] = field(default_factory=list)
    everywhere: list[Guard] = field(default_factory=list)


def find_routes(mechanisms: Mechanisms) -> Routers:
    """The routes that the modules define."""
    found = Routers()
    reader = _Reader(mechanisms.program)
    for module in mechanisms.program.modules.values():
        found.routes += reader.routes(module)
        found.everywhere += reader.middleware(module)
    for route in found.routes:
        route.guards += reader.of_includes(route.module)
    return found


class _Reader(Guards):
    def routes(self, module: Module) -> Iterator[Route]:
        for name, node in module.definitions.items():
            around = tuple(module.definitions[outer] for outer in _outer(name) if outer in module.definitions)
            if isinstance(node, ast.ClassDef):
                continue
            yield from self._decorated(module, node, Target(name, module), around)
        for definition in module.definitions.values():  # Factories: routes that are defined within a function.
            if isinstance(definition, Function):
                for inner in ast.walk(definition):
                    if isinstance(inner, Function) and inner is not definition:
                        for route in self._decorated(module, inner, None, (definition,)):
                            route.within = f"{definition.name}.<locals>.{inner.name}"
                            yield route
        for call in (n for n in ast.walk(module.tree) if isinstance(n, ast.Call)):
            yield from self._registered(module, call)

    def _decorated(
        self, module: Module, node: Function, target: Target | None, around: tuple[ast.AST, ...]
    ) -> Iterator[Route]:
        for decorator in node.decorator_list:
            if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
                continue
            kind = decorator.func.attr
            if kind not in DECORATORS or not self.is_router(module, decorator.func.value):
                continue
            path = _path(decorator)
            if path is None and not (kind in ("get", "post") and decorator.keywords):
                continue
            methods = _methods(decorator, kind)
            prefix, inherited = self.of_router(module, decorator.func.value)
            route = Route(module, node.lineno, methods, f"{prefix}{path or ''}" or "/", target)
            route.guards = [
                *inherited,
                *self.dependencies(module, decorator, "dependency of the route"),
                *self.of_handler(module, node, around, decorator),
            ]
            yield route

    def _registered(self, module: Module, call: ast.Call) -> Iterator[Route]:
        """A route whose handler is named in a call: `add_api_route`, `add_url_rule`, `Route`, `path`."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        handler: ast.expr | None = None
        given = {k.arg: k.value for k in call.keywords}
        if name in ("add_api_route", "add_route", "add_websocket_route", "add_api_websocket_route", "add_url_rule"):
            handler = given.get("endpoint") if name != "add_url_rule" else given.get("view_func")
            place = 2 if name == "add_url_rule" else 1
            handler = handler or (call.args[place] if len(call.args) > place else None)
        elif name in ("Route", "WebSocketRoute", "APIRoute", "path", "re_path") and len(call.args) >= 2:
            origins = [t.name for t in self.program.resolve(module, call.func) if t.module is None]
            if any(o.startswith(("starlette.", "fastapi.", "django.")) for o in origins):
                handler = call.args[1]
        path = _path(call)
        if handler is None or path is None:
            return
        if isinstance(handler, ast.Call):  # `View.as_view()`, a decorator around the handler, or Django's `include`.
            inner = handler.func
            wrapped = handler.args[0] if handler.args and maker(handler) != "as_view" else None
            if maker(handler) == "include":
                return
            handler = inner.value if isinstance(inner, ast.Attribute) and inner.attr == "as_view" else wrapped or inner
        for target in self.program.resolve(module, handler, call.lineno):
            definition = target.definition
            route = Route(module, call.lineno, _methods(call, "route"), path, target)
            if target.module is None or definition is None:
                yield route
                continue
            route.module, route.line = target.module, definition.lineno
            prefix, inherited = (
                self.of_router(module, call.func.value) if isinstance(call.func, ast.Attribute) else ("", [])
            )
            route.path = f"{prefix}{path}" or "/"
            route.guards = [*inherited, *self.dependencies(module, call, "dependency of the route")]
            if isinstance(definition, ast.ClassDef):
                for each in definition.body:
                    if isinstance(each, Function):
                        route.guards += self.of_handler(target.module, each, (definition,), None)
                    elif isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
                        route.guards += self.values(target.module, each.value, "attribute of the view")
                for decorator in definition.decorator_list:
                    route.guards += self.values(target.module, decorator, "decorator")
            else:
                route.guards += self.of_handler(target.module, definition, (), None)
            yield route


def _outer(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _path(call: ast.Call) -> str | None:
    given = {k.arg: k.value for k in call.keywords}
    node = call.args[0] if call.args else given.get("path") or given.get("rule")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None if node is None else "…"


def _methods(call: ast.Call, kind: str) -> tuple[str, ...]:
    if kind in METHODS:
        return (kind.upper(),)
    if "websocket" in kind:
        return ("WS",)
    for keyword in call.keywords:
        if keyword.arg == "methods" and isinstance(keyword.value, ast.List | ast.Tuple | ast.Set):
            return tuple(str(e.value).upper() for e in keyword.value.elts if isinstance(e, ast.Constant))
    return ()
