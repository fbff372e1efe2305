"""Live keys in the environment that a process has given itself: by a `.env` that it loads over what it was started with.

Loaded by its path in started commands, where there is no package: it imports nothing of the agent.
"""

from __future__ import annotations

import importlib.util
import os
from types import ModuleType
from typing import Any, Iterator, List, Tuple

_LARGEST = 1 << 20
"""Bytes of a file beyond which it is no file of variables."""
_ABOVE = 3
"""How many directories above the app's are looked at: tools that load such files climb."""


def _load_rule() -> ModuleType:
    """`harness/core/live_keys.py`, by its path: the one place that says what a live key is."""
    harness = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.path.join(harness, "core", "live_keys.py")
    spec = importlib.util.spec_from_file_location("_clerk_harness_live_keys", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_RULE = _load_rule()


def keys_in(text: str) -> List[str]:
    """The live keys in a text, as messages name them."""
    return list(map(str, _RULE.find_live_keys(text))) if "live_" in text else []


def in_environment(directory: str) -> Iterator[str]:
    """Sentences on the variables that hold a live key now, with the file that it is from, where one in `directory` has it."""
    for name, value in list(os.environ.items()):
        for key in keys_in(value):
            yield "%s is set to a live key (%s)%s" % (name, key, source(value, directory))


def source(value: str, directory: str) -> str:
    """`, from FILE` for the `.env` file that has this value; nothing where there is none."""
    here = os.path.abspath(directory)
    for _ in range(_ABOVE + 1):
        for path in _files(here):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    if value in file.read(_LARGEST):
                        return ", from %s" % path
            except OSError:
                continue
        here = os.path.dirname(here)
    return ""


def _files(directory: str) -> List[str]:
    try:
        names = sorted(name for name in os.listdir(directory) if name.startswith(".env"))
    except OSError:
        return []
    return [path for path in (os.path.join(directory, name) for name in names) if os.path.isfile(path)]


def watch(report: str) -> None:
    """From now on, append to the file `report` a line on each variable that this process sets to a live key.

    `load_dotenv`, `environ.Env.read_env` and code of the app all come through `os.environ[name] = value`.
    """
    kind: Any = type(os.environ)
    assign = kind.__setitem__

    def __setitem__(self: Any, name: Any, value: Any) -> None:
        assign(self, name, value)
        if isinstance(name, str) and isinstance(value, str):
            for key in keys_in(value):
                try:
                    with open(report, "a", encoding="utf-8") as file:
                        file.write("%s is set to a live key (%s)%s\n" % (name, key, source(value, os.getcwd())))
                except OSError:
                    pass

    kind.__setitem__ = __setitem__


def of_session(session: int) -> Iterator[Tuple[str, str]]:
    """Names of variables and live keys that processes of a session were started with, where /proc tells (Linux, proc(5))."""
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return
    for number in numbers:
        try:
            with open("/proc/%s/stat" % number, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[3]) != session:
                continue
            with open("/proc/%s/environ" % number, encoding="utf-8", errors="replace") as file:
                variables = file.read().split("\0")
        except (OSError, ValueError, IndexError):  # It has ended, or is another user's.
            continue
        for variable in variables:
            name, _, value = variable.partition("=")
            for key in keys_in(value):
                yield name, key
