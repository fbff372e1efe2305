"""Scripts as trees: JavaScript, TypeScript, JSX, and the scripts within Vue, Svelte, Astro and HTML files, at their own lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

import tree_sitter
import tree_sitter_javascript
import tree_sitter_typescript

ENDINGS = frozenset(
    {".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".astro", ".html"}
)
_WITHIN = {".vue", ".svelte", ".astro", ".html"}
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_NO_SCRIPT = re.compile(
    r"\btype\s*=\s*[\"']?(?!(?:text|application)/(?:javascript|babel|typescript)|module|jsx|text/babel)", re.I
)
_TYPED = re.compile(r"\blang\s*=\s*[\"']?tsx?\b", re.I)
_DEEPEST = 2_000
"""Nodes within one another: what a person writes is far below it."""


class Node:
    """A node of a tree: its named children, those of them that have a field's name, and the text that it was made of."""

    __slots__ = ("children", "end", "fields", "line", "parent", "source", "start", "type")

    def __init__(self, kind: str, start: int, end: int, line: int, source: bytes, parent: Node | None) -> None:
        self.type = kind
        self.start = start
        self.end = end
        self.line = line
        self.source = source
        self.parent = parent
        self.children: list[Node] = []
        self.fields: dict[str, Node] = {}

    @property
    def text(self) -> str:
        """The text of the node."""
        return self.source[self.start : self.end].decode("utf-8", "replace")

    def field(self, name: str) -> Node | None:
        """The child of a field's name."""
        return self.fields.get(name)

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in the order of the text."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending += reversed(node.children)

    def above(self) -> Iterator[Node]:
        """The nodes around this one, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class Unparsable(Exception):
    """A script that the parser does not understand wholly. `line`: where that begins."""

    def __init__(self, line: int, why: str = "not understood by the parser from here on") -> None:
        super().__init__(why)
        self.line = line


def tree_of(file: str, text: str) -> tuple[Node, Unparsable | None]:
    """The tree of a file's scripts, and what of it is not understood; the rest of the tree can be read all the same."""
    ending = PurePosixPath(file).suffix
    language = {".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx"}.get(ending, "js")
    if ending in _WITHIN:
        text, language = scripts_within(text, ending)
    source = text.encode("utf-8", "replace")
    tree = _parser(language).parse(source)
    if tree.root_node.has_error and language == "js":  # Types of Flow, and TypeScript under another name.
        other = _parser("tsx").parse(source)
        tree = tree if other.root_node.has_error else other
    problem = Unparsable(_first_error(tree.root_node)) if tree.root_node.has_error else None
    return _converted(tree.root_node, source), problem


def scripts_within(text: str, ending: str) -> tuple[str, str]:
    """The scripts of a file with everything else blank, so that lines stay; and their language."""
    spans = []
    typed = ending == ".astro"
    if ending == ".astro" and (fence := _FENCE.match(text)):
        spans.append(fence.span(1))
    for found in _SCRIPT.finditer(text):
        if _NO_SCRIPT.search(found[1]) and not _TYPED.search(found[1]):
            continue
        typed = typed or bool(_TYPED.search(found[1]))
        spans.append(found.span(2))
    blank = re.sub(r"[^\n]", " ", text)
    parts, at = [], 0
    for start, end in sorted(spans):
        if start < at:
            continue
        parts += [blank[at:start], text[start:end], ";" if blank[end : end + 1] == " " else ""]
        at = end + 1 if blank[end : end + 1] == " " else end
    return "".join([*parts, blank[at:]]), "ts" if typed else "js"


def template_of(file: str, text: str) -> str:
    """What is no script in a file that has both, with the scripts blank; empty for files that are all script."""
    if PurePosixPath(file).suffix not in _WITHIN:
        return ""
    text = _FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text) if file.endswith(".astro") else text
    text = re.sub(r"<!--.*?-->", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.DOTALL)
    return _SCRIPT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


@cache
def _parser(language: str) -> tree_sitter.Parser:
    grammar = {
        "js": tree_sitter_javascript.language,
        "ts": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }[language]
    return tree_sitter.Parser(tree_sitter.Language(grammar()))


def _first_error(root: tree_sitter.Node) -> int:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            return node.start_point[0] + 1
        pending += reversed([child for child in node.children if child.has_error or child.is_missing])
    return 1


def _converted(root: tree_sitter.Node, source: bytes) -> Node:
    """The tree as objects of our own: those of the parser find their parents by going down from the root each time."""
    cursor = root.walk()
    top = Node(root.type, root.start_byte, root.end_byte, root.start_point[0] + 1, source, None)
    around = [top]
    if not cursor.goto_first_child():
        return top
    while True:
        here = cursor.node
        assert here is not None
        name = cursor.field_name
        descended = False
        if here.is_named and here.type != "comment":
            node = Node(here.type, here.start_byte, here.end_byte, here.start_point[0] + 1, source, around[-1])
            around[-1].children.append(node)
            if name:
                around[-1].fields.setdefault(name, node)
            if len(around) < _DEEPEST and cursor.goto_first_child():
                around.append(node)
                descended = True
        elif name == "operator":
            node = Node(here.type, here.start_byte, here.end_byte, here.start_point[0] + 1, source, around[-1])
            around[-1].fields[name] = node
        if descended:
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent() or len(around) == 1:
                return top
            around.pop()
