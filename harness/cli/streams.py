"""Standard output and error of the process: closed, full, or a pipe that nobody reads any more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from harness.core.output import say

LOST = 74
"""The exit code where standard output could not be written (EX_IOERR, sysexits(3)): nobody has seen what was found."""


def hold_open() -> None:
    """Put something where a standard stream was closed: the next file that is opened would take its place otherwise.

    Writing to a closed standard output fails, as to one that is full; what goes to a closed standard error is lost.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = _writer(1, sys.stdout)
    sys.stderr = _writer(2, sys.stderr)


class _Output(io.TextIOWrapper):
    """Knows whether it could write all that it was given.

    What lies below is Python's own: a signal that came between its write and its count of what is written would have it twice.
    """

    whole = True

    def write(self, text: str, /) -> int:
        with self._noticed():
            return super().write(text)

    def flush(self) -> None:
        with self._noticed():
            super().flush()

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.whole = False
            raise


def _writer(number: int, usual: TextIO | None) -> TextIO:
    """In place of a standard stream. Names of users and routes are nothing to fail by in a poor locale."""
    at_once = number == 2 or (isinstance(usual, io.TextIOWrapper) and (usual.line_buffering or usual.write_through))
    return _Output(
        io.BufferedWriter(io.FileIO(number, "w", closefd=False)),
        encoding=usual.encoding if usual is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=at_once,
    )


def _whole(stream: TextIO) -> bool:
    return stream.whole if isinstance(stream, _Output) else True


def delivered() -> bool:
    """Whether all that was printed is on its way. What cannot be is dropped, so that nothing fails by it again."""
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except (OSError, ValueError):
            flushed = False
            _drop(stream)
        else:
            flushed = True
    return flushed and _whole(sys.stdout)


def _drop(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere (Python documentation, `signal`, "Note on SIGPIPE")."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


def tell(text: str) -> None:
    """A line on standard error, where anybody can read it."""
    with contextlib.suppress(OSError, ValueError):
        say(text, file=sys.stderr)
