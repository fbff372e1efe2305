"""The files of the contracts that `init` writes: what was seen on that day, unread, and what a person must fill in as comments.

A key is written only where it was seen to hold; see docs/tutorial.md.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from harness.contracts.base import Check
from harness.contracts.budget.declaration import BudgetFile
from harness.contracts.budget.measure import entrance
from harness.contracts.budget.verify import CONTRACT as BUDGET
from harness.contracts.budget.verify import INDEX, with_statement_proxy
from harness.contracts.configuration.declaration import ConfigurationFile
from harness.contracts.configuration.verify import CONTRACT as CONFIGURATION
from harness.contracts.matrix.plan import guards
from harness.core.errors import HarnessError, UnsafeError
from harness.core.onlooker import Onlooker
from harness.run.baseline import RouteBaseline
from harness.run.context import RunContext
from harness.run.first_migrations import find_legacy
from harness.run.first_sync import FoundSync, find_sync
from harness.run.suite_lines import assignments, described, key, remarked, schema_line, table, value
from harness.run.user_table import UsersTable, without_clerk_ids

_WORDS = {"refused": "refuse", "unwell": "health", "well": "runs"}
"""What an app did with a flaw, as configuration.toml says it."""
_HEALTH = re.compile(r"health|ready|status|alive", re.I)


@dataclass
class Surroundings:
    """What is known when the files are written. `users`: the table of users, None where there is none; `texts`: the app's source;
    `there`: the contracts whose files somebody has written already.
    """

    entries: list[RouteBaseline]
    users: UsersTable | None
    texts: Mapping[Path, str]
    there: frozenset[str] = frozenset()


def contract_files(
    session: RunContext, known: Surroundings, onlooker: Onlooker | None = None
) -> tuple[dict[str, str], list[str]]:
    """The text of each contract's file by its name, and why one is not written that could be expected."""
    files: dict[str, str] = {}
    notes: list[str] = []
    makers: dict[str, Callable[[RunContext, Surroundings], str]] = {
        "user_sync": _sync, "budget": _budget, "migrations": _migrations, "configuration": _configuration,
    }  # fmt: skip
    with ThreadPoolExecutor(1, thread_name_prefix="clerk-harness-init") as beside:
        # A migration tool is a process of its own, on databases of its own.
        if "migrations" not in known.there:
            found = beside.submit(_migrations, session, known)
            makers["migrations"] = lambda session, known: found.result()
        for name, make in makers.items():
            if name in known.there:
                notes.append(f"{name}.toml is left as it is")
                continue
            if onlooker is not None:
                onlooker.phase(f"{name}.toml")
            try:
                files[name] = _head(name) + make(session, known)
            except NothingFoundError as nothing:
                notes += [f"{name}.toml is not written: {nothing}"] if str(nothing) else []
            except UnsafeError:
                raise
            except (HarnessError, psycopg.Error) as error:
                notes.append(f"{name}.toml is not written: {error}")
    return files, notes


class NothingFoundError(Exception):
    """There is nothing that the file could say; the message says why, where somebody may expect it."""


def _head(name: str) -> str:
    page = name.replace("_", "-")
    return schema_line(name, ".") + described([
        f"Written by `clerk-harness init` from what the app did on that day, which is not what it should do; see docs/{page}.md.",
        "It declares nothing, and nothing is examined by it, until somebody has read it, mended it and taken out this line.",
    ]) + "reviewed = false\n"  # fmt: skip


def _sync(session: RunContext, known: Surroundings) -> str:
    users = known.users
    if users is None:
        raise NothingFoundError(without_clerk_ids(session.database_url) if session.database_url else "")
    if users.email is None:
        raise NothingFoundError(f"the table {users.name} has no column of addresses that could be recognised")
    found = find_sync(session, known.entries, users)
    if found.request is None:
        raise NothingFoundError(
            f"no route without parameters made a row of {users.name} for somebody new; name the function of the app that "
            "does (callable), see docs/user-sync.md"
        )
    return _reach(found) + _table_of(found, users.email)


def _reach(found: FoundSync) -> str:
    reach: dict[str, Any] = {"request": remarked(found.request, "its first call by somebody new made the row")}
    if found.webhook is not None:
        reach["webhook"] = remarked(found.webhook, "a signed user.created made the row")
    if found.later is not None:
        reach["works_off_within"] = remarked(found.later, "the row came after the answer: the delivery is queued")
    if found.refreshes:
        reach["refreshes"] = remarked(True, "a later request took a changed name over")
    more = (
        []
        if found.webhook is not None
        else ['webhook = "POST …": where Svix delivers to, if anywhere; no delivery made a row']
    )
    return "\n" + table("reach", reach) + described(more)


def _table_of(found: FoundSync, email: str) -> str:
    users = found.table
    told: dict[str, Any] = {"name": users.name, "id": users.id, "clerk_id": users.clerk_id, "email": email}
    told["mirror"] = remarked(found.mirror, "what stood in these columns then")
    if found.volatile:
        told["volatile"] = remarked(found.volatile, "differed after a second call")
    if found.adopts is not True:
        why = (
            "an account without a Clerk id" if found.adopts is False else "there can be no account without a Clerk id:"
        )
        told["adopt"] = remarked(False, f"{why} was not adopted" if found.adopts is False else f"{why} it is required")
    return "\n" + table("table", told)


def _migrations(session: RunContext, known: Surroundings) -> str:
    if session.server is None or known.users is None:
        raise NothingFoundError("")
    python, directory, environment_for = session.command_surroundings()
    declared = session.declaration.matrix.database
    command = session.options.migrate or (declared.migrate if declared is not None else None) or ""
    found = find_legacy(session.server, python, directory, environment_for, known.users, secrets.token_hex(4), command)
    if found is None:
        raise NothingFoundError("")
    if found.legacy is None:
        raise NothingFoundError(
            f"the first migration makes {known.users.name}.{known.users.clerk_id} already: there is no revision before Clerk"
        )
    told = {
        "legacy": remarked(found.legacy, f"the last revision without {known.users.name}.{known.users.clerk_id}"),
        "migrator": found.migrator, "config": found.config,
    } | ({"users": known.users.name} if known.users.name != "users" else {})  # fmt: skip
    lines = "".join(f"{line}\n" for line in table("x", told).splitlines()[1:])
    return lines + described([
        "before = { STAGE = \"mixed\" }: the variables with which the app of the stage before starts, on the schema after",
        'changes = ["users.email"]: what a migration changes on purpose; allow = ["drop:users.age"]: what would be named otherwise',
    ])  # fmt: skip


def _budget(session: RunContext, known: Surroundings) -> str:
    users = known.users
    lookup = (
        f"{users.name}.{users.clerk_id}" if users is not None and re.fullmatch(r"(\w+\.)?\w+", users.name) else None
    )
    file = BudgetFile(statements=None, clerk_calls=None, lookup=lookup)
    entered = [plan for plan in session.plan().routes if entrance(plan) is not None]
    # What a route costs before its handler is the cost of its guard, where one hangs on it.
    first = {plan.key for plan in guards(entered)}
    stand = [plan.key for plan in entered if not plan.route.dependencies or plan.key in first]
    if not stand or not session.target.sees_inside:
        raise NothingFoundError("no route is entered with Clerk whose cost could be measured")
    with with_statement_proxy(session, stand) as (inner, proxy):
        checks = {check.name: check for check in BUDGET.limits(inner, file, proxy)}
    figures = checks["clerk-calls"].figures
    warm, cold = (_most(figures, kind) for kind in ("warm", "cold"))
    if not warm:
        raise NothingFoundError("no route is entered with Clerk whose cost could be measured")
    seen = bool(session.database_url)
    names = ("statements", "clerk_calls") if seen else ("clerk_calls",)
    text = "".join(f"{line}\n" for line in table("x", {
        name: remarked(warm[name], "the most that a route cost on that day, asked by somebody whom the app knows") for name in names
    }).splitlines()[1:])  # fmt: skip
    return text + _lookup(lookup, checks[INDEX]) + _cold(cold, names)


def _lookup(lookup: str | None, index: Check) -> str:
    if lookup is None:
        return ""
    if index.status == "proven":
        return assignments({"lookup": lookup})
    return described([f'lookup = "{lookup}": must be found by an index, which it was not then: {index.detail}'])


def _cold(cold: Mapping[str, int], names: tuple[str, ...]) -> str:
    if not cold:
        return ""
    return "\n" + table("cold", {name: remarked(cold[name], "the first request of somebody new") for name in names})


def _most(figures: list[dict[str, Any]], kind: str) -> dict[str, int]:
    """The most statements and calls that any route cost."""
    costs = [figure[kind] for figure in figures if figure[kind] is not None]
    return {name: max(len(cost[name]) for cost in costs) for name in ("statements", "clerk_calls")} if costs else {}


def read_variables(texts: Mapping[Path, str], known: Mapping[str, str]) -> list[str]:
    """Those of the known variables that the source reads: by their names as texts, or as fields of a settings class."""
    code = "\n".join(texts.values())
    fields = {name.upper() for name in re.findall(r"^\s+([A-Za-z_]\w*)\s*:\s", code, re.MULTILINE)}
    return [name for name in known if re.search(rf"""["']{name}["']|\benviron\.{name}\b""", code) or name in fields]


def _configuration(session: RunContext, known: Surroundings) -> str:
    names = read_variables(known.texts, session.clerk.profile.environment(session.clerk))
    names = [name for name in names if name != "CLERK_TELEMETRY_DISABLED"]
    if not names:
        raise NothingFoundError("")
    file = ConfigurationFile.model_validate({"variables": {name: {} for name in names}})
    checks = {check.name: check for check in CONFIGURATION.examine(session, file, None)}
    if checks["well"].status != "proven":
        raise NothingFoundError(checks["well"].detail)
    words: dict[str, dict[str, str]] = {name: {} for name in names}
    for kind in ("absent", "empty", "malformed", "live"):
        for figure in checks[kind].figures:
            if figure["seen"] in _WORDS:
                words[figure["variable"]][kind] = _WORDS[figure["seen"]]
    lines = "".join(f"{key(name)} = {value(flaws)}\n" for name, flaws in words.items())
    comments = [
        "refuse: the app did not start with that flaw; runs: it started as if all were well, which is seldom what it should do.",
        *(
            f'{name} = {{ value = "…" }}: asked for, and not set: say a genuine value'
            for name in _unset(session, names)
        ),
    ]
    return _health(known) + "\n[variables]\n" + lines + described(comments)


def _unset(session: RunContext, names: list[str]) -> list[str]:
    return [name for name in session.target.missing_variables if "CLERK" in name and name not in names]


def _health(known: Surroundings) -> str:
    route = next(
        (
            each.route.key
            for each in known.entries
            if each.route.method == "GET" and each.guard == "open" and _HEALTH.search(each.route.path)
        ),
        None,
    )
    if route is None:
        return ""
    return "\n" + described([
        "[health]", f'route = {value(route)}',
        "The route that tells of flaws; take the marks of comments away where it tells outages of Clerk too, else add outage = false.",
    ])  # fmt: skip
