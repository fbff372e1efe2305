"""A request's trace follows into the threads that it starts and the functions that it hands to pools.

`contextvars` does so for tasks. Threads begin with an empty context (before 3.14), and the threads of a pool serve everybody: each
function that is handed over takes the trace of whoever handed it over, and the thread itself has none. Outside a request,
nothing is changed.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .probe import CURRENT, RequestTrace, current_trace

_PICKLING = ("InterpreterPoolExecutor",)
"""Executors of that family that pickle functions for another interpreter, in which no trace can be kept."""

_Method = Callable[..., Any]


def carried(function: _Method, trace: RequestTrace) -> _Method:
    """Return the function so that it counts as that trace's wherever it runs."""

    def call(*args: Any, **kwargs: Any) -> Any:
        mark = CURRENT.set(trace)
        try:
            return function(*args, **kwargs)
        finally:
            CURRENT.reset(mark)

    functools.update_wrapper(call, function, updated=())
    return call


def _without_trace(original: _Method) -> _Method:
    """A method that starts threads for everybody: they do not belong to the request that happens to be under way."""

    @functools.wraps(original)
    def begin(self: Any, *args: Any, **kwargs: Any) -> Any:
        if CURRENT.get() is None:
            return original(self, *args, **kwargs)
        mark = CURRENT.set(None)
        try:
            return original(self, *args, **kwargs)
        finally:
            CURRENT.reset(mark)

    return begin


def _handing_over(original: _Method) -> _Method:
    """A method whose first argument is a function for a pool."""
    shared = _without_trace(original)

    @functools.wraps(original)
    def hand_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        trace = current_trace()
        if trace is None or any(base.__name__ in _PICKLING for base in type(self).__mro__):
            return shared(self, *args, **kwargs)
        if args:
            args = (carried(args[0], trace), *args[1:])
        elif callable(kwargs.get("func")):
            kwargs["func"] = carried(kwargs["func"], trace)
        return shared(self, *args, **kwargs)

    return hand_over


def _starting(original: _Method) -> _Method:
    """`Thread.start`: what the thread runs belongs to the request that started it."""

    @functools.wraps(original)
    def start(self: threading.Thread, *args: Any, **kwargs: Any) -> Any:
        trace = current_trace()
        if trace is None:
            return original(self, *args, **kwargs)
        own = vars(self).get("run")
        run = self.run

        def restore() -> None:
            if own is not None:
                vars(self)["run"] = own
            else:
                vars(self).pop("run", None)

        def begun() -> Any:
            restore()
            return carried(run, trace)()

        vars(self)["run"] = begun
        try:
            return original(self, *args, **kwargs)
        except BaseException:
            restore()
            raise

    return start


def _patch_thread_pools(pool: ModuleType) -> None:
    """Patch `multiprocessing.pool.ThreadPool`. The pool of processes, its base, pickles functions, and is left alone."""
    kind = vars(pool)["ThreadPool"]
    kind.__init__ = _without_trace(kind.__init__)
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        if hasattr(kind, name):
            setattr(kind, name, _handing_over(getattr(kind, name)))


class _OnImport:
    """Patches a module of the standard library when it is imported, which costs nothing where it is not."""

    def __init__(self, name: str, patch: Callable[[ModuleType], None]) -> None:
        self.name = name
        self.patch = patch

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        import importlib.util

        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.patch(module)

            loader.exec_module = exec_module
        return spec


def install() -> None:
    """Patch threads and pools; once, before the app is imported."""
    threading.Thread.start = _starting(threading.Thread.start)  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = _handing_over(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
    name = "multiprocessing.pool"
    if name in sys.modules:
        _patch_thread_pools(sys.modules[name])
    else:
        sys.meta_path.insert(0, _OnImport(name, _patch_thread_pools))
