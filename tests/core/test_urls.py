"""URLs, command lines and texts that users write."""

from __future__ import annotations

import pytest

from harness.core.command_line import split_command
from harness.core.errors import HarnessError
from harness.core.text import quoted, refuse_halves, sentence
from harness.core.urls import Address, check_host_name, parse_url


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://127.0.0.1:8000", Address("http", "127.0.0.1", 8000, True, "")),
        ("https://[::1]/x", Address("https", "::1", 443, False, "/x")),
        ("HTTP://LOCALHOST:80", Address("http", "localhost", 80, True, "")),
    ],
)
def test_a_url_has_its_parts(text: str, address: Address) -> None:
    assert parse_url(text) == address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("http://[::1", "is no URL"),
        ("http://127.0.0.1:99999", "a port that is none"),
        ("http://127.0.0.1:0", "a port that is none"),
        ("http://127.0.0.1:-1", "a port that is none"),
        ("http://127.0.0.1:٣", "a port that is none"),
        ("http://:8000", "names no host"),
        ("http://local\nhost:1", "a space or a character"),
        ("http://127.0.0.1:1/ a", "a space or a character"),
        ("http://a\udcff:1", "a space or a character"),
        ("ftp://127.0.0.1", "neither http"),
        ("127.0.0.1:1", "neither http"),
        ("http://" + "a" * 300, "cannot be one"),
        ("http://user:geheim@127.0.0.1:1", "a user or a password"),
    ],
)
def test_what_is_no_url_is_told_without_its_password(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        parse_url(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a..b", "a:1", "/", "*", "€.x", "a" * 64, "a.b" * 100, "-a", "a b", "a\n"])
def test_what_is_no_host_name_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no host name"):
        check_host_name(text)


def test_a_host_name_is_kept() -> None:
    assert check_host_name("Harness-under-test.clerk.accounts.dev") == "Harness-under-test.clerk.accounts.dev"


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "no command"), (" ", "no command"), ("''", "no command"), ("a 'b", "quotation"), ("a \0", "NUL")],
)
def test_what_is_no_command_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        split_command(text)


def test_a_message_is_one_line_and_not_long() -> None:
    message = str(HarnessError("the file:\n  broken\n\n  here " + "x" * 5000 + " the way out"))
    assert message.startswith("the file: broken here xxx")
    assert message.endswith("x the way out")
    assert len(message) < 1300
    assert sentence("short") == "short"


def test_a_value_is_shown_without_what_cannot_be_seen() -> None:
    assert quoted("a\nb\x1b[1m\udcff") == "a\\nb\\x1b[1m\\udcff"
    assert len(quoted("x" * 5000)) < 250


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refuse_halves("ü", "--app") == "ü"
    with pytest.raises(ValueError, match=r"--app a\\udcff: not UTF-8"):
        refuse_halves("a\udcff", "--app")
