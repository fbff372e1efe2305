"""Asks every route of a backend who gets in today, starting it again with what it lacked; what must be said of the answers first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from harness.contracts.matrix import Declaration
from harness.contracts.matrix.tables import IdentityTable
from harness.core.errors import MigrationError, TargetError
from harness.core.text import many
from harness.credentials.mint import ORIGIN
from harness.database import Server, open_server
from harness.database.ways_out import way_out
from harness.run.baseline import RouteBaseline, observe_baseline
from harness.run.context import RunContext
from harness.run.environment import app_directory
from harness.run.options import Options
from harness.run.project_clerk import meaning_of
from harness.run.sqlite_users import seeded_in
from harness.run.user_table import Seeded, seeded

_HARMLESS, _HARMLESS_URL = "none-of-the-harness", "http://127.0.0.1:9"
_MOST_VARIABLES = 40
_LET_IN = ("clerk", "admin", "staff", "member", "cookie")
"""Guards that let a session in."""
_FRONT_END = re.compile(r"ORIGIN|CORS|FRONT|CLIENT_UR|WEB_UR|APP_UR|SITE_UR|AUTHORIZED")
Done = TypeVar("Done")


@dataclass
class Survey:
    """What every route does. `given`: the variables without which the app does not start, with harmless values; `seeded`: the rows
    of users, where there are such; `people`: the tables of `[identities]`; `told`: what is to be said of them.
    """

    entries: list[RouteBaseline]
    given: dict[str, str]
    seeded: Seeded | None = None
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    origin: str | None = None
    """The origin with which somebody gets in, if not the one that was declared."""
    told: list[str] = field(default_factory=list)


def survey(
    options: Options,
    declaration: Declaration,
    server: Server | None,
    origins: Mapping[str, str] | None = None,
    *,
    old: bool = False,
) -> Survey:
    """Ask every route, first for the usual people, and then for those of the seed where that lets more in.

    `origins`: those that are tried where nobody gets in, each with the file that names it; `old`: whether the source decodes an old
    token, which may name people whose rows have no Clerk id.
    """

    def asked(session: RunContext) -> tuple[list[RouteBaseline], Seeded | None, str | None]:
        return _asked(session, [*(origins or {})])

    (entries, rows, origin), given = started(options, declaration, asked, server)
    found = Survey(entries, given, rows, origin=origin)
    if origin is not None:
        where = (origins or {}).get(origin)
        found.told.append(
            f"took the origin {origin}: nobody gets in without it{f'; {where} names it' if where else ''}"
        )
        declaration = _with(declaration, settings=declaration.matrix.settings.model_copy(update={"origin": origin}))
    if rows is not None and rows.unlinked and old and not _old_ways(entries):
        return _with_old_people(found, options, declaration, asked, server)
    if rows is None or not rows.people:
        shut = len(_shut(entries))
        found.told += told_of_people(rows, shut, shut, len(entries)) if rows is not None else []
        return found
    identities = {name: IdentityTable.model_validate(each) for name, each in rows.people.items()}
    theirs = _with(declaration, identities=identities)
    (again, _, other), _ = started(replace(options, env=given | options.env), theirs, asked, server)
    before, after = len(_shut(entries)), len(_shut(again))
    if after <= before and _old_ways(again) >= _old_ways(entries):
        found.entries, found.people = again, rows.people
        if other is not None:
            found.origin = other
            found.told.append(f"took the origin {other}: nobody gets in without it")
        found.told += told_of_people(rows, before, after, len(entries))
    return found


def _with_old_people(
    found: Survey,
    options: Options,
    declaration: Declaration,
    asked: Callable[[RunContext], tuple[list[RouteBaseline], Seeded | None, str | None]],
    server: Server | None,
) -> Survey:
    """Ask again as people whose rows have no Clerk id: taken where their old token gets in, and nobody is kept out by it."""
    rows = found.seeded
    assert rows is not None
    people = rows.people | {
        name: each for name, each in rows.unlinked.items() if name not in rows.people or name == "alice"
    }
    identities = {name: IdentityTable.model_validate(each) for name, each in people.items()}
    theirs = _with(declaration, identities=identities)
    (again, _, _), _ = started(replace(options, env=found.given | options.env), theirs, asked, server)
    if _old_ways(again) > 0 and len(_shut(again)) <= len(_shut(found.entries)):
        found.entries, found.people = again, people
        who = ", ".join(f"{name} is row {each['database_id']}" for name, each in people.items())
        found.told.append(f"took [identities] from {rows.table.name}, for the old token names its rows: {who}")
    return found


def _with(declaration: Declaration, **changes: object) -> Declaration:
    """A declaration without routes whose matrix has other tables."""
    return Declaration(declaration.matrix.model_copy(update=changes), {}, declaration.root, declaration.legacy)


def _old_ways(entries: list[RouteBaseline]) -> int:
    """How many routes let the old token in."""
    return sum("legacy" in entry.guard for entry in entries)


def told_of_people(rows: Seeded, before: int, after: int, routes: int) -> list[str]:
    """What is said of the people of a seed. `before` and `after`: how many of the routes let nobody in without them, and with them."""
    table = rows.table
    if not rows.people:
        empty = f"none of them with a Clerk id in {table.clerk_id} of somebody who may enter"
        way_out = "give the rows of the seed Clerk ids (user_…), and init makes [identities] from them"
        return [f"{table.name} has {many(rows.rows, 'row')}, {empty}: {way_out}"] if rows.rows and before else []
    who = ", ".join(f"{name} is row {each['database_id']}" for name, each in rows.people.items())
    found = [f"took [identities] from {table.name}.{table.clerk_id}: {who}"]
    if after < before:
        found.append(
            f"{before} of {many(routes, 'route')} let nobody in as long as the default people asked, for the Clerk ids of the "
            f"seed are others; with its own people {many(after, 'route does', 'routes do')}"
        )
    return found


def _asked(session: RunContext, origins: list[str]) -> tuple[list[RouteBaseline], Seeded | None, str | None]:
    """Who gets in, the rows of users before anybody asked, and the origin that had to be another one for that."""
    folder = app_directory(session.options, session.declaration)
    rows = (
        seeded(session.database_url)
        if session.database_url
        else seeded_in(folder)
        if session.options.url is None
        else None
    )
    entries = observe_baseline(session)
    usual = session.mint.origin
    values = [*origins, *(text for text in session.options.env.values() if re.fullmatch(r"https?://[\w.:-]+", text))]
    for origin in dict.fromkeys(values):
        if any(entry.guard.startswith(_LET_IN) for entry in entries) or not _shut(entries):
            break
        session.mint.come_from(origin)
        tried = {entry.route.key for entry in _shut(entries)}
        if len(_shut(observe_baseline(session, tried))) < len(tried):
            return observe_baseline(session), rows, origin
    session.mint.come_from(usual)
    return entries, rows, None


@contextmanager
def server_for(options: Options, *, wanted: bool) -> Iterator[Server | None]:
    """One Postgres for all that is started, where one is wanted."""
    if not wanted:
        yield None
        return
    with closing(open_server(options.postgres)) as server:
        server.kept = {}  # The app is started several times: migrations are run once.
        yield server


def started(
    options: Options, declaration: Declaration, work: Callable[[RunContext], Done], server: Server | None
) -> tuple[Done, dict[str, str]]:
    """Start the target and do `work` on it: what that returns, and the variables without which the app does not start, with
    harmless values. Raises HarnessError where it does not start with them either.
    """
    given: dict[str, str] = {}
    while True:
        with_them = replace(options, agents=1, env=given | options.env)
        try:
            with RunContext(with_them, declaration, server=server) as session:
                return work(session), given
        except (TargetError, MigrationError) as error:
            more = [name for name in wanted_variables(str(error)) if name not in with_them.env]
            if not more or len(given) >= _MOST_VARIABLES:
                if isinstance(error, TargetError) and (advice := way_out(str(error))):
                    raise TargetError(f"{error}; {advice}") from None
                raise
            given |= {name: _harmless(name) for name in more}


def _harmless(name: str) -> str:
    """A value for a variable that an app wants: of Clerk's the one that its name means, the front end's origin, or nothing real."""
    if (meant := meaning_of(name)) is not None and "CLERK" in name:
        return f"{{{meant}}}"
    if _FRONT_END.search(name):
        return ORIGIN
    return _HARMLESS_URL if name.endswith(("URL", "URI", "HOST")) else _HARMLESS


def wanted_variables(message: str) -> list[str]:
    """The variables of the environment that an app says it lacks, in the words of Python, pydantic and people."""
    found = re.findall(r"KeyError: '([A-Z][A-Z0-9_]+)'", message)
    found += [name.upper() for name in re.findall(r"\b(\w+)\s+Field required", message)]
    if re.search(r"\b(not set|required|missing|must be set|undefined|not found|environment|Set the)\b", message, re.I):
        found += re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])\b", message)
    return list(dict.fromkeys(name for name in found if not name.startswith("CLERK_HARNESS")))


def said_first(found: list[RouteBaseline]) -> list[str]:
    """What must be said before all else: a database that is not there or lacks something, else that nobody gets in."""
    told = Counter(advice for entry in found if entry.answer.startswith("5") and (advice := way_out(entry.answer)))
    if not told:
        return nobody_gets_in(found)
    return [
        f"{many(number, 'route answers', 'routes answer')} with a server error: {why}" for why, number in told.items()
    ]


def nobody_gets_in(found: list[RouteBaseline]) -> list[str]:
    """What must be said first: that no genuine token was let in anywhere, or at many routes, and what it was answered."""
    shut = _shut(found)
    if not shut or (len(shut) < len(found) / 2 and any("clerk" in entry.guard for entry in found)):
        return []
    answers = Counter(entry.answer for entry in shut).most_common(3)
    told = "; ".join(f"{number} times {answer}" for answer, number in answers)
    return [
        f"{len(shut)} of {len(found)} routes let nobody in. A genuine session token was answered {told}",
        "the way out may be the user's row ([identities] with a Clerk id of the seed), the database (--migrate, --postgres), "
        "the origin of the front end ([settings] origin), a role or an organization",
    ]


def _shut(found: list[RouteBaseline]) -> list[RouteBaseline]:
    """The routes that let nobody in, whoever asked."""
    return [entry for entry in found if entry.answer and entry.guard.startswith(("nobody", "?"))]
