"""Find the app: `module:attribute`, an ASGI or WSGI callable or a factory that returns one."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from typing import Any


class LoadError(Exception):
    """The app cannot be loaded; `kind` and the message go to the user, `trace` into the log."""

    def __init__(self, kind: Any, message: Any, trace: Any = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace


def _last_frame(error: Any, app_dir: Any) -> Any:
    """Where in the user's own code the import broke, as `file:line`."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(app_dir) and "site-packages" not in frame.filename:
            place = "%s:%s" % (os.path.relpath(frame.filename, app_dir), frame.lineno)
    return place


def _is_asgi(app: Any) -> Any:
    if inspect.iscoroutinefunction(app):
        return True
    call = getattr(app, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(call)


def _arity(function: Any) -> Any:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return -1
    return sum(1 for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def interface_of(app: Any) -> Any:
    """`asgi` (three arguments, awaitable), `asgi2` (a class of one argument), `wsgi`, or None."""
    if _is_asgi(app):
        return "asgi"
    if any(base.__module__.split(".")[0] in ("starlette", "fastapi") for base in type(app).__mro__):
        return "asgi"
    target = app if inspect.isroutine(app) else getattr(app, "__call__", None)  # noqa: B004
    arity = _arity(target)
    if arity == 3:
        return "asgi"
    if arity == 2:
        return "wsgi"
    return None


def load(spec: Any, app_dir: Any) -> Any:
    """The app and its interface. Raises LoadError with a sentence for the user."""
    if app_dir not in sys.path:
        sys.path.insert(0, app_dir)
    module_name, _, attribute = spec.partition(":")
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        place = _last_frame(error, app_dir)
        where = " (%s)" % place if place else ""
        raise LoadError(
            "import",
            "importing %s failed: %s: %s%s" % (module_name, type(error).__name__, error, where),
            traceback.format_exc(),
        ) from None
    app = module
    for part in (attribute or "app").split("."):
        if not hasattr(app, part):
            names = [
                n
                for n, v in vars(module).items()
                if interface_of(v) and not n.startswith("_") and not isinstance(v, type)
            ]
            hint = "; it has: %s" % ", ".join(sorted(names)[:8]) if names else ""
            raise LoadError("attribute", "module %s has no attribute %r%s" % (module_name, attribute or "app", hint))
        app = getattr(app, part)
    if inspect.isfunction(app) and not inspect.iscoroutinefunction(app) and _arity(app) == 0:
        try:
            app = app()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise LoadError(
                "factory", "the factory %s failed: %s: %s" % (spec, type(error).__name__, error), traceback.format_exc()
            ) from None
    interface = interface_of(app)
    if interface is None:
        raise LoadError(
            "interface", "%s is %s, neither an ASGI nor a WSGI app nor a factory" % (spec, type(app).__name__)
        )
    return app, interface
