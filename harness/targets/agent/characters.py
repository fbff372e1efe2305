"""Texts without half characters (lone surrogates), which no encoder takes."""

from __future__ import annotations

from typing import Any, List


def whole_characters(value: Any) -> Any:
    """Return a value of JSON with half characters replaced (lone surrogates, RFC 8259, section 8.2), which nothing can encode.

    Lists and tables are changed in place, not by recursion: they may be nested deeper than Python's calls may be.
    """
    whole: List[Any] = [value]
    rest: List[Any] = [whole]
    while rest:
        holder = rest.pop()
        for key, inner in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(inner, (dict, list)):
                rest.append(inner)
            elif isinstance(inner, str):
                holder[key] = _whole(inner)
            if isinstance(key, str) and _whole(key) != key:
                holder[_whole(key)] = holder.pop(key)
    return whole[0]


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
