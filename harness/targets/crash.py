"""The error with which a program ended, found in what it printed: of Node, of Python, whatever a launcher says after it."""

from __future__ import annotations

import re
from pathlib import PurePath

_ERROR = re.compile(r"(?:Uncaught )?(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*)?(?:Error|Exception)\b(?: \[\w+\])?(?:: .*)?$")
_NODE_FRAME = re.compile(r"\s+at (?:.*\()?(?:file://)?(?P<file>/[^()]*?):(?P<line>\d+)(?::\d+)?\)?(?: \{)?$")
_NODE_HEAD = re.compile(r"(?:file://)?(?P<file>/[^:]+):(?P<line>\d+)$")
_PYTHON_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_LIBRARY = re.compile(r"[\\/](?:node_modules|site-packages|lib[\\/]python[\d.]+)[\\/]|^<")
_LONGEST = 300


def error_in(output: str) -> str:
    """Return the last error that a program printed, in one line with its place in the program's own files; else its last line."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    at = next((at for at in range(len(lines) - 1, -1, -1) if _ERROR.match(lines[at])), None)
    if at is None:
        return lines[-1].strip()[:_LONGEST] if lines else "it printed nothing"
    place = _place(lines, at)
    return lines[at][:_LONGEST] + (f" at {place}" if place and place not in lines[at] else "")


def _place(lines: list[str], at: int) -> str:
    """The file and line from which the error at a line comes: below it in Node, above it in Python."""
    below = []
    for line in lines[at + 1 :]:
        frame = _NODE_FRAME.match(line)
        if frame is None and _ERROR.match(line):
            break
        below.append(frame)
    above = [_PYTHON_FRAME.match(line) or _NODE_HEAD.match(line) for line in reversed(lines[:at])]
    for frame in (*below, *above):
        if frame is not None and not _LIBRARY.search(frame["file"]):
            return f"{PurePath(frame['file']).name}:{frame['line']}"
    return ""
