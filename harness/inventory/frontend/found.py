"""A place in a script while it is looked at: with the node, so that whoever calls the function around it can be found."""

from __future__ import annotations

from dataclasses import dataclass

from harness.inventory.frontend.scripts import Node
from harness.inventory.frontend.values import Project
from harness.inventory.places import Place, Status


@dataclass(frozen=True)
class Found:
    """A place and its node. `shared`: nodes of objects (clients of HTTP) for all of whose users it stands."""

    place: Place
    node: Node
    shared: tuple[Node, ...] = ()


def found(project: Project, node: Node, kind: str, status: Status, what: str, shared: tuple[Node, ...] = ()) -> Found:
    """A place of a node."""
    return Found(Place(project.script(node).file, node.line, kind, status, what), node, shared)
