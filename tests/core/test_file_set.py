"""Files that belong together are there together: all new, or all as they were."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.file_set import write_set

FORMER = {"one.txt": "former 1", "two.txt": "former 2", "three.txt": "former 3"}
NEW = {"one.txt": "new 1", "two.txt": "new 2", "three.txt": "new 3"}


def place(folder: Path, texts: dict[str, str]) -> dict[Path, str]:
    return {folder / name: text for name, text in texts.items()}


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture
def former(tmp_path: Path) -> Path:
    write_set(tmp_path / "set", place(tmp_path / "set", FORMER))
    return tmp_path / "set"


def test_all_are_written_and_nothing_else_is_left(former: Path) -> None:
    assert write_set(former, place(former, NEW)) == list(place(former, NEW))
    assert read(former) == NEW


def test_what_cannot_be_put_in_place_in_the_middle_puts_the_former_ones_back(former: Path) -> None:
    """A folder stands where the last file belongs; the second was not there before."""
    (former / "two.txt").unlink()
    (former / "three.txt").unlink()
    (former / "three.txt").mkdir()
    with pytest.raises(OSError, match=r"three\.txt"):
        write_set(former, place(former, NEW))
    assert read(former) == {"one.txt": "former 1"}


def test_a_full_disk_leaves_the_former_ones(former: Path) -> None:
    """As much as a process may write to a file stands for the disk (setrlimit(2), RLIMIT_FSIZE)."""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom harness.core.file_set import write_set\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "folder = Path(sys.argv[1])\n"
        "try:\n    write_set(folder, {folder / 'one.txt': 'new', folder / 'two.txt': 'x' * 9999, folder / 'three.txt': 'new'})\n"
        "except OSError as error:\n    sys.exit(error.errno)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(former)], check=False).returncode == errno.EFBIG
    assert read(former) == dict(sorted(FORMER.items()))


def test_folders_that_were_made_for_nothing_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_set(tmp_path / "a", {tmp_path / "a/b/c/one": "1", tmp_path / "a/taken": "2"})
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["taken"]


WRITER = """
import sys
from pathlib import Path
from harness.core.file_set import write_set
folder, name = Path(sys.argv[1]), sys.argv[2]
for number in range(12):
    write_set(folder, {folder / f"{each}.txt": f"{name} {number}" for each in range(6)})
    print(number, flush=True)
"""


def test_two_that_write_into_one_folder_never_mix(tmp_path: Path) -> None:
    """Whoever has the lock sees one writer's files of one time only; looked at as often as one has written, so that both get on."""
    write_set(tmp_path, {tmp_path / f"{each}.txt": "first" for each in range(6)})
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in writers[0].stdout or ():
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert len(set(read(tmp_path).values())) == 1
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert set(read(tmp_path)) == {f"{each}.txt" for each in range(6)}
    assert set(read(tmp_path).values()) <= {"a 11", "b 11"}


def test_what_a_run_that_died_has_left_is_removed_and_nothing_else(former: Path) -> None:
    killing = "import os\nos.replace = lambda *_: os.kill(os.getpid(), 9)\n"
    code = f"import pathlib\n{killing}pathlib.Path.replace = lambda *_: os.kill(os.getpid(), 9)\n{WRITER}"
    died = subprocess.run([sys.executable, "-c", code, str(former), "died"], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [name for name in read(former) if name.endswith(".part")]
    others = [former / ".mine.part", former / "one.txt.part", former / ".one.txt.12-xyz.part"]
    for other in others:
        other.write_text("somebody else's")
    write_set(former, place(former, NEW))
    assert read(former) == dict(sorted((NEW | {path.name: "somebody else's" for path in others}).items()))


def test_texts_that_are_no_text_are_written_all_the_same(tmp_path: Path) -> None:
    write_set(tmp_path, {tmp_path / "one.txt": "a lone \udc80"})
    assert (tmp_path / "one.txt").read_text() == "a lone \\udc80"
