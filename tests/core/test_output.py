"""What leaves the harness holds no secret, and nothing that a terminal, a log or a page would obey; whatever the way out."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.cli.main import main
from harness.cli.terminal import summary
from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.verdicts import Kind
from harness.core.errors import HarnessError
from harness.core.output import harmless, line, rendered, say, shown
from harness.core.redact import learn
from harness.pytest_plugin.shown import show, show_warning, usage_error
from harness.report import FORMATS, Meta, Record, write_all
from harness.report.annotations import workflow_commands
from harness.targets.base import Route
from harness.targets.request_builder import Example
from tests import valid

SECRET = "correct horse battery, staple no 7"
"""Known by value only: it has no shape."""
NASTY = (
    f"{SECRET} \x1b[31mred\r\x07 \u202egnp.exe\u200b \udcff \x9b2J </script><script>alert(1)</script> | a | `b` ``` <img src=x>"
    " [x](http://evil) ##[error]no ##vso[task]no\n::error file=x::no\n  ::set-output name=x::no\n@somebody ![x](y)"
)
OBEYED = "\x1b\r\x07\x9b\u202e\u200b\udcff"


@pytest.fixture(autouse=True)
def known() -> None:
    learn(SECRET)


def nasty_record() -> Record:
    """A record of which every text is nasty that a target, its answers or a declaration may have a say in."""
    plans = [
        RoutePlan(Route("GET", f"/{number}{NASTY}", endpoint=NASTY, dependencies=(NASTY,)), NASTY, NASTY,
                  Policy(accept=["clerk"], mechanism=[NASTY]), Example())
        for number in (1, 2)
    ]  # fmt: skip
    kinds: tuple[Kind, ...] = ("breach", "leak", "fault", "lockout", "handler-error", "hardening", "pass")
    verdicts = [
        CellVerdict(
            NASTY, plans[0].key, NASTY, f"forged@{NASTY}" if kind != "handler-error" else "", "signature", "reject", kind, "probe",
            NASTY, NASTY, 200, mechanism=(NASTY,), ran=(NASTY,), excerpt=NASTY, hint=NASTY,
            notes=(NASTY,),
        )
        for kind in kinds
    ]  # fmt: skip
    check = Check("migrations", "rollback", NASTY, "broken", 1, NASTY, [NASTY], [NASTY], [NASTY], [{NASTY: NASTY}])
    meta = Meta({"app": NASTY, "command": NASTY}, NASTY, f"clerk-harness run --command '{NASTY}'", "probe", NASTY)
    meta.criteria = [(NASTY, ("admissions",))]
    return Record(meta, Plan(plans, []), verdicts, blocked=[NASTY], notes=[NASTY], checks=[check])


def clean(text: str) -> None:
    assert SECRET not in text
    assert SECRET[:12] not in text
    assert not [c for c in OBEYED if c in text]
    assert "##[" not in text
    assert "##vso[" not in text
    assert not [each for each in text.splitlines() if each.lstrip().startswith(("::error", "::set-output"))]
    text.encode("utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_anything_through(name: str) -> None:
    clean(FORMATS[name]().render(nasty_record()))


def test_no_annotation_lets_anything_through() -> None:
    told = workflow_commands(nasty_record())
    assert len(told) == 7
    for each in told:
        assert re.match(r"::(error|warning) file=", each)
        clean(each.partition("::")[2].partition("::")[2])


def test_every_format_is_still_well_formed(tmp_path: Path) -> None:
    record = nasty_record()
    write_all(record, tmp_path)
    document = valid.report(tmp_path / "auth-matrix.json")
    assert len(document["findings"]) == 5
    assert len(ElementTree.parse(tmp_path / "junit.xml").getroot().findall(".//failure")) == 6
    page = (tmp_path / "auth-matrix.html").read_text("utf-8")
    assert page.lower().count("<script") == page.lower().count("</script") == 3
    json.loads(page.split('id="data">')[1].split("</script>")[0])


def test_markdown_holds_no_markup_of_others() -> None:
    text = FORMATS["summary.md"]().render(nasty_record())
    outside: list[str] = []
    fence = ""
    for each in text.splitlines():  # What stands in a block of code is none.
        if fence or each.startswith("```"):
            fence = "" if each == fence else fence or each
        else:
            outside.append(each)
    assert fence == ""
    without_code = re.sub(r"(?<![`\\])(`+)(?!`)(?:.|\n)*?(?<!`)\1(?!`)", "", "\n".join(outside))
    assert "<" not in without_code.replace("<br>", "")  # Our own, in tables.
    for line_of_table in (each for each in outside if each.startswith("| **")):
        assert line_of_table.replace("\\|", "").count("|") == 7
    for note in (each for each in outside if each.startswith("Note: ")):
        assert "&lt;script&gt;" in note
        assert "<" not in note
        assert "&#64;somebody" in note
        assert "\\[x\\](http:\\//evil)" in note


def test_the_terminal_and_its_verdict_cannot_be_forged() -> None:
    record = nasty_record()
    record.verdicts[0].detail = "no\nPASSED\n"
    text = summary(record)
    assert [each for each in text.splitlines() if each.startswith(("PASSED", "FAILED"))] == [
        f"FAILED: {line(record.part)}"
    ]
    out = io.StringIO()
    say(text, file=out)
    clean(out.getvalue())


def test_ascii_streams_get_every_report_and_every_line() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say(f"{NASTY} … — ✓ ü", file=out)
    out.flush()
    text = out.buffer.getvalue().decode()
    clean(text)
    assert text.rstrip().endswith("... - ok \\xfc")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("a\rb", "a\\rb"[:-2] + "x0db"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("::error::x", "\\::error::x"),
        ("a\n  ::set-output name=a::b", "a\n  \\::set-output name=a::b"),
        ("##[error]x and ##vso[task.x]", "##\\[error]x and ##vso\\[task.x]"),
        ("::1 is an address, ::ffff:1.2.3.4 too", "::1 is an address, ::ffff:1.2.3.4 too"),
        ("suites/x.toml::GET /me[clerk]", "suites/x.toml::GET /me[clerk]"),
        ("grün, naïve, 日本語, ✅ ▫️", "grün, naïve, 日本語, ✅ ▫️"),
    ],
)
def test_what_would_be_obeyed_is_written_out(text: str, told: str) -> None:
    assert harmless(text) == told
    assert harmless(told) == told


def test_documents_are_shown_with_their_keys() -> None:
    assert rendered({f"a {SECRET}": [f"b {SECRET}", 1, None, True], "c": (SECRET,)}) == {
        "a correct…"[:2] + f"{SECRET[:8]}…": [f"b {SECRET[:8]}…", 1, None, True],
        "c": [f"{SECRET[:8]}…"],
    }


def test_a_line_is_one() -> None:
    assert line("a\n b\t\tc") == "a b c"


# Messages


def test_errors_of_arguments_show_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["run", f"--unknown={SECRET}\x1b[2J"], ["run", "--seed", SECRET], [SECRET]):
        assert main(arguments) == 2
    clean(capsys.readouterr().err)


def test_mistakes_and_crashes_show_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.cli import commands

    for error, code in ((HarnessError(NASTY), 2), (RuntimeError(NASTY), 70)):

        def fail(arguments: Any, error: Exception = error) -> int:
            raise error

        monkeypatch.setattr(commands, "token", fail)
        assert main(["token", "clerk"]) == code
        captured = capsys.readouterr()
        assert captured.out == ""
        clean(captured.err)


# pytest


def test_what_pytest_has_put_together_is_shown() -> None:
    try:
        raise RuntimeError(NASTY)
    except RuntimeError:
        found = pytest.ExceptionInfo.from_current()
    for style in ("long", "short", "native"):
        told = found.getrepr(showlocals=True, style=style)
        assert SECRET in str(told)
        clean(str(show(told)))
        clean(told.reprcrash.message)  # type: ignore[union-attr]


def test_warnings_and_errors_of_usage_are_shown() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn(NASTY, RuntimeWarning, stacklevel=1)
        warnings.warn("harmless", RuntimeWarning, stacklevel=1)
    kept = caught[1].message
    for each in caught:
        show_warning(each)
    clean(str(caught[0].message))
    assert caught[1].message is kept
    clean(str(usage_error(HarnessError(NASTY))))


PLUGIN_TEST = """
import pytest, warnings
from harness.core.redact import learn
from harness.pytest_plugin.items import FindingError, StoryItem
from harness.contracts.matrix.verdicts import Kind
from harness.core.errors import HarnessError
SECRET = {secret!r}
NASTY = {nasty!r}
learn(SECRET)

class Item(StoryItem):
    def runtest(self):
        print(NASTY.replace(chr(0xdcff), ""))
        warnings.warn(NASTY)
        if self.name == "skips": pytest.skip(NASTY)
        raise (FindingError if self.name == "finds" else HarnessError if self.name == "errs" else RuntimeError)(NASTY)

class File(pytest.File):
    def collect(self):
        return [Item.from_parent(self, name=name) for name in ("skips", "finds", "errs", "crashes")]

def pytest_collect_file(file_path, parent):
    if file_path.name == "some.suite": return File.from_parent(parent, path=file_path)
"""


def test_pytest_shows_nothing_in_any_place(tmp_path: Path) -> None:
    """Long and short lines, skips, captured output, warnings, locals, and the JUnit file of pytest's own."""
    (tmp_path / "conftest.py").write_text(PLUGIN_TEST.format(secret=SECRET, nasty=NASTY))
    (tmp_path / "some.suite").write_text("")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:hypothesispytest", "-rA",
        "--showlocals", "--tb=long", "--junitxml=own.xml", "some.suite",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env={"PYTHONPATH": str(root)}
    )
    assert "3 failed, 1 skipped, 4 warnings" in done.stdout
    for text in (done.stdout, done.stderr, (tmp_path / "own.xml").read_text()):
        assert SECRET not in text
        assert "\x1b" not in text
        assert not [each for each in text.splitlines() if each.lstrip().startswith(("::error", "::set-output"))]


def test_every_field_of_a_verdict_is_tried() -> None:
    """The test itself: no text of a verdict is left out of the nasty record, but for words of ours."""
    ours = {"group", "expected", "verdict", "evidence", "needs", "twin"}
    first = nasty_record().verdicts[0]
    plain = {
        field.name
        for field in fields(CellVerdict)
        if isinstance(getattr(first, field.name), (str, tuple)) and SECRET not in str(getattr(first, field.name))
    }
    assert plain == ours
    assert shown(NASTY) != NASTY
