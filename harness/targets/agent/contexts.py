"""Whose call is it: a request's trip follows into the threads that it begins and the functions that it hands to pools.

`contextvars` does so for tasks. Threads begin with an empty context (before 3.14), and the threads of a pool belong to everybody: each
function handed over takes the trip of whoever handed it over, and the thread itself none. Nothing is touched outside a request.
"""

from __future__ import annotations

import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .probe import CURRENT, under_way

_OF_ALL = ("InterpreterPoolExecutor",)
"""Executors of that family whose functions are pickled for another interpreter, where no trip can be told of."""


def carried(function: Any, trip: Any) -> Any:
    """The function, which counts as that trip's wherever it runs."""

    def call(*args: Any, **kwargs: Any) -> Any:
        mark = CURRENT.set(trip)
        try:
            return function(*args, **kwargs)
        finally:
            CURRENT.reset(mark)

    functools.update_wrapper(call, function, updated=())
    return call


def _shared(original: Any) -> Any:
    """A method that begins threads for everybody: they are not of the trip that happens to be under way."""

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


def _handing(original: Any) -> Any:
    """A method whose first argument is a function for a pool."""
    shared = _shared(original)

    @functools.wraps(original)
    def hand(self: Any, *args: Any, **kwargs: Any) -> Any:
        trip = under_way()
        if trip is None or any(base.__name__ in _OF_ALL for base in type(self).__mro__):
            return shared(self, *args, **kwargs)
        if args:
            args = (carried(args[0], trip), *args[1:])
        elif callable(kwargs.get("func")):
            kwargs["func"] = carried(kwargs["func"], trip)
        return shared(self, *args, **kwargs)

    return hand


def _starting(original: Any) -> Any:
    """`Thread.start`: what the thread runs is of the trip that began it."""

    @functools.wraps(original)
    def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        trip = under_way()
        if trip is None:
            return original(self, *args, **kwargs)
        own = vars(self).get("run")
        run = self.run

        def restore() -> None:
            if own is not None:
                self.run = own
            else:
                vars(self).pop("run", None)

        def begun() -> Any:
            restore()
            return carried(run, trip)()

        self.run = begun
        try:
            return original(self, *args, **kwargs)
        except BaseException:
            restore()
            raise

    return start


def _thread_pools(pool: Any) -> None:
    """`multiprocessing.pool.ThreadPool` inherits from the pool of processes, whose functions are pickled: that one is left alone."""
    kind = pool.ThreadPool
    kind.__init__ = _shared(kind.__init__)
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        if hasattr(kind, name):
            setattr(kind, name, _handing(getattr(kind, name)))


class _Later:
    """Patches a module of the standard library when somebody imports it, which costs nothing where nobody does."""

    def __init__(self, name: Any, patch: Any) -> None:
        self.name = name
        self.patch = patch

    def find_spec(self, name: Any, path: Any = None, target: Any = None) -> Any:
        if name != self.name:
            return None
        import importlib.util

        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                self.patch(module)

            loader.exec_module = exec_module
        return spec


def install() -> None:
    """Before the app is imported, and once."""
    threading.Thread.start = _starting(threading.Thread.start)  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = _handing(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
    name = "multiprocessing.pool"
    if name in sys.modules:
        _thread_pools(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Later(name, _thread_pools))
