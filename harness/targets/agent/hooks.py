"""Look-ups of what a request holds are reported to `asked`, in each framework's own objects and in the standard library's.

Only while a request passes that is to be learned from, are its objects marked or replaced; of any other, a look-up costs one more
call. Only modules are touched that the app has loaded.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from . import authentication
from .asgi import App, Receive, Scope, Send
from .asked import ENVIRON, Recorder
from .probe import current_trace
from .protocol import Item

_PLACE = "_clerk_harness_place"
"""The attribute of marked objects: what their keys are names of."""
_LOOK_UPS = ("__getitem__", "__contains__", "get", "getlist", "get_all", "pop")

# What is wrapped here is of the frameworks, of whichever version: hence `Any`.
_Function = Callable[..., Any]


def _learned() -> Item | None:
    """The request that code runs for, where it is to be learned from."""
    trace = current_trace()
    return None if trace is None else trace.learn


class HeaderList(list[Any]):
    """The headers of an ASGI scope: notes which code of the app goes through all of them."""

    def __init__(self, headers: Any, recorder: Recorder) -> None:
        super().__init__(headers)
        self.recorder = recorder

    def __iter__(self) -> Iterator[Any]:
        self.recorder.note_whole(sys._getframe(1))
        return super().__iter__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copy is a plain list."""
        return list, (list.copy(self),)


class Noting(dict[Any, Any]):
    """A dictionary that notes the keys that it is asked for. A copy of it does not."""

    place = ""
    recorder: Recorder | None = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copy is a plain dictionary."""
        return dict, (dict.copy(self),)

    def _note(self, key: Any) -> None:
        if self.recorder is None or not isinstance(key, (str, bytes)):
            return
        if self.place != ENVIRON:
            self.recorder.note(self.place, key)
        elif isinstance(key, str) and key.startswith("HTTP_"):
            self.recorder.note(ENVIRON, key[5:])

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """As a dictionary's."""
        self._note(key)
        return super().get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        """As a dictionary's."""
        self._note(key)
        return super().pop(key, *default)


class _Dressed:
    """A property whose value is marked or replaced. Like a cached property, it gives way to what an object itself keeps."""

    def __init__(self, old: Any, name: str, dress: Callable[[Any], Any]) -> None:
        self.old = old
        self.name = name
        self.dress = dress
        self.__doc__ = getattr(old, "__doc__", None)

    def __get__(self, holder: Any, kind: Any = None) -> Any:
        if holder is None:
            return self.old.__get__(None, kind)
        value = self.old.__get__(holder, kind)
        dressed = self.dress(value)
        if dressed is not value:
            own = vars(holder)
            own.update({name: dressed for name in (self.name, "_" + self.name) if own.get(name) is value})
        return dressed


class _DressedData(_Dressed):
    """The same of a property that can be set."""

    def __set__(self, holder: Any, value: Any) -> None:
        self.old.__set__(holder, value)

    def __delete__(self, holder: Any) -> None:
        self.old.__delete__(holder)


class Hooks:
    """The hooks of one app, which report to one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def install(self) -> None:
        """Put the hooks into what is loaded; once."""
        for install in (_starlette, _werkzeug, _django, _standard):
            install(self)

    def asgi(self, app: App) -> App:
        """Return the app so that it gets headers that note who goes through all of them."""

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            scope["headers"] = HeaderList(scope["headers"], self.recorder)
            await app(scope, receive, send)

        return noting

    def dress(self, value: Any, place: str) -> Any:
        """Return a value whose look-ups are noted, where the request is to be learned from; else the value."""
        if _learned() is None or isinstance(value, Noting):
            return value
        if type(value) is dict:
            noting = Noting(value)
            noting.place, noting.recorder = place, self.recorder
            return noting
        with contextlib.suppress(TypeError):  # It has no attributes.
            vars(value).setdefault(_PLACE, place)
        return value

    def look_ups(self, kind: Any) -> None:
        """Note the look-ups in marked objects of a class."""
        for name in _LOOK_UPS:
            # What a class inherits is hooked where it is defined, except what it has of a built-in class.
            inherited = next((base for base in kind.__mro__ if name in vars(base)), None)
            if inherited is kind or inherited is dict:
                setattr(kind, name, self._noted(getattr(kind, name)))

    def _noted(self, original: _Function) -> _Function:
        recorder = self.recorder

        @functools.wraps(original)
        def look_up(self: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
            place = self.__dict__.get(_PLACE)
            if place is not None:
                recorder.note(place, key)
            return original(self, key, *args, **kwargs)

        return look_up

    def prepared(self, kind: Any, prepare: Callable[..., None]) -> None:
        """Call `prepare(object, arguments, named arguments)` for each new object of a class, in a request to be learned from."""
        original = kind.__init__

        @functools.wraps(original)
        def begin(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if _learned() is not None:
                prepare(self, args, kwargs)

        kind.__init__ = begin

    def attribute(self, kind: Any, name: str, place: str) -> None:
        """Let the values of a property be noted."""
        old = vars(kind).get(name)
        if old is not None:
            dressed = _DressedData if hasattr(type(old), "__set__") else _Dressed
            setattr(kind, name, dressed(old, name, lambda value: self.dress(value, place)))

    def function(self, module: ModuleType, name: str, dress: Callable[[Any, Any], Any]) -> None:
        """Let `dress(value, argument)` change what a module's function returns, also where the app has imported it by its name."""
        original = vars(module)[name]

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            return dress(value, args[0]) if args and _learned() is not None else value

        for holder in [module, *authentication.own_modules(self.recorder.app_dir)]:
            for key in [key for key, value in list(vars(holder).items()) if value is original]:
                setattr(holder, key, call)


def _kind(module: str, name: str) -> Any:
    """A class, where its module is loaded and has it."""
    return getattr(sys.modules.get(module), name, None)


def _starlette(hooks: Hooks) -> None:
    """Starlette's and FastAPI's requests, whose headers are known by the list that the scope holds."""
    headers = _kind("starlette.datastructures", "Headers")
    if headers is None:
        return

    def keep_list(made: Any, args: Any, kwargs: Any) -> None:
        scope = kwargs.get("scope") or {}
        # Middleware makes such objects of the messages of a response, too.
        if scope.get("type") in ("http", "websocket") and isinstance(getattr(made, "_list", None), list):
            made._list = scope["headers"] = HeaderList(made._list, hooks.recorder)
        if isinstance(getattr(made, "_list", None), HeaderList):
            hooks.dress(made, "header")

    hooks.prepared(headers, keep_list)
    hooks.look_ups(headers)
    multi = _kind("starlette.datastructures", "ImmutableMultiDict")
    for name, place in (("QueryParams", "query"), ("FormData", "body")):
        kind = _kind("starlette.datastructures", name)
        hooks.prepared(kind, lambda made, args, kwargs, place=place: hooks.dress(made, place))
    hooks.look_ups(multi)
    connection = _kind("starlette.requests", "HTTPConnection")
    if connection is not None:
        hooks.attribute(connection, "cookies", "cookie")


def _werkzeug(hooks: Hooks) -> None:
    """Flask's and Quart's requests."""
    request = _kind("werkzeug.sansio.request", "Request")
    if request is None:
        return

    def mark_headers(made: Any, args: Any, kwargs: Any) -> None:
        hooks.dress(made.headers, ENVIRON if hasattr(made.headers, "environ") else "header")

    def mark_environ(made: Any, args: Any, kwargs: Any) -> None:
        made.environ = hooks.dress(made.environ, ENVIRON)

    hooks.prepared(request, mark_headers)
    for name in ("Headers", "EnvironHeaders", "MultiDict", "TypeConversionDict"):
        hooks.look_ups(_kind("werkzeug.datastructures", name))
    hooks.attribute(request, "args", "query")
    hooks.attribute(request, "cookies", "cookie")
    wsgi = _kind("werkzeug.wrappers.request", "Request")
    if wsgi is not None:
        hooks.prepared(wsgi, mark_environ)
        hooks.attribute(wsgi, "form", "body")


def _django(hooks: Hooks) -> None:
    """Django's requests, and REST framework's, which ask Django's."""

    def mark_meta(made: Any, args: Any, kwargs: Any) -> None:
        made.META = hooks.dress(made.META, ENVIRON)

    def mark_headers(made: Any, args: Any, kwargs: Any) -> None:
        hooks.dress(made, ENVIRON)

    for module, name in (("django.core.handlers.wsgi", "WSGIRequest"), ("django.core.handlers.asgi", "ASGIRequest")):
        request = _kind(module, name)
        if request is not None:
            hooks.prepared(request, mark_meta)
            hooks.attribute(request, "GET", "query")
            hooks.attribute(request, "POST", "body")
            hooks.attribute(request, "COOKIES", "cookie")
    headers = _kind("django.http.request", "HttpHeaders")
    if headers is not None:
        hooks.prepared(headers, mark_headers)
        hooks.look_ups(headers)
        hooks.look_ups(_kind("django.utils.datastructures", "MultiValueDict"))


def _standard(hooks: Hooks) -> None:
    """What code without a framework's request uses, and frameworks themselves: a body or a query that is read as a whole."""

    def body(value: Any, text: Any) -> Any:
        item = _learned()
        sent = text.encode() if isinstance(text, str) else text
        return hooks.dress(value, "body") if item and item.body and sent == item.body else value

    def query(value: Any, text: Any) -> Any:
        item = _learned()
        sent = text.decode("latin-1") if isinstance(text, bytes) else text
        return hooks.dress(value, "query") if item and sent == item.query else value

    hooks.function(json, "loads", body)
    hooks.function(urllib.parse, "parse_qs", query)
