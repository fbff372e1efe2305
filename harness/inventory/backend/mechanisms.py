"""Which functions of a backend are which mechanism: by the declaration, else by what their code does with a credential.

What is recognised: base64 decoding of credentials, tokens decoded without their signature or by a shared secret (the old
mechanism); Clerk's SDK and tokens that a published key verifies (Clerk's); signatures of webhooks, compared keys, HTTP Basic
(another). A function is also what it calls: one that falls back to the old token has both.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from harness.inventory.backend.modules import Definition, Function, Module
from harness.inventory.backend.names import Program, Target
from harness.inventory.backend.recognised import recognise
from harness.inventory.words import names_guard, names_old, words

Kind = Literal["old", "clerk", "other", "unknown"]
_OLD_NAMES = ("legacy", "old", "deprecated", "base64", "unified_legacy")


@dataclass(frozen=True)
class Hit:
    """A function that is a mechanism, as it was reached: `branch` is the condition under which it runs."""

    kind: Kind
    function: str
    why: str
    branch: str = ""
    declared: bool = False


def kind_of(mechanism: str) -> Kind:
    """What a mechanism of the declaration is: Clerk's, the old one, or another (webhooks, keys)."""
    spelled = set(words(mechanism))
    return "clerk" if "clerk" in spelled else "old" if spelled & set(_OLD_NAMES) else "other"


class Mechanisms:
    """The mechanisms of a program. `declared`: patterns of `module:function` by mechanism, as in `[mechanisms]`."""

    def __init__(self, program: Program, declared: Mapping[str, Iterable[str]]) -> None:
        self.program = program
        self.declared = {name: list(patterns) for name, patterns in declared.items()}
        self._base: dict[str, list[Hit]] = {}
        self._reached: dict[str, dict[str, tuple[Target, str]]] = {}
        self._mentions: dict[int, list[Target]] = {}

    def base(self, target: Target) -> list[Hit]:
        """What a function or something of a library is by itself."""
        if target.key not in self._base:
            self._base[target.key] = list(self._base_of(target))
        return self._base[target.key]

    def _base_of(self, target: Target) -> Iterator[Hit]:
        for mechanism, patterns in self.declared.items():
            if any(_matches(target, pattern) for pattern in patterns):
                yield Hit(kind_of(mechanism), target.key, f"[mechanisms] {mechanism}", declared=True)
                return
        node = target.definition
        if node is None or target.module is None:
            return
        found = recognise(self.program, target.module, node, target.name)
        if found is not None:
            yield Hit(found[0], target.key, found[1])
        elif names_old(target.name) or ("legacy" in words(target.module.name) and names_guard(target.name)):
            yield Hit("old", target.key, "by its name")

    def hits(self, targets: Iterable[Target], *, guard: bool = False) -> list[Hit]:
        """What targets are, with all that they reach. `guard`: they stand where a guard does, so that their names count as well."""
        found: dict[tuple[Kind, str, str], Hit] = {}
        for target in targets:
            reached = self.reach(target)
            own = [
                Hit(hit.kind, hit.function, hit.why, branch or target.branch, hit.declared)
                for each, branch in reached.values()
                for hit in self.base(each)
            ]
            if guard and not any(hit.kind in ("old", "clerk", "other") for hit in own):
                own += self._by_name(target)
            found.update({(hit.kind, hit.function, hit.branch): hit for hit in own})
        return list(found.values())

    def _by_name(self, target: Target) -> Iterator[Hit]:
        """What stands where a guard does, and of which nothing is known but its name."""
        if isinstance(target.value, ast.Constant):
            return
        name = target.key.rpartition(":")[2].rpartition(".")[2] if target.module is None else target.name
        if "clerk" in words(target.key):
            yield Hit("clerk", target.key, "by its name", target.branch)
        elif names_guard(name):
            yield Hit("unknown", target.key, "a guard by its name, of no mechanism that is known", target.branch)

    def reach(self, target: Target) -> dict[str, tuple[Target, str]]:
        """Everything that a target's code leads to, itself included, by key, with the condition under which it does."""
        if target.key not in self._reached:
            found: dict[str, tuple[Target, str]] = {}
            pending = deque([(target, "")])
            while pending:  # What is near comes first.
                each, branch = pending.popleft()
                if each.key in found and (not found[each.key][1] or branch):
                    continue
                found[each.key] = (each, branch)
                pending += [(inner, branch or inner.branch) for inner in self.mentioned(each)]
            self._reached[target.key] = found
        return self._reached[target.key]

    def mentioned(self, target: Target) -> list[Target]:
        """The functions, classes and values that a target's code names."""
        node = target.value if target.value is not None else target.definition
        if node is None or target.module is None:
            return []
        if id(node) not in self._mentions:
            around = _around(target)
            line = target.line - 1 if target.value is not None else None  # It may be made of what was called so before.
            self._mentions[id(node)] = list(mentions(self.program, target.module, node, around, line))
        return self._mentions[id(node)]


def _around(target: Target) -> tuple[ast.AST, ...]:
    """The classes around a definition."""
    assert target.module is not None
    parts = target.name.split(".")
    outer = (".".join(parts[:end]) for end in range(1, len(parts)))
    return tuple(target.module.definitions[name] for name in outer if name in target.module.definitions)


def _matches(target: Target, pattern: str) -> bool:
    """Whether a pattern of the declaration means a target, or a method of it; the folder that was given may lie above Python's."""
    keys = [target.key]
    if target.module is not None and isinstance(target.definition, ast.ClassDef):
        keys += [f"{target.key}.{inner.name}" for inner in target.definition.body if isinstance(inner, Function)]
    own = target.module is not None and target.value is None
    return any(fnmatchcase(key, pattern) or (own and fnmatchcase(key, f"*.{pattern}")) for key in keys)


def mentions(
    program: Program, module: Module, node: ast.AST, around: tuple[ast.AST, ...] = (), line: int | None = None
) -> Iterator[Target]:
    """What the code of a node names: calls, what is handed on, decorators, and values (aliases) in annotations; not the classes that
    annotations name."""
    if isinstance(node, Definition):
        around = (*around, node)
    if isinstance(node, ast.ClassDef):
        pending: list[tuple[ast.AST, bool]] = [
            (each, False) for each in [*node.decorator_list, *node.bases, *node.body]
        ]
    elif isinstance(node, Function):
        # What stands in the head is evaluated where the function is defined, and not among its own names.
        outer = around[:-1]
        for inner, annotation in _head(node):
            yield from _named(program, module, inner, outer, node.lineno, annotation=annotation)
        pending = [(each, False) for each in node.body]
    else:
        pending = [(node, False)]
    for each, annotation in pending:
        yield from _named(program, module, each, around, line, annotation=annotation)


def _head(node: Function) -> Iterator[tuple[ast.expr, bool]]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    yield from ((each, False) for each in [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults] if each)
    yield from ((each.annotation, True) for each in every if each.annotation is not None)


def _named(
    program: Program, module: Module, node: ast.AST, around: tuple[ast.AST, ...], line: int | None, *, annotation: bool
) -> Iterator[Target]:
    if isinstance(node, Definition):
        yield from mentions(program, module, node, around, line)
        return
    if isinstance(node, ast.Name | ast.Attribute):
        if isinstance(getattr(node, "ctx", None), ast.Load):
            for target in program.resolve(module, node, line, around):
                if not target.name or (annotation and isinstance(target.definition, ast.ClassDef)):
                    continue
                yield target
        if isinstance(node, ast.Attribute):
            yield from _named(program, module, node.value, around, line, annotation=annotation)
        return
    if isinstance(node, ast.Constant) and annotation and isinstance(node.value, str):
        try:  # An annotation in quotes.
            inner = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError):
            return
        yield from _named(program, module, inner, around, line, annotation=True)
        return
    if isinstance(node, ast.AnnAssign):
        children: list[ast.AST] = [node.value] if node.value is not None else []
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _named(
            program, module, child, around, line, annotation=annotation and not isinstance(node, ast.Call)
        )
