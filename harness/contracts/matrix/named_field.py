"""A name that the target's source asks for, and how values are put there on a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.credentials.model import Presentation

_OFFERED = 4
"""How many letters of a word of the source are shown: it may be a secret."""
_ABOUT_THE_CLIENT = ("user-agent", "x-forwarded-for", "x-real-ip", "origin", "referer", "x-client-id")
"""What a client says of itself, and what guards look at to know one of their own."""


class Value(NamedTuple):
    """Something to try, and what it is in words that give no secret away."""

    text: str
    words: str


@dataclass(frozen=True)
class Field:
    """A name that the source asks for. `place` is `header`, `cookie`, `query`, `body`, or `code` where the place is not known."""

    place: str
    name: str
    reader: str
    words: tuple[str, ...] = ()
    guessed: bool = False
    """Whether it is a word of the code that only looks like a name."""

    def put(self, value: str, token: str | None = None) -> Presentation:
        """The field on a request; where its place is not known, in each."""
        pair = ((self.name, value),)
        header = ((self.name.removeprefix("HTTP_").replace("_", "-").lower(), value),)
        anywhere = self.place == "code"
        return Presentation(
            token=token,
            headers=header if self.place == "header" or anywhere else (),
            cookies=pair if (self.place == "cookie" or anywhere) and _fits_cookie(value) else (),
            query=pair if self.place == "query" or anywhere else (),
            body=pair if self.place == "body" else (),
        )

    def __str__(self) -> str:
        where = "a header, cookie or parameter" if self.place == "code" else self.place
        # A guess from a word may be a secret that only looks like a name.
        known = not self.guessed or self.name[:2].lower() == "x-"
        shown = self.name if known else f"{self.name[:_OFFERED]}…"
        return f"{where} `{shown}`{f' (read by {self.reader})' if self.reader else ''}"


def _fits_cookie(value: str) -> bool:
    return not re.search(r"[\s;,\"\\]", value)


def shown(word: str) -> str:
    """Name a word of the source without giving it away: it may be a secret."""
    return f"a word of its code (`{word[:_OFFERED]}{'…' if len(word) > _OFFERED else ''}`)"


def put_together(fields: Sequence[Field], value: Value, token: str | None = None) -> Presentation:
    """All the fields with the same value, on one request."""
    parts = [field.put(value.text) for field in fields]
    return Presentation(
        token=token,
        headers=tuple(pair for part in parts for pair in part.headers),
        cookies=tuple(pair for part in parts for pair in part.cookies),
        query=tuple(pair for part in parts for pair in part.query),
        body=tuple(pair for part in parts for pair in part.body),
        form=f"{', '.join(map(str, fields[:3]))} with {value.words}",
    )


def of_clients(words: Iterable[tuple[str, str]]) -> Iterator[Presentation]:
    """Each word, with the function that has it, in what a client says of itself: old versions of an app are known by it."""
    for word, reader in words:
        if word.isascii() and word.isprintable():
            headers = tuple((name, word) for name in _ABOUT_THE_CLIENT)
            yield Presentation(
                headers=headers, form=f"what a client says of itself (read by {reader}) with {shown(word)}"
            )
