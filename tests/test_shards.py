"""Shards of a run, put together again, are the whole run; what is not whole is not put together."""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.report.json_report import document
from harness.report.merge import merged
from harness.run.options import Options
from harness.run.shards import Shard, shard_of, shared_out
from tests import valid
from tests.compare_reports import differences, normalised
from tests.conftest import GUARD, MATRIX, VERIFIER, in_this_process, write_suites

CODE = """
@app.get("/me")
def me(user: User): return {}
@app.get("/open")
def mistake(): return {}
@app.get("/crash")
def crash(user: User): raise RuntimeError("boom")
@app.get("/public")
def public(): return {}
@app.get("/forgotten")
def forgotten(): return {}
"""
ROUTES = """
"GET /me" = "clerk"
"GET /open" = "clerk"
"GET /crash" = "clerk"
"GET /public" = { policy = "public", reviewed = false }
"GET /gone" = "clerk"
"""
WORDS = ["run", "--quiet", "--agents", "1", "--no-drills", "--credentials", "clerk,legacy,forged,expired,missing"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shards")
    (made / "verifier.py").write_text(VERIFIER)
    (made / "backend.py").write_text(
        GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)") + CODE
    )
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = "{sys.executable}"\n'
    write_suites(made / "suites", ROUTES, matrix=MATRIX + target)
    return made


@pytest.fixture
def reports(folder: Path, capfd: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """The whole run's report, and those of two shards; made once."""
    if not (folder / "whole").exists():
        for name, more in {"one": ["--shard", "1/2"], "two": ["--shard", "2/2"], "whole": []}.items():
            done = in_this_process([*WORDS, "--reports", name, *more], folder, capfd)
            assert done.returncode == 1, done.stderr
    return {name: valid.report(folder / name / "auth-matrix.json") for name in ("whole", "one", "two")}


def shards(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return copy.deepcopy({"one.json": reports["one"], "two.json": reports["two"]})


def test_the_merged_report_is_the_whole_runs(
    reports: dict[str, dict[str, Any]], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["merge", "two/auth-matrix.json", "one/auth-matrix.json", "--reports", "merged"]
    assert in_this_process(words, folder, capfd).returncode == 1
    found = valid.report(folder / "merged/auth-matrix.json")
    assert {path.name for path in (folder / "merged").iterdir()} == {path.name for path in (folder / "whole").iterdir()}
    assert list(differences(normalised(reports["whole"]), normalised(found))) == []
    assert {"breach", "handler-error", "undeclared", "stale", "unreviewed"} <= set(found["summary"]["verdicts"])


def test_a_shard_says_that_it_is_a_part(reports: dict[str, dict[str, Any]], folder: Path) -> None:
    for number, name in enumerate(("one", "two"), 1):
        assert reports[name]["narrowed"].endswith(f"--shard {number}/2")
        summary = (folder / name / "summary.md").read_text()
        assert f"this is shard {number} of 2" in summary
    assert "shard" not in reports["whole"]


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "missing": (lambda s: s.pop("two.json"), "of 2 shards there is no report of 2"),
    "doubled": (lambda s: s.update({"two.json": s["one.json"]}), "shard 1 is there twice, also in one.json"),
    "no shard": (lambda s: s["two.json"].pop("shard"), "two.json: is no report of a shard"),
    "incomplete": (lambda s: s["two.json"].update(complete=False, incomplete="Ctrl-C"), "shard 2 is incomplete"),
    "another number of shards": (lambda s: s["two.json"]["shard"].update(count=3), "count differ"),
    "another commit": (lambda s: s["two.json"]["shard"]["fingerprint"].update(commit="f00"), "commit differ"),
    "another declaration": (lambda s: s["two.json"]["shard"]["fingerprint"].update(declaration="x"), "declaration"),
    "another seed": (lambda s: s["two.json"]["shard"]["fingerprint"].update(seed="7"), "seed differ"),
    "another version": (
        lambda s: s["two.json"]["shard"]["fingerprint"].update({"version of clerk-harness": "9"}), "version of clerk-harness"
    ),
    "another target": (lambda s: s["two.json"]["target"].update(app="other:app"), "target differ"),
    "shared out otherwise": (lambda s: s["two.json"]["routers"][0]["routes"].pop(), "give all the same --shard-by"),
    "half a report": (lambda s: s["two.json"].pop("summary"), "a report is not whole"),
}  # fmt: skip


@pytest.mark.parametrize(("broken", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_all_of_one_run_is_not_merged(
    reports: dict[str, dict[str, Any]], broken: Callable[[dict[str, Any]], Any], message: str
) -> None:
    given = shards(reports)
    broken(given)
    with pytest.raises(HarnessError, match=message):
        merged(given)


def test_cells_that_a_shard_did_not_judge_are_missed(reports: dict[str, dict[str, Any]]) -> None:
    given = shards(reports)
    given["two.json"]["routers"][0]["routes"][0]["cells"].pop()
    summary = document(merged(given))["summary"]
    assert summary["cells"] == summary["planned"] - 1


CELLS = {"a": 9, "b": 5, "c": 4, "d": 3, "e": 3}


@pytest.mark.parametrize(
    ("count", "times", "parts"),
    [
        (1, {}, ["abcde"]),
        (2, {}, ["ad", "bce"]),
        (3, {}, ["a", "be", "cd"]),
        (2, {"a": 1.0, "b": 100.0, "c": 1.0, "d": 1.0, "e": 1.0}, ["b", "acde"]),
        (2, {"b": 50.0}, ["ad", "bce"]),  # One that is not known counts as its cells would.
    ],
)
def test_shards_are_balanced(count: int, times: dict[str, float], parts: list[str]) -> None:
    found = shared_out(CELLS, count, times)
    assert ["".join(key for key in CELLS if found[key] == number) for number in range(1, count + 1)] == parts


def test_routes_without_cells_are_spread_as_well() -> None:
    assert Counter(shared_out(dict.fromkeys("abcd", 0), 2, {}).values()) == {1: 2, 2: 2}


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_each_contract_is_held_in_one_shard(count: int) -> None:
    for number in range(4):
        assert sum(Shard(index, count).holds(number) for index in range(1, count + 1)) == 1


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "2", "a/b", "1/0", "-1/2", "1/2/3", " 1/2", "01/2", "1/99999"])
def test_what_names_no_shard_is_told(text: str) -> None:
    with pytest.raises(HarnessError, match="write N/COUNT"):
        shard_of(Options(shard=text))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(shard="1/2", only=["matrix"]), "--shard excludes --only"),
        (Options(shard_by=Path("x.json")), "needs --shard"),
    ],
)
def test_what_does_not_go_together_is_told(options: Options, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        shard_of(options)


def test_more_shards_than_routes_are_misuse(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = in_this_process([*WORDS, "--reports", "none", "--shard", "9/9"], folder, capfd)
    assert done.returncode == 2 and "use at most as many shards" in done.stderr
