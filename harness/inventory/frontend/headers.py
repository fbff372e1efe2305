"""Authorization headers that are built by hand, judged by where their value comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.inventory.frontend.calls import arguments, callee
from harness.inventory.frontend.found import Found, found
from harness.inventory.frontend.modules import FUNCTIONS, Script
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import Project, Value, last_name
from harness.inventory.places import Status
from harness.inventory.words import names_credential

_SETTERS = {"set", "append", "setRequestHeader", "setHeader", "header", "setDefaultHeader"}
_LOCAL = re.compile(r"^https?://(localhost|127\.0\.0\.1|\[::1\])")


def headers(project: Project, script: Script) -> Iterator[Found]:
    """The headers of a file that carry a credential."""
    for node in script.root.walk():
        match node.type:
            case "pair":
                key = node.field("key")
                if key is not None and _is_header(project, key, node):
                    yield from _judged(project, node, node.field("value"))
            case "shorthand_property_identifier" if node.text.lower() == "authorization":
                yield from _judged(project, node, node)
            case "assignment_expression" | "augmented_assignment_expression":
                left = node.field("left")
                if left is not None and left.type in ("member_expression", "subscript_expression"):
                    index = left.field("index")
                    names = project.value(index).texts if index is not None else (last_name(left),)
                    if any(name.lower() == "authorization" for name in names):
                        yield from _judged(project, node, node.field("right"))
            case "call_expression":
                called, given = callee(node), arguments(node)
                setter = called is not None and called.type == "member_expression" and last_name(called) in _SETTERS
                if (
                    setter
                    and len(given) > 1
                    and any(t.lower() == "authorization" for t in project.value(given[0]).texts)
                ):
                    yield from _judged(project, node, given[1])
            case "array" if len(node.children) == 2:
                if node.children[0].text.strip("\"'").lower() == "authorization":
                    yield from _judged(project, node, node.children[1])


def _is_header(project: Project, key: Node, pair: Node) -> bool:
    if key.type == "computed_property_name":
        names = project.value(key.children[0]).texts if key.children else ()
    else:
        names = (key.text.strip("\"'`"),)
    if any(name.lower() == "authorization" for name in names):
        return True
    holder = pair.parent.parent if pair.parent is not None else None
    named = (holder.field("key") or holder.field("name")) if holder is not None else None
    within = named is not None and "header" in named.text.lower()
    return within and any(name.lower().startswith("x-") and names_credential(name) for name in names)


def _judged(project: Project, node: Node, value: Node | None) -> Iterator[Found]:
    if value is None or _within_schema(node):
        return
    what = project.value(value)
    if ("basic" in what.labels and "stored" not in what.labels) or _is_key(what):
        if not goes_elsewhere(project, node):
            kind = "HTTP Basic" if "basic" in what.labels else "a value of the configuration"
            yield found(
                project, node, "header", "unknown", f"an Authorization header with {kind}", _clients(project, node)
            )
        return
    if what.texts and all(not text.strip() for text in what.texts) and not what.labels:
        return  # It is taken away.
    status, why = _origin(what)
    if status == "unknown" and goes_elsewhere(project, node):
        return
    yield found(
        project, node, "header", status, f"an Authorization header built by hand, with {why}", _clients(project, node)
    )


def _origin(value: Value) -> tuple[Status, str]:
    old = value.labels & {"stored"} or ({"base64"} if "base64" in value.labels else set())
    if old and "clerk" in value.labels:
        return "left", "a token of Clerk's, or else what is kept in the browser"
    if old:
        return "left", "a credential that is kept in the browser" if "stored" in value.labels else "base64"
    if "clerk" in value.labels:
        return "migrated", "a token that Clerk is asked for"
    return "unknown", "a value whose origin cannot be followed"


def _is_key(value: Value) -> bool:
    """Whether a value is of the configuration, or stands in the code: a program's, and no person's."""
    whole = bool(value.texts) and all("\0" not in text and len(text) > 8 for text in value.texts)
    return not value.labels & {"clerk", "stored", "base64", "named", "kept"} and ("env" in value.labels or whole)


def goes_elsewhere(project: Project, node: Node) -> bool:
    """Whether the request of a header goes to an address of somebody else's, that stands there."""
    for outer in node.above():
        if outer.type in ("call_expression", "new_expression"):
            urls = [each for each in arguments(outer)[:2] if each.type != "object"]
            base = [
                p.field("value")
                for each in arguments(outer)
                if each.type == "object"
                for p in each.children
                if p.type == "pair" and (p.field("key") or p).text in ("baseURL", "url", "prefixUrl", "baseUrl")
            ]
            for each in [*urls, *base]:
                if each is not None and is_foreign(project.value(each)):
                    return True
        if (
            outer.type in FUNCTIONS or outer.type == "program"
        ):  # A variable with headers, and one request of the same function.
            calls = [n for n in outer.walk() if n.type == "call_expression" and "fetch" in _things(project, n)]
            targets = [project.value(each) for call in calls for each in arguments(call)[:1]]
            return bool(targets) and all(map(is_foreign, targets))
    return False


def _things(project: Project, call: Node) -> frozenset[str]:
    return project.value(callee(call)).things


def is_foreign(url: Value) -> bool:
    """Whether an address is somebody else's: it stands there whole, and is neither this machine nor called the backend's."""
    return (
        "api" not in url.labels
        and bool(url.texts)
        and all(re.match(r"(https?:)?//[\w.-]+\.\w+", text) and not _LOCAL.match(text) for text in url.texts)
    )


def _within_schema(node: Node) -> bool:
    """Whether a key only describes headers: of mocks, of documents, of types."""
    return any(each.type in ("type_annotation", "interface_declaration", "object_type") for each in node.above())


def _clients(project: Project, node: Node) -> tuple[Node, ...]:
    """The clients of HTTP for all of whose requests a header is: of an interceptor, of defaults, of what makes one."""
    found_nodes: list[Node] = []
    for outer in (node, *node.above()):
        target: Node | None = None
        if outer.type == "call_expression":
            called = callee(outer)
            text = called.text if called is not None else ""
            if called is not None and re.search(r"\.interceptors\.request\.use$", text):
                target = called
            elif called is not None and last_name(called) in ("create", "extend"):
                found_nodes += project.value(outer).nodes
        elif outer.type == "assignment_expression" and ".defaults." in outer.text:
            target = outer.field("left")
        while target is not None and target.type in ("member_expression", "subscript_expression"):
            target = target.field("object")
        if target is not None:
            value = project.value(target)
            found_nodes += value.nodes or ([project.script(node).root] if "axios" in value.things else [])
    return tuple(found_nodes)
