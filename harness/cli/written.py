"""Files that a command writes beside what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.file_set import write_set


def write_json(path: Path, told: Any) -> None:
    """Write the document of `--json`, whole or not at all. Raises HarnessError, which names the option, where it cannot be written."""
    try:
        write_set(path.parent, {path: json.dumps(told, indent=2) + "\n"})
    except OSError as error:
        raise HarnessError(f"--json {path}: {error.strerror or error}") from error
