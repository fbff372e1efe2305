"""Key ids that are paths: each form gets past a verifier that guards against another, and none past one that looks its keys up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.credentials import Mint
from tests.credentials.forms import forms, header_of, signed_under, token_of

Read = Callable[[Path, str], bytes]


def joined(keys: Path, kid: str) -> bytes:
    """Whatever the path is."""
    return (keys / kid).read_bytes()


def without_walks(keys: Path, kid: str) -> bytes:
    """What walks is refused; a whole path is not seen to be one."""
    if ".." in kid:
        raise OSError("walks")
    return (keys / kid).read_bytes()


def stripped_once(keys: Path, kid: str) -> bytes:
    """Walks are taken out, once, and what is a whole path is put below the folder."""
    return (keys / kid.replace("../", "").lstrip("/")).read_bytes()


def looked_up(keys: Path, kid: str) -> bytes:
    """Right: the file of a key that is there, and nothing else."""
    known = {path.name: path for path in keys.iterdir()}
    return known[kid].read_bytes()


def admitted(mint: Mint, keys: Path, read: Read) -> list[str]:
    """The forms, in words, that a verifier of HS256 takes which reads its secret so."""
    found = []
    for form in forms(mint, "kid-path-traversal"):
        token = token_of(form)
        try:
            secret = read(keys, header_of(token)["kid"])
        except (OSError, KeyError):
            continue
        if signed_under(token, secret):
            found.append(form.form)
    return found


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (joined, ["", "an absolute path"]),
        (without_walks, ["an absolute path"]),
        (stripped_once, ["a walk that is left when ../ is taken out once"]),
        (looked_up, []),
    ],
)
def test_each_form_is_taken_by_the_verifier_that_it_is_for(
    fresh: Mint, tmp_path: Path, read: Read, wanted: list[str]
) -> None:
    (tmp_path / "ins_1").write_bytes(b"the secret")
    assert admitted(fresh, tmp_path, read) == wanted
