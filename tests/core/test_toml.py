"""Files that users write: every mistake is one sentence with file, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from harness.core.errors import DeclarationError
from harness.core.toml import Table, load_table, read_toml


class Inner(Table):
    """A table in a file."""

    limit: int = Field(default=1, ge=0)


class Outer(Table):
    """A file."""

    name: str
    inner: Inner = Inner()


KNOWN = {"": ["name", "inner"], "inner": ["limit"]}


def load(folder: Path, text: str) -> Outer | None:
    (folder / "file.toml").write_text(text)
    return load_table(folder / "file.toml", Outer, KNOWN)


def test_a_file_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, 'name = "x"\n[inner]\nlimit = 3\n')
    assert found is not None and (found.name, found.inner.limit) == ("x", 3)


def test_no_file_is_none(tmp_path: Path) -> None:
    assert load_table(tmp_path / "file.toml", Outer, KNOWN) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name: is missing"),
        ('nam = "x"', "name: is missing (and 1 more)"),
        ('name = "x"\ninnner = 1', "innner: unknown key; did you mean 'inner'?"),
        ('name = "x"\nqqqq = 1', "qqqq: unknown key; known: name, inner"),
        ('name = "x"\n[inner]\nlimitt = 1', "inner.limitt: unknown key; did you mean 'limit'?"),
        ('name = "x"\n[inner]\nlimit = -1', "inner.limit: Input should be greater than or equal to 0"),
        ("name = 1", "name: Input should be a valid string"),
        ("name = ", "not valid TOML: Invalid value"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeclarationError) as found:
        load(tmp_path, text)
    assert str(found.value).startswith(f"{tmp_path / 'file.toml'}: {message}")
    assert "\n" not in str(found.value)


def test_a_missing_file_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(DeclarationError) as found:
        read_toml(path)
    assert str(found.value) == f"{path}: no such file; `clerk-harness init` writes one"
    with pytest.raises(DeclarationError) as found:
        read_toml(path, hint="")
    assert str(found.value) == f"{path}: no such file"


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as found:
        read_toml(tmp_path)
    assert str(found.value) == f"{tmp_path}: Is a directory"
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DeclarationError, match="not valid TOML"):
        read_toml(tmp_path / "bytes.toml")


def test_a_table_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Inner().limit = 2
