"""Regular files, read up to a size and without waiting for anybody, whatever stands under a name that a user chose."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST = 64 << 20
"""Bytes. A seed of the largest databases that anybody tests is far below it; `/dev/zero` is not."""


def unfit(status: os.stat_result, largest: int = LARGEST) -> str:
    """Why a file is not to be read, by what the system says of it; empty where it may be."""
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file but a pipe, a socket or a device"
    return f"larger than {largest >> 20} MiB" if status.st_size > largest else ""


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
        if why := unfit(os.fstat(descriptor), largest):
            raise ValueError(why)
        data = file.read(largest + 1)  # It may grow, and a file of /proc has no size.
    if len(data) > largest:
        raise ValueError(f"larger than {largest >> 20} MiB")
    return data
