"""Regular files, read up to a size and without waiting for anybody, whatever stands under a name that a user chose."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST = 64 << 20
"""Bytes. A seed of the largest databases that anybody tests is far below it; `/dev/zero` is not."""


def read_regular(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a regular file. Raises OSError, and ValueError for a pipe, a device and what is larger than `largest` bytes."""
    # A pipe without a writer would keep `open` waiting (open(2), O_NONBLOCK).
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        file = open(descriptor, "rb")  # noqa: SIM115 - the next line has it
    except OSError:  # A directory: the descriptor is nobody's.
        os.close(descriptor)
        raise
    with file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is no regular file but a pipe, a socket or a device")
        data = file.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"larger than {largest >> 20} MiB")
    return data
