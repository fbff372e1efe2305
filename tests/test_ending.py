"""However a command is ended, at whatever moment: its reports are whole and say what is not known, its exit code says what came,
and nobody sees a traceback. Where a signal is to come at a moment, whatever runs at that moment sends it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.report import FORMATS
from tests import valid
from tests.conftest import GUARD, MATRIX, VERIFIER, write_suites

CODE = """
import os, pathlib, signal, threading
def end_harness(number=signal.SIGTERM):
    os.kill(int(pathlib.Path("harness.pid").read_text()), number)
    threading.Event().wait()
@app.get("/me")
def me(user: User): return {}
@app.get("/other")
def other(user: User): return {}
"""
ROUTES = '"GET /me" = "clerk"\n"GET /other" = "clerk"\n'
APP = GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
QUICK = ("--credentials", "clerk,missing,forged", "--no-drills")
CONTRACTS = (*QUICK, "--only", "matrix,configuration")
REPORTS = set(FORMATS)
UNKNOWN_VARIABLE = '[variables]\nWHO_KNOWS = "refuse"\n'
MINUTE = 60


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the harness makes what it needs: a place that every user may enter, for Postgres does not run as root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def project(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(temporary))
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(APP)
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\npython = "{sys.executable}"\n'
    write_suites(tmp_path / "suites", ROUTES, matrix=matrix)
    return tmp_path


def signals_as_usual() -> None:
    """A shell that runs the tests in the background ignores Ctrl-C for all below it. The app finds the harness by `harness.pid`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    Path("harness.pid").write_text(str(os.getpid()))


def command(project: Path, *words: str, before: str = "", **more: Any) -> subprocess.CompletedProcess[str]:
    """`clerk-harness WORDS` as a process of its own; `before` is Python that runs in it first."""
    start = ["-c", f"{before}\nfrom harness.__main__ import start\nstart()"] if before else ["-m", "harness"]
    given: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "preexec_fn": signals_as_usual,
    } | more
    return subprocess.run(
        [sys.executable, *start, *words], cwd=project, text=True, check=False, timeout=MINUTE,
        **given,
    )  # fmt: skip


def written(project: Path) -> set[str]:
    return {path.name for path in (project / "reports").iterdir()}


def report(project: Path) -> dict[str, Any]:
    assert written(project) == REPORTS
    found = valid.report(project / "reports/auth-matrix.json")
    return found


def says_incomplete(project: Path, why: str) -> dict[str, Any]:
    """Every format says that the run is incomplete, and why."""
    document = report(project)
    assert (document["passed"], document["complete"]) == (False, False)
    assert why in document["incomplete"]
    suites = ElementTree.parse(project / "reports/junit.xml").getroot()
    (complete,) = [case for case in suites.iter("testcase") if case.get("name") == "complete"]
    assert [why in error.get("message", "") for error in complete.iter("error")] == [True]
    scanned = json.loads((project / "reports/auth-matrix.sarif").read_text())["runs"][0]
    assert [why in each["message"]["text"] for each in scanned["results"] if each["ruleId"] == "unproven-complete"] == [
        True
    ]
    markdown = (project / "reports/summary.md").read_text()
    assert markdown.startswith("# Auth matrix: INCOMPLETE\n\n**Incomplete**: ")
    assert why in markdown.replace("\\", "")  # Escaped, so that nothing of it is markup.
    page = (project / "reports/auth-matrix.html").read_text()
    assert "<title>Auth matrix INCOMPLETE" in page
    data = json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    assert why in data["incomplete"]
    assert not [c for c in document["criteria"] if c["state"] == "supported"]
    return document


def quiet_end(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_ended_while_the_app_is_imported(
    project: Path, temporary: Path, number: signal.Signals, code: int
) -> None:
    (project / "backend.py").write_text(
        APP + f"\npathlib.Path('pid').write_text(str(os.getpid()))\nend_harness({number:d})\n"
    )
    done = command(project, "run")
    quiet_end(done, code)
    assert f"INCOMPLETE: ended by {'Ctrl-C (SIGINT)' if number == signal.SIGINT else number.name}" in done.stdout
    assert says_incomplete(project, number.name)["summary"]["cells"] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int((project / "pid").read_text()), 0)
    assert list(temporary.iterdir()) == []


def test_a_run_ended_in_the_matrix_reports_what_was_judged(project: Path, temporary: Path) -> None:
    (project / "backend.py").write_text(
        APP.replace("def other(user: User): return {}", "def other(user: User): end_harness()")
    )
    done = command(project, "run", *QUICK)
    quiet_end(done, 143)
    document = says_incomplete(project, "ended by SIGTERM")
    judged = {route["route"]: len(route["cells"]) for router in document["routers"] for route in router["routes"]}
    assert judged == {"GET /me": 3, "GET /other": 0}
    assert document["summary"]["planned"] == 6
    assert list(temporary.iterdir()) == []


def test_a_run_ended_in_a_contract_keeps_the_matrix(project: Path) -> None:
    """The app starts once for the matrix, and then for the configuration contract."""
    again = 'seen = pathlib.Path("seen")\nif seen.exists(): end_harness()\nseen.touch()\n'
    (project / "backend.py").write_text(APP + again)
    (project / "suites/configuration.toml").write_text('[variables]\nCLERK_DOMAIN = "refuse"\n')
    done = command(project, "run", *CONTRACTS)
    quiet_end(done, 143)
    assert says_incomplete(project, "ended by SIGTERM")["summary"]["verdicts"] == {"pass": 6}


def test_a_run_ended_while_postgres_starts_and_while_it_migrates(project: Path, temporary: Path) -> None:
    migrate = "import os, signal, threading; os.kill(int(open('harness.pid').read()), signal.SIGTERM); threading.Event().wait()"
    with (project / "suites/auth_matrix.toml").open("a") as file:
        file.write(f"[database]\nmigrate = '''python -c \"{migrate}\"'''\n")
    quiet_end(command(project, "run"), 143)
    says_incomplete(project, "ended by SIGTERM")
    assert list(temporary.iterdir()) == []
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(temporary.glob("clerk-harness-*/pg-*/data")):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, told = process.communicate(timeout=MINUTE)
    quiet_end(subprocess.CompletedProcess([], process.returncode, out, told), 143)
    assert list(temporary.iterdir()) == []


ON_IMPORT = """
import importlib.abc, os, signal, sys
class Sender(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.{number})
sys.meta_path.insert(0, Sender())
"""


@pytest.mark.parametrize("words", [["run"], ["routes"], ["init", "--app", "backend:app", "--suites", "new"], ["token"]])
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_command_ended_while_it_imports(project: Path, words: list[str], number: str, code: int) -> None:
    done = command(project, *words, before=ON_IMPORT.format(name="harness.credentials.mint", number=number))
    quiet_end(done, code)
    assert done.stderr.startswith("clerk-harness: ended by ")
    assert not (project / "new").exists()


def test_ctrl_c_before_the_command_hears_signals(project: Path) -> None:
    done = command(project, "run", before=ON_IMPORT.format(name="harness.cli.main", number="SIGINT"))
    quiet_end(done, -signal.SIGINT)


WHILE_WRITING = """
import os, signal
import harness.report as reports
class Sender:
    def parts(self, record, told=None):
        for number in {numbers}:
            os.kill(os.getpid(), number)
        yield "<testsuites/>"
reports.FORMATS["junit.xml"] = Sender
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_reports_are_written_waits_until_they_are_whole(
    project: Path, number: signal.Signals, code: int
) -> None:
    done = command(project, "run", *QUICK, before=WHILE_WRITING.format(numbers=[int(number)]))
    quiet_end(done, code)
    assert (report(project)["complete"], report(project)["passed"]) == (True, True)
    assert done.stdout == ""


def test_the_second_ctrl_c_ends_at_once_and_leaves_the_former_set(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports/junit.xml").write_text("the former")
    twice = [int(signal.SIGINT)] * 2
    quiet_end(command(project, "run", *QUICK, before=WHILE_WRITING.format(numbers=twice)), 130)
    assert (written(project), (project / "reports/junit.xml").read_text()) == ({"junit.xml"}, "the former")


AFTER_THE_END = {
    "atexit": "import atexit, os, signal\natexit.register(lambda: os.kill(os.getpid(), signal.{number}))\n",
    "a thread": (
        "import os, signal, threading\n"
        "def work():\n    threading.main_thread().join()\n    os.kill(os.getpid(), signal.{number})\n"
        "threading.Thread(target=work).start()\n"
    ),
    "finalization": (
        "import os, signal, sys\nclass Last:\n    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.{number}):\n"
        "        kill(own, number)\nsys.last_of_all = Last()\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("moment", AFTER_THE_END)
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_after_the_last_line_changes_nothing(project: Path, moment: str, number: str) -> None:
    done = command(project, "token", "--page", before=AFTER_THE_END[moment].format(number=number))
    quiet_end(done, 0)
    assert done.stderr == ""


def test_the_time_of_a_run_is_limited_from_its_start(project: Path, temporary: Path) -> None:
    """By an app that never starts; the limit is far below what its start may take."""
    (project / "backend.py").write_text("import threading\nthreading.Event().wait()\n")
    done = command(project, "run", "--max-time", "1.5")
    quiet_end(done, 3)
    assert "INCOMPLETE: time was up (--max-time 1.5)" in done.stdout
    says_incomplete(project, "time was up (--max-time 1.5)")
    assert list(temporary.iterdir()) == []


def test_the_time_of_a_run_is_limited_in_the_matrix(project: Path) -> None:
    """The handler hangs, and is waited for for longer than the run may take."""
    hanging = APP.replace("def other(user: User): return {}", "def other(user: User): threading.Event().wait()")
    (project / "backend.py").write_text(hanging)
    done = command(project, "run", *QUICK, "--max-time", "8", "--time-limit", "600")
    quiet_end(done, 3)
    assert says_incomplete(project, "time was up")["summary"]["verdicts"] == {"pass": 3}


def test_a_contract_that_cannot_be_examined_costs_the_others_nothing(project: Path) -> None:
    (project / "suites/configuration.toml").write_text(UNKNOWN_VARIABLE)
    done = command(project, "run", *CONTRACTS)
    quiet_end(done, 1)
    document = report(project)
    assert (document["passed"], document["complete"], document["summary"]["verdicts"]) == (False, True, {"pass": 6})
    (check,) = document["contracts"]
    assert (check["contract"], check["name"], check["status"]) == ("configuration", "examination", "broken")
    assert "variables.WHO_KNOWS: the harness knows no genuine value for it" in check["detail"]
    criterion = next(c for c in document["criteria"] if c["checks"] == ["configuration: examination"])
    assert criterion["state"] == "not examined"
    assert "configuration: examination" in done.stdout
    assert done.stdout.splitlines()[-2].startswith("FAILED: this is a part of the matrix")


def test_a_mistake_of_ours_in_a_contract_costs_the_others_nothing(project: Path) -> None:
    (project / "suites/configuration.toml").write_text(UNKNOWN_VARIABLE)
    broken = "from harness.contracts.configuration import verify\nverify.genuine = None\n"
    done = command(project, "run", *CONTRACTS, before=broken)
    assert done.returncode == 70
    assert "TypeError: 'NoneType' object is not callable" in done.stderr
    assert "this is a mistake in the harness" in done.stderr
    document = report(project)
    assert (document["passed"], document["summary"]["verdicts"]) == (False, {"pass": 6})
    assert [c["name"] for c in document["contracts"]] == ["examination"]


def test_a_crash_of_ours_reports_what_was_judged(project: Path) -> None:
    broken = (
        "from harness.report import Record\nusual = Record.add\n"
        "def add(self, verdict):\n    usual(self, verdict)\n    if len(self.verdicts) == 4: raise ZeroDivisionError('four')\n"
        "Record.add = add\n"
    )
    done = command(project, "run", *QUICK, before=broken)
    assert done.returncode == 70
    assert "ZeroDivisionError: four" in done.stderr
    document = says_incomplete(project, "a mistake in the harness: ZeroDivisionError: four")
    assert document["summary"]["cells"] == 4


def _shell(project: Path, line: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command's exit code, whatever the shell does with its output."""
    done = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "harness", *words], cwd=project, text=True, check=False,
        capture_output=True, timeout=MINUTE,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


@pytest.mark.parametrize(
    "line",
    ['"$@" >&-', '"$@" >/dev/full', '"$@" | true; exit ${PIPESTATUS[0]}', '"$@" >&- 2>&- <&-', '"$@" >/dev/full 2>&1'],
)
def test_standard_output_that_cannot_be_written(project: Path, line: str) -> None:
    """The reports are written, and the run is not green: nobody has seen its summary."""
    assert _shell(project, line, "run", *QUICK).returncode == 74
    assert report(project)["passed"]
    assert _shell(project, line, "token", "--page").returncode == 74


@pytest.mark.parametrize("line", ['"$@" 2>&-', '"$@" 2>/dev/full', '"$@" 2> >(true)'])
def test_progress_that_cannot_be_written_ends_no_run(project: Path, line: str) -> None:
    done = _shell(project, line, "run", *QUICK)
    assert done.returncode == 0, done.stdout
    assert "PASSED" in done.stdout


def test_what_was_ignored_stays_ignored(project: Path) -> None:
    """`nohup` and shells' background jobs ignore signals for what they start."""

    def ignoring() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    done = command(
        project, "run", *QUICK, before=WHILE_WRITING.format(numbers=[int(signal.SIGHUP)]), preexec_fn=ignoring
    )
    quiet_end(done, 0)
