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
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, FunctionType
from typing import Any

from .answers import answers_by_sending, consents, refuses
from .functions import layers
from .own import is_own
from .protocol import Asked, Item, Ran, Trace

_HERE = os.path.join(os.path.dirname((lambda: None).__code__.co_filename), "")

CURRENT: contextvars.ContextVar[RequestTrace | None] = contextvars.ContextVar("clerk_harness_trace", default=None)
"""The trace of the request on whose behalf code runs; what the app does by itself has none. See `contexts` for threads."""


def current_trace() -> RequestTrace | None:
    """Return the trace that code runs for; None once its request has ended, so that what it left running is not counted."""
    trace = CURRENT.get()
    return None if trace is None or trace.done else trace


class HandlerReached(Exception):
    """Raised where a handler begins: this credential must be rejected and may not run it.

    An ordinary exception, so that the target's dependencies roll back and close as after any error.
    """


class RequestTrace:
    """What one request may do, and what it did.

    `stop`: the request is stopped when a handler begins. `own`: numbers of its route's handler. `beside`: numbers of handlers
    that the route uses as plain functions, in a dependency for example. `learn`: the request, where it is to be noted what the
    app asks it for; see `asked`.
    """

    __slots__ = (
        "asked",
        "begun",
        "beside",
        "done",
        "elsewhere",
        "ended",
        "entered",
        "finished",
        "learn",
        "open",
        "own",
        "ran",
        "stop",
        "stopped",
    )

    def __init__(
        self, stop: bool, own: Iterable[int] = (), beside: Iterable[int] = (), *, learn: Item | None = None
    ) -> None:
        self.stop = stop
        self.own = frozenset(own)
        self.beside = frozenset(beside)
        self.done = False
        self.entered = False
        self.elsewhere = False
        """Another route's handler was entered, and this one's was not."""
        self.stopped = False
        self.open: list[object] = []
        """Calls of handlers that have not ended."""
        self.ended = False
        self.finished = False
        """The handler returned, and what it returned is no refusal."""
        self.ran: list[Ran] = []
        self.learn = learn
        """The request, where it is to be learned from."""
        self.begun: dict[int, int] = {}
        """Numbers of the watched functions that were called, and the phase; only where the trace is to `learn`."""
        self.asked: dict[tuple[str, str, str], Asked] = {}
        """(place, name, reader) -> what was asked for."""

    @property
    def phase(self) -> int:
        """0 before a handler is entered, 1 while it runs, 2 after it has ended."""
        return 1 if self.open else 2 if self.ended else 0

    def close(self) -> Trace:
        """End the trace with its request, and return it for the harness."""
        self.done = True
        self.open.clear()
        asked = list(self.asked.values())
        return Trace(self.entered, self.elsewhere, self.stopped, self.finished, self.ran, asked)


_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class Probe:
    """Watches handlers (where they begin and end) and authentication functions (what they return)."""

    def __init__(self) -> None:
        self.handlers: dict[CodeType, int] = {}
        """code -> handler number"""
        self.functions: dict[CodeType, int] = {}
        """code -> function number"""
        self.names: list[str] = []
        self.doubles: dict[int, int] = {}
        """function number -> handler number, of handlers that others use to authenticate"""
        self.layers: dict[int, list[FunctionType]] = {}
        """handler number -> the functions that make it up, its decorators first"""
        self._codes: dict[int, set[CodeType]] = {}
        self.app_dir = ""
        self.kind = "monitoring" if hasattr(sys, "monitoring") else "wrapping"
        self._watched: list[FunctionType] = []

    def watch_handler(self, endpoint: object, number: int) -> bool:
        """Watch a route's handler; False where there is no Python function behind it."""
        found = layers(endpoint)
        if not found:
            return False
        function = found[-1]
        self._watched.append(function)
        number = self.handlers.setdefault(function.__code__, number)
        self.layers.setdefault(number, []).extend(found)
        self._codes.setdefault(number, set()).update(layer.__code__ for layer in found)
        return True

    def number_of(self, function: FunctionType | None) -> int | None:
        """Return the number of a watched handler (routes may share one); None for any other function."""
        return self.handlers.get(function.__code__) if function is not None else None

    def watch(self, function: FunctionType, name: str) -> int:
        """Watch an authentication function under `name`; returns its number."""
        code = function.__code__
        # Added in any case: the same code in another file is another object, which must be switched on too.
        self._watched.append(function)
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

            for function in dict.fromkeys(self._watched):
                wrap(self, function)

    def enter(self, number: int, call: object) -> None:
        """A handler begins. Raises HandlerReached where the request is to be stopped there."""
        trace = current_trace()
        if trace is None:
            return
        own = number in trace.own
        if not own and (number in trace.beside or self._called_by_name(number)):
            return
        trace.entered = trace.entered or own
        trace.elsewhere = not trace.entered
        if trace.stop:
            trace.stopped = trace.ended = True
            raise HandlerReached("the harness stops this request at the handler's door")
        trace.open.append(call)

    def ended(
        self,
        number: int,
        call: object,
        value: object = None,
        *,
        returned: bool = False,
        arguments: Iterable[object] = (),
    ) -> None:
        """That call of a handler has ended: it returned `value`, after it was given `arguments`, or it raised."""
        trace = current_trace()
        if trace is None or call not in trace.open:
            return
        trace.open.remove(call)
        trace.ended = True
        if number in trace.own and not trace.open:
            good = returned and not inspect.isawaitable(value) and not refuses(value, arguments)
            trace.finished = trace.finished or (good and not answers_by_sending(value, arguments))

    def _called_by_name(self, number: int) -> bool:
        """Whether the app's own code calls this handler as a function, rather than a framework that found it by its route."""
        made_of, codes = self.layers.get(number, ()), self._codes.get(number, ())
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and (
            frame.f_code.co_filename.startswith(_HERE)
            or frame.f_code in codes
            or any(frame.f_code is layer.__code__ for layer in made_of)
        ):
            frame = frame.f_back
        if frame is None or not is_own(frame.f_code.co_filename, self.app_dir):
            return False
        code = frame.f_code
        values: list[Any] = [frame.f_globals.get(name) for name in code.co_names]
        for holder in [value for value in values if type(value) is types.ModuleType or inspect.isclass(value)]:
            values += [getattr(value, "__func__", value) for value in map(vars(holder).get, code.co_names)]
        # A decorator closes over the handler as well, but not by its own name.
        names = {layer.__name__ for layer in made_of}
        values += [frame.f_locals.get(name) for name in code.co_freevars if name in names]
        return any(type(value) is FunctionType and value in made_of for value in values)

    def begun(self, number: int) -> None:
        """A watched function was called."""
        trace = current_trace()
        if trace is not None and trace.learn is not None:
            trace.begun.setdefault(number, trace.phase)

    def left(self, number: int, value: object) -> None:
        """A watched function returned a value, or yielded it."""
        trace = current_trace()
        if trace is None or self.doubles.get(number) in trace.own:
            return
        trace.ran.append((number, consents(value), trace.phase))

    def _monitor(self) -> None:
        monitoring = vars(sys)["monitoring"]  # Python 3.12 and later.
        tool = next(n for n in (3, 4, 2, 1, 5) if monitoring.get_tool(n) is None)
        monitoring.use_tool_id(tool, "clerk-harness")
        events = monitoring.events
        for event, callback in self._callbacks(events).items():
            monitoring.register_callback(tool, event, callback)
        # By function, not by key: equal code objects of two files are one key, and each must be switched on.
        for function in self._watched:
            code = function.__code__
            result = events.PY_YIELD if code.co_flags & _GENERATORS else events.PY_RETURN
            wanted = (events.PY_START | events.PY_RETURN if code in self.handlers else 0) | (
                events.PY_START | result if code in self.functions else 0
            )
            monitoring.set_local_events(tool, code, wanted)
        monitoring.set_events(tool, events.PY_UNWIND)

    def _callbacks(self, events: Any) -> dict[int, Callable[..., None]]:
        """What `sys.monitoring` calls: event -> callback."""
        handlers, functions, enter, left, ended = self.handlers, self.functions, self.enter, self.left, self.ended
        begun = self.begun
        codes = {id(function.__code__) for function in self._watched}

        def on_start(code: CodeType, offset: int) -> None:
            number = functions.get(code)
            if number is not None:
                begun(number)
            number = handlers.get(code)
            if number is not None:
                enter(number, sys._getframe(1))

        def on_return(code: CodeType, offset: int, value: object) -> None:
            number = handlers.get(code)
            if number is not None:
                frame = sys._getframe(1)
                whole = not code.co_flags & _GENERATORS
                ended(number, frame, value, returned=whole, arguments=_arguments(frame))
            number = functions.get(code)
            if number is not None and not code.co_flags & _GENERATORS:
                left(number, value)

        def on_unwind(code: CodeType, offset: int, error: BaseException) -> None:
            # Of every function: this event cannot be had of a few.
            if id(code) in codes and code in handlers:
                ended(handlers[code], sys._getframe(1))

        def on_yield(code: CodeType, offset: int, value: object) -> None:
            number = functions.get(code)
            if number is None:
                return
            if code.co_flags & inspect.CO_GENERATOR:
                left(number, value)
            elif type(value).__name__ == "async_generator_wrapped_value":  # Not what it awaits.
                left(number, True)

        return {
            events.PY_START: on_start,
            events.PY_RETURN: on_return,
            events.PY_YIELD: on_yield,
            events.PY_UNWIND: on_unwind,
        }


def _arguments(frame: FrameType) -> list[object]:
    """The arguments of a call, as they are at its end."""
    code = frame.f_code
    values = frame.f_locals
    return [values.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
