"""Which origins of a front end a project's files name: one of them is the `azp` that its verifier accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.run.project_files import read_quietly, shown

_ORIGIN = re.compile(r"https?://(?:localhost|[\w-]+(?:\.[\w-]+)*)(?::\d{2,5})?(?![\w.:-])(?!/\w)")
_NEAR = re.compile(r"origin|cors|front|client|web|\bui\b|ui_|app_|site|authorized|part(?:y|ies)|azp|browser", re.I)
_EXAMPLES = (
    ".env",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.local",
    "env.example",
    "*/.env.example",
)
_ELSEWHERE = re.compile(
    r"clerk|/api\b|github|openapi|schema|w3\.org|json|postgres|redis|:5432|:6379|amazonaws|googleapis", re.I
)
_MOST = 8


def origins(folder: Path, texts: Mapping[Path, str]) -> dict[str, str]:
    """The origins that stand in the source and in files of example variables, each with the file that names it.

    Those come first that stand in a line which speaks of front ends, origins or authorized parties.
    """
    examples = {path: read_quietly(path) for name in _EXAMPLES for path in sorted(folder.glob(name))}
    near: dict[str, str] = {}
    far: dict[str, str] = {}
    for path, text in [*texts.items(), *examples.items()]:
        for line in text.splitlines():
            if "http" not in line or len(line) > 2000:
                continue
            for match in _ORIGIN.finditer(line):
                found = near if _NEAR.search(line) else far
                if not _ELSEWHERE.search(match[0]):
                    found.setdefault(match[0], shown(path, folder))
    ranked = near | {origin: where for origin, where in far.items() if origin not in near}
    return dict(list(ranked.items())[:_MOST])
