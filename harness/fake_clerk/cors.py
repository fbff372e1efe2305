"""Which pages may call the Frontend API, and the fields by which a browser lets them (Fetch standard, CORS protocol).

Whatever page is open in a browser of this machine reaches loopback. So the origins that are let in are those of this machine,
names that are nobody's (RFC 2606, RFC 6761), the instance's own pages, and the names that the user gave (`--allow-host`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from harness.fake_clerk.wire import Answer, ApiRequest, error

_RESERVED = (".localhost", ".test", ".example", ".example.com", ".invalid")


def allowed(origin: str, own: Collection[str]) -> bool:
    """Whether pages of `origin` may call; `own` are host names beside those of this machine."""
    try:
        host = (urlsplit(origin).hostname or "").lower()
    except ValueError:
        return False
    if host in {"localhost", *(name.lower() for name in own)} or f".{host}".endswith(_RESERVED):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(request: ApiRequest, own: Collection[str]) -> Answer | None:
    """Why a page may not send this request, or None."""
    origin = request.headers.get("origin")
    # A form of a page without referrer has the origin `null` (Fetch standard, append a request Origin header).
    if origin is None or allowed(origin, own):
        return None
    return error(
        400,
        "origin_invalid",
        "Invalid HTTP Origin header",
        "The fake Clerk answers to pages of this machine: start the issuer with --allow-host and the host of the page.",
    )


def fields(request: ApiRequest) -> dict[str, str]:
    """The fields that let the asking page read the answer; none where no page asks."""
    origin = request.headers.get("origin")
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Authorization, X-Country, Clerk-Db-Jwt",
        "Vary": "Origin",
    }


def preflight(request: ApiRequest) -> Answer:
    """The answer to a preflight request of a page that may call."""
    asked = request.headers.get("access-control-request-headers")
    methods = {"Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE", "Access-Control-Max-Age": "600"}
    return 204, "", fields(request) | methods | ({"Access-Control-Allow-Headers": asked} if asked else {})
