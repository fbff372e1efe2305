"""Files that belong together are written as a set: all of them, or the former ones stay."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.core.ending import held, removed_at_once

_PART = re.compile(r"\..+\.[0-9]+-[0-9a-f]{8}\.(part|former)")
"""Our own temporary files: what is written, and what is put back when not all of it could be."""
_PATIENCE = 30.0
_PAUSE = 0.05


def write_set(root: Path, texts: Mapping[Path, str | Iterable[str]]) -> list[Path]:
    """Write texts, whole or in parts, to paths below `root`, whose folders are made. Raises OSError, and what giving the parts raises;
    all of the former files are then in place.

    Two that write into one folder wait for one another, so that the last one's files are there, and no mixture.
    """
    made = _folders(root, texts)
    try:
        with _alone(root) as alone:
            if alone:
                _clear({path.parent for path in texts})
            _exchange(texts)
    except BaseException:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # Somebody else's files are in it.
                folder.rmdir()
        raise
    return list(texts)


def _folders(root: Path, texts: Mapping[Path, str | Iterable[str]]) -> list[Path]:
    """Make the folders; those that were made, the outer ones first."""
    made: list[Path] = []
    for folder in dict.fromkeys([root, *(path.parent for path in texts)]):
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        made += reversed(missing)
    return made


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """Lock a folder against others that write there. The lock goes with the process, in whatever way that ends (flock(2)).

    False where the file system knows no locks. Raises OSError when another holds it for too long.
    """
    descriptor = os.open(root, os.O_RDONLY)
    try:
        yield _locked(descriptor, root)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, root: Path) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(errno.EAGAIN, "another run is writing there, and does not end", str(root)) from None
            time.sleep(_PAUSE)
        except OSError:
            return False


def _clear(folders: set[Path]) -> None:
    """Remove what runs that died have left: whoever has the lock knows that nobody is writing."""
    for folder in folders:
        for path in folder.iterdir():
            if _PART.fullmatch(path.name):
                with contextlib.suppress(OSError):
                    path.unlink()


def _exchange(texts: Mapping[Path, str | Iterable[str]]) -> None:
    """Write everything beside its place, and then put it there."""
    tag = f"{os.getpid()}-{secrets.token_hex(4)}"
    parts = {path: path.with_name(f".{path.name}.{tag}.part") for path in texts}
    formers = {path: path.with_name(f".{path.name}.{tag}.former") for path in texts}
    ours = [*parts.values(), *formers.values()]
    try:
        with removed_at_once(ours):
            for path, text in texts.items():
                with parts[path].open("x", encoding="utf-8", errors="backslashreplace") as file:
                    file.writelines([text] if isinstance(text, str) else text)
            for path, former in formers.items():
                with contextlib.suppress(FileNotFoundError):
                    _keep(path, former)
        with held(firm=True):
            _put_in_place(parts, formers)
    finally:
        for path in ours:
            with contextlib.suppress(OSError):
                path.unlink()


def _keep(path: Path, former: Path) -> None:
    """A second name for a file; a copy where the file system knows no second names."""
    try:
        os.link(path, former, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(path, former, follow_symlinks=False)


def _put_in_place(parts: Mapping[Path, Path], formers: Mapping[Path, Path]) -> None:
    done: list[Path] = []
    try:
        for path, part in parts.items():
            part.replace(path)
            done.append(path)
    except BaseException:
        for path in done:
            if formers[path].exists():
                formers[path].replace(path)
            else:
                path.unlink()
        raise
