"""Variables of the environment that the app's own code asks for while it starts, and that are not set."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .own import is_own

_TELLING = re.compile(
    r"CLERK|AUTH|JWT|TOKEN|ORIGIN|FRONTEND|DOMAIN|ISSUER|AUDIENCE|AZP|PARTIES|CORS|SECRET|KEY|URL", re.IGNORECASE
)
_MOST = 40
_BETWEEN = ("os", "_collections_abc", "collections.abc", __name__)
_SETTINGS = ("decouple", "environ", "environs", "starlette.config", "starlette.datastructures", "prettyconf")
"""Modules that look up by name whatever the app asks them for."""


def _settings(app_dir: str) -> Iterator[str]:
    """Variables that pydantic's settings in the app's modules did not find: they read the environment as a whole."""
    loaded = [sys.modules.get(name) for name in ("pydantic_settings", "pydantic.env_settings")]
    kinds = tuple(vars(module)["BaseSettings"] for module in loaded if module and "BaseSettings" in vars(module))
    for module in list(sys.modules.values()):
        if not kinds or not is_own(getattr(module, "__file__", None), app_dir):
            continue
        for value in list(vars(module).values()):
            if not issubclass(type(value), kinds):
                continue
            given = getattr(value, "model_fields_set", None) or getattr(value, "__fields_set__", None) or set()
            config: Any = getattr(value, "model_config", None) or vars(getattr(type(value), "Config", object))
            fields: Any = getattr(type(value), "model_fields", None) or getattr(type(value), "__fields__", {})
            for name, described in fields.items():
                alias = getattr(described, "validation_alias", None)
                full = (alias if isinstance(alias, str) else str(config.get("env_prefix") or "") + name).upper()
                if name not in given and _TELLING.search(full) and full.lower() not in os.environ:
                    yield full


class Missing:
    """Notes look-ups in `os.environ` that fail, from `begin` to `end`."""

    def __init__(self, app_dir: str) -> None:
        self.app_dir = app_dir
        self._names: dict[str, None] = {}
        self._kind: Any = type(os.environ)
        self._look_up: Any = None

    def begin(self) -> None:
        """Patch `[]` of `os.environ`, which `get`, `in`, `os.getenv` and `pop` use as well."""
        look_up = self._look_up = self._kind.__getitem__
        note = self._note

        def __getitem__(self: Any, key: Any) -> Any:
            try:
                return look_up(self, key)
            except KeyError:
                note(key)
                raise

        self._kind.__getitem__ = __getitem__

    def end(self) -> list[str]:
        """Undo the patch, and return the names in the order of their look-up, without those that have been set meanwhile."""
        if self._look_up is not None:
            self._kind.__getitem__ = self._look_up
            self._look_up = None
        names = [*self._names, *_settings(self.app_dir)]
        return [name for name in dict.fromkeys(names) if name not in os.environ][:_MOST]

    def _note(self, key: object) -> None:
        name = os.fsdecode(key) if isinstance(key, bytes) else key
        if not isinstance(name, str) or len(self._names) >= 1000 or not _TELLING.search(name):
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            if module not in _BETWEEN and not any(module == s or module.startswith(s + ".") for s in _SETTINGS):
                break
            frame = frame.f_back
        if frame is not None and is_own(frame.f_code.co_filename, self.app_dir):
            self._names[name] = None
