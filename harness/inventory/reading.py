"""An inventory taken: what is read, by what the declaration and a report say, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.contracts.matrix import load
from harness.contracts.matrix.declaration import Declaration
from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import HarnessError
from harness.core.paths import path_shape
from harness.inventory.backend.observed import Declared, Observed, is_public
from harness.inventory.backend.read import read_backend
from harness.inventory.frontend.read import read_frontend
from harness.inventory.places import Part
from harness.report.reading import read_report


@dataclass
class Inventory:
    """What was found. `most`: so many places of the old mechanism are allowed; None for any number."""

    backend: Part | None
    frontends: list[Part] = field(default_factory=list)
    most: int | None = None
    declared: bool = False
    report: str = ""

    @property
    def parts(self) -> list[Part]:
        """The backend and the front ends."""
        return [*([self.backend] if self.backend is not None else []), *self.frontends]

    @property
    def legacy(self) -> int:
        """How many places of the old mechanism there are."""
        return sum(len(part.legacy) for part in self.parts)

    @property
    def failing(self) -> str:
        """Why the count is not what is allowed, or cannot be relied on; empty where it is."""
        if self.most is None:
            return ""
        if self.legacy > self.most:
            return f"{self.legacy} legacy place(s), and --max-legacy allows {self.most}"
        blind = [one.file for part in self.parts for one in part.unread if one.blocks]
        if blind:
            return f"{len(blind)} file(s) could not be read, so that nobody knows what is left: {', '.join(blind[:5])}"
        return ""


def take(
    suites: Path | None, app_dir: Path | None, frontends: Sequence[Path], report: Path | None, most: int | None
) -> Inventory:
    """Read a backend and front ends. `suites`: the folder of the declaration, None for the usual one if it is there.

    Raises HarnessError for a folder or file that cannot be used, and where there is nothing to read.
    """
    declaration = _declaration(suites)
    observed = Observed(read_report(report)) if report is not None else None
    root = app_dir
    if root is None and declaration is not None:
        root = Path(os.path.normpath(declaration.root / declaration.matrix.target.app_dir))
    mechanisms = dict(declaration.matrix.mechanisms) if declaration is not None else {}
    backend: Part | None = read_backend(root or Path("."), mechanisms, observed, _declared(declaration))
    if backend is not None and not backend.files:
        if app_dir is not None or observed is not None or not frontends:
            raise HarnessError(
                f"--app-dir {root or '.'}: has no Python files: name the folder of the backend, or a front end with --frontend"
            )
        backend = None
    found = Inventory(backend, most=most, declared=bool(mechanisms), report=str(report) if report is not None else "")
    for folder in frontends:
        part = read_frontend(folder)
        if not part.files:
            raise HarnessError(f"--frontend {folder}: has no scripts (JavaScript, TypeScript, Vue, Svelte, Astro)")
        found.frontends.append(part)
    return found


def _declaration(suites: Path | None) -> Declaration | None:
    folder = suites if suites is not None else Path("suites")
    if suites is None and not (folder / MATRIX_FILE).exists():
        return None
    return load(folder)


def _declared(declaration: Declaration | None) -> Declared:
    found = Declared()
    if declaration is None:
        return found
    policies = declaration.policies
    for router in declaration.routers.values():
        if router.policy is not None:
            found.routers[router.router] = is_public(policies[router.policy].accept)
        for key, entry in router.routes.items():
            method, _, path = key.partition(" ")
            public = is_public(policies[entry.policy].accept)
            (found.public if public else found.guarded).add((method, path_shape(path)))
    return found
