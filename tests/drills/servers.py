"""Servers that speak another protocol than HTTP, and OpenAPI documents that are none."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
from typing import Any

from tests.drills.malformed import LIMIT, Answer


def _greeting(data: bytes) -> Answer:
    """Speaks first, as mail servers and ssh do."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        while connection.recv(1 << 16):
            pass

    return answer


def _tls(connection: socket.socket) -> None:
    """Nothing but TLS, on a port that is asked in the clear."""
    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True).recv(1)


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _endless(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"[" * (1 << 16))


def _drip(connection: socket.socket) -> None:
    """A byte a second, for ever."""
    import time

    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(int(LIMIT) * 2):
        connection.sendall(b" ")
        time.sleep(1)


def response(body: bytes, head: bytes = b"content-type: application/json", status: bytes = b"200 OK") -> bytes:
    """A whole HTTP answer."""
    return b"HTTP/1.1 " + status + b"\r\n" + head + f"\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


_GOOD = json.dumps({"openapi": "3.1.0", "paths": {"/me": {"get": {}}}}).encode()

SERVERS: dict[str, Answer | bytes] = {
    "ssh": _greeting(b"SSH-2.0-OpenSSH_9.6\r\n"), "smtp": _greeting(b"220 mail ESMTP\r\n"), "garbage": _greeting(bytes(range(256)) * 50),
    "tls": _tls, "silent": _silent, "endless": _endless, "closing": lambda connection: None, "HTTP/0.9": b"<html>old</html>",
    "no status": b"HTTP/1.1 \r\n\r\n", "a bad status": b"HTTP/1.1 abc OK\r\n\r\n", "status 99999": response(b"{}", status=b"99999 X"), "HTTP/7": b"HTTP/7.7 200 OK\r\n\r\n{}",
    "a bad length": b"HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n{}", "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
    "too short": b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}", "bad chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n{}", "a long header": b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n{}",
    "a redirect": response(b"", b"location: /openapi.json", b"302 Found"), "a continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
    "gzip": response(gzip.compress(_GOOD), b"content-encoding: gzip"), "gzip that is none": response(b"xx", b"content-encoding: gzip"), "an odd header": response(_GOOD, b"x: \xff\xfe\x00"),
}  # fmt: skip
"""What answers at a URL where a backend or an issuer is expected."""


def _deep(depth: int) -> Any:
    found: Any = {}
    for _ in range(depth):
        found = {"type": "object", "properties": {"a": found}, "required": ["a"]}
    return found


def _of(operation: Any, **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/me": {"get": operation}}, **more}


def of_schema(schema: Any, **more: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return _of(
        {"requestBody": body, "parameters": [{"name": "q", "in": "query", "required": True, "schema": schema}]}, **more
    )


_WRONG: tuple[Any, ...] = (None, 1, "x", [], [1], {"x": 1}, True, 1e400)


def _bodies() -> dict[str, Any]:
    """Documents as Python values."""
    found: dict[str, Any] = {f"the document {value!r}": value for value in _WRONG}
    for value in _WRONG:
        found |= {
            f"paths {value!r}": {"paths": value}, f"an item {value!r}": {"paths": {"/me": value}}, f"an operation {value!r}": _of(value),
            f"tags {value!r}": _of({"tags": value}), f"parameters {value!r}": _of({"parameters": value}), f"a parameter {value!r}": _of({"parameters": [value]}),
            f"a name {value!r}": _of({"parameters": [{"name": value, "in": "query", "required": True}]}), f"requestBody {value!r}": _of({"requestBody": value}),
            f"content {value!r}": _of({"requestBody": {"content": value}}), f"media {value!r}": _of({"requestBody": {"content": {"application/json": value}}}),
            f"servers {value!r}": _of({}, servers=value), f"variables {value!r}": _of({}, servers=[{"url": "/{a}", "variables": value}]), f"security {value!r}": _of({"security": value}),
            f"a schema {value!r}": of_schema(value), f"properties {value!r}": of_schema({"properties": value, "required": ["a"]}), f"required {value!r}": of_schema({"required": value, "type": "object"}),
            f"allOf {value!r}": of_schema({"allOf": value}), f"anyOf {value!r}": of_schema({"anyOf": value}), f"a type {value!r}": of_schema({"type": value}),
            f"minItems {value!r}": of_schema({"type": "array", "minItems": value}), f"minimum {value!r}": of_schema({"type": "integer", "minimum": value}),
            f"multipleOf {value!r}": of_schema({"type": "number", "multipleOf": value}), f"minLength {value!r}": of_schema({"type": "string", "minLength": value}),
            f"maxLength {value!r}": of_schema({"type": "string", "maxLength": value}), f"format {value!r}": of_schema({"format": value}), f"pattern {value!r}": of_schema({"pattern": value}),
            f"parameters of the path {value!r}": {"paths": {"/me": {"parameters": value, "get": {}}}}, f"a form {value!r}": _of(
                {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"example": value}}}}}),
        }  # fmt: skip
    return found | {
        "a cycle": of_schema({"$ref": "#/a"}, a={"$ref": "#/a"}), "a cycle of two": of_schema({"$ref": "#/a"}, a={"$ref": "#/b"}, b={"$ref": "#/a"}),
        "a cycle of properties": of_schema({"$ref": "#/a"}, a={"properties": {"a": {"$ref": "#/a"}, "b": {"$ref": "#/a"}, "c": {"$ref": "#/a"}}, "required": ["a", "b", "c"]}),
        "a cycle of lists": of_schema({"$ref": "#/a"}, a={"type": "array", "minItems": 9, "items": {"$ref": "#/a"}}), "a wide list": of_schema({"type": "array", "minItems": 10**12, "items": {}}),
        "a long text": of_schema({"type": "string", "minLength": 10**12}), "a hard pattern": of_schema({"pattern": "(?=a)b" * 9}), "no pattern": of_schema({"pattern": "("}),
        "a path without a slash": {"paths": {"me": {"get": {}}}}, "an empty path": {"paths": {"": {"get": {}}}}, "a path of braces": {"paths": {"/{": {"get": {}}, "/}{": {"get": {}}}},
        "a path with a newline": {"paths": {"/a\r\nX: y": {"get": {}}}}, "a path with a space": {"paths": {"/a b": {"get": {}}}}, "a path of emoji": {"paths": {"/\U0001f600": {"get": {}}}},
        "a path of half an emoji": {"paths": {"/\ud800": {"get": {"tags": ["\ud800"]}}}}, "an odd header": _of({"parameters": [{"name": "x\r\ny", "in": "header", "required": True, "schema": {"const": "\u20ac\r\nZ: 1"}}]}),
        "deep": of_schema(_deep(200)), "a huge integer": of_schema({"type": "integer", "minimum": 10**400}), "an odd media type": _of({"requestBody": {"content": {"json\r\n\u20ac": {"schema": {}}}}}),
    }  # fmt: skip


def documents() -> dict[str, Answer | bytes]:
    """OpenAPI documents that are none, each as the answer of a server."""
    found: dict[str, Answer | bytes] = {
        f"document: {name}": response(json.dumps(body).encode()) for name, body in _bodies().items()
    }
    found |= {
        f"document: {name}": response(body)
        for name, body in {
            "nothing": b"", "garbage": bytes(range(256)), "HTML": b"<html>", "nested too deep": b"[" * 200_000, "objects too deep": b'{"paths":' * 100_000, "NaN": b"NaN",
            "a huge number": b'{"paths": ' + b"9" * 10_000 + b"}", "twice": b'{"paths": {}, "paths": {"/me": {"get": {}, "get": 1}}}', "latin-1": '{"paths": {"/ü": {"get": {}}}}'.encode("latin-1"),
            "UTF-16": json.dumps(_of({})).encode("utf-16"), "UTF-32": json.dumps(_of({})).encode("utf-32"), "a BOM": b"\xef\xbb\xbf" + _GOOD, "YAML": b"openapi: 3.1.0\npaths: {}\n",
        }.items()
    }  # fmt: skip
    return found | {"document: a drip": _drip}
