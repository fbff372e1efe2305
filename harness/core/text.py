"""Texts that others have given, made fit for a message or an encoder: short, on one line, and without half characters."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 1200
_WORD = 200


def cut(text: str, longest: int) -> str:
    """The text, its middle left out where it is longer: messages end with the way out."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} […] {text[-half:]}"


def quoted(value: str) -> str:
    """A value for a message: on one line, what cannot be seen escaped, cut where it is long."""
    text = cut(value, _WORD)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def listed(names: list[str], most: int) -> str:
    """Names in a row, the first `most` of them, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def meant(word: str, known: Iterable[str]) -> str:
    """A hint at the word that was probably meant, `; did you mean 'clerk'?`, or the empty text."""
    import difflib  # `--help` means no other word, and would wait for it.

    lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"; did you mean {lower[found[0]]!r}?" if found else ""


def instead(word: str, known: Iterable[str]) -> str:
    """What may be written in place of a word: the one that was probably meant, and all that there are."""
    names = list(known)
    return f"{meant(word, names)}; known: {', '.join(names) or 'none'}"


def sentence(message: str) -> str:
    """A message on one line, however long and of how many lines what it quotes is."""
    return cut(" ".join(line.strip() for line in message.splitlines() if line.strip()), _LONGEST)


def refuse_halves(value: str, where: str) -> str:
    """Return the text. Raises ValueError where it has bytes that are no UTF-8, which Python keeps as half characters (PEP 383)."""
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"{where} {quoted(value)}: not UTF-8")
    return value


def many(number: int, one: str, several: str = "") -> str:
    """A number of things: `1 router`, `1,200 routers`, `2 policies`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
