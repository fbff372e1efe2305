"""Files that users write: every mistake is one sentence with file, key and what was expected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import Field, field_validator

from harness.core.errors import DeclarationError
from harness.core.files import read_toml
from harness.core.toml import HeaderName, HeaderValue, JsonValue, SystemText, Table, VariableName, load_table


class Inner(Table):
    """A table in a file."""

    limit: int = Field(default=1, ge=0)
    word: str = "x"

    @field_validator("word")
    @classmethod
    def short(cls, word: str) -> str:
        """A rule of our own."""
        if len(word) > 3:
            raise ValueError("is too long")
        return word


class Outer(Table):
    """A file."""

    name: str
    inner: Inner = Inner()
    other: Inner = Inner()


KNOWN = {"": ["name", "inner", "other"], "inner": ["limit", "word"], "limitt": ["nothing"], "XXXX": ["limitt"]}


def load(folder: Path, text: str) -> Outer | None:
    (folder / "file.toml").write_text(text)
    return load_table(folder / "file.toml", Outer, KNOWN)


def test_a_file_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, 'name = "x"\n[inner]\nlimit = 3\n')
    assert found is not None and (found.name, found.inner.limit) == ("x", 3)


def test_a_file_is_read_as_utf_8_whatever_the_machine_thinks(tmp_path: Path) -> None:
    (tmp_path / "file.toml").write_bytes('name = "Zoë"'.encode())
    code = "import sys; from pathlib import Path; from harness.core.toml import read_toml; print(ascii(read_toml(Path(sys.argv[1]))))"
    machine = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "file.toml"], env=machine, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == r"{'name': 'Zo\xeb'}"


def test_no_file_is_none(tmp_path: Path) -> None:
    assert load_table(tmp_path / "file.toml", Outer, KNOWN) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name: is missing"),
        ('nam = "x"', "nam: unknown key; did you mean 'name'? (and 1 more)"),
        ('nam = "x"\nnbm = "x"', "nam: unknown key; did you mean 'name'? (and 2 more)"),
        ('name = "x"\ninnner = 1', "innner: unknown key; did you mean 'inner'?"),
        ('name = "x"\nqqqq = 1', "qqqq: unknown key; known: name, inner, other"),
        ('name = "x"\nlimitt = 1', "limitt: unknown key; known: name, inner, other"),
        ('name = "x"\n[inner]\nlimitt = 1', "inner.limitt: unknown key; did you mean 'limit'?"),
        ('name = "x"\n[inner]\nname = 1', "inner.name: unknown key; known: limit, word"),
        ('name = "x"\n[other]\nqqqq = 1', "other.qqqq: unknown key; known: name, inner, other"),
        ('name = "x"\n[inner]\nlimit = -1', "inner.limit: Input should be greater than or equal to 0"),
        ('name = "x"\n[inner]\nword = "long"', "inner.word: is too long"),
        ("name = 1", "name: Input should be a valid string"),
        ("name = ", "not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeclarationError) as found:
        load(tmp_path, text)
    assert str(found.value).partition(" (at line ")[0] == f"{tmp_path / 'file.toml'}: {message}"


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
    with pytest.raises(DeclarationError, match="not UTF-8 text"):
        read_toml(tmp_path / "bytes.toml")


def test_a_table_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Inner().limit = 2


class Given(Table):
    """What leaves the harness: to the operating system, in a header field, as JSON."""

    path: SystemText = ""
    env: dict[VariableName, SystemText] = {}  # noqa: RUF012
    headers: dict[HeaderName, HeaderValue] = {}  # noqa: RUF012
    body: JsonValue = None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r'path = "a\u0000"', "path: has a NUL byte"),
        (r'env = { A = "\u0000" }', "env.A: has a NUL byte"),
        ('env = { "" = "x" }', ": is no name of a variable"),
        ('env = { "A=B" = "x" }', ": is no name of a variable"),
        (r'env = { "A\u0000" = "x" }', ": is no name of a variable"),
        ('headers = { "X Y" = "x" }', 'headers."X Y"'),
        (r'headers = { X = "a\r\nY: z" }', "headers.X: has a line end"),
        ('headers = { X = "€" }', "headers.X: has a line end or a letter"),
        ("body = { a = [nan] }", "body: JSON has neither nan nor inf"),
    ],
)
def test_what_cannot_leave_the_harness_is_told_when_it_is_read(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(DeclarationError, match=told):
        load_table(tmp_path / "x.toml", Given, {"": []})


def test_dates_are_texts_in_json(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("body = { at = [2026-01-31, 12:00:00], n = 1.5, none = false, text = 'inf' }\n")
    given = load_table(tmp_path / "x.toml", Given, {"": []})
    assert given is not None
    assert given.body == {"at": ["2026-01-31", "12:00:00"], "n": 1.5, "none": False, "text": "inf"}


def test_what_a_header_field_may_have() -> None:
    for value in (" a b ", "\ta", "caf\xe9\xff", ""):
        assert Given(headers={"X": value}).headers == {"X": value}
    for value in ("\x1f", "\u0100", "\n"):
        with pytest.raises(ValueError, match="has a line end or a letter that a header field cannot have"):
            Given(headers={"X": value})


def test_a_file_of_a_contract_that_is_a_broken_link_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "x.toml").symlink_to("nowhere")
    with pytest.raises(DeclarationError, match=r"x\.toml: no such file"):
        load_table(tmp_path / "x.toml", Given, {"": []})
