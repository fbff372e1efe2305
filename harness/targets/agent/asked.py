"""What the app asks a request for: names of headers, cookies, parameters and fields, who asks for them, and what with.

`hooks` reports each look-up while a request passes that is to be learned from; here it is found out whose it is. Nothing here may
disturb the app: what cannot be found out is left out.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
import types
import urllib.parse
from collections.abc import Iterable, Mapping
from types import CodeType, FrameType, FunctionType
from typing import Any

from . import authentication
from .frameworks import FoundRoute
from .functions import innermost, layers, plain_function
from .mentions import Mentions
from .own import is_own
from .probe import Probe, RequestTrace, current_trace
from .protocol import Asked, Item
from .words import Words

ENVIRON = "environ"
"""The place of headers whose names may be asked for with underscores."""
_TRANSPORT = re.compile(
    r"host|content-(length|type|encoding)|accept(-.*)?|user-agent|connection|upgrade|sec-websocket-.*|transfer-encoding|cookie"
    r"|origin|referer|if-.*|range|date|expect|te|cache-control|pragma|keep-alive"
)
"""Headers by which nobody is recognised; cookies are asked for one by one."""
_DISPATCH = {
    ("fastapi.dependencies.utils", "solve_dependencies"),
    ("django.core.handlers.exception", "inner"),
    ("asgiref.sync", "thread_handler"),
}
"""Functions that frameworks run between the app's middleware and whatever they read by themselves: module and name."""
_CALLED_WITH = ({"scope", "receive", "send"}, {"environ", "start_response"})
"""Arguments of what is called as an ASGI or a WSGI app."""
_OWNERS = ("self", "cls")


def _copy(function: FunctionType) -> FunctionType:
    """The function with the code that it has now."""
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    with contextlib.suppress(Exception):  # They may be evaluated only now.
        copy.__annotations__ = function.__annotations__
    return copy


def _came(item: Item, place: str, name: str) -> bool:
    """Whether the request has a field of that name: frameworks go through those that there are."""
    if place == "header":
        return any(field.lower() == name for field, _ in item.headers)
    return place == "query" and name in dict(urllib.parse.parse_qsl(item.query, keep_blank_values=True))


class Recorder:
    """Notes what the requests ask for that are to be learned from. Made before the probe replaces any code."""

    def __init__(
        self, app_dir: str, routes: Iterable[FoundRoute], probe: Probe, mentions: Mentions, apps: Iterable[object] = ()
    ) -> None:
        self.app_dir = app_dir
        self.probe = probe
        self.words = Words(mentions, self._original)
        self._originals: dict[FunctionType, FunctionType] = {}
        """function -> a copy with its own code"""
        self._codes: dict[int, FunctionType] = {}
        """identity of a code object -> such a copy"""
        self._declared: dict[int | None, dict[tuple[str, str], list[object]]] = {}
        """handler number -> (place, name) -> the functions that a framework reads it for"""
        self._readers: dict[tuple[int, int], tuple[str, list[str]]] = {}
        """identities of a code object and of what it is a method of -> (name, words)"""
        self._nested: dict[int, str] = {}
        """identity of a code object -> qualified name"""
        self._kept: list[object] = []
        """What these identities are of, so that nothing else gets them."""
        self._remember(routes)
        for app in apps:
            self._keep(app)
        self.apps = [app for app in apps if self._takes_environ(app)]
        """The app's own WSGI apps: an environ must be a plain dictionary, of which nobody sees who looks into it."""

    def _takes_environ(self, app: object) -> bool:
        function = plain_function(app)
        known = self._original(function) if function is not None else None
        return known is not None and "environ" in known.__code__.co_varnames[: known.__code__.co_argcount]

    def _remember(self, routes: Iterable[FoundRoute]) -> None:
        for module in authentication.own_modules(self.app_dir):
            for _, function in authentication.functions_of(module):
                self._keep(function)
        for route in routes:
            number = self.probe.number_of(innermost(route.endpoint))
            for call in [route.endpoint, *route.dependencies]:
                self._keep(call)
            for place, name, call in route.declared:
                names = self._declared.setdefault(number, {})
                names.setdefault((place, name.lower() if place == "header" else name), []).append(call)

    def _keep(self, call: object) -> None:
        for function in layers(call):
            if function not in self._originals:
                copy = self._originals[function] = _copy(function)
                self._codes[id(copy.__code__)] = copy
                self._name_within(copy.__code__, function.__qualname__)

    def _name_within(self, code: CodeType, outer: str) -> None:
        """Note how functions within a function are called, before Python 3.11, whose code objects know it."""
        for constant in code.co_consts:
            if inspect.iscode(constant) and not hasattr(code, "co_qualname"):
                self._nested[id(constant)] = "%s.<locals>.%s" % (outer, constant.co_name)
                self._name_within(constant, self._nested[id(constant)])

    def _named(self, function: FunctionType) -> str:
        """The name of a function's code, which decorators cannot change."""
        code = function.__code__
        name = getattr(code, "co_qualname", None) or self._nested.get(id(code)) or function.__qualname__
        return "%s:%s" % (function.__globals__.get("__name__", ""), name)

    def _original(self, function: FunctionType) -> FunctionType | None:
        known = self._originals.get(function)
        if known is not None:
            function = known
        return function if is_own(function.__code__.co_filename, self.app_dir) else None

    # While a request passes

    def note(self, place: str, name: object) -> None:
        """The app, or a framework for it, asks for that name. Called by the hooks, from whatever asks."""
        trace = current_trace()
        if trace is None or trace.learn is None:
            return
        with contextlib.suppress(Exception):
            text = name.decode("latin-1") if isinstance(name, bytes) else name
            if place == ENVIRON and isinstance(text, str):
                place, text = "header", text.replace("_", "-")
            if not isinstance(text, str) or (place == "header" and _TRANSPORT.fullmatch(text.lower())):
                return
            frame = self._own_frame(sys._getframe(1))
            key = text.lower() if place == "header" else text
            if frame is not None:
                self._add(trace, place, key, *self._of_frame(frame))
                return
            calls = self._wanting(trace, place, key)
            for call in calls:
                self._add(trace, place, key, *self._of_call(call))
            if not calls and not _came(trace.learn, place, key):
                self._add(trace, place, key, "", [])

    def note_whole(self, frame: FrameType) -> None:
        """The code that runs in `frame` has all of the headers in its hands."""
        trace = current_trace()
        if trace is not None and trace.learn is not None and is_own(frame.f_code.co_filename, self.app_dir):
            with contextlib.suppress(Exception):
                self._add(trace, "code", "", *self._of_frame(frame))

    def finish(self, trace: RequestTrace) -> None:
        """Add the authentication functions, and WSGI middleware, that ran and are not known to have asked for anything."""
        readers = {asked.reader for asked in trace.asked.values()}
        for number, phase in trace.begun.items():
            if self.probe.names[number] not in readers:
                self._add_whole(trace, self._watched(number), phase)
        for app in self.apps:
            self._add_whole(trace, app, 0)

    def _add_whole(self, trace: RequestTrace, call: object, phase: int) -> None:
        with contextlib.suppress(Exception):
            function = plain_function(call)
            known = self._original(function) if function is not None else None
            if known is not None:
                reader, words = self._of_call(call)
                if all(asked.reader != reader for asked in trace.asked.values()):
                    trace.asked["code", "", reader] = Asked("code", "", reader, words, phase)

    def _watched(self, number: int) -> object:
        return next(
            (f for f in self._originals if "%s:%s" % (f.__module__, f.__qualname__) == self.probe.names[number]), None
        )

    @staticmethod
    def _add(trace: RequestTrace, place: str, name: str, reader: str, words: list[str]) -> None:
        trace.asked.setdefault((place, name, reader), Asked(place, name, reader, words, trace.phase))

    # Whose it is

    def _own_frame(self, frame: FrameType | None) -> FrameType | None:
        """The nearest frame of the app's own code; None where a framework reads for itself, or for a function to be called."""
        while frame is not None:
            code = frame.f_code
            if is_own(code.co_filename, self.app_dir):
                return self._enclosing(frame)
            names = code.co_varnames[: code.co_argcount]
            if (frame.f_globals.get("__name__"), code.co_name) in _DISPATCH or any(
                wanted <= set(names) for wanted in _CALLED_WITH
            ):
                return None
            frame = frame.f_back
        return None

    def _enclosing(self, frame: FrameType) -> FrameType:
        """The function around a comprehension or a lambda that it runs."""
        while frame.f_code.co_name.startswith("<") and frame.f_back is not None:
            if frame.f_back.f_code.co_filename != frame.f_code.co_filename:
                break
            frame = frame.f_back
        return frame

    def _wanting(self, trace: RequestTrace, place: str, name: str) -> list[object]:
        """The functions that the framework reads a name for, of the request's route where that is known."""
        numbers: Iterable[int | None] = trace.own or self._declared
        found = [call for number in numbers for call in self._declared.get(number, {}).get((place, name), ())]
        return list({id(call): call for call in found}.values())

    def _of_frame(self, frame: FrameType) -> tuple[str, list[str]]:
        code = frame.f_code
        values = frame.f_locals
        first = code.co_varnames[:1] if code.co_argcount else ()
        holder = values.get(first[0]) if first and first[0] in _OWNERS else None
        function = self._codes.get(id(code)) or _made(frame, values)
        return self._known(code, holder, function)

    def _of_call(self, call: object) -> tuple[str, list[str]]:
        """The same of what is not running: a function, a method, a class, an object that is called."""
        call = call.__init__ if inspect.isclass(call) else call
        function = plain_function(call)
        if function is None:
            return "", []
        known = self._originals.get(function)
        if known is None:
            known = self._originals[function] = _copy(function)
        holder = getattr(call, "__self__", None if call is function else call)
        return self._known(known.__code__, holder, known)

    def _known(self, code: CodeType, holder: object, function: FunctionType) -> tuple[str, list[str]]:
        """Name and words; `holder` is what the function is a method of."""
        key = (id(code), id(holder))
        known = self._readers.get(key)
        if known is None:
            names = code.co_varnames[:1]
            given = {names[0]: holder} if holder is not None and code.co_argcount else {}
            words: list[str] = []
            with contextlib.suppress(Exception):
                words = self.words.of(function, given)
            known = self._readers[key] = (self._named(function), words)
            self._kept += [code, holder]
        return known


def _made(frame: FrameType, values: Mapping[str, Any]) -> FunctionType:
    """A function of the code that runs in a frame: one within another, which nobody could find before."""
    code = frame.f_code
    cells = tuple(types.CellType(values[n]) if n in values else types.CellType() for n in code.co_freevars)
    function = FunctionType(code, frame.f_globals, code.co_name, None, cells)
    function.__qualname__ = getattr(code, "co_qualname", code.co_name)  # Python 3.11 and later.
    function.__module__ = str(frame.f_globals.get("__name__", ""))
    return function
