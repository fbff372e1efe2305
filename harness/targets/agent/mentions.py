"""What a function's code mentions: the functions that it may call, found in its byte code without running it.

Names are followed where they lead for certain: globals, what the function closes over, imports inside it, attributes of modules, members
of classes and of objects. Of what comes from elsewhere (an argument, a call's result) only the names of its attributes are known.
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
_DEPTH = 3
"""How many functions of the app's own lie between a handler and what it may mention."""
_WITHIN = 3
"""The same within a library: from what it offers to what it verifies with."""
COMMON = {name for kind in (str, bytes, dict, list, set) for name in dir(kind)}
"""Methods whose name says nothing of the object."""


class Mentioned:
    """`functions` in the order of their mention; `classes`; `loose`: attributes of who knows what."""

    def __init__(self) -> None:
        self.functions: list[Any] = []
        self.classes: list[Any] = []
        self.loose: dict[str, None] = {}


def function_of(value: Any) -> Any:
    """The Python function behind a value, without touching objects that load themselves when they are asked (proxies)."""
    for _ in range(8):
        kind = type(value)
        if kind is types.FunctionType:
            return value
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


def member(holder: Any, name: Any) -> Any:
    """An attribute as it is stored, or nothing."""
    with contextlib.suppress(Exception):
        if type(holder) is types.ModuleType:
            return vars(holder).get(name, _NOTHING)
        return inspect.getattr_static(holder, name, _NOTHING)
    return _NOTHING


class _Reader:
    """Reads one function's code, and that of the functions within it."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.found = Mentioned()
        self.closed: dict[str, Any] = {}
        self.locals: dict[str, Any] = {}
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            with contextlib.suppress(ValueError):  # An empty cell.
                self.closed[name] = cell.cell_contents
        self.typed: dict[str, Any] = {}
        """Arguments whose class is known; what is said of them is said of the class."""
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

    def read(self, code: Any) -> None:
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
        """(what IMPORT_FROM takes from, what is stored) of an import that has been done already, by whomever."""
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

    def __init__(self, app_dir: Any, libraries: Any) -> None:
        self.app_dir = app_dir
        self.libraries = libraries
        self._known: dict[Any, Mentioned] = {}

    def of(self, function: Any) -> Mentioned:
        """What this function's code mentions."""
        if function not in self._known:
            self._known[function] = Mentioned()
            with contextlib.suppress(Exception):  # Byte code of a kind that nobody knows yet.
                self._known[function] = _Reader(function).found
        return self._known[function]

    def reach(self, function: Any, ends: Any = ()) -> Any:
        """(function that it mentions, or one that it mentions does, attributes of who knows what beside it), nearest first.

        `ends`: code objects behind which nothing is followed.
        """
        module = function.__module__
        seen = {function}
        level = [(function, _DEPTH, _WITHIN)]
        while level:
            current, depth, within = level.pop(0)
            mentioned = self.of(current)
            functions = list(mentioned.functions)
            for kind in mentioned.classes:
                functions += [function_of(member(kind, name)) for name in mentioned.loose]
            own = self._own(current, module)
            yield None, mentioned.loose if own else {}
            for value in functions:
                if value is None or value in seen:
                    continue
                seen.add(value)
                yield value, {}
                if value.__code__ in ends:
                    continue
                if self._own(value, module):
                    if depth and own:
                        level.append((value, depth - 1, _WITHIN))
                elif (value.__module__ or "").partition(".")[0] in self.libraries and within:
                    level.append((value, 0, within - 1))

    def _own(self, function: Any, module: Any) -> bool:
        return is_own(function.__code__.co_filename, self.app_dir) or function.__module__ == module

    def load_imported(self, function: Any) -> None:
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
