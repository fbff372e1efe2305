"""What health is asked, and whether its answer is that all is well."""

from __future__ import annotations

import json
from typing import Any

from harness.targets.base import Observation, Request

_OWN = ("date", "server", "content-length", "content-type")
"""Header fields that servers write."""


def request_of(key: str, headers: dict[str, str]) -> Request:
    """The request for a route by its key, `GET /path`."""
    method, _, path = key.partition(" ")
    path, _, query = path.partition("?")
    return Request(method, path, query, [("host", "localhost"), ("accept", "application/json"), *headers.items()])


def told(answer: Observation) -> str:
    """All of an answer that the app has written."""
    return "\n".join([answer.body, *(value for name, value in answer.headers if name.lower() not in _OWN)])


def differs(text: str, ok: dict[str, Any]) -> bool:
    """Whether a health answer lacks what it answers when all is well."""
    if not ok:
        return False
    try:
        document = json.loads(text)
    except ValueError:
        return True
    return any(_at(document, name) != value for name, value in ok.items())


def _at(document: Any, name: str) -> Any:
    """The value at a dotted name; None where there is none."""
    for part in name.split("."):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document
