"""Requests to the backend in which no credential can be seen: for a person to say whether one is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.inventory.frontend import known
from harness.inventory.frontend.calls import arguments, callee
from harness.inventory.frontend.found import Found, found
from harness.inventory.frontend.headers import is_foreign
from harness.inventory.frontend.modules import FUNCTIONS, Script
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import Project, around, last_name

_API = re.compile(r"^(\0|https?://(localhost|127\.0\.0\.1)(:\d+)?)?/(api|v\d+|graphql|rest)(/|$|\?)")
_STATIC = re.compile(r"\.(json|svg|png|jpe?g|md|txt|csv|html|wasm|xml|geojson)$")
_OPEN = re.compile(
    r"/(health|healthz|ping|version|public|config|status|login|signin|sign-in|register|signup)\b", re.IGNORECASE
)


def requests(project: Project, script: Script, clients: dict[int, object]) -> Iterator[Found]:
    """The requests of a file to the backend without a credential. `clients`: those that put one on every request, by node."""
    # A header that some file puts on every request of axios' own client.
    everywhere = any(id(each.root) in clients for each in project.scripts.values())
    for node in script.root.walk():
        if node.type != "call_expression":
            continue
        called, given = callee(node), arguments(node)
        if called is None or not given:
            continue
        value = project.value(called)
        kind = "fetch" if "fetch" in value.things else "axios" if "axios" in value.things else ""
        if not kind or last_name(called) in ("create", "extend", "use", "isAxiosError", "all"):
            continue
        own = kind == "axios" and not value.nodes and everywhere
        if own or any(id(each) in clients for each in value.nodes):
            continue
        url = given[0]
        if kind == "axios" and last_name(called) not in known.AXIOS_METHODS and url.type == "object":
            url = next(
                (v for p in url.children if (p.field("key") or p).text == "url" and (v := p.field("value"))), url
            )
        if not _is_backend(project, url, instance=kind == "axios" and bool(value.nodes)):
            continue
        if _has_credential(project, node, given[1:] if url is given[0] else given):
            continue
        cookie = any(
            ("credentials" in each.text and "include" in each.text) or "withCredentials" in each.text
            for each in given[1:]
        )
        beside = "; a cookie goes along" if cookie else ""
        yield found(
            project,
            node,
            "no-credential",
            "unknown",
            f"a request to the backend in which no credential can be seen{beside}",
        )


def _is_backend(project: Project, url: Node, *, instance: bool) -> bool:
    value = project.value(url)
    if is_foreign(value):
        return False
    if any(_STATIC.search(text) or _OPEN.search(text) for text in value.texts):
        return False
    if "api" in value.labels:
        return True
    return any(_API.match(text) or (instance and text.startswith("/")) for text in value.texts)


def _has_credential(project: Project, node: Node, options: list[Node]) -> bool:
    """Whether a request has a credential, or may have one that cannot be followed."""
    for each in options:
        if _mentions(each) or _opaque(project, each):
            return True
    function = next(around(node), None)
    # A function that names the header somewhere puts it on; one that takes headers from its caller may.
    return function is not None and _mentions(function)


def _mentions(node: Node) -> bool:
    return re.search(r"authorization|x-[\w-]*token|bearer|getToken", node.text, re.IGNORECASE) is not None


def _opaque(project: Project, node: Node) -> bool:
    """Whether options come from somewhere that cannot be followed: a parameter, a call, a spread of either."""
    if node.type == "object":
        spreads = [child for child in node.children if child.type == "spread_element"]
        for child in node.children:
            key, value = child.field("key"), child.field("value")
            if key is not None and key.text == "headers" and value is not None and _opaque(project, value):
                return True
            if child.type == "shorthand_property_identifier" and child.text == "headers" and _opaque(project, child):
                return True
        return any(_opaque(project, child.children[0]) for child in spreads if child.children)
    if node.type in ("string", "template_string", "number", "null", "undefined", "true", "false", "array"):
        return False
    nodes = project.value(node).nodes
    objects = [each for each in nodes if each.type == "object"]
    functions = [each for each in nodes if each.type in FUNCTIONS]
    if objects:
        return any(_mentions(each) or _opaque(project, each) for each in objects)
    if node.type in ("identifier", "call_expression", "shorthand_property_identifier", "await_expression"):
        return not functions
    return False
