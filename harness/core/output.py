"""The one way out: whatever a person or a CI job reads passes through here, redacted and made harmless.

What a target or a declaration chose may hold secrets, and it may hold what a terminal, a log or a page would obey: escape
sequences, other directions of writing, workflow commands. `shown` is the text without both; reports, messages and the
terminal show nothing else.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any, TextIO

from harness.core.redact import redact

_OBEYED = re.compile(
    # Controls but for tabs and line ends, lone surrogates, line separators, and what XML 1.0 forbids (section 2.2).
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
    # What is not seen, and what turns the direction (Unicode, general category Cf; CVE-2021-42574).
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_COMMAND = re.compile(r"^([^\S\n]*)::(?=[A-Za-z][\w-]*(?:[ ][^\n]*)?::)", re.MULTILINE)
"""A workflow command of GitHub, at the beginning of a line (actions/toolkit, docs/commands.md)."""
_OLD_COMMAND = re.compile(r"##(\w*)\[")
"""The older form, of Azure Pipelines and TeamCity as well, anywhere in a line: `##[error]`, `##vso[…]`, `##teamcity[…]`."""
_PLAIN = str.maketrans({"…": "...", "—": "-", "“": '"', "”": '"', "✓": "ok", "·": "-"})
"""What stands for our own signs where a stream has ASCII only."""


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group(0))
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=8192)
def harmless(text: str) -> str:
    """The text with what a terminal, a log or an editor would obey written out: `\\x1b`, `\\u202e`, `\\::error::`."""
    text = _OBEYED.sub(_escaped, text.replace("\r\n", "\n"))
    return _OLD_COMMAND.sub(r"##\1\\[", _COMMAND.sub(r"\1\\::", text))


def shown(text: str) -> str:
    """The text as anybody may see it: without secrets, and harmless."""
    return harmless(redact(text))


def line(text: str) -> str:
    """The same in one line, so that nobody's text begins a line of ours."""
    return " ".join(shown(text).split())


def rendered(value: Any) -> Any:
    """A document of mappings and lists with every text in it shown, also the keys."""
    return _rendered(value, {})


def _rendered(value: Any, known: dict[str, str]) -> Any:
    """`known`: texts of this document that are shown already; a large one says the same in very many places."""
    if isinstance(value, str):
        found = known.get(value)
        if found is None:
            found = known[value] = shown(value)
        return found
    if isinstance(value, dict):
        return {_rendered(key, known): _rendered(entry, known) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rendered(entry, known) for entry in value]
    return value


def say(text: str = "", *, file: TextIO | None = None, before: str = "", end: str = "\n") -> None:
    """Print a text as anybody may see it, on standard output unless `file` is given. `before` and `end` are ours."""
    hand_out(f"{before}{shown(text)}", file=file, end=end)


def hand_out(text: str, *, file: TextIO | None = None, end: str = "\n") -> None:
    """Print a text whole: only for what the user has asked for by its name, a token or the keys of an issuer."""
    stream = file if file is not None else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    print(text, end=end, file=stream, flush=True)
