"""SQL texts as statements: what the tools that run plain SQL take apart before they run it.

Source: PostgreSQL documentation, Lexical Structure (strings, dollar quoting, comments).
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|;|\bBEGIN\s+ATOMIC\b|\bCASE\b|\bEND\b""",
    re.DOTALL | re.IGNORECASE,
)
_ALONE = re.compile(
    r"\s*(?:(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b.*|REFRESH\s+MATERIALIZED\s+VIEW)\s+CONCURRENTLY|VACUUM|"
    r"ALTER\s+SYSTEM|CREATE\s+DATABASE|DROP\s+DATABASE|CREATE\s+TABLESPACE|ALTER\s+TABLE\b.*\bDETACH\s+PARTITION\b.*\bCONCURRENTLY)\b",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def statements(text: str) -> list[str]:
    """The statements of a text, without those that hold comments only."""
    found, begun, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        word = token[0].upper()
        if word.startswith("BEGIN") or (depth and word == "CASE"):
            depth += 1
        elif depth and word == "END":
            depth -= 1
        elif word == ";" and not depth:
            found.append(text[begun : token.start()].strip())
            begun = token.end()
    return [one for one in [*found, text[begun:].strip()] if _COMMENT.sub("", one).strip()]


def needs_no_transaction(statement: str) -> bool:
    """Whether Postgres takes a statement outside of a transaction only (CREATE INDEX CONCURRENTLY, VACUUM)."""
    return _ALONE.match(_COMMENT.sub("", statement)) is not None
