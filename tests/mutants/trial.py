"""A mutation in a forked process: its function's code is replaced, and the tests that execute the changed lines are run."""

from __future__ import annotations

import ast
import gc
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.mutants.mutations import ROOT, Mutation

Functions = dict[tuple[str, int, str], list[FunctionType]]

QUIET = 5.0
"""Seconds without any work, beside what the test takes, after which a process that waits will wait for ever."""


def live_functions(paths: Sequence[str]) -> Functions:
    """Functions of these files, by path, first line and name, wherever they are held: in classes, properties, registries."""
    files = {str(ROOT / path): path for path in paths}
    found: Functions = {}
    for each in gc.get_objects():
        # Nothing can be derived from a function's type, and `isinstance` would ask a lazy object what it is, which runs it.
        if type(each) is FunctionType and each.__code__.co_filename in files:
            code = each.__code__
            found.setdefault((files[code.co_filename], code.co_firstlineno, code.co_name), []).append(each)
    return found


def install(mutation: Mutation, functions: Functions) -> None:
    """Let the mutated function take its original's place in this process. Raises SyntaxError, KeyError or ValueError."""
    text = mutation.apply((ROOT / mutation.path).read_text(encoding="utf-8"))
    name = mutation.function.rpartition(".")[2]
    module = compile(text, str(ROOT / mutation.path), "exec", dont_inherit=True)
    code = next(each for each in _codes(module) if (each.co_firstlineno, each.co_name) == (mutation.line, name))
    for function in functions[mutation.path, mutation.line, name]:
        function.__code__ = code
        if mutation.in_signature:
            _set_defaults(function, text)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _set_defaults(function: FunctionType, text: str) -> None:
    node = next(
        each
        for each in ast.walk(ast.parse(text))
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
        and each.name == function.__name__
        and min([each.lineno, *(one.lineno for one in each.decorator_list)]) == function.__code__.co_firstlineno
    )

    def value(expression: ast.expr) -> Any:
        return eval(compile(ast.Expression(expression), "default", "eval"), function.__globals__)

    function.__defaults__ = tuple(map(value, node.args.defaults)) or None
    given = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    function.__kwdefaults__ = {each.arg: value(default) for each, default in given if default is not None}


@dataclass
class Trial:
    """A child process that runs tests until one fails."""

    mutation: Mutation | None
    """None where it is tried whether a test passes alone, without any change."""
    tests: list[pytest.Item]
    pid: int = 0
    pipe: int = -1
    folder: str = ""
    begun: int = 0
    """How many of the tests have begun."""
    said: bytes = b""
    moved: float = field(default_factory=time.monotonic)
    """When it last did some work."""
    work: str = ""

    def outcome(self, status: int) -> tuple[str, str]:
        """What became of it and by which test: `killed`, `timeout`, `crash`, `invalid` or `alive`."""
        verdict = self.said.rpartition(b"\n")[2]
        by = self.tests[max(self.begun - 1, 0)].nodeid if self.tests else ""
        if verdict.startswith(b"{"):
            told = json.loads(verdict)
            return told["state"], by if told["state"] != "alive" else told.get("why", "")
        timed = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGKILL)
        return "timeout" if timed else "crash", by


class Failed:
    """A plugin that remembers whether a test has failed."""

    seen = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seen = self.seen or report.failed


def made_keys(number: int = 24) -> list[RSAPrivateKey]:
    """RSA keys, which take the most of the time of many tests to make: no process has one of them twice."""
    return [rsa.generate_private_key(65537, 2048) for _ in range(number)]


@dataclass
class Bench:
    """What every trial needs of the parent."""

    functions: Functions
    cpu: Mapping[str, float]
    """Seconds of work that each test takes."""
    failed: Failed
    keys: list[RSAPrivateKey] = field(default_factory=made_keys)


def begin(trial: Trial, bench: Bench) -> None:
    """Fork the child of a trial."""
    reading, writing = os.pipe()
    trial.folder = tempfile.mkdtemp(prefix="mutant-")
    trial.pid = os.fork()
    if trial.pid:
        os.close(writing)
        trial.pipe = reading
        return
    code = 1
    try:
        in_child(trial.folder, bench.keys)
        code = _run(trial, bench, writing)
    finally:
        os._exit(code)


def in_child(folder: str, keys: Sequence[RSAPrivateKey] = ()) -> None:
    """Stand apart from the parent: session, output, temporary files. Keys that it has made are taken before new ones."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = folder
    left, usual = list(keys), rsa.generate_private_key

    def generate(public_exponent: int, key_size: int, backend: Any = None) -> RSAPrivateKey:
        return left.pop() if left and key_size == 2048 else usual(public_exponent, key_size, backend)

    rsa.generate_private_key = generate


def _run(trial: Trial, bench: Bench, pipe: int) -> int:
    def say(**told: str) -> int:
        os.write(pipe, b"\n" + json.dumps(told).encode())
        return 0

    if trial.mutation:
        try:
            install(trial.mutation, bench.functions)
        except (SyntaxError, KeyError, ValueError, StopIteration) as error:
            return say(state="invalid", why=f"{type(error).__name__}: {error}")
    for item, following in zip(trial.tests, [*trial.tests[1:], None], strict=True):
        os.write(pipe, b".")
        signal.setitimer(signal.ITIMER_PROF, 1.0 + 5 * bench.cpu[item.nodeid])
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:
            return say(state="killed")
        if bench.failed.seen:
            return say(state="killed")
    return say(state="alive")


def watch(trials: list[Trial], wall: Mapping[str, float]) -> list[tuple[Trial, str, str]]:
    """Wait a moment for what the trials say; those that have ended, and those that waited for ever and were ended."""
    ready, _, _ = select.select([each.pipe for each in trials], [], [], 0.25)
    now, over = time.monotonic(), []
    for trial in trials:
        said = b""
        if trial.pipe in ready:
            said = os.read(trial.pipe, 65536)
            trial.said += said
            trial.begun, trial.moved = trial.said.partition(b"\n")[0].count(b"."), now
        if (work := _work(trial.pid)) != trial.work:
            trial.work, trial.moved = work, now
        current = trial.tests[max(trial.begun - 1, 0)].nodeid if trial.tests else ""
        gone = trial.pipe in ready and not said
        if gone or trial.said.endswith(b"}") or now - trial.moved > QUIET + 5 * wall.get(current, 0):
            over.append((trial, *trial.outcome(_end(trial, gone))))
    return over


def _work(pid: int) -> str:
    """Something that changes while a process works or waits for a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return str(time.monotonic()) if fields[0] in "RD" else " ".join(fields[11:15])


def _end(trial: Trial, gone: bool) -> int:
    """End the child, if it is not gone by itself, and what it started; its wait status."""
    status = os.waitpid(trial.pid, 0)[1] if gone else None
    with suppress(ProcessLookupError):
        os.killpg(trial.pid, signal.SIGKILL)
    if status is None:
        status = os.waitpid(trial.pid, 0)[1]
    os.close(trial.pipe)
    shutil.rmtree(trial.folder, ignore_errors=True)
    return status
