"""Small changes of a module's functions, made by mutmut's operators, as edits of its text."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Mutation:
    """One change of one function."""

    path: str
    """The module's file, relative to the repository."""
    function: str
    """Module and qualified name, `harness.core.redact.Redactor.cut`."""
    line: int
    """Where the function begins, its decorators included, as its code object has it."""
    edit: tuple[int, int, str]
    """From and up to which character the text is replaced, and by what."""
    was: str
    """The changed line, without its indentation."""
    becomes: str
    """What it is changed to."""
    number: int
    """How many alike there are before it in the function."""
    lines: tuple[int, ...]
    """The lines of the changed statement: a test that executes none of them cannot notice. Of a signature, those of the function."""
    in_signature: bool

    @property
    def name(self) -> str:
        """What it is known by from run to run: numbers of lines are no part of it."""
        again = f" ({self.number + 1})" if self.number else ""
        return f"{self.function}: {self.was} -> {self.becomes}{again}"

    @property
    def module(self) -> str:
        """`harness/core/redact.py` as people write it."""
        return module_name(self.path)

    def apply(self, source: str) -> str:
        """The module's text with the change in it."""
        begin, end, text = self.edit
        return source[:begin] + text + source[end:]


def module_name(path: str) -> str:
    """`harness.core.redact` of `harness/core/redact.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def digest(path: str) -> str:
    """What a file held when something was found out about it."""
    return sha256((ROOT / path).read_bytes()).hexdigest()[:16]


def mutations_of(path: str) -> list[Mutation]:
    """All mutations of the functions and methods of a file, in order."""
    os.chdir(ROOT)
    source = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    found: list[Mutation] = []
    seen: dict[tuple[str, str, str], int] = {}
    for qualified, node, edit in _edits(path, source, _without_decorators(source, tree), _functions(tree)):
        was, becomes = _changed_lines(source, edit)
        key = (qualified, was, becomes)
        number = seen[key] = seen.get(key, -1) + 1
        first, last = (source.count("\n", 0, place) + 1 for place in edit[:2])
        in_signature = first < node.body[0].lineno
        lines = (
            range(node.lineno, (node.end_lineno or node.lineno) + 1) if in_signature else _statement(node, first, last)
        )
        begins = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        found.append(
            Mutation(
                path, f"{module_name(path)}.{qualified}", begins, edit, was, becomes, number, tuple(lines), in_signature
            )
        )
    return found


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module) -> dict[int, tuple[str, Function]]:
    """Functions of the module and methods of its classes, by the line of their `def`."""
    found: dict[int, tuple[str, Function]] = {}
    for node in tree.body:
        if isinstance(node, Function):
            found[node.lineno] = (node.name, node)
        elif isinstance(node, ast.ClassDef):
            found |= {
                each.lineno: (f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, Function)
            }
    return found


def _without_decorators(source: str, tree: ast.Module) -> str:
    """The text with functions' decorators as comments of the same length, for mutmut leaves decorated functions out."""
    lines = source.splitlines(keepends=True)
    for _, node in _functions(tree).values():
        for number in {n for each in node.decorator_list for n in range(each.lineno, (each.end_lineno or 0) + 1)}:
            line = lines[number - 1]
            indent = len(line) - len(line.lstrip(" "))
            lines[number - 1] = line[:indent] + "#" + line[indent + 1 :]
    return "".join(lines)


def _edits(
    path: str, source: str, undecorated: str, functions: dict[int, tuple[str, Function]]
) -> Iterator[tuple[str, Function, tuple[int, int, str]]]:
    """Qualified name, node and edit of each mutation that mutmut makes."""
    import libcst
    from mutmut.mutation.file_mutation import create_mutations, deep_replace

    module, mutations, _, _ = create_mutations(path, undecorated)
    methods = {
        id(each)
        for statement in module.body
        if isinstance(statement, libcst.ClassDef)
        for each in statement.body.body
        if isinstance(each, libcst.FunctionDef)
    }

    def text_of(function: libcst.FunctionDef, method: bool) -> str:
        if not method:
            return str(libcst.Module(body=[function]).code)
        holder = libcst.ClassDef(name=libcst.Name("X"), body=libcst.IndentedBlock(body=[function]))
        return str(libcst.Module(body=[holder]).code).partition("\n")[2]

    places = _places(undecorated, functions)
    written: dict[int, tuple[str, int, str, Function]] = {}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, libcst.FunctionDef):
            continue
        method = id(function) in methods
        if id(function) not in written:
            before = text_of(function, method)
            at, qualified, node = next(
                (begin, *functions[line])
                for begin, line in places
                if undecorated[:begin].endswith("\n") or not begin
                if (start := _found(undecorated, before, begin)) >= 0 and start <= begin
            )
            written[id(function)] = (before, _found(undecorated, before, at), qualified, node)
            places = [each for each in places if each[0] != at]
        before, at, qualified, node = written[id(function)]
        changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
        assert isinstance(changed, libcst.FunctionDef)
        begin, end, text = _difference(before, text_of(changed, method))
        yield qualified, node, (at + begin, at + end, text)


def _places(source: str, functions: dict[int, tuple[str, Function]]) -> list[tuple[int, int]]:
    """Where the line of each `def` begins, and its number."""
    begins, place = {}, 0
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        begins[number] = place
        place += len(line)
    return [(begins[line], line) for line in sorted(functions)]


def _found(source: str, text: str, begin: int) -> int:
    """Where a function's text, comments before it included, begins, if its `def` stands at `begin`; or -1."""
    lead = text.find("def ")
    lead = text.rfind("\n", 0, lead) + 1
    start = begin - lead
    return start if start >= 0 and source.startswith(text, start) else -1


def _difference(before: str, after: str) -> tuple[int, int, str]:
    """The shortest edit that makes one text the other."""
    begin = _common(before, after)
    tail = _common(before[begin:][::-1], after[begin:][::-1])
    return begin, len(before) - tail, after[begin : len(after) - tail]


def _common(one: str, other: str) -> int:
    """How many characters the two begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _changed_lines(source: str, edit: tuple[int, int, str]) -> tuple[str, str]:
    """The lines that an edit touches, before and after, on one line and without indentation."""
    begin, end, text = edit
    first = source.rfind("\n", 0, begin) + 1
    last = source.find("\n", end)
    last = len(source) if last < 0 else last
    return " ".join(source[first:last].split()), " ".join((source[first:begin] + text + source[end:last]).split())


def _statement(function: Function, first: int, last: int) -> range:
    """Lines of the smallest statement that holds the lines of an edit; of one with a body, those of its head."""
    smallest: ast.AST = function
    for node in ast.walk(function):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)) and node.lineno <= first and last <= (node.end_lineno or 0):
            smallest = node
    begin = int(getattr(smallest, "lineno", first))
    body = getattr(smallest, "body", None) or getattr(smallest, "cases", None)
    if not body:
        return range(begin, int(getattr(smallest, "end_lineno", last)) + 1)
    head = getattr(body[0], "lineno", None) or body[0].pattern.lineno
    return range(begin, max(head, begin + 1))
