"""The temporary folders of a run: all in one folder for each process of the harness, which the next run removes where it was left.

The folder is named `clerk-harness-<process id>-<random>`, and locked (flock(2), on the folder itself) by the harness and by its
supervisor as long as one of them lives: a folder whose lock can be taken is of a run that has died. Systems that clean
temporary folders by their age (systemd-tmpfiles) respect this lock too.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError

_NAME = re.compile(r"clerk-harness-\d+-[0-9a-f]{4}")
_LIMIT = 2.0
"""Seconds that removing what others have left may take."""


@dataclass
class Root:
    """The folder of this process. `lock`: the descriptor that holds its lock."""

    path: Path
    lock: int
    made: int = 0


_state: dict[str, Root] = {}
_guard = threading.Lock()


def temporary_folder(kind: str) -> Path:
    """Make a new folder, which this user alone may enter. Whoever asks removes it; what is left goes with the process.

    Raises HarnessError where none can be made.
    """
    owned = root()
    with _guard:
        owned.made += 1
        path = owned.path / f"{kind}-{owned.made}"
    try:
        path.mkdir(mode=0o700)
    except OSError as error:
        raise _refusal(error) from error
    return path


def _refusal(error: OSError) -> HarnessError:
    where = os.environ.get("TMPDIR") or "the temporary directory"
    reason = error.strerror or error
    return HarnessError(
        f"no folder can be made in {where}: {reason}; make room there, or name another directory with TMPDIR"
    )


def root() -> Root:
    """The folder in which all others of this process are; made at first sight. Raises HarnessError."""
    with _guard:
        known = _state.get("root")
        if known is not None and known.path.is_dir():
            return known
        try:
            made = _state["root"] = _made(Path(tempfile.gettempdir()))
        except OSError as error:
            raise _refusal(error) from error
        if known is None:
            cleaner = threading.Thread(
                target=remove_dead, args=(made.path.parent,), name="clerk-harness-clean", daemon=True
            )
            cleaner.start()
            atexit.register(_close, os.getpid(), cleaner)
        return made


def _made(parent: Path) -> Root:
    """A new folder with its lock. Raises OSError where none can be made.

    Until it is locked it looks like one of a run that has died, and another run may remove it at any step: then the next is made.
    """
    while True:
        path = parent / f"clerk-harness-{os.getpid()}-{secrets.token_hex(2)}"
        try:
            path.mkdir(mode=0o711)  # Others may pass through: Postgres under root is another user's.
        except FileExistsError:
            continue
        with contextlib.suppress(FileNotFoundError):
            if (lock := _locked(path)) is not None:
                return Root(path, lock)


def _locked(path: Path) -> int | None:
    """Lock the folder that was just made; the lock's descriptor. None: another run has taken it first. Raises OSError."""
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    kept = False
    try:
        os.fchmod(lock, 0o711)  # Whatever the umask.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            kept = path.exists()
        except BlockingIOError:
            pass
        except OSError:  # A file system without locks, where nobody else can take it either.
            kept = True
    finally:
        if not kept:
            os.close(lock)
    return lock if kept else None


def remove_dead(parent: Path, limit: float = _LIMIT) -> list[str]:
    """Remove the folders of runs that have died, of this user only; their names. Takes `limit` seconds at most, and never raises."""
    removed: list[str] = []
    deadline = time.monotonic() + limit
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if time.monotonic() > deadline:
                break
            if _NAME.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    if _removed(entry.path):
                        removed.append(entry.name)
    return removed


def _removed(path: str) -> bool:
    """Remove a folder whose run has died. Links are not followed. Raises OSError where it is another's, or locked."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(status, os.lstat(path)):
            return False
        shutil.rmtree(path, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)


def _close(owner: int, cleaner: threading.Thread) -> None:
    """At the end of the process."""
    if os.getpid() != owner:
        return
    cleaner.join(_LIMIT)
    made = _state.pop("root", None)
    if made is not None:
        shutil.rmtree(made.path, ignore_errors=True)
        os.close(made.lock)


def _forked() -> None:
    """In a child that was forked: the folder is the parent's."""
    global _guard  # noqa: PLW0603 - it may have been held at the fork
    _guard = threading.Lock()
    made = _state.pop("root", None)
    if made is not None:
        with contextlib.suppress(OSError):
            os.close(made.lock)


os.register_at_fork(after_in_child=_forked)
