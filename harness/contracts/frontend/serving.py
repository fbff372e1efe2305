"""The front end of a run: started by its command, or its files served as they are, or running already."""

from __future__ import annotations

import contextlib
import http.client
import mimetypes
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.contracts.frontend.declaration import FrontendFile
from harness.core.errors import DeclarationError, TargetError
from harness.core.ports import free_port
from harness.core.text import quoted
from harness.targets.command import Running

_ASK_AGAIN = 0.05
_PLACEHOLDER = re.compile(rb"%([A-Z][A-Z0-9_]+)%")
_OF_THE_CONNECTION = ("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")
_TEXT = {".html", ".js", ".mjs", ".json", ".css", ".txt"}


def filled(value: str, known: Mapping[str, str], where: str) -> str:
    """A value of the declaration with its placeholders filled in. Raises DeclarationError for one that nobody knows."""
    try:
        return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], value)
    except KeyError as error:
        name = str(error).strip("'")
        raise DeclarationError(
            f"{where}: {{{name}}} is unknown; there are {', '.join(f'{{{n}}}' for n in known)}"
        ) from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: browsers break off at any time."""


class _Handler(BaseHTTPRequestHandler):
    """Answers for a folder."""

    files: Files
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if (goal := self.files.goal(self.path)) is not None:
            self._forward(goal)
            return
        status, kind, body = self.files.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if (goal := self.files.goal(self.path)) is not None:
            self._forward(goal)
        else:
            self.send_error(405)

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST

    def _forward(self, goal: str) -> None:
        self.close_connection = True
        length = int(self.headers.get("content-length") or 0)
        try:
            status, fields, body = self.files.forward(
                self.command, goal, dict(self.headers.items()), self.rfile.read(length)
            )
        except OSError:
            self.send_error(502)
            return
        self.send_response(status)
        for name, value in fields:
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class Files:
    """Serves the files of a folder: `/dashboard` is `dashboard.html`, and what is no file is `index.html`, as hosts of
    single-page apps do. `%NAME%` in texts is the variable of that name, as in Vite's HTML. What begins with a path of
    `forwarded` goes to `backend`, to the path there, as the proxies of such hosts do it.
    """

    def __init__(self, folder: Path, port: int, backend: str = "", forwarded: Mapping[str, str] | None = None) -> None:
        """Raises OSError when the port is taken."""
        self.folder, self.variables = folder.resolve(), dict[str, str]()
        self.backend, self.forwarded = urlsplit(backend), dict(forwarded or {})
        self._server = _Server(("127.0.0.1", port), type("_HandlerOfOne", (_Handler,), {"files": self}))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="clerk-harness-files", daemon=True
        )
        self._thread.start()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """The status, the type and the body for a path."""
        file = self._find(path)
        if file is None:
            return 404, "text/plain", b"no such file\n"
        body = file.read_bytes()
        if file.suffix in _TEXT:
            body = _PLACEHOLDER.sub(self._variable, body)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return 200, f"{kind}; charset=utf-8" if file.suffix in _TEXT else kind, body

    def goal(self, path: str) -> str | None:
        """Where at the backend a path leads; None for one of the front end's own."""
        return next(
            (to + path.removeprefix(begin) for begin, to in self.forwarded.items() if path.startswith(begin)), None
        )

    def forward(
        self, method: str, path: str, fields: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the backend answers. Raises OSError where it does not."""
        kept = {name: value for name, value in fields.items() if name.lower() not in (*_OF_THE_CONNECTION, "host")}
        connection = http.client.HTTPConnection("127.0.0.1", self.backend.port or 80, timeout=30)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body or None, kept)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            except http.client.HTTPException as error:
                raise OSError(str(error)) from error

    def _variable(self, found: re.Match[bytes]) -> bytes:
        value = self.variables.get(found[1].decode())
        return found[0] if value is None else value.encode()

    def _find(self, path: str) -> Path | None:
        plain = urllib.request.url2pathname(path).lstrip("/")
        for each in (plain, f"{plain}.html", f"{plain}/index.html", "" if Path(plain).suffix else "index.html"):
            file = (self.folder / each).resolve()
            if each and file.is_file() and file.is_relative_to(self.folder):
                return file
        return None

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class Front:
    """Where the front end is, before and after it serves. `known`: what its variables may name."""

    def __init__(self, file: FrontendFile, suites: Path) -> None:
        self.file, self.where = file, suites / "frontend.toml"
        port = free_port() if "{port}" in file.url else 0
        self.origin = file.url.replace("{port}", str(port))
        self.known = {"origin": self.origin, "port": self.origin.rpartition(":")[2]}

    @contextmanager
    def serving(self, folder: Path, environment: dict[str, str], known: Mapping[str, str]) -> Iterator[None]:
        """Serve it while the context lasts. Raises TargetError where it does not come up, DeclarationError for its file."""
        file = self.file
        own = {name: filled(value, known, f"{self.where}: variables.{name}") for name, value in file.variables.items()}
        if file.dir is not None and file.command is None:
            try:
                files = Files(folder, int(self.known["port"]), known["backend"], file.api)
            except (OSError, ValueError) as error:
                raise TargetError(
                    f"{self.where}: url {self.origin}: {error}; leave `url` out for a free port"
                ) from error
            with contextlib.closing(files):
                files.variables = {**_publishable(environment), **own}
                yield
        elif file.command is not None:
            command = filled(file.command, known, f"{self.where}: command")
            path = os.pathsep.join((os.fspath(folder / "node_modules/.bin"), environment.get("PATH", os.defpath)))
            try:
                running = Running(command, folder, environment | {"PATH": path} | own | {"PORT": self.known["port"]})
            except TargetError as error:  # It tells of the option, which nobody has given.
                said = str(error).removeprefix("--command ")
                raise TargetError(f"{self.where}: command {said}") from None
            with contextlib.closing(running):
                self._await(running)
                yield
        else:
            self._await(None)
            yield

    def _await(self, running: Running | None) -> None:
        """Wait until it answers. Raises TargetError where it has ended, or does not answer in time."""
        address, limit = self.origin + self.file.ready, self.file.start_within
        deadline = time.monotonic() + limit
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
        failed = ""
        while True:
            with contextlib.suppress(OSError, ValueError):
                try:
                    opener.open(address, timeout=5).close()
                    return
                except urllib.error.HTTPError as error:
                    error.close()
                    if error.code < 500:
                        return
                    failed = f"it answers {error.code}"
            if running is not None and (code := running.ended()) is not None:
                raise TargetError(
                    f"{self.where}: command {quoted(self.file.command or '')!r} ended with {code}: {running.error()}"
                )
            if running is None or time.monotonic() > deadline:
                said = f" after {limit:g} s; it last said: {running.last_words()}" if running is not None else ""
                what = f"{address} is not ready: {failed}" if failed else f"nothing answers at {address}"
                raise TargetError(f"{self.where}: {what}{said}")
            time.sleep(_ASK_AGAIN)


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: where it leads need not exist for this process."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _publishable(environment: Mapping[str, str]) -> dict[str, str]:
    """What pages may know of the environment: no secret of the backend's."""
    return {name: value for name, value in environment.items() if name.endswith("CLERK_PUBLISHABLE_KEY")}


def environment_for_front(environment: dict[str, str], publishable_key: str) -> dict[str, str]:
    """The variables of its command: those of a command of the target, and the publishable key by the names of the usual tools."""
    names = ("VITE_CLERK_PUBLISHABLE_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY", "PUBLIC_CLERK_PUBLISHABLE_KEY",
             "NUXT_PUBLIC_CLERK_PUBLISHABLE_KEY", "REACT_APP_CLERK_PUBLISHABLE_KEY")  # fmt: skip
    return environment | dict.fromkeys(names, publishable_key) | {"BROWSER": "none"}
