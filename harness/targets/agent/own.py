"""Which code is the target's own: its files lie in its directory, and not in an environment."""

from __future__ import annotations

import os
import sysconfig

_LIBRARY = os.path.join(sysconfig.get_path("stdlib"), "")
_ENVIRONMENTS = ("site-packages", "dist-packages")


def is_standard(file: str) -> bool:
    """Whether that source file belongs to Python's standard library."""
    return file.startswith(_LIBRARY) and not any(part in file for part in _ENVIRONMENTS)


def is_library(file: str) -> bool:
    """Whether that source file belongs to the standard library or to an environment's packages."""
    return file.startswith(_LIBRARY) or any(part in file for part in _ENVIRONMENTS)


def is_own(file: str | None, app_dir: str) -> bool:
    """Whether that source file is the target's own."""
    if not file or not app_dir:
        return False
    return file.startswith(os.path.join(app_dir, "")) and not is_library(file)
