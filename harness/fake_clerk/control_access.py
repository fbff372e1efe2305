"""Who may use the control API and the page: whoever has the token, by a name of this server's, and no other site's page.

The token stands in the path: `http://127.0.0.1:8765/~TOKEN/_harness/counts`. So one URL is all that a client in any language
needs: curl, browsers and HTTP libraries take it as it is, whereas `fetch` refuses credentials in URLs, a link carries no
header, and some clients lose a query when they append a path.

Anything that runs in a browser on this machine reaches loopback: other sites' forms and scripts (CWE-352), and pages whose
name was pointed here after they were loaded (DNS rebinding, CWE-350). The latter is told by the Host field (`host_names`), the
former by Origin (RFC 6454, section 7) and Sec-Fetch-Site (W3C Fetch Metadata).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from urllib.parse import urlsplit

from harness.core.redact import learn_made
from harness.fake_clerk.host_names import HostNames, host_name
from harness.fake_clerk.wire import Answer, ApiRequest, error

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
"""What a token is: characters that need no escape in a path, and enough of them that nobody guesses it."""
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""Fields of every answer, so that a browser neither keeps it nor gives away the path."""
_PUBLIC = ("/_harness/ca.pem",)
"""What needs no token: a certificate is public, and is needed before anything else can be trusted."""
_PREFIX = re.compile(r"/~([^/]*)(/.*)?")


class ControlAccess:
    """The door of one server's control API.

    `token` is the secret; `names` are those by which the server is asked.
    """

    def __init__(self, names: HostNames) -> None:
        self.token = secrets.token_urlsafe(24)
        learn_made(self.token)
        self._names = names

    @property
    def path(self) -> str:
        """What precedes the path of a request that has the token."""
        return f"/~{self.token}"

    def strip(self, request: ApiRequest) -> tuple[ApiRequest, bool]:
        """The request without a token in its path, and whether it had the right one."""
        match = _PREFIX.fullmatch(request.path)
        if match is None:
            return request, False
        known = secrets.compare_digest(match[1].encode(), self.token.encode())
        return replace(request, path=match[2] or "/"), known

    def refusal(self, request: ApiRequest, *, known: bool) -> Answer | None:
        """Why this request (without its token; `known`: it had the right one) is not served, or None."""
        host = request.headers.get("host", "")
        if not self._names.has(host):
            return _forbidden(
                f"the control API does not answer to the name {host_name(host) or host!r}: "
                "use 127.0.0.1, or start the issuer with --allow-host and that name"
            )
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if (origin is not None and urlsplit(origin).netloc.lower() != host.lower()) or site in (
            "cross-site",
            "same-site",
        ):
            return _forbidden("the control API does not answer to pages of other sites: open its address by hand")
        if not known and request.path not in _PUBLIC:
            return error(
                401,
                "control_token_missing",
                "the control API wants its token: use the whole URL that `clerk-harness issuer` printed, "
                "which CLERK_HARNESS_URL has as well (http://HOST:PORT/~TOKEN)",
            )
        return None


def _forbidden(message: str) -> Answer:
    return error(403, "control_forbidden", message)
