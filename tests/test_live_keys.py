"""Keys of a production instance, secret and publishable, are refused wherever a run could take them from.

Clerk, Environments: such keys begin with `sk_live_` and `pk_live_`.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from harness.contracts.matrix import load
from harness.core.errors import UnsafeError
from harness.run.context import RunContext
from harness.run.environment import refuse_live_keys
from harness.run.options import Options
from tests.conftest import MATRIX, in_this_process, write_suites

HOST = "clerk.example.com"
SECRET = "sk_live_" + "0123456789abcdef"
PUBLISHABLE = "pk_live_" + base64.b64encode(f"{HOST}$".encode()).decode()
LIVE = pytest.mark.parametrize("key", [SECRET, PUBLISHABLE], ids=["secret", "publishable"])


@LIVE
@pytest.mark.parametrize("value", ["{}", "sk_test_abcdefgh,{}", "sk_test_abcdefgh {}"])
def test_a_live_key_is_refused_alone_and_beside_others(key: str, value: str) -> None:
    with pytest.raises(UnsafeError) as refused:
        refuse_live_keys({"HOME": "/", "KEYS": value.format(key)}, "--env")
    assert str(refused.value).startswith(f"--env: KEYS holds a live key ({key[:8]}…")
    assert key not in str(refused.value)


def test_a_publishable_key_names_its_host() -> None:
    with pytest.raises(UnsafeError, match=f"of {HOST}"):
        refuse_live_keys({"KEY": PUBLISHABLE}, "--env")


@pytest.mark.parametrize("value", ["", "sk_test_abcdefgh", "pk_test_abcdefgh", "task_live_wire"])
def test_other_values_are_taken(value: str) -> None:
    refuse_live_keys({"KEY": value}, "--env")


@LIVE
@pytest.mark.parametrize("place", ["--env", "[target.env]"])
def test_a_run_refuses_it_before_anything_starts(tmp_path: Path, key: str, place: str) -> None:
    declared = f'[target.env]\nKEY = "{key}"\n' if place == "[target.env]" else ""
    suites = write_suites(tmp_path, '"GET /me" = "clerk"\n', matrix=MATRIX + declared)
    options = Options(suites=suites, app="no_such_module:app", env={"KEY": key} if place == "--env" else {})
    context = RunContext(options, load(suites))
    with pytest.raises(UnsafeError) as refused, context:
        pass
    assert f"{place}: KEY holds a live key" in str(refused.value)
    assert not hasattr(context, "clerk")


@LIVE
def test_the_issuer_starts_no_command_beside_one(tmp_path: Path, capfd: pytest.CaptureFixture[str], key: str) -> None:
    program = [sys.executable, "-c", "print('ran')"]
    done = in_this_process(["issuer", "--", *program], tmp_path, capfd, {"MY_KEY": key})
    assert (done.returncode, done.stdout) == (2, "")
    assert "the environment: MY_KEY holds a live key" in done.stderr
    assert key not in done.stderr
