"""The command `mapping`: its table, its JSON, its exit codes, and no value of any row in what it says."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.conftest import ROOT
from tests.mapping.databases import CASES

AGREES, MIXED, DOUBLES = CASES[0].schema, CASES[1].schema, CASES[2].schema
PERSONAL = re.compile(r"@example|user_[0-9a-z]{8}|[0-9a-f]{8}-[0-9a-f]{4}-|auth0|Someone", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No declaration is there."""
    monkeypatch.chdir(tmp_path)


def test_where_all_agrees(database: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapping", "--database", database(AGREES)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "users: users (id id, Clerk's id clerk_user_id, address email)"
    assert "10 rows, 4 without Clerk's id, 0 without an address" in lines
    assert "posts.user_id integer id foreign key 5 0 0 agrees" in lines
    assert "events.actor text Clerk's id values 4 0 0 agrees" in lines
    assert lines[-1] == "3 columns point to users, all agree"


def test_where_something_does_not(database: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapping", "--database", database(MIXED), "--json", "found/mapping.json"]) == 1
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "notes.owner text id + Clerk's id values 5 0 0 mixed" in lines
    assert "notes.owner is mixed: 3 id, 2 Clerk's id" in lines
    assert lines[-2:] == ["4 columns point to users, 4 do not agree", "FAILED: 4 findings, 0 not read"]
    data = json.loads(Path("found/mapping.json").read_text())
    assert (data["schema"], data["version"], data["agrees"]) == ("clerk-harness/mapping", 1, False)
    notes = next(each for each in data["columns"] if each["table"] == "notes")
    assert (notes["holds"], notes["found"], notes["by"]) == (["id", "clerk"], {"id": 3, "clerk": 2}, "values")


@pytest.mark.parametrize("schema", [AGREES, MIXED, DOUBLES])
def test_no_value_of_a_row_is_told(
    database: Callable[[str], str], schema: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["mapping", "--database", database(schema), "--json", "mapping.json"])
    out, err = capsys.readouterr()
    assert PERSONAL.search(schema)
    assert not PERSONAL.search(out + err + Path("mapping.json").read_text())


def test_on_a_terminal_it_is_a_table(database: Callable[[str], str]) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "harness", "mapping", "--database", database(DOUBLES)]
    variables = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, env=variables, timeout=60, check=False)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed.
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, b"")
    text = shown.decode()
    assert "accounts: accounts" not in text and "users: accounts" in text
    assert re.search(r"tokens\.holder +│ uuid +│ id +│ values", text)
    assert "orphans" in text and "FAILED: 5 findings" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--database", "postgresql://u:hunter2secret@127.0.0.1:1/x"], "--database: no connection: "),
        (["--database", "postgresql://u:se@cretpass@127.0.0.1:1/x"], "--database: write postgresql://user@host:port"),
        (["--database", "postgresql://u:pa/ssword@127.0.0.1:1/x"], "--database: write postgresql://user@host:port"),
        (["--database", "postgresql://u:pa#ssword@127.0.0.1:1/x"], "--database: write postgresql://user@host:port"),
        (["--database", "host=h password=hunter2secret"], "--database: write postgresql://user@host:port"),
        (["--database", "postgresql://h/x", "--timeout", "0"], "--timeout 0: write seconds"),
        (["--database", "postgresql://h/x", "--suites", "nowhere"], "--suites nowhere: "),
        ([], "required: --database"),
    ],
)
def test_a_mistake_is_a_sentence_without_a_password(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mapping", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err and err.count("\n") == 1
    assert not re.search("hunter2|cret|ssword@|pa/", err)


def test_names_are_those_of_the_declaration_as_far_as_they_are_there(
    database: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("suites").mkdir()
    declared = '[reach]\nrequest = "GET /me"\n[table]\nname = "accounts"\nclerk_id = "clerk_user_id"\nemail = "email_address"\n'
    Path("suites/user_sync.toml").write_text(declared)
    assert main(["mapping", "--database", database(DOUBLES)]) == 1
    out = capsys.readouterr().out
    assert "took accounts: suites/user_sync.toml says so" in out
    assert "accounts has no column clerk_user_id yet, which suites/user_sync.toml names" in out
    assert "Clerk's id clerk_id" in out


def test_names_on_the_command_line_must_be_there(
    database: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = database(DOUBLES)
    assert main(["mapping", "--database", url, "--table", "accounts", "--clerk-id", "clerk"]) == 2
    assert "the table accounts has no column 'clerk'; did you mean 'clerk_id'?" in capsys.readouterr().err
