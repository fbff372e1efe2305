"""What a function's code mentions: the functions that it may call, found in its byte code without running it.

A name is followed where its value is certain: globals, what the function closes over, imports inside it, attributes of modules,
members of classes and of objects. Of any other value (an argument, a call's result) only the names of its attributes are known.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

from .own import is_own

_QUIET = {"CACHE", "PUSH_NULL", "EXTENDED_ARG", "PRECALL", "NOT_TAKEN"}
_NAMES = {
    "LOAD_GLOBAL",
    "LOAD_NAME",
    "LOAD_DEREF",
    "LOAD_CLASSDEREF",
    "LOAD_FROM_DICT_OR_DEREF",
    "LOAD_FROM_DICT_OR_GLOBALS",
}
_NOTHING: Any = object()
"""The value of a name that leads nowhere. Values are `Any`: a name of the app's may be anything."""
_DEPTH = 3
"""How many of the app's own functions may lie between a handler and what it mentions."""
_WITHIN = 3
"""How many functions of a library may lie between the one that the app calls and the one that verifies."""
COMMON = {name for kind in (str, bytes, dict, list, set) for name in dir(kind)}
"""Methods whose name does not tell the class of the object."""


class Mentioned:
    """What one function mentions: `functions` in their order, `classes`, and in `loose` the attributes of unknown values."""

    def __init__(self) -> None:
        self.functions: list[FunctionType] = []
        self.classes: list[type] = []
        self.loose: dict[str, None] = {}


def function_of(value: Any) -> FunctionType | None:
    """Return the Python function behind a value, without touching proxies, which load their object when they are asked."""
    for _ in range(8):
        kind = type(value)
        if kind is FunctionType:
            function: FunctionType = value
            return function
        if kind in (types.MethodType, staticmethod, classmethod):
            value = value.__func__
        elif kind is property:
            value = value.fget
        elif kind in (functools.partial, functools.partialmethod, functools.cached_property):
            value = value.func
        elif kind.__name__ == "_lru_cache_wrapper":
            value = value.__wrapped__
        else:
            return None
    return None


def member(holder: Any, name: str) -> Any:
    """Return an attribute as it is stored, without running descriptors; `_NOTHING` where there is none."""
    with contextlib.suppress(Exception):
        if type(holder) is types.ModuleType:
            return vars(holder).get(name, _NOTHING)
        return inspect.getattr_static(holder, name, _NOTHING)
    return _NOTHING


class _Reader:
    """Reads one function's code, and that of the functions within it."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.found = Mentioned()
        self.closed: dict[str, Any] = {}
        self.locals: dict[str, Any] = {}
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            with contextlib.suppress(ValueError):  # An empty cell.
                self.closed[name] = cell.cell_contents
        self.typed: dict[str, Any] = {}
        """Arguments whose class is known: attributes of the argument are looked up in the class."""
        with contextlib.suppress(Exception):  # They may be evaluated only now.
            self.typed = {name: self._annotated(kind) for name, kind in function.__annotations__.items()}
        owner = self._owner()
        if owner is not None and code.co_argcount:
            self.typed[code.co_varnames[0]] = owner
        self.read(code)

    def _annotated(self, annotation: Any) -> Any:
        """The class that an annotation names: itself, in `Annotated`, in a union, in a text."""
        if isinstance(annotation, str):
            for path in re.findall(r"[A-Za-z_][\w.]*", annotation):
                value = self.function.__globals__.get(path.partition(".")[0], _NOTHING)
                for name in path.split(".")[1:]:
                    value = member(value, name)
                value = self._annotated(value)
                if value is not _NOTHING and value.__module__ != "typing":
                    return value
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        if type(annotation).__name__ in ("UnionType", "_UnionGenericAlias", "Union"):
            annotation = next((kind for kind in annotation.__args__ if kind is not type(None)), _NOTHING)
        return annotation if issubclass(type(annotation), type) else _NOTHING

    def _owner(self) -> Any:
        """The class that a method is defined in."""
        path = self.function.__qualname__.split(".")[:-1]
        value: Any = sys.modules.get(self.function.__module__)
        for part in path:
            value = member(value, part) if value is not None else None
        return value if path and issubclass(type(value), type) else None

    def read(self, code: CodeType) -> None:
        """Note what the code mentions, and the code within it."""
        chain = imported = _NOTHING
        constants: list[Any] = []
        for step in dis.get_instructions(code):
            name, value = step.opname, step.argval
            if name in _QUIET:
                continue
            if name in ("LOAD_ATTR", "LOAD_METHOD"):
                chain = self._follow(chain, str(value))
                continue
            chain = _NOTHING
            if name in ("LOAD_CONST", "LOAD_SMALL_INT"):
                constants = [*constants[-1:], value]
            elif name == "IMPORT_NAME":
                imported = self._import(str(value), constants)
            elif name == "IMPORT_FROM":
                imported = (imported[0], member(imported[0], value))
            elif name.startswith("STORE_"):
                names = value if isinstance(value, tuple) else (value,)
                stored = imported[1] if imported is not _NOTHING else _NOTHING
                (self.closed if name == "STORE_DEREF" else self.locals)[names[0]] = stored
                self.typed.pop(names[0], None)
                if imported is not _NOTHING:
                    imported = (imported[0], _NOTHING)
                chain = self._local(names[-1]) if "LOAD" in name else _NOTHING
            elif name == "POP_TOP":
                imported = _NOTHING
            elif name in _NAMES:
                deref = "DEREF" in name
                chain = self._note((self.closed if deref else self.function.__globals__).get(value, _NOTHING))
                chain = self.typed.get(value, _NOTHING) if deref and chain is _NOTHING else chain
            elif name.startswith("LOAD_FAST"):
                names = value if isinstance(value, tuple) else (value,)
                for one in names:
                    chain = self._local(one)
        outer = self.locals
        for constant in code.co_consts:
            if inspect.iscode(constant):
                self.locals = {}
                self.read(constant)
        self.locals = outer

    def _local(self, name: str) -> Any:
        value = self._note(self.locals.get(name, _NOTHING))
        return self.typed.get(name, _NOTHING) if value is _NOTHING else value

    def _import(self, name: str, constants: list[Any]) -> Any:
        """(what IMPORT_FROM takes from, what is stored) of an import, where the module is loaded already."""
        level, wanted = constants if len(constants) == 2 else (0, None)
        if isinstance(level, int) and level:
            with contextlib.suppress(Exception):
                name = importlib.util.resolve_name("." * level + name, self.function.__globals__.get("__package__"))
        module = sys.modules.get(name)
        top = sys.modules.get(name.partition(".")[0])
        return (module, module) if wanted else (top, top)

    def _follow(self, chain: Any, attribute: str) -> Any:
        if chain is _NOTHING:
            self.found.loose[attribute] = None
            return _NOTHING
        value = self._note(member(chain, attribute))
        return _NOTHING if type(value) in (property, functools.cached_property) else value

    def _note(self, value: Any) -> Any:
        function = function_of(value)
        if function is not None:
            self.found.functions.append(function)
        elif issubclass(type(value), type):
            self.found.classes.append(value)
            self._note_member(value, "__init__")
        elif value is not _NOTHING and type(value) is not types.ModuleType:
            self._note_member(type(value), "__call__")
        return value

    def _note_member(self, kind: Any, name: str) -> None:
        function = function_of(member(kind, name))
        if function is not None:
            self.found.functions.append(function)


class Mentions:
    """Follows what functions mention, through the app's own code and through `libraries` (packages that verify)."""

    def __init__(self, app_dir: str, libraries: Collection[str]) -> None:
        self.app_dir = app_dir
        self.libraries = libraries
        self._known: dict[FunctionType, Mentioned] = {}
        self._called: dict[FunctionType, list[FunctionType]] = {}

    def of(self, function: FunctionType) -> Mentioned:
        """Return what this function's code mentions."""
        if function not in self._known:
            self._known[function] = Mentioned()
            with contextlib.suppress(Exception):  # Byte code of a later Python.
                self._known[function] = _Reader(function).found
        return self._known[function]

    def reach(
        self, function: FunctionType, ends: Collection[CodeType] = ()
    ) -> Iterator[tuple[FunctionType | None, Collection[str]]]:
        """Yield (a function that this one mentions, directly or through others, or None; attributes of unknown values), nearest first.

        `ends`: code objects behind which nothing is followed.
        """
        module = function.__module__
        seen = {function}
        level = [(function, _DEPTH, _WITHIN)]
        while level:
            current, depth, within = level.pop(0)
            mentioned = self.of(current)
            own = self._own(current, module)
            yield None, mentioned.loose if own else ()
            for value in self._functions(current):
                if value in seen:
                    continue
                seen.add(value)
                yield value, ()
                if value.__code__ in ends:
                    continue
                if self._own(value, module):
                    if depth and own:
                        level.append((value, depth - 1, _WITHIN))
                elif (value.__module__ or "").partition(".")[0] in self.libraries and within:
                    level.append((value, 0, within - 1))

    def _functions(self, function: FunctionType) -> list[FunctionType]:
        """What a function may call: what it mentions, and what its unknown values are called by, in the classes that it mentions."""
        if function not in self._called:
            mentioned = self.of(function)
            named = [function_of(member(kind, name)) for kind in mentioned.classes for name in mentioned.loose]
            self._called[function] = mentioned.functions + [value for value in named if value is not None]
        return self._called[function]

    def _own(self, function: FunctionType, module: str) -> bool:
        return is_own(function.__code__.co_filename, self.app_dir) or function.__module__ == module

    def load_imported(self, function: FunctionType) -> None:
        """Import what a function would import of `libraries` when it runs, so that it can be watched."""
        codes = [function.__code__]
        while codes:
            code = codes.pop()
            codes.extend(constant for constant in code.co_consts if inspect.iscode(constant))
            if not any(name.partition(".")[0] in self.libraries for name in code.co_names):
                continue
            name = ""
            for step in dis.get_instructions(code):
                if step.opname == "IMPORT_NAME":
                    name = step.argval if step.argval.partition(".")[0] in self.libraries else ""
                    wanted = [name]
                elif step.opname == "IMPORT_FROM" and name:
                    wanted = ["%s.%s" % (name, step.argval)]
                else:
                    continue
                for module in wanted:
                    if module and module not in sys.modules:
                        with contextlib.suppress(Exception):
                            importlib.import_module(module)
