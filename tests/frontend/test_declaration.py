"""`frontend.toml`: a mistake is told with file and key, and what may be written is understood."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.contracts.frontend import load_frontend
from harness.contracts.frontend.declaration import FrontendFile
from harness.contracts.frontend.serving import Files, Front, filled
from harness.contracts.frontend.verify import open_routes
from harness.contracts.matrix import load
from harness.core.errors import DeclarationError, TargetError
from harness.core.ports import free_port
from tests.conftest import MATRIX, write_suites

PAGES = '[pages]\n"/dashboard" = "signed-in"\n'
FAILING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Failing(BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(500)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Failing).serve_forever()
"""
MISTAKES = {
    "no way to serve it": (PAGES, "say how it is served"),
    "no page that is protected": ('command = "x"\n[pages]\n"/" = "public"\n', 'none is "signed-in"'),
    "an unknown word": ('command = "x"\n[pages]\n"/a" = "private"\n', 'pages."/a".who'),
    "an unknown key": (f'comand = "x"\n{PAGES}', "did you mean 'command'?"),
    "a path in the URL": (f'url = "http://localhost:3000/app"\n{PAGES}', "has a path"),
    "no URL": (f'url = "localhost:3000"\n{PAGES}', "url"),
    "a folder of scripts that is not there": (f'command = "x"\nscripts = "nowhere"\n{PAGES}', "scripts: "),
    "files that are served elsewhere": (f'dir = "."\nurl = "https://example.com"\n{PAGES}', "is at http://localhost and a port"),
    "files that are served without a port": (f'dir = "."\nurl = "http://localhost"\n{PAGES}', "leave `url` out for a free one"),
    "a folder that is not there": (f'dir = "nowhere"\n{PAGES}', "is no folder"),
    "a page that is no path": (
        'command = "x"\n[pages]\ndashboard = "signed-in"\n',
        "pages.dashboard: 'dashboard': write a path that begins with /, without host and query: /dashboard",
    ),
    "a path of the API that is none": (f'command = "x"\n{PAGES}[api]\n"/api" = "x"\n', "api.\"/api\": 'x': write a path that"),
    "something ignored without a reason": (
        f'command = "x"\n{PAGES}[[ignored_storage]]\nwhere = "cookie"\nkey = "a"\n', "ignored_storage",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "frontend.toml").write_text(text)
    with pytest.raises(DeclarationError) as told:
        load_frontend(tmp_path)
    assert "frontend.toml" in str(told.value) and said in str(told.value)


def test_without_the_file_there_is_nothing_to_hold(tmp_path: Path) -> None:
    assert load_frontend(tmp_path) is None


def test_placeholders_are_filled_in_and_unknown_ones_told() -> None:
    assert filled("{backend}/api", {"backend": "http://localhost:1"}, "here") == "http://localhost:1/api"
    with pytest.raises(DeclarationError, match=r"here: \{origim\} is unknown; there are \{origin\}"):
        filled("{origim}", {"origin": ""}, "here")


def test_files_are_served_as_hosts_of_single_page_apps_do(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "docs").mkdir(parents=True)
    for name, text in {"index.html": "start %API% %OTHER%", "about.html": "about", "docs/index.html": "docs"}.items():
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("outside")
    files = Files(folder, free_port())
    try:
        files.variables = {"API": "http://localhost:1"}
        answered = {
            path: files.answer(path)[::2] for path in ("/", "/about", "/docs", "/dashboard", "/x.js", "/../secret.txt")
        }
    finally:
        files.close()
    start = (200, b"start http://localhost:1 %OTHER%")
    assert answered == {
        "/": start, "/about": (200, b"about"), "/docs": (200, b"docs"), "/dashboard": start,
        "/x.js": (404, b"no such file\n"), "/../secret.txt": (404, b"no such file\n"),
    }  # fmt: skip


def test_routes_that_the_matrix_leaves_open_need_no_token(tmp_path: Path) -> None:
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "")
    write_suites(tmp_path, '"GET /open/{id}" = "public"\n"GET /me" = "clerk"\n', matrix=matrix)
    file = FrontendFile.model_validate({"command": "x", "pages": {"/a": "signed-in"}, "api": {"/api/": "/"}})
    is_open = open_routes(load(tmp_path), file)
    asked = [("GET", "/open/1"), ("GET", "/api/open/1"), ("POST", "/open/1"), ("GET", "/open/1/2"), ("GET", "/me")]
    assert [is_open(*each) for each in asked] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("./nowhere {port}", "frontend.toml: command './nowhere "),
        (f"{sys.executable} failing.py {{port}}", "/ is not ready: it answers 500 after 2 s"),
    ],
)
def test_a_command_that_does_not_serve_is_told_by_its_key(tmp_path: Path, command: str, said: str) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    file = FrontendFile.model_validate({"command": command, "start_within": 2, "pages": {"/a": "signed-in"}})
    front = Front(file, tmp_path)
    with pytest.raises(TargetError) as told, front.serving(tmp_path, dict(os.environ), front.known):
        raise AssertionError("it serves")
    assert said in str(told.value) and "--command" not in str(told.value)
