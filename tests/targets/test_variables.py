"""Variables that the app asks for while it starts, and that are not there: one of them is often why nobody gets in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.targets.command import CommandTarget
from harness.targets.url import UrlTarget
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get

APP = """
import json, os
from flask import Flask
app = Flask(__name__, static_folder=None)
@app.get("/one")
def one(): return json.dumps([os.getenv("CLERK_LATE_KEY"), "CLERK_LATE_KEY" in os.environ])
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("os.getenv('CLERK_JWKS_URL')", ["CLERK_JWKS_URL"]),
        ("os.environ.get('AUTHORIZED_PARTIES', '')", ["AUTHORIZED_PARTIES"]),
        ("'JWT_ISSUER' in os.environ", ["JWT_ISSUER"]),
        ("os.environ.pop('allowed_origins', None)", ["allowed_origins"]),
        ("os.environb.get(b'SIGNING_SECRET')", ["SIGNING_SECRET"]),
        ("try: os.environ['FRONTEND_HOST']\nexcept KeyError: pass", ["FRONTEND_HOST"]),
        ("[os.getenv(name) for name in ('CLERK_A', 'CLERK_B', 'CLERK_A')]", ["CLERK_A", "CLERK_B"]),
        ("from settings import *", ["CLERK_FROM_A_MODULE"]),
        ("from starlette.config import Config\nConfig()('CLERK_AUDIENCE', default='')", ["CLERK_AUDIENCE"]),
        ("os.getenv('COLOUR')", []),  # Nothing to do with it.
        ("os.getenv('CLERK_GIVEN')", []),
        ("os.environ.setdefault('CLERK_SET_LATER', 'x')", []),
        (
            "import urllib.request; urllib.request.getproxies_environment(); urllib.request.proxy_bypass_environment('x')",
            [],
        ),
        ("import somebody_s", []),  # A library's own.
        ("dict(os.environ).get('CLERK_WHOLE')", []),
        ("for n in range(100): os.getenv(f'CLERK_{n}')", [f"CLERK_{n}" for n in range(40)]),
    ],
)
def test_what_was_asked_for_at_the_start(start: Start, tmp_path: Path, line: str, found: list[str]) -> None:
    library = tmp_path / "venv" / "site-packages"
    library.mkdir(parents=True)
    (library / "somebody_s.py").write_text("import os\nos.getenv('CLERK_OF_A_LIBRARY')\n")
    settings = "import os\nKEY = os.getenv('CLERK_FROM_A_MODULE')\n"
    code = f"import sys; sys.path.append({str(library)!r})\nimport os\n{line}\n{APP}"
    target = start(code, modules={"settings": settings}, CLERK_GIVEN="x")
    assert target.missing_variables == found


def test_a_request_s_look_ups_are_not_of_the_start_and_work_as_ever(start: Start) -> None:
    target = start(APP)
    (seen,) = ask_lane(target.lanes[0], [get(target, "/one")])
    assert (target.missing_variables, seen.body) == ([], "[null, false]")


def test_what_is_missing_is_still_missing() -> None:
    """`os.environ` raises and answers as it does without a listener."""
    code = (
        "import os; from harness.targets.agent.variables import Missing; missing = Missing('/'); missing.begin()\n"
        "try: os.environ['CLERK_X']\nexcept KeyError as error: assert error.args == ('CLERK_X',), error.args\n"
        "assert os.environ.get('CLERK_X', 3) == 3 and 'CLERK_X' not in os.environ and os.getenv('CLERK_X') is None\n"
        "assert type(os.environ).__getitem__ is not missing._look_up\nmissing.end()\n"
        "assert type(os.environ).__getitem__.__code__.co_filename.endswith(('os.py', '<frozen os>'))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SETTINGS = """
class BaseSettings:
    model_fields = {}
    model_config = {"env_prefix": "APP_"}
    model_fields_set = {"jwt_key"}
"""


def test_settings_that_read_the_environment_as_a_whole(start: Start) -> None:
    """A stand-in for pydantic-settings, with what is looked at."""
    code = (
        "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n"
        "    model_fields = dict.fromkeys(['clerk_issuer', 'jwt_key', 'colour', 'given_url'])\nsettings = Settings()\n"
        + APP
    )
    target = start(code, modules={"pydantic_settings": SETTINGS}, app_given_url="x")
    assert target.missing_variables == ["APP_CLERK_ISSUER"]


def test_targets_that_cannot_tell_have_an_empty_list() -> None:
    assert UrlTarget("http://127.0.0.1:1").missing_variables == []
    assert CommandTarget("http://127.0.0.1:1", command="true").missing_variables == []
