"""What a Node project's files say: how its server is started, and of which Postgres it learns how."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.core.command_line import split_command
from harness.run.project_database import ProjectDatabase, find_seed, single_variables
from harness.run.project_files import read_quietly, shown

_SCRIPTS = ("start", "start:prod", "serve", "start:dev", "dev")
"""Scripts of package.json that start a server, in the order in which they are tried."""
_DRIVERS = ("pg", "postgres", "pg-promise", "@prisma/client", "@neondatabase/serverless", "@vercel/postgres")
_URL_VARIABLE = re.compile(r"\b([A-Z0-9_]*(?:DATABASE|DB|POSTGRES|PG)[A-Z0-9_]*(?:URL|URI|DSN))\b")


def node_command(folder: Path) -> tuple[str, str] | None:
    """How a Node project is started, and why: by a start script whose program is there, else by its main file."""
    package = _package(folder)
    scripts, main = package.get("scripts"), package.get("main")
    for name, script in _start_scripts(scripts if isinstance(scripts, dict) else {}):
        if _is_there(script, folder):
            return script, f"--command {script!r}: the script {name} of package.json"
    places = [f"{place}{name}" for place in ("", "dist/", "src/") for name in ("server", "index", "app", "main")]
    usual = [place + ending for place in places for ending in (".mjs", ".js", ".cjs")]
    for name in ([main] if isinstance(main, str) else []) + usual:
        if (folder / name).is_file() and re.search(r"\.listen\(|createServer|serve\(", read_quietly(folder / name)):
            return f"node {name}", f"--command 'node {name}': {name} listens"
    some = next((script for _, script in _start_scripts(scripts if isinstance(scripts, dict) else {})), None)
    return (some, f"--command {some!r}: package.json") if some is not None else None


def _package(folder: Path) -> dict[str, Any]:
    try:
        package = json.loads(read_quietly(folder / "package.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return package if isinstance(package, dict) else {}


def _start_scripts(scripts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the scripts that may start the server."""
    for name in _SCRIPTS:
        script = scripts.get(name)
        if isinstance(script, str) and script.strip():
            yield name, script.strip()


def _is_there(script: str, folder: Path) -> bool:
    """Whether the program of a script is there, and the file that Node is to run."""
    try:
        words = split_command(script)
    except ValueError:
        return False
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        del words[0]
    if not words or (words[0] != "node" and not (folder / "node_modules" / ".bin" / words[0]).exists()):
        return bool(words) and words[0] != "node" and shutil.which(words[0]) is not None
    files = [word for word in words[1:] if not word.startswith("-")]
    endings = ("", ".js", ".mjs", ".cjs", "/index.js")
    return words[0] != "node" or not files or any((folder / (files[-1] + ending)).is_file() for ending in endings)


def find_node_database(folder: Path, texts: Mapping[Path, str]) -> ProjectDatabase:
    """Look for a Postgres that a Node project uses. `texts`: what stands in its scripts."""
    found = ProjectDatabase()
    package = _package(folder)
    used = {
        name
        for each in ("dependencies", "devDependencies")
        if isinstance(package.get(each), dict)
        for name in package[each]
    }
    if not used & set(_DRIVERS):
        return found
    code = "\n".join(texts.values())
    models = folder / "prisma" / "schema.prisma"
    model = read_quietly(models)
    if model and not re.search(r'provider\s*=\s*"postgres', model):
        return found
    url = next(
        ((match[1], path) for path, text in [*texts.items(), (models, model)] if (match := _URL_VARIABLE.search(text))),
        None,
    )
    single = single_variables(re.sub(r"\benv\.([A-Z]\w*)", r'"\1"', code))
    if url is None and not single:
        return found
    if url is not None:
        found.url_env = url[0]
        found.because.append(f"a Postgres of its own by {url[0]}: {shown(url[1], folder)} asks for it")
    else:
        found.env = single
        found.because.append(f"a Postgres of its own by {', '.join(single)}: the code asks for them")
    if (folder / "prisma" / "migrations").is_dir():
        found.migrate = "npx prisma migrate deploy"
        found.because.append(f"migrations by `{found.migrate}`: prisma/migrations")
    find_seed(folder, folder, found)
    return found
