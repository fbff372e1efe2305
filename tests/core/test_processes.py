"""Whatever is started ends: when it is closed, when the harness ends, and when that or the supervisor is killed."""

from __future__ import annotations

import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core import processes
from tests.conftest import ROOT

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="daemons are found on Linux only: docs/targets.md says so")
DAEMON = """
import os, sys, time
def tell(name):
    open(name + ".new", "w").write(str(os.getpid()))
    os.rename(name + ".new", name)
    os.write(writer, b".")
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        tell("daemon")
        time.sleep(1000)
    os._exit(0)
os.wait()
if os.fork() == 0:
    tell("worker")
    time.sleep(1000)
os.read(reader, 1), os.read(reader, 1)  # Both have told.
tell("parent")
"""
LINGER = DAEMON + "time.sleep(1000)\n"
NAMES = ("daemon", "worker", "parent")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool]) -> None:
    """For what a process that is no child of ours does; it can only be looked for."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 60 s")


def pids(folder: Path, names: tuple[str, ...] = NAMES) -> list[int]:
    """The process ids that the started program has told, once it has."""
    until(lambda: all((folder / name).exists() for name in names))
    return [int((folder / name).read_text()) for name in names]


def start(code: str, folder: Path) -> processes.Child:
    return processes.start([sys.executable, "-c", code], cwd=folder, env=dict(os.environ))


@LINUX
def test_closing_ends_daemons_too(tmp_path: Path) -> None:
    child = start(LINGER, tmp_path)
    found = pids(tmp_path)
    assert all(map(alive, found))
    assert child.pid == found[2]
    assert child.poll() is None
    assert child.close() == -signal.SIGKILL
    assert not any(map(alive, found))


@LINUX
def test_a_command_that_was_run_leaves_nothing_and_nobody_waits_for_its_daemons(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DAEMON + "print('done'); sys.exit(3)"]
    done = processes.run(command, cwd=tmp_path, env=dict(os.environ), timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "done\n", "")
    assert not any(map(alive, pids(tmp_path)))


@LINUX
def test_one_tree_ends_and_another_goes_on(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (start(LINGER, folder) for folder in folders)
    ended, going = pids(folders[0]), pids(folders[1])
    one.close()
    assert not any(map(alive, ended))
    assert all(map(alive, going))
    two.close()
    assert not any(map(alive, going))


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    code = "import os, time\nprint(os.getpid(), file=open('parent', 'w'), flush=True)\ntime.sleep(1000)"
    with pytest.raises(TimeoutError):
        processes.run([sys.executable, "-c", code], cwd=tmp_path, env=dict(os.environ), timeout=0.5)
    assert not any(alive(int(path.read_text() or 0)) for path in tmp_path.iterdir())


def test_exit_codes_are_told(tmp_path: Path) -> None:
    def ended(code: str) -> int:
        child = start(code, tmp_path)
        try:
            return child.wait(60)
        finally:
            child.close()

    assert ended("raise SystemExit(7)") == 7
    assert ended("import os; os.kill(os.getpid(), 11)") == -11
    assert ended("pass") == 0


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        processes.start(["no-such-program"], cwd=tmp_path, env={"PATH": "/bin"})
    with pytest.raises(FileNotFoundError):
        processes.start(["sh"], cwd=tmp_path / "nowhere", env=dict(os.environ))
    (tmp_path / "plain").write_text("words")
    with pytest.raises(PermissionError):
        processes.start([str(tmp_path / "plain")], cwd=tmp_path, env={})


def test_a_child_gets_its_files_its_variables_and_usual_signals(tmp_path: Path) -> None:
    code = (
        "import os, signal; os.write(3, repr((sorted(os.environ), os.environb[b'WORD'], os.getcwd(), os.getsid(0) == os.getpid(),"
        " [signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGQUIT)],"
        " sorted(os.listdir('/proc/self/fd'))[:-1] if os.path.exists('/proc/self/fd') else ['0', '1', '2', '3'])).encode())"
    )
    reader, writer = os.pipe()
    child = processes.start(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, env={"WORD": "grün\udcff"}, files=(-1, -1, -1, writer)
    )
    os.close(writer)
    child.wait(60)
    child.close()
    told = eval(os.read(reader, 4096))
    os.close(reader)
    names = [name for name in told[0] if name != "LC_CTYPE"]  # Python's own, in the C locale.
    assert names == [processes.MARKER, "WORD"]
    assert told[1:] == ("grün\udcff".encode("utf-8", "surrogateescape"), str(tmp_path), True, [True] * 4, list("0123"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_processes_end_as_well(tmp_path: Path) -> None:
    account = pwd.getpwnam("nobody")
    child = processes.start(["sleep", "1000"], cwd="/", env=dict(os.environ), user=(account.pw_uid, account.pw_gid))
    assert Path(f"/proc/{child.pid}").stat().st_uid == account.pw_uid
    assert child.close() == -signal.SIGKILL
    assert not alive(child.pid)


def test_it_may_end_by_itself_first(tmp_path: Path) -> None:
    code = "import signal, sys; signal.signal(signal.SIGQUIT, lambda *_: sys.exit(5)); print(); sys.stdout.close(); signal.pause()"
    reader, writer = os.pipe()
    child = processes.start(
        [sys.executable, "-c", code], cwd=tmp_path, env=dict(os.environ), files=(-1, writer, -1), last=signal.SIGQUIT, patience=60
    )  # fmt: skip
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    assert child.close() == 5


def test_a_supervisor_that_was_killed_is_replaced(tmp_path: Path) -> None:
    before = start("import time; time.sleep(1000)", tmp_path)
    supervisor = processes._supervisors[0].process
    supervisor.kill()
    supervisor.wait()
    assert alive(before.pid)  # Its keeper lives.
    again = processes.run([sys.executable, "-c", "print(5)"], cwd=tmp_path, env=dict(os.environ), timeout=60)
    assert again.stdout == "5\n"
    before.close()
    assert not alive(before.pid)


_OWNER = """
import os, sys, threading
from harness.core import processes
child = processes.start([sys.executable, "-c", sys.argv[1]], cwd=sys.argv[2], env=dict(os.environ))
print(processes._supervisors[0].process.pid, flush=True)
END
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int]]]:
    """Starts a process of the harness that has started what lingers; itself, and its supervisor's process id."""
    started: list[subprocess.Popen[str]] = []

    def run(end: str) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", _OWNER.replace("END", end), LINGER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"TMPDIR": str(tmp_path)},
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield run
    for process in started:
        process.kill()
        process.communicate()


@LINUX
@pytest.mark.parametrize(
    "end", ["sys.stdin.read()", "sys.stdin.read(); raise ValueError", "sys.stdin.read(); sys.exit(3)"]
)
def test_an_owner_that_ends_leaves_nothing(
    own: Callable[..., tuple[subprocess.Popen[str], int]], tmp_path: Path, end: str
) -> None:
    process, supervisor = own(end)
    found = pids(tmp_path)
    process.communicate()
    assert not any(map(alive, [*found, supervisor]))  # At once: it has waited for them.
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


@LINUX
def test_an_owner_that_is_killed_leaves_nothing(
    own: Callable[..., tuple[subprocess.Popen[str], int]], tmp_path: Path
) -> None:
    # A child that it has forked holds all of its sockets, and lives on.
    process, supervisor = own("pid = os.fork()\nprint(pid, flush=True)\nthreading.Event().wait()")
    found = pids(tmp_path)
    assert process.stdout is not None
    fork = next(int(line) for line in process.stdout if line.strip() != "0")
    process.kill()
    until(lambda: not any(map(alive, [*found, supervisor])))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    assert alive(fork)
    os.kill(fork, signal.SIGKILL)


@LINUX
def test_a_keeper_that_is_killed_takes_all_with_it(
    own: Callable[..., tuple[subprocess.Popen[str], int]], tmp_path: Path
) -> None:
    _, supervisor = own("sys.stdin.read()")
    found = pids(tmp_path)
    (keeper,) = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    os.kill(int(keeper), signal.SIGKILL)
    until(lambda: not any(map(alive, found)))
    assert alive(supervisor)


@LINUX
def test_owner_and_supervisor_are_killed(own: Callable[..., tuple[subprocess.Popen[str], int]], tmp_path: Path) -> None:
    process, supervisor = own("sys.stdin.read()")
    found = pids(tmp_path)
    os.kill(supervisor, signal.SIGKILL)
    process.kill()
    until(lambda: not any(map(alive, found)))


def test_kernels_without_a_file_of_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from harness.core.supervisor.tree import descendants

    child = start("import subprocess; subprocess.run(['sleep', '1000'])", tmp_path)
    until(lambda: bool(descendants(child.pid)))
    found = descendants(child.pid)
    monkeypatch.setattr("os.path.exists", lambda path: False)
    assert descendants(child.pid) == found
    child.close()


def test_in_the_foreground_it_shares_the_harness_process_group(tmp_path: Path) -> None:
    child = processes.start(["sleep", "1000"], cwd=tmp_path, env=dict(os.environ), foreground=True)
    assert (os.getpgid(child.pid), os.getsid(child.pid)) == (os.getpgrp(), os.getsid(0))
    child.signal(signal.SIGTERM)  # To itself alone: this process is of the group.
    assert child.wait(60) == -signal.SIGTERM
    child.close()


ALLOWED = {
    "subprocess": {"core/processes.py"},
    "multiprocessing": set(),
    "tempfile": {"core/processes.py", "core/temporary.py", "targets/command.py"},  # Files without a name, but for one.
}


def test_nobody_else_starts_processes_or_makes_temporary_folders() -> None:
    package = ROOT / "harness"
    for path in package.rglob("*.py"):
        where, text = path.relative_to(package).as_posix(), path.read_text()
        for module, allowed in ALLOWED.items():
            found = re.search(rf"^\s*(import|from) {module}\b", text, re.MULTILINE)
            assert not found or where in allowed, f"{where}: {module}: core/processes and core/temporary do this"
        forks = re.search(r"os\.(fork|spawn\w+|posix_spawn\w*|popen|system)\(", text)
        # The namespace is tried in a fork that ends at once, before anything is started.
        tried = where.startswith("core/supervisor/") or where == "run/namespace.py"
        assert not forks or tried, f"{where}: {forks}"
