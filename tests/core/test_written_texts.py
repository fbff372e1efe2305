"""What is said of URLs, host names and commands, word for word; and the borders of what is allowed."""

from __future__ import annotations

import random
import socket

import pytest

from harness.core.command_line import split_command, word
from harness.core.ports import QUIET, free_port
from harness.core.urls import Address, check_host_name, parse_url

UNSEEN = "has a space or a character that cannot be seen"
NO_PORT = "names a port that is none (1 to 65535)"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("http://[::1", "is no URL (Invalid IPv6 URL)"),
        ("http://a b", UNSEEN), ("http://a\u200b", UNSEEN),
        ("ftp://a", "begins with neither http:// nor https://"),
        ("http://", "names no host"), ("http://:1", "names no host"),
        ("http://u@a", "has a user or a password, which would not be sent"),
        ("http://u:p@a:1", "has a user or a password, which would not be sent"),
        (f"http://{'a' * 64}", "names a host that cannot be one"),
        ("http://a:0", NO_PORT), ("http://a:65536", NO_PORT), ("http://a:000080", NO_PORT), ("http://a:x", NO_PORT),
        ("http://a:²", NO_PORT), ("http://[::1]:99999", NO_PORT),
    ],
)  # fmt: skip
def test_what_is_said_of_a_url(text: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_url(text)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://a", Address("http", "a", 80, False, "")),
        ("https://a/", Address("https", "a", 443, False, "/")),
        ("http://a:1", Address("http", "a", 1, True, "")),
        ("http://a:65535/b?c", Address("http", "a", 65535, True, "/b")),
        ("http://a:00080", Address("http", "a", 80, True, "")),
        ("https://[::1]:8443", Address("https", "::1", 8443, True, "")),
        ("https://[::1]", Address("https", "::1", 443, False, "")),
        ("http://a:/b", Address("http", "a", 80, False, "/b")),
        (f"http://{'a' * 63}", Address("http", "a" * 63, 80, False, "")),
    ],
)  # fmt: skip
def test_where_a_url_leads(text: str, address: Address) -> None:
    assert parse_url(text) == address


def test_what_is_a_host_name() -> None:
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    for name in ("a", "a-b_c", "_a", "A1.b2", "a" * 63, longest):
        assert check_host_name(name) == name
    for none in ("", "a.", ".a", "-a", "a-", "a" * 64, longest + "a", "a b", "ä"):
        with pytest.raises(ValueError) as caught:
            check_host_name(none)
        assert str(caught.value) == "is no host name: write one like my-app.clerk.accounts.dev"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"), ("", "''"), ("two words", '"two words"'), ("GET /a/{id}", '"GET /a/{id}"'),
        ("a$b c", "'a$b c'"), ('say "x"', "'say \"x\"'"), ("it's", "'it'\"'\"'s'"), ("ä b", "'ä b'"), ("a,b:c@d+e=f-g", "a,b:c@d+e=f-g"),
    ],
)  # fmt: skip
def test_a_text_as_one_word_of_a_command(text: str, expected: str) -> None:
    assert word(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\0", "has a NUL byte"), ("", "names no command"), ("'' a", "names no command"), ("a 'b", "No closing quotation"),
        ("a \\", "No escaped character"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_command(text: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        split_command(text)
    assert str(caught.value) == told


def test_the_words_of_a_command() -> None:
    assert split_command("a 'b c' d") == ["a", "b c", "d"]
    assert split_command("a ''") == ["a", ""]


def test_ports_are_tried_at_random_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, int]] = []

    class Taken:
        def __enter__(self) -> Taken:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def bind(self, address: tuple[str, int]) -> None:
            tried.append(address)
            raise OSError

    asked: list[tuple[range, int]] = []
    usual = random.sample

    def sample(among: range, number: int) -> list[int]:
        asked.append((among, number))
        return usual(among, number)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Taken)
        patch.setattr(random, "sample", sample)
        with pytest.raises(OSError) as caught:
            free_port(range(20_000, 20_003))
        with pytest.raises(OSError):
            free_port()
    assert str(caught.value) == "no free port between 20000 and 20003"
    assert asked == [(range(20_000, 20_003), 3), (QUIET, 200)]
    assert sorted(tried[:3]) == [("127.0.0.1", 20_000), ("127.0.0.1", 20_001), ("127.0.0.1", 20_002)]
    assert len(set(tried[3:])) == 200
