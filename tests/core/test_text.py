"""Texts that others have given, as messages take them."""

from __future__ import annotations

import pytest

from harness.core.text import cut, instead, listed, meant, quoted, refuse_halves, sentence


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("", 4, ""),
        ("abcd", 4, "abcd"),
        ("abcde", 4, "ab […] de"),
        ("abcdefg", 5, "ab […] fg"),
    ],
)
def test_the_middle_is_left_out(text: str, longest: int, expected: str) -> None:
    assert cut(text, longest) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("é and ✓", "é and ✓"),
        ("a\nb\x1b", "a\\nb\\x1b"),
        ("a\u202eb", "a\\u202eb"),
        ("x" * 200, "x" * 200),
        ("x" * 200 + "y", "x" * 100 + " […] " + "x" * 99 + "y"),
    ],
)
def test_a_value_on_one_line(value: str, expected: str) -> None:
    assert quoted(value) == expected


@pytest.mark.parametrize(
    ("names", "most", "expected"),
    [
        ([], 2, ""),
        (["a", "b"], 2, "a, b"),
        (["a", "b", "c"], 2, "a, b and 1 more"),
        (["a", "b", "c", "d"], 1, "a and 3 more"),
    ],
)
def test_names_in_a_row(names: list[str], most: int, expected: str) -> None:
    assert listed(names, most) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("clerc", ["clerk", "legacy"], "; did you mean 'clerk'?"),
        ("CLERC", ["Clerk"], "; did you mean 'Clerk'?"),
        ("clerk", ["clerks", "clerk"], "; did you mean 'clerk'?"),
        ("pigeon", ["clerk"], ""),
        ("x", [], ""),
    ],
)
def test_the_word_that_was_probably_meant(word: str, known: list[str], expected: str) -> None:
    assert meant(word, iter(known)) == expected
    assert instead(word, iter(known)) == f"{expected}; known: {', '.join(known) or 'none'}"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (" one \n\n  two\r\nthree ", "one two three"),
        ("x" * 1200, "x" * 1200),
        ("x" * 1201, "x" * 600 + " […] " + "x" * 600),
    ],
)
def test_a_message_is_one_line(message: str, expected: str) -> None:
    assert sentence(message) == expected


def test_half_characters_are_refused() -> None:
    for whole in ("", "é ✓ 😀", "\ud7ff\ue000"):
        assert refuse_halves(whole, "--app") == whole
    for half, shown in (("\ud800", "\\ud800"), ("a\udfff", "a\\udfff"), ("a\udc80b", "a\\udc80b")):
        with pytest.raises(ValueError) as caught:
            refuse_halves(half, "--app")
        assert str(caught.value) == f"--app {shown}: not UTF-8"
