"""The texts that stand in a function's code: what it may compare a request's fields with, or build tokens from.

Constants, and the values of what the code names: globals, what it closes over, attributes of objects and modules, defaults of
parameters, variables of the environment. Nothing is run for it: attributes are taken as they are stored.
"""

from __future__ import annotations

import contextlib
import dis
import enum
import inspect
import os
import re
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from .mentions import _NAMES, _NOTHING, _QUIET, Mentions, function_of
from .values import matching
from .written import Written

_MOST = 60
_LONGEST = 200
_ENTRIES = 50
"""Entries of a container, beyond which it is a table of data."""
_DEPTH = 2
"""How many of the app's own functions may lie between the reader and the code in which a word stands."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_SECRETS = ("_secret_value", "_value")
"""Where pydantic's and Starlette's secret texts keep their value."""
_NO_TEXT = ("IMPORT_NAME", "CALL_KW", "CALL_FUNCTION_KW", "MAKE_FUNCTION")
"""What takes the constant before it for its own: names of modules, of arguments and of functions."""
_CLASS_NAMES = ("__doc__", "__module__", "__qualname__")


def fits(text: str) -> bool:
    """Whether a text may be a name, a secret or a part of a token, rather than a sentence or a separator."""
    if not 2 <= len(text) <= _LONGEST or text.count(" ") > 2:
        return False
    return not re.search(r"[\r\n]", text) and re.search(r"\w", text) is not None


def _text_of(value: Any) -> str | None:
    if issubclass(type(value), str):
        text: str = str.__str__(value)  # A member of an Enum would say its name.
        return text
    if issubclass(type(value), bytes):
        with contextlib.suppress(UnicodeDecodeError):
            return bytes(value).decode("ascii")
    return None


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        text = _text_of(value)
        if text is not None:
            yield text


def _contents(values: Collection[Any]) -> list[str]:
    """The texts of a container, in an order that each process finds them in."""
    found = list(_texts(list(values)))
    return sorted(found) if issubclass(type(values), (set, frozenset)) else found


def stored(holder: Any, name: str) -> Any:
    """Return an attribute as it is stored in a module, an object or its class; `_NOTHING` where it would have to be computed."""
    with contextlib.suppress(Exception):
        own: Mapping[str, Any] = {}
        with contextlib.suppress(TypeError):  # An object without a dictionary.
            own = vars(holder)
        if isinstance(holder, enum.EnumMeta) and name in holder._member_map_:
            return holder._member_map_[name]
        if name in own:
            return own[name]
        if "_wrapped" in own:  # Django's settings, and whatever else it makes lazily.
            return stored(own["_wrapped"], name)
        kinds = holder.__mro__ if isinstance(holder, type) else type(holder).__mro__
        for kind in kinds:
            if name in vars(kind):
                value = vars(kind)[name]
                slot = isinstance(value, types.MemberDescriptorType) and not isinstance(holder, type)
                return value.__get__(holder) if slot else _NOTHING if isinstance(value, property) else value
        return _declared(holder, name) if isinstance(holder, type) else _NOTHING
    return _NOTHING


def _declared(kind: type, name: str) -> Any:
    """The default of a field of pydantic's, whose class does not keep it as an attribute."""
    fields: Any = getattr(kind, "model_fields", None) or getattr(kind, "__fields__", None) or {}
    return getattr(fields[name], "default", _NOTHING) if name in fields else _NOTHING


def _result(value: Any) -> Any:
    """What a function of no arguments returned before, where it is cached; nothing is run."""
    with contextlib.suppress(Exception):
        cached = type(value).__name__ == "_lru_cache_wrapper" and value.cache_info().currsize
        if cached and not inspect.signature(value.__wrapped__).parameters:
            return value()
    return _NOTHING


class _Reading:
    """The words of one function: `words`, and those of the variables of the environment that it names."""

    def __init__(self, function: FunctionType, given: Mapping[str, Any]) -> None:
        self.globals = function.__globals__
        self.locals = dict(given)
        self.closed: dict[str, Any] = {}
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            with contextlib.suppress(ValueError):  # An empty cell.
                self.closed[name] = cell.cell_contents
        self.words: dict[str, None] = {}
        self.constants: dict[str, None] = {}
        self.functions: list[FunctionType] = []
        """What its parameters are to be given by: FastAPI's dependencies."""
        self._constants(code)
        self._defaults(function)
        self._follow(code)

    def _add(self, texts: Iterable[str]) -> None:
        self.words.update(dict.fromkeys(text for text in texts if fits(text)))

    def _constants(self, code: CodeType) -> None:
        """Note the constants that the code loads, in their order, and then those of the code within it."""
        steps = [step for step in dis.get_instructions(code) if step.opname not in _QUIET]
        for step, after in zip(steps, [*steps[1:], steps[-1]]):
            if step.opname not in ("LOAD_CONST", "RETURN_CONST") or after.opname in _NO_TEXT:
                continue
            if after.opname == "STORE_NAME" and after.argval in _CLASS_NAMES:
                continue
            value = step.argval
            found = _contents(value) if isinstance(value, (tuple, frozenset)) else list(_texts([value]))
            self.constants.update(dict.fromkeys(found))
            self._add(found)
            self._add(os.environ[text] for text in found if _VARIABLE.fullmatch(text) and text in os.environ)
        for constant in code.co_consts:
            if inspect.iscode(constant):
                self._constants(constant)

    def _defaults(self, function: FunctionType) -> None:
        """Note what parameters are given where a request gives nothing, and by which functions they are given."""
        code, default = function.__code__, function.__defaults__ or ()
        names = code.co_varnames[: code.co_argcount]
        values = {**dict(zip(names[len(names) - len(default) :], default)), **(function.__kwdefaults__ or {})}
        found: list[tuple[str, Any]] = list(values.items())
        with contextlib.suppress(Exception):  # They may be evaluated only now.
            for name, kind in function.__annotations__.items():
                found += [(name, value) for value in getattr(kind, "__metadata__", ())]
        for name, value in found:
            self._note(value)
            self._note(stored(value, "default"))
            call = stored(value, "dependency")
            provider = function_of(call)
            if provider is not None:
                self.functions.append(provider)
                self.locals.setdefault(name, _result(call))

    def _follow(self, code: CodeType) -> None:
        """Note the values of what the code names, attribute by attribute."""
        chain: Any = _NOTHING
        for step in dis.get_instructions(code):
            name, value = step.opname, step.argval
            if name in _QUIET:
                continue
            if name in ("LOAD_ATTR", "LOAD_METHOD"):
                chain = _NOTHING if chain is _NOTHING else self._note(stored(chain, str(value)))
            elif name.startswith("CALL"):
                chain = _NOTHING if value else _result(chain)
            elif name.startswith("STORE_FAST"):
                names = value if isinstance(value, tuple) else (value,)
                if chain is not _NOTHING:
                    self.locals[names[0]] = chain
                chain = self.locals.get(names[-1], _NOTHING) if "LOAD" in name else _NOTHING
            elif name.startswith("LOAD_FAST"):
                chain = self.locals.get(value[-1] if isinstance(value, tuple) else value, _NOTHING)
            elif name in _NAMES and "DEREF" in name:
                # An argument that inner functions close over is the request's own.
                chain = self._note(self.closed[value]) if value in self.closed else self.locals.get(value, _NOTHING)
            elif name in _NAMES:
                chain = _NOTHING if str(value).startswith("__") else self._note(self.globals.get(value, _NOTHING))
            else:
                chain = _NOTHING
        for constant in code.co_consts:
            if inspect.iscode(constant):
                self._follow(constant)

    def _note(self, value: Any) -> Any:
        """Note the texts of a value, and return it for its attributes."""
        if value is _NOTHING or value is None:
            return value
        if type(value).__name__ == "LocalProxy":
            with contextlib.suppress(Exception):  # Flask's and Quart's: outside a request there is nothing behind it.
                value = object.__getattribute__(value, "_get_current_object")()
        kind = type(value)  # `isinstance` would make lazy objects load what they stand for.
        if issubclass(kind, (str, bytes)):
            self._add(_texts([value]))
        elif issubclass(kind, enum.Enum):
            self._add(_texts([value.value]))
        elif kind is re.Pattern:
            self._add(_texts([matching(value.pattern) if isinstance(value.pattern, str) else None]))
        elif issubclass(kind, (list, tuple, set, frozenset)) and len(value) <= _ENTRIES:
            self._add(_contents(value))
        elif issubclass(kind, dict) and not dict.keys(value) & {"asgi", "wsgi.version"}:
            named = [dict.get(value, text) for text in self.constants if dict.__contains__(value, text)]
            # Of a table of functions any may be asked for, whichever the code names itself.
            choices = len(value) and all(map(callable, dict.values(value)))
            whole = kind is dict and (choices or not named) and len(value) <= _ENTRIES
            self._add(_texts([*value.keys(), *value.values()] if whole else named))
        elif "Secret" in kind.__name__:
            self._add(_texts(stored(value, name) for name in _SECRETS))
        return value


class Words:
    """Finds the words of functions, and of the app's own functions that they mention.

    `original` gives the function as it was before the probe replaced its code; None for one that is not the app's own.
    """

    def __init__(self, mentions: Mentions, original: Callable[[FunctionType], FunctionType | None]) -> None:
        self.mentions = mentions
        self.original = original
        self.written = Written(mentions.app_dir)

    def of(self, function: FunctionType, given: Mapping[str, Any]) -> list[str]:
        """Return the words, nearest first. `given`: arguments whose attributes may be looked at."""
        found: dict[str, None] = {}
        loose: dict[str, None] = {}
        seen = {function}
        level = [function]
        for depth in range(_DEPTH + 1):
            following: dict[FunctionType, None] = {}
            for current in level:
                reading = _Reading(current, {} if depth else given)
                mentioned = self.mentions.of(current)
                loose.update(mentioned.loose)
                found.update(reading.words)
                values = [stored(kind, name) for kind in mentioned.classes for name in loose]
                found.update(dict.fromkeys(text for text in _texts(values) if fits(text)))
                methods = [one for one in map(function_of, values) if one is not None]
                originals = map(self.original, [*mentioned.functions, *reading.functions, *methods])
                following.update(dict.fromkeys(one for one in originals if one is not None and one not in seen))
            seen.update(following)
            level = list(following)
        return [text for text in found if self.written.known(text)][:_MOST]
