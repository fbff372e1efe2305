"""`run --watch`: the run again, whenever the declaration or the app's source has changed.

Files are looked at by their times, a few times a second. A declaration and an app's sources are some hundred files, whose times are
read in milliseconds; that works on every file system (folders shared with a container tell nobody of changes) and needs no library.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from harness.cli import streams
from harness.contracts.matrix import Declaration, load
from harness.core.errors import HarnessError, UnsafeError
from harness.core.files import is_written_here
from harness.core.output import line
from harness.core.text import listed, many
from harness.run.environment import app_directory
from harness.run.option_table import from_arguments
from harness.run.options import Options

_PAUSE = 0.3
"""Seconds between two looks, at least; where a look takes long, ten times as much as it takes."""
_DECLARATION = (".toml", ".sql")
_SOURCE = (".py",)
_SOURCE_OF_COMMANDS = (".py", ".js", ".cjs", ".mjs", ".ts")

Times = dict[Path, tuple[int, int]]
"""When each file was written, and how long it is."""


def files(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """The files below a folder that somebody writes: nothing hidden, no packages that were installed."""
    for name, folders, found in os.walk(folder):
        below = Path(name)
        folders[:] = [each for each in folders if is_written_here(below / each)]
        yield from (below / each for each in found if each.endswith(endings))


def times(paths: Iterator[Path]) -> Times:
    """When each was written; one that is gone meanwhile is none."""
    found: Times = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def changed(before: Times, after: Times) -> set[Path]:
    """The files that were written, that are new, and that are gone."""
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def routers_of(paths: set[Path], before: Declaration | None, after: Declaration | None) -> list[str]:
    """The routers that a change concerns, where it is of their files and of nothing else; none where all is to be run.

    A route that is no longer declared may be another's now, or nobody's: only the whole matrix tells.
    """
    if before is None or after is None or not paths:
        return []
    names = set()
    for path in paths:
        old, new = before.routers.get(path), after.routers.get(path)
        taken_out = (
            old is not None and new is not None and (old.router != new.router or set(old.routes) - set(new.routes))
        )
        if new is None or taken_out:
            return []
        names.add(new.router)
    return sorted(names)


class Watched:
    """What is looked at: the suites, and the folder of the app's source, where the harness starts it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._endings: tuple[str, ...] = _SOURCE
        self.folder: Path | None = None

    def read(self) -> Declaration | None:
        """The declaration as it is now; None where it has a mistake, which the run tells."""
        options = self._options
        try:
            declaration = load(options.suites)
        except HarnessError:
            return None
        target = declaration.matrix.target
        named = options.app or options.url or options.command
        command, url = (options.command, options.url) if named else (target.command, target.url)
        self.folder = app_directory(options, declaration) if command or not url else None
        self._endings = _SOURCE_OF_COMMANDS if command else _SOURCE
        return declaration

    def look(self) -> Times:
        """When everything that counts was written."""
        found = times(files(self._options.suites, _DECLARATION))
        return found | (times(files(self.folder, self._endings)) if self.folder is not None else {})

    def wait(self, before: Times) -> None:
        """Look until something is not as it was, and has been left alone for a moment."""
        last = before
        while True:
            begun = time.monotonic()
            now = self.look()
            if now != before and now == last:
                return
            last = now
            time.sleep(max(_PAUSE, 10 * (time.monotonic() - begun)))

    def __str__(self) -> str:
        below = [str(self._options.suites)] + ([os.path.relpath(self.folder)] if self.folder is not None else [])
        return f"{many(len(self.look()), 'file')} below {' and '.join(below)}"


def narrowed(arguments: argparse.Namespace, routers: list[str]) -> argparse.Namespace | None:
    """The run of these routers, of those that were chosen; None where none of them was. No routers: all that was chosen."""
    options: Options = arguments.options
    if not routers or options.routes:
        return arguments
    held = [name for name in routers if not options.routers or name in options.routers]
    if not held:
        return None
    part = copy.copy(arguments)
    part.option_routers = held
    part.options = from_arguments(part)
    part.options.isolation = options.isolation
    return part


def watch(arguments: argparse.Namespace, run: Callable[[argparse.Namespace], int]) -> NoReturn:
    """Run, wait for a change, and run again what it concerns, until a signal ends it (`Ended`).

    A mistake that a user can mend is told, and waited for. Raises UnsafeError for what may not be tested.
    """
    options: Options = arguments.options
    if not options.suites.is_dir():
        load(options.suites)  # Raises.
    watched = Watched(options)
    part: argparse.Namespace | None = arguments
    valid = watched.read()
    seen = watched.look()
    everything, due = True, set[Path]()
    """What no run has come to its end with: all, or what these files declare."""
    while True:
        if part is not None:
            try:
                run(part)
                everything, due = False, set()
            except UnsafeError:
                raise
            except HarnessError as error:
                streams.tell(f"clerk-harness: {options.isolation.explained(error)}")
        streams.tell(f"watching {watched}: change one, or end by Ctrl-C")
        watched.wait(seen)
        declared, now = watched.read(), watched.look()
        due |= changed(seen, now)
        routers = [] if everything else routers_of(due, valid, declared)
        part, seen, valid = narrowed(arguments, routers), now, declared or valid
        what = "all that was chosen" if part is arguments else f"router {', '.join(routers)}"
        names = listed(sorted(os.path.relpath(path) for path in due), 3)
        streams.tell(line(f"changed: {names}: {what}{' was not chosen' if part is None else ', again'}"))
        if part is None:
            due = set()
