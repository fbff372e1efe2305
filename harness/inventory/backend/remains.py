"""What is left of guards where no route uses them: old functions, imports of them, dead imports, names that are bound twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from harness.inventory.backend.mechanisms import Hit, Mechanisms
from harness.inventory.backend.modules import Binding, Function, Module
from harness.inventory.backend.names import Target
from harness.inventory.places import Place
from harness.inventory.words import names_guard


class Remains:
    """Reads what stands beside the routes."""

    def __init__(self, mechanisms: Mechanisms) -> None:
        self.mechanisms = mechanisms
        self.program = mechanisms.program
        self._imported = {
            binding.origin
            for module in self.program.modules.values()
            for each in (module.bindings, *({n: [b] for n, b in local.items()} for local in module.local.values()))
            for bindings in each.values()
            for binding in bindings
            if binding.origin is not None
        }

    def of(self, module: Module, ran: frozenset[str]) -> Iterator[Place]:
        """The places of a module. `ran`: the kinds of mechanism that a run saw on its routes, where it saw any."""
        yield from self._definitions(module)
        yield from self._imports(module, ran)
        yield from self._shadowed(module)

    def _definitions(self, module: Module) -> Iterator[Place]:
        for name, node in module.definitions.items():
            old = [hit for hit in self.mechanisms.base(Target(name, module)) if hit.kind == "old"]
            inside = isinstance(module.definitions.get(name.rpartition(".")[0]), ast.ClassDef)
            if old and not inside:  # A class is one place, with all its methods.
                yield Place(
                    module.file, node.lineno, "definition", "left", f"{name} is the old mechanism: {old[0].why}"
                )

    def _imports(self, module: Module, ran: frozenset[str]) -> Iterator[Place]:
        used = _used(module)
        own = [b for bindings in module.bindings.values() for b in bindings]
        local = [binding for _, binding in module.importing]
        seen: set[tuple[str, int]] = set()
        for binding in [*own, *local]:
            if (
                binding.origin is None
                or not binding.origin[1]
                or binding.typing
                or (binding.name, binding.line) in seen
            ):
                continue
            seen.add((binding.name, binding.line))
            targets = self._of(module, binding)
            old = [hit for hit in self.near(targets) if hit.kind == "old"]
            decided = bool(ran) and "old" not in ran and all(hit.branch for hit in old) and not binding.branch
            where = f", where {old[0].branch}" if old and old[0].branch else ""
            if old and not decided:
                what = f"imports {binding.name}, which leads to {old[0].function} ({old[0].why}){where}"
                if targets[0].key == old[0].function:
                    what = f"imports {old[0].function} ({old[0].why}){where}"
                yield Place(module.file, binding.line, "import", "left", what)
            dead = binding.name not in used and not self._handed_on(module, binding) and binding not in local
            if dead and not module.is_package and self._is_guard(targets):
                status = "left" if old else "unknown"
                what = f"dead guard: {binding.name} ({targets[0].key}) is imported and never used"
                yield Place(module.file, binding.line, "dead-guard", "unknown" if status == "unknown" else "left", what)

    def near(self, targets: list[Target]) -> list[Hit]:
        """What targets are, by themselves or by what their code names at once; not what an app reaches through everything."""
        return [
            Hit(hit.kind, hit.function, hit.why, target.branch or each.branch, hit.declared)
            for target in targets
            for each in [target, *self.mechanisms.mentioned(target)]
            for hit in self.mechanisms.base(each)
        ]

    def _is_guard(self, targets: list[Target]) -> bool:
        if self.near(targets):
            return True
        return any(isinstance(t.definition, Function) and names_guard(t.name) for t in targets)

    def _of(self, module: Module, binding: Binding) -> list[Target]:
        around = next((node for node, each in module.importing if each is binding), None)
        name = ast.Name(binding.name, ast.Load())
        inside = (around,) if around is not None else ()
        found = self.program.resolve(module, name, binding.line, inside)
        source, attribute = binding.origin or ("", "")
        exact = [t for t in found if t.module is None and t.name == f"{source}.{attribute}"]
        imported = self.program.module(source)
        if imported is not None:
            exact = self.program.resolve(imported, ast.Name(attribute, ast.Load()))
        return [Target(t.name, t.module, t.value, t.branch or binding.branch, t.line) for t in exact if t.name] or found

    def _handed_on(self, module: Module, binding: Binding) -> bool:
        """Whether somebody else takes the name from this module, or it says that somebody may."""
        for value in (b.value for b in module.bindings.get("__all__", [])):
            if value is not None and any(
                isinstance(n, ast.Constant) and n.value == binding.name for n in ast.walk(value)
            ):
                return True
        ends = [module.name, *(module.name.split(".", each)[-1] for each in range(1, module.name.count(".") + 1))]
        return any((end, binding.name) in self._imported for end in ends)

    def _shadowed(self, module: Module) -> Iterator[Place]:
        for name, bindings in module.bindings.items():
            plain = [b for b in bindings if not b.branch and not b.typing and not _wraps(b)]
            for before, after in pairwise(plain):
                targets = [self._at(module, before), self._at(module, after)]
                if not any(self._is_guard(each) for each in targets):
                    continue
                first, second = (each[0].key if each else name for each in targets)
                same = before.origin is not None and before.origin == after.origin
                used_between = any(
                    isinstance(n, ast.Name) and n.id == name and before.line < n.lineno < after.line
                    for n in ast.walk(module.tree)
                )
                what = f"{name} is imported twice, first in line {before.line}"
                if not same:
                    until = "is another function from here on" if used_between else "is dead"
                    what = f"shadowed guard: {name} is bound anew ({second}); the one of line {before.line} ({first}) {until}"
                yield Place(module.file, after.line, "shadowed-guard", "unknown", what)

    def _at(self, module: Module, binding: Binding) -> list[Target]:
        if binding.definition is not None:
            return [Target(binding.name, module)]
        if binding.value is not None:
            return [Target(binding.name, module, value=binding.value, line=binding.line)]
        return self._of(module, binding)


def _wraps(binding: Binding) -> bool:
    """Whether a value is made of what had its name before: `get_user = cached(get_user)`; or a definition of many (overloads)."""
    if binding.definition is not None:
        return any(
            "overload" in ast.unparse(d) or "register" in ast.unparse(d) for d in binding.definition.decorator_list
        )
    value = binding.value
    return value is not None and any(isinstance(n, ast.Name) and n.id == binding.name for n in ast.walk(value))


def _used(module: Module) -> set[str]:
    """The names that a module's code loads, also in annotations that are texts."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            found |= set(re.findall(r"[A-Za-z_]\w*", node.value))
    return found
