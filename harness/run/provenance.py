"""Of what a run was made, so that somebody else can make it again: sources, versions, options."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

import harness
from harness.core.processes import run
from harness.core.text import many
from harness.run.environment import app_directory

if TYPE_CHECKING:
    from harness.run.context import RunContext

_LIMIT = 5.0
"""Seconds within which git must answer; a repository on a slow disk is told of without it."""


def provenance(context: RunContext) -> dict[str, str]:
    """What is known of the target's sources, the versions, and the options that choose what is tried; empty texts are left out."""
    options, target = context.options, context.target
    local = target.description.get("kind") != "url"
    found = {
        "harness": harness.__version__,
        "target": target.description.get("packages", ""),
        "python": target.description.get("python", ""),
        "postgres": _postgres(context.database_url),
        "suites": str(options.suites),
        "seed": str(options.seed),
        "depth": _depth(context),
        "variables": ", ".join(sorted(options.env)),
    }
    if local:
        found |= sources(app_directory(options, context.declaration))
    return {name: text for name, text in found.items() if text}


def sources(directory: Path) -> dict[str, str]:
    """The commit of a directory's repository, and whether it has changes that no commit has; nothing where there is no repository."""
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    changes = _git(directory, "status", "--porcelain", "--untracked-files=no", "--", ".")
    state = "not known" if changes is None else "changed since" if changes else "clean"
    return {"commit": commit, "commit_state": state}


def _git(directory: Path, *arguments: str) -> str | None:
    """What git says; None where it fails, is not there, or takes too long. It writes nothing and asks nobody."""
    git = shutil.which("git")
    if git is None or not directory.is_dir():
        return None
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    environment = kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A repository's own settings may name programs that git starts (fsmonitor).
    command = [git, "-c", "core.fsmonitor=false", "-C", str(directory), *arguments]
    try:
        done = run(command, cwd=directory, env=environment, timeout=_LIMIT)
    except (OSError, TimeoutError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _postgres(url: str) -> str:
    """The version of the server, where the run has a database."""
    if not url:
        return ""
    with contextlib.suppress(psycopg.Error, ValueError), psycopg.connect(url, connect_timeout=5) as connection:
        version = connection.info.server_version
        return f"{version // 10000}.{version % 10000}"
    return ""


def _depth(context: RunContext) -> str:
    """In words, how much is tried beside one request for each cell."""
    options = context.options
    parts = ["drills" if options.drills else "no drills", "rotation" if options.rotation else "no rotation"]
    if options.fuzz:
        parts.append(many(options.fuzz, "mutation"))
    if options.sequences:
        parts.append(many(options.sequences, "sequence"))
    if options.strict:
        parts.append("strict")
    return ", ".join(parts)
