"""Flask and Quart: the rules of the URL map, blueprints as tags, class-based views, hosts and subdomains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import values
from .base import AUTOMATIC, FoundRoute, Framework, Place, Walk, host_with_samples, join

_RULE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")
"""A parameter of Werkzeug's rules: `<name>`, `<int:name>`, `<any(a, b):name>`."""


class Flask(Framework):
    """Flask, Quart, and what has a URL map like theirs."""

    packages = ("flask", "quart")

    def recognises(self, app: object) -> bool:
        """Whether the app has Werkzeug's URL map."""
        return hasattr(app, "url_map")

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return one route for each method of each rule."""
        found: list[FoundRoute] = []
        for rule in app.url_map.iter_rules():
            path = join(place.prefix, _RULE.sub(r"{\1}", rule.rule))
            converted = {name: values.of_converter(kind) for name, kind in getattr(rule, "_converters", {}).items()}
            samples = {name: value for name, value in converted.items() if value is not None}
            host = _host(app, rule, samples) or place.host
            view = app.view_functions.get(rule.endpoint)
            view_class = getattr(view, "view_class", None)
            blueprint = rule.endpoint.rpartition(".")[0]
            tags = [blueprint] if blueprint else []
            if getattr(
                rule, "websocket", False
            ):  # Werkzeug's rules for websockets, which Quart makes, have the method GET.
                found.append(FoundRoute("WS", path, view, kind="websocket", tags=tags, parameters=samples, host=host))
                continue
            for method in sorted(set(rule.methods or ["GET"]) - AUTOMATIC):
                handler = getattr(view_class, method.lower(), view) if view_class else view
                found.append(FoundRoute(method, path, handler, tags=tags, parameters=samples, host=host))
        return found


def _host(app: Any, rule: Any, samples: Mapping[str, object]) -> str:
    """The host that a rule wants: its own where the app routes by host, its subdomain's where it routes by subdomain."""
    server = (getattr(app, "config", None) or {}).get("SERVER_NAME")
    wanted = getattr(rule, "host", None) if getattr(app.url_map, "host_matching", False) else None
    if not wanted and server and getattr(rule, "subdomain", None):
        wanted = "%s.%s" % (rule.subdomain, server)
    return host_with_samples(_RULE, wanted, samples) if wanted else ""
