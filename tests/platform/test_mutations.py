"""One flaw anywhere on the platform is found and named: a guard removed, a check left out, a forged kind accepted, a line of
the matrix deleted.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from harness.contracts.matrix import Plan, load, make_plan
from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.ways import base_for
from harness.credentials import CATALOGUE
from harness.database import Server
from harness.report import Meta, Record
from harness.run.context import RunContext
from harness.run.options import Options
from harness.targets.base import Route
from harness.targets.request_builder import base_request, with_presentation
from tests.conftest import ROOT, Judged, judged
from tests.platform import fingerprints

SUITES = ROOT / "suites"
HERE = Path(__file__).parent
PLATFORM = ROOT / "examples" / "platform"


@pytest.fixture(scope="module")
def routes(postgres: Server) -> list[Route]:
    """The platform's routes, as an agent finds them."""
    with RunContext(
        Options(suites=SUITES, python=sys.executable, agents=1, strict=True), load(SUITES), server=postgres
    ) as session:
        return session.target.routes


def guarded(routes: list[Route]) -> dict[str, list[str]]:
    """Routes that not everybody may enter, by router."""
    found = defaultdict(list)
    for plan in make_plan(load(SUITES), routes).routes:
        if "*" not in plan.policy.accept and plan.policy_name != "webhook":
            found[plan.router].append(plan.key)
    return found


def mutant(postgres: Server, *, credentials: list[str], **environment: str) -> Judged:
    env = {
        "PYTHONPATH": str(HERE),
        "ADMIN_EMAILS": "admin@example.com",
        "CLERK_AUTHORIZED_PARTIES": "http://localhost:3000",
    }
    options = Options(
        strict=True,
        suites=SUITES, app="mutants:app", app_dir=PLATFORM, python=sys.executable, agents=1, env=env | environment, credentials=credentials
    )  # fmt: skip
    return judged(options, server=postgres)


ROUNDS = 2
LONG = bool(os.environ.get("HARNESS_LONG"))
"""Whether this is `make platform`."""


def victims_of(routes: list[Route], number: int) -> set[str]:
    """The routes that are mutated in a round: each in one of them, and others of the same router in another."""
    return {
        key for keys in guarded(routes).values() for index, key in enumerate(sorted(keys)) if index % ROUNDS == number
    }


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_guard_removed_from_any_route_is_found_there_and_only_there(
    postgres: Server, routes: list[Route], number: int
) -> None:
    """Every route is mutated once; in each round others of the same router stay whole and must stay clean."""
    victims = victims_of(routes, number)
    assert victims
    result = mutant(
        postgres,
        credentials=["clerk", "clerk-org-admin", "forged", "missing"],
        MUTANT_UNGUARDED=",".join(victims),
    )
    breached = {
        route for verdict, route, credential in result.failed if verdict == "breach" and credential == "missing"
    }
    assert breached == victims
    assert {route for _, route, _ in result.failed} == victims


REVEALING = {
    "signature": ["forged", "signature-flipped-first"],
    "exp": ["expired"],
    "azp": ["azp-foreign"],
    "issuer": ["iss-other"],
}


REVEALING_OF_DELIVERIES = {
    "signature": ["unsigned", "wrong-secret", "empty-secret", "body-changed", "id-changed", "other-version"],
    "exp": ["too-old", "from-the-future"],
}
TURNS = len(REVEALING) + 1
"""In each turn a route has another check left out, and in one it stays whole. `make platform` takes all turns."""


@pytest.mark.parametrize("turn", range(TURNS) if LONG else [0])
def test_a_check_left_out_on_any_route_is_found_there_and_only_there(
    postgres: Server, routes: list[Route], turn: int
) -> None:
    """Everything else is still verified there, and on the others that too: on each, in each place of its tokens."""
    order = [*REVEALING, ""]
    keys = sorted(key for some in guarded(routes).values() for key in some)
    left_out = {key: check for number, key in enumerate(keys) if (check := order[(number + turn) % TURNS])}
    hook, of_deliveries = "POST /auth/webhook", list(REVEALING_OF_DELIVERIES)[turn % 2]
    names = [name for some in REVEALING.values() for name in some]
    result = mutant(
        postgres,
        credentials=["clerk", "clerk-org-admin", "webhook", *names],
        MUTANT_SKIPPED=json.dumps(left_out | {hook: of_deliveries}),
    )
    cookies = {plan.key for plan in result.record.plan.routes if plan.policy_name == "browser"}
    wanted = {(route, name) for route, check in left_out.items() for name in REVEALING[check]}
    wanted |= {(route, f"{name}@cookie:__session") for route, name in wanted if route in cookies}
    wanted |= {(hook, f"webhook-{flaw}") for flaw in REVEALING_OF_DELIVERIES[of_deliveries]}
    shapes = set(plan_labels(result)) - {name for _, name in wanted}
    breached = {(route, credential) for verdict, route, credential in result.failed if verdict == "breach"}
    assert {(route, name) for route, name in breached if name not in shapes} == wanted
    assert {route for _, route, _ in result.failed} == {*left_out, hook}


def plan_labels(result: Judged) -> list[str]:
    """The labels of spot checks on further shapes of a session: they fail with their route."""
    return [c.label for plan in result.record.plan.routes for c in plan.cells if c.way.spot]


def test_every_guarded_route_was_among_them(routes: list[Route]) -> None:
    found = guarded(routes)
    assert max(map(len, found.values())) > ROUNDS  # So that in each round some of a router stay whole.
    assert sum(map(len, found.values())) >= 110


@pytest.mark.skipif(
    not LONG, reason="a long form: `make platform` holds it, and the zoo has each kind on a small backend"
)
def test_a_forged_kind_that_is_accepted_anywhere_is_found_there_and_only_there(
    postgres: Server, tmp_path: Path
) -> None:
    """Every route accepts three kinds more than it should, others on each, so that every kind and every route has its turn."""
    accepts = tmp_path / "accepts.json"
    accepts.write_text("{}")
    env = {
        "PYTHONPATH": str(HERE), "MUTANT_ACCEPTS": str(accepts), "ADMIN_EMAILS": "admin@example.com",
        "CLERK_AUTHORIZED_PARTIES": "http://localhost:3000",
    }  # fmt: skip
    options = Options(
        strict=True, suites=SUITES, app="mutants:app", app_dir=PLATFORM, python=sys.executable, agents=1, env=env
    )
    with RunContext(options, load(SUITES), server=postgres) as session:
        plan = session.plan()
        everyday = _everyday(plan)
        accepted_cells = _cells_to_accept(plan, everyday)
        pins = fingerprints.Pins(session)
        accepts.write_text(json.dumps(dict(_accepted(cell, pins) for cell in accepted_cells)))
        expected = {(cell.plan.key, cell.label) for cell in accepted_cells}
        _leave_out_most_others(plan, expected)
        record = Record(Meta({}, "", "", ""), plan)
        for verdict in session.run(plan):
            record.add(verdict)
    breached = {(v.route, v.credential) for v in record.verdicts if v.verdict == "breach"}
    # Where nothing at all gets in, so does nothing on the same path in another spelling.
    bypass = {(route, name) for route, name in breached if CATALOGUE[name.partition("@")[0]].bypass}
    assert bypass <= {
        (route, name) for route, _ in expected & {(r, "missing") for r, _ in expected} for _, name in bypass
    }
    assert breached - bypass == expected
    assert {label for _, label in expected} >= everyday - {"webhook"}
    assert len({route for route, _ in expected}) >= 110


def _everyday(plan: Plan) -> set[str]:
    """The labels of what must be rejected on routes for people, but for what is tried on a few routes only."""
    return {
        cell.label
        for route in plan.routes
        if route.policy_name in ("clerk", "browser")
        for cell in route.cells
        if cell.expect == "reject" and not cell.credential.bypass and not cell.credential.sparse
    }


def _cells_to_accept(plan: Plan, everyday: set[str]) -> list[Cell]:
    """Three cells of each guarded route, those first that were chosen least often so far."""
    chosen: list[Cell] = []
    used: Counter[str] = Counter()
    for route in plan.routes:
        if "*" in route.policy.accept or route.policy_name == "webhook":
            continue
        kinds = [
            cell
            for cell in route.cells
            if cell.expect == "reject" and cell.credential.name != "webhook" and not cell.credential.bypass
        ]
        # The two routes for browsers have their turn at what comes in the cookie.
        every = [cell for cell in kinds if "@cookie" in cell.label]
        usual = sorted(kinds, key=lambda c: (used[c.label], c.label in everyday))[:3]
        turn = (every[::2] if route.route.method == "GET" else every[1::2]) or usual
        used.update(cell.label for cell in turn)
        chosen += turn
    return chosen


def _accepted(cell: Cell, pins: fingerprints.Pins) -> tuple[str, str]:
    """For the mutant's file: the fingerprint of the cell's request, pinned for the run, and as whom it gets in."""
    route = cell.plan
    presentation = pins.pin(cell.credential, base_for(cell.credential, cell.way))
    request = with_presentation(base_request(route.route, route.example), presentation, cell.way.carrier)
    return fingerprints.of_request(request), "clerk-org-admin" if route.policy_name == "admin" else "clerk"


def _leave_out_most_others(plan: Plan, expected: set[tuple[str, str]]) -> None:
    """Of what must not be found, keep a twelfth on each route."""
    for number, route in enumerate(plan.routes):
        route.cells = [
            cell
            for turn, cell in enumerate(route.cells)
            if (route.key, cell.label) in expected or turn % 12 == number % 12
        ]


@pytest.mark.parametrize("path", sorted((SUITES / "routers").glob("*.toml")), ids=lambda p: p.stem)
def test_a_line_deleted_from_the_matrix_is_named(routes: list[Route], path: Path, tmp_path: Path) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(SUITES, suites)
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if not line.startswith('"'):
            continue
        (suites / "routers" / path.name).write_text("\n".join([*lines[:number], *lines[number + 1 :]]))
        declared = line.split('"')[1]
        if sum(other.startswith('"') for other in lines) == 1:
            continue
        gaps = make_plan(load(suites), routes, credentials=["forged"]).gaps
        assert [(gap.kind, gap.key) for gap in gaps] == [("undeclared", declared)]


def test_a_whole_file_deleted_from_the_matrix_is_named(routes: list[Route], tmp_path: Path) -> None:
    for path in sorted((SUITES / "routers").glob("*.toml")):
        suites = tmp_path / path.stem
        shutil.copytree(SUITES, suites)
        (suites / "routers" / path.name).unlink()
        declared = {line.split('"')[1] for line in path.read_text().splitlines() if line.startswith('"')}
        assert {
            gap.key for gap in make_plan(load(suites), routes, credentials=["forged"]).gaps if gap.kind == "undeclared"
        } == declared
