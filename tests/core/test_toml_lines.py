"""Each key of a TOML file is found on its line, however it is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.core.toml_lines import Key, key_lines, line_of

TEXT = '''router = "peers"   # not [here]
# "GET /no" = "clerk"

[routes]
"GET /a" = "clerk"
'GET /b[x]' = { policy = "clerk", path = { id = 1 } }
list = [
    "a", # ] in a comment
    "]",
]
long = """
"GET /in-a-text" = "clerk"
[not.a.table] \\""" ""
"""
raw = \'\'\'
[neither]\'\'\'
after.dotted = 1
[[criteria]]
text = "one"
[[criteria]]
text = "two"
[criteria.more]
x = 1
[a."b.c"]
'''
LINES = [
    (("router",), 1), (("routes",), 4), (("routes", "GET /a"), 5), (("routes", "GET /b[x]"), 6),
    (("routes", "GET /b[x]", "path", "id"), 6), (("routes", "list"), 7), (("routes", "long"), 11), (("routes", "raw"), 15),
    (("routes", "after", "dotted"), 17), (("criteria", "0", "text"), 19), (("criteria", "1", "text"), 21),
    (("criteria", "1", "more", "x"), 23), (("a", "b.c"), 24),
]  # fmt: skip


@pytest.mark.parametrize(("key", "line"), LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_is_on_its_line(key: Key, line: int, end: str) -> None:
    text = TEXT.replace("\n", end)
    tomllib.loads(text)
    assert key_lines(text)[key] == line


def test_what_stands_in_texts_and_comments_is_no_key() -> None:
    found = {part for key in key_lines(TEXT) for part in key}
    assert not found & {"GET /in-a-text", "GET /no", "not", "neither", "here"}


def test_a_key_that_is_not_there_leads_to_its_table() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("routes", "GET /a", "policy")) == 5
    assert line_of(lines, ("routes", "GET /none")) == 4
    assert line_of(lines, ("policies", "x")) is None


def test_what_stands_before_a_mistake_is_known() -> None:
    assert key_lines('a = 1\nb = "\nc = 2') == {("a",): 1}


def test_every_line_of_the_project_s_own_suites_is_found() -> None:
    for path in (Path(__file__).resolve().parents[2] / "suites").rglob("*.toml"):
        text = path.read_text()
        lines, source = key_lines(text), text.splitlines()
        for key in tomllib.loads(text).get("routes", {}):
            assert source[lines["routes", key] - 1].startswith(f'"{key}"')
