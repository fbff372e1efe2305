"""Live keys that the loaded app holds: in its environment, in its settings objects, in values of its own modules."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, Dict, Iterator, List, Set, Tuple

from .live_environment import in_environment, keys_in, source
from .loader import LoadError
from .own import is_own
from .protocol import LIVE_KEY

_DEEP = 5
_MOST = 20_000
"""How many values are looked at: a bound for apps that keep data in their modules."""
_LONGEST = 10_000
_LOOKS = frozenset(4**number for number in range(10))
"""After which batches an app is looked through."""
_SETTINGS = (
    "pydantic",
    "pydantic_settings",
    "starlette",
    "decouple",
    "environs",
    "environ",
    "django",
    "dynaconf",
    "flask",
)
"""Packages whose objects hold what an app was configured with."""


def refuse(app_dir: str) -> None:
    """Raises LoadError when the app runs on a live key; the message names the place, and does not repeat the key."""
    for sentence in in_environment(app_dir):
        raise LoadError(
            LIVE_KEY, "%s: the app sets it itself, and would run on a production instance; take it out" % sentence
        )
    for place, key, value in Holdings(app_dir).find():
        held = "%s holds a live key (%s)%s" % (place, key, source(value, app_dir))
        raise LoadError(LIVE_KEY, "%s; take it out: the app would run on a production instance" % held)


def refuse_later(app_dir: str, batch: int) -> None:
    """As `refuse`, after a batch of requests: settings may be read at the first that needs them.

    The environment is looked at each time, the rest ever more rarely, for it takes some 30 ms.
    """
    if batch in _LOOKS or any("live_" in value for value in os.environ.values()):
        refuse(app_dir)


class Holdings:
    """One look through what an app's own modules hold. Nothing of the app runs: only dictionaries are read."""

    def __init__(self, app_dir: str) -> None:
        self.app_dir = app_dir
        self._seen: Set[int] = set()
        self._looked = 0
        self._kinds: Dict[type, bool] = {}

    def find(self) -> Iterator[Tuple[str, str, str]]:
        """(place, live key as messages name it, the whole value) for each value that holds one."""
        for name, module in list(sys.modules.items()):
            if is_own(getattr(module, "__file__", None), self.app_dir):
                for attribute, value in list(getattr(module, "__dict__", {}).items()):
                    if not attribute.startswith("__"):
                        yield from self._in(value, "%s:%s" % (name, attribute), 0)
        for held in _settings_objects():
            yield from self._in(held, "%s:%s" % (type(held).__module__, type(held).__name__), 0)

    def _in(self, value: Any, place: str, depth: int) -> Iterator[Tuple[str, str, str]]:
        kind = type(value)
        self._looked += 1
        if self._looked > _MOST:
            return
        if issubclass(kind, (str, bytes)):
            text = bytes.decode(value, "latin-1") if issubclass(kind, bytes) else str.__str__(value)
            if len(text) <= _LONGEST:
                for key in keys_in(text):
                    yield place, key, text
        elif depth < _DEEP and id(value) not in self._seen:
            self._seen.add(id(value))
            for name, inner in self._parts(value, kind):
                yield from self._in(inner, place if name.startswith("_") else "%s.%s" % (place, name), depth + 1)

    def _parts(self, value: Any, kind: type) -> List[Tuple[str, Any]]:
        """What a value is made of, by name."""
        if issubclass(kind, (dict, list, tuple, set, frozenset)):
            base = next(each for each in (dict, list, tuple, set, frozenset) if issubclass(kind, each))
            if base.__len__(value) > _MOST:
                return []
            if base is dict:
                # A name may be the key itself: `{"sk_live_…": …}`.
                named = [(_shown(name), inner) for name, inner in dict.items(value)]
                return named + [("_", name) for name in dict.__iter__(value)]
            return [("_", inner) for inner in base.__iter__(value)]
        if issubclass(kind, type):  # Not `isinstance`: it asks the object, and lazy ones begin to work then.
            own = is_own(getattr(sys.modules.get(value.__module__), "__file__", None), self.app_dir)
            return [(n, v) for n, v in list(vars(value).items()) if not n.startswith("__")] if own else []
        if self._is_looked_into(kind):
            try:
                return list(object.__getattribute__(value, "__dict__").items())
            except AttributeError:
                return []
        return []

    def _is_looked_into(self, kind: type) -> bool:
        if kind not in self._kinds:
            module = kind.__module__ if isinstance(kind.__module__, str) else ""
            own = is_own(getattr(sys.modules.get(module), "__file__", None), self.app_dir)
            self._kinds[kind] = own or module.split(".")[0] in _SETTINGS
        return self._kinds[kind]


def _shown(name: object) -> str:
    return name if isinstance(name, str) and name.isidentifier() and not keys_in(name) else "_"


def _settings_objects() -> List[Any]:
    """Instances of pydantic's settings, wherever they are kept: the usual `get_settings()` keeps its own in a cache."""
    loaded = [sys.modules.get(name) for name in ("pydantic_settings", "pydantic.env_settings")]
    bases = {vars(module).get("BaseSettings") for module in loaded if module is not None} - {None}
    if not bases:
        return []
    kinds: Dict[type, bool] = {}
    found = []
    for held in gc.get_objects():
        kind = type(held)
        if kind not in kinds:
            kinds[kind] = not bases.isdisjoint(type.__getattribute__(kind, "__mro__"))
        if kinds[kind]:
            found.append(held)
    return found
