"""The Python functions behind what a framework calls."""

from __future__ import annotations

import functools
import inspect
import os
from types import FunctionType

from .own import is_library
from .protocol import Source


def plain_function(call: object) -> FunctionType | None:
    """Return the Python function behind a callable: partials, bound methods, callable objects; None for built-ins."""
    while isinstance(call, functools.partial):
        call = call.func
    if inspect.ismethod(call):
        call = call.__func__
    if not inspect.isfunction(call) and not inspect.isclass(call):
        call = getattr(type(call), "__call__", None)  # noqa: B004
    return call if inspect.isfunction(call) else None


_WRAPPED_NAMES = {
    "fn",
    "func",
    "f",
    "function",
    "view",
    "view_func",
    "view_function",
    "handler",
    "endpoint",
    "wrapped",
    "method",
}


def innermost(call: object) -> FunctionType | None:
    """Return the handler that decorators wrap; None where there is no Python function."""
    found = layers(call)
    return found[-1] if found else None


def layers(call: object) -> list[FunctionType]:
    """Return the functions from the outermost decorator to the handler.

    A wrapper leads to the next by `__wrapped__`, else by the one function that it closes over under a usual name.
    """
    found: list[FunctionType] = []
    while True:
        function = plain_function(call)
        if function is None or function in found:
            return found
        found.append(function)
        inner = getattr(function, "__wrapped__", None) or getattr(call, "__wrapped__", None) or _closed_over(function)
        if inner is None or plain_function(inner) is None:
            return found
        call = inner


def _closed_over(function: FunctionType) -> object:
    """The one callable that a decorator's wrapper closes over under a usual name; None for none or several."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    wrapped = []
    for name in _WRAPPED_NAMES & set(cells):
        try:
            value = cells[name].cell_contents
        except ValueError:
            continue
        if plain_function(value) is not None and not inspect.isclass(value):
            wrapped.append(value)
    return wrapped[0] if len(wrapped) == 1 else None


def name_of(call: object) -> str:
    """Return `module:qualified name` of a callable."""
    function = plain_function(call) or call
    return "%s:%s" % (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__))


def source_of(call: object) -> Source | None:
    """Return where a callable's code begins, decorators included; None for a library's, and for what has no file.

    A wrapper that took over the name of what it wraps leads to that. A class leads to its `__init__`.
    """
    function = plain_function(call)
    if function is None:
        function = plain_function(getattr(call, "__init__", None))
    if function is None:
        return None
    seen = {id(function)}
    while True:
        inner = plain_function(getattr(function, "__wrapped__", None))
        if inner is None or id(inner) in seen or name_of(inner) != name_of(function):
            break
        seen.add(id(inner))
        function = inner
    file = os.path.abspath(function.__code__.co_filename)
    return (file, function.__code__.co_firstlineno) if os.path.isfile(file) and not is_library(file) else None
