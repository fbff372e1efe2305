"""What `init` writes into a declaration: policies, and lines that nobody has read yet. tomlkit escapes what must be escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import tomlkit
from tomlkit.items import Item

from harness.contracts.matrix.tables import Policy
from harness.run.baseline import RouteBaseline
from harness.run.schemas import SCHEMAS
from harness.targets.request_builder import Example, base_request

_BY_NAME = ("m2m-jwt", "m2m-opaque", "api-key", "oauth-jwt", "clerk-template")
"""Credentials that have a policy of their name where they get in, and no plain session does."""
POLICIES = {
    "public": '[policies.public]\naccept = ["*"]\n',
    "clerk": '[policies.clerk]\naccept = ["clerk"]            # and nothing else in the catalogue\n',
    "legacy": '[policies.legacy]             # REVIEW: these routes still take the old token\naccept = ["legacy"]\n',
    "migrating": "[policies.migrating]          # REVIEW: both get in; give the bridge phase an end: until = 2027-01-31\n"
    'accept = ["clerk", "legacy"]\n',
    "admin": "[policies.admin]              # REVIEW: administrators of the active organization only\n"
    'accept = ["clerk-org-admin"]\n',
    "member": "[policies.member]             # REVIEW: whoever has an active organization\n"
    'accept = ["clerk-org-admin", "clerk-org-member"]\n',
    "staff": "[policies.staff]              # REVIEW: administrators by the app's own records, whatever role the token has\n"
    'accept = ["clerk-org-admin"]\ntolerate = ["role-lookalike", "admin-of-another-organization"]\n',
    "webhook": "[policies.webhook]            # REVIEW: what Clerk delivers, signed by Svix; the handler verifies it\n"
    'accept = ["webhook"]\nrefuse = [400, 401, 403]\nguard = "handler"\n',
    **{
        name: f'[policies.{name}]            # REVIEW: a machine\'s credential gets in, and no session\naccept = ["{name}"]\n'
        for name in _BY_NAME
    },
    "inside": "[policies.inside]             # REVIEW: the handler decides by itself: accept what it verifies, for example "
    '"webhook" or "clerk"\naccept = []\nguard = "handler"\n',
    "closed": "[policies.closed]             # REVIEW: nobody got in: another role, another credential, or a request that "
    "needs an example\naccept = []                   # if nobody is to enter, a person says so: closed = true\n",
}
"""The policies that `init` writes, each as a table with its comment."""
_BY_GUARD = {
    "open": "public", "clerk": "clerk", "legacy": "legacy", "clerk+legacy": "migrating", "cookie": "clerk",
    **{name: name for name in ("admin", "inside", "member", "staff", "webhook", *_BY_NAME)},
}  # fmt: skip


_WHERE_USED = ("member", "staff", "webhook", *_BY_NAME)


def policies_for(entries: Iterable[RouteBaseline]) -> str:
    """The policies of a new declaration: the usual ones, and those that some route has."""
    used = {policy_of(entry) for entry in entries}
    return "\n".join(text for name, text in POLICIES.items() if name not in _WHERE_USED or name in used)


def policy_of(entry: RouteBaseline) -> str:
    """The policy that says of a route what it does today."""
    return _BY_GUARD.get(entry.guard, "closed")


def chosen_policy(name: str, known: Mapping[str, Policy]) -> str:
    """The policy of a declaration that says what one of `POLICIES` says: that of its name, else one that accepts the same.

    `name` itself where there is none.
    """
    wanted = Policy.model_validate(tomlkit.parse(POLICIES[name]).unwrap()["policies"][name])
    same = (
        each for each, policy in known.items()
        if (set(policy.accept), policy.guard) == (set(wanted.accept), wanted.guard) and not policy.closed and wanted.accept
    )  # fmt: skip
    return name if name in known else next(same, name)


def key(name: str) -> str:
    """A key as TOML writes it."""
    return tomlkit.key(name).as_string()


def value(given: Any) -> str:
    """A value as TOML writes it; a table on one line, so that it can stand in another."""
    if isinstance(given, Mapping):
        inner = ", ".join(f"{key(name)} = {value(each)}" for name, each in given.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(given, list | tuple):
        return f"[{', '.join(map(value, given))}]"
    return str(tomlkit.item(given).as_string())


def assignments(given: Mapping[str, Any]) -> str:
    """`key = value`, line by line."""
    return "".join(f"{key(name)} = {value(each)}\n" for name, each in given.items())


def table(name: str, given: Mapping[str, Any]) -> str:
    """A table with its values and the comments behind them. `name`: with dots where it is within another."""
    inner = tomlkit.document()
    for each, text in given.items():
        inner.add(tomlkit.key(each), text if isinstance(text, Item) else tomlkit.value(value(text)))
    return f"[{'.'.join(map(key, name.split('.')))}]\n{inner.as_string()}"


def described(sentences: Iterable[str]) -> str:
    """Comments, a line each."""
    return "".join(f"# {' '.join(each.split())}\n" for each in sentences)


def schema_line(name: str, up: str) -> str:
    """The line by which editors find the schema of a file (Taplo's directive)."""
    return f"#:schema {up}/{SCHEMAS}/{name}.schema.json\n"


def unread_line(entry: RouteBaseline, policy: str) -> Item:
    """What a router's file says of a route: its policy, values for its path, and that nobody has read it."""
    values = _path_values(entry)
    more: dict[str, Any] = {"policy": policy} | ({"path": values} if values else {})
    more |= {"carrier": "cookie:__session"} if entry.guard == "cookie" else {}
    more |= {"carrier": entry.carrier} if entry.carrier is not None else {}
    more |= {"json": entry.json} if entry.json is not None else {}
    more |= {"guard": "handler"} if entry.decides == "handler" and policy not in ("webhook", "inside") else {}
    return remarked(more | {"reviewed": False}, f"today {' '.join(entry.guard.split())}")


def lacked(text: str) -> Item:
    """The value of a variable without which the app does not start."""
    return remarked(text, "the app does not start without it")


def remarked(given: Any, remark: str) -> Item:
    """A value with a comment behind it."""
    item = tomlkit.value(value(given))
    item.comment(remark)
    item.trivia.comment_ws = "  "
    return item


def _path_values(entry: RouteBaseline) -> dict[str, str | int]:
    """Values for the parameters of a route's path, as `init` has asked it with them."""
    asked = base_request(entry.route, Example()).path.split("/")
    names = re.findall(r"\{(\w+)[^}]*\}", entry.route.path)
    filled = [unquote(part) for part, name in zip(asked, entry.route.path.split("/"), strict=False) if "{" in name]
    known = dict(zip(names, filled, strict=False))
    return {name: int(text) if _is_number(text := known.get(name, "1")) else text for name in names}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"0|[1-9][0-9]{0,17}", text) is not None


def router_text(router: str, lines: Mapping[str, Item]) -> str:
    """A router's file."""
    document = tomlkit.parse(schema_line("router", "..") + assignments({"router": router}) + "\n[routes]\n")
    for name, line in lines.items():
        document["routes"].add(tomlkit.key(name), line)
    return document.as_string()
