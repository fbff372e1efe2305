"""Records of runs, put together without a run: passing, failing, ended before its time, of contracts alone, hostile."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE, ORIGIN
from harness.report import Meta, Record
from harness.report.samples import Issuer
from harness.targets.base import Route
from harness.targets.request_builder import Example

TRIED = (
    "missing",
    "clerk",
    "clerk-org-admin",
    "m2m-jwt",
    "forged",
    "alg-none",
    "expired",
    "legacy",
    "query-token",
    "absolute-uri",
)
POLICIES = {
    "public": Policy(accept=["*"]),
    "clerk": Policy(accept=["clerk"], mechanism=["clerk"], refuse={"default": [401, 403], "missing": [403]}),
    "bridge": Policy(accept=["clerk", "legacy"], until=datetime.date(2027, 1, 1)),
    "admin": Policy(accept=["clerk-org-admin"], reject=["no-scheme"], tolerate=["expired"]),
    "machine": Policy(accept=["m2m-jwt"], carriers=["header:x-key"]),
}
HOSTILE = "</script><script>alert('x')</script> \" ' & <b onmouseover=alert(1)> \u202egnp.exe {{data}} \u2028"
ISSUER = Issuer("harness-under-test.clerk.accounts.dev", ORIGIN)
GUARD = "app.auth:current_user"


@dataclass
class Made:
    """A record in the making."""

    routes: list[RoutePlan] = field(default_factory=list)
    verdicts: list[CellVerdict] = field(default_factory=list)

    def route(self, key: str, router: str, policy: str, **found: Any) -> None:
        """A route on which everything was as declared, but for `found`: by credential what is another."""
        method, path = key.split(" ", 1)
        body: dict[str, Any] = {"json": {"name": "x"}} if method == "POST" else {}
        plan = RoutePlan(
            Route(method, path, endpoint=f"app.routers.{router}:handler"), router, policy, POLICIES[policy], Example(**body),
            carriers=tuple(POLICIES[policy].carriers) or ("bearer",), asked_by_browsers=ORIGIN,
        )  # fmt: skip
        self.routes.append(plan)
        for name in TRIED:
            credential = CATALOGUE[name]
            expected = plan.expects(credential)
            plan.cells.append(Cell(plan, credential, expected, Way((CATALOGUE["clerk"],))))
            self.verdicts.append(_verdict(plan, name, expected, **found.get(name.replace("-", "_"), {})))

    def record(self, *checks: Check, incomplete: str = "", **meta: Any) -> Record:
        """The record of all that was added."""
        facts: dict[str, Any] = {
            "target": {"app": "app.main:app", "kind": "asgi", "python": "3.11.7"},
            "suites": "suites",
            "evidence": "probe",
        }
        facts["provenance"] = {
            "commit": "0123abcd" * 5,
            "commit_state": "changed since",
            "target": "fastapi 0.137.0",
            "seed": "0",
        }
        facts["issuer"] = ISSUER
        made = Record(
            Meta(**(facts | {"repeat": "clerk-harness run --suites suites"} | meta)), Plan(self.routes, []), self.verdicts,
            checks=list(checks), incomplete=incomplete, seconds=1.5,
        )  # fmt: skip
        return made


def _verdict(plan: RoutePlan, name: str, expected: str, **more: Any) -> CellVerdict:
    entered = expected == "accept"
    usual: dict[str, Any] = {
        "verdict": "pass", "evidence": "probe", "seen": "200, the handler was entered" if entered else "401, the handler was not entered",
        "status": 200 if entered else 401, "micros": 1234, "twin": "" if entered else "clerk",
    }  # fmt: skip
    credential = CATALOGUE[name]
    return CellVerdict(plan.router, plan.key, plan.policy_name, name, credential.group, expected, **(usual | more))


BREACH = {
    "verdict": "breach", "seen": "200, the handler was entered", "detail": "must be rejected, was let in by legacy", "status": 200,
    "mechanism": ("legacy",), "ran": (GUARD,), "needs": "email", "twin": "",
}  # fmt: skip
LOCKOUT = {
    "verdict": "lockout",
    "seen": "401, the handler was not entered",
    "excerpt": '{"detail":"no"}',
    "status": 401,
}
OPEN = {"verdict": "inconclusive", "detail": "its twin was not let in", "twin": ""}
_COLD = {"statements": ["INSERT"], "clerk_calls": ["GET /users"]}
FIGURES: list[dict[str, Any]] = [
    {"route": "GET /me", "warm": {"statements": ["SELECT 1", "SELECT 2"], "clerk_calls": []}, "cold": _COLD},
    {"route": "GET /you", "warm": {"statements": ["SELECT 1"], "clerk_calls": []}, "cold": None},
]
PROVEN = Check("budget", "clerk-calls", "a warm request asks Clerk nothing", "proven", 2, figures=FIGURES)
BROKEN = Check(
    "user_sync", "one-row", "one row for each Clerk user", "broken", 3, "two rows of one user",
    ["user.created for alice", "user.created for alice again"], ["(no rows)"], ["id=1 alice", "id=2 alice"],
)  # fmt: skip
UNEXAMINED = Check(
    "configuration", "absent", "a missing variable is refused", "not examined", detail="the app is not started here"
)
STARTS = Check(
    "configuration", "malformed", "a malformed variable is refused", "proven", 1,
    figures=[{"variable": "CLERK_SECRET_KEY", "expected": "refuse", "seen": "refused", "words": HOSTILE}],
)  # fmt: skip
REHEARSED = Check(
    "migrations", "rehearsal", "with the declared number of rows they succeed", "proven", 2, "with 1,000,000 rows …",
    figures=[
        {"migration": "0002_clerk", "rows": [100_000, 1_000_000], "seconds": [0.2, 2.0], "growth": 1.0, "seconds_at_10_million": 20.0,
         "lock": "ACCESS EXCLUSIVE", "table": "users", "lock_seconds": [0.1, 1.0], "lock_growth": 1.0, "lock_seconds_at_10_million": 10.0},
        {"migration": "0003_" + "x" * 90, "rows": [100_000, 1_000_000], "seconds": [0.001, 0.002], "growth": None,
         "seconds_at_10_million": 0.002},
        {"lookup": "users.clerk_user_id", "stage": "after", "rows": [100_000, 1_000_000], "milliseconds": [0.1, 0.1],
         "found": "by an index"},
    ],
)  # fmt: skip
_HELD = {"type": "integer", "by": "foreign key", "nobody": 0, "empty": 0, "agrees": True}
MAPPED = Check(
    "migrations", "mapping", "each column that points to users holds one identifier", "proven", 2,
    figures=[
        {"identifier": "id", "column": "users.id", "lookup": {
            "before": {"found": "by the index users_pkey", "milliseconds": 0.1, "statements": 1},
            "after": {"found": "by the index users_pkey", "milliseconds": 0.2, "statements": 1}}},
        {"identifier": "Clerk's id", "column": "users.clerk_user_id", "lookup": {
            "after": {"found": "by reading all rows", "milliseconds": 3.5, "statements": 1}}},
        {"column": "notes.user_id", "stages": {"before": _HELD | {"holds": {"id": 60}}, "after": _HELD | {"holds": {"id": 60}}}},
        {"column": "notes.owner", "stages": {"after": _HELD | {"by": "values", "type": "text", "holds": {"id": 40, "Clerk's id": 20},
                                                                "agrees": False, "nobody": 3}}},
    ],
)  # fmt: skip


def passing() -> Record:
    """Everything is as declared; policies with `refuse`, `until`, `tolerate` and `carriers`."""
    made = Made()
    made.route("GET /health", "docs", "public")
    made.route("POST /contact", "docs", "public")
    made.route("GET /me", "users", "clerk")
    made.route("POST /me", "users", "clerk")
    made.route("GET /old", "old", "bridge")
    made.route("GET /admin", "admin", "admin")
    made.route("POST /jobs", "jobs", "machine")
    return made.record(PROVEN, STARTS, REHEARSED, MAPPED)


def failing() -> Record:
    """Each verdict, a broken contract with its story, one of which nothing was examined."""
    made = Made()
    made.route("GET /health", "docs", "public")
    for number in range(9):
        made.route(f"GET /old/{number}", f"r{number % 3}", "clerk", legacy=BREACH)
    made.route("GET /open", "users", "clerk", missing=BREACH | {"needs": "nothing", "mechanism": (), "ran": ()})
    made.route(
        "POST /shut", "users", "clerk", clerk=LOCKOUT, forged=OPEN, legacy=OPEN, alg_none=OPEN | {"evidence": "none"}
    )
    made.route(
        "GET /broken",
        "users",
        "clerk",
        clerk=LOCKOUT | {"verdict": "fault", "seen": "500: KeyError: 'x'", "status": 500},
    )
    made.route("GET /talks", "users", "clerk", expired={"verdict": "leak", "detail": "the refusal tells why"})
    made.route("GET /mixed", "users", "clerk", clerk={"verdict": "mixed", "mechanism": ("legacy",), "ran": (GUARD,)})
    made.route("GET /hard", "users", "clerk", expired={"verdict": "hardening", "seen": "200, the handler was entered"})
    made.verdicts.append(CellVerdict("", "GET /new", "", "", "", "", "undeclared", "declaration", "no policy"))
    return made.record(BROKEN, PROVEN, UNEXAMINED)


def incomplete() -> Record:
    """A part of the matrix, ended before its time."""
    made = Made()
    made.route("GET /me", "users", "clerk")
    made.verdicts = made.verdicts[:3]
    return made.record(incomplete="the run was ended by SIGTERM", narrowed="--router users")


def contracts() -> Record:
    """Contracts alone: no matrix."""
    return Made().record(BROKEN, STARTS, evidence="none")


def hostile() -> Record:
    """Whatever a target or a declaration may say, in every place where it may say something."""
    made = Made()
    path = "/x/</script>/{" + "a" * 300 + "}"
    POLICIES[HOSTILE] = Policy(accept=["clerk"], mechanism=[HOSTILE])
    said = BREACH | {"detail": HOSTILE, "excerpt": HOSTILE, "hint": HOSTILE, "ran": (HOSTILE,), "mechanism": (HOSTILE,)}
    made.route(f"GET {path}", HOSTILE, HOSTILE, legacy=said | {"seen": HOSTILE})
    made.route("GET /__proto__", "__proto__", "clerk", legacy=said)
    del POLICIES[HOSTILE]
    check = Check(
        "budget",
        "clerk-calls",
        HOSTILE,
        "broken",
        1,
        HOSTILE,
        [HOSTILE],
        [HOSTILE],
        [HOSTILE],
        figures=[{HOSTILE: HOSTILE}],
    )
    made_record = made.record(check, incomplete=HOSTILE, target={"app": HOSTILE}, criteria=[(HOSTILE, ("legacy",))])
    made_record.notes, made_record.blocked = [HOSTILE], [HOSTILE]
    return made_record


def large(routes: int, cells: int) -> dict[str, Any]:
    """The document of a large matrix, by repeating what `failing` says of its cells; see `harness.report.json_report`."""
    from harness.report.json_report import document

    told = document(failing())
    labels = [name for name, entry in CATALOGUE.items() if entry.group != "cors"][:cells]
    nothing = dict.fromkeys(("cwe", "source", "why", "identity", "needs", "because"), "")
    told["credentials"] = {name: nothing | {"group": CATALOGUE[name].group} for name in labels}
    sample = [cell for router in told["routers"] for route in router["routes"] for cell in route["cells"]]
    template = told["routers"][0]["routes"][0]
    told["routers"] = [
        {"router": f"router{r}", "routes": [
            template | {"route": f"GET /r{r}/{n}", "cells": [
                sample[(n * 7 + c) % len(sample)] | {"credential": label, "milliseconds": (n * c % 997) / 10}
                for c, label in enumerate(labels)
            ]} for n in range(routes // 20)
        ]} for r in range(20)
    ]  # fmt: skip
    return told


ALL = {made.__name__: made for made in (passing, failing, incomplete, contracts, hostile)}
