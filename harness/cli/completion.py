"""Completion in bash, zsh and fish, by argcomplete: commands and options, and what a declaration names.

`clerk-harness completion bash` prints what a shell must run. The shell then starts `clerk-harness` with variables of argcomplete's at
each tab, and nothing but the words is given out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.core.output import hand_out
from harness.core.regular import read_regular

SHELLS = ("bash", "zsh", "fish")
_ASKED = "_ARGCOMPLETE"
"""The variable by which argcomplete's script asks for words."""


def asked() -> bool:
    """Whether a shell has started the command to complete a word."""
    return _ASKED in os.environ


def complete(parser: argparse.ArgumentParser) -> None:
    """Give the shell its words, and end the process."""
    import argcomplete

    for command in _commands(parser):
        for action in command._actions:
            words = _WORDS.get(action.option_strings[-1] if action.option_strings else action.dest)
            if words is not None:
                action.completer = _completer(words)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def completion(arguments: argparse.Namespace) -> int:
    """Print what makes a shell complete the command."""
    from argcomplete.shell_integration import shellcode

    hand_out(shellcode(["clerk-harness"], shell=arguments.shell))
    return 0


def _commands(parser: argparse.ArgumentParser) -> Iterable[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


Words = Callable[[Path], Iterable[str]]
"""The words for an option, by the directory of the declaration."""


def _completer(words: Words) -> Callable[..., list[str]]:
    def found(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
        suites = Path(getattr(parsed_args, "option_suites", None) or "suites")
        before, comma, _rest = prefix.rpartition(",")  # Names are separated by commas.
        return [f"{before}{comma}{word}" for word in words(suites)]

    return found


def _routers(suites: Path) -> Iterable[str]:
    return sorted(path.stem for path in (suites / "routers").glob("*.toml"))


def _routes(suites: Path) -> Iterable[str]:
    import tomllib

    for path in sorted((suites / "routers").glob("*.toml")):
        try:
            yield from tomllib.loads(read_regular(path).decode("utf-8")).get("routes", {})
        except (OSError, ValueError):
            continue


def _credentials(_: Path) -> Iterable[str]:
    from harness.credentials import CATALOGUE, groups

    return [*groups(), *CATALOGUE]


def _contracts(_: Path) -> Iterable[str]:
    from harness.contracts.registry import NAMES

    return NAMES


_WORDS: dict[str, Words] = {
    "--router": _routers,
    "--route": _routes,
    "--credentials": _credentials,
    "--only": _contracts,
    "name": _credentials,
}
