"""Contracts that are verified beside the matrix, in processes of their own: the same is said as one after another, and whatever
ends one of them costs nothing else.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import Declaration, load
from harness.contracts.matrix.tables import MatrixFile
from harness.contracts.registry import contract
from harness.core.errors import UnsafeError
from harness.credentials import Legacy
from harness.run.context import RunContext
from harness.run.contract_process import Outcome
from harness.run.judging import Judging
from harness.run.options import Options
from harness.run.side_by_side import alone
from harness.targets.app import AppTarget
from harness.targets.command import CommandTarget
from harness.targets.url import UrlTarget
from tests import valid
from tests.conftest import MATRIX, VERIFIER, write_suites
from tests.test_ending import APP, CONTRACTS, ROUTES, command, quiet_end

IN_A_CONTRACT = """
def process_of_the_contract():
    here = os.getpid()
    while here > 1:
        if b"contract_process" in pathlib.Path(f"/proc/{here}/cmdline").read_bytes():
            return here
        here = int(pathlib.Path(f"/proc/{here}/stat").read_text().rpartition(")")[2].split()[1])
    return 0
"""
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the app finds the contract's process in /proc")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(APP)
    matrix = MATRIX + f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(tmp_path / "suites", ROUTES, matrix=matrix)
    (tmp_path / "suites/configuration.toml").write_text('[variables]\nCLERK_DOMAIN = "refuse"\n')
    return tmp_path


def said(project: Path) -> dict[str, Any]:
    document = valid.report(project / "reports/auth-matrix.json")
    return {name: document[name] for name in ("contracts", "summary", "causes")}


@linux
def test_the_same_is_said_as_one_after_another(project: Path) -> None:
    seen = "pathlib.Path('seen').open('a').write(f'{bool(process_of_the_contract())} ')\n"
    (project / "backend.py").write_text(APP + IN_A_CONTRACT + seen)
    quiet_end(command(project, "run", *CONTRACTS, "--agents", "2"), 1)
    assert "True" in (project / "seen").read_text()
    beside = said(project)
    assert {check["status"] for check in beside["contracts"]} == {"proven", "broken", "not examined"}
    (project / "seen").unlink()
    quiet_end(command(project, "run", *CONTRACTS, "--agents", "1"), 1)
    assert "True" not in (project / "seen").read_text()
    assert said(project) == beside


@linux
def test_a_process_that_is_killed_is_a_finding_of_its_contract(project: Path) -> None:
    (project / "backend.py").write_text(
        APP + IN_A_CONTRACT + "if found := process_of_the_contract(): os.kill(found, signal.SIGKILL)\n"
    )
    done = command(project, "run", *CONTRACTS)
    quiet_end(done, 1)
    document = said(project)
    (check,) = document["contracts"]
    assert (check["name"], check["status"]) == ("examination", "broken")
    assert "its process ended with -9" in check["detail"]
    assert document["summary"]["verdicts"] == {"pass": 6}


@linux
def test_a_signal_ends_the_contracts_with_the_run(project: Path) -> None:
    ended = (
        "if found := process_of_the_contract():\n    pathlib.Path('its').write_text(str(found))\n    end_harness()\n"
    )
    (project / "backend.py").write_text(APP + IN_A_CONTRACT + ended)
    quiet_end(command(project, "run", *CONTRACTS), 143)
    assert "ended by SIGTERM" in valid.report(project / "reports/auth-matrix.json")["incomplete"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((project / "its").read_text()), signal.SIGCONT)


def test_what_fails_in_a_process_is_told_as_if_it_had_failed_here(project: Path) -> None:
    judging = Judging(Options(suites=project / "suites"), load(project / "suites"), ["configuration"])
    context: Any = SimpleNamespace(note=[].append)
    each = contract("configuration")
    judging._take(each, Outcome([], ["noted"], ["example.com:443"], failed="no such file"), context, None)
    (check,) = judging.record.checks
    assert (check.status, check.detail) == ("broken", "nothing is known of its checks: no such file")
    assert judging.crash is None
    judging._take(each, Outcome([], [], [], failed="KeyError: 'x'", crash="Traceback …"), context, None)
    assert "a mistake in the harness: KeyError" in judging.record.checks[-1].detail
    assert judging.crash is not None
    assert judging.crash.__notes__ == ["Traceback …"]
    with pytest.raises(UnsafeError, match="a live key"):
        judging._take(each, Outcome([], [], [], unsafe="a live key"), context, None)


def test_checks_stand_in_the_order_of_the_contracts(project: Path) -> None:
    judging = Judging(Options(suites=project / "suites"), load(project / "suites"), ["configuration"])
    context: Any = SimpleNamespace(note=[].append)
    for name in ("frontend", "user_sync", "budget"):
        checks = [Check(name, each, "…", "proven", 1) for each in ("first", "second")]
        judging._take(contract(name), Outcome(checks, [], []), context, None)
    told = [(check.contract, check.name) for check in judging.record.checks]
    assert told == [(name, each) for name in ("user_sync", "budget", "frontend") for each in ("first", "second")]


def kind_of(target: type, **more: Any) -> Any:
    made: Any = object.__new__(target)
    vars(made).update(more)
    return made


@pytest.mark.parametrize(
    ("target", "options", "declared", "why"),
    [
        (kind_of(AppTarget, spec=SimpleNamespace(environments=[{}])), {}, None, ""),
        (kind_of(AppTarget, spec=SimpleNamespace(environments=[{}])), {"agents": 2}, 1, ""),
        (kind_of(AppTarget, spec=SimpleNamespace(environments=[{}])), {"agents": 1}, None, "one agent"),
        (kind_of(AppTarget, spec=SimpleNamespace(environments=[{}])), {}, 1, "one agent"),
        (kind_of(AppTarget, spec=SimpleNamespace(environments=[{}])), {"exitfirst": True}, None, "--exitfirst"),
        (kind_of(UrlTarget), {}, None, "does not start"),
        (kind_of(CommandTarget, environment={}, _given=("http://127.0.0.1:{port}", "")), {}, None, ""),
        (kind_of(CommandTarget, environment={}, _given=("http://127.0.0.1:8000", "")), {}, None, "port is fixed"),
    ],
)
def test_who_needs_the_target_for_itself_alone(
    tmp_path: Path, target: Any, options: dict[str, Any], declared: int | None, why: str
) -> None:
    matrix = MatrixFile.model_validate({"policies": {}, "target": {"agents": declared} if declared else {}})
    context: Any = SimpleNamespace(
        target=target,
        options=Options(app_dir=tmp_path, **options),
        declaration=Declaration(matrix, {}, tmp_path, Legacy()),
    )
    assert why in alone(context) if why else alone(context) == ""
    sqlite3.connect(tmp_path / "app.db").execute("CREATE TABLE t (id INTEGER)").connection.close()
    shared = "" if options.get("agents") == 2 else "an SQLite file of its own"
    assert why in alone(context) if why else shared in alone(context)


def test_a_lazy_context_starts_its_target_when_somebody_asks(project: Path) -> None:
    (project / "backend.py").write_text(APP + "\npathlib.Path('started').touch()\n")
    declaration: Declaration = load(project / "suites")
    with RunContext(Options(suites=project / "suites"), declaration, lazy=True) as context:
        assert context.command_surroundings()[1] == project
        assert not (project / "started").exists()
        assert [route.path for route in context.target.routes] == ["/me", "/other"]
        assert (project / "started").exists()
