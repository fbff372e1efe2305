"""Calls one of the app's own functions, as its code would: for a user sync that no request reaches.

The item's method is `module:function` or `/path/to/file.py:function`. Its body is JSON, `{"positional": [...], "named": {...}}`,
or nothing, where the function is only to be found. An argument that is `{"$open": "module:name"}` is made by calling that
name: a session, a connection; it is closed after the call.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

from .exchange import BODY_KEPT, Answer
from .protocol import Item


def named(spec: str) -> Any:
    """Return the object at `module:name` or `file.py:name`. Raises what importing it raises."""
    module, _, path = spec.rpartition(":")
    found: Any = _from_file(module) if module.endswith(".py") else importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


_FILES: dict[str, ModuleType] = {}


def _from_file(path: str) -> ModuleType:
    if path not in _FILES:
        spec = importlib.util.spec_from_file_location("_clerk_harness_file_%d" % len(_FILES), path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _FILES[path] = module
    return _FILES[path]


async def _opened(spec: str, stack: AsyncExitStack) -> Any:
    """Return what calling `spec` gives: a context is entered, a generator is advanced to its first value. `stack` closes it."""
    made = named(spec)
    made = made() if callable(made) else made
    if inspect.isawaitable(made):
        made = await made
    if inspect.isgenerator(made):
        stack.callback(lambda: [None for _ in made])
        return next(made)
    if inspect.isasyncgen(made):

        async def finish() -> None:
            async for _ in made:
                pass

        stack.push_async_callback(finish)
        return await made.__anext__()
    if hasattr(made, "__aenter__"):
        return await stack.enter_async_context(made)
    if hasattr(made, "__enter__"):
        return stack.enter_context(made)
    if hasattr(made, "close"):
        stack.callback(made.close)
    return made


async def call(item: Item, answer: Answer) -> None:
    """Call the function. Status 200 in `answer` means that it returned; what it raises is raised."""
    function = named(item.method)
    if not item.body:
        answer.status = 200 if callable(function) else 404
        return
    given = json.loads(item.body)
    async with AsyncExitStack() as stack:

        async def value(entry: Any) -> Any:
            return await _opened(entry["$open"], stack) if isinstance(entry, dict) and "$open" in entry else entry

        positional = [await value(entry) for entry in given["positional"]]
        keywords = {name: await value(entry) for name, entry in given["named"].items()}
        if inspect.iscoroutinefunction(function):
            result = await function(*positional, **keywords)
        else:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(None, lambda: function(*positional, **keywords))
            if inspect.isawaitable(result):
                result = await result
    answer.status = 200
    answer.body = repr(type(result)).encode()[:BODY_KEPT]
