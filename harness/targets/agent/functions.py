"""The Python functions behind what a framework calls."""

from __future__ import annotations

import functools
import inspect
from typing import Any


def plain_function(call: Any) -> Any:
    """The Python function behind a callable: partials, bound methods, callable objects; None for built-ins."""
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


def innermost(call: Any) -> Any:
    """The handler that decorators wrap."""
    found = layers(call)
    return found[-1] if found else None


def layers(call: Any) -> list[Any]:
    """Functions from the outermost decorator to the handler: through `__wrapped__`, else the one wrapped function closed over."""
    found: list[Any] = []
    while True:
        function = plain_function(call)
        if function is None or function in found:
            return found
        found.append(function)
        inner = getattr(function, "__wrapped__", None) or getattr(call, "__wrapped__", None)
        if inner is None and function.__closure__:
            cells = dict(zip(function.__code__.co_freevars, function.__closure__))
            held = []
            for name in _WRAPPED_NAMES & set(cells):
                try:
                    value = cells[name].cell_contents
                except ValueError:
                    continue
                if plain_function(value) is not None and not inspect.isclass(value):
                    held.append(value)
            inner = held[0] if len(held) == 1 else None
        if inner is None or plain_function(inner) is None:
            return found
        call = inner


def name_of(call: Any) -> Any:
    """`module:qualified name` of a callable."""
    function = plain_function(call) or call
    return "%s:%s" % (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__))
