"""Credentials that are put into base64, or taken out of it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.inventory.frontend.calls import arguments, callee, callers, name_of, number_of
from harness.inventory.frontend.found import Found, found
from harness.inventory.frontend.headers import goes_elsewhere
from harness.inventory.frontend.modules import Script
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import Project, around, last_name
from harness.inventory.words import names_credential, words

_IDENTITY = {"email", "mail", "user", "username", "login", "userid", "account"}
_SECOND = {
    "password",
    "pass",
    "pwd",
    "id",
    "token",
    "timestamp",
    "now",
    "secret",
    "onboarding",
    "role",
    "expires",
    "userid",
}
_DATA = {"image", "img", "file", "avatar", "blob", "svg", "canvas", "pdf", "photo", "bytes", "binary", "picture", "audio", "video",
         "cursor", "page", "chunk", "uint8", "array", "char", "code", "attachment", "thumbnail", "icon", "xml", "html", "csv",
         "filter", "filters", "query", "graphql", "hash", "digest", "challenge", "verifier", "nonce"}  # fmt: skip


def encodings(project: Project, script: Script) -> Iterator[Found]:
    """The places of a file that put credentials into base64, or take them out."""
    for node in script.root.walk():
        if node.type not in ("call_expression", "new_expression"):
            continue
        called, given = callee(node), arguments(node)
        if called is None:
            continue
        inner = _decoded(project, node, called, given)
        if inner is not None:
            if "stored" in project.value(inner).labels:
                yield found(project, node, "base64", "left", "decodes a credential that is kept in the browser")
            elif any(names_credential(name) for name in _names(inner)):
                yield found(project, node, "base64", "unknown", "decodes a token by hand")
            continue
        inner = _encoded(project, node, called, given)
        if inner is None:
            continue
        yield from _handed_in(project, node, inner)
        labels = project.value(inner).labels
        if "env" in labels and not labels & {"clerk", "stored", "named"}:
            continue  # A program's own credential.
        if _is_credential(node, inner):
            if _basic(node):
                if not goes_elsewhere(project, node):
                    yield found(project, node, "base64", "unknown", "puts a credential into base64 for HTTP Basic")
            else:
                yield found(project, node, "base64", "left", "puts a credential into base64")


def _handed_in(project: Project, node: Node, inner: Node) -> Iterator[Found]:
    """The calls of a function that encodes its parameter, where they hand a credential in."""
    function = next((each for each in around(node) if name_of(each)), None)
    if function is None:
        return
    numbers = {number_of(project, each, function) for each in inner.walk()} - {None}
    for call in callers(project, function) if numbers else ():
        given = [each for number, each in enumerate(arguments(call)) if number in numbers]
        if any(_is_credential(call, each) for each in given) and not _basic(call):
            yield found(project, call, "base64", "left", f"puts a credential into base64, by {name_of(function)}")


def _encoded(project: Project, node: Node, called: Node, given: list[Node]) -> Node | None:
    """What a call puts into base64; None where it does not."""
    value = project.value(called)
    if "btoa" in value.things and given:
        return given[0]
    if "base64" in value.things and last_name(called) in ("encode", "encodeURI", "toBase64", "fromByteArray") and given:
        return given[0]
    if last_name(called) == "toString" and given and any(t.startswith("base64") for t in project.value(given[0]).texts):
        target = called.field("object")
        if target is not None and target.type == "call_expression" and last_name(callee(target) or target) == "from":
            inner = arguments(target)
            if len(inner) < 2 or not any(t.startswith(("base64", "hex")) for t in project.value(inner[1]).texts):
                return inner[0] if inner else None
    return None


def _decoded(project: Project, node: Node, called: Node, given: list[Node]) -> Node | None:
    value = project.value(called)
    if "atob" in value.things and given:
        return given[0]
    if "base64" in value.things and last_name(called) in ("decode", "fromBase64", "toByteArray") and given:
        return given[0]
    if (
        last_name(called) == "from"
        and len(given) > 1
        and any(t.startswith("base64") for t in project.value(given[1]).texts)
    ):
        return given[0]
    return None


def _names(node: Node) -> set[str]:
    return {
        each.text
        for each in node.walk()
        if each.type in ("identifier", "property_identifier", "shorthand_property_identifier", "string_fragment")
    }


def _is_credential(node: Node, inner: Node) -> bool:
    """Whether what is encoded says who somebody is: an address and something beside it, or what is called a credential."""
    names = _names(inner)
    target = next((n.field("name") for n in node.above() if n.type == "variable_declarator"), None)
    spelled = {word for name in names for word in words(name)}
    function = next(around(node), None)
    called = function.field("name") if function is not None else None
    outer = {word for each in (target, called) if each is not None for word in words(each.text)}
    if (spelled | outer) & _DATA:
        return False
    if any(names_credential(name) for name in names):
        return True
    tells = any(names_credential(each.text) for each in (target, called) if each is not None)
    return bool(spelled & _IDENTITY) and (bool(spelled & _SECOND) or ":" in inner.text or tells)


def _basic(node: Node) -> bool:
    """Whether it is for a header of HTTP Basic: the word stands before it, or in the same function."""
    function = next(around(node), None)
    scope = function or [node, *node.above()][-1]
    return any(
        each.type in ("string", "string_fragment") and each.text.strip("\"'`").lower().startswith("basic ")
        for each in scope.walk()
    )
