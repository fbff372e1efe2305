"""One agent process: started in the target's own Python, asked over a socket, replaced when it hangs or dies."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from harness.core import processes
from harness.core.errors import StartHung, TargetError, UnsafeError
from harness.core.temporary import temporary_folder
from harness.targets.agent.protocol import (
    LENGTH,
    LIVE_KEY,
    Batch,
    Codec,
    Configuration,
    Failure,
    Go,
    Heartbeat,
    Hello,
    Hung,
    Item,
    Message,
    Result,
    Results,
    Stop,
)
from harness.targets.base import Call, Observation, Partial
from harness.targets.host_redirect import Names

_AGENT = Path(__file__).parent / "agent"
_BOOT = """
import importlib.util, sys
name, folder = "_clerk_harness_agent", sys.argv[2]
spec = importlib.util.spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
module = importlib.util.module_from_spec(spec); sys.modules[spec.name] = module; spec.loader.exec_module(module)
from _clerk_harness_agent.serve import main
main()
"""
_SOCKET = 3
"""The descriptor by which the agent knows its socket."""
_GRACE = 5.0
"""Seconds without a sign of life, beyond the limit of a call, after which an agent is killed."""
_STOP_LIMIT = 6.0
"""Seconds that an app may take to shut down before its process is killed."""


@dataclass(frozen=True)
class AppSpec:
    """Which app, and how to start it.

    `environments`: the variables of each agent. `names`: host names that lead to the fake Clerk at `fake_port`. `patterns`:
    functions to watch besides those that are found. `start_limit` is in seconds. `redirection` is that of the processes which the
    app starts, and tells what else the app may reach.
    """

    app: str
    app_dir: Path
    python: str
    environments: list[dict[str, str]]
    names: tuple[str, ...]
    fake_port: int
    patterns: tuple[str, ...] = ()
    start_limit: float = 60.0
    redirection: Names | None = None


class AgentProcess:
    """One agent process and the lane over it."""

    def __init__(self, spec: AppSpec, number: int) -> None:
        self.spec = spec
        self.number = number
        self.directory = temporary_folder("agent")
        self.log = self.directory / "output.log"
        self.process: processes.Child | None = None
        self.hello: Hello | None = None
        """What the agent reported when its app had started."""
        self.blocked: list[str] = []
        self._socket: socket.socket | None = None
        self._codec = Codec()
        self._buffer = bytearray()
        self._calls: list[Call] = []
        self._limit = 0.0
        self._last_sign = 0.0
        self._batch = 0

    def launch(self) -> None:
        """Start the process, which loads the app and waits for `greet`. Raises TargetError when Python cannot be started."""
        ours, theirs = socket.socketpair()
        command = [self.spec.python, "-c", _BOOT, str(_SOCKET), os.fspath(_AGENT)]
        try:
            with self.log.open("ab") as log:
                self.process = processes.start(
                    command,
                    cwd=self.spec.app_dir,
                    env=self.spec.environments[self.number],
                    files=(processes.DEVNULL, log.fileno(), log.fileno(), theirs.fileno()),
                )
        except (OSError, ValueError) as error:  # ValueError: a NUL byte.
            ours.close()
            reason = getattr(error, "strerror", None) or error
            raise TargetError(f"--python {self.spec.python}: cannot be started: {reason}") from error
        finally:
            theirs.close()
        self._socket = ours
        self._buffer.clear()
        self._codec = Codec()
        spec = self.spec
        hooks = spec.redirection.hooks(spec.environments[self.number]) if spec.redirection is not None else {}
        names, patterns = list(spec.names), list(spec.patterns)
        with contextlib.suppress(OSError):  # What is no Python may have ended already: `greet` tells.
            self._write(Configuration(spec.app, str(spec.app_dir), names, spec.fake_port, patterns, hooks))

    def greet(self) -> Hello:
        """Let the app start up, and wait for its routes. Raises TargetError with the app's own words, StartHung after the limit,
        UnsafeError for an app that runs on a live key."""
        with contextlib.suppress(OSError):  # A process that ended has a last message, which is still to be read.
            self._write(Go())
        message = self._first_message()
        if isinstance(message, Failure):
            self._note_blocked(message.blocked)
            self._refuse_live_key(message)
            self.kill()
            note = f"; refused connection to {', '.join(self.blocked)}" if self.blocked else ""
            raise TargetError(f"--app {self.spec.app}: {message.message}{note}")
        assert isinstance(message, Hello)
        self._note_blocked(message.blocked)
        self.hello = message
        return message

    def _refuse_live_key(self, failure: Failure) -> None:
        """Raise UnsafeError where the agent tells of an app that runs on a live key."""
        if failure.kind == LIVE_KEY:
            self.kill()
            raise UnsafeError(f"--app {self.spec.app}: {failure.message}")

    def _first_message(self) -> Message:
        assert self._socket is not None
        deadline = time.monotonic() + self.spec.start_limit
        try:
            message = self._read(deadline)
        except TimeoutError:
            self.kill()
            raise StartHung(
                f"--app {self.spec.app}: not loaded within {self.spec.start_limit:.0f} s (a start-up that waits for something?)"
                f"{self._tail()}"
            ) from None
        except (EOFError, OSError):
            code = self._ended()
            raise TargetError(
                f"--app {self.spec.app}: the process ended ({code}) while loading the app{self._tail()} (--python {self.spec.python})"
            ) from None
        self._socket.settimeout(None)
        return message

    # The lane

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        """Hand a batch to the agent. `limit` is in seconds for each call; `at_once`: how many run beside each other.

        An agent that was lost is replaced. Raises TargetError where its app does not start again.
        """
        if self._socket is None:
            self.replace()
        self._calls, self._limit, self._last_sign = calls, limit, time.monotonic()
        self._batch += 1
        with contextlib.suppress(OSError):  # A dead agent is noticed in `collect`.
            self._write(Batch(self._batch, limit, [_item(call) for call in calls], at_once))

    def fileno(self) -> int:
        """Return the socket to the agent."""
        assert self._socket is not None
        return self._socket.fileno()

    def collect(self) -> Partial | None:
        """Return the results of the batch, or of its first calls when the agent hung or died; the next batch has another."""
        while True:
            try:
                message = self._read(time.monotonic() + self._limit + _GRACE)
            except TimeoutError:
                return self._lost(died=False)
            except (EOFError, OSError):
                return self._lost(died=True)
            self._last_sign = time.monotonic()
            if isinstance(message, (Results, Hung)):
                return self._partial(message)
            if isinstance(message, Failure):
                self._refuse_live_key(message)
            assert isinstance(message, Heartbeat)
            if not self._first_frame():  # What came in the same packet is not announced again.
                return None

    def _partial(self, message: Results | Hung) -> Partial:
        self._note_blocked(message.blocked)
        observations = [
            self._observation(call, result) for call, result in zip(self._calls, message.results, strict=False)
        ]
        if isinstance(message, Hung):
            if message.beside:
                self.kill()
                return Partial(observations, alone=True)
            if not message.answered:
                observations.append(Observation(hung=True, micros=int(self._limit * 1e6), error=message.where or None))
            self.kill()
        return Partial(observations)

    def overdue(self) -> Partial | None:
        """End an agent that gives no sign of life, and return what is known of its batch; None while it is alive."""
        if not self._calls or time.monotonic() - self._last_sign < self._limit + _GRACE:
            return None
        return self._lost(died=False)

    def _note_blocked(self, names: list[str]) -> None:
        """Add what the process was refused; it is kept when the process is replaced."""
        self.blocked += [name for name in names if name not in self.blocked]

    def _lost(self, *, died: bool) -> Partial:
        how = self._ended()
        if len(self._calls) > 1:
            return Partial([], alone=True)
        return Partial(
            [Observation(died=died, hung=not died, micros=int(self._limit * 1e6), error=how if died else None)]
        )

    def replace(self) -> None:
        """End the process and start another. Raises TargetError when the app does not start."""
        self.kill()
        self.launch()
        self.greet()

    def _observation(self, call: Call, result: Result) -> Observation:
        assert self.hello is not None
        names = self.hello.functions
        trace = result.trace
        return Observation(
            status=result.status,
            headers=result.headers,
            body=result.body,
            entered=trace.entered if call.route.handlers else None,
            elsewhere=trace.elsewhere,
            stopped=trace.stopped,
            finished=trace.finished,
            cut=result.cut,
            ran=[(names[number], consented, phase) for number, consented, phase in trace.ran],
            micros=result.micros,
            waited=result.waited,
            error=result.error,
            websocket=result.websocket,
            asked=trace.asked,
        )

    # The wire

    def _write(self, message: Message) -> None:
        assert self._socket is not None
        self._socket.sendall(self._codec.encode(message))

    def _first_frame(self) -> int:
        """Where the first frame in the buffer ends, when it is there whole; else 0."""
        if len(self._buffer) < LENGTH.size:
            return 0
        end = LENGTH.size + int(LENGTH.unpack_from(self._buffer)[0])
        return end if len(self._buffer) >= end else 0

    def _read(self, deadline: float | None = None) -> Message:
        """Return the next message. Raises EOFError when the agent is gone, TimeoutError at the deadline (time.monotonic)."""
        assert self._socket is not None
        while True:
            if end := self._first_frame():
                message = self._codec.decode(self._buffer[LENGTH.size : end])
                del self._buffer[:end]
                return message
            if deadline is not None:
                self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            data = self._socket.recv(1 << 20)
            if not data:
                raise EOFError
            self._buffer += data

    def _ended(self) -> str:
        """How the process ended, in words."""
        self.kill()
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _tail(self) -> str:
        """The last line that the process printed, for the user."""
        lines = (
            [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
            if self.log.exists()
            else []
        )
        return f"; its last words: {lines[-1][:300]}" if lines else ""

    def kill(self) -> None:
        """End the process and everything it started."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self.process is not None:
            self.process.close()

    def stop(self) -> None:
        """Let an app that has started shut down, then end the process."""
        if self.hello and self._socket is not None and self.process is not None and self.process.poll() is None:
            with contextlib.suppress(OSError):
                self._write(Stop())
                self.process.wait(timeout=_STOP_LIMIT)
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def _item(call: Call) -> Item:
    """A call as the agent gets it."""
    request = call.request
    return Item(
        request.kind,
        request.method,
        request.path,
        request.query,
        request.headers,
        request.body,
        call.stop,
        request.messages,
        sorted(call.route.handlers),
        call.learn,
    )
