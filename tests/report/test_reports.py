"""Reports say what the stream said, whole or not at all, and show no secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.cli.terminal import summary
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.verdicts import Kind
from harness.credentials import CATALOGUE
from harness.report import FORMATS, Listener, Meta, Record, write_all
from harness.report.criteria import criteria
from harness.report.json_report import document
from harness.targets.base import Route
from harness.targets.request_builder import Example
from tests import valid
from tests.conftest import GUARD, Judged
from tests.unpacked import unpacked

CODE = """
@app.get("/me")
def me(user: User): return {}
@app.get("/open-by-mistake")
def mistake(): return {}
@app.get("/crash/{number}")
def crash(number: int, user: User): raise RuntimeError("<script>alert('x')</script> sk_test_abcdefghijklmnopqrstuv")
@app.get("/public")
def public(): return {}
"""
ROUTES = """
"GET /me" = "clerk"
"GET /open-by-mistake" = "clerk"
"GET /crash/{number}" = { policy = "clerk", path = { number = 1 } }
"GET /public" = "public"
"GET /gone" = "clerk"
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    from tests.conftest import VERIFIER, judged, write_suites

    folder = tmp_path_factory.mktemp("app")
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "backend.py").write_text(
        GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
    )
    from harness.run.options import Options

    options = Options(
        suites=write_suites(folder / "suites", ROUTES),
        app="backend:app",
        app_dir=folder,
        python=sys.executable,
        agents=1,
    )
    found = judged(options)
    found.record.seconds = 1.5
    return found


@pytest.fixture(scope="module")
def written(result: Judged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write_all(result.record, folder)
    return folder


def test_every_format_is_there_and_nothing_else(written: Path) -> None:
    files = "auth-matrix.json auth-matrix.html junit.xml summary.md auth-matrix.sarif gl-code-quality.json auth-matrix.schema.json"
    assert {path.name for path in written.iterdir()} == set(FORMATS) == set(files.split())


def test_the_json_is_the_truth(written: Path, result: Judged) -> None:
    document = valid.report(written / "auth-matrix.json")
    assert (document["schema"], document["version"]) == ("clerk-harness/auth-matrix", 2)
    cells = [
        cell | {"route": route["route"]}
        for router in document["routers"]
        for route in router["routes"]
        for cell in route["cells"]
    ]
    assert (
        len(cells) == document["summary"]["cells"] == document["summary"]["planned"] == result.record.plan.cells > 900
    )
    assert {(c["route"], c["credential"]): c["verdict"] for c in cells} == {
        v.key: v.verdict for v in result.record.verdicts if v.credential
    }
    breach = next(c for c in cells if (c["route"], c["credential"]) == ("GET /open-by-mistake", "missing"))
    assert breach["verdict"] == "breach"
    assert breach["evidence"] == "probe"
    assert breach["repeat"].endswith('--route "GET /open-by-mistake" --credentials missing')
    assert breach["milliseconds"] > 0
    assert document["summary"]["verdicts"]["stale"] == 1
    assert not document["passed"]


def test_routes_causes_and_lines_say_where_they_stand(written: Path) -> None:
    """Of a target outside any repository: relative to the suites' folder, else to the app's."""
    document = valid.report(written / "auth-matrix.json")
    routes = {route["route"]: route for router in document["routers"] for route in router["routes"]}
    source = (
        GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
    ).splitlines()
    place = routes["GET /open-by-mistake"]["source"]
    assert place["file"] == "backend.py"
    assert source[place["line"] - 1] == '@app.get("/open-by-mistake")'
    line = routes["GET /open-by-mistake"]["declared"]
    assert line["file"] == "routers/app.toml"
    breach = next(cause for cause in document["causes"] if cause["routes"] == ["GET /open-by-mistake"])
    assert breach["locations"] == [place | {"function": ""}]


def test_findings_come_gravest_first(written: Path) -> None:
    kinds = [finding["verdict"] for finding in valid.report(written / "auth-matrix.json")["findings"]]
    assert kinds == sorted(
        kinds,
        key=[
            "breach",
            "mixed",
            "lockout",
            "fault",
            "leak",
            "handler-error",
            "inconclusive",
            "undeclared",
            "stale",
        ].index,
    )


def test_the_html_stands_alone_and_cannot_be_broken_out_of(written: Path) -> None:
    page = (written / "auth-matrix.html").read_text()
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert "@import" not in page
    data = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    assert "<" not in data
    assert json.loads(data)["summary"]["cells"] == valid.report(written / "auth-matrix.json")["summary"]["cells"]
    assert "alert('x')" in json.dumps(json.loads(data))


def test_junit_has_a_case_for_every_verdict(written: Path, result: Judged) -> None:
    root = ElementTree.fromstring((written / "junit.xml").read_text())
    cases = list(root.iter("testcase"))
    assert len(cases) == int(root.get("tests", "0")) == len(result.record.verdicts)
    failures = [case for case in cases if case.find("failure") is not None]
    assert len(failures) == int(root.get("failures", "0")) == len(result.record.findings)
    assert "repeat: clerk-harness run" in (failures[0].find("failure").text or "")  # type: ignore[union-attr]


def test_the_summary_names_findings_and_the_first_command(written: Path) -> None:
    text = (written / "summary.md").read_text()
    assert text.startswith("# Auth matrix: FAILED")
    for verdict, route in (("breach", "GET /open-by-mistake"), ("stale", "GET /gone")):
        assert re.search(rf"^\| \*\*{verdict}\*\* \| .*`{route}` \(app\)", text, re.MULTILINE)
    assert "clerk-harness run --route" in text


@pytest.mark.parametrize("name", FORMATS)
def test_no_token_and_no_key_is_shown(written: Path, name: str) -> None:
    text = (written / name).read_text()
    text += unpacked(text) if name.endswith(".html") else ""
    assert not re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}", text)
    assert "sk_test_abcdefghijk" not in text
    assert "sk_test_…" in text or name in ("summary.md", "auth-matrix.schema.json")


def test_files_are_written_whole_or_not_at_all(result: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "junit.xml").write_text("the old one")

    class Broken(Listener):
        def render(self, record: Record, told: object = None) -> str:
            raise RuntimeError("broken")

    monkeypatch.setitem(FORMATS, "junit.xml", Broken)
    with pytest.raises(RuntimeError):
        write_all(result.record, tmp_path)
    assert (tmp_path / "junit.xml").read_text() == "the old one"
    assert not list(tmp_path.glob(".*part"))


def test_a_run_that_judged_less_than_planned_has_not_passed(result: Judged) -> None:
    record = Record(Meta({}, "", "", ""), result.record.plan)
    assert not record.passed
    for verdict in result.record.verdicts[:5]:
        record.add(verdict)
    assert not record.passed
    assert not Record(Meta({}, "", "", ""), Plan([], [])).passed


def test_criteria_are_supported_only_by_cells_that_were_judged(result: Judged) -> None:
    states = {c.number: c.state for c in criteria(result.record)}
    assert states[3] == "broken"
    assert states[5] == states[6] == states[7] == "not examined"
    empty = Record(Meta({}, "", "", ""), result.record.plan)
    assert {c.state for c in criteria(empty)} == {"not examined"}


def _criterion(number: int, verdicts: list[CellVerdict], plan: Plan, narrowed: str = "") -> str:
    record = Record(Meta({}, "", "", "", narrowed), plan, verdicts)
    return next(c.state for c in criteria(record) if c.number == number)


def test_a_criterion_is_supported_only_by_a_whole_run_in_which_every_cell_passed(result: Judged) -> None:
    plan = result.record.plan
    passing = CellVerdict("app", "GET /me", "clerk", "clerk", "genuine", "accept", "pass", "probe", "")
    fault = CellVerdict("app", "GET /me", "clerk", "clerk", "genuine", "accept", "fault", "probe", "")
    unclear = CellVerdict("app", "GET /me", "clerk", "clerk", "genuine", "accept", "inconclusive", "probe", "")
    assert _criterion(1, [passing], plan) == "supported"
    assert _criterion(1, [passing, fault], plan) == "broken"
    assert _criterion(1, [passing, unclear], plan) == "not examined"
    assert _criterion(1, [passing], plan, "--router app") == "not examined"


def test_the_terminal_says_what_and_how_to_repeat_it(result: Judged) -> None:
    text = summary(result.record)
    assert "BREACH       " in text
    assert all(cause.title in text and f"[{cause.id}]" in text for cause in result.record.causes)
    assert 'repeat: clerk-harness run --route "GET /open-by-mistake"' in text
    assert text.endswith("FAILED")


def test_a_finding_s_command_repeats_just_that_cell(judge_app: Callable[..., Judged]) -> None:
    code = CODE.replace("sk_test", "x")
    only = judge_app(code, ROUTES, only=["GET /open-by-mistake"], credentials=["missing"])
    assert [v.key for v in only.record.verdicts] == [("GET /open-by-mistake", "missing")]
    assert only.failed == {("breach", "GET /open-by-mistake", "missing")}


def cell(credential: str, verdict: Kind, expected: str = "reject", **more: Any) -> CellVerdict:
    facts: dict[str, Any] = {"seen": "401, the handler was not entered", "group": "genuine"} | more
    return CellVerdict(
        "app", "GET /me", "clerk", credential, expected=expected, verdict=verdict, evidence="probe", **facts
    )


def told(*verdicts: CellVerdict, missing: tuple[str, ...] = ()) -> Record:
    plan = RoutePlan(Route("GET", "/me"), "app", "clerk", Policy(accept=["clerk"]), Example())
    meta = Meta({}, "", "clerk-harness run", "probe", missing_variables=list(missing))
    return Record(meta, Plan([plan], []), verdicts=list(verdicts))


def test_the_json_has_a_table_of_who_got_what_of_whose_rows() -> None:
    own = cell("own-object@alice:alice", "pass", "accept", group="objects", status=200)
    theirs = cell("others-object@alice:bob", "breach", group="objects", status=200, detail="alice read a row of bob")
    facts = {"route": "GET /me", "person": "alice", "status": 200}
    assert document(told(own, cell("forged", "pass"), theirs))["objects"] == [
        facts | {"owner": "alice", "expected": "accept", "verdict": "pass", "detail": ""},
        facts | {"owner": "bob", "expected": "reject", "verdict": "breach", "detail": "alice read a row of bob"},
    ]


def test_hardening_is_no_failure_in_any_format(tmp_path: Path) -> None:
    record = told(cell("clerk", "pass", "accept"), cell("exp-missing", "hardening", needs="issuer-key", group="time"))
    record.plan.routes[0].cells = [record.plan.routes[0].cell(CATALOGUE[name]) for name in ("clerk", "exp-missing")]
    assert record.passed
    write_all(record, tmp_path)
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("2", "0")
    markdown = (tmp_path / "summary.md").read_text()
    assert "| hardening | 1 |" in markdown
    assert "**hardening**" not in markdown
    page = (tmp_path / "auth-matrix.html").read_text()
    data = json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    assert data["summary"]["verdicts"]["hardening"] == 1 and '"exp-missing"' in unpacked(page)
    assert data["causes"] == []


def test_a_run_in_which_nobody_gets_in_says_so_first() -> None:
    kept_out = [cell("forged", "inconclusive") for _ in range(1000)]
    record = told(cell("clerk", "lockout", "accept", excerpt='{"detail": "no"}'), *kept_out, missing=("FRONTEND_URL",))
    first, *rest = summary(record).splitlines()
    assert first.startswith(
        "NOBODY GETS IN: nobody whom a policy admits got into any of 1 protected route: `clerk` on GET /me"
    )
    assert '{"detail": "no"}' in first
    assert "FRONTEND_URL" in first
    assert "azp" in first
    assert "forged" not in "\n".join(rest)
    assert "1,001 cells hang on this" in "\n".join(rest)
    assert not record.passed


def test_it_is_not_said_where_somebody_got_in_or_nobody_was_asked() -> None:
    assert told(cell("clerk", "pass", "accept"), cell("forged", "breach")).nobody == ""
    assert told(cell("forged", "pass", twin="clerk")).nobody == ""
    assert told().nobody == ""


@pytest.mark.parametrize(
    ("seen", "said"),
    [("the handler was entered (and stopped at the door)", True), ("401, the handler was not entered", False)],
)
def test_another_front_end_is_named_where_a_token_without_one_gets_in(seen: str, said: bool) -> None:
    record = told(cell("clerk", "lockout", "accept"), cell("clerk-no-azp", "pass", "tolerate", seen=seen))
    assert ("a token without azp gets in" in record.nobody) is said


def test_criteria_count_proven_routes_only() -> None:
    """A refusal without a twin supports nothing; no database, no word about first sign-ins."""
    proven = told(cell("clerk", "pass", "accept"), cell("forged", "pass", twin="clerk"))
    by_number = {c.number: c for c in criteria(proven)}
    assert by_number[1].state == "supported"
    assert "mechanism" not in by_number[1].reason
    assert by_number[4].reason == "no database is declared"
    unproven = told(cell("clerk", "lockout", "accept"), cell("forged", "inconclusive"))
    assert {c.number for c in criteria(unproven) if c.state == "supported"} == set()


def test_lines_that_nobody_has_read_keep_a_run_from_passing() -> None:
    record = told(cell("clerk", "pass", "accept"))
    record.plan.routes[0].reviewed = False
    assert record.unreviewed == ["GET /me"]
    assert not record.passed
    assert "not reviewed: 1 line that init wrote (GET /me)" in summary(record)
