"""Other tools hear of every cause and of all that keeps a run from passing, in forms that they take, where it is written."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.report import Record
from harness.report.annotations import workflow_commands
from harness.report.gitlab import GitlabReport
from harness.report.issues import issues
from harness.report.places import Place, Places
from harness.report.sarif import MOST_PLACES, MOST_RESULTS, SarifReport
from tests.report.test_junit import CHECKS, VERDICTS
from tests.report.test_record import BROKEN, OPEN, plan, record, verdict, with_cells

_TEXT = (Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text()
SCHEMA = json.loads(_TEXT.replace("{2}]?$", "{2}$"))  # A bracket too many, which no strict engine takes.
VALID = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)
GUARD = "app.auth:current_user"
PLACES = Places(
    functions={GUARD: Place("app/auth.py", 12)},
    handlers={"GET /x": Place("app/x y.py", 3), "GET /y": Place("app/x y.py", 9)},
    declared={"GET /x": Place("suites/routers/app.toml", 7), "GET /gone": Place("suites/routers/app.toml", 8)},
    files={
        "auth_matrix.toml": Place("suites/auth_matrix.toml", 1), "user_sync.toml": Place("suites/user_sync.toml", 1),
        "routers/app": Place("suites/routers/app.toml", 1),
    },
)  # fmt: skip


def breach(path: str = "/x", function: str = GUARD) -> CellVerdict:
    return verdict("breach", "legacy", path, expected="reject", group="legacy", ran=(function,))


def placed(*verdicts: CellVerdict, checks: tuple[Check, ...] = ()) -> Record:
    found = with_cells(record(*verdicts, checks=checks), sum(1 for each in verdicts if each.credential))
    found.meta.places = PLACES
    return found


def sarif(found: Record) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SarifReport().render(found))
    assert [str(error.message) for error in VALID.iter_errors(document)] == []
    run: dict[str, Any] = document["runs"][0]
    return run


def at(location: dict[str, Any]) -> tuple[str, int]:
    place = location["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


@given(st.lists(VERDICTS, max_size=4), st.lists(CHECKS, max_size=3), st.booleans(), st.sampled_from(["", "Ctrl-C"]))
def test_no_tool_hears_of_nothing_unless_the_run_has_passed(
    verdicts: list[CellVerdict], checks: list[Check], reviewed: bool, incomplete: str
) -> None:
    cells = sum(1 for each in verdicts if each.credential)
    found = with_cells(record(*verdicts, plans=(plan(reviewed=reviewed),), checks=tuple(checks)), cells)
    found.incomplete = incomplete
    assert (sarif(found)["results"] == []) is found.passed
    assert (json.loads(GitlabReport().render(found)) == []) is found.passed
    assert (workflow_commands(found) == []) is found.passed


def test_a_cause_is_a_rule_and_one_result_at_its_function() -> None:
    found = placed(breach(), breach("/y"))
    run = sarif(found)
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    cause = found.causes[0]
    assert rule["id"] == result["ruleId"] == result["partialFingerprints"]["clerkHarnessCause/v1"] == cause.id
    assert "`current_user` admits the old token on 2 routes of 1 router" in result["message"]["text"]
    assert cause.remedy in rule["help"]["text"]
    assert "docs/credentials.md#legacy" in rule["help"]["text"]
    assert [tag for tag in rule["properties"]["tags"] if tag.startswith("external/cwe/cwe-")]
    assert rule["relationships"][0]["target"]["id"] in [taxon["id"] for taxon in run["taxonomies"][0]["taxa"]]
    assert [at(each) for each in result["locations"]] == [("app/auth.py", 12)]
    related = [at(each) for each in result["relatedLocations"]]
    assert sorted(related[:2]) == [("app/x%20y.py", 3), ("app/x%20y.py", 9)]
    assert sorted(related[2:]) == [("suites/routers/app.toml", 1), ("suites/routers/app.toml", 7)]


@pytest.mark.parametrize(
    ("verdicts", "checks", "first"),
    [
        ([breach()], (), ("app/auth.py", 12)),
        ([verdict("lockout")], (), ("app/x y.py", 3)),
        ([verdict("unreviewed", "")], (), ("suites/routers/app.toml", 7)),
        ([verdict("stale", "", "/gone")], (), ("suites/routers/app.toml", 8)),
        ([verdict("undeclared", "", "/y")], (), ("suites/routers/app.toml", 1)),
        ([verdict("undeclared", "", "/z", router="?")], (), ("suites/auth_matrix.toml", 1)),
        ([verdict()], (BROKEN,), ("suites/user_sync.toml", 1)),
        ([verdict()], (OPEN,), ("suites/auth_matrix.toml", 1)),
    ],
)
def test_an_issue_begins_where_it_is_mended(
    verdicts: list[CellVerdict], checks: tuple[Check, ...], first: tuple[str, int]
) -> None:
    issue = issues(placed(*verdicts, checks=checks))[0]
    assert (issue.places[0].file, issue.places[0].line) == first


def test_without_any_place_the_matrix_is_named_and_no_absolute_path() -> None:
    found = with_cells(record(breach()), 1)
    for suites, file in (("suites", "suites/auth_matrix.toml"), ("/tmp/x", "auth_matrix.toml")):
        found.meta.suites = suites
        assert issues(found)[0].places[0].file == file


def test_no_more_is_written_than_github_takes() -> None:
    """At the limit itself: one cause more than GitHub shows, of 25,000 that it takes."""
    many = placed(*(breach(f"/{number}", f"m:f{number}") for number in range(MOST_RESULTS + 1)))
    run = sarif(many)
    assert len(run["results"]) == len(run["tool"]["driver"]["rules"]) == MOST_RESULTS == 5000
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("1 more cause is")
    wide = placed(*(breach(f"/{number}") for number in range(120)))
    wide.meta.places = Places(handlers={f"GET /{number}": Place("app.py", number + 1) for number in range(120)})
    (result,) = sarif(wide)["results"]
    assert len(result["locations"]) + len(result["relatedLocations"]) == MOST_PLACES
    assert max(len(rule["properties"]["tags"]) for rule in run["tool"]["driver"]["rules"]) <= 10


@pytest.mark.parametrize(("causes", "limit", "most"), [(1, 1, 1), (20, 1700, 19)])
def test_a_file_that_is_too_large_names_fewer_places(
    causes: int, limit: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is brought down to what a test makes in no time: causes on many handlers with names that nothing compresses."""
    found = placed(*(breach(f"/{n}", f"m:f{n % causes}") for n in range(causes * 90)))
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(causes * 90)]
    found.meta.places = Places(handlers={f"GET /{n}": Place(f"{name}.py", n + 1) for n, name in enumerate(digests)})
    whole = sarif(found)["results"]
    assert [len(each["relatedLocations"]) for each in whole] == [89] * causes
    size = len(gzip.compress(SarifReport().render(found).encode()))
    monkeypatch.setattr("harness.report.sarif.MOST_BYTES", size // 2)
    fewer = sarif(found)["results"]
    assert [len(each["relatedLocations"]) for each in fewer] == [9] * causes
    monkeypatch.setattr("harness.report.sarif.MOST_BYTES", limit)
    run = sarif(found)
    assert 1 <= len(run["results"]) <= most
    assert run["results"] == [each | {"relatedLocations": []} for each in whole[: len(run["results"])]]
    left = causes - len(run["results"])
    notes = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert (f"{left} more causes are in auth-matrix.json" in notes) is (left > 0)


def test_gitlab_gets_fingerprint_severity_and_place() -> None:
    found = placed(breach(), verdict("inconclusive", "forged", "/y", detail="not tried"))
    first, second = json.loads(GitlabReport().render(found))
    assert first["fingerprint"] == found.causes[0].id
    assert (first["severity"], second["severity"]) == ("blocker", "major")
    assert first["location"] == {"path": "app/auth.py", "lines": {"begin": 12}}
    assert first["check_name"] == "clerk-harness/breach"


def test_github_gets_the_gravest_ten_of_each_kind() -> None:
    breaches = [breach(f"/{number}", f"m:f{number}") for number in range(12)]
    weak = [verdict("inconclusive", "forged", f"/{name}", detail=name * 3) for name in "abcdefghijkl"]
    told = workflow_commands(placed(*weak, verdict("lockout"), *breaches))
    assert [command.split(" ")[0] for command in told] == ["::error"] * 10 + ["::warning"] * 10
    assert all("title=clerk-harness%3A breach" in command for command in told[:10])


def test_an_annotation_cannot_be_broken_out_of() -> None:
    nasty = "50%\r\n::set-env name=x::y, z: sk_test_abcdefghijklmnopqrstuv"
    found = placed(verdict("lockout", excerpt=nasty, seen=""))
    found.meta.places = Places(handlers={"GET /x": Place("a,b:c%.py", 3)})
    (command,) = workflow_commands(found)
    assert command.startswith("::error file=a%2Cb%3Ac%25.py,line=3,title=clerk-harness%3A lockout::")
    assert "\n" not in command
    assert "\r" not in command
    assert "50%25" in command
    assert "sk_test_abcd" not in command


def test_a_link_in_a_target_s_answer_is_none() -> None:
    run = sarif(placed(verdict("lockout", excerpt="[see](http://127.0.0.1/x)", seen="")))
    assert "](" not in run["results"][0]["message"]["text"]
