"""Watching functions before Python 3.12: their code is replaced by a trampoline, which reaches every reference that anybody holds."""

from __future__ import annotations

import ast
import contextlib
import inspect
import warnings
from collections.abc import Callable, Generator, Iterator
from types import CodeType, FunctionType
from typing import Any

from .probe import Probe


def wrap(probe: Probe, function: FunctionType) -> None:
    """Replace the function's code by a trampoline that reports each call to the probe."""
    code = function.__code__
    handler, number = probe.handlers.get(code), probe.functions.get(code)
    if handler is None and number is None:
        return
    with contextlib.suppress(TypeError, ValueError):
        function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    shape, watching = _kind_of(function)
    call = watching(probe, _copy(function), handler, number)
    template: CodeType = _SHAPES[shape].__code__
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


# Makes the function that a trampoline calls, of: the probe, a copy of the watched function, its number as a handler, its number
# as an authentication function.
_Watching = Callable[..., Callable[..., Any]]


def _kind_of(function: FunctionType) -> tuple[str, _Watching]:
    """The name of a trampoline in `_SOURCE`, and what makes the function that it calls."""
    if inspect.iscoroutinefunction(function):
        return "_async_trampoline", _watching_coroutine
    if inspect.isasyncgenfunction(function):
        return "_asyncgen_trampoline", _watching_async_generator
    if inspect.isgeneratorfunction(function):
        return "_gen_trampoline", _watching_generator
    return "_trampoline", _watching_function


def _copy(function: FunctionType) -> Callable[..., Any]:
    """The function with the code that it had before."""
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _watching_function(
    probe: Probe, original: Callable[..., Any], handler: int | None, number: int | None
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if number is not None:
            probe.begun(number)
        with _WatchedCall(probe, handler) as watched:
            value = original(*args, **kwargs)
            watched.returned(value, args, kwargs)
        if number is not None:
            probe.left(number, value)
        return value

    return call


def _watching_coroutine(
    probe: Probe, original: Callable[..., Any], handler: int | None, number: int | None
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        if number is not None:
            probe.begun(number)
        with _WatchedCall(probe, handler) as watched:
            value = await original(*args, **kwargs)
            watched.returned(value, args, kwargs)
        if number is not None:
            probe.left(number, value)
        return value

    return call


def _watching_generator(
    probe: Probe, original: Callable[..., Any], handler: int | None, number: int | None
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if number is not None:
            probe.begun(number)
        with _WatchedCall(probe, handler):
            if number is None:
                return (yield from original(*args, **kwargs))
            return (yield from _Reported(original(*args, **kwargs), lambda value: probe.left(number, value)))

    return call


def _watching_async_generator(
    probe: Probe, original: Callable[..., Any], handler: int | None, number: int | None
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        if number is not None:
            probe.begun(number)
        with _WatchedCall(probe, handler):
            generator = original(*args, **kwargs)
            try:
                async for value in generator:
                    if number is not None:
                        probe.left(number, value)
                    yield value
            finally:
                await generator.aclose()

    return call


class _WatchedCall:
    """One call of a handler, from where it begins to its end; of a function that is no handler, nothing is reported."""

    def __init__(self, probe: Probe, number: int | None) -> None:
        self.probe = probe
        self.number = number
        self.outcome: dict[str, Any] = {}

    def __enter__(self) -> _WatchedCall:
        if self.number is not None:
            self.probe.enter(self.number, self)
        return self

    def returned(self, value: object, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        self.outcome = {"value": value, "returned": True, "arguments": [*args, *kwargs.values()]}

    def __exit__(self, *_: object) -> None:
        if self.number is not None:
            self.probe.ended(self.number, self, **self.outcome)


class _Reported:
    """A generator whose values are reported before they are yielded; for `yield from`."""

    def __init__(self, generator: Generator[Any, Any, Any], report: Callable[[object], None]) -> None:
        self.generator = generator
        self.report = report
        self.throw = generator.throw
        self.close = generator.close

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, received: object) -> Any:
        value = self.generator.send(received)
        self.report(value)
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
    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Constant("\0call"), node) if node.id == "CALL" else node


def _compile_trampolines() -> dict[str, FunctionType]:
    namespace: dict[str, Any] = {}
    tree = ast.fix_missing_locations(_Constant().visit(ast.parse(_SOURCE)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(compile(tree, "<clerk-harness>", "exec"), namespace)
    return namespace


_SHAPES = _compile_trampolines()
