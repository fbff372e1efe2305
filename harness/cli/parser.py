"""The command's parser: a mistake is one line, with the word that was probably meant."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from harness.core.output import say
from harness.core.text import listed, meant, sentence


class Parser(argparse.ArgumentParser):
    """A parser that tells a mistake in a line, as every other mistake is told, instead of all its options; what was typed may be
    a secret.
    """

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            say(message, file=file if file is not None else sys.stderr, end="")

    def _instead(self, message: str) -> str:
        """What was probably meant by an option or a choice that there is not; Python 3.14's own hint is not there before it."""
        if found := re.search(r"unrecognized arguments: (--[\w-]+)", message):
            others = [name for name, command in self._commands() if found[1] in command._option_string_actions]
            if others:
                return f"; it is an option of {listed(others, 3)}"
            return meant(found[1], [name for name in self._options() if name.startswith("--")])
        if found := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
            return meant(found[1], re.findall(r"[\w-]+", found[2]))
        return ""

    def _options(self) -> set[str]:
        """The options of this parser and of its commands: a command's own parser does not tell which it does not know."""
        return set(self._option_string_actions).union(
            *(command._option_string_actions for _, command in self._commands())
        )

    def _commands(self) -> list[tuple[str, argparse.ArgumentParser]]:
        """The commands of this parser, by name."""
        choices = [action.choices for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return [(name, command) for each in choices for name, command in each.items()]

    def error(self, message: str) -> NoReturn:
        """End with exit code 2, with the word that was probably meant."""
        message += self._instead(message)
        self.exit(2, f"{self.prog}: {sentence(message)} ({self.prog} --help shows all)\n")
