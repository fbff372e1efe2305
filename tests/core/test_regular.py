"""What stands under a name that a user chose is read only where it is a regular file of a size that a person writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.core.errors import DeclarationError
from harness.core.regular import read_regular
from harness.core.toml_lines import placed


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


NONE = {"pipe": pipe, "device": device, "huge": huge}


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"x" * 100)
    assert read_regular(path, 100) == b"x" * 100
    with pytest.raises(ValueError, match="larger than"):
        read_regular(path, 99)


@pytest.mark.parametrize("kind", NONE)
def test_what_is_none_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    NONE[kind](tmp_path / "a.toml")
    with pytest.raises(ValueError, match=r"larger than|no regular file"):
        read_regular(tmp_path / "a.toml")


@pytest.mark.parametrize("kind", NONE)
def test_a_mistake_that_names_it_is_told_without_reading_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.toml"
    NONE[kind](path)
    message = f"{path}: policies.a: is no regular file"
    assert placed(message) == message == str(DeclarationError(message))


def test_a_directory_leaves_no_descriptor_open(tmp_path: Path) -> None:
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    again = os.open(os.devnull, os.O_RDONLY)
    os.close(again)
    assert again == free
