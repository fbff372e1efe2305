"""Watching functions before Python 3.12: their code is replaced by a trampoline, which reaches every reference that anybody holds."""

from __future__ import annotations

import ast
import contextlib
import inspect
import types
import warnings
from typing import Any


def wrap(probe: Any, function: Any) -> None:
    """Replace the function's code by a trampoline that tells the probe of each call."""
    code = function.__code__
    handler, number = probe.handlers.get(code), probe.functions.get(code)
    if handler is None and number is None:
        return
    call: Any
    with contextlib.suppress(TypeError, ValueError):
        function.__signature__ = inspect.signature(function)
    original = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__

    if inspect.iscoroutinefunction(function):

        async def call_coroutine(*args: Any, **kwargs: Any) -> Any:
            with _Watched(probe, handler) as watched:
                value = await original(*args, **kwargs)
                watched.returned(value, args, kwargs)
            if number is not None:
                probe.left(number, value)
            return value

        call, shape = call_coroutine, _SHAPES["_async_trampoline"]
    elif inspect.isasyncgenfunction(function):

        async def call_async_generator(*args: Any, **kwargs: Any) -> Any:
            with _Watched(probe, handler):
                generator = original(*args, **kwargs)
                try:
                    async for value in generator:
                        if number is not None:
                            probe.left(number, value)
                        yield value
                finally:
                    await generator.aclose()

        call, shape = call_async_generator, _SHAPES["_asyncgen_trampoline"]
    elif inspect.isgeneratorfunction(function):

        def call_generator(*args: Any, **kwargs: Any) -> Any:
            with _Watched(probe, handler):
                if number is None:
                    return (yield from original(*args, **kwargs))
                return (yield from _Told(original(*args, **kwargs), lambda value: probe.left(number, value)))

        call, shape = call_generator, _SHAPES["_gen_trampoline"]
    else:

        def call_function(*args: Any, **kwargs: Any) -> Any:
            with _Watched(probe, handler) as watched:
                value = original(*args, **kwargs)
                watched.returned(value, args, kwargs)
            if number is not None:
                probe.left(number, value)
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
        probe.handlers[function.__code__] = handler


class _Watched:
    """One call of a handler, from its door to its end; of a function that is no handler, nothing is told."""

    def __init__(self, probe: Any, number: Any) -> None:
        self.probe = probe
        self.number = number
        self.told: dict[str, Any] = {}

    def __enter__(self) -> Any:
        if self.number is not None:
            self.probe.enter(self.number, self)
        return self

    def returned(self, value: Any, args: Any, kwargs: Any) -> None:
        self.told = {"value": value, "returned": True, "given": [*args, *kwargs.values()]}

    def __exit__(self, *_: Any) -> None:
        if self.number is not None:
            self.probe.ended(self.number, self, **self.told)


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


_SHAPES = _compile_trampolines()
