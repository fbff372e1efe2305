"""The schemas of the files, for editors and for whoever checks files before a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.file_set import write_set
from harness.core.output import hand_out, say
from harness.core.text import instead
from harness.run.schemas import as_text, every_schema


def schema(arguments: argparse.Namespace) -> int:
    """Print one schema, or write all of them."""
    made = every_schema()
    if arguments.write is not None:
        folder = Path(arguments.write)
        files = {folder / f"{name}.schema.json": as_text(each) for name, each in made.items()}
        try:
            written = write_set(folder, files)
        except OSError as error:
            raise HarnessError(f"--write {folder}: {error.filename or folder}: {error.strerror or error}") from error
        say("\n".join(str(path) for path in written))
        return 0
    if arguments.name not in made:
        wrong = f"{arguments.name!r}: no such file has a schema{instead(arguments.name, made)}"
        raise HarnessError(wrong if arguments.name else f"name a file, or --write DIR; known: {', '.join(made)}")
    hand_out(as_text(made[arguments.name]))
    return 0
