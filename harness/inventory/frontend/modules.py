"""Scripts as modules: what each name is bound to in its scope, what is imported and exported, and where specifiers lead."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.inventory.frontend.scripts import ENDINGS, Node

FUNCTIONS = {
    "function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function_declaration",
    "generator_function", "function",
}  # fmt: skip
_SCOPES = {
    *FUNCTIONS,
    "program",
    "statement_block",
    "class_body",
    "for_in_statement",
    "for_statement",
    "catch_clause",
    "switch_body",
}
_INDEX = ("", *(sorted(ENDINGS)), *(f"/index{ending}" for ending in (".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue")))
_ALIASES = ("@/", "~/", "~~/", "@@/", "#/", "src/", "$lib/", "app/")
"""How bundlers spell the root of the source, where no tsconfig that was read says so."""


@dataclass(frozen=True)
class Bound:
    """What a name is bound to: a value and the way down to it (`path`: names of properties, numbers of elements), a parameter of a
    function, a function or a class, or an import (`module`, and the name there: `default`, `*` for all)."""

    node: Node
    path: tuple[str, ...] = ()
    parameter: tuple[Node, int] | None = None
    imported: tuple[str, str] | None = None


@dataclass
class Script:
    """A file."""

    file: str
    root: Node
    scopes: dict[int, dict[str, list[Bound]]] = field(default_factory=dict)
    exports: dict[str, list[Bound]] = field(default_factory=dict)
    handed_on: list[tuple[str, str, str]] = field(default_factory=list)
    """`export … from`: the name here, the module, and the name there; `*` for all."""

    def lookup(self, node: Node, name: str) -> list[Bound] | None:
        """What a name means where a node stands; None for what the file does not bind."""
        for around in (node, *node.above()):
            found = self.scopes.get(id(around), {}).get(name)
            if found is not None:
                return found
        return None


def script_of(file: str, root: Node) -> Script:
    """The names of a file."""
    script = Script(file, root)
    assigned: list[tuple[Node, str, Bound]] = []
    label: str
    for node in root.walk():
        match node.type:
            case "import_statement":
                _import(script, node)
            case "variable_declarator":
                _declare(script, node)
            case "function_declaration" | "generator_function_declaration" | "class_declaration" | "enum_declaration":
                name = node.field("name")
                if name is not None:
                    _bind(script, node.parent or node, name.text, Bound(node))
                _parameters(script, node)
            case "arrow_function" | "function_expression" | "method_definition" | "generator_function":
                _parameters(script, node)
            case "assignment_expression" | "augmented_assignment_expression":
                left, right = node.field("left"), node.field("right")
                if left is not None and right is not None:
                    if left.type in ("identifier", "object_pattern", "array_pattern"):
                        assigned += [(node, label, Bound(right, path)) for label, path, _ in _patterns(left)]
                    _commonjs(script, left, right)
            case "export_statement":
                _export(script, node)
    for node, label, bound in assigned:
        known = script.lookup(node, label)
        if known is not None and bound not in known:
            known.append(bound)
    return script


def _bind(script: Script, where: Node, name: str, bound: Bound) -> None:
    scope = next((each for each in (where, *where.above()) if each.type in _SCOPES), script.root)
    script.scopes.setdefault(id(scope), {}).setdefault(name, []).append(bound)


def _patterns(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], Node | None]]:
    """The names of a pattern, each with the way to it and its default."""
    match node.type:
        case "identifier" | "shorthand_property_identifier_pattern":
            steps = (*path, node.text) if node.type != "identifier" else path
            yield node.text, steps, None
        case "object_pattern":
            for child in node.children:
                yield from _patterns(child, path)
        case "pair_pattern":
            key, value = node.field("key"), node.field("value")
            if key is not None and value is not None:
                yield from _patterns(value, (*path, key.text.strip("\"'")))
        case "assignment_pattern" | "object_assignment_pattern":
            left = node.field("left")
            if left is not None:
                for name, way, _ in _patterns(left, path):
                    yield name, way, node.field("right")
        case "array_pattern":
            for number, child in enumerate(node.children):
                yield from _patterns(child, (*path, str(number)))
        case "rest_pattern":
            for child in node.children[:1]:
                yield from _patterns(child, path)


def _declare(script: Script, node: Node) -> None:
    name, value = node.field("name"), node.field("value")
    if name is None:
        return
    for each, path, default in _patterns(name):
        if value is not None:
            _bind(script, node, each, Bound(value, path))
        if default is not None:
            _bind(script, node, each, Bound(default))
        if value is None:
            scope = next((around for around in node.above() if around.type in _SCOPES), script.root)
            script.scopes.setdefault(id(scope), {}).setdefault(each, [])


def _parameters(script: Script, node: Node) -> None:
    given = node.field("parameters")
    single = node.field("parameter")
    every = given.children if given is not None else [single] if single is not None else []
    scope = script.scopes.setdefault(id(node), {})
    for number, parameter in enumerate(every):
        pattern = parameter.field("pattern") or parameter
        default = parameter.field("value")
        for name, path, inner in _patterns(pattern):
            scope.setdefault(name, []).append(Bound(node, path, parameter=(node, number)))
            for value in (default, inner):
                if value is not None and not (value is default and path):
                    scope[name].append(Bound(value))


def _import(script: Script, node: Node) -> None:
    source = node.field("source")
    if source is None:
        return
    module = source.text.strip("\"'`")
    for inner in node.walk():
        if inner.type == "import_specifier":
            name, alias = inner.field("name"), inner.field("alias")
            if name is not None:
                _bind(
                    script, script.root, (alias or name).text, Bound(inner, imported=(module, name.text.strip("\"'")))
                )
        elif inner.type == "namespace_import" and inner.children:
            _bind(script, script.root, inner.children[0].text, Bound(inner, imported=(module, "*")))
        elif inner.type == "identifier" and inner.parent is not None and inner.parent.type == "import_clause":
            _bind(script, script.root, inner.text, Bound(inner, imported=(module, "default")))


def _export(script: Script, node: Node) -> None:
    source, declaration, value = node.field("source"), node.field("declaration"), node.field("value")
    module = source.text.strip("\"'`") if source is not None else ""
    if module:
        specifiers = [each for each in node.walk() if each.type == "export_specifier"]
        for each in specifiers:
            name, alias = each.field("name"), each.field("alias")
            if name is not None:
                script.handed_on.append(((alias or name).text, module, name.text))
        if not specifiers:
            script.handed_on.append(("*", module, "*"))
        return
    default = re.match(r"export\s+default\b", node.text) is not None
    if default and (value or declaration) is not None:
        script.exports["default"] = [Bound(value or declaration or node)]
    if declaration is not None:
        _export_declaration(script, declaration)
    for listed in node.walk() if declaration is None and value is None else ():
        if listed.type == "export_specifier" and (own := listed.field("name")) is not None:
            script.exports[(listed.field("alias") or own).text] = [Bound(own)]


def _export_declaration(script: Script, declaration: Node) -> None:
    if declaration.type not in ("lexical_declaration", "variable_declaration"):
        name = declaration.field("name")
        if name is not None:
            script.exports[name.text] = [Bound(declaration)]
        return
    for each in declaration.children:
        name, value = each.field("name"), each.field("value")
        for label, path, _ in _patterns(name) if name is not None else ():
            if name is not None and not path:
                script.exports[label] = [Bound(name)]  # By its name, so that later assignments count.
            elif value is not None:
                script.exports[label] = [Bound(value, path)]


def _commonjs(script: Script, left: Node, right: Node) -> None:
    if left.text == "module.exports":
        script.exports["default"] = [Bound(right)]
        for pair in right.children if right.type == "object" else ():
            key = pair.field("key") or pair
            value = pair.field("value") or pair
            script.exports.setdefault(key.text.strip("\"'"), [Bound(value)])
    elif re.fullmatch(r"(module\.)?exports\.\w+", left.text):
        script.exports.setdefault(left.text.rpartition(".")[2], [Bound(right)])


class Specifiers:
    """Where specifiers of imports lead: relative ones, and those of aliases (`paths` of tsconfig.json, usual ones)."""

    def __init__(self, files: set[str], configurations: dict[str, str]) -> None:
        self.files = files
        self._aliases: list[tuple[str, str, str]] = []
        for file, text in configurations.items():
            self._aliases += _paths(file, text)

    def file(self, importer: str, specifier: str) -> str | None:
        """The file that is meant; None for a package."""
        if specifier.startswith("."):
            return self._existing(posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier)))
        for prefix, target, folder in self._aliases:
            below = importer.startswith(f"{folder}/") or not folder
            if below and (specifier == prefix or (prefix.endswith("/") and specifier.startswith(prefix))):
                found = self._existing(posixpath.normpath(target + specifier[len(prefix) :]))
                if found is not None:
                    return found
        for alias in _ALIASES:
            if specifier.startswith(alias):
                rest = specifier[len(alias) :]
                for folder in _folders(importer):
                    for source in ("src/", "", "app/", "src/lib/"):
                        found = self._existing(posixpath.normpath(posixpath.join(folder, source, rest)))
                        if found is not None:
                            return found
        return None

    def _existing(self, path: str) -> str | None:
        plain = PurePosixPath(path)
        bare = str(plain.with_suffix("")) if plain.suffix in (".js", ".jsx", ".mjs") else path  # TypeScript's `./x.js`.
        for base in dict.fromkeys((path, bare)):
            for ending in _INDEX:
                if f"{base}{ending}" in self.files:
                    return f"{base}{ending}"
        return None


def _folders(file: str) -> Iterator[str]:
    folder = posixpath.dirname(file)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _paths(file: str, text: str) -> Iterator[tuple[str, str, str]]:
    """`compilerOptions.paths` of a tsconfig.json (TypeScript, Module resolution), which may have comments."""
    plain = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.DOTALL)
    try:
        options = json.loads(re.sub(r",(\s*[}\]])", r"\1", plain)).get("compilerOptions", {})
        paths, base = options.get("paths", {}), options.get("baseUrl", ".")
        for alias, targets in paths.items():
            for target in targets:
                folder = posixpath.dirname(file)
                full = posixpath.normpath(posixpath.join(folder, base, target.removesuffix("*")))
                yield alias.removesuffix("*"), full + ("/" if alias.endswith("*") else ""), folder
    except (ValueError, AttributeError, TypeError):
        return
