"""What went wrong in the target, in one line for the report."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from types import FrameType
from typing import Any

_HERE = os.path.join(os.path.dirname((lambda: None).__code__.co_filename), "")


class ProcessExit(Exception):
    """The target wanted to end the process; the message is the name of the exception by which it did."""


def words_of(problem: BaseException) -> str:
    """Return an exception's message; the empty text where it cannot be made: that is the target's code too."""
    try:
        return str(problem).strip()
    except BaseException:
        return ""


def summary(problem: BaseException) -> str:
    """Return an exception with its message and the last place in the target's own code; of a group, its first exception."""
    inner = getattr(problem, "exceptions", None)
    while inner:
        problem = inner[0]
        inner = getattr(problem, "exceptions", None)
    place = ""
    for frame in traceback.extract_tb(problem.__traceback__):
        if frame.filename.startswith(_HERE):
            continue  # The agent's hooks lie between the app and its framework.
        if "site-packages" not in frame.filename and os.sep + "lib" + os.sep + "python" not in frame.filename:
            place = " at %s:%s" % (os.path.basename(frame.filename), frame.lineno)
    if isinstance(problem, ProcessExit):
        return str(problem) + place
    text = words_of(problem).splitlines()
    return "%s: %s%s" % (type(problem).__name__, text[0][:300] if text else "", place)


def _awaiting(loop: asyncio.AbstractEventLoop) -> list[FrameType]:
    """The frames in which the loop's suspended tasks wait, innermost last."""
    frames: list[FrameType] = []
    for task in asyncio.all_tasks(loop):
        coroutine: Any = task.get_coro()
        while coroutine is not None and getattr(coroutine, "cr_frame", None) is not None:
            frames.append(coroutine.cr_frame)
            coroutine = coroutine.cr_await
    return frames


def stuck_in(app_dir: str, loop: asyncio.AbstractEventLoop) -> str:
    """Return where in the target's own code its threads and tasks are, as `file:line function`."""
    places = []
    for start in [*sys._current_frames().values(), *reversed(_awaiting(loop))]:
        frame: FrameType | None = start
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(app_dir) and "site-packages" not in code.co_filename:
                places.append("%s:%s %s" % (os.path.relpath(code.co_filename, app_dir), frame.f_lineno, code.co_name))
                break
            frame = frame.f_back
    return ", ".join(dict.fromkeys(places))[:300]
