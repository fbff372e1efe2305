"""What an option of a run is, and what is built from it: argparse and pytest options, `Options`, a command, a table.

An option is declared once, as a field of `harness.run.options.Options`. A new one is a field there and nothing else.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.core.errors import DeclarationError, HarnessError
from harness.core.files import path_problem
from harness.core.redact import is_secret, looks_secret
from harness.core.text import quoted, refuse_halves

if TYPE_CHECKING:
    from harness.run.options import Options

EXAMINING = frozenset({"run", "routes", "init"})
"""The commands that examine a target."""
RUN = frozenset({"run"})
INIT = frozenset({"init"})
PAIRS, NAMES, SEVERAL, SWITCH = "pairs", "names", "several", "switch"
"""Kinds beside Python's types: `NAME=VALUE` again and again; names separated by commas; a value again and again; on, off, or
as the command thinks right."""
COMMANDS = EXAMINING
TITLES = {
    "target": "target (the command line wins over [target] in auth_matrix.toml)",
    "database": "database (with any of these, or --postgres, the app gets one)",
}


@dataclass(frozen=True)
class Option:
    """One option. `name`: its field of `Options`; `low` and `high`: its range (`exclusive`: `low` itself is none), which
    `between` says in words; `empty`: whether the empty text is a value; `commands` of `clerk-harness` that have it;
    `pytest`: whether pytest has it, as `--harness-…`; `repeated`: whether the command that repeats a finding names it.
    """

    flag: str
    help: str
    kind: Any
    default: Any
    metavar: str | None
    commands: frozenset[str]
    group: str | None
    pytest: bool
    repeated: bool
    low: float | None
    high: float | None
    exclusive: bool
    between: str
    empty: bool
    name: str = ""
    short: str = ""
    """A letter for it on the command line: `-x`."""
    choices: tuple[str, ...] = ()
    """The words of which its value is one; any text where there are none."""

    @property
    def pytest_flag(self) -> str:
        """How pytest calls it."""
        return f"--harness-{self.flag.removeprefix('--')}"

    def check(self, value: Any, flag: str) -> None:
        """Raise HarnessError for a number out of range, naming the flag as the user wrote it."""
        if value is None or (self.low is None and self.high is None):
            return
        low, high = self.low if self.low is not None else -math.inf, self.high if self.high is not None else math.inf
        if not low <= value <= high or (self.exclusive and value == low):
            given = f"{value:g}" if isinstance(value, float) else quoted(str(value))
            raise HarnessError(f"{flag} {given}: {self.between or f'between {low:g} and {high:.0f}'}")


def option(
    flag: str,
    help: str,
    default: Any = None,
    *,
    kind: Any = str,
    metavar: str | None = None,
    commands: frozenset[str] = EXAMINING,
    group: str | None = None,
    pytest: bool = True,
    repeated: bool = True,
    low: float | None = None,
    high: float | None = None,
    exclusive: bool = False,
    between: str = "",
    empty: bool = False,
    short: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of `Options`; see `Option`."""
    declared = Option(
        flag, help, kind, default, metavar, commands, group, pytest, repeated, low, high, exclusive, between, empty,
        short=short, choices=choices,
    )  # fmt: skip
    if isinstance(default, list | dict):
        return field(default_factory=type(default), metadata={"option": declared})
    return field(default=default, metadata={"option": declared})


def options() -> Iterator[Option]:
    """Every option, in the order of its declaration."""
    from harness.run.options import Options

    for each in dataclasses.fields(Options):
        if "option" in each.metadata:
            yield dataclasses.replace(each.metadata["option"], name=each.name)


def dest(option: Option) -> str:
    """The attribute of parsed arguments; `command`, for one, is taken by the subcommand."""
    return f"option_{option.name}"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Give a subcommand its options, in their groups."""
    groups: dict[str | None, Any] = {None: parser}
    for each in options():
        if command not in each.commands:
            continue
        if each.group not in groups:
            groups[each.group] = parser.add_argument_group(TITLES[str(each.group)])
        groups[each.group].add_argument(
            *filter(None, (each.short, each.flag)), dest=dest(each), help=_help(each), **_argparse(each)
        )


def _help(option: Option) -> str:
    from harness.contracts.registry import NAMES as CONTRACTS

    return option.help.replace("{contracts}", ", ".join(CONTRACTS)).replace("%", "%%")


def _argparse(option: Option) -> dict[str, Any]:
    if option.kind is SWITCH:
        # Whoever says nothing leaves a switch open, but for those that are on.
        return {"action": argparse.BooleanOptionalAction, "default": option.default or None}
    if option.kind is bool:
        return {"action": "store_true"}
    if option.kind in (PAIRS, SEVERAL):
        return {"action": "append", "default": [], "metavar": option.metavar}
    if option.kind is NAMES:
        return {"action": "append", "metavar": option.metavar}
    kind = {int: whole_number, float: number, Path: str}.get(option.kind, option.kind)
    default = str(option.default) if isinstance(option.default, Path) else option.default
    one_of = {"choices": option.choices} if option.choices else {}
    return {"type": kind, "default": default, "metavar": option.metavar} | one_of


def whole_number(text: str) -> int:
    """A number of an option. Raises ArgumentTypeError, whose message repeats no more than a line of it."""
    try:
        return int(text)
    except ValueError:  # Also of more digits than Python converts.
        raise argparse.ArgumentTypeError(f"{quoted(text)!r} is no whole number") from None


def number(text: str) -> float:
    """A number of an option, which may have a fraction. Raises ArgumentTypeError."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{quoted(text)!r} is no number") from None


class _PytestGroup(Protocol):
    """pytest's OptionGroup, as far as it is used."""

    def addoption(self, *names: str, **attributes: Any) -> None: ...


def add_pytest_options(group: _PytestGroup) -> None:
    """The options that pytest has, each with the meaning of its namesake of `clerk-harness run`."""
    for each in options():
        if not each.pytest:
            continue
        attributes = _argparse(each)
        if each.kind is SWITCH:
            attributes = {"action": "store_true"}
        group.addoption(each.pytest_flag, dest=f"harness_{each.name}", help=_help(each), **attributes)


def from_arguments(arguments: argparse.Namespace) -> Options:
    """The options of a run from parsed arguments. Raises HarnessError for values that cannot be meant."""
    try:
        os.getcwd()
    except OSError as error:
        raise HarnessError(f"this directory: {error.strerror}: change into one that is there") from None
    found = {
        each.name: _value(each, getattr(arguments, dest(each)), each.flag)
        for each in options()
        if hasattr(arguments, dest(each))
    }
    return _joined(found)


def from_pytest(get: Callable[[str], Any], suites: Path) -> Options:
    """The options of a run from pytest's; `get` is `config.getoption`. Raises HarnessError as `from_arguments` does.

    Drills and rotation are held where they are asked for: items may be spread over processes that each ask a part.
    """
    found = {
        each.name: _value(each, get(f"harness_{each.name}"), each.pytest_flag) for each in options() if each.pytest
    }
    found["rotation"] = bool(found["drills"] or found["credentials"])
    found["drills"] = bool(found["drills"])
    return _joined(found | {"suites": suites})


def _value(option: Option, given: Any, flag: str) -> Any:
    for text in given if isinstance(given, list) else [given]:
        if isinstance(text, str):
            _check_text(option, text, flag)
    if option.kind is PAIRS:
        return parse_env(given, flag)
    if option.kind is NAMES:
        names = parse_names(",".join(given) if isinstance(given, list) else given)
        if given and not names:
            raise HarnessError(f"{flag}: names nothing; leave it out for all")
        return names
    if option.kind is Path and given is not None:
        return given_path(given, flag)
    option.check(given, flag)
    return given


def _check_text(option: Option, text: str, flag: str) -> None:
    """Raise HarnessError for a text that can be no value of an option."""
    try:
        refuse_halves(text, flag)
    except ValueError as error:
        raise HarnessError(str(error)) from None
    if not text.strip() and not option.empty:
        raise HarnessError(f"{flag}: is empty; give it a value, or leave it out")


def given_path(text: str, flag: str) -> Path:
    """A path as a user wrote it. Raises HarnessError for one that can name nothing."""
    try:
        refuse_halves(text, flag)
    except ValueError as error:
        raise HarnessError(str(error)) from None
    problem = path_problem(Path(text)) if text else "is empty"
    if problem is not None:
        raise HarnessError(f"{flag} {quoted(text)}: {problem}")
    return Path(text)


def _joined(found: dict[str, Any]) -> Options:
    from harness.run.options import Options

    if found.get("app") and (found.get("url") or found.get("command")):
        raise HarnessError("--app excludes --url and --command: name one target")
    if found.get("update_baseline") and found.get("baseline") is None:
        raise HarnessError("--update-baseline: needs --baseline FILE, which it is to bring up to date")
    if found.get("watch") and found.get("max_time"):
        raise HarnessError("--watch excludes --max-time: it goes on until Ctrl-C")
    if "rotation" not in found:
        # Held in whole runs, and where somebody asks for them by an option or by name.
        named, part = bool(found.get("credentials")), bool(found.get("routers") or found.get("routes"))
        asked = found.get("drills")
        whole = named or not (part or found.get("depth") == "quick")
        found["rotation"] = bool(asked) or whole
        found["drills"] = asked if asked is not None else whole
    return Options(**found)


def parse_env(pairs: list[str], flag: str = "--env") -> dict[str, str]:
    """`NAME=VALUE` pairs. Raises DeclarationError for anything else."""
    result = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise DeclarationError(f"{flag} {quoted(pair)}: write NAME=VALUE")
        result[name] = value
    return result


def parse_names(text: str | None) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _program() -> str:
    """The command as this shell can find it."""
    called = Path(sys.argv[0])
    if called.name == "clerk-harness" and shutil.which("clerk-harness") is None:
        return os.path.relpath(called)
    return "clerk-harness"


def repeat_command(given: Options) -> str:
    """The beginning of a command that tests the same target by the same declaration.

    Values that are likely secrets are left to the shell: `--env API_KEY="$API_KEY"`.
    """
    words, pairs = [_program(), "run", "--suites", str(given.suites)], []
    for each in options():
        value = getattr(given, each.name)
        if not each.repeated or each.name == "suites" or value in (None, each.default):
            continue
        if each.kind is NAMES:
            words += [each.flag, ",".join(value)]
        elif isinstance(value, Mapping):
            pairs += [_pair(each.flag, name, text) for name, text in value.items()]
        else:
            for one in value if isinstance(value, list) else [value]:
                words += [_switch(each.flag, one)] if isinstance(one, bool) else [each.flag, str(one)]
    return " ".join([shlex.join(words), *pairs])


def _switch(flag: str, on: bool) -> str:
    return flag if on else f"--no-{flag.removeprefix('--')}"


def _pair(flag: str, name: str, value: str) -> str:
    return f"{flag} " + (
        f'{name}="${name}"' if is_secret(name) or looks_secret(value) else shlex.quote(f"{name}={value}")
    )


def markdown() -> str:
    """The options as a table for the documentation."""
    lines = ["| option | pytest | commands | |", "|---|---|---|---|"]
    for each in options():
        flag = each.flag if each.metavar is None else f"{each.flag} {each.metavar}"
        flag = f"{each.short}`, `{flag}" if each.short else flag
        of_pytest = f"`{each.pytest_flag}`" if each.pytest else "—"
        commands = ", ".join(name for name in ("run", "routes", "init") if name in each.commands)
        lines.append(f"| `{flag}` | {of_pytest} | {commands} | {_help(each).replace('%%', '%')} |")
    return "\n".join(lines) + "\n"
