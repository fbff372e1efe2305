"""The agent's main loop: load, report the routes, then execute batches until told to stop.

Frames on the socket are four bytes of length (big-endian) and JSON. A batch item is
[kind, method, path, query, headers, body in base64, stop at the door, websocket messages, the handler's numbers]; a result is
[status, headers, body, entered, elsewhere, stopped, finished, cut, functions that ran, microseconds, error, websocket facts].
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import socket
import struct
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import asgi, authentication, clients, contexts, discover, function_call, loader, probe, redirect, variables, wsgi
from .functions import innermost

_LENGTH = struct.Struct(">I")


class Wire:
    """Frames over a socket. Writes are whole: two threads may report, one at a time."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self.buffer = b""

    def read(self) -> Any:
        """The next message; None when the harness is gone."""
        head = self._exactly(4)
        if head is None:
            return None
        data = self._exactly(_LENGTH.unpack(head)[0])
        return None if data is None else json.loads(data)

    def _exactly(self, count: Any) -> Any:
        parts = []
        while count:
            part = self.connection.recv(min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def write(self, message: Any) -> None:
        data = json.dumps(message).encode("ascii")
        with self.lock:
            self.connection.sendall(_LENGTH.pack(len(data)) + data)


class Watchdog(threading.Thread):
    """Ends the process when one request takes longer than the limit, after reporting what was done before it."""

    def __init__(self, wire: Any) -> None:
        super().__init__(name="clerk-harness-watchdog", daemon=True)
        self.wire = wire
        self.deadline: float | None = None
        self.report: Any = None

    def run(self) -> None:
        ticks = 0
        while True:
            time.sleep(0.1)
            deadline = self.deadline
            ticks += 1
            if deadline is not None and ticks % 10 == 0:
                # A sign of life: without one the harness takes the whole process for stuck and kills it.
                self.wire.write({"beat": ticks})
            if deadline is not None and time.monotonic() > deadline and self.report is not None:
                message = self.report()
                if message is None:
                    continue
                try:
                    self.wire.write(message)
                finally:
                    os._exit(17)


class Agent:
    """One loaded target."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.probe = probe.Probe()
        self.app = None
        self.interface = None
        self.state: dict[str, Any] = {}
        self.redirect: Any = None
        self.table: dict[int, str] = {}
        self.app_dir = ""
        self.missing = variables.Missing("")
        self.beside: dict[int, set[int]] = {}
        """handler number -> handlers that its routes use as plain functions"""
        self.known = 0
        self.watchdog = Watchdog(wire)
        self.worker = ThreadPoolExecutor(1, "clerk-harness-wsgi")

    # Loading

    def configure(self, config: Any) -> None:
        """Redirect names and load the app."""
        self.redirect = redirect.Redirect(config["names"], config["fake_port"])
        self.redirect.install()
        clients.install(self.redirect)
        contexts.install()
        app_dir = self.app_dir = self.probe.app_dir = config["app_dir"]
        self.missing = variables.Missing(app_dir)
        self.missing.begin()
        self.app, self.interface = loader.load(config["app"], app_dir)
        self.known = len(discover.discover(self.app, self.interface))
        discover.openapi_of(self.app)  # Apps keep it: it is made while the harness prepares the database.

    def examine(self, config: Any) -> Any:
        """Find the routes and switch the probe on; returns the greeting for the harness."""
        routes = discover.discover(self.app, self.interface)
        if len(routes) != self.known:
            discover.forget_openapi(self.app)
        document, problem = discover.openapi_of(self.app)
        for number, route in enumerate(routes):
            self.probe.handler(route.endpoint, number)
        reader = authentication.mentions(self.app_dir)
        authentication.load_libraries(routes, self.app_dir, reader)
        shared = self._shared(routes, reader)
        for name, function in authentication.authentication_functions(
            routes, config["app_dir"], config["patterns"]
        ).items():
            if self.probe.number_of(function) in shared | {None}:
                self.probe.watch(function, name)
        watched = {code: self.probe.names[number] for code, number in self.probe.functions.items()}
        described = []
        for route in routes:
            inner = innermost(route.endpoint)
            known = self.probe.number_of(inner)
            inside = authentication.named_in(inner, watched, reader) if inner is not None else []
            described.append(route.describe([] if known is None else [known], inside))
        self.probe.install()
        return {
            "ok": True,
            "python": "%d.%d.%d" % sys.version_info[:3],
            "interface": self.interface,
            "probe": self.probe.kind,
            "routes": described,
            "functions": self.probe.names,
            "missing_variables": self.missing.end(),
            "openapi": document,
            "openapi_problem": problem,
            "mounted_documents": discover.mounted_documents(self.app),
            "blocked": self.redirect.blocked,
        }

    def _shared(self, routes: Any, reader: Any) -> Any:
        """Note which handlers each route uses as plain functions; returns all that any route uses so."""
        shared: set[int] = set()
        for route in routes:
            beside, inside = authentication.used_beside(route, self.probe, reader)
            shared |= beside | inside
            number = self.probe.number_of(innermost(route.endpoint))
            if number is not None:
                self.beside.setdefault(number, set()).update(beside)
        return shared

    # Executing

    def _result(self, answer: Any, trip: Any, micros: Any, error: Any) -> Any:
        return [
            answer.get("status"),
            answer.get("headers", []),
            answer.get("body", b"").decode("utf-8", "replace"),
            trip.entered,
            trip.elsewhere,
            trip.stopped,
            trip.finished,
            answer.get("cut", False),
            trip.ran,
            micros,
            error,
            answer.get("websocket"),
        ]

    async def _one(self, item: Any, loop: Any, base: Any, together: bool = False) -> Any:
        trip = probe.RequestTrace(
            bool(item[6]), item[8], {number for own in item[8] for number in self.beside.get(own, ())}
        )
        answer: dict[str, Any] = {}
        error = None
        started = time.perf_counter()
        context = base.copy()
        context.run(probe.CURRENT.set, trip)
        try:
            if item[0] == "call":
                await context.run(loop.create_task, _contained(function_call.call(item, answer)))
            elif self.interface == "wsgi" and together:
                await loop.run_in_executor(None, context.run, wsgi.call, self.app, item, answer)
            elif self.interface == "wsgi":
                # Not in the loop's own thread: Django's models refuse to work there, and async views of Flask.
                await loop.run_in_executor(self.worker, context.run, wsgi.call, self.app, item, answer)
            else:
                run = asgi.websocket if item[0] == "websocket" else asgi.http
                await context.run(loop.create_task, _contained(run(self.app, item, self.state, answer)))
        except probe.HandlerReached:
            pass
        except BaseException as problem:
            if answer.get("left") and isinstance(problem, asyncio.CancelledError):
                pass  # A stream that went on when its client had left.
            elif not trip.stopped:
                error = _summary(problem)
        trip.close()
        return self._result(answer, trip, int((time.perf_counter() - started) * 1e6), error)

    async def batch(self, message: Any) -> None:
        """Execute the items one after the other; the watchdog may cut it short."""
        items, limit = message["items"], message["limit"]
        self.table.update((int(number), value) for number, value in message["table"].items())
        for item in items:
            for field in item[4]:
                if not isinstance(field[1], str):
                    field[1] = self.table[field[1]]
        results: list[Any] = []
        loop = asyncio.get_running_loop()
        base = contextvars.copy_context()
        watchdog = self.watchdog
        finished = False

        def report() -> Any:
            if finished:
                return None
            where = _stuck_in(self.app_dir, loop)
            return {
                "id": message["id"],
                "results": list(results),
                "hung": True,
                "where": where,
                "blocked": self.redirect.blocked,
            }

        watchdog.report = report
        if message.get("together"):
            watchdog.deadline = time.monotonic() + limit
            results += await asyncio.gather(*(self._one(item, loop, base, True) for item in items))
            items = []
        for item in items:
            watchdog.deadline = time.monotonic() + limit
            results.append(await self._one(item, loop, base))
        finished = True
        watchdog.deadline = None
        self.wire.write({"id": message["id"], "results": results, "blocked": self.redirect.blocked})

    async def serve(self, config: Any) -> None:
        """Lifespan, greeting, batches, shutdown."""
        lifespan = asgi.Lifespan(self.app) if self.interface == "asgi" else None
        if lifespan is not None:
            await lifespan.start()
            self.state = lifespan.state
        self.wire.write(self.examine(config))
        self.watchdog.start()
        loop = asyncio.get_running_loop()
        while True:
            # Background tasks of the app go on while the agent waits.
            message = await loop.run_in_executor(None, self.wire.read) if lifespan is not None else self.wire.read()
            if message is None or message.get("op") == "stop":
                break
            await self.batch(message)
        if lifespan is not None:
            await lifespan.stop()


class _Exit(Exception):
    """The target wanted to end the process."""


async def _contained(call: Any) -> None:
    """A task that raises SystemExit would take the event loop with it."""
    try:
        await call
    except (SystemExit, KeyboardInterrupt) as problem:
        raise _Exit(type(problem).__name__) from None


def _summary(problem: Any) -> Any:
    while getattr(problem, "exceptions", None):
        problem = problem.exceptions[0]
    place = ""
    for frame in traceback.extract_tb(problem.__traceback__):
        if "site-packages" not in frame.filename and os.sep + "lib" + os.sep + "python" not in frame.filename:
            place = " at %s:%s" % (os.path.basename(frame.filename), frame.lineno)
    if isinstance(problem, _Exit):
        return str(problem) + place
    text = str(problem).strip().splitlines()
    return "%s: %s%s" % (type(problem).__name__, text[0][:300] if text else "", place)


def _awaiting(loop: Any) -> Any:
    """The frames in which the loop's suspended tasks wait, innermost last."""
    frames = []
    for task in asyncio.all_tasks(loop):
        coroutine: Any = task.get_coro()
        while coroutine is not None and getattr(coroutine, "cr_frame", None) is not None:
            frames.append(coroutine.cr_frame)
            coroutine = coroutine.cr_await
    return frames


def _stuck_in(app_dir: Any, loop: Any) -> Any:
    """Where in the target's own code its threads and tasks are, as `file:line function`."""
    places = []
    for frame in [*sys._current_frames().values(), *reversed(_awaiting(loop))]:
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(app_dir) and "site-packages" not in code.co_filename:
                places.append("%s:%s %s" % (os.path.relpath(code.co_filename, app_dir), frame.f_lineno, code.co_name))
                break
            frame = frame.f_back
    return ", ".join(dict.fromkeys(places))[:300]


def main() -> None:
    """Entry point: the number of the inherited socket is in the first argument."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = ["clerk-harness-agent"]
    wire = Wire(connection)
    agent = Agent(wire)
    config = wire.read()
    if config is None:
        return
    try:
        agent.configure(config)
        if wire.read() is not None:  # The database is there, or there is none.
            asyncio.run(agent.serve(config))
    except loader.LoadError as error:
        sys.stderr.write(error.trace)
        wire.write({"ok": False, "kind": error.kind, "message": error.message, "blocked": agent.redirect.blocked})
    except asgi.StartupFailed as error:
        wire.write(
            {
                "ok": False,
                "kind": "startup",
                "message": "the app refused to start: %s" % error,
                "blocked": agent.redirect.blocked,
            }
        )
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        pass
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads that the target left running must not keep the process.
        os._exit(0)
