"""Find the app: `module:attribute`, an ASGI or WSGI callable or a factory that returns one."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from types import ModuleType
from typing import Any

from .diagnosis import words_of
from .frameworks import FRAMEWORKS


class LoadError(Exception):
    """The app cannot be loaded; `kind` and the message go to the user, `trace` into the log."""

    def __init__(self, kind: str, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace


def _last_frame(error: BaseException, app_dir: str) -> str:
    """Where in the user's own code the import broke, as `file:line`."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(app_dir) and "site-packages" not in frame.filename:
            place = "%s:%s" % (os.path.relpath(frame.filename, app_dir), frame.lineno)
    return place


def _is_asgi(app: object) -> bool:
    if inspect.iscoroutinefunction(app):
        return True
    call = getattr(app, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(call)


def _arity(function: Any) -> int:
    """How many positional arguments a callable needs; -1 where that is not known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return -1
    return sum(1 for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def _known_interface(app: object) -> str | None:
    """The interface of an app whose class comes from a framework that tells it."""
    roots = {base.__module__.split(".")[0] for base in type(app).__mro__}
    return next((f.interface for f in FRAMEWORKS if f.interface and roots.intersection(f.packages)), None)


def interface_of(app: object) -> str | None:
    """Return `asgi` (three arguments, awaitable), `wsgi` (two), or None for what is no app."""
    if _is_asgi(app):
        return "asgi"
    known = _known_interface(app)
    if known is not None:
        return known
    target = app if inspect.isroutine(app) else getattr(app, "__call__", None)  # noqa: B004
    return {3: "asgi", 2: "wsgi"}.get(_arity(target))


def load(spec: str, app_dir: str) -> tuple[Any, str]:
    """Return the app and its interface. Raises LoadError with a sentence for the user."""
    if app_dir not in sys.path:
        sys.path.insert(0, app_dir)
    module_name, _, attribute = spec.partition(":")
    app: Any = _attribute(_module(module_name, app_dir), module_name, attribute or "app")
    if inspect.isfunction(app) and not inspect.iscoroutinefunction(app) and _arity(app) == 0:
        try:
            app = app()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise LoadError(
                "factory",
                "the factory %s failed: %s: %s" % (spec, type(error).__name__, words_of(error)),
                traceback.format_exc(),
            ) from None
    interface = interface_of(app)
    if interface is None:
        raise LoadError(
            "interface", "%s is %s, neither an ASGI nor a WSGI app nor a factory" % (spec, type(app).__name__)
        )
    return app, interface


def _module(name: str, app_dir: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        place = _last_frame(error, app_dir)
        where = " (%s)" % place if place else ""
        raise LoadError(
            "import",
            "importing %s failed: %s: %s%s" % (name, type(error).__name__, words_of(error), where),
            traceback.format_exc(),
        ) from None


def _attribute(module: ModuleType, name: str, path: str) -> Any:
    app: Any = module
    for part in path.split("."):
        if not hasattr(app, part):
            names = [
                n
                for n, v in vars(module).items()
                if interface_of(v) and not n.startswith("_") and not isinstance(v, type)
            ]
            hint = "; it has: %s" % ", ".join(sorted(names)[:8]) if names else ""
            raise LoadError("attribute", "module %s has no attribute %r%s" % (name, path, hint))
        app = getattr(app, part)
    return app
