"""Credentials in stores of the browser: localStorage, sessionStorage, cookies, and what wraps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from harness.inventory.frontend import known
from harness.inventory.frontend.calls import STORES, arguments, callee, callers, is_parameter, name_of, number_of
from harness.inventory.frontend.found import Found, found
from harness.inventory.frontend.modules import Script
from harness.inventory.frontend.persisted import PERSISTING, persisted
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import NOTHING, Project, Value, around, last_name
from harness.inventory.words import names_credential, names_sign_in, words

Use = Literal["reads", "writes", "removes"]
_BARE = {"auth", "session", "login", "user", "data", "info", "state", "storage", "current", "app", "my", "key", "the", "logged", "in", "id",
         "signin", "authentication", "persist", "root", "tokens", "store"}  # fmt: skip
"""Words beside which `auth` or `session` says nothing else, as `authRedirect` does."""
_CREDENTIALS = {"clerk", "stored", "holds", "named"}


def storage(project: Project, script: Script) -> Iterator[Found]:
    """The places of a file that read, write or remove credentials."""
    for node in script.root.walk():
        match node.type:
            case "call_expression" | "new_expression":
                yield from _call(project, node)
            case "member_expression" | "subscript_expression":
                yield from _property(project, node)
            case "assignment_expression":
                yield from _cookie(project, node)


def _call(project: Project, node: Node) -> Iterator[Found]:
    called = callee(node)
    given = arguments(node)
    if called is None:
        return
    name = last_name(called)
    if name in PERSISTING and given:
        yield from persisted(project, node, name, given)
        return
    direct = project.value(called) if called.type == "identifier" else NOTHING
    if name == "useCookies" and "store-maker:cookie" in direct.things and given and given[0].type == "array":
        for key in given[0].children:  # react-cookie
            yield from _judged(project, node, "reads", "cookie", key, None)
        return
    if name in known.HOOKS and given and not direct.nodes:
        yield from _use(project, node, "writes", name, given[0], given[1] if len(given) > 1 else None)
        return
    use: Use | None = (
        "reads"
        if name in known.READS
        else "writes"
        if name in known.WRITES
        else "removes"
        if name in known.REMOVES
        else None
    )
    if use is None or not given:
        return
    target = project.value(called.field("object")) if called.type == "member_expression" else direct
    kinds = sorted(target.things & STORES) or sorted(
        t.partition(":")[2] for t in target.things if t.startswith("store-maker:")
    )
    if not kinds:
        return
    key, value = given[0], given[1] if len(given) > 1 else None
    if kinds[0] in ("nookies", "cookies-next", "cookie") and len(given) > 1 and not project.value(key).texts:
        key, value = given[1], given[2] if len(given) > 2 else None  # nookies takes the context first.
    if key.type == "object":  # `cookies().set({ name, value })`, `Preferences.set({ key, value })`
        pairs = {(p.field("key") or p).text: p.field("value") for p in key.children if p.type == "pair"}
        key, value = pairs.get("name") or pairs.get("key") or key, pairs.get("value")
    yield from _use(project, node, use, kinds[0], key, value)


def _use(project: Project, node: Node, use: Use, store: str, key: Node, value: Node | None) -> Iterator[Found]:
    """The places of one use of a store: of a key that is written there, or of the keys that callers hand in."""
    function = next((f for f in around(node) if is_parameter(project, key, f)), None)
    number = number_of(project, key, function) if function is not None else None
    if function is not None and number is not None:
        for call in callers(project, function):
            given = arguments(call)
            if number < len(given) and not _is_parameter_anywhere(project, given[number]):
                more = given[number + 1] if use == "writes" and number + 1 < len(given) else None
                yield from _judged(project, call, use, store, given[number], more)
        return
    yield from _judged(project, node, use, store, key, value)


def _judged(project: Project, node: Node, use: Use, store: str, key: Node, value: Node | None) -> Iterator[Found]:
    texts = [text for text in project.value(key).texts if "\0" not in text] or [
        key.text if key.type != "string" else ""
    ]
    given = project.value(value) if value is not None else NOTHING
    for text in texts:
        where = f"'{text}' of {store}" if store not in known.HOOKS else f"'{text}' ({store})"
        if known.CLERK_COOKIES.match(text):
            yield found(project, node, "storage", "unknown", f"{use} Clerk's own {where} by hand")
        elif names_credential(text):
            if use == "removes":
                yield found(
                    project, node, "storage-clear", "unknown", f"removes {where}: goes when nobody has one any more"
                )
            else:
                yield found(project, node, "storage", "left", f"{use} {where}{_from(given)}")
        elif use == "writes" and (given.labels & _CREDENTIALS or _is_sign_in(given)):
            yield found(project, node, "storage", "left", f"keeps a credential as {where}{_from(given)}")
        elif names_sign_in(text) and set(words(text)) <= _BARE:
            if use == "removes":
                yield found(project, node, "storage-clear", "unknown", f"removes {where}")
            else:
                yield found(project, node, "storage", "unknown", f"{use} {where}, which may be a credential")


def _from(value: Value) -> str:
    if "clerk" in value.labels:
        return ": a token of Clerk's, which is to be asked for each time"
    return ": base64" if "base64" in value.labels else ""


def _is_sign_in(value: Value) -> bool:
    return "base64" in value.labels and "named" in value.labels


def _property(project: Project, node: Node) -> Iterator[Found]:
    """`localStorage.token`, `localStorage['token'] = …`, `document.cookie`."""
    parent = node.parent
    if parent is not None and parent.type == "call_expression" and parent.field("function") is node:
        return
    target = project.value(node.field("object"))
    named = node.field("property")
    assigned = parent is not None and parent.type == "assignment_expression" and parent.field("left") is node
    stores = sorted(target.things & {"localStorage", "sessionStorage"})
    if stores:
        keys = [named.text] if named is not None else list(project.value(node.field("index")).texts)
        for key in keys:
            if names_credential(key):
                yield found(
                    project, node, "storage", "left", f"{'writes' if assigned else 'reads'} '{key}' of {stores[0]}"
                )
    if "document" in target.things and named is not None and named.text == "cookie" and not assigned:
        yield from _cookies_read(project, node)


def _cookies_read(project: Project, node: Node) -> Iterator[Found]:
    """`document.cookie` as it is read: by names that stand in the function, or that its callers hand in."""
    function = next(around(node), None)
    # In no function, the whole statement.
    scope = function or next(
        (each for each in (node, *node.above()) if each.parent and each.parent.type == "program"), node
    )
    texts = [n.text.strip("\"'`") for n in scope.walk() if n.type in ("string", "template_string", "regex")]
    keys = [text for text in texts if names_credential(text) or known.CLERK_COOKIES.match(text.strip("=; "))]
    if function is not None:
        for call in callers(project, function):
            for text in (t for each in arguments(call)[:1] for t in project.value(each).texts):
                if names_credential(text):
                    yield found(project, call, "storage", "left", f"reads '{text}' of document.cookie")
    for key in keys[:1]:
        own = known.CLERK_COOKIES.match(key.strip("=; "))
        what = f"reads {'Clerk' + chr(39) + 's own ' if own else ''}'{_cookie_name(key)}' of document.cookie"
        yield found(project, node, "storage", "unknown" if own else "left", what)


def _cookie_name(text: str) -> str:
    match = re.search(r"[\w.-]*(?:token|jwt|auth|bearer|session|credential|password)[\w.-]*", text, re.IGNORECASE)
    return match[0] if match else text[:40]


def _cookie(project: Project, node: Node) -> Iterator[Found]:
    """`document.cookie = 'token=…'`"""
    left, right = node.field("left"), node.field("right")
    if left is None or right is None or "document.cookie" not in project.value(left).things:
        return
    value = project.value(right)
    beginnings = [text.partition("=")[0].strip("\0 ") for text in value.texts if "=" in text]
    removed = any(re.search(r"max-age=(0|-)|expires=thu, 01 jan 1970", text, re.IGNORECASE) for text in value.texts)
    function = next(around(node), None)
    for name in dict.fromkeys(beginnings):
        if names_credential(name):
            if removed:
                yield found(project, node, "storage-clear", "unknown", f"removes '{name}' of document.cookie")
            else:
                yield found(project, node, "storage", "left", f"writes '{name}' of document.cookie{_from(value)}")
        elif name and value.labels & {"clerk", "stored"}:
            yield found(
                project, node, "storage", "left", f"keeps a credential as '{name}' of document.cookie{_from(value)}"
            )
    if function is not None and not any(beginnings):
        for call in callers(project, function):
            for text in (t for each in arguments(call)[:1] for t in project.value(each).texts):
                if names_credential(text):
                    yield found(project, call, "storage", "left", f"writes '{text}' of document.cookie")


def _is_parameter_anywhere(project: Project, key: Node) -> bool:
    return any(is_parameter(project, key, function) and name_of(function) for function in around(key))
