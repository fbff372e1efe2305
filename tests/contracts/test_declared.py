"""What a contract's file declares and nobody examined fails the run, with the true reason."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from harness.contracts.base import Check
from harness.contracts.budget.checks import CHECKS, Costs
from harness.contracts.budget.declaration import BudgetFile
from harness.contracts.budget.measure import Cost, Measured
from harness.contracts.configuration.declaration import ConfigurationFile
from harness.contracts.matrix import Plan
from harness.contracts.migrations import MigrationsFile
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.results import CheckSkipped
from harness.contracts.user_sync.declaration import UserTable
from harness.contracts.user_sync.sync_database import SyncDatabase
from harness.database import Server
from harness.report import Meta, Record

ME, INSIDE, OPEN = "GET /me", "GET /inside", "GET /open"
KNOWN = [Measured(ME, warm=Cost())]
BOTH = [Measured(ME, warm=Cost(), cold=Cost(["SELECT 1"], ["GetUser"]))]
ALONE = "its handler decides by itself"


def budget(declared: dict[str, Any], measured: list[Measured], *, seen: bool = True) -> dict[str, Check]:
    costs = Costs(measured, {INSIDE: ALONE}, BudgetFile.model_validate(declared), seen, {ME, INSIDE, OPEN})
    checks = {spec.name: Check("budget", spec.name, spec.sentence, "not examined") for spec in CHECKS}
    for spec in CHECKS:
        if spec.function is not None:
            spec.function(checks[spec.name], costs)
    return checks


@pytest.mark.parametrize(
    ("declared", "measured", "seen", "vain"),
    [
        ({}, KNOWN, True, {}),
        ({}, [], False, {}),
        ({"statements": 2, "cold": {"statements": 4}}, BOTH, True, {}),
        ({"cold": {"clerk_calls": 2}}, BOTH, False, {}),
        ({"cold": {"statements": 4}}, BOTH, False, {"cold": "[cold] statements = 4: no database is declared"}),
        (
            {"cold": {"statements": 4}}, KNOWN, True,
            {"cold": "[cold] statements = 4: no route lets somebody new in: GET /me let in the known only"},
        ),
        ({"statements": 1}, KNOWN, False, {"statements": "statements = 1: no database is declared"}),
        (
            {"clerk_calls": 0}, [], True,
            {"clerk-calls": "clerk_calls = 0: 1 route could not be measured: GET /inside"},
        ),
        ({"routes": {INSIDE: {"statements": 3}}}, KNOWN, True, {"statements": f'[routes] "{INSIDE}": {ALONE}'}),
        ({"routes": {OPEN: {"clerk_calls": 3}}}, KNOWN, True, {"clerk-calls": f'[routes] "{OPEN}": nobody enters it with Clerk'}),
        ({"routes": {ME: {"statements": 3}, "GET /left-out": {"statements": 3}}}, KNOWN, True, {}),
    ],
)  # fmt: skip
def test_limits_that_nothing_was_held_to(
    declared: dict[str, Any], measured: list[Measured], seen: bool, vain: dict[str, str]
) -> None:
    checks = budget(declared, measured, seen=seen)
    assert {name: "; ".join(check.unmeasured) for name, check in checks.items() if check.unmeasured} == vain


def test_a_limit_of_statements_is_not_proven_where_none_can_be_seen() -> None:
    assert budget({"cold": {"statements": 4}}, BOTH, seen=False)["cold"].status == "not examined"


def test_it_keeps_a_run_from_passing_and_is_told() -> None:
    proven = Check("budget", "cold", "", "proven", 1)
    record = Record(Meta({"app": "x"}, "suites", "clerk-harness run", "probe"), Plan([], []), checks=[proven])
    assert record.passed
    proven.unmeasured = ["[cold] statements = 4: no database is declared"]
    assert not record.passed
    told = "budget: cold: declared, and not examined: [cold] statements = 4: no database is declared"
    assert record.shortfalls == {"declared budget: cold": told}


def test_a_word_alone_asks_for_no_live_key() -> None:
    given = {"A": "refuse", "B": {"absent": "refuse", "live": "refuse"}, "C": {"absent": "refuse"}}
    variables = ConfigurationFile.model_validate({"variables": given}).variables
    assert {name for name, entry in variables.items() if "live" in entry.model_fields_set} == {"B"}
    assert (variables["A"].live, variables["A"].empty) == ("refuse", "refuse")


@pytest.mark.parametrize(("allow", "skipped"), [([], True), (["empty:odd"], False), (["empty:other"], True)])
def test_a_table_without_rows_fails_unless_it_is_allowed(allow: list[str], skipped: bool) -> None:
    databases = MigrationDatabases(MigrationsFile(legacy="1", allow=allow), None, None, "x")  # type: ignore[arg-type]
    databases.empty = {"odd": "no value is taken"}
    if not skipped:
        databases.require_rows()
        return
    with pytest.raises(CheckSkipped) as caught:
        databases.require_rows()
    assert caught.value.declared


def test_a_relation_without_a_row_is_kept_in_mind(postgres: Server) -> None:
    url = postgres.create("clerk_harness_left_out")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE users (id serial PRIMARY KEY, clerk_user_id text, email text NOT NULL);"
            "CREATE TABLE odd (user_id int REFERENCES users, n int NOT NULL CHECK (n = n + 1));"
            "CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users)"
        )
    database = SyncDatabase(url, UserTable())
    account = database.add_legacy_account(0, "legacy@example.com")
    assert list(database.left_out) == ["odd.user_id"]
    assert list(account.dependents) == [("notes", "user_id")]
    database.close()
    postgres.drop("clerk_harness_left_out")
