"""The shape of a project's old token, as the function that decodes it tells: which fields, in which order, in which encoding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.run.project_files import shown

_FIELDS = {
    "email": r"e?_?mail|email_?address|user_?email|user_?mail|address|login",
    "clerk_id": r"clerk_?(?:user_?)?id",
    "id": r"(?:user|member|account|customer|person|owner)?_?(?:id|uid|pk|number|no|num)|user|uid|sub",
    "onboarding": r"(?:is_?)?onboard\w*|completed",
    "timestamp": r"\w*(?:time|stamp|issued|iat|created|date|expires?|exp|ts)\w*",
    "name": r"(?:user_?|full_?|display_?)?name",
}  # fmt: skip
"""What people call the fields of an identity."""
_JS_SPLIT = re.compile(
    r"(?:const|let|var)\s*\[([^\]]+)\]\s*=\s*[^;\n]*?(?:base64(?:url)?|atob)[^;\n]*?\.split\(\s*(['\"`])(.{1,3}?)\2"
)
_JS_PATTERN = re.compile(r"/\^?(\(.+?)/\w*\.(?:exec|test)\([^;\n]*?(?:base64|atob)")


@dataclass(frozen=True)
class OldToken:
    """A `template` and an `encoding` of `[legacy]`, and the place that tells them."""

    template: str
    encoding: str
    where: str


def old_token(folder: Path, texts: Mapping[Path, str]) -> OldToken | None:
    """The old token of the project, by the first function that decodes one; None where none could be understood."""
    for path, text in texts.items():
        if "base64" not in text and "b64decode" not in text and "atob(" not in text:
            continue
        found = next(_in_python(text) if path.suffix == ".py" else _in_script(text), None)
        if found is not None:
            template, encoding, line = found
            return OldToken(template, encoding, f"{shown(path, folder)}:{line}")
    return None


def _field(name: str) -> str | None:
    """The field of an identity that a name means."""
    return next((field for field, pattern in _FIELDS.items() if re.fullmatch(pattern, name, re.I)), None)


def _template(names: list[str], between: str) -> str | None:
    """A template of fields in that order; None where no field names a person. What nobody uses is any number."""
    fields = [_field(name) for name in names]
    if not {"email", "id", "clerk_id"} & set(fields):
        return None
    return between.join(f"{{{field}}}" if field else "0" for field in fields)


def _in_python(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield template, encoding and line of functions that take a decoded text apart, or look into decoded JSON."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        called = {_name(each.func) for each in ast.walk(function) if isinstance(each, ast.Call)}
        decoders = called & {"b64decode", "urlsafe_b64decode", "standard_b64decode"}
        if not decoders:
            continue
        encoding = "base64url" if "urlsafe_b64decode" in decoders else "base64"
        template = _taken_apart(function) or (_looked_into(function) if "loads" in called else None)
        if template is not None:
            yield template, encoding, function.lineno


def _taken_apart(function: ast.AST) -> str | None:
    """The template of `a, b, *_ = text.split(":")`, or of the fields that are taken out of such a list one by one."""
    lists: dict[str, str] = {}
    parts: dict[int, str] = {}
    between = ":"
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, split = node.targets[0], _split(node.value)
        if isinstance(target, ast.Tuple) and split is not None:
            names = [each.id for each in target.elts if isinstance(each, ast.Name)]
            return _template([*names, *_rest(target)], split)
        if isinstance(target, ast.Name) and split is not None:
            lists[target.id] = between = split
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            for each in ast.walk(node.value):
                if (index := _index(each, lists)) is not None:
                    parts[index] = node.targets[0].id
    if not parts:
        return None
    return _template([parts.get(number, "_") for number in range(max(parts) + 1)], between)


def _rest(target: ast.Tuple) -> list[str]:
    """What may stand for a starred rest: nothing."""
    return ["_"] * sum(isinstance(each, ast.Starred) for each in target.elts)


def _split(value: ast.AST) -> str | None:
    """What a text is split by."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and _name(node.func) in ("split", "rsplit") and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str) and 0 < len(given.value) <= 3:
                return given.value
    return None


def _index(node: ast.AST, lists: Mapping[str, str]) -> int | None:
    """Which part of one of the lists a node is."""
    if (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in lists
        and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and 0 <= node.slice.value < 12
    ):  # fmt: skip
        return node.slice.value
    return None


def _looked_into(function: ast.AST) -> str | None:
    """The template of JSON whose keys are asked for."""
    keys = dict.fromkeys(key for node in ast.walk(function) if (key := _asked_for(node)) is not None)
    fields = {key: _field(key) for key in keys}
    if not {"email", "id", "clerk_id"} & set(fields.values()):
        return None
    inner = ", ".join(
        f'"{key}": {{{field}}}' if field in ("id", "timestamp") else f'"{key}": "{{{field}}}"'
        for key, field in fields.items() if field
    )  # fmt: skip
    return f"{{{{{inner}}}}}"


def _asked_for(node: ast.AST) -> str | None:
    """The key that a node looks up: `data["uid"]`, `data.get("uid")`."""
    key: ast.AST | None = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and _name(node.func) == "get" and node.args:
        key = node.args[0]
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _in_script(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the same of JavaScript and TypeScript: `const [a, b] = decoded.split(":")`, or a pattern over a decoded text."""
    for match in _JS_SPLIT.finditer(text):
        names = [name.strip().removeprefix("...").partition("=")[0].strip() or "_" for name in match[1].split(",")]
        if (template := _template(names, match[3])) is not None:
            encoding = "base64url" if "base64url" in match[0] else "base64"
            yield template, encoding, text.count("\n", 0, match.start()) + 1
    for match in _JS_PATTERN.finditer(text):
        groups = re.findall(r"\(([^()]+)\)([^()\w]?)", match[1])
        names = ["email" if "@" in inner else "id" if r"\d" in inner else "_" for inner, _ in groups]
        between = next((each for _, each in groups if each), ":")
        if (template := _template(names, between)) is not None:
            yield template, "base64", text.count("\n", 0, match.start()) + 1
