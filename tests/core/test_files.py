"""Files that users name: text files only, read without waiting for anybody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.core.errors import DatabaseError, DeclarationError
from harness.core.files import path_problem, read_text, read_toml


def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ü\r\n".encode())
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf" + "ü".encode())
    assert read_text(tmp_path / "a") == "ü\r\n"
    assert read_text(tmp_path / "b") == "ü"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (os.mkfifo, "a pipe, a socket or a device"),
        (lambda path: path.symlink_to("/dev/zero"), "a pipe, a socket or a device"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path.name), "symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "no such file"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 5000), "larger than 0 MiB"),
        (lambda path: path.write_bytes(b"a\n\xfc"), r"not UTF-8 text \(line 2\)"),
        (lambda path: path.write_bytes("a".encode("utf-16")), r"not UTF-8 text \(UTF-16\?\)"),
    ],
)
def test_whatever_is_no_text_file_is_told_and_not_waited_for(tmp_path: Path, make: object, told: str) -> None:
    assert callable(make)
    make(tmp_path / "x")
    with pytest.raises(DatabaseError, match=f"the seed: .*{told}"):
        read_text(tmp_path / "x", name="the seed", error=DatabaseError, largest=4096)


def test_a_name_that_can_be_none_is_told() -> None:
    with pytest.raises(DeclarationError, match="null byte"):
        read_text(Path("a\0b"))
    assert "too long" in str(path_problem(Path("x" * 300)))
    assert path_problem(Path("not-there")) is None
    assert path_problem(Path("/dev/null/x")) is None


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 20_000, "a = " + "{a=" * 5000, "a" + ".a" * 20_000 + " = 1", "a = " + "[" * 70 + "]" * 70]
)
def test_deep_toml_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(DeclarationError, match=r"x\.toml: nested too deeply"):
        read_toml(tmp_path / "x.toml")


def test_a_number_of_too_many_digits_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = " + "9" * 10_000)
    with pytest.raises(DeclarationError, match=r"x\.toml: not valid TOML"):
        read_toml(tmp_path / "x.toml")
