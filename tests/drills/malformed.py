"""The drill of malformed inputs: each is given to the command as users start it, in a process of its own.

    python -m tests.drills.malformed                  all of the table, and what is wrong with how each is taken
    python -m tests.drills.malformed issuer token     those whose names begin with a word

Whatever the input, the command ends in time, with a documented exit code, without a traceback; a mistake (2) is told in two
lines at most that name the option or the file; no process and no temporary file is left.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 60.0
"""Seconds after which a command counts as hung."""
DOCUMENTED = frozenset({0, 1, 2, 130, 141})
_LINES = 2
_LONGEST = 2000
_LEFT_LIMIT = 10.0

Text = str | bytes
Maker = Callable[[Path], None]
Answer = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Case:
    """One malformed input.

    `arguments` of `clerk-harness`, in which `{port}` is that of a server which answers as `answer` does. `files`: what is
    written to the project first, by its path: a text, bytes, or a function that makes it. `names`: one of these must be in
    what is said of a mistake. `codes`: the exit codes that are right. `module`: what is started instead of the command.
    """

    name: str
    arguments: tuple[Text, ...]
    files: dict[str, str | bytes | Maker] = field(default_factory=dict)
    environment: dict[str, Text] = field(default_factory=dict)
    answer: Answer | bytes | None = None
    names: tuple[str, ...] = ()
    codes: frozenset[int] = DOCUMENTED
    module: str = "harness"
    folder: str = "project"
    gone: bool = False
    """The working directory is removed before the start."""


APP = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def me(request): return JSONResponse({})
app = Starlette(routes=[Route("/me", me)])
"""
MATRIX = """[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
[target]
app = "backend:app"
app_dir = ".."
agents = 1
"""
ROUTER = 'router = "app"\n[routes]\n"GET /me" = "public"\n'
RUN = ("run", "--route", "GET /me", "--credentials", "missing", "--no-drills", "--quiet")
"""The shortest run there is."""


def project(root: Path) -> None:
    """A tiny app and a correct declaration of it."""
    (root / "suites" / "routers").mkdir(parents=True)
    (root / "backend.py").write_text(APP)
    (root / "suites" / "auth_matrix.toml").write_text(MATRIX)
    (root / "suites" / "routers" / "app.toml").write_text(ROUTER)


def _write(root: Path, files: dict[str, str | bytes | Maker]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not callable(content):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            continue
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        content(path)


@contextlib.contextmanager
def serving(answer: Answer | bytes | None) -> Iterator[int]:
    """A server that greets each connection with what no HTTP server says; its port, 0 for none."""
    if answer is None:
        yield 0
        return
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(LIMIT)
            if callable(answer):
                answer(connection)
            else:
                connection.recv(1 << 16)
                connection.sendall(answer)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def left_behind(mark: Path) -> list[str]:
    """The processes whose environment has a directory for temporary files, and what lies in it."""
    needle = f"TMPDIR={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100])
    return found


def _started(case: Case, root: Path, temporary: Path, port: int) -> subprocess.Popen[bytes]:
    words = [a if isinstance(a, bytes) else os.fsencode(a.replace("{port}", str(port))) for a in case.arguments]
    own = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTEST_", "COV_"))}
    environment = own | {"TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command: list[Text] = [sys.executable, "-m", case.module, *words]
    if case.gone:
        command = ["sh", "-c", 'rm -rf "$PWD"; exec "$@"', "sh", *command]
    return subprocess.Popen(
        command, cwd=root, env={**environment, **case.environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def problems(case: Case) -> list[str]:
    """Give the input to the command, and return what is wrong with how it is taken."""
    with tempfile.TemporaryDirectory(prefix="drill-") as directory, serving(case.answer) as port:
        root, temporary = Path(directory) / case.folder, Path(directory) / "tmp"
        Path(directory).chmod(0o755)  # As root, Postgres runs as somebody else.
        root.mkdir()
        temporary.mkdir(mode=0o777)
        temporary.chmod(0o1777)
        project(root)
        _write(root, case.files)
        process = _started(case, root, temporary, port)
        try:
            output, said = process.communicate(timeout=LIMIT)
            found = _judged(case, process.returncode, output.decode(errors="replace"), said.decode(errors="replace"))
        except subprocess.TimeoutExpired:
            found = [f"still running after {LIMIT:.0f} s"]
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        until = time.monotonic() + _LEFT_LIMIT
        while (left := left_behind(temporary)) and time.monotonic() < until:
            time.sleep(0.05)
        rest = sorted(path.name for path in temporary.iterdir())
    return found + [f"left running: {one}" for one in left] + [f"left in the temporary directory: {n}" for n in rest]


def _judged(case: Case, code: int, output: str, said: str) -> list[str]:
    found = []
    lines = [line for line in said.splitlines() if line.strip()]
    told = f" (it said: {said[-600:].strip() or output[-300:].strip()})"
    if code not in case.codes and "Traceback" not in said:
        found.append(f"exit code {code}, not {' or '.join(map(str, sorted(case.codes)))}{told}")
    if "Traceback" in said or "Traceback" in output:
        found.append(f"a traceback: {(said + output)[-600:]}")
    elif code == 2 and case.module == "harness":  # pytest tells on standard output.
        if not lines or len(lines) > _LINES or len(said) > _LONGEST:
            found.append(f"{len(lines)} lines, {len(said)} characters for a mistake{told}")
        if case.names and not any(name in said for name in case.names):
            found.append(f"names none of {', '.join(case.names)}{told}")
    return found


def chosen(number: int, seed: int = 0) -> list[Case]:
    """So many cases of the table and the generator, the same for a seed; the kinds (the first word of a name) in turn."""
    from tests.drills.inputs import every

    chance = random.Random(seed)
    kinds: dict[str, list[Case]] = {}
    for case in every(seed):
        kinds.setdefault(case.name.split()[0], []).append(case)
    for cases in kinds.values():
        chance.shuffle(cases)
    found: list[Case] = []
    while len(found) < number and any(kinds.values()):
        found += [cases.pop() for cases in kinds.values() if cases]
    return found[:number]


def main(words: list[str]) -> int:
    """Try every case whose name begins with one of the words; prints what is wrong."""
    from tests.drills.inputs import every

    bad = tried = 0
    for case in every(0):
        if words and not any(case.name.startswith(word) for word in words):
            continue
        tried += 1
        started = time.monotonic()
        found = problems(case)
        bad += bool(found)
        took = time.monotonic() - started
        if found or took > LIMIT / 3:
            print(f"{case.name}  ({took:.1f} s)", *found, sep="\n    ", flush=True)
    print(f"{bad} of {tried} malformed inputs are not taken as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
