"""A front end page by page: where it keeps credentials and how it sends them, with what it does through others' functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from harness.inventory.files import find
from harness.inventory.frontend.calls import callee, callers, name_of
from harness.inventory.frontend.encodings import encodings
from harness.inventory.frontend.found import Found
from harness.inventory.frontend.headers import headers
from harness.inventory.frontend.modules import Script, Specifiers, script_of
from harness.inventory.frontend.requests import requests
from harness.inventory.frontend.scripts import ENDINGS, Node, template_of, tree_of
from harness.inventory.frontend.storage import storage
from harness.inventory.frontend.values import Project, around
from harness.inventory.places import Part, Place, Unit, Unread, state_of

_CONFIGURATION = re.compile(r"^(package|(ts|js)config(\.\w+)?)\.json$")
_TEMPLATE = re.compile(r"\b(localStorage|sessionStorage|document\.cookie|btoa\s*\(|Authorization\b)")


def read_frontend(root: Path) -> Part:
    """Read every script below a folder. Raises HarnessError where there is no folder."""
    found = find(root, ENDINGS, "--frontend")
    part = Part(str(root), files=len(found.texts), unread=found.unread)
    configurations, clerk = _configurations(root)
    scripts: dict[str, Script] = {}
    broken: dict[str, int] = {}
    templates: list[Place] = []
    for file, text in found.texts.items():
        tree, problem = tree_of(file, text)
        if problem is not None:
            broken[file] = problem.line
            part.unread.append(Unread(file, f"line {problem.line}: {problem}; the rest was read"))
        scripts[file] = script_of(file, tree)
        templates += _template(file, template_of(file, text))
    project = Project(
        scripts, Specifiers(set(scripts), configurations), clerk or any("@clerk/" in t for t in found.texts.values())
    )
    direct = [
        each for script in scripts.values() for look in (storage, headers, encodings) for each in look(project, script)
    ]
    clients: dict[int, object] = {id(node): each for each in direct for node in each.shared}
    direct += [each for script in scripts.values() for each in requests(project, script, clients)]
    places = [each.place for each in direct] + templates + list(_indirect(project, direct))
    by_file: dict[str, set[Place]] = {}
    for place in sorted(places, key=lambda p: ("left", "migrated", "unknown").index(p.status), reverse=True):
        by_file.setdefault(place.file, set()).discard(place)  # What is graver about a line stands.
        by_file[place.file].add(place)
    for file in sorted(by_file.keys() | broken.keys()):
        part.units.append(_unit(file, sorted(by_file.get(file, ())), broken.get(file)))
    if not part.files:
        part.notes.append("no scripts were found")
    return part


def _unit(file: str, places: list[Place], broken: int | None) -> Unit:
    state = state_of(places, harmless=("no-credential", "storage-clear"))
    if broken is not None and state in ("migrated", "nothing"):
        return Unit(file, "unknown", places, f"not wholly understood, from line {broken} on")
    through = {place.what for place in places if place.indirect and place.status == "left"}
    own = any(place.status == "left" and not place.indirect for place in places)
    return Unit(file, state, places, "only through others' functions" if through and not own else "")


def _template(file: str, text: str) -> Iterator[Place]:
    """Expressions within markup are not parsed: where they may hold something, a person has to look."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _TEMPLATE.search(line)
        if match and re.search(r"[{]|@|:\w+=|\bon\w*=", line):
            yield Place(
                file, number, "template", "unknown", f"{match[1].strip('( ')} within the markup, which is not parsed"
            )


def _indirect(project: Project, direct: list[Found]) -> Iterator[Place]:
    """Files that use a function of another file which holds a place, or a client of HTTP for which one stands: one call deep."""
    seen: set[tuple[str, str, int]] = set()
    for each in direct:
        if each.place.status == "unknown":
            continue
        function = _shared_function(each.node)
        uses: list[tuple[Node, str]] = []
        if function is not None:
            uses += [(call, name_of(function)) for call in callers(project, function)]
        for client in each.shared:
            uses += [(call, "a client of HTTP") for call in _uses(project, client)]
        for call, name in uses:
            file = project.script(call).file
            key = (file, each.place.status, each.place.line)
            if file == each.place.file or key in seen:
                continue
            seen.add(key)
            what = f"through {name} of {each.place.file}:{each.place.line}"
            yield Place(file, call.line, f"through-{each.place.kind}", each.place.status, what, indirect=True)


def _shared_function(node: Node) -> Node | None:
    """The function around a place by which others call it: the outermost that has a name, below a class or an object."""
    named = [each for each in around(node) if name_of(each)]
    return named[-1] if named else None


def _uses(project: Project, client: Node) -> Iterator[Node]:
    """The requests that are made with a client."""
    for method in ("get", "post", "put", "patch", "delete", "request", "head"):
        for call in project.calls(method):
            called = callee(call)
            target = called.field("object") if called is not None else None
            if target is not None:
                value = project.value(target)
                if any(node is client for node in value.nodes) or (
                    client.type == "program" and "axios" in value.things
                ):
                    yield call


def _configurations(root: Path) -> tuple[dict[str, str], bool]:
    """The files that say where aliases lead, and whether a package.json names Clerk."""
    texts = find(root, frozenset({".json"}), "--frontend", _CONFIGURATION).texts
    wanted = {file: text for file, text in texts.items() if re.search(r"(^|/)(ts|js)config(\.\w+)?\.json$", file)}
    clerk = False
    for file, text in texts.items():
        if re.search(r"(^|/)package\.json$", file):
            try:
                whole = json.loads(text)
                names = [*whole.get("dependencies", {}), *whole.get("devDependencies", {})]
                clerk = clerk or any("clerk" in name for name in names)
            except (ValueError, AttributeError, TypeError):
                continue
    return wanted, clerk
