"""Runs are killed at their worst moments: no process is left, no temporary folder, no half report.

HARNESS_LONG=1 kills many more, at random moments of a whole run; HARNESS_SEED says which.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import MATRIX, write_suites
from tests.drills import hard_apps as apps
from tests.drills.kit import Victim, every_process, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and subreapers, which Linux has")
RUN = ("run", "--app", "backend:app", "--python", sys.executable, "--agents", "1", "--quiet")
COMMAND = ("run", "--command", f"{sys.executable} server.py", "--app-dir", ".", "--python", sys.executable, "--quiet")
DATABASE = '\n[database]\nmigrate = "python migrate.py"\n'
LONG = bool(os.environ.get("HARNESS_LONG"))


def project(folder: Path, *, app: str = "", server: str = "", migration: str = "", matrix: str = MATRIX) -> Victim:
    """A project whose one route is `GET /me`."""
    write_suites(folder / "suites", '"GET /me" = "public"', matrix=matrix + (DATABASE if migration else ""))
    for name, code in (("backend.py", app), ("server.py", server), ("migrate.py", migration)):
        (folder / name).write_text(code)
    return Victim.below(folder)


def test_killed_while_the_app_loops_at_its_import(tmp_path: Path) -> None:
    victim = project(tmp_path, app=apps.IMPORT_LOOP).start(*RUN).reaches("sign")
    victim.kill()
    victim.leaves_nothing()


def test_killed_while_a_handler_loops_and_holds_the_interpreter(tmp_path: Path) -> None:
    victim = project(tmp_path, app=apps.HANDLER_LOOP).start(*RUN).reaches("sign")
    victim.kill()
    victim.leaves_nothing()


def test_killed_while_an_app_has_a_daemon(tmp_path: Path) -> None:
    victim = project(tmp_path, app=apps.DAEMON_APP).start(*RUN).reaches("daemon")
    victim.kill()
    victim.leaves_nothing()


def test_killed_while_a_server_with_workers_and_a_daemon_is_asked(tmp_path: Path) -> None:
    victim = project(tmp_path, server=apps.SERVER).start(*COMMAND).reaches("daemon", "one", "two", "asked")
    victim.kill()
    victim.leaves_nothing()


def test_killed_while_the_issuer_runs_a_command(tmp_path: Path) -> None:
    shell = "sleep 1000 & (setsid sleep 1000 &) ; echo > sign; sleep 1000"
    victim = Victim.below(tmp_path).start("issuer", "--", "sh", "-c", shell).reaches("sign")
    victim.kill()
    victim.leaves_nothing()


def test_killed_while_a_migration_sleeps_on_a_postgres_that_works(tmp_path: Path) -> None:
    victim = project(tmp_path, app=apps.WORKING, migration=apps.MIGRATION).start(*RUN).reaches("sign", "daemon")
    victim.kill()
    victim.leaves_nothing()


@pytest.mark.parametrize("moment", ["data", "data/base", "server.log"])
def test_killed_while_postgres_starts(tmp_path: Path, moment: str) -> None:
    before = shared_memory()
    victim = project(tmp_path, app=apps.WORKING, migration="pass").start(*RUN)
    until(lambda: bool(list(victim.temporary.glob(f"*/pg-*/{moment}"))), f"no {moment}: {victim.output()}")
    victim.kill()
    victim.leaves_nothing()
    new = shared_memory() - before  # Of other servers too, which are just starting.
    until(lambda: not new & shared_memory(), f"left in shared memory: {new & shared_memory()}")


def shared_memory() -> set[str]:
    """The segments that nobody uses any more: Postgres leaves one when it is killed and not told to end."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {line.split()[1] for line in lines if line.split()[6] == "0"}


def test_pytest_and_its_workers_are_killed(tmp_path: Path) -> None:
    target = f'\n[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    victim = project(tmp_path, app=apps.HANDLER_LOOP, matrix=MATRIX + target)
    spare = ("-p", "no:schemathesis", "-p", "no:cacheprovider", "-q")
    victim.start("suites", "-n", "2", *spare, module="pytest").reaches("sign")
    assert victim.process is not None
    workers = children(victim.process.pid)
    for pid in (victim.process.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    victim.process.wait()
    victim.leaves_nothing()


def children(pid: int) -> list[int]:
    """The Python processes below one that are pytest's, not the harness's supervisor."""
    found = []
    for other in every_process():
        status = Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{other}/cmdline").read_bytes()
        if int(status[1]) == pid and b"supervisor" not in command:
            found.append(other)
    return found


def test_killed_with_its_supervisor_the_next_run_removes_its_folders(tmp_path: Path) -> None:
    victim = project(tmp_path, app=apps.IMPORT_LOOP).start(*RUN).reaches("sign")
    assert victim.process is not None
    below = [pid for pid in every_process() if b"supervisor.main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    (supervisor,) = [
        pid
        for pid in below
        if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == victim.process.pid
    ]
    os.kill(supervisor, signal.SIGKILL)
    victim.kill()
    until(lambda: not victim.left(), "something is left running")
    assert victim.folders() != []
    (tmp_path / "backend.py").write_text(apps.WORKING)
    victim.start(*RUN)
    assert victim.process.wait(60) in (0, 1), victim.output()
    victim.left_nothing()


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_an_ordinary_end_leaves_no_daemon(tmp_path: Path, number: signal.Signals | None) -> None:
    victim = project(tmp_path, app=apps.DAEMON_APP, migration="pass").start(*RUN)
    assert victim.process is not None
    if number is not None:
        victim.reaches("daemon")
        victim.process.send_signal(number)
    code = victim.process.wait(60)
    assert code in ((0, 1) if number is None else (128 + number,)), victim.output()
    assert (tmp_path / "daemon").exists()
    victim.left_nothing()


def test_a_commands_daemon_ends_with_the_run(tmp_path: Path) -> None:
    victim = project(tmp_path, server=apps.SERVER).start(*COMMAND)
    assert victim.process is not None
    assert victim.process.wait(60) in (0, 1), victim.output()
    assert (tmp_path / "daemon").exists()
    victim.left_nothing()


def test_a_command_of_the_issuer_leaves_nothing_and_its_exit_code_is_told(tmp_path: Path) -> None:
    victim = Victim.below(tmp_path).start("issuer", "--", "sh", "-c", "sleep 1000 & (setsid sleep 1000 &) ; exit 7")
    assert victim.process is not None
    assert victim.process.wait(60) == 7, victim.output()
    victim.left_nothing()


@pytest.mark.skipif(not LONG, reason="HARNESS_LONG=1 kills 200 runs, which takes long")
def test_kills_at_random_moments(tmp_path_factory: pytest.TempPathFactory) -> None:
    seed = int(os.environ.get("HARNESS_SEED", "11"))
    moments = random.Random(seed)
    folder = tmp_path_factory.mktemp("whole")
    victim = project(folder, app=apps.WORKING, migration="pass").start(*RUN)
    started = time.monotonic()
    assert victim.process is not None
    assert victim.process.wait(60) in (0, 1), victim.output()
    length = time.monotonic() - started
    for number in range(200):
        victim = project(folder, app=apps.WORKING, migration="pass").start(*RUN)
        moment = moments.uniform(0, length)
        time.sleep(moment)  # A moment is what is drawn here, not something to wait for.
        victim.kill()
        try:
            victim.leaves_nothing()
        except AssertionError as error:
            raise AssertionError(f"kill {number} of seed {seed}, after {moment:.3f} s: {error}") from error
