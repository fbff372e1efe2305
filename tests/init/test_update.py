"""`init --update`: new routes are added to the files that are there, and whatever people wrote stays."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomlkit

from harness.core.errors import HarnessError
from harness.run.baseline import RouteBaseline
from harness.run.suite_lines import POLICIES, chosen_policy, remarked, router_text, unread_line
from harness.run.updated_suites import amended
from harness.targets import Route
from tests.conftest import GUARD, VERIFIER, in_this_process

APP = GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)")
BEFORE = APP + '@app.get("/me")\ndef me(user: User): return {}\n@app.get("/old")\ndef old(): return {}\n'
NEW = """
@app.get("/größe/{number}")
def size(number: int, user: User): return {}
import billing
app.include_router(billing.api)
@app.get("/say/{text}", tags=["Say \\"it\\""])
def said(text: str): return {}
"""
MATRIX = """# ours
[target]
app = "backend:app"
app_dir = ".."

[policies.everybody]
accept = ["*"]

[policies.people]          # signed in
accept = ["clerk"]
"""
ROUTER = """router = "backend"   # the one file

[routes]
# first, because it matters most
"GET /me" = "people"

"GET /old" = { policy = "everybody" }   # to go
"""
Init = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A backend in a folder with a space in its name, declared by hand."""
    folder = tmp_path / "my backend"
    (folder / "suites" / "routers").mkdir(parents=True)
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "backend.py").write_text(BEFORE)
    (folder / "billing.py").write_text(
        "from fastapi import APIRouter\napi = APIRouter()\n@api.get('/bills')\ndef bills(): return []\n"
    )
    (folder / "suites" / "auth_matrix.toml").write_text(MATRIX)
    (folder / "suites" / "routers" / "app.toml").write_text(ROUTER)
    return folder


@pytest.fixture
def init(project: Path, capfd: pytest.CaptureFixture[str]) -> Init:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return in_this_process(["init", "--python", sys.executable, *arguments], project, capfd)

    return run


def everything(suites: Path) -> dict[str, str]:
    return {str(path.relative_to(suites)): path.read_text() for path in suites.rglob("*.toml")}


def test_what_is_new_is_added_and_what_is_gone_is_named(init: Init, project: Path) -> None:
    suites = project / "suites"
    without_old = BEFORE.replace('@app.get("/old")\ndef old(): return {}\n', "")
    (project / "backend.py").write_text('import os\nKEY = os.environ["OPENAI_API_KEY"]\n' + without_old + NEW)
    done = init("--update")
    assert done.returncode == 0, done.stderr
    assert "new: GET /größe/{number}, today clerk" in done.stdout
    assert "gone: GET /old (routers/app.toml): the target has no such route" in done.stdout
    found = everything(suites)
    own = found["routers/app.toml"]
    assert own.startswith(ROUTER)
    assert (
        '"GET /größe/{number}" = { policy = "people", path = { number = 1 }, reviewed = false }  # today clerk\n' in own
    )
    line = tomllib.loads(own)["routes"]["GET /say/{text}"]
    assert (line["policy"], line["reviewed"]) == ("everybody", False)
    assert tomllib.loads(found["routers/billing.toml"])["router"] == "billing"
    assert found["auth_matrix.toml"] == MATRIX.replace(
        'app_dir = ".."\n\n',
        'app_dir = ".."\n\n[target.env]\nOPENAI_API_KEY = "none-of-the-harness"  # the app does not start without it\n\n',
    )
    again = init("--update")
    assert (again.returncode, "no route is new: nothing was written" in again.stdout) == (0, True), again.stderr
    assert everything(suites) == found


def test_init_alone_refuses_and_update_wants_suites(init: Init, project: Path) -> None:
    before = everything(project / "suites")
    alone = init()
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert "init does not overwrite: --update adds the routes that are new" in alone.stderr
    nowhere = init("--update", "--suites", "elsewhere")
    assert (nowhere.returncode, "init without --update writes it" in nowhere.stderr) == (2, True)
    more = init("--update", "--migrate", "x")
    assert (more.returncode, "--update excludes --migrate" in more.stderr) == (2, True)
    (project / "suites" / "auth_matrix.toml").rename(project / "kept.toml")
    routers = init()
    assert (routers.returncode, "routers/app.toml exists; init does not overwrite" in routers.stderr) == (2, True)
    (project / "kept.toml").rename(project / "suites" / "auth_matrix.toml")
    assert everything(project / "suites") == before


LINE = remarked({"policy": "clerk", "reviewed": False}, "today clerk")
FORMS = {
    "usual": '# a\nrouter = "x"\n[routes]\n"GET /a" = "clerk"  # b\n# end\n',
    "no line end at the end": 'router = "x"\n[routes]\n"GET /a" = "clerk"',
    "no routes yet": 'router = "x"\npolicy = "clerk"\n',
    "dotted": 'router = "x"\nroutes."GET /a" = "clerk"  # b\n',
    "a table each": 'router = "x"\n[routes."GET /a"]\npolicy = "clerk"  # b\n',
    "Windows": '# a\r\nrouter = "x"\r\n[routes]\r\n"GET /a" = "clerk"\r\n',
    "marked as UTF-8": '\ufeffrouter = "x"\n[routes]\n"GET /ü" = "clerk"\n',
    "texts of several lines": 'router = "x"\n[routes."GET /a"]\npolicy = "clerk"\nbody = """\n[routes]\n"""\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_keeps_its_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(FORMS[form].encode())
    text = amended(path, {"routes": {"GET /b": LINE}})
    read, old = tomllib.loads(text.removeprefix("\ufeff")), tomllib.loads(FORMS[form].removeprefix("\ufeff"))
    assert read["routes"].pop("GET /b") == {"policy": "clerk", "reviewed": False}
    assert read == {"routes": {}} | old
    now = iter(text.splitlines())
    assert all(line in now for line in FORMS[form].splitlines()), text  # In their order.
    assert ("\r\n" in text) == (form == "Windows")
    assert text.count("\n") == text.count("\r\n") or "\r\n" not in text


def test_a_form_that_cannot_take_it_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('router = "x"\nroutes = { "GET /a" = "clerk" }\n')
    with pytest.raises(HarnessError, match=r'by hand: \[routes\] "GET /b" = \{ policy = "clerk"'):
        amended(path, {"routes": {"GET /b": LINE}})
    assert path.read_text() == 'router = "x"\nroutes = { "GET /a" = "clerk" }\n'


@pytest.mark.parametrize("key", ['GET /"a"', "GET /a\\b", "GET /ü/{größe}", "GET /a]b", "GET /#", "GET /{a-b}/'"])
def test_every_key_is_read_back(key: str) -> None:
    method, _, path = key.partition(" ")
    entry = RouteBaseline(Route(method, path), "x", "? (fault/refused)", [])
    assert list(tomllib.loads(router_text('the "x"', {key: unread_line(entry, "closed")}))["routes"]) == [key]


def test_a_policy_is_the_one_of_that_name_or_one_that_says_the_same() -> None:
    from harness.contracts.matrix.tables import Policy

    known = {
        "people": Policy(accept=["clerk"]),
        "nobody": Policy(accept=[]),
        "hooks": Policy(accept=["clerk"], guard="handler"),
    }
    assert [chosen_policy(name, known) for name in ("clerk", "closed", "inside")] == ["people", "closed", "inside"]
    assert chosen_policy("clerk", {"clerk": Policy(accept=["clerk", "legacy"])}) == "clerk"
    for name, text in POLICIES.items():
        assert list(tomlkit.parse(text)["policies"]) == [name]
