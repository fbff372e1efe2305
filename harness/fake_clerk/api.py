"""Answers the requests to a fake issuer: its well-known documents, its API, and the harness's own pages and control API.

What the API of the issuer does not have is answered with 501 and its name.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.fake_clerk import cors
from harness.fake_clerk.control import API_FAULTS, control
from harness.fake_clerk.control_access import HEADERS, ControlAccess
from harness.fake_clerk.host_names import HostNames, host_name
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.profile import IssuerProfile
from harness.fake_clerk.well_known import well_known_operations
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

_WINDOW = 10.0
"""Seconds over which requests are counted (https://clerk.com/docs/guides/how-clerk-works/system-limits)."""
_MESSAGES = {429: ("Too many requests", "Too many requests. Please try again in a bit.")}


def operations_of(profile: IssuerProfile) -> list[Operation]:
    """All operations that an issuer serves: its well-known documents and its API."""
    return [*well_known_operations(profile), *(profile.api.operations() if profile.api is not None else ())]


class Api:
    """Answers requests to one instance, and counts them by operation."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        # Paths without placeholders come first, so that /v1/users/count is not taken for the user `count`.
        self.operations = sorted(operations_of(instance.profile), key=lambda o: ("{" in o.path, o.front))
        self.front_first = sorted(self.operations, key=lambda operation: ("{" in operation.path, not operation.front))
        """Both APIs have paths like `/v1/organizations`: this is the order for requests of browsers."""
        self.counts: dict[str, int] = {}
        self.mint: Callable[[str], dict[str, Any] | None] | None = None
        """Makes what `/_harness/token/NAME` answers: the credential of that name, or None. None when there are no credentials."""
        self.controlled = False
        """Whether the control API answers. It must not while a target is examined, because the target could use it."""
        self.hosts = HostNames(self._is_known)
        """By which names it is asked; `hosts.others` are those that the user gave."""
        self.access = ControlAccess(self.hosts)
        """Who may use the control API."""
        self.pages: dict[str, Callable[[], Answer]] = {}
        """Further pages by path; they answer GET."""
        own = dict.fromkeys((instance.domain, instance.profile.portal(instance.domain)))
        self.names: tuple[str, ...] = (*instance.profile.hosts, *own)
        """Host names that are led to it; a leading `*.` stands for one label or more."""
        self.published = well_known_operations(instance.profile)
        self.foreign_hosts: dict[str, int] = {}
        """How often clients asked for the keys of other instances, by their host."""
        self.refused_names: list[str] = []
        """Other hosts that clients requested of it as a proxy."""
        self._recent: list[float] = []
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest) -> Answer:
        """The status and the JSON document for `request`."""
        api = self.instance.profile.api
        request, known = self.access.strip(request) if self.controlled or self.mint is not None else (request, False)
        host = request.headers.get("host", "").partition(":")[0].lower()
        # At its own name, the Frontend API has paths of its own that begin so, for browsers, which have no key but a session's token.
        given = request.headers.get("authorization", "")
        keyed = host != self.instance.domain.lower() or (bool(given) and given.count(".") != 2)
        if api is not None and keyed and request.path.startswith(api.unversioned):
            request = replace(request, path=f"{api.version}{request.path}")
        if (other := self._neighbour_at(request)) is not None:
            return other
        if self._at_own_name(request) and request.method in ("HEAD", "POST"):
            # Browsers send what needs no preflight: the SDK names other methods in the query.
            method = "GET" if request.method == "HEAD" else request.value("_method")
            request = replace(request, method=(method or request.method).upper())
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return self._front_refusal(request) or cors.preflight(request)
        for operation, match in self._matching(request):
            if operation.front:
                self.counts[operation.name] = self.counts.get(operation.name, 0) + 1
                return self._front(operation, request, match)
            self.counts[operation.name] = self.counts.get(operation.name, 0) + 1
            if operation.needs_key and not self._authorized(request, operation):
                return error(
                    401,
                    "clerk_key_invalid",
                    "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
                )
            if operation.needs_key and (fault := self._fault()) is not None:
                return fault
            try:
                return operation.answer(self.instance, request, **match.groupdict())
            except Refused as refused:
                return refused.answer
        return self._unknown(request, known)

    def _own_names(self) -> list[str]:
        """Hosts whose pages may call the Frontend API, beside this machine's."""
        return [self.instance.domain, self.instance.profile.portal(self.instance.domain), *self.hosts.others]

    def _at_own_name(self, request: ApiRequest) -> bool:
        """Whether a request is to the Frontend API or may be: not to a name that has the Backend API alone."""
        host = request.headers.get("host", "").partition(":")[0].lower()
        return host in map(str.lower, self._own_names()) or not self._is_known(host)

    def _matching(self, request: ApiRequest) -> Iterator[tuple[Operation, re.Match[str]]]:
        """The operations of this path: the Frontend API's first for a browser, the Backend API's for whoever has a key."""
        at_own = self._at_own_name(request)
        host = request.headers.get("host", "").partition(":")[0].lower()
        browser = host == self.instance.domain.lower() or "authorization" not in request.headers
        for operation in self.front_first if at_own and browser else self.operations:
            if at_own or not operation.front:
                match = operation.matches(request)
                if match is not None:
                    yield operation, match

    def _front_refusal(self, request: ApiRequest) -> Answer | None:
        """Why browsers are not served: another name than the server's, or another site's page. None where they are."""
        host = request.headers.get("host", "")
        if self.hosts.has(host):
            return cors.refusal(request, self._own_names())
        message = (
            f"The fake {self.instance.profile.name} does not answer browsers at the name {host_name(host) or host!r}: "
        )
        return error(
            400,
            "host_invalid",
            "Invalid host",
            message + "use 127.0.0.1, or start the issuer with --allow-host and that name.",
        )

    def _front(self, operation: Operation, request: ApiRequest, match: re.Match[str]) -> Answer:
        """The answer of the Frontend API, which the asking page may read."""
        refused = self._front_refusal(request)
        if refused is not None:
            return refused
        try:
            answer = operation.answer(self.instance, request, **match.groupdict())
        except Refused as refusal:
            answer = refusal.answer
        return answer[0], answer[1], cors.fields(request) | (answer[2] if len(answer) > 2 else {})

    def _neighbour_at(self, request: ApiRequest) -> Answer | None:
        """What another instance of the issuer answers at its own name: its own keys. None for requests to this instance.

        An app that is configured with a wrong domain, or that believes a token's `iss`, gets to see them.
        """
        host = request.headers.get("host", "").partition(":")[0].lower()
        every = self.instance.profile.instance_hosts
        if not every or not host.endswith(every[1:]) or host == self.instance.domain.lower():
            return None
        neighbour = self.instance.neighbour(host)
        for operation in self.published:
            if operation.matches(request):
                self.foreign_hosts.setdefault(host, 0)
                self.foreign_hosts[host] += 1
                return operation.answer(neighbour, request)
        name = f"{request.method} {request.path}"
        return error(
            501,
            "not_implemented",
            f"the fake {self.instance.profile.name} has no operation {name} at {host}: another instance answers there",
        )

    def _fault(self) -> Answer | None:
        """The answer to every operation while the API has a fault, or its rate limit is exceeded."""
        fault, limit = self.instance.api_fault, self.instance.rate_limit
        if limit is not None and fault is None:
            now = time.monotonic()
            with self._lock:
                self._recent = [*[at for at in self._recent if now - at < _WINDOW][-limit:], now]
                fault = 429 if len(self._recent) > limit else None
        if fault is None:
            return None
        answer = error(fault, API_FAULTS[fault], *_MESSAGES.get(fault, ("The Backend API is in trouble.",)))
        return (*answer, {"Retry-After": str(self.instance.retry_after)}) if fault == 429 else answer

    def tunnels_to(self, host: str) -> bool:
        """Whether `host` is one of `names`; others are noted in `refused_names`."""
        known = self._is_known(host)
        if not known and host not in self.refused_names:
            self.refused_names.append(host)
        return known

    def _is_known(self, host: str) -> bool:
        return any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in self.names)

    def _unknown(self, request: ApiRequest, known: bool) -> Answer:
        """Answer what is no operation of the issuer. `known`: the request had the token of the control API."""
        ours = request.path in self.pages or request.path.startswith("/_harness/")
        if ours and (self.controlled or self.mint is not None):
            answer = self.access.refusal(request, known=known) or self._controlled(request)
            return answer[0], answer[1], HEADERS | (answer[2] if len(answer) > 2 else {})
        profile = self.instance.profile
        host = request.headers.get("host", "").partition(":")[0].lower()
        if profile.api is not None and (request.path.startswith(f"{profile.api.version}/") or self._is_known(host)):
            name = f"{request.method} {request.path}"
            self.counts[name] = self.counts.get(name, 0) + 1
            answer = error(501, "not_implemented", f"the fake {profile.name} has no operation {name}")
            # A page sees why, rather than that something was blocked.
            return (*answer, {} if self._front_refusal(request) else cors.fields(request))
        return error(404, "resource_not_found", f"nothing at {request.path}")

    def _controlled(self, request: ApiRequest) -> Answer:
        """Answer a request to the harness's own pages or its control API, which may use them."""
        if request.method == "GET" and request.path in self.pages:
            return self.pages[request.path]()
        if self.mint is not None and request.path.startswith("/_harness/token/"):
            minted = self.mint(request.path.rpartition("/")[2])
            return (200, minted) if minted is not None else error(404, "resource_not_found", "no such credential")
        if not self.controlled:
            return error(404, "resource_not_found", f"nothing at {request.path}")
        try:
            return control(self.instance, self.counts, request)
        except Refused as refused:
            return refused.answer

    def _authorized(self, request: ApiRequest, operation: Operation) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        keys = [self.instance.secret_key]
        if operation.machines:
            keys += [machine.secret for machine in list(self.instance.machines.values())]
        return scheme == "Bearer" and any(secrets.compare_digest(given.encode(), key.encode()) for key in keys)
