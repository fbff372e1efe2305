"""Commands that users write as one text, divided as a shell would."""

from __future__ import annotations

import shlex


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
