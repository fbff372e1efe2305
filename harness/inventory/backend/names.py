"""What a name or an expression means: a function or class of the backend, a module, or something of a library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from harness.inventory.backend.modules import Binding, Definition, Function, Module

_DEEPEST = 24


@dataclass(frozen=True)
class Target:
    """What was found: a definition (`module` and `name`), a value of a module, a module (`name` empty), or, without a `module`,
    the dotted name of something of a library. `branch`: the condition under which it is meant.
    """

    name: str
    module: Module | None = None
    value: ast.expr | None = None
    branch: str = ""
    line: int = 0

    @property
    def key(self) -> str:
        """`module:name`, as reports have it; the dotted name of what is a library's."""
        return f"{self.module.name}:{self.name}" if self.module is not None else self.name

    @property
    def definition(self) -> Definition | None:
        """The function or the class, where it is one of the backend."""
        return self.module.definitions.get(self.name) if self.module is not None and self.value is None else None


class Program:
    """All modules of a backend."""

    def __init__(self, modules: list[Module]) -> None:
        self.modules = {module.name: module for module in modules}
        self._by_end: dict[str, list[Module]] = {}
        self._hidden: dict[int, set[str]] = {}
        for module in modules:
            parts = module.name.split(".")
            for start in range(1, len(parts)):
                self._by_end.setdefault(".".join(parts[start:]), []).append(module)

    def module(self, name: str) -> Module | None:
        """A module by its name, or by the end of it where the folder that was given lies above the one that Python imports from."""
        found = self.modules.get(name)
        if found is not None or not name:
            return found
        ends = self._by_end.get(name, [])
        return ends[0] if len(ends) == 1 else None

    def named(self, key: str) -> Target | None:
        """The definition that a report calls `module:name`."""
        module_name, _, name = key.partition(":")
        module = self.module(module_name)
        return Target(name, module) if module is not None and name in module.definitions else None

    def resolve(
        self, module: Module, node: ast.expr, line: int | None = None, inside: tuple[ast.AST, ...] = ()
    ) -> list[Target]:
        """What a name or an attribute may mean at a line. `inside`: the functions and classes around it, the outermost first."""
        return list(self._resolve(module, node, line, inside, 0))

    def _resolve(
        self, module: Module, node: ast.expr, line: int | None, inside: tuple[ast.AST, ...], depth: int
    ) -> Iterator[Target]:
        if depth > _DEEPEST:
            return
        if isinstance(node, ast.Name):
            for around in reversed(inside):
                if isinstance(around, Function):
                    own = module.local.get(id(around), {}).get(node.id)
                    if own is not None:
                        yield from self._bound(module, own, depth)
                        return
                    if node.id in self._own(around):
                        return
            yield from self._in_module(module, node.id, line, depth)
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                yield from _method(module, inside, node.attr)
                return
            for base in self._resolve(module, node.value, line, inside, depth + 1):
                yield from self._attribute(base, node.attr, depth + 1)

    def _own(self, function: Function) -> set[str]:
        if id(function) not in self._hidden:
            self._hidden[id(function)] = _own_names(function)
        return self._hidden[id(function)]

    def _in_module(self, module: Module, name: str, line: int | None, depth: int) -> Iterator[Target]:
        if depth > _DEEPEST:
            return
        found = module.bound(name, line) or module.bound(name)
        for binding in found:
            yield from self._bound(module, binding, depth)
        if found:
            return
        inner = self.module(f"{module.name}.{name}") if module.is_package and module.name else None
        if inner is not None:
            yield Target("", inner)
            return
        for star in module.stars:
            source = self.module(star)
            if source is not None and source is not module:
                yield from self._in_module(source, name, None, depth + 1)

    def _bound(self, module: Module, binding: Binding, depth: int) -> Iterator[Target]:
        if binding.definition is not None:
            yield Target(binding.name, module, branch=binding.branch, line=binding.line)
        elif binding.value is not None:
            if isinstance(binding.value, ast.Name | ast.Attribute):  # Another name for something.
                for found in self._resolve(module, binding.value, binding.line - 1, (), depth + 1):
                    yield _under(found, binding.branch)
                return
            yield Target(binding.name, module, value=binding.value, branch=binding.branch, line=binding.line)
        elif binding.origin is not None:
            source, name = binding.origin
            for found in self._imported(source, name, depth):
                yield _under(found, binding.branch)

    def _imported(self, source: str, name: str, depth: int) -> Iterator[Target]:
        module = self.module(source)
        if not name:
            yield Target("", module) if module is not None else Target(source)
        elif module is None:
            inner = self.module(f"{source}.{name}")
            yield Target("", inner) if inner is not None else Target(f"{source}.{name}")
        else:
            found = list(self._in_module(module, name, None, depth + 1))
            inner = self.module(f"{module.name}.{name}") if not found else None
            yield from found
            if inner is not None:
                yield Target("", inner)

    def _attribute(self, base: Target, name: str, depth: int) -> Iterator[Target]:
        if base.module is None:
            yield Target(f"{base.name}.{name}", branch=base.branch)
        elif not base.name:
            for found in self._imported(base.module.name, name, depth):
                yield _under(found, base.branch)
        elif base.value is not None:
            if isinstance(base.value, ast.Call):  # A method of an instance that the module made.
                for made in self._resolve(base.module, base.value.func, base.line, (), depth + 1):
                    yield from self._attribute(_under(made, base.branch), name, depth + 1)
        elif f"{base.name}.{name}" in base.module.definitions:
            yield Target(f"{base.name}.{name}", base.module, branch=base.branch)
        elif isinstance(base.definition, ast.ClassDef):
            for parent in base.definition.bases:
                for found in self._resolve(base.module, parent, base.definition.lineno, (), depth + 1):
                    yield from self._attribute(found, name, depth + 1)


def _under(target: Target, branch: str) -> Target:
    return Target(target.name, target.module, target.value, target.branch or branch, target.line)


def _method(module: Module, inside: tuple[ast.AST, ...], name: str) -> Iterator[Target]:
    for around in reversed(inside):
        if isinstance(around, ast.ClassDef):
            full = next((path for path, node in module.definitions.items() if node is around), around.name)
            if f"{full}.{name}" in module.definitions:
                yield Target(f"{full}.{name}", module)
            return


def _own_names(function: Function) -> set[str]:
    """The parameters and what a function assigns: they hide what the module calls so."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = {each.arg for each in every if each is not None}
    free = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    return found | {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - free
