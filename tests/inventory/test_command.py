"""The command `inventory`: progress, places, the ratchet, JSON, and mistakes in one sentence; nothing that is shown is cut or a secret."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.core.errors import HarnessError
from harness.core.output import shown
from harness.inventory import files
from harness.inventory.document import progress
from harness.inventory.frontend.read import read_frontend
from harness.inventory.places import Part, Place, State, Unit, state_of
from tests.conftest import ROOT
from tests.inventory.backends import BOTH, OF_CLERK, OF_OLD
from tests.inventory.frontends import FLAWED, UNKNOWN

ROUTER = "from fastapi import APIRouter, Depends\nr = APIRouter()\n@r.get('/a')\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backend with an old router and one of Clerk's, and a front end with an old page."""
    made = BOTH | {
        "old.py": OF_OLD + ROUTER + "def a(user=Depends(get_user)): ...",
        "new.py": OF_CLERK + ROUTER + "def a(user=Depends(get_current_user)): ...",
    }
    for name, text in made.items():
        (tmp_path / "back").mkdir(exist_ok=True)
        (tmp_path / "back" / name).write_text(text)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "login.ts").write_text("localStorage.setItem('token', 'sk_live_abcdefghijklmnopqrstuvwxyz')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_progress_places_and_the_ratchet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = ["inventory", "--app-dir", "back", "--frontend", "web"]
    assert main([*whole, "--max-legacy", "4", "--json", "out.json"]) == 0
    told = capsys.readouterr().out
    for line in (
        "1 of 2 routers migrated, 1 left",
        "0 of 1 pages migrated, 1 left",
        "    old.py:5  GET /a: dependency get_user (decodes a credential from base64)",
        "    login.ts:1  writes 'token' of localStorage",
        "4 legacy place(s): 3 in back, 1 in web",
    ):
        assert line in told
    assert "sk_live" not in told
    written = (project / "out.json").read_text()
    assert "sk_live" not in written
    data = json.loads(written)
    assert (data["schema"], data["version"], data["passed"], data["legacy"]) == ("clerk-harness/inventory", 1, True, 4)
    assert data["backend"]["progress"] == {"left": 1, "mixed": 0, "unknown": 0, "migrated": 1, "nothing": 0}
    assert data["frontends"][0]["pages"][0]["places"] == [
        {"file": "login.ts", "line": 1, "kind": "storage", "status": "left", "what": "writes 'token' of localStorage", "counts": True}
    ]  # fmt: skip
    assert main([*whole, "--max-legacy", "3"]) == 1
    assert "FAILED: 4 legacy place(s), and --max-legacy allows 3" in capsys.readouterr().out
    assert main(whole) == 0, "without a ratchet it only tells"


def test_a_count_that_nobody_can_rely_on_fails_the_ratchet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "back" / "broken.py").write_text("def f(:\n")
    assert main(["inventory", "--app-dir", "back", "--max-legacy", "99"]) == 1
    told = capsys.readouterr().out
    assert "FAILED: 1 file(s) could not be read, so that nobody knows what is left: broken.py" in told
    assert "not read: broken.py: line 1: not valid Python" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--app-dir", "nowhere"], "--app-dir nowhere: no such folder"),
        (["--app-dir", "back/old.py"], "--app-dir back/old.py: is no folder"),
        (["--app-dir", "web"], "--app-dir web: has no Python files"),
        (["--app-dir", "back", "--frontend", "back"], "--frontend back: has no scripts"),
        (["--app-dir", "back", "--report", "back/old.py"], "back/old.py: is not JSON"),
        (["--app-dir", "back", "--report", "none.json"], "none.json: no such file"),
        (["--app-dir", "back", "--suites", "back"], "auth_matrix.toml: no such file"),
        (["--app-dir", "back", "--max-legacy", "few"], "'few' is no whole number"),
        (["--app-dir", "back", "--max-legacy", "-1"], "--max-legacy"),
        (["--app-dir", "back", "--json", "back/old.py/x.json"], "--json back/old.py/x.json"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_two(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["inventory", *arguments]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1


def test_the_reference_platform_by_its_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "--suites", str(ROOT / "suites"), "--max-legacy", "0"]) == 1
    told = capsys.readouterr().out
    assert "7 of 30 routers migrated, 23 left (23 of them mixed); 1 with nothing to move" in told
    assert "health.py                       public, as declared" in told
    assert (
        "app/auth/__init__.py:12  imports app.auth.legacy:get_current_user_unified ([mechanisms] legacy), where" in told
    )


def test_what_is_told_passes_the_way_out_unchanged(tmp_path: Path) -> None:
    for number, fact in enumerate([*FLAWED, *UNKNOWN]):
        folder = tmp_path / str(number)
        for file, text in fact.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        assert all(shown(place.what) == place.what for place in read_frontend(folder).places)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], "nothing"),
        (["left"], "left"),
        (["left", "unknown"], "left"),
        (["left", "migrated", "unknown"], "mixed"),
        (["migrated"], "migrated"),
        (["migrated", "unknown"], "unknown"),
        (["migrated", "harmless"], "migrated"),
        (["harmless"], "unknown"),
    ],
)
def test_the_state_that_places_make(statuses: list[str], state: State) -> None:
    places = [
        Place("a", number, each, "unknown" if each == "harmless" else each, "")  # type: ignore[arg-type]
        for number, each in enumerate(statuses)
    ]
    assert state_of(places, harmless=["harmless"]) == state


def test_progress_in_words() -> None:
    units = [Unit("a", "migrated")] * 17 + [Unit("b", "left")] * 4 + [Unit("c", "mixed")] * 2 + [Unit("d", "unknown")]
    part = Part(".", units=[*units, Unit("e", "nothing")])
    assert progress(part, "routers") == (
        "17 of 24 routers migrated, 6 left (2 of them mixed), 1 unknown; 1 with nothing to move"
    )


def test_what_is_left_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "localStorage.setItem('token', t)\n"
    names = ["node_modules/x/a.js", "dist/a.js", ".next/a.js", "src/a.test.ts", "src/b.stories.tsx", "__tests__/a.js", "a.min.js",
             "src/types.d.ts", "src/dist/page.ts"]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(token)
    (tmp_path / "long.js").write_text(token.strip() + ";" + "x=1;" * 5000)
    (tmp_path / "large.js").write_text("//" + "x\n" * files.LARGEST_FILE)
    os.symlink(tmp_path, tmp_path / "loop")
    part = read_frontend(tmp_path)
    assert [unit.file for unit in part.units] == ["src/dist/page.ts"], "deeper it is somebody's source"
    told = {one.file: one.why for one in part.unread}
    assert told == {
        "node_modules": "folders of installed packages", "dist": "folders of builds (dist, build, out …)", ".next": "hidden folders",
        "src/a.test.ts": "files of tests or stories", "src/b.stories.tsx": "files of tests or stories",
        "__tests__": "folders of tests", "a.min.js": "minified files", "src/types.d.ts": "files of declarations (.d.ts)",
        "long.js": "minified files", "large.js": "larger than 1 MiB", "loop": "folders behind a link",
    }  # fmt: skip
    assert [one.file for one in part.unmeant] == ["large.js"]
    shutil.rmtree(tmp_path / "src")
    monkeypatch.setattr(files, "MOST_FILES", 1)
    (tmp_path / "b.js").write_text("")
    (tmp_path / "c.js").write_text("")
    with pytest.raises(HarnessError, match="more than 1 files of source: name a folder further down"):
        read_frontend(tmp_path)
