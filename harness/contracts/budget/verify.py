"""The budget contract on a run: what it costs to find out who sends a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.budget.checks import CHECKS, INDEX, Costs
from harness.contracts.budget.declaration import BudgetFile, load_budget, unknown_routes
from harness.contracts.budget.measure import entrance, measure
from harness.contracts.budget.plans import unindexed
from harness.contracts.matrix import make_plan
from harness.contracts.user_sync import load_sync
from harness.database.statement_proxy import Statement, StatementProxy


class Budget(Contract):
    """See docs/budget.md."""

    name = "budget"
    length = 12.0
    model = BudgetFile
    checks = CHECKS
    counted = "routes"
    optional = True

    def load(self, suites: Path) -> BudgetFile | None:
        """Read budget.toml."""
        return load_budget(suites)

    def examine(self, context: Context, file: BudgetFile | None, progress: Progress | None) -> list[Check]:
        """Measure each route in a run of its own, whose app talks to Postgres through a relay that counts statements."""
        file = file or BudgetFile()
        routes, probed = context.target.routes, context.target.sees_inside
        every = make_plan(context.declaration, routes, credentials=["clerk"], discovered=probed)
        unknown_routes(file, {plan.key for plan in every.routes}, context.declaration.root)
        if not probed:
            return self.unexamined(
                "the way to a handler can be told from the handler itself only in an app target (--app)"
            )
        with with_statement_proxy(context) as (inner, proxy):
            return self.limits(inner, file, proxy, progress)

    def limits(
        self, inner: Context, file: BudgetFile, proxy: StatementProxy | None, progress: Progress | None = None
    ) -> list[Check]:
        """The checks on a run whose app talks through `proxy`."""
        plan = inner.plan()
        asked = {each.key for each in plan.routes}
        plan.routes = [each for each in plan.routes if entrance(each) is not None]
        engine = inner.engine(plan)
        for _ in engine.run():
            pass
        measured, statements, left = measure(engine.sender, inner.clerk, proxy, progress=progress)
        costs = Costs(measured, left, file, seen=proxy is not None, asked=asked)
        found = []
        for spec in self.checks:
            check = self.check(spec)
            if spec.function is not None:
                spec.function(check, costs)
            else:
                self._index(inner, file, statements, check, measured=any(one.warm is not None for one in measured))
            found.append(check)
        return found

    @staticmethod
    def _index(
        context: Context, file: BudgetFile, statements: list[Statement], check: Check, *, measured: bool
    ) -> None:
        """Fill in the check of the index, on the column that budget.toml or user_sync.toml names."""
        sync = load_sync(context.declaration.root)
        known = sync.table if sync is not None and sync.reviewed else None
        lookup = file.lookup or (known.lookup if known is not None else None)
        if not context.database_url:
            check.detail = "no database is declared"
        elif not measured:
            check.detail = "no route could be measured"
        elif lookup is None:
            where = context.declaration.root / CONTRACT.file
            check.detail = f'say which column it is: lookup = "users.clerk_user_id" in {where}'
        else:
            unindexed(context.database_url, statements, lookup, check)
        if file.lookup is not None and check.status == "not examined":
            check.unmeasured.append(f'lookup = "{file.lookup}": {check.detail}')


@contextmanager
def with_statement_proxy(
    context: Context, routes: Sequence[str] = ()
) -> Iterator[tuple[Context, StatementProxy | None]]:
    """A run like another, of these `routes` or of all, whose app talks to Postgres through a relay, and the relay; None without a
    database.
    """
    part: dict[str, Any] = {"routes": [*routes]} if routes else {}
    with ExitStack() as stack:
        proxies: list[StatementProxy] = []

        def through(url: str) -> str:
            proxies.append(stack.enter_context(closing(StatementProxy(url))))
            return proxies[-1].url

        inner = stack.enter_context(
            context.another(
                through=through,
                **part,
                credentials=["clerk"],
                only=[],
                drills=False,
                fuzz=0,
                agents=1,
            )
        )
        yield inner, proxies[0] if proxies else None


CONTRACT = Budget()
__all__ = ["CONTRACT", "INDEX"]
