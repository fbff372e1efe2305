"""The probe in a started aiohttp server: its routes, and which middleware and which handler a marked request reached.

Loaded alone in the processes of a command, by `startup/sitecustomize.py`; it speaks to `targets/node_probe.py` as the hook of Node
does. What it cannot do is no affair of the app's.
"""

from __future__ import annotations

import base64
import contextlib
import contextvars
import functools
import hmac
import inspect
import json
import os
import re
import socket
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_MARK = "x-clerk-harness"
_STOPPED = 299
"""The status of a request that was stopped at its handler's door; nobody reads it."""
_MOST_TRACES = 1000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_AUTOMATIC = ("HEAD", "OPTIONS")
_CURRENT: contextvars.ContextVar[_Trace | None] = contextvars.ContextVar("clerk_harness_trace", default=None)


class _Trace:
    """What happened to one request. `key`: the route that is asked."""

    def __init__(self, key: str, *, stop: bool) -> None:
        self.key = key
        self.stop = stop
        self.entered = self.elsewhere = self.stopped = self.finished = False
        self.inside = False
        self.ran: list[list[Any]] = []

    def told(self) -> dict[str, Any]:
        """As the harness reads it."""
        names = ("entered", "elsewhere", "stopped", "finished", "ran")
        return {name: getattr(self, name) for name in names}


class Probe:
    """What one process knows: the routes of its apps, and the traces of its last requests."""

    def __init__(self, path: str, secret: str) -> None:
        self.secret = secret
        self.routes: dict[str, dict[str, Any]] = {}
        self.traces: OrderedDict[int, _Trace] = OrderedDict()
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.connect(path)
        python = "Python %d.%d.%d" % sys.version_info[:3]
        self._say({"secret": secret, "pid": os.getpid(), "node": python})
        threading.Thread(target=self._listen, name="clerk-harness-probe", daemon=True).start()

    def _say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # The harness is gone: the app goes on.
            self._channel.sendall(json.dumps(message).encode() + b"\n")

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._channel.makefile("rb") as stream:
            for line in stream:
                question = json.loads(line)
                if question["ask"] == "routes":
                    self._say(
                        {
                            "id": question["id"],
                            "routes": list(self.routes.values()),
                            "frameworks": ["aiohttp"],
                            "notes": [],
                        }
                    )
                else:
                    trace = self.traces.pop(question["number"], None)
                    self._say({"id": question["id"], "trace": trace.told() if trace is not None else None})

    # The app

    def watch(self, app: Any) -> None:
        """Wrap the middleware and the handlers of an app that is about to be served, and note its routes."""
        self._watch_middleware(app)
        middleware = [_name(each) for each in app.middlewares]
        for route in app.router.routes():
            handler, resource = route.handler, route.resource
            if resource is None or getattr(handler, "clerk_harness", False) or route.method in _AUTOMATIC:
                continue
            path, parameters = _template(resource.canonical, resource)
            for method in _methods(route.method, handler):
                self.routes.setdefault(
                    "%s %s" % (method, path), _described(method, path, handler, parameters, middleware, route)
                )
            route._handler = self._handler(handler, path)

    def _watch_middleware(self, app: Any) -> None:
        for number, each in enumerate(app.middlewares):
            if getattr(each, "__middleware_version__", 0) == 1 and not getattr(each, "clerk_harness", False):
                app.middlewares[number] = self._middleware(each)

    def _middleware(self, middleware: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(middleware)
        async def watched(request: Any, handler: Any) -> Any:
            trace = _CURRENT.get()
            if trace is None:
                return await middleware(request, handler)
            entry: list[Any] = [_name(middleware), False, int(trace.inside)]
            trace.ran.append(entry)

            @functools.wraps(handler)
            async def onwards(passed: Any) -> Any:
                entry[1] = True
                return await handler(passed)

            return await middleware(request, onwards)

        watched.clerk_harness = True  # type: ignore[attr-defined]
        return watched

    def _handler(self, handler: Any, path: str) -> Callable[..., Any]:
        @functools.wraps(handler, updated=())
        async def watched(request: Any) -> Any:
            trace = _CURRENT.get()
            # A view answers preflights, HEAD and 405 by itself: those are no handlers of the route that is asked.
            if trace is None or (inspect.isclass(handler) and trace.key.partition(" ")[0] != request.method):
                return await handler(request)
            trace.entered = trace.key.partition(" ")[2] == path
            trace.elsewhere = not trace.entered
            if trace.stop:
                trace.stopped = True
                return sys.modules["aiohttp.web"].Response(status=_STOPPED)
            trace.inside = True
            try:
                answer = await handler(request)
            finally:
                trace.inside = False
            trace.finished = trace.entered and getattr(answer, "status", 500) < 300
            return answer

        watched.clerk_harness = True  # type: ignore[attr-defined]
        return watched

    def begin(self, request: Any) -> None:
        """Take the mark out of a request, and follow it where there was one."""
        marks = request.headers.getall(_MARK, ())
        mine = next((mark.split(" ") for mark in marks if hmac.compare_digest(mark.split(" ")[0], self.secret)), None)
        if mine is None:
            return
        multidict: Any = sys.modules["multidict"]
        mark, items = " ".join(mine), request.headers.items()
        left = multidict.CIMultiDict((name, value) for name, value in items if (name.lower(), value) != (_MARK, mark))
        raw_mark = (_MARK.encode(), mark.encode())
        raw = tuple(field for field in request.raw_headers if (field[0].lower(), field[1]) != raw_mark)
        request._message = request._message._replace(headers=multidict.CIMultiDictProxy(left), raw_headers=raw)
        request._headers = request._message.headers
        for name in ("headers", "raw_headers"):  # They are read once and kept.
            request._cache.pop(name, None)
        _, number, stop, encoded = mine
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        trace = _Trace(key, stop=stop == "1")
        self.traces[int(number)] = trace
        while len(self.traces) > _MOST_TRACES:
            self.traces.popitem(last=False)
        _CURRENT.set(trace)


def _name(function: Any) -> str:
    return "%s:%s" % (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__))


def _methods(method: str, handler: Any) -> list[str]:
    """The methods of a route: a view has those that it defines."""
    if method != "*":
        return [method]
    return [name for name in _METHODS if not inspect.isclass(handler) or hasattr(handler, name.lower())]


def _template(canonical: str, resource: Any) -> tuple[str, dict[str, str]]:
    """A path as a template, and values that fit the patterns of its parameters."""
    parameters: dict[str, str] = {}
    pattern = getattr(getattr(resource, "_pattern", None), "pattern", "")
    for name, inner in re.findall(r"\(\?P<(\w+)>((?:[^()\\]|\\.|\([^()]*\))*)\)", pattern):
        fits = (
            text
            for text in ("1", "sample", "a1", "00000000-0000-4000-8000-000000000000", "2024-01-01")
            if re.fullmatch(inner, text)
        )
        parameters[name] = next(fits, "1")
    return re.sub(r"\{(\w+)[^}]*\}", r"{\1}", canonical), parameters


def _described(
    method: str, path: str, handler: Any, parameters: dict[str, str], middleware: list[str], route: Any
) -> dict[str, Any]:
    own = getattr(handler, method.lower(), handler) if inspect.isclass(handler) else handler
    code = getattr(inspect.unwrap(own), "__code__", None)
    return {
        "method": method, "path": path, "name": getattr(own, "__qualname__", "handler"), "module": getattr(handler, "__module__", ""),
        "dependencies": middleware, "anyMethod": route.method == "*" and not inspect.isclass(handler), "parameters": parameters,
        "source": [code.co_filename, code.co_firstlineno] if code is not None else None,
    }  # fmt: skip


def patch(module: Any) -> None:
    """Watch every app of `aiohttp.web_app` from the moment before it is served."""
    probe: list[Probe] = []
    freeze, handle = module.Application.pre_freeze, module.Application._handle

    def pre_freeze(app: Any) -> None:
        if not getattr(app, "_pre_frozen", False):
            with contextlib.suppress(Exception):  # See the module.
                if not probe:
                    probe.append(Probe(os.environ["CLERK_HARNESS_PROBE"], os.environ["CLERK_HARNESS_PROBE_SECRET"]))
                probe[0].watch(app)
        freeze(app)

    async def _handle(app: Any, request: Any) -> Any:
        if probe:
            with contextlib.suppress(Exception):  # The same.
                probe[0].begin(request)
        return await handle(app, request)

    module.Application.pre_freeze, module.Application._handle = pre_freeze, _handle
