"""Stores of state that are kept in the browser as a whole: zustand's, Pinia's, those of Redux and Vuex with their plugins."""

from __future__ import annotations

from collections.abc import Iterator

from harness.inventory.frontend.found import Found, found
from harness.inventory.frontend.modules import FUNCTIONS
from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import Project
from harness.inventory.words import names_credential

PERSISTING = {"persist", "defineStore", "persistReducer", "createPersistedState"}
"""zustand/middleware, Pinia with a plugin that persists, redux-persist, vuex-persistedstate."""
_ONLY = {"paths", "pick", "whitelist"}
_NOT = {"omit", "blacklist"}


def persisted(project: Project, node: Node, name: str, given: list[Node]) -> Iterator[Found]:
    """The place of a store that keeps a credential; `name` is what makes it, of `PERSISTING`."""
    options = [each for argument in given for each in project.value(argument).nodes if each.type == "object"]
    kept, left_out = _listed(project, options, _ONLY), _listed(project, options, _NOT)
    if name in ("persistReducer", "createPersistedState"):
        names = kept or []  # What else is in the store stands elsewhere.
    elif name == "defineStore" and not any(
        _key(pair).startswith("persist") for each in options for pair in each.children
    ):
        return
    else:
        names = [each for each in _state(project, given, options) if kept is None or each in kept]
    found_names = [each for each in names if names_credential(each.rpartition(".")[2]) and each not in (left_out or ())]
    if found_names:
        partly = name == "persist" and any("partialize" in option.text for option in options)
        what = f"a store that is kept ({name}) has '{found_names[0]}'"
        yield found(project, node, "storage", "unknown" if partly else "left", what)


def _key(pair: Node) -> str:
    key = pair.field("key") or pair.field("name")
    return key.text.strip("\"'") if key is not None else pair.text


def _listed(project: Project, options: list[Node], keys: set[str]) -> list[str] | None:
    """The texts of a list under one of `keys`, however deep it stands in the options; None where there is none."""
    lists = [
        pair.field("value")
        for option in options
        for pair in option.walk()
        if pair.type == "pair" and _key(pair) in keys
    ]
    texts = [
        text for each in lists if each is not None for child in each.children for text in project.value(child).texts
    ]
    return texts if lists else None


def _state(project: Project, given: list[Node], options: list[Node]) -> Iterator[str]:
    """The names of what a store holds: of its `state`, else of what its functions make; not those of functions in it."""
    states = [member for option in options for member in option.children if _key(member) == "state"]
    functions = [each for argument in given for each in project.value(argument).nodes if each.type in FUNCTIONS]
    for scope in states or functions:
        for each in scope.walk():
            if each.type in ("pair", "shorthand_property_identifier"):
                value = project.value(each.field("value") or each)
                if not any(n.type in FUNCTIONS for n in value.nodes) and "getToken" not in value.things:
                    yield _key(each)
