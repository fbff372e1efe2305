"""The probe: was the handler entered, and which authentication functions ran?

From Python 3.12 by `sys.monitoring` on the code objects of interest (PEP 669: no cost elsewhere). Before that, the
code of these functions is replaced by a trampoline, which reaches every reference to them that anybody holds.
"""

from __future__ import annotations

import ast
import contextlib
import contextvars
import functools
import inspect
import sys
import types
import warnings
from typing import Any

CURRENT = contextvars.ContextVar("clerk_harness_trip", default=None)
ACTIVE: list[Any] = [None]
"""The trip under way, for handlers that run in threads which did not inherit the context: requests go one at a time."""


class Door(Exception):
    """Raised on the handler's threshold: this credential must be rejected and may not run it.

    An ordinary exception, so that the target's dependencies roll back and close as after any error.
    """


class Trip:
    """One request on its way: what it may do and what it did."""

    __slots__ = ("entered", "ran", "stop", "stopped")

    def __init__(self, stop: Any) -> None:
        self.stop = stop
        self.entered = None
        self.stopped = False
        self.ran: list[Any] = []
        """(function number, returned something true, after the handler was entered)"""


_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


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
    """The handler that decorators wrap: through `__wrapped__`, else through the one wrapped function they close over."""
    seen = set()
    while True:
        function = plain_function(call)
        if function is None or id(function) in seen:
            return function
        seen.add(id(function))
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
            return function
        call = inner


class Probe:
    """Watches handlers (entered, door) and authentication functions (returned something true)."""

    def __init__(self) -> None:
        self.handlers: dict[Any, int] = {}
        """code -> handler number"""
        self.functions: dict[Any, int] = {}
        """code -> function number"""
        self.names: list[str] = []
        self.kind = "monitoring" if hasattr(sys, "monitoring") else "wrapping"
        self._keep: list[Any] = []

    def handler(self, function: Any, number: Any) -> Any:
        """Watch a route's handler."""
        if function is None:
            return False
        self._keep.append(function)
        code = function.__code__
        if code in self.handlers:
            return True
        self.handlers[code] = number
        return True

    def number_of(self, function: Any) -> Any:
        """The number under which a handler is known (routes may share one)."""
        return self.handlers.get(function.__code__) if function is not None else None

    def watch(self, function: Any, name: Any) -> Any:
        """Watch an authentication function under `name`; returns its number."""
        code = function.__code__
        # Kept in any case: the same code in another file is another object, which must be switched on too.
        self._keep.append(function)
        if code in self.functions:
            return self.functions[code]
        number = len(self.names)
        self.names.append(name)
        self.functions[code] = number
        return number

    def install(self) -> None:
        """Begin to watch. Routes must have been discovered, and their signatures read, before."""
        if self.kind == "monitoring":
            self._monitor()
        else:
            for function in list(self._keep):
                self._wrap(function)

    # From here on, the two ways.

    def _enter(self, number: Any) -> None:
        trip = CURRENT.get() or ACTIVE[0]
        if trip is None:
            return
        if trip.entered is None:
            trip.entered = number
        if trip.stop:
            trip.stopped = True
            raise Door("the harness stops this request at the handler's door")

    def _left(self, number: Any, value: Any) -> None:
        trip = CURRENT.get()
        if trip is None:
            return
        try:
            good = bool(value)
        except Exception:
            good = True
        trip.ran.append((number, good, trip.entered is not None))

    def _monitor(self) -> None:
        monitoring: Any = vars(sys)["monitoring"]  # Python 3.12 and later.
        tool = next(n for n in (3, 4, 2, 1, 5) if monitoring.get_tool(n) is None)
        monitoring.use_tool_id(tool, "clerk-harness")
        events = monitoring.events
        handlers, functions, enter, left = self.handlers, self.functions, self._enter, self._left

        def on_start(code: Any, offset: Any) -> None:
            number = handlers.get(code)
            if number is not None:
                enter(number)

        def on_return(code: Any, offset: Any, value: Any) -> None:
            number = functions.get(code)
            if number is not None and not code.co_flags & _GENERATORS:
                left(number, value)

        def on_yield(code: Any, offset: Any, value: Any) -> None:
            number = functions.get(code)
            if number is None:
                return
            if code.co_flags & inspect.CO_GENERATOR:
                left(number, value)
            elif type(value).__name__ == "async_generator_wrapped_value":  # Not what it awaits.
                left(number, True)

        monitoring.register_callback(tool, events.PY_START, on_start)
        monitoring.register_callback(tool, events.PY_RETURN, on_return)
        monitoring.register_callback(tool, events.PY_YIELD, on_yield)
        # By function, not by key: equal code objects of two files are one key, and each must be switched on.
        for function in self._keep:
            code = function.__code__
            result = events.PY_YIELD if code.co_flags & _GENERATORS else events.PY_RETURN
            wanted = (events.PY_START if code in handlers else 0) | (result if code in functions else 0)
            monitoring.set_local_events(tool, code, wanted)

    def _wrap(self, function: Any) -> None:
        code = function.__code__
        handler, number = self.handlers.get(code), self.functions.get(code)
        if handler is None and number is None:
            return
        probe = self
        call: Any
        with contextlib.suppress(TypeError, ValueError):
            function.__signature__ = inspect.signature(function)
        original = types.FunctionType(
            code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        original.__kwdefaults__ = function.__kwdefaults__

        if inspect.iscoroutinefunction(function):

            async def call_coroutine(*args: Any, **kwargs: Any) -> Any:
                if handler is not None:
                    probe._enter(handler)
                value = await original(*args, **kwargs)
                if number is not None:
                    probe._left(number, value)
                return value

            call, shape = call_coroutine, _SHAPES["_async_trampoline"]
        elif inspect.isasyncgenfunction(function):

            async def call_async_generator(*args: Any, **kwargs: Any) -> Any:
                if handler is not None:
                    probe._enter(handler)
                generator = original(*args, **kwargs)
                try:
                    async for value in generator:
                        if number is not None:
                            probe._left(number, value)
                        yield value
                finally:
                    await generator.aclose()

            call, shape = call_async_generator, _SHAPES["_asyncgen_trampoline"]
        elif inspect.isgeneratorfunction(function):

            def call_generator(*args: Any, **kwargs: Any) -> Any:
                if handler is not None:
                    probe._enter(handler)
                if number is None:
                    return (yield from original(*args, **kwargs))
                return (yield from _Told(original(*args, **kwargs), lambda value: probe._left(number, value)))

            call, shape = call_generator, _SHAPES["_gen_trampoline"]
        else:

            def call_function(*args: Any, **kwargs: Any) -> Any:
                if handler is not None:
                    probe._enter(handler)
                value = original(*args, **kwargs)
                if number is not None:
                    probe._left(number, value)
                return value

            call, shape = call_function, _SHAPES["_trampoline"]
        template = shape.__code__
        constants = tuple(call if constant == "\0call" else constant for constant in template.co_consts)
        function.__code__ = template.replace(
            co_consts=constants,
            co_freevars=code.co_freevars,
            co_filename=code.co_filename,
            co_firstlineno=code.co_firstlineno,
            co_name=code.co_name,
        )
        if handler is not None:
            self.handlers[function.__code__] = handler


class _Told:
    """A generator whose values are told before they go on; for `yield from`."""

    def __init__(self, generator: Any, tell: Any) -> None:
        self.generator = generator
        self.tell = tell
        self.throw = generator.throw
        self.close = generator.close

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, received: Any) -> Any:
        value = self.generator.send(received)
        self.tell(value)
        return value


# Compiled from text: a literal that is called draws a SyntaxWarning. The constant "\0call" is replaced by the function to
# call, so that a trampoline needs neither globals nor a closure.
_SOURCE = """
def _trampoline(*args, **kwargs):
    return CALL(*args, **kwargs)

async def _async_trampoline(*args, **kwargs):
    return await CALL(*args, **kwargs)

def _gen_trampoline(*args, **kwargs):
    return (yield from CALL(*args, **kwargs))

async def _asyncgen_trampoline(*args, **kwargs):
    async for value in CALL(*args, **kwargs):
        yield value
"""


class _Constant(ast.NodeTransformer):
    def visit_Name(self, node: Any) -> Any:
        return ast.copy_location(ast.Constant("\0call"), node) if node.id == "CALL" else node


def _compile_trampolines() -> Any:
    namespace: dict[str, Any] = {}
    tree = ast.fix_missing_locations(_Constant().visit(ast.parse(_SOURCE)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(compile(tree, "<clerk-harness>", "exec"), namespace)
    return namespace


_SHAPES = _compile_trampolines() if not hasattr(sys, "monitoring") else {}
