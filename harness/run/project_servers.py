"""How a Python project starts a server of its own, which is no ASGI or WSGI app: aiohttp's, for one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.run.project_files import read_quietly, shown

_SERVES = re.compile(r"\b(?:web\.run_app|run_app|TCPSite|serve_forever|start_server|uvicorn\.run|hypercorn\.run)\(")
_STARTS = re.compile(r"^(?:exec\s+|poetry run\s+|uv run\s+|pipenv run\s+)*(python3?(?:\.\d+)?\s+.+?)\s*(?:&&.*)?$")


def python_command(folder: Path, texts: Mapping[Path, str]) -> tuple[str, str] | None:
    """The command of a server that a project starts by itself, and why; None where its source serves nothing."""
    serving = [path for path, text in texts.items() if _SERVES.search(text)]
    if not serving:
        return None
    for command, path in _commands(folder):
        if (match := _STARTS.match(command)) is not None and "manage.py" not in command:
            return match[1], f"--command {match[1]!r}: {shown(path, folder)} starts it"
    path = next((each for each in serving if _is_main(texts[each])), serving[0])
    parts = path.relative_to(folder).with_suffix("").parts
    package = len(parts) > 1 and (path.parent / "__init__.py").is_file()
    command = (
        f"python -m {'.'.join(parts).removesuffix('.__main__')}"
        if package
        else f"python {path.relative_to(folder).as_posix()}"
    )
    return command, f"--command {command!r}: {shown(path, folder)} serves"


def _is_main(text: str) -> bool:
    return "__main__" in text


def _commands(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the commands of Procfile, Dockerfile and shell scripts, with their files."""
    procfile = folder / "Procfile"
    for line in read_quietly(procfile).splitlines():
        name, _, command = line.partition(":")
        if name.strip() == "web":
            yield command.strip(), procfile
    for path in (path for pattern in ("Dockerfile*", "Containerfile*") for path in sorted(folder.glob(pattern))):
        for line in read_quietly(path).replace("\\\n", " ").splitlines():
            word, _, rest = line.strip().partition(" ")
            if word.upper() in ("CMD", "ENTRYPOINT"):
                yield _in_words(rest.strip()), path
    for path in sorted([*folder.glob("*.sh"), *folder.glob("scripts/*.sh")]):
        for line in read_quietly(path).splitlines():
            yield line.strip(), path


def _in_words(text: str) -> str:
    """A command as a shell has it, of a list in JSON."""
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return " ".join(map(str, words)) if isinstance(words, list) else text
