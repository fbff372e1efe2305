"""Clerk's scripts, out of the user's own node_modules: `/npm/@clerk/clerk-js@6/dist/clerk.browser.js`.

They are those of the instance's `script_folders` or of the folder in which the fake was started, or of the nearest folder above
one of them that has them. Where @clerk/ui is missing, which apps do not install as their SDK asks for it by itself, a placeholder
stands in for its components (no_components.js).
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, error, front

_PACKAGES = ("clerk-js", "ui")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".map": "application/json"}


def _find(instance: Instance, package: str, file: str) -> Path | None:
    for here in (*instance.script_folders, Path.cwd()):
        for folder in (here, *here.parents):
            path = folder / "node_modules" / "@clerk" / package / "dist" / file
            if path.is_file():
                return path
    return None


def _get(instance: Instance, request: ApiRequest, package: str, file: str) -> Answer:
    name = package.partition("@")[0]
    if name not in _PACKAGES or Path(file).name != file or Path(file).suffix not in _TYPES:
        return error(404, "resource_not_found", f"nothing at {request.path}")
    path = _find(instance, name, file)
    if path is None and (name, file) == ("ui", "ui.browser.js"):
        text = resources.files(__package__).joinpath("no_components.js").read_text(encoding="utf-8")
        return 200, text, {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-store"}
    if path is None:
        sentence = (
            f"clerk-harness: no {file} of @clerk/{name} is installed: run `npm install @clerk/{name}` in {Path.cwd()}"
        )
        return 404, sentence + "\n"
    kept = "public, max-age=300"  # Clerk's own network lets browsers keep them, too.
    kind = f"{_TYPES[path.suffix]}; charset=utf-8"
    return 200, path.read_text(encoding="utf-8"), {"Content-Type": kind, "Cache-Control": kept}


OPERATIONS = [front("GET", "/npm/@clerk/{package}/dist/{file}", "getPackageFile", _get)]
