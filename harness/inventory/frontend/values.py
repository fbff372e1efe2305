"""What an expression of a script may be: a store of the browser, a token of Clerk's, what was read from a store, a text.

Names are followed through assignments, destructuring, imports, parameters (to whoever calls), and what functions return, a few
steps deep. What cannot be followed is nothing, so that no place follows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.inventory.frontend import known
from harness.inventory.frontend.modules import FUNCTIONS, Bound, Script, Specifiers
from harness.inventory.frontend.scripts import Node
from harness.inventory.words import names_credential, words

_DEEPEST = 28
_CLASSES = {"class_declaration", "class"}
_MOST_TEXTS = 12
_COMPARING = {"==", "===", "!=", "!==", "<", ">", "<=", ">=", "in", "instanceof"}
_API_WORDS = {"api", "backend", "server", "base", "service", "gateway"}
_URL_WORDS = {"url", "base", "host", "origin", "endpoint", "uri", "root", "domain"}


@dataclass(frozen=True)
class Value:
    """What is known of an expression.

    `labels` are of texts: `clerk` (a token of Clerk's session), `stored` (a credential out of a store), `kept` (anything out of a
    store), `base64`, `basic`, `env`, `api` (the backend's address), `named` (called like a credential). `things` are of objects
    (`localStorage`, `axios`, `clerk`, `getToken` …), `nodes` the functions, objects and calls that it may be, `texts` the constants.
    """

    labels: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    nodes: tuple[Node, ...] = ()
    texts: tuple[str, ...] = ()

    def __or__(self, other: Value) -> Value:
        return Value(
            self.labels | other.labels,
            self.things | other.things,
            tuple({id(n): n for n in (*self.nodes, *other.nodes)}.values()),
            tuple(dict.fromkeys((*self.texts, *other.texts)))[:_MOST_TEXTS],
        )


NOTHING = Value()


def labelled(*labels: str) -> Value:
    """A value of which nothing but these is known."""
    return Value(frozenset(labels))


def thing(*things: str) -> Value:
    """An object of a kind."""
    return Value(things=frozenset(things))


def together(values: Iterable[Value]) -> Value:
    """What may be any of these."""
    found = NOTHING
    for value in values:
        found |= value
    return found


@dataclass
class Project:
    """All scripts of a front end. `clerk`: it depends on a package of Clerk's."""

    scripts: dict[str, Script]
    specifiers: Specifiers
    clerk: bool = False
    _of: dict[int, Script] = field(default_factory=dict)
    _calls: dict[str, list[Node]] | None = None
    _elements: dict[str, list[Node]] = field(default_factory=dict)
    _memo: dict[int, Value] = field(default_factory=dict)
    _busy: set[tuple[int, tuple[str, ...]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._of = {id(script.root): script for script in self.scripts.values()}

    def script(self, node: Node) -> Script:
        """The file in which a node stands."""
        return self._of[id([node, *node.above()][-1])]

    def calls(self, name: str) -> list[Node]:
        """Every call whose last name is this one."""
        if self._calls is None:
            self._calls = {}
            for script in self.scripts.values():
                for node in script.root.walk():
                    if node.type in ("call_expression", "new_expression"):
                        callee = node.field("function") or node.field("constructor")
                        if callee is not None:
                            self._calls.setdefault(last_name(callee), []).append(node)
                    elif node.type in ("jsx_opening_element", "jsx_self_closing_element"):
                        element = node.field("name")
                        if element is not None:
                            self._elements.setdefault(element.text, []).append(node)
        return self._calls.get(name, [])

    def elements(self, name: str) -> list[Node]:
        """Every element of JSX of this name."""
        self.calls("")
        return self._elements.get(name, [])

    def value(self, node: Node | None, depth: int = 0) -> Value:
        """What an expression may be."""
        if node is None or depth > _DEEPEST:
            return NOTHING
        if id(node) in self._memo:
            return self._memo[id(node)]
        key = (id(node), ())
        if key in self._busy:
            return NOTHING
        self._busy.add(key)
        try:
            found = self._value(node, depth + 1)
        finally:
            self._busy.discard(key)
        if not self._busy:  # Whole, and not cut short because it is being looked at.
            self._memo[id(node)] = found
        return found

    def _value(self, node: Node, depth: int) -> Value:
        match node.type:
            case "string":
                return _text(node.text[1:-1])
            case "template_string":
                return self._joined(node.children, depth)
            case "string_fragment" | "escape_sequence":
                return _text(node.text)
            case "identifier" | "shorthand_property_identifier" | "type_identifier":
                return self._name(node, depth)
            case "this":
                return Value(nodes=tuple([each for each in node.above() if each.type in _CLASSES][:1]))
            case "member_expression" | "subscript_expression":
                return self._member(node, depth)
            case "call_expression" | "new_expression":
                from harness.inventory.frontend.calls import call_value

                return call_value(self, node, depth)
            case "binary_expression":
                operator = node.field("operator")
                if operator is not None and operator.text in _COMPARING:
                    return NOTHING
                if operator is not None and operator.text == "+":
                    return self._joined([n for n in (node.field("left"), node.field("right")) if n is not None], depth)
                return together(self.value(node.field(name), depth) for name in ("left", "right"))
            case "ternary_expression":
                return together(self.value(node.field(name), depth) for name in ("consequence", "alternative"))
            case "assignment_expression" | "augmented_assignment_expression":
                return self.value(node.field("right"), depth)
            case "object" | "class_declaration" | "class" | "enum_declaration":
                return self._object(node, depth)
            case "array":
                return Value(together(self.value(child, depth) for child in node.children).labels, nodes=(node,))
            case (
                "unary_expression" | "update_expression" | "number" | "null" | "undefined" | "true" | "false" | "regex"
            ):
                return NOTHING
            case kind if kind in FUNCTIONS:
                return Value(nodes=(node,))
            case "sequence_expression":
                return self.value(node.children[-1] if node.children else None, depth)
        # What only wraps: `await`, parentheses, `as`, `satisfies`, `!`, spreads, substitutions.
        return self.value(node.children[0], depth) if node.children else NOTHING

    def _joined(self, parts: list[Node], depth: int) -> Value:
        """A text put together of parts; its constant text where all of them have one, else its beginning."""
        values = [self.value(part, depth) for part in parts]
        labels = frozenset[str]().union(*(value.labels for value in values))
        texts = [""]
        for value in values:
            if not value.texts:
                texts = [text + "\0" for text in texts]  # Something unknown stands there.
            else:
                texts = [text + more for text in texts for more in value.texts][:_MOST_TEXTS]
        if any(text.lower().startswith("basic ") for text in texts):
            labels |= {"basic"}
        return Value(labels, texts=tuple(texts) if parts else ("",))

    def _object(self, node: Node, depth: int) -> Value:
        """An object: it holds a credential where a key is called so; what it spreads is in it."""
        labels: frozenset[str] = frozenset()
        for child in node.children if node.type == "object" else ():
            key = child.field("key") or (child if child.type == "shorthand_property_identifier" else None)
            inner = self.value(child.field("value") or child, depth) if child.type != "method_definition" else NOTHING
            if key is not None and names_credential(key.text):
                labels |= {"holds"}
            labels |= inner.labels - {"api", "env"}
        return Value(labels, nodes=(node,))

    def _name(self, node: Node, depth: int) -> Value:
        script = self.script(node)
        bound = script.lookup(node, node.text)
        if bound is None:
            return self._global(node.text)
        found = together(self.bound(script, each, depth) for each in bound)
        # Of a request, taken apart: `load({ cookies })`.
        if found == NOTHING and node.text == "cookies" and any(each.parameter is not None for each in bound):
            return thing("cookie")
        if found == NOTHING and names_credential(node.text):
            return labelled("named")
        if set(words(node.text)) & _API_WORDS and set(words(node.text)) & _URL_WORDS:
            found |= labelled("api")
        return found

    def bound(self, script: Script, bound: Bound, depth: int) -> Value:
        """What a binding may be."""
        if bound.imported is not None:
            found = self.imported(script, *bound.imported, depth)
        elif bound.parameter is not None:
            from harness.inventory.frontend.calls import parameter_value

            return parameter_value(self, bound, depth)
        else:
            found = self.value(bound.node, depth)
            if bound.path[:1] == ("0",) and bound.node.type == "call_expression":
                found |= self._state(bound.node, depth)
        for step in bound.path:
            found = self.step(found, step, depth)
        return found

    def _state(self, node: Node, depth: int) -> Value:
        """What the setter beside a state is given: `const [token, setToken] = useState()`."""
        from harness.inventory.frontend.calls import arguments

        pattern = node.parent.field("name") if node.parent is not None else None
        called = node.field("function")
        if pattern is None or called is None or last_name(called) not in ("useState", "createSignal", "useAtom"):
            return NOTHING
        setter = pattern.children[1].text if len(pattern.children) > 1 else ""
        script = self.script(node)
        given = [call for call in self.calls(setter) if self.script(call) is script] if setter else []
        values = together(self.value(each, depth + 2) for call in given for each in arguments(call)[:1])
        return Value(values.labels)

    def imported(self, script: Script, module: str, name: str, depth: int) -> Value:
        """What an import may be: of a file of the project, else of a package that is known."""
        file = self.specifiers.file(script.file, module)
        if file is None or file not in self.scripts:
            return of_package(module, name)
        return self.exported(self.scripts[file], name, depth + 1)

    def exported(self, script: Script, name: str, depth: int) -> Value:
        """What a file exports under a name."""
        if depth > _DEEPEST:
            return NOTHING
        if name == "*":
            return Value(nodes=(script.root,))
        if name in script.exports:
            return together(self.bound(script, each, depth) for each in script.exports[name])
        handed = [(m, n if own != "*" else name) for own, m, n in script.handed_on if own in (name, "*")]
        found = together(self.imported(script, module, other, depth) for module, other in handed)
        if found == NOTHING and name == "default" and script.exports and not handed:
            return Value(nodes=(script.root,))  # `require` of exports, one by one.
        return found

    def _global(self, name: str) -> Value:
        if name in ("window", "globalThis", "self", "global"):
            return thing("window")
        if name in known.STORES:
            return thing(known.STORES[name])
        if name in ("document", "Buffer", "navigator", "process"):
            return thing(name)
        if name in known.FETCHES:
            return thing("fetch")
        if name in ("Clerk", "$clerk"):
            return thing("clerk")
        if name in known.ALONE and self.clerk:
            return thing("clerk-maker")
        if name in ("btoa", "atob"):
            return thing(name)
        if name == "axios":  # By a script element, or a plugin.
            return thing("axios")
        if name == "cookieStore":
            return thing("cookie")
        return labelled("named") if names_credential(name) else NOTHING

    def _member(self, node: Node, depth: int) -> Value:
        base = self.value(node.field("object"), depth)
        named = node.field("property")
        if named is not None:
            return self.step(base, named.text, depth, node)
        keys = self.value(node.field("index"), depth).texts
        return together(self.step(base, key, depth, node) for key in keys) if keys else self.step(base, "", depth, node)

    def step(self, base: Value, name: str, depth: int, node: Node | None = None) -> Value:
        """A property of what may be `base`."""
        if depth > _DEEPEST:
            return NOTHING
        from harness.inventory.frontend.calls import property_value

        found = property_value(self, base, name, depth)
        text = node.text if node is not None else ""
        if text.startswith(("process.env.", "import.meta.env.")) or base.things & {"env"}:
            spelled = set(words(name))
            found |= labelled("env", *(["api"] if spelled & _API_WORDS and spelled & _URL_WORDS else []))
        elif node is not None and set(words(name)) & _API_WORDS and set(words(name)) & _URL_WORDS:
            found |= labelled("api")
        if found == NOTHING and names_credential(name):
            return labelled("named")
        return found


def _text(text: str) -> Value:
    return Value(frozenset({"basic"}) if text.lower().startswith("basic ") else frozenset(), texts=(text,))


def of_package(module: str, name: str) -> Value:
    """What a package gives out under a name."""
    if known.CLERK_PACKAGE.search(module):
        if name == "getToken":
            return thing("getToken")
        return thing("clerk-maker") if name in known.CLERK_MAKERS or name in ("default", "*") else NOTHING
    if module in known.STORE_PACKAGES:
        kind = known.STORE_PACKAGES[module]
        return (
            thing("store-maker:cookie")
            if module in ("next/headers", "react-cookie", "universal-cookie")
            else thing(kind)
        )
    if module in known.HTTP_PACKAGES:
        return thing(known.HTTP_PACKAGES[module])
    if module in known.BASE64_PACKAGES:
        return thing("Buffer") if name == "Buffer" else thing("base64")
    return NOTHING


def last_name(node: Node) -> str:
    """The last name of what is called or read: `b` of `a.b`."""
    named = node.field("property") or node.field("index")
    if named is not None:
        return named.text.strip("\"'")
    if node.type in ("non_null_expression", "parenthesized_expression", "await_expression") and node.children:
        return last_name(node.children[0])
    return node.text


def around(node: Node) -> Iterator[Node]:
    """The functions around a node, the nearest first."""
    return (each for each in node.above() if each.type in FUNCTIONS)
