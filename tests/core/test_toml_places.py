"""Mistakes in a declaration: on which line and in which column, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DeclarationError
from harness.core.text import instead, meant

TEXT = """[policies.clerk]
accept = ["clerk"]
  rejct = ["legacy"]

[routes]
"GET /peers/{id}" = { policy = "clerk", path = { id = 1 } }
"""


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("policies.clerk.rejct: unknown key", "line 3, column 3"),
        ("policies.clerk.accept.0: no credential", "line 2, column 1"),
        ("policies.clerk.accept: no credential or group 'x': y", "line 2, column 1"),
        ("policies.clerk.carrier: is missing", "line 1, column 11"),
        ('routes."GET /peers/{id}": no policy', "line 6, column 1"),
        ('routes."GET /peers/{id}".path.id: empty', "line 6, column 14"),
        ("mechanisms.old: is missing", ""),
        ("no key at all", ""),
        ("a sentence: not a key", ""),
    ],
)
def test_a_mistake_says_where_it_stands(tmp_path: Path, message: str, place: str) -> None:
    path = tmp_path / "matrix.toml"
    path.write_text(TEXT)
    told = f"{path}: {message}"
    assert str(DeclarationError(told)) == (f"{told} (at {place})" if place else told)


@pytest.mark.parametrize("content", [None, "[policies", "\xff"])
def test_where_the_file_tells_nothing_the_message_stays(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "matrix.toml"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert str(DeclarationError(f"{path}: policies.clerk: is missing")) == f"{path}: policies.clerk: is missing"


def test_what_was_probably_meant() -> None:
    assert meant("clrek", ["clerk", "legacy"]) == "; did you mean 'clerk'?"
    assert meant("PEERS", ["peers"]) == "; did you mean 'peers'?"
    assert meant("nothing", ["clerk"]) == ""
    assert instead("x", []) == "; known: none"
    assert instead("matchs", ["match", "peers"]) == "; did you mean 'match'?; known: match, peers"
