"""What stands before a route: dependencies, decorators, middleware, and what its handler calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from harness.inventory.backend.mechanisms import mentions
from harness.inventory.backend.modules import Function, Module
from harness.inventory.backend.names import Program, Target
from harness.inventory.words import words

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
DECORATORS = {*METHODS, "websocket", "websocket_route", "route", "api_route"}
"""Attributes of routers and apps that make a function a route."""
_MAKERS = {"APIRouter", "FastAPI", "Starlette", "Router", "Blueprint", "Flask", "Quart", "APIBlueprint", "NinjaAPI"}
_ROUTER_WORDS = {"router", "app", "application", "api", "bp", "blueprint", "blueprints"}
_BEFORE = {"before_request", "before_app_request", "middleware"}


@dataclass(frozen=True)
class Guard:
    """What stands before a handler: the text that names it, its line, how it is used, and what it may mean."""

    text: str
    file: str
    line: int
    via: str
    targets: tuple[Target, ...]


class Guards:
    """Reads what stands before routes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._made: dict[tuple[str, str], list[Guard]] = {}
        self._includes: list[tuple[Module, ast.expr, list[Guard]]] | None = None

    def of_handler(
        self, module: Module, node: Function, around: tuple[ast.AST, ...], own: ast.expr | None
    ) -> Iterator[Guard]:
        """What a handler names: its decorators, the dependencies of its parameters, and what its body calls."""
        for decorator in node.decorator_list:
            if decorator is not own and not self._is_route(module, decorator):
                yield from self.values(module, decorator, "decorator", around)
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            given: tuple[ast.expr | None, ...] = (default, argument.annotation)
            for value in given:
                if value is None:
                    continue
                value = unquoted(value)
                targets = [
                    t
                    for t in mentions(self.program, module, value, around, node.lineno)
                    if _depends(value) or t.value is not None
                ]
                if (
                    _depends(value)
                    and value is default
                    and not _arguments_of(value)
                    and argument.annotation is not None
                ):
                    targets += self.program.resolve(module, argument.annotation, node.lineno, around)
                if targets:
                    text = ast.unparse(value if not isinstance(value, ast.Call) or not value.args else value.args[0])
                    yield Guard(text, module.file, value.lineno, "dependency", tuple(targets))
        inside = (*around, node)
        for statement in node.body:
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Call):
                    targets = [t for t in self.program.resolve(module, inner.func, None, inside) if t.name]
                    for handed in inner.args:  # What is handed on runs as well: `run_in_threadpool(check, request)`.
                        targets += [t for t in self.program.resolve(module, handed, None, inside) if t.definition]
                    if targets:
                        yield Guard(ast.unparse(inner.func), module.file, inner.lineno, "call", tuple(targets))

    def values(self, module: Module, node: ast.expr, via: str, around: tuple[ast.AST, ...] = ()) -> Iterator[Guard]:
        """A guard for each name in an expression."""
        targets = tuple(mentions(self.program, module, node, around, node.lineno))
        if targets:
            text = ast.unparse(node.func if isinstance(node, ast.Call) else node)
            yield Guard(text, module.file, node.lineno, via, targets)

    def dependencies(self, module: Module, call: ast.Call, via: str) -> Iterator[Guard]:
        for keyword in call.keywords:
            if keyword.arg in ("dependencies", "middleware", "auth"):
                items = keyword.value.elts if isinstance(keyword.value, ast.List | ast.Tuple) else [keyword.value]
                for item in items:
                    inner = item.args[0] if isinstance(item, ast.Call) and item.args else item
                    for guard in self.values(module, item, via):
                        yield Guard(ast.unparse(inner), module.file, guard.line, via, guard.targets)

    def _is_route(self, module: Module, decorator: ast.expr) -> bool:
        return (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in DECORATORS
            and self.is_router(module, decorator.func.value)
        )

    def is_router(self, module: Module, node: ast.expr) -> bool:
        """Whether an expression is a router or an app: made by a framework's class or a class of that, else by its name."""
        found = self.program.resolve(module, node)
        for target in found:
            if target.module is None:
                return target.name.rpartition(".")[2] in _ROUTER_WORDS
            if isinstance(target.value, ast.Call) and self._makes(target.module, target.value.func):
                return True
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        named = bool(set(words(name)) & _ROUTER_WORDS)
        return named and (not found or all(isinstance(t.value, ast.Call) for t in found))

    def _makes(self, module: Module, maker: ast.expr, depth: int = 0) -> bool:
        for target in self.program.resolve(module, maker):
            if target.name.rpartition(".")[2] in _MAKERS:
                return True
            if target.module is not None and isinstance(target.definition, ast.ClassDef) and depth < 5:
                module_of = target.module
                if any(self._makes(module_of, base, depth + 1) for base in target.definition.bases):
                    return True
        return False

    def of_router(self, module: Module, node: ast.expr) -> tuple[str, list[Guard]]:
        """The prefix of a router and what stands before all of its routes."""
        prefix, guards = "", []
        for target in self.program.resolve(module, node):
            if target.module is None or not isinstance(target.value, ast.Call):
                continue
            made = target.value
            for keyword in made.keywords:
                if keyword.arg in ("prefix", "url_prefix") and isinstance(keyword.value, ast.Constant):
                    prefix = str(keyword.value.value)
            guards += list(self.dependencies(target.module, made, "dependency of the router"))
            guards += self._before(target.module, target.name)
        return prefix, guards

    def _before(self, module: Module, name: str) -> list[Guard]:
        """Functions that a module registers to run before every request of a router."""
        key = (module.name, name)
        if key not in self._made:
            self._made[key] = []
            for definition_name, node in module.definitions.items():
                for decorator in node.decorator_list:
                    call = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if (
                        isinstance(call, ast.Attribute)
                        and call.attr in _BEFORE
                        and isinstance(call.value, ast.Name)
                        and call.value.id == name
                    ):
                        guard = Guard(
                            definition_name, module.file, node.lineno, "middleware", (Target(definition_name, module),)
                        )
                        self._made[key].append(guard)
        return self._made[key]

    def middleware(self, module: Module) -> Iterator[Guard]:
        """What stands before everything: of an app that is made or changed in a module."""
        for name, bindings in module.bindings.items():
            for binding in bindings:
                made = binding.value
                if isinstance(made, ast.Call) and maker(made) in ("FastAPI", "Starlette", "Flask", "Quart"):
                    yield from self._before(module, name)
        for call in (n for n in ast.walk(module.tree) if isinstance(n, ast.Call)):
            kind = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if kind in ("add_middleware", "before_request") and call.args:
                for guard in self.values(module, call.args[0], "middleware"):
                    yield Guard(ast.unparse(call.args[0]), module.file, call.lineno, "middleware", guard.targets)
            elif maker(call) in ("FastAPI", "Starlette"):
                yield from (g for g in self.dependencies(module, call, "middleware") if "middleware" in _keywords(call))
        for binding in module.bindings.get("MIDDLEWARE", []):  # Django.
            for node in ast.walk(binding.value) if binding.value is not None else ():
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    source, _, name = node.value.rpartition(".")
                    target = self.program.named(f"{source}:{name}")
                    if target is not None:
                        yield Guard(name, module.file, node.lineno, "middleware", (target,))

    def of_includes(self, router: Module) -> Iterator[Guard]:
        """What a router gets where it is included: `include_router(peers.router, dependencies=[…])`."""
        if self._includes is None:
            self._includes = []
            for module in self.program.modules.values():
                for call in (n for n in ast.walk(module.tree) if isinstance(n, ast.Call)):
                    if isinstance(call.func, ast.Attribute) and call.func.attr == "include_router" and call.args:
                        guards = list(self.dependencies(module, call, "dependency of the router"))
                        guards += self.of_router(module, call.func.value)[1]
                        if guards:
                            self._includes.append((module, call.args[0], guards))
        for module, included, guards in self._includes:
            found = self.program.resolve(module, included, included.lineno)
            if not found or any(t.module is router and t.value is not None for t in found):
                yield from guards


def _keywords(call: ast.Call) -> set[str]:
    return {keyword.arg or "" for keyword in call.keywords}


def maker(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def unquoted(node: ast.expr) -> ast.expr:
    """An annotation that is written as a text, as the expression that it is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            found = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return node
        for inner in ast.walk(found):
            ast.copy_location(inner, node)
        return found
    return node


def _depends(node: ast.expr) -> bool:
    """Whether an expression declares a dependency of FastAPI's."""
    return any(isinstance(n, ast.Call) and maker(n) in ("Depends", "Security") for n in ast.walk(node))


def _arguments_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and bool(node.args or node.keywords)
