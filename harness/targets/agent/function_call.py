"""Calls one of the app's own functions, as its code would: for a sync that is reached by no request.

The item's method is `module:function` or `/path/to/file.py:function`; its body is JSON: the keyword or positional
arguments, or nothing, where it is only to be found. An argument that is `{"$open": "module:name"}` is made by calling that
name: a session, a connection; it is closed after the call.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
from contextlib import AsyncExitStack
from typing import Any

from .asgi import BODY_KEPT, body_of


def named(spec: Any) -> Any:
    """The object at `module:name` or `file.py:name`."""
    module, _, path = spec.rpartition(":")
    found = _from_file(module) if module.endswith(".py") else importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


_FILES: dict[str, Any] = {}


def _from_file(path: Any) -> Any:
    if path not in _FILES:
        spec: Any = importlib.util.spec_from_file_location("_clerk_harness_file_%d" % len(_FILES), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _FILES[path] = module
    return _FILES[path]


async def _opened(spec: Any, stack: Any) -> Any:
    """What calling `spec` gives, entered where it is a context, drawn from where it is a generator, and closed in the end."""
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


async def call(item: Any, answer: Any) -> None:
    """Call it; an answer with status 200 says that it returned. What it raises is raised."""
    function = named(item[1])
    body = body_of(item)
    if not body:
        answer["status"] = 200 if callable(function) else 404
        return
    given = json.loads(body)
    async with AsyncExitStack() as stack:

        async def value(entry: Any) -> Any:
            return await _opened(entry["$open"], stack) if isinstance(entry, dict) and "$open" in entry else entry

        positional = [await value(entry) for entry in given["positional"]]
        named_ones = {name: await value(entry) for name, entry in given["named"].items()}
        if inspect.iscoroutinefunction(function):
            result = await function(*positional, **named_ones)
        else:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(None, lambda: function(*positional, **named_ones))
            if inspect.isawaitable(result):
                result = await result
    answer["status"] = 200
    answer["body"] = repr(type(result)).encode()[:BODY_KEPT]
