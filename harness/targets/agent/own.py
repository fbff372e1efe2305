"""Which code is the target's own: its files lie in its directory, and not in an environment."""

from __future__ import annotations

import os
import sysconfig
from typing import Any

_LIBRARY = os.path.join(sysconfig.get_path("stdlib"), "")
_ENVIRONMENTS = ("site-packages", "dist-packages")


def is_own(file: Any, app_dir: Any) -> bool:
    """Whether that source file is the target's own."""
    return (
        bool(file and app_dir)
        and file.startswith(os.path.join(app_dir, ""))
        and not file.startswith(_LIBRARY)
        and not any(part in file for part in _ENVIRONMENTS)
    )
