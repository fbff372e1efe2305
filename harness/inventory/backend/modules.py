"""Python modules as they are written: what each name of a module is bound to, where, and under which condition."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from harness.core.text import cut

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
_CONDITION = 80


@dataclass(frozen=True)
class Binding:
    """What a name is bound to: an import of `origin` (module and name in it), a definition, or a value.

    `branch`: the condition under which it is, as it is written; `typing`: for type checkers only.
    """

    name: str
    line: int
    origin: tuple[str, str] | None = None
    definition: Definition | None = None
    value: ast.expr | None = None
    branch: str = ""
    typing: bool = False


@dataclass
class Module:
    """A module: `name` is dotted, `stars` are the modules of which everything is imported."""

    name: str
    file: str
    tree: ast.Module
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    """By qualified name, those within classes as well."""
    local: dict[int, dict[str, Binding]] = field(default_factory=dict)
    """What functions import for themselves, by the `id` of their node."""
    importing: list[tuple[Function, Binding]] = field(default_factory=list)

    def bound(self, name: str, line: int | None = None) -> list[Binding]:
        """What a name may be at a line (at the end of the module without one): the last binding, and the conditional ones."""
        known = [b for b in self.bindings.get(name, []) if line is None or b.line <= line]
        last = max((i for i, b in enumerate(known) if not b.branch and not b.typing), default=0)
        return [b for b in known[last:] if not b.typing] or known[last:]

    @property
    def is_package(self) -> bool:
        """Whether it is a package's `__init__`."""
        return PurePosixPath(self.file).name == "__init__.py"


def parse(file: str, text: str) -> Module:
    """A module of a file's text. Raises SyntaxError, with a line, for what this Python cannot parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of somebody else's escapes in strings.
        try:
            tree = ast.parse(text, filename=file)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(f"Python {sys.version_info[0]}.{sys.version_info[1]} cannot parse it: {error}") from None
    path = PurePosixPath(file).with_suffix("")
    parts = path.parts[:-1] if path.name == "__init__" else path.parts
    module = Module(".".join(parts), file, tree)
    for binding in _bindings(tree.body, module, "", typing=False):
        module.bindings.setdefault(binding.name, []).append(binding)
    _define(module, tree.body, "")
    for node in ast.walk(tree):
        if isinstance(node, Function):
            found = {b.name: b for inner in ast.walk(node) for b in _imports(inner, module, "", typing=False)}
            if found:
                module.local[id(node)] = found
                module.importing += [(node, binding) for binding in found.values()]
    return module


def _define(module: Module, body: Iterable[ast.stmt], above: str) -> None:
    for node in body:
        if isinstance(node, Definition):
            module.definitions[f"{above}{node.name}"] = node
            if isinstance(node, ast.ClassDef):
                _define(module, node.body, f"{above}{node.name}.")
        else:
            for inner in _bodies(node):
                _define(module, inner[0], above)


def _bodies(node: ast.stmt) -> Iterator[tuple[list[ast.stmt], str]]:
    """The blocks of a statement, each with the condition under which it runs; empty where it always does."""
    match node:
        case ast.If(test=test, body=body, orelse=other):
            condition = cut(ast.unparse(test), _CONDITION)
            yield body, condition
            yield other, f"not ({condition})"
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
            yield [*body, *other], "nothing is raised" if handlers else ""
            for handler in handlers:
                yield handler.body, f"{ast.unparse(handler.type) if handler.type else 'something'} is raised"
            yield final, ""
        case ast.With(body=body) | ast.AsyncWith(body=body):
            yield body, ""
        case ast.For(body=body, orelse=other) | ast.While(body=body, orelse=other):
            yield [*body, *other], ""
        case ast.Match(cases=cases):
            for case in cases:
                yield case.body, f"it is {cut(ast.unparse(case.pattern), _CONDITION)}"


def _bindings(body: Iterable[ast.stmt], module: Module, branch: str, *, typing: bool) -> Iterator[Binding]:
    for node in body:
        yield from _imports(node, module, branch, typing=typing)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield Binding(node.name, node.lineno, definition=node, branch=branch, typing=typing)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    for name in _names(target):
                        yield Binding(name, node.lineno, value=value, branch=branch, typing=typing)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield Binding(name, node.lineno, value=value, branch=branch, typing=typing)
            case _:
                if type(node).__name__ == "TypeAlias":  # `type Alias = …`, of Python 3.12.
                    alias: Any = node
                    yield Binding(alias.name.id, node.lineno, value=alias.value, branch=branch, typing=typing)
        for inner, condition in _bodies(node):
            for_types = typing or condition in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
            yield from _bindings(inner, module, condition or branch, typing=for_types)


def _names(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def _imports(node: ast.AST, module: Module, branch: str, *, typing: bool) -> Iterator[Binding]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            origin = (alias.name if alias.asname else name, "")
            yield Binding(name, node.lineno, origin=origin, branch=branch, typing=typing)
    elif isinstance(node, ast.ImportFrom):
        source = _absolute(node, module)
        for alias in node.names:
            if alias.name == "*":
                module.stars.append(source)
            else:
                line = getattr(alias, "lineno", node.lineno)
                yield Binding(
                    alias.asname or alias.name, line, origin=(source, alias.name), branch=branch, typing=typing
                )


def _absolute(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".") if module.name else []
    up = node.level - (1 if module.is_package else 0)
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, *([node.module] if node.module else [])])
