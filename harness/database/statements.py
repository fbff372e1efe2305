"""SQL statements as text: splits a text into them, and decides whether one is work or only keeps a connection in order."""

from __future__ import annotations

import re

_PARTS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<end> ; )
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROL = frozenset((
    "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "set", "reset", "show", "discard",
    "deallocate", "close", "unlisten", "listen",
))  # fmt: skip
_FREE_CALLS = frozenset((
    "set_config", "current_setting", "version", "current_schema", "current_schemas", "current_database", "pg_advisory_unlock_all",
    "pg_backend_pid", "pg_is_in_recovery", "now", "clock_timestamp", "coalesce", "cast", "varchar",
))  # fmt: skip
_WORDS = frozenset(("select", "from", "join", "values", "in", "as", "materialized"))
_SOURCES = re.compile(r"\b(?:from|join|update|into|using)\s+(?:only\s+)?([\w.]+)(\s*\()?")
_CALLS = re.compile(r"([a-z_][\w.]*)\s*\(")
_NAMED = re.compile(r"(\w+)\s*(?:\([\w\s,]*\))?\s+as\s+(?:not\s+)?(?:materialized\s+)?\(")
"""Matches the names that a WITH defines."""
_CATALOGUE = re.compile(r"(?:pg_catalog\.|information_schema\.|pg_)\w*")


def statements_of(text: str) -> list[str]:
    """The statements of a text, without comments and without empty ones."""
    found, begun, kept = [], 0, []
    for match in _PARTS.finditer(text):
        if match["comment"] is not None:
            kept.append(text[begun : match.start()] + " ")
        elif match["end"] is not None:
            kept.append(text[begun : match.start()])
            found.append("".join(kept))
            kept = []
        else:
            continue
        begun = match.end()
    found.append("".join([*kept, text[begun:]]))
    return [statement.strip() for statement in found if statement.strip()]


def is_work(statement: str) -> bool:
    """Whether a statement asks for rows or changes any.

    Transactions, settings, what pools send to test or clean a connection (`SELECT 1`), and drivers' queries of the system
    catalogue are no work: they come with the connection, not with the user.
    """
    plain = _PARTS.sub(lambda m: m[0].replace('"', "") if m["name"] is not None else "''", statement).lower().strip()
    first = re.match(r"\w*", plain.lstrip("( "))
    word = first[0] if first is not None else ""
    if word in _CONTROL or not word:
        return False
    if word not in ("select", "values", "with"):
        return True
    own = set(_NAMED.findall(plain)) if word == "with" else set()
    sources = [name for name, called in _SOURCES.findall(plain) if not called and name not in own]
    if sources:
        return not all(_CATALOGUE.fullmatch(name) for name in sources)
    calls = {name.removeprefix("pg_catalog.") for name in _CALLS.findall(plain)}
    return not calls - own - _WORDS <= _FREE_CALLS
