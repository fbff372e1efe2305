"""The contract as a person runs it: by the command, with a browser, or told what is missing for one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.contracts.frontend.chromium import NO_BROWSER, NO_PLAYWRIGHT, missing
from harness.core.errors import HarnessError
from tests.conftest import MATRIX, in_this_process, write_suites
from tests.frontend.backend import CODE
from tests.frontend.conftest import SCRIPTS, SITE, named_browser

FILE = """
dir = "../site"
variables = { API = "{backend}", DOMAIN = "{domain}", FLAW = "stored" }
backend_variables = { ORIGIN = "{origin}" }
[pages]
"/dashboard" = { who = "signed-in", shows = "#content", again = "#again" }
[[ignored_storage]]
where = "html"
key = "/dashboard"
reason = "to be seen here"
"""


def test_the_command_starts_everything_and_reports_what_is_broken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "backend.py").write_text(CODE)
    shutil.copytree(SITE, tmp_path / "site")
    (tmp_path / "site/node_modules").symlink_to(SCRIPTS / "node_modules")
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "") + target
    write_suites(tmp_path / "suites", '"GET /me" = "clerk"\n"GET /old/me" = "public"\n', matrix=matrix)
    (tmp_path / "suites/frontend.toml").write_text(FILE)
    browser = [f"--browser={found}"] if (found := named_browser()) else []
    done = in_this_process(["run", "--only", "frontend", *browser], tmp_path, capfd)
    assert done.returncode == 1, done.stderr
    assert "BROKEN       frontend: no-stored-credential: localStorage, `userToken`" in done.stdout
    assert "picture: frontend/no-stored-credential.png, beside the reports" in done.stdout
    assert "frontend     9 proven, 1 broken, 1 not examined" in done.stdout
    picture = tmp_path / "reports/frontend/no-stored-credential.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    document = json.loads((tmp_path / "reports/auth-matrix.json").read_text())
    (found,) = [check for check in document["contracts"] if check["status"] == "broken"]
    assert (found["name"], found["picture"]) == ("no-stored-credential", "frontend/no-stored-credential.png")
    assert "frontend/no-stored-credential.png" in (tmp_path / "reports/auth-matrix.html").read_text()


def test_what_is_missing_for_a_browser_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HARNESS_BROWSER", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    assert missing(None) == NO_BROWSER
    with pytest.raises(HarnessError, match="--browser nothing: no program of this name"):
        missing("nothing")
    monkeypatch.setenv("HARNESS_BROWSER", "nothing")
    with pytest.raises(HarnessError, match="HARNESS_BROWSER nothing: no program of this name"):
        missing(None)


def test_without_playwright_the_rest_of_the_harness_works_and_this_contract_says_so() -> None:
    code = (
        "import sys; sys.modules['playwright'] = None\n"
        "from harness.contracts.frontend.verify import CONTRACT\nfrom harness.contracts.frontend.chromium import missing\n"
        "print(missing(None)); print({check.status for check in CONTRACT.unexamined(missing(None))})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [NO_PLAYWRIGHT, "{'not examined'}"]
