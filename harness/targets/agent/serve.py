"""The agent's main loop: load the app, report its routes, then execute batches until the harness ends it. See `protocol`."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import socket
import sys
import time
import traceback
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import (
    asgi,
    asked,
    authentication,
    clients,
    contexts,
    discover,
    function_call,
    hooks,
    live_values,
    loader,
    outgoing,
    packages,
    probe,
    redirect,
    variables,
    wsgi,
)
from .diagnosis import ProcessExit, stuck_in, summary
from .exchange import Answer
from .frameworks import FoundRoute
from .functions import innermost, name_of, source_of
from .mentions import Mentions
from .protocol import Batch, Configuration, Failure, Hello, Hung, Item, Result, Results, RouteDescription, Source, Trace
from .wire import Watchdog, Wire


class Agent:
    """One loaded target."""

    def __init__(self, wire: Wire, configuration: Configuration) -> None:
        self.wire = wire
        self.configuration = configuration
        self.app_dir = configuration.app_dir
        self.probe = probe.Probe()
        self.probe.app_dir = self.app_dir
        self.app: Any = None
        """An ASGI or a WSGI callable, by `interface`."""
        self.interface = ""
        self.state: dict[str, Any] = {}
        more = redirect.settings(configuration.hooks)
        self.redirect = redirect.Redirect(configuration.names, configuration.fake_port, **more)
        self.missing = variables.Missing(self.app_dir)
        self.beside: dict[int, set[int]] = {}
        """handler number -> handlers that its routes use as plain functions"""
        self.recorder: asked.Recorder
        self.hooks: hooks.Hooks
        self.known = 0
        """How many routes the app had before it was started up."""
        self.watchdog = Watchdog(wire)
        self.worker = ThreadPoolExecutor(1, "clerk-harness-wsgi")

    # Loading

    def configure(self) -> None:
        """Redirect names and load the app. Raises LoadError."""
        self.redirect.install()
        os.environ.update(self.configuration.hooks)
        if "CLERK_HARNESS_ATTEMPTS" in self.configuration.hooks:
            outgoing.Outgoing(self.redirect, self.configuration.hooks["CLERK_HARNESS_ATTEMPTS"]).install()
        clients.install(self.redirect)
        contexts.install()
        self.missing.begin()
        self.app, self.interface = loader.load(self.configuration.app, self.app_dir)
        live_values.refuse(self.app_dir)
        self.known = len(discover.discover(self.app))
        discover.openapi_of(self.app)  # Apps cache it: it is made while the harness prepares the database.

    def examine(self) -> Hello:
        """Find the routes and switch the probe on; returns the greeting for the harness."""
        routes = discover.discover(self.app)
        if len(routes) != self.known:
            discover.forget_openapi(self.app)
        document, problem = discover.openapi_of(self.app)
        reader = authentication.mentions(self.app_dir)
        sources = self._watch(routes, reader)
        described = self._describe(routes, reader)
        apps = discover.around(self.app) if self.interface == "wsgi" else []
        self.recorder = asked.Recorder(self.app_dir, routes, self.probe, reader, apps)
        self.hooks = hooks.Hooks(self.recorder)
        self.hooks.install()
        self.probe.install()
        return Hello(
            python="%d.%d.%d" % sys.version_info[:3],
            interface=self.interface,
            probe=self.probe.kind,
            routes=described,
            functions=self.probe.names,
            missing_variables=self.missing.end(),
            openapi=document,
            openapi_problem=problem,
            mounted_documents=discover.mounted_documents(self.app),
            blocked=self.redirect.blocked,
            packages=packages.installed(),
            sources=sources,
        )

    def _watch(self, routes: list[FoundRoute], reader: Mentions) -> dict[str, Source]:
        """Let the probe watch the handlers, and the functions that may authenticate; where these and dependencies are."""
        for number, route in enumerate(routes):
            self.probe.watch_handler(route.endpoint, number)
        authentication.load_libraries(routes, self.app_dir, reader)
        shared = self._shared(routes, reader)
        found = authentication.authentication_functions(routes, self.app_dir, self.configuration.patterns, reader)
        for name, function in found.items():
            handler = self.probe.number_of(function)
            if handler is None or handler in shared:
                self.probe.watch(function, name)
        dependencies = {name_of(call): call for route in routes for call in route.dependencies}
        sources = {name: source_of(call) for name, call in {**dependencies, **found}.items()}
        return {name: source for name, source in sources.items() if source is not None}

    def _shared(self, routes: list[FoundRoute], reader: Mentions) -> set[int]:
        """Note which handlers each route uses as plain functions; returns all that any route uses so."""
        shared: set[int] = set()
        for route in routes:
            beside, inside = authentication.used_beside(route, self.probe, reader)
            shared |= beside | inside
            number = self.probe.number_of(innermost(route.endpoint))
            if number is not None:
                self.beside.setdefault(number, set()).update(beside)
        return shared

    def _describe(self, routes: list[FoundRoute], reader: Mentions) -> list[RouteDescription]:
        watched = {code: self.probe.names[number] for code, number in self.probe.functions.items()}
        described = []
        for route in routes:
            inner = innermost(route.endpoint)
            number = self.probe.number_of(inner)
            inside = authentication.named_in(inner, watched, reader) if inner is not None else []
            described.append(route.describe([] if number is None else [number], inside))
        return described

    # Executing

    async def _execute(
        self, item: Item, loop: asyncio.AbstractEventLoop, base: contextvars.Context, *, beside: bool
    ) -> Result:
        """Execute one item, alone or `beside` others, and return what came of it."""
        used = {number for own in item.handlers for number in self.beside.get(own, ())}
        trace = probe.RequestTrace(item.stop, item.handlers, used, learn=item if item.learn else None)
        answer = Answer()
        error = None
        clock = Clock(alone=not beside and self.interface == "asgi")

        def partly() -> Result | None:
            """What is there of an answer that has begun and has not ended."""
            if answer.began is None or not (answer.cut or answer.websocket):
                return None
            return _result(answer, trace.close(), clock, None)

        if not beside:
            self.watchdog.current, self.watchdog.answer = partly, answer
        context = base.copy()
        context.run(probe.CURRENT.set, trace)
        try:
            if item.kind == "call":
                await context.run(loop.create_task, _contained(function_call.call(item, answer)))
            elif self.interface == "wsgi":
                # Not in the loop's own thread: Django's models refuse to work there, and async views of Flask.
                worker = None if beside else self.worker
                await loop.run_in_executor(worker, context.run, wsgi.call, self.app, item, answer)
            else:
                run = asgi.websocket if item.kind == "websocket" else asgi.http
                app = self.hooks.asgi(self.app) if item.learn else self.app
                await context.run(loop.create_task, _contained(run(app, item, self.state, answer)))
        except probe.HandlerReached:
            pass
        except BaseException as problem:
            if answer.left and isinstance(problem, asyncio.CancelledError):
                pass  # A stream that went on when its client had left.
            elif not trace.stopped:
                error = summary(problem)
        self.watchdog.current = self.watchdog.answer = None
        if item.learn:
            self.recorder.finish(trace)
        return _result(answer, trace.close(), clock, error)

    async def _beside(
        self, batch: Batch, results: list[Result], loop: asyncio.AbstractEventLoop, base: contextvars.Context
    ) -> None:
        """Execute items beside each other, so many that as many are under way as the batch says. `results` has those that ended before
        any that has not.
        """
        ended: dict[int, Result] = {}
        begun: dict[int, float] = {}
        waiting = iter(enumerate(batch.items))

        async def work() -> None:
            for number, item in waiting:
                begun[number] = time.monotonic()
                self.watchdog.deadline = min(begun.values()) + batch.limit
                ended[number] = await self._execute(item, loop, base, beside=True)
                del begun[number]
                while len(results) in ended:
                    results.append(ended.pop(len(results)))

        await asyncio.gather(*(work() for _ in batch.items[: batch.at_once]))

    async def batch(self, batch: Batch) -> None:
        """Execute the items and send the results; the watchdog may cut it short."""
        results: list[Result] = []
        loop = asyncio.get_running_loop()
        base = contextvars.copy_context()
        watchdog = self.watchdog
        finished = False

        def report() -> Hung | None:
            if finished:
                return None
            where = stuck_in(self.app_dir, loop)
            answered = watchdog.current() if watchdog.current is not None else None
            some = [*results, answered] if answered is not None else list(results)
            return Hung(batch.number, some, self.redirect.blocked, where, answered is not None, batch.at_once > 1)

        watchdog.report = report
        if batch.at_once == 1:
            for item in batch.items:
                watchdog.deadline = time.monotonic() + batch.limit
                results.append(await self._execute(item, loop, base, beside=False))
        else:
            await self._beside(batch, results, loop, base)
        finished = True
        watchdog.deadline = None
        live_values.refuse_later(self.app_dir, batch.number)
        self.wire.write(Results(batch.number, results, self.redirect.blocked))

    async def serve(self) -> None:
        """Run lifespan startup, greeting, batches, and lifespan shutdown. Raises StartupFailed, and LoadError for
        an app that runs on a live key."""
        lifespan = asgi.Lifespan(self.app) if self.interface == "asgi" else None
        if lifespan is not None:
            await lifespan.start()
            self.state = lifespan.state
            live_values.refuse(self.app_dir)
        self.wire.write(self.examine())
        if hasattr(
            gc, "freeze"
        ):  # CPython: what the app is made of stays, and need not be searched for garbage again and again.
            gc.freeze()
        self.watchdog.start()
        loop = asyncio.get_running_loop()
        while True:
            # Background tasks of the app go on while the agent waits.
            message = await loop.run_in_executor(None, self.wire.read) if lifespan is not None else self.wire.read()
            if not isinstance(message, Batch):
                break
            await self.batch(message)
        if lifespan is not None:
            await lifespan.stop()


class Clock:
    """Takes the time of one item. `alone`: nothing runs beside it, so that the time of the processors is its own."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
        self.began, self.ran = time.perf_counter(), time.process_time()

    def micros(self) -> tuple[int, int]:
        """Return how long it took, and how long the process did nothing meanwhile, in microseconds; 0 where that is not known."""
        took = time.perf_counter() - self.began
        waited = took - (time.process_time() - self.ran) if self.alone else 0.0
        return int(took * 1e6), int(max(0.0, waited) * 1e6)


def _result(answer: Answer, trace: Trace, clock: Clock, error: str | None) -> Result:
    body = answer.body.decode("utf-8", "replace")
    return Result(answer.status, answer.headers, body, answer.cut, trace, *clock.micros(), error, answer.websocket)


async def _contained(call: Coroutine[Any, Any, None]) -> None:
    """Run a call in a task; a task that raises SystemExit would end the event loop."""
    try:
        await call
    except (SystemExit, KeyboardInterrupt) as problem:
        raise ProcessExit(type(problem).__name__) from None


def main() -> None:
    """Entry point: the number of the inherited socket is in the first argument."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = ["clerk-harness-agent"]
    wire = Wire(connection)
    configuration = wire.read()
    if not isinstance(configuration, Configuration):
        return
    agent = Agent(wire, configuration)
    code = 0
    try:
        agent.configure()
        if wire.read() is not None:  # `Go`.
            asyncio.run(agent.serve())
    except loader.LoadError as error:
        sys.stderr.write(error.trace)
        wire.write(Failure(error.kind, error.message, agent.redirect.blocked))
    except asgi.StartupFailed as error:
        wire.write(Failure("startup", "the app refused to start: %s" % error, agent.redirect.blocked))
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        pass
    except BaseException:  # A mistake of the agent: its last words are told.
        code = 70
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads that the target left running must not keep the process.
        os._exit(code)
