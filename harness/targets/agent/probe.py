"""The probe: was the handler entered, did it come to its end, and which authentication functions ran?

From Python 3.12 by `sys.monitoring` on the code objects of interest (PEP 669: no cost elsewhere). Before that, the
code of these functions is replaced by a trampoline, which reaches every reference to them that anybody holds.
"""

from __future__ import annotations

import contextvars
import inspect
import os
import sys
import types
from typing import Any

from .answers import consents, refuses
from .functions import layers
from .own import is_own

_HERE = os.path.join(os.path.dirname((lambda: None).__code__.co_filename), "")

CURRENT: Any = contextvars.ContextVar("clerk_harness_trip", default=None)
"""The trip of the request on whose behalf code runs; what the app does by itself has none. See `contexts` for threads."""


def under_way() -> Any:
    """The trip that code runs for, unless its request has ended: what it left behind is nobody's."""
    trip = CURRENT.get()
    return None if trip is None or trip.done else trip


class HandlerReached(Exception):
    """Raised on the handler's threshold: this credential must be rejected and may not run it.

    An ordinary exception, so that the target's dependencies roll back and close as after any error.
    """


class RequestTrace:
    """One request on its way: what it may do and what it did.

    `own`: numbers of its route's handler; `beside`: of handlers that the route uses as plain functions, in a dependency say.
    """

    __slots__ = (
        "beside",
        "done",
        "elsewhere",
        "ended",
        "entered",
        "finished",
        "open",
        "own",
        "ran",
        "stop",
        "stopped",
    )

    def __init__(self, stop: Any, own: Any = (), beside: Any = ()) -> None:
        self.stop = stop
        self.own = frozenset(own)
        self.beside = frozenset(beside)
        self.done = False
        self.entered = False
        self.elsewhere = False
        """Another route's handler was entered, and this one's was not."""
        self.stopped = False
        self.open: list[Any] = []
        """Calls of handlers that have not ended."""
        self.ended = False
        self.finished = False
        """The handler returned, and what it returned is no refusal."""
        self.ran: list[Any] = []
        """(function number, returned something true, phase: 0 before the handler was entered, 1 while it ran, 2 after)"""

    @property
    def phase(self) -> int:
        return 1 if self.open else 2 if self.ended else 0

    def close(self) -> None:
        """The request has ended: what goes on is not its any more."""
        self.done = True
        self.open.clear()


_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class Probe:
    """Watches handlers (entered, door) and authentication functions (returned something true)."""

    def __init__(self) -> None:
        self.handlers: dict[Any, int] = {}
        """code -> handler number"""
        self.functions: dict[Any, int] = {}
        """code -> function number"""
        self.names: list[str] = []
        self.doubles: dict[int, int] = {}
        """function number -> handler number, of handlers that others use to authenticate"""
        self.layers: dict[int, list[Any]] = {}
        """handler number -> the functions that make it up, its decorators first"""
        self._codes: dict[int, set[Any]] = {}
        self.app_dir = ""
        self.kind = "monitoring" if hasattr(sys, "monitoring") else "wrapping"
        self._keep: list[Any] = []

    def handler(self, endpoint: Any, number: Any) -> Any:
        """Watch a route's handler."""
        found = layers(endpoint)
        if not found:
            return False
        function = found[-1]
        self._keep.append(function)
        number = self.handlers.setdefault(function.__code__, number)
        self.layers.setdefault(number, []).extend(found)
        self._codes.setdefault(number, set()).update(layer.__code__ for layer in found)
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
        if code in self.handlers:
            self.doubles[number] = self.handlers[code]
        return number

    def install(self) -> None:
        """Begin to watch. Routes must have been discovered, and their signatures read, before."""
        if self.kind == "monitoring":
            self._monitor()
        else:
            from .trampolines import wrap

            for function in dict.fromkeys(self._keep):
                wrap(self, function)

    def enter(self, number: Any, call: Any) -> None:
        """A handler begins. Raises Door where the request is to be stopped there."""
        trip = under_way()
        if trip is None:
            return
        own = number in trip.own
        if not own and (number in trip.beside or self._called_by_name(number)):
            return
        trip.entered = trip.entered or own
        trip.elsewhere = not trip.entered
        if trip.stop:
            trip.stopped = trip.ended = True
            raise HandlerReached("the harness stops this request at the handler's door")
        trip.open.append(call)

    def ended(self, number: Any, call: Any, value: Any = None, *, returned: bool = False, given: Any = ()) -> None:
        """That call of a handler has ended: it returned a value, with what it was given, or raised."""
        trip = under_way()
        if trip is None or call not in trip.open:
            return
        trip.open.remove(call)
        trip.ended = True
        if number in trip.own and not trip.open:
            good = returned and not inspect.isawaitable(value) and not refuses(value, given)
            trip.finished = trip.finished or good

    def _called_by_name(self, number: Any) -> bool:
        """Whether the app's own code calls this handler as a function, rather than a framework that found it by its route."""
        made_of, codes = self.layers.get(number, ()), self._codes.get(number, ())
        frame: Any = sys._getframe(1)
        while frame is not None and (
            frame.f_code.co_filename.startswith(_HERE)
            or frame.f_code in codes
            or any(frame.f_code is layer.__code__ for layer in made_of)
        ):
            frame = frame.f_back
        if frame is None or not is_own(frame.f_code.co_filename, self.app_dir):
            return False
        code = frame.f_code
        values = [frame.f_globals.get(name) for name in code.co_names]
        for holder in [value for value in values if type(value) is types.ModuleType or inspect.isclass(value)]:
            values += [getattr(value, "__func__", value) for value in map(vars(holder).get, code.co_names)]
        # A decorator closes over the handler as well, but not by its own name.
        names = {layer.__name__ for layer in made_of}
        values += [frame.f_locals.get(name) for name in code.co_freevars if name in names]
        return any(type(value) is types.FunctionType and value in made_of for value in values)

    def left(self, number: Any, value: Any) -> None:
        """A watched function returned a value, or yielded it."""
        trip = under_way()
        if trip is None or self.doubles.get(number) in trip.own:
            return
        trip.ran.append((number, consents(value), trip.phase))

    def _monitor(self) -> None:
        monitoring: Any = vars(sys)["monitoring"]  # Python 3.12 and later.
        tool = next(n for n in (3, 4, 2, 1, 5) if monitoring.get_tool(n) is None)
        monitoring.use_tool_id(tool, "clerk-harness")
        events = monitoring.events
        handlers, functions, enter, left, ended = self.handlers, self.functions, self.enter, self.left, self.ended
        codes = {id(function.__code__) for function in self._keep}

        def on_start(code: Any, offset: Any) -> None:
            number = handlers.get(code)
            if number is not None:
                enter(number, sys._getframe(1))

        def on_return(code: Any, offset: Any, value: Any) -> None:
            number = handlers.get(code)
            if number is not None:
                frame = sys._getframe(1)
                whole = not code.co_flags & _GENERATORS
                ended(number, frame, value, returned=whole, given=_given(frame))
            number = functions.get(code)
            if number is not None and not code.co_flags & _GENERATORS:
                left(number, value)

        def on_unwind(code: Any, offset: Any, error: Any) -> None:
            # Of every function: this event cannot be had of a few.
            if id(code) in codes and code in handlers:
                ended(handlers[code], sys._getframe(1))

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
        monitoring.register_callback(tool, events.PY_UNWIND, on_unwind)
        # By function, not by key: equal code objects of two files are one key, and each must be switched on.
        for function in self._keep:
            code = function.__code__
            result = events.PY_YIELD if code.co_flags & _GENERATORS else events.PY_RETURN
            wanted = (events.PY_START | events.PY_RETURN if code in handlers else 0) | (
                result if code in functions else 0
            )
            monitoring.set_local_events(tool, code, wanted)
        monitoring.set_events(tool, events.PY_UNWIND)


def _given(frame: Any) -> list[Any]:
    """The arguments of a call, as they are at its end."""
    code = frame.f_code
    held = frame.f_locals
    return [held.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
