"""Builds requests: from a route and its example, and from what a client presents as its credential."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from harness.credentials import Presentation
from harness.targets.base import Headers, Request, Route
from harness.targets.schema_examples import listed, resolve, sample, table

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name of a header field (RFC 9110, section 5.1)."""
_BOUNDARY = "clerk-harness-boundary"


@dataclass(frozen=True)
class Example:
    """How a declaration calls a route; what it leaves out is taken from the route's schema."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    form: dict[str, Any] | None = None
    files: dict[str, dict[str, str]] | None = None
    body: str | None = None
    messages: tuple[str, ...] = ()
    carrier: str = "bearer"


def _parameters(route: Route) -> list[dict[str, Any]]:
    if route.operation is None or route.document is None:
        return []
    item = table(table(route.document.get("paths")).get(route.path.removeprefix(route.mount)))
    every = [*listed(item.get("parameters")), *listed(route.operation.get("parameters"))]
    found = [resolve(parameter, route.document) for parameter in every]
    return [parameter for parameter in found if isinstance(parameter.get("name"), str)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _pairs(values: dict[str, Any]) -> str:
    """The fields of a query or a form; a list is its name once for each value (OpenAPI 3.1, style `form`, as is usual)."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
    return urlencode([(name, _text(one)) for name, some in lists.items() for one in some])


def _header(text: str) -> str:
    """A sample as the value of a header field, without what would end the field (RFC 9110, section 5.5)."""
    return "".join(c for c in text if c >= " " and c != "\x7f").encode("latin-1", "replace").decode("latin-1")


def _sendable(media: str) -> bool:
    return media.isascii() and media.isprintable()


def _content(route: Route) -> dict[str, dict[str, Any]]:
    """The bodies that an operation takes, by media type."""
    body = resolve((route.operation or {}).get("requestBody", {}), route.document or {})
    return {media: table(spec) for media, spec in table(body.get("content")).items()}


def _value(parameter: dict[str, Any], route: Route) -> Any:
    if parameter.get("example") is not None:
        return parameter["example"]
    return sample(parameter.get("schema", {}), route.document or {})


def _needed(parameter: dict[str, Any], route: Route) -> Any:
    """The value of a required field of the query: of a list at least one, for a list of none is not there at all."""
    value = _value(parameter, route)
    if value != []:
        return value
    schema = resolve(parameter.get("schema", {}), route.document or {})
    return [sample(schema.get("items", {}), route.document or {})]


def _any_text(parameter: dict[str, Any], route: Route) -> bool:
    """Whether a parameter is not described any further than as a text."""
    schema = resolve(parameter.get("schema", {}), route.document or {})
    plain = schema.get("type", "string") == "string" and not schema.keys() - {"type", "title", "description"}
    return plain and parameter.get("example") is None


def _path(route: Route, example: Example, parameters: list[dict[str, Any]]) -> str:
    described = {p["name"]: p for p in parameters if p.get("in") == "path"}
    values = {name: _value(p, route) for name, p in described.items()}
    # The router matches first, so its values are preferred where the document allows any text.
    values |= {
        name: value
        for name, value in route.parameters.items()
        if name not in described or _any_text(described[name], route)
    }
    values |= example.path
    path = route.path
    while "{" in path:
        before, _, rest = path.partition("{")
        name, _, after = rest.partition("}")
        value = values.get(name.partition(":")[0])
        path = before + quote(_text("1" if value is None else value), safe="", errors="replace") + after
    # Letters beyond ASCII, spaces and controls stand percent-encoded in a request (RFC 3986, sections 2.1 and 2.5).
    return "".join(c if "!" <= c <= "~" else quote(c, errors="replace") for c in path)


def with_path_value(route: Route, example: Example, value: str) -> str:
    """Return the path with another text for each parameter in it that may be any text; unchanged where there is none."""
    parameters = _parameters(route)
    described = {p["name"]: p for p in parameters if p.get("in") == "path"}
    free = {
        name: value
        for name in (part.partition("}")[0].partition(":")[0] for part in route.path.split("{")[1:])
        if name not in described or _any_text(described[name], route)
    }
    return _path(route, replace(example, path=example.path | free), parameters)


def _multipart(form: dict[str, Any], files: dict[str, dict[str, str]]) -> bytes:
    parts = []
    for name, value in form.items():
        parts.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_text(value)}\r\n'.encode()
        )
    for name, file in files.items():
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.get("filename", "sample.bin")}"\r\n'
            f"Content-Type: {file.get('content_type', 'application/octet-stream')}\r\n\r\n"
        )
        parts.append(head.encode() + file.get("content", "sample").encode() + b"\r\n")
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def _from_schema(route: Route) -> tuple[bytes, str | None]:
    document = route.document or {}
    content = _content(route)
    for media, spec in content.items():
        if not _sendable(media):
            continue
        value = spec["example"] if spec.get("example") is not None else sample(spec.get("schema", {}), document)
        if "json" in media:
            return json.dumps(value).encode(), media
        if media == "application/x-www-form-urlencoded":
            return _pairs(table(value)).encode(), media
        if media == "multipart/form-data":
            schema = resolve(spec.get("schema", {}), document)
            names = schema.get("properties", {})
            binary = {n for n, s in names.items() if _is_binary(resolve(s, document))}
            fields = {k: v for k, v in (value or {}).items() if k not in binary}
            files: dict[str, dict[str, str]] = {k: {} for k in (value or {}) if k in binary}
            return _multipart(fields, files), f"{media}; boundary={_BOUNDARY}"
        return b"sample", media
    return b"", None


def _is_binary(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "binary" or schema.get("contentMediaType") == "application/octet-stream"


def _body(route: Route, example: Example) -> tuple[bytes, str | None]:
    if example.body is not None:
        return example.body.encode(), _text(example.headers.get("content-type", "application/json"))
    if example.json is not None:
        return json.dumps(example.json).encode(), "application/json"
    if example.files is not None:
        return _multipart(example.form or {}, example.files), f"multipart/form-data; boundary={_BOUNDARY}"
    if example.form is not None:
        return _pairs(example.form).encode(), "application/x-www-form-urlencoded"
    return _from_schema(route)


def base_request(route: Route, example: Example) -> Request:
    """Return the request of a route without any credential."""
    parameters = _parameters(route)
    needed = {p["name"]: _needed(p, route) for p in parameters if p.get("in") == "query" and p.get("required")}
    query = _pairs(needed | example.query)
    declared = {name.lower() for name in example.headers}
    headers: Headers = [("host", route.host or "localhost"), ("accept", "*/*"), ("user-agent", "clerk-harness")]
    headers = [(name, value) for name, value in headers if name not in declared]
    headers += [
        (p["name"].lower(), _header(_text(_value(p, route))))
        for p in parameters
        if p.get("in") == "header"
        and p.get("required")
        and _NAME.fullmatch(p["name"])
        and p["name"].lower()
        not in {"authorization", *declared}  # A field that is there twice is read as either (RFC 9110, 5.3).
    ]
    headers += [
        (name.lower(), _text(value)) for name, value in example.headers.items() if name.lower() != "content-type"
    ]
    if route.kind == "websocket":
        headers += [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        return Request(
            "GET", _path(route, example, parameters), query, headers, b"", "websocket", list(example.messages)
        )
    body, media = _body(route, example)
    if media is not None:
        headers += [("content-type", media), ("content-length", str(len(body)))]
    return Request(route.method, _path(route, example, parameters), query, headers, body)


def under(request: Request, prefix: str) -> Request:
    """Return the same request below a prefix of the path."""
    return replace(request, path=quote(prefix.rstrip("/"), safe="/%:@!$&'()*+,;=~") + request.path)


def with_presentation(base: Request, presentation: Presentation, carrier: str) -> Request:
    """Return the request with what the client presents, put into the place that `carrier` names.

    `carrier` is `bearer`, `header:NAME`, `cookie:NAME`, `query:NAME`, `subprotocol`, or `message` where only the messages of a
    websocket have it; `{token}` in these stands for it in each case.
    """
    headers = list(base.headers)
    cookies = list(presentation.cookies)
    query = list(presentation.query)
    for value in presentation.authorization:
        headers.append(("authorization", value.decode("latin-1")))
    if presentation.token is not None:
        kind, _, name = carrier.partition(":")
        if kind == "bearer":
            headers.append(("authorization", f"Bearer {presentation.token}"))
        elif kind == "header":
            headers.append((name.lower(), presentation.token))
        elif kind == "cookie":
            cookies.append((name, presentation.token))
        elif kind == "query":
            query.append((name, presentation.token))
        elif kind == "subprotocol":
            headers.append(("sec-websocket-protocol", f"bearer, {presentation.token}"))
    if cookies:
        headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in cookies)))
    replaced = {name for name, _ in presentation.headers}
    headers = [field for field in headers if field[0] not in replaced] + list(presentation.headers)
    body = base.body
    if presentation.body:
        body = _with_fields(base, presentation.body)
        headers = _measured(headers, body)
    if presentation.delivery is not None:
        headers += list(presentation.delivery(body).items())
    text = base.query
    if query:
        text = "&".join(part for part in (base.query, urlencode(query)) if part)
    messages = base.messages
    if any("{token}" in message for message in messages):
        # Also where the handshake has it: clients send a fresh one from time to time.
        # Escaped for a JSON text; a presentation without a token leaves an empty text.
        token = json.dumps(presentation.token or "")[1:-1]
        messages = [message.replace("{token}", token) for message in messages]
    request = Request(base.method, base.path, text, headers, body, base.kind, messages)
    if presentation.bend is not None:
        presentation.bend(request)
        if request.body is not body:
            request.headers = _measured(request.headers, request.body)
    return request


def _measured(headers: list[tuple[str, str]], body: bytes) -> list[tuple[str, str]]:
    """The header fields with the length of another body."""
    return [(name, str(len(body)) if name == "content-length" else value) for name, value in headers]


def _media(request: Request) -> str:
    return next((value for name, value in request.headers if name == "content-type"), "")


def takes_fields(request: Request) -> bool:
    """Whether the body is a JSON object or a form, so that a field can be added."""
    if "json" in _media(request):
        with contextlib.suppress(ValueError):
            return isinstance(json.loads(request.body), dict)
    return "x-www-form-urlencoded" in _media(request)


_ENVELOPES = {
    "graphql": {"query", "variables", "operationname", "extensions"},
    "jsonrpc": {"jsonrpc", "method", "params", "id"},
}


def envelope_of(request: Request) -> set[str]:
    """Return the fields, in small letters, that make a body a question of GraphQL's or JSON-RPC's; none where it is another one."""
    given: object = None
    if "json" in _media(request):
        with contextlib.suppress(ValueError):
            given = json.loads(request.body)
    if not isinstance(given, dict):
        return set()
    query = given.get("query")
    if isinstance(query, str) and "{" in query:
        return _ENVELOPES["graphql"]
    return _ENVELOPES["jsonrpc"] if "jsonrpc" in given else set()


def asks_graphql(request: Request) -> bool:
    """Whether the body is a question of GraphQL's."""
    return envelope_of(request) == _ENVELOPES["graphql"]


def _with_fields(request: Request, fields: tuple[tuple[str, str], ...]) -> bytes:
    if "json" in _media(request):
        return json.dumps(json.loads(request.body) | dict(fields)).encode()
    return request.body + (b"&" if request.body else b"") + urlencode(fields).encode()


def fields_of(route: Route, request: Request) -> list[str]:
    """Return the names of the parameters that a route declares, and of the fields that its request has already."""
    names = [parameter["name"] for parameter in _parameters(route)]
    names += [part.partition("=")[0] for part in request.query.split("&") if part]
    names += [name for name, _ in request.headers]
    if "json" in _media(request):
        with contextlib.suppress(ValueError):
            body = json.loads(request.body)
            names += list(body) if isinstance(body, dict) else []
    elif "x-www-form-urlencoded" in _media(request):
        names += [part.partition("=")[0] for part in request.body.decode("latin-1").split("&")]
    for spec in _content(route).values():
        names += list(table(resolve(spec.get("schema", {}), route.document or {}).get("properties")))
    return names


def optional_fields(route: Route, request: Request) -> list[str]:
    """Return the names of the fields of a JSON body that the route's schema has and its request does not."""
    if "json" not in _media(request):
        return []
    document = route.document or {}
    given: set[str] = set()
    with contextlib.suppress(ValueError):
        value = json.loads(request.body)
        given = set(value) if isinstance(value, dict) else set()
    schemas = [resolve(spec.get("schema", {}), document) for spec in _content(route).values()]
    return [name for schema in schemas for name in table(schema.get("properties")) if name not in given]
