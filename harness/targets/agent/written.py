"""What is written in the target's own files: a value that stands there, or in the environment, anybody may know who can read them.

A value that looks random and stands nowhere was made when the app started: nobody can bring it along.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys

from .own import is_own

_RANDOM = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9_+/=-]{16,}")
_FILES = (".env", ".toml", ".ini", ".cfg", ".yaml", ".yml", ".json")
_LARGEST = 256 * 1024
_MOST = 400
_DEPTH = 3


class Written:
    """The texts of the app's own modules and of the configuration beside them; read when they are first needed."""

    def __init__(self, app_dir: str) -> None:
        self.app_dir = app_dir
        self._text = ""

    def known(self, value: str) -> bool:
        """Whether a value may be known to somebody: it does not look random, or it is written somewhere."""
        if not _RANDOM.fullmatch(value) or any(value in other for other in os.environ.values()):
            return True
        if not self._text:
            self._text = "\n".join(self._texts()) or "\n"
        return value in self._text

    def _texts(self) -> list[str]:
        paths = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
        files = [path for path in paths if path.endswith(".py") and is_own(path, self.app_dir)]
        files += self._configuration()
        found = []
        for path in dict.fromkeys(files):
            with contextlib.suppress(OSError):
                if os.path.getsize(path) <= _LARGEST:
                    with open(path, encoding="utf-8", errors="replace") as file:
                        found.append(file.read())
        return found

    def _configuration(self) -> list[str]:
        found: list[str] = []
        for folder, folders, names in os.walk(self.app_dir or "."):
            below = os.path.relpath(folder, self.app_dir or ".")
            deep = 0 if below == "." else below.count(os.sep) + 1
            folders[:] = [name for name in folders if deep < _DEPTH and self._looked_into(folder, name)]
            found += [os.path.join(folder, name) for name in names if name.endswith(_FILES) or name.startswith(".env")]
            if len(found) > _MOST:
                break
        return found[:_MOST]

    def _looked_into(self, folder: str, name: str) -> bool:
        hidden = name.startswith((".", "node_modules"))
        return not hidden and is_own(os.path.join(folder, name, ""), self.app_dir)
