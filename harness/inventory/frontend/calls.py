"""What calls give back, what properties hold, and what parameters are given by whoever calls."""

from __future__ import annotations

from collections.abc import Iterator

from harness.inventory.frontend import known
from harness.inventory.frontend.modules import FUNCTIONS, Bound
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import NOTHING, Project, Value, labelled, last_name, thing, together
from harness.inventory.words import names_credential

_KEPT = frozenset({"clerk", "stored", "kept", "base64", "named", "basic", "holds"})
_SAME = {"trim", "toString", "replace", "replaceAll", "slice", "substring", "split", "concat", "then", "catch", "finally", "value",
         "current", "pop", "shift", "at", "peek", "getState", "data", "state"}  # fmt: skip
_COOKIES = {"cookie", "cookies-next", "nookies"}
STORES = frozenset(
    {"localStorage", "sessionStorage", "AsyncStorage", "localforage", "SecureStore", "Preferences", *_COOKIES}
)
_MOST_CALLERS = 60
_SEARCHES = {"split", "match", "matchAll", "find", "filter", "map"}
"""How a cookie is found in `document.cookie`."""


def arguments(node: Node) -> list[Node]:
    """What a call is given."""
    given = node.field("arguments")
    return given.children if given is not None and given.type == "arguments" else []


def callee(node: Node) -> Node | None:
    """What a call calls."""
    return node.field("function") or node.field("constructor")


def call_value(project: Project, node: Node, depth: int) -> Value:
    """What a call gives back."""
    called = callee(node)
    if called is None:
        return NOTHING
    given = arguments(node)
    name = last_name(called)
    value = project.value(called, depth)
    if "getToken" in value.things:
        return labelled("clerk")
    if value.things & {"clerk", "clerk-maker"}:
        return thing("clerk")
    if "fetch" in value.things:
        return labelled("response")
    if called.type == "member_expression":
        found = _method(project, called, name, given, depth)
        if found is not None:
            return found
    if name == "require" and given:
        texts = project.value(given[0], depth).texts
        return together(project.imported(project.script(node), text, "default", depth) for text in texts)
    if "btoa" in value.things or ("base64" in value.things and name in known.ENCODERS):
        return Value(_labels(project, given, depth) | {"base64"})
    if "base64" in value.things:
        return Value(_labels(project, given, depth))
    for maker in value.things:
        if maker.startswith("store-maker:"):
            return thing(maker.partition(":")[2])
    if name in known.HOOKS and not value.nodes:
        texts = project.value(given[0], depth).texts if given else ()
        return labelled("kept", *(["stored"] if any(names_credential(t) for t in texts) else []))
    functions = [n for n in value.nodes if n.type in FUNCTIONS]
    if functions:
        return together(returned(project, function, depth) for function in functions)
    classes = [n for n in value.nodes if n.type in ("class_declaration", "class")]
    if classes:
        return Value(nodes=tuple(classes))
    if name in known.PASSING or "atob" in value.things:
        inner = together(_given_back(project, each, depth) for each in given)
        return Value(inner.labels & _KEPT, inner.things, inner.nodes, inner.texts)
    if names_credential(name):  # `getAccessToken()` of something that cannot be followed.
        return labelled("named")
    return NOTHING


def _labels(project: Project, nodes: list[Node], depth: int) -> frozenset[str]:
    return together(project.value(each, depth) for each in nodes).labels & _KEPT


def _given_back(project: Project, node: Node, depth: int) -> Value:
    value = project.value(node, depth)
    functions = [n for n in value.nodes if n.type in FUNCTIONS]
    if functions and node.type in FUNCTIONS:
        return value | together(returned(project, function, depth) for function in functions)
    return value


def _method(project: Project, called: Node, name: str, given: list[Node], depth: int) -> Value | None:
    """What a method of something that is known gives back; None where nothing is."""
    target = project.value(called.field("object"), depth)
    stores = target.things & STORES
    if stores:
        if name in known.READS:
            texts = tuple(text for each in given[:2] for text in project.value(each, depth).texts)
            return labelled("kept", *(["stored"] if any(names_credential(t) for t in texts) else []))
        return NOTHING
    if "cookies" in target.labels and name in _SEARCHES:
        named = [n.text for each in given for n in each.walk() if n.type in ("string", "template_string", "regex")]
        stored = "stored" in target.labels or any(names_credential(text) for text in named)
        return labelled("kept", "cookies", *(["stored"] if stored else []))
    if target.things & {"axios", "fetch"}:
        if name in ("create", "extend", "instance"):
            return Value(things=target.things & {"axios", "fetch"}, nodes=(called.parent or called,))
        return labelled("response")
    if "Buffer" in target.things and name == "from":
        return Value(_labels(project, given[:1], depth), things=frozenset({"bytes"}))
    if name == "toString" and "bytes" in target.things:
        texts = project.value(given[0], depth).texts if given else ()
        return Value(target.labels | ({"base64"} if any(t.startswith("base64") for t in texts) else frozenset()))
    owner = called.field("object")
    if owner is not None and owner.text in ("JSON", "Promise", "Object") and given:
        inner = together(project.value(each, depth) for each in given)
        return Value(inner.labels & _KEPT, nodes=inner.nodes if name in ("resolve", "freeze", "assign") else ())
    if "base64" in target.things:
        labels = _labels(project, given, depth)
        return Value(labels | {"base64"} if name in known.ENCODERS else labels)
    if name in _SAME:
        found = Value(target.labels & _KEPT, target.things & {"getToken", "clerk"})
        if name == "then" and given:
            found |= together(
                returned(project, f, depth) for f in project.value(given[0], depth).nodes if f.type in FUNCTIONS
            )
        return found if found != NOTHING else None
    return None


def returned(project: Project, function: Node, depth: int) -> Value:
    """What a function may return."""
    body = function.field("body")
    if body is None:
        return NOTHING
    if body.type != "statement_block":
        return project.value(body, depth)
    found = [n for n in body.walk() if n.type in ("return_statement", "yield_expression") and _owner(n) is function]
    return together(project.value(n.children[0], depth) for n in found if n.children)


def _owner(node: Node) -> Node | None:
    return next((each for each in node.above() if each.type in FUNCTIONS), None)


def property_value(project: Project, base: Value, name: str, depth: int) -> Value:
    """What a property of something is."""
    found = NOTHING
    things = base.things
    if "window" in things:
        found |= project._global(name)
    if "document" in things and name == "cookie":
        found |= Value(frozenset({"kept", "cookies"}), frozenset({"document.cookie"}))
    if things & {"clerk", "clerk-maker"}:
        found |= thing("getToken") if name == "getToken" else thing("clerk")
    if "getToken" in things:  # `getToken.value`, of a reference of Vue's.
        found |= thing("getToken")
    if things & STORES and name not in known.READS | known.WRITES | known.REMOVES | {"clear", "length", "key"}:
        found |= labelled("kept", *(["stored"] if names_credential(name) else []))
    if "axios" in things:
        found |= Value(things=frozenset({"axios"}), nodes=base.nodes)
    if "fetch" in things:
        found |= Value(things=frozenset({"fetch"}), nodes=base.nodes)
    if "base64" in things:
        found |= thing("base64")
    if "process" in things and name == "env":
        found |= thing("env")
    found |= together(_of_node(project, node, name, depth) for node in base.nodes)
    if (
        found == NOTHING and name == "cookies"
    ):  # Of a request or an answer: of Next's middleware, of Astro, of SvelteKit.
        found = thing("cookie")
    labels = base.labels & _KEPT
    if "kept" in labels:
        found |= Value(labels | ({"stored"} if names_credential(name) else frozenset()))
    elif labels & {"clerk", "stored", "base64"} and (not base.nodes or name.isdigit()):
        found |= Value(labels)
    return found


def _of_node(project: Project, node: Node, name: str, depth: int) -> Value:
    """A property of an object, of a class, of an enum, of a whole module, or an element of an array."""
    if node.type == "program":
        return project.exported(project.script(node), name, depth + 1)
    if node.type == "array":
        return (
            project.value(node.children[int(name)], depth)
            if name.isdigit() and int(name) < len(node.children)
            else NOTHING
        )
    found = NOTHING
    body = node.field("body") if node.type not in ("object", *FUNCTIONS) else node
    for member in body.children if body is not None and node.type not in FUNCTIONS else ():
        key = member.field("key") or member.field("name")
        if member.type == "shorthand_property_identifier" and member.text == name:
            found |= project.value(member, depth)
        elif member.type == "spread_element":
            for inner in project.value(member, depth).nodes:
                found |= _of_node(project, inner, name, depth) if inner.type == "object" else NOTHING
        elif key is not None and key.text.strip("\"'`") == name:
            found |= project.value(member.field("value") or member, depth)
            if member.type == "public_field_definition" and node.parent is not None:
                found |= _assigned(project, node, name, depth)
    if found == NOTHING and node.type in ("class_declaration", "class"):
        found = _assigned(project, node, name, depth)
    return found


def _assigned(project: Project, node: Node, name: str, depth: int) -> Value:
    """What the methods of a class put into `this.name`."""
    return together(
        project.value(each.field("right"), depth)
        for each in node.walk()
        if each.type == "assignment_expression"
        and (left := each.field("left")) is not None
        and left.text == f"this.{name}"
    )


def name_of(function: Node) -> str:
    """The name by which a function is called; empty for one that has none."""
    named = function.field("name")
    if named is not None:
        return named.text
    for each in function.above():
        if each.type == "variable_declarator" and (target := each.field("name")) is not None:
            return target.text if target.type == "identifier" else ""
        if (
            each.type in ("pair", "public_field_definition")
            and (key := each.field("key") or each.field("name")) is not None
        ):
            return key.text.strip("\"'")
        if each.type == "assignment_expression" and (left := each.field("left")) is not None:
            return last_name(left)
        if each.type not in ("arguments", "call_expression", "parenthesized_expression", "as_expression"):
            return ""
    return ""


def callers(project: Project, function: Node) -> Iterator[Node]:
    """The calls that may be of a function."""
    name = name_of(function)
    for number, call in enumerate(project.calls(name) if name else ()):
        if number >= _MOST_CALLERS:
            return
        called = callee(call)
        if called is not None and any(function is n or _wraps(n, function) for n in project.value(called, 3).nodes):
            yield call


def is_parameter(project: Project, node: Node, function: Node) -> bool:
    """Whether a name is a parameter of `function`, whole."""
    return number_of(project, node, function) is not None


def number_of(project: Project, node: Node, function: Node) -> int | None:
    """Which parameter of `function` a name is; None where it is none."""
    bounds = (project.script(node).lookup(node, node.text) or []) if node.type == "identifier" else []
    numbers = (b.parameter[1] for b in bounds if b.parameter is not None and b.parameter[0] is function and not b.path)
    return next(numbers, None)


def _wraps(node: Node, function: Node) -> bool:
    return (
        node.type in ("class_declaration", "class") and function.parent is not None and function.parent.parent is node
    )


def parameter_value(project: Project, bound: Bound, depth: int) -> Value:
    """What a parameter is given: by the calls of its function, as a property of an element (JSX), or by what takes the function."""
    assert bound.parameter is not None
    function, number = bound.parameter
    found = NOTHING
    key = (id(function), (str(number), *bound.path))
    if key in project._busy or depth > 24:
        return NOTHING
    project._busy.add(key)
    try:
        for call in callers(project, function):
            given = arguments(call)
            if number < len(given):
                value = project.value(given[number], depth + 2)
                for step in bound.path:
                    value = project.step(value, step, depth + 2)
                found |= value
        if number == 0 and bound.path:
            for element in project.elements(name_of(function)):
                for attribute in element.children:
                    if (
                        attribute.type == "jsx_attribute"
                        and attribute.children
                        and attribute.children[0].text == bound.path[0]
                    ):
                        found |= project.value(attribute.children[-1], depth + 2)
        outer = function.parent.parent if function.parent is not None and function.parent.type == "arguments" else None
        if outer is not None and number == 0:  # `getToken().then((token) => …)`
            called = callee(outer)
            if called is not None and called.type == "member_expression" and last_name(called) == "then":
                value = project.value(called.field("object"), depth + 2)
                for step in bound.path:
                    value = project.step(value, step, depth + 2)
                found |= value
    finally:
        project._busy.discard(key)
    return found
