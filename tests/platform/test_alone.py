"""What a run learns of a route does not depend on what else it asks: a cell alone has the verdict that it has in company."""

from __future__ import annotations

import os
import sys

import pytest

from harness.contracts.matrix import load, make_plan
from harness.credentials import CATALOGUE
from harness.database import Server
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import ROOT

SUITES = ROOT / "suites"
LONG = bool(os.environ.get("HARNESS_LONG"))
"""Whether this is `make platform`."""
EVERY = 1 if LONG else 6
"""Of so many routes one is tried, with one credential, others on each."""


@pytest.mark.parametrize("stage", ["mixed", "unified"] if LONG else ["mixed"])
def test_a_cell_alone_has_the_verdict_that_it_has_in_company(postgres: Server, stage: str) -> None:
    names = [c.name for c in CATALOGUE.values() if c.drill is None and c.group not in ("genuine", "opaque", "webhook")]
    company = [*names[::12], "clerk", "legacy", "clerk-org-admin", "missing"]
    options = Options(suites=SUITES, python=sys.executable, agents=1, env={"PLATFORM_STAGE": stage})
    different = []
    tried = 0
    with RunContext(options, load(SUITES), server=postgres) as session:
        whole = make_plan(session.declaration, session.target.routes, credentials=company)
        together = {v.key: v.verdict for v in session.run(whole) if v.credential}
        for number, route in enumerate(whole.routes[::EVERY]):
            labels = [cell.label for cell in route.cells]
            label = labels[number % len(labels)]
            plan = make_plan(session.declaration, session.target.routes, credentials=[label], only_routes=[route.key])
            alone = {v.key: v.verdict for v in session.run(plan) if v.credential}
            tried += 1
            if alone.get((route.key, label)) != together[route.key, label]:
                different.append((route.key, label, alone, together[route.key, label]))
    assert different == []
    assert tried >= len(whole.routes) // EVERY
