"""Requests and answers, and the forms that Clerk gives to errors, pages and deletions."""

from __future__ import annotations

import functools
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""The status, a JSON document or a text, and further header fields if any."""


class Refused(Exception):
    """Raised by an operation to refuse a request; `answer` is sent to the client."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer[0]))
        self.answer = answer


@dataclass(frozen=True)
class ApiRequest:
    """A request: method, path without query, query, and header fields by their names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """All values of a query parameter `name`; some clients write lists as `name[]`."""
        query = parse_qs(self.query)
        return query.get(name, []) + query.get(f"{name}[]", [])

    def value(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next(iter(self.values(name)), None)

    def document(self) -> dict[str, Any]:
        """The JSON object of the body; raises Refused for anything else."""
        found = self._json("{}")
        if not isinstance(found, dict):
            raise Refused(error(400, "request_body_invalid", "the body is not a JSON object"))
        return found

    def form(self) -> dict[str, str]:
        """The fields of a form, empty ones too; raises Refused with 400 for a body that is not UTF-8."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        except ValueError:
            raise Refused(error(400, "request_body_invalid", "the body is no form")) from None

    def documents(self) -> list[dict[str, Any]]:
        """The JSON array of objects of the body, for operations in bulk; raises Refused for anything else."""
        found = self._json("[]")
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise Refused(error(400, "request_body_invalid", "the body is not a JSON array of objects"))
        return found

    def _json(self, empty: str) -> Any:
        try:
            return json.loads(self.body or empty)
        except ValueError:
            raise Refused(error(400, "request_body_invalid", "the body is not JSON")) from None

    def page(self) -> tuple[int, int]:
        """`limit` (1 to 500, 10 by default) and `offset` (0 by default) of the query; raises Refused with 422 for other values."""
        try:
            # Some SDKs write whole numbers as 10.0.
            limit, offset = (
                int(re.sub(r"\.0+$", "", given)) for given in (self.value("limit") or "10", self.value("offset") or "0")
            )
        except ValueError:
            raise Refused(error(422, "form_param_format_invalid", "limit and offset must be integers")) from None
        if not 1 <= limit <= 500 or offset < 0:
            raise Refused(error(422, "form_param_value_invalid", "limit is between 1 and 500, offset not negative"))
        return limit, offset


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if turn % 2 else re.escape(part) for turn, part in enumerate(parts)))


@dataclass(frozen=True)
class Operation:
    """An operation of an API.

    `path` has placeholders like `{user_id}`; `answer` is called with the instance, the request and their values. `name` is
    the operation's id in Clerk's OpenAPI document. `needs_key`: whether it needs the secret key.
    """

    method: str
    path: str
    name: str
    answer: Callable[..., Answer]
    needs_key: bool = True
    machines: bool = False
    """Whether the secret key of a machine is accepted as well."""
    front: bool = False
    """Whether browsers call it: it belongs to the Frontend API, and pages of allowed origins read its answers."""

    def matches(self, request: ApiRequest) -> re.Match[str] | None:
        """The match of the path with its placeholders, or None for a request to another operation.

        Clerk's browser SDK asks for some resources with a `/` after them.
        """
        path = request.path.rstrip("/") if self.front and request.path.startswith("/v1/") else request.path
        return _pattern(self.path).fullmatch(path) if request.method == self.method else None


def front(method: str, path: str, name: str, answer: Callable[..., Answer]) -> Operation:
    """An operation of the Frontend API."""
    return Operation(method, path, name, answer, needs_key=False, front=True)


def text_in(document: dict[str, Any], name: str) -> str:
    """A required string; raises Refused with 422 when it is missing, empty or of another type."""
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(error(422, "form_param_missing", f"{name} is missing"))
    return value


def integer_in(document: dict[str, Any], name: str, default: int) -> int:
    """An integer, or `default` when it is missing; raises Refused with 422 for another type."""
    value = document.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(error(422, "form_param_type_invalid", f"{name} must be an integer"))
    return value


def dictionary_in(document: dict[str, Any], name: str) -> dict[str, Any]:
    """An object, empty when it is missing; raises Refused with 422 for another type."""
    value = document.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(error(422, "form_param_type_invalid", f"{name} must be an object"))
    return value or {}


def paged(request: ApiRequest, documents: list[dict[str, Any]]) -> Answer:
    """The page of `documents` that the request wants, with `total_count`."""
    limit, offset = request.page()
    return 200, {"data": documents[offset : offset + limit], "total_count": len(documents)}


def listed(request: ApiRequest, documents: list[dict[str, Any]]) -> Answer:
    """The page as a plain list; with `total_count` when the query has `paginated=true`, as Clerk's SDK for JavaScript sends."""
    if request.value("paginated") == "true":
        return paged(request, documents)
    limit, offset = request.page()
    return 200, documents[offset : offset + limit]


def error(status: int, code: str, message: str, long_message: str | None = None) -> tuple[int, Any]:
    """An answer with Clerk's error document."""
    return status, {
        "errors": [{"code": code, "message": message, "long_message": long_message or message, "meta": {}}],
        "clerk_trace_id": secrets.token_hex(16),
    }


def not_found(what: str, id: str) -> Refused:
    """The refusal with 404 of an object that does not exist."""
    return Refused(error(404, "resource_not_found", "not found", f"No {what} was found with id {id}."))


def deleted(object: str, id: str) -> tuple[int, dict[str, Any]]:
    """Clerk's answer to a deletion."""
    return 200, {"object": object, "id": id, "deleted": True}
