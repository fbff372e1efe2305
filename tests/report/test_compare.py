"""What changed between two reports: what is new fails, and what was not tried again is never said to be gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.contracts.base import Check
from harness.report import Record
from harness.report.compare import Comparison, as_html, as_markdown, as_text, compare
from harness.report.json_report import document
from tests.report.test_baseline import BREACH, COUNT, LEGACY, PASS, record
from tests.report.test_causes import GUARD, cell

ROUTES = ("GET /a", "GET /b")
OTHER = cell(credential="expired", group="time", ran=(GUARD,))
ENDED = record(PASS)
ENDED.incomplete = "Ctrl-C"
PROVEN = Check("budget", "statements", "few statements", "proven")
LET_IN = cell(credential="clerk", verdict="pass", expected="accept")


def told(old: Record, new: Record) -> Comparison:
    return compare(document(old), document(new))


FACTS: dict[str, tuple[Record, Record, set[str], bool]] = {
    "nothing": (record(BREACH), record(BREACH), set(), False),
    "a new one": (record(PASS), record(BREACH), {"new_causes", "newly_admitted"}, True),
    "another function": (record(BREACH), record(cell(ran=("app.new:user",))), {"new_causes", "gone_causes"}, True),
    "a further route": (
        record(BREACH, routes=ROUTES), record(BREACH, cell("GET /b", ran=(GUARD,)), routes=ROUTES), {"grown_causes"}, True
    ),
    "a further credential": (record(BREACH), record(BREACH, cell(credential="alg-none", ran=(GUARD,))), {"grown_causes"}, True),
    "fewer routes": (
        record(BREACH, cell("GET /b", ran=(GUARD,)), routes=ROUTES),
        record(BREACH, cell("GET /b", verdict="pass"), routes=ROUTES),
        {"shrunk_causes", "no_longer_admitted"}, False,
    ),
    "mended": (record(BREACH), record(PASS), {"gone_causes", "no_longer_admitted"}, False),
    "mended, and what it covered is left": (
        record(BREACH, OTHER), record(PASS, OTHER), {"changed_causes", "gone_causes", "no_longer_admitted"}, False
    ),
    "not tried": (record(BREACH), record(narrowed="--credentials clerk"), {"unexamined_causes"}, False),
    "half of it tried": (
        record(BREACH, cell(credential="alg-none", ran=(GUARD,))), record(PASS, narrowed="--credentials forged"),
        {"unexamined_causes", "no_longer_admitted"}, False,
    ),
    "its route left out": (record(BREACH), record(routes=("GET /b",), narrowed="--router x"), {"unexamined_causes", "new_routes"}, False),
    "its route gone": (record(BREACH), record(routes=("GET /b",)), {"gone_causes", "new_routes", "gone_routes"}, False),
    "nothing known any more": (record(BREACH), record(cell(verdict="inconclusive")), {"unexamined_causes", "changed_causes"}, False),
    "nothing known of what was proven": (record(PASS), record(cell(verdict="inconclusive")), {"new_causes"}, True),
    "a route without a policy": (record(PASS), record(PASS, cell("GET /n", "", "undeclared")), {"new_causes"}, True),
    "a gap, not looked for": (
        record(PASS, cell("GET /n", "", "undeclared")), record(PASS, narrowed="--router r"), {"unexamined_causes"}, False
    ),
    "a run that did not end": (record(PASS), ENDED, set(), True),
    "a check is broken": (record(checks=(PROVEN,)), record(checks=(COUNT,)), {"new_causes"}, True),
    "a check is mended": (record(checks=(COUNT,)), record(checks=(PROVEN,)), {"gone_causes"}, False),
    "a check was not held": (record(checks=(COUNT,)), record(PASS), {"unexamined_causes"}, False),
    "a check did not come to it": (
        record(checks=(COUNT,)), record(checks=(Check("budget", "statements", "", "not examined"),)), {"unexamined_causes"}, False
    ),
    "kept out": (
        record(LET_IN), record(cell(credential="clerk", verdict="lockout", expected="accept", seen="401")),
        {"new_causes", "no_longer_admitted"}, True,
    ),
    "either answer is right": (
        record(cell(credential="azp", verdict="pass", expected="tolerate", seen="401")),
        record(cell(credential="azp", verdict="pass", expected="tolerate")), {"newly_admitted"}, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sections", "worse"), FACTS.values(), ids=FACTS)
def test_each_kind_of_change_is_told_as_what_it_is(old: Record, new: Record, sections: set[str], worse: bool) -> None:
    found = told(old, new)
    lists = {name for name, value in vars(found).items() if isinstance(value, list) and value and name != "notes"}
    assert lists == sections
    assert found.worse is worse
    for text in (as_text(found), as_markdown(found), as_html(found)):
        assert ("something new fails" in text) is worse
        assert all(title in text for title, _ in found.sections())


def test_a_changed_policy_is_told_key_by_key() -> None:
    old, new = document(record(PASS)), document(record(PASS))
    new["policies"]["clerk"]["accept"] = ["clerk", "legacy"]
    new["routers"][0]["routes"][0]["policy"] = "both"
    found = compare(old, new)
    assert [(each.what, each.detail) for each in found.policies] == [
        ("GET /a", "clerk -> both"),
        ("policy clerk", 'accept: ["clerk"] -> ["clerk", "legacy"]'),
    ]


def test_nothing_that_a_report_holds_is_markup_or_an_order() -> None:
    old, new = document(record(PASS)), document(record(BREACH))
    new["causes"][0]["title"] = "<script>x</script>\n::error::y \x1b[31m sk_test_abcdefghijklmnopqrstuv"
    found = compare(old, new)
    for text in (as_text(found), as_markdown(found), as_html(found)):
        assert "\x1b" not in text and "abcdefghijklmnop" not in text and "\n::error" not in text
    assert "<script>" not in as_html(found) + as_markdown(found)


def written(folder: Path, **reports: Record | dict[str, Any]) -> dict[str, str]:
    paths = {}
    for name, each in reports.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document(each) if isinstance(each, Record) else each))
        paths[name] = str(path)
    return paths


def test_the_command_says_by_its_exit_code_whether_something_new_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, old=record(BREACH), new=record(BREACH, LEGACY), bad={"schema": "x"})
    assert main(["diff", paths["old"], paths["new"]]) == 1
    assert capsys.readouterr().out.startswith("New causes (1):\n  `user` admits")
    assert main(["diff", paths["new"], paths["old"]]) == 0
    page = tmp_path / "pages" / "diff.html"
    assert main(["diff", paths["old"], paths["new"], "--format", "html", "--output", str(page)]) == 1
    assert page.read_text().startswith("<!doctype html>")
    assert main(["diff", paths["old"], paths["bad"]]) == 2
    assert "is no auth-matrix.json" in capsys.readouterr().err


def test_the_command_writes_a_first_baseline_and_does_not_overwrite_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, path = written(tmp_path, r=record(BREACH, LEGACY))["r"], tmp_path / "baseline.json"
    assert main(["baseline", report, str(path)]) == 0
    assert "2 known findings of 2 causes" in capsys.readouterr().out
    before = path.read_text()
    assert main(["baseline", written(tmp_path, s=record(PASS))["s"], str(path)]) == 2
    assert "--update-baseline" in capsys.readouterr().err and path.read_text() == before
    assert main(["baseline", str(tmp_path / "s.json"), str(path), "--overwrite"]) == 0
    assert json.loads(path.read_text())["known"] == []
