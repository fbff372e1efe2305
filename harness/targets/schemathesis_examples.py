"""Requests that schemathesis generates from an OpenAPI operation.

They are for routes whose declaration gives no example and that reject the simplest values that their schema allows. Schemathesis
is imported only then: that takes a second, and each operation takes one more.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from harness.core.paths import path_shape
from harness.targets.base import Request, Route
from harness.targets.schema_examples import listed, table

CASES = 12
"""How many different requests are tried for a route before it is left to a declared example."""
_NOT_OURS = {"user-agent", "accept", "accept-encoding", "connection", "content-length", "host", "authorization"}


def needs_input(route: Route) -> bool:
    """Whether the operation has a required parameter or a body, whose value could be invalid."""
    operation = route.operation or {}
    return (
        "{" in route.path
        or bool(operation.get("requestBody"))
        or any(table(p).get("required") for p in listed(operation.get("parameters")))
    )


def requests_for(route: Route, base: Request) -> list[Request]:
    """Return valid requests for the route, the same every time; none when schemathesis does not accept its document."""
    if route.operation is None or route.document is None or route.kind != "http":
        return []
    wanted = path_shape(route.path.removeprefix(route.mount))
    found: list[Request] = []
    try:
        for case in _cases(route.document, wanted, route.method):
            found.append(_request(case, route, base))
    except Exception:  # The document is foreign, and may break the generator anywhere; the cell is then inconclusive.
        return found
    return found


def _cases(document: dict[str, Any], shape: str, method: str) -> list[Any]:
    import warnings

    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    path = next(path for path in document.get("paths", {}) if path_shape(path) == shape)
    operation = schemathesis.openapi.from_dict(document)[path][method.lower()]
    strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    cases: list[Any] = []

    @settings(
        max_examples=CASES, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def draw(case: Any) -> None:
        cases.append(case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draw()
    return cases


def _request(case: Any, route: Route, base: Request) -> Request:
    """A case as a request, with the header fields that every request of the harness has."""
    import requests

    kwargs = case.as_transport_kwargs(base_url="http://localhost")
    known = ("method", "url", "headers", "data", "json", "files", "params", "cookies")
    sent = requests.Request(**{name: value for name, value in kwargs.items() if name in known}).prepare()
    parts = urlsplit(sent.url if isinstance(sent.url, str) else "")
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    own = [(n, v) for n, v in base.headers if n in ("host", "accept", "user-agent")]
    headers = own + [
        (name.lower(), value if isinstance(value, str) else value.decode("latin-1"))
        for name, value in sent.headers.items()
        if name.lower() not in _NOT_OURS and not name.lower().startswith("x-schemathesis")
    ]
    if body:
        headers.append(("content-length", str(len(body))))
    path = route.mount + parts.path if route.mount else parts.path
    return Request(route.method, path, parts.query, headers, body)
