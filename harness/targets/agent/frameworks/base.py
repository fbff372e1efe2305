"""What the agent wants to know of a web framework, and the routes that it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..functions import innermost, name_of, plain_function, source_of
from ..protocol import RouteDescription

AUTOMATIC = {"HEAD", "OPTIONS"}
"""Methods that frameworks add to routes by themselves."""


class FoundRoute:
    """One method of one path, and the handler behind it. See `RouteDescription` for the fields."""

    def __init__(
        self,
        method: str,
        path: str,
        endpoint: object,
        *,
        kind: str = "http",
        hidden: bool = False,
        tags: Iterable[object] = (),
        dependencies: Iterable[object] = (),
        mount: str = "",
        any_method: bool = False,
        parameters: Mapping[str, object] | None = None,
        host: str = "",
        declared: Iterable[tuple[str, str, object]] = (),
        module: str = "",
    ) -> None:
        self.method = method
        self.path = path
        self.endpoint = endpoint
        self.kind = kind
        self.hidden = hidden
        self.tags = [str(getattr(tag, "value", tag)) for tag in tags]
        self.dependencies = list(dependencies)
        self.mount = mount
        self.any_method = any_method
        self.parameters = dict(parameters or {})
        self.host = host
        self.prefixes: list[str] = []
        self.module = module
        """Where the view is written, if the handler is a library's."""
        self.declared: list[tuple[str, str, object]] = list(declared)
        """(`header`, `cookie`, `query` or `body`, name, callable): what the framework reads of a request for whom."""

    def describe(self, handlers: list[int], inside: list[str]) -> RouteDescription:
        """Return the route for the harness. `inside`: authentication functions that the handler's own code mentions."""
        outer = plain_function(self.endpoint) or self.endpoint
        written = getattr(outer, "__module__", "") or ""
        module = self.module or written
        return RouteDescription(
            method=self.method,
            path=self.path,
            kind=self.kind,
            hidden=self.hidden,
            tags=self.tags,
            module=module,
            endpoint="%s:%s" % (written, getattr(outer, "__qualname__", type(self.endpoint).__name__)),
            dependencies=[name_of(call) for call in self.dependencies],
            mount=self.mount,
            handlers=handlers,
            inside=inside,
            any_method=self.any_method,
            prefixes=self.prefixes,
            host=self.host,
            parameters=self.parameters,
            source=source_of(innermost(self.endpoint) or self.endpoint),
        )


class Place(NamedTuple):
    """Where an app is mounted: below which prefix, for which host, and how many mounts deep."""

    prefix: str = ""
    host: str = ""
    depth: int = 0


class Mount(NamedTuple):
    """An app that another app serves below a path."""

    path: str
    app: object


Walk = Callable[[object, Place], "list[FoundRoute] | None"]
"""Finds the routes of a mounted app of any framework; None where no framework recognises it."""


class Framework:
    """One web framework, or a family of them. Each has a file in this directory, and an entry in `FRAMEWORKS`.

    `packages` are the packages that its apps' classes come from, and `interface` is the interface of such apps (`asgi` or
    `wsgi`) where it is not seen from the app itself. `supplied` are prefixes of names of dependencies that it supplies itself
    and that never authenticate alone.

    Methods get apps of the framework, of whichever version, without importing it: hence `Any`.
    """

    packages: tuple[str, ...] = ()
    interface: str | None = None
    supplied: tuple[str, ...] = ()

    def recognises(self, app: object) -> bool:
        """Whether an app is one of this framework's, so that its routes can be found."""
        raise NotImplementedError

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return all routes of an app, those of mounted apps included, with paths as a client writes them."""
        raise NotImplementedError

    def mounts(self, app: Any) -> list[Mount]:
        """Return the apps that this app mounts; they may have OpenAPI documents of their own."""
        return []


def join(prefix: str, path: str) -> str:
    """Return a path below a prefix."""
    return prefix.rstrip("/") + path if path else prefix


def host_with_samples(parameter: re.Pattern[str], host: str, samples: Mapping[str, object]) -> str:
    """Return a host in which labels stand for its parameters, which `parameter` matches (its first group is the name)."""

    def label(found: re.Match[str]) -> str:
        return str(samples.get(found[1], "sample"))

    return parameter.sub(label, host)
