"""Suites that are there, with the routes that are new: `init --update`. What people wrote stays, comments and order too."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from harness.contracts.matrix import Declaration, load, make_plan
from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import HarnessError
from harness.core.files import read_text
from harness.run.baseline import RouteBaseline, observe_baseline
from harness.run.context import RunContext
from harness.run.first_suites import Written, put
from harness.run.options import Options
from harness.run.suite_lines import POLICIES, chosen_policy, key, lacked, policy_of, router_text, unread_line
from harness.run.survey import said_first, server_for, started

_BOM = b"\xef\xbb\xbf"


@dataclass
class _Compared:
    """A declaration beside its target. `new`: routes that no line covers; `gone`: lines without a route, with their router."""

    new: list[RouteBaseline] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)


def update_suites(options: Options) -> Written:
    """Add a line for each route that no line covers to its router's file, unread; name the lines whose route is gone.

    Raises HarnessError where there are no suites, or where a file could not be kept as it is but for the new lines.
    """
    root = options.suites
    if not (root / MATRIX_FILE).is_file():
        raise HarnessError(f"--update: {root / MATRIX_FILE} does not exist; init without --update writes it")
    declaration = load(root)
    with server_for(options, wanted=declaration.matrix.database is not None) as server:
        found, given = started(options, declaration, lambda session: _compared(declaration, session), server)
    changes = _changes(declaration, found.new, given)
    notes = said_first(found.new) + [f"new: {each.route.key}, today {each.guard}" for each in found.new]
    notes += [
        f"gone: {name} ({_file_of(declaration, name)}): the target has no such route; the line stays until you take it out"
        for name in found.gone
    ]
    notes += [f"{name}: the app does not start without it; a harmless value stands in [target.env]" for name in given]
    if not changes:
        notes.append("no route is new: nothing was written")
    return Written(put(root, changes) if changes else [], notes)


def _compared(declaration: Declaration, session: RunContext) -> _Compared:
    plan = make_plan(declaration, session.target.routes, discovered=session.target.probed)
    new = {gap.key: gap.router for gap in plan.gaps if gap.kind == "undeclared"}
    entries = observe_baseline(session, only=new)
    for entry in entries:
        entry.router = new[entry.route.key] if new[entry.route.key] != "?" else "app"
    return _Compared(entries, {gap.key: gap.router for gap in plan.gaps if gap.kind == "stale"})


def _file_of(declaration: Declaration, name: str) -> str:
    return next(
        (f"routers/{path.name}" for path, file in declaration.routers.items() if name in file.routes), "routers"
    )


def _changes(declaration: Declaration, new: list[RouteBaseline], given: Mapping[str, str]) -> dict[Path, str]:
    """The files that are to be written, whole."""
    files: dict[Path, str] = {}
    by_router: dict[str, dict[str, RouteBaseline]] = {}
    for entry in new:
        by_router.setdefault(entry.router, {})[entry.route.key] = entry
    used: dict[str, None] = {}
    for router, entries in by_router.items():
        policies = {name: chosen_policy(policy_of(each), declaration.policies) for name, each in entries.items()}
        used |= dict.fromkeys(policies.values())
        lines = {name: unread_line(entry, policies[name]) for name, entry in entries.items()}
        path = next((path for path, file in declaration.routers.items() if file.router == router), None)
        if path is None:
            files[_free(declaration.root / "routers" / f"{router}.toml")] = router_text(router, lines)
        else:
            files[path] = amended(path, {"routes": lines})
    matrix = declaration.root / MATRIX_FILE
    missing = [name for name in used if name not in declaration.policies]
    if missing or given:
        files[matrix] = amended(matrix, {"target": {"env": {name: lacked(text) for name, text in given.items()}}} if given else {}, "".join(
            f"\n{POLICIES[name]}" for name in missing))  # fmt: skip
    return files


def _free(path: Path) -> Path:
    """A path at which nothing is: the file of another router may have the name."""
    number, found = 2, path
    while found.exists():
        number, found = number + 1, path.with_stem(f"{path.stem}_{number}")
    return found


def amended(path: Path, added: Mapping[str, Any], more: str = "") -> str:
    """A file's text with keys added to its tables, and `more` after its end; all else as it was.

    Raises HarnessError where that cannot be written so that it reads as it did but for what is new.
    """
    old = read_text(path)
    ended = old if old.endswith("\n") or not old else old + "\n"
    wanted = _merged(tomllib.loads(old), added)
    if more:
        wanted = _merged(wanted, tomllib.loads(more))
    try:
        document = tomlkit.parse(ended)
        _add(document, added)
        text = document.as_string() + more
    except (TOMLKitError, TypeError, AttributeError, ValueError):
        text = ""
    if "\r\n" in old and not re.search(r"(?<!\r)\n", old):
        text = re.sub(r"(?<!\r)\n", "\r\n", text)
    now = iter(text.splitlines())
    if not _reads_as(text, wanted) or not all(line in now for line in old.splitlines()):  # In their order.
        lines = "; ".join(_told(added)) or " ".join(more.split())
        raise HarnessError(f"{path}: its form cannot be kept with what is new in it: write it there by hand: {lines}")
    return ("\ufeff" if path.read_bytes().startswith(_BOM) else "") + text


def _add(table: Any, added: Mapping[str, Any]) -> None:
    for name, each in added.items():
        if isinstance(each, Item):
            table.add(tomlkit.key(name), each)
            continue
        new = name not in table
        if new:
            table.add(tomlkit.key(name), tomlkit.table())
        _add(table[name], each)
        if new:
            table[name].add(tomlkit.nl())  # Before the table that follows.


def _merged(old: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with what is added, as plain values."""
    found = dict(old)
    for name, each in added.items():
        if isinstance(each, Item):
            found[name] = each.unwrap()
        else:
            found[name] = _merged(found.get(name, {}), each) if isinstance(each, dict) else each
    return found


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except ValueError:
        return False


def _told(added: Mapping[str, Any]) -> list[str]:
    """The new lines, for whoever must write them by hand."""
    found: list[str] = []
    for name, each in added.items():
        own = isinstance(each, Item)
        found += [f"{key(name)} = {each.as_string()}"] if own else [f"[{name}] {line}" for line in _told(each)]
    return found
