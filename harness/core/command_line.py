"""Commands that users write as one text, divided as a shell would."""

from __future__ import annotations

import re
import shlex

_PLAIN = re.compile(r"[\w /{}.,:@=+-]+", re.ASCII)


def word(text: str) -> str:
    """A text as one word of a command that a user pastes into a shell (POSIX, 2.2): in double quotes where all of it is plain."""
    quoted = shlex.quote(text)
    return quoted if quoted == text or not _PLAIN.fullmatch(text) else f'"{text}"'


def split_command(text: str) -> list[str]:
    """The words of a command. Raises ValueError with what is wrong, for one that is empty or has an open quotation."""
    if "\0" in text:
        raise ValueError("has a NUL byte")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(str(error)) from None
    if not words or not words[0]:
        raise ValueError("names no command")
    return words
