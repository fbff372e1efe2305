"""`suites/budget.toml`: what it may cost to find out who sends a request."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table, shape

BUDGET_FILE = "budget.toml"


class Limits(Table):
    """The most that a request may cost before its handler; None for no limit."""

    statements: int | None = Field(default=None, ge=0, description="the most SQL statements")
    clerk_calls: int | None = Field(default=None, ge=0, description="the most calls of Clerk's API")


class BudgetFile(ContractTable):
    """The file: what a warm request may cost before its handler, one of somebody whom the app knows, with a new token."""

    statements: int | None = Field(default=1, ge=0, description="the most SQL statements")
    clerk_calls: int | None = Field(default=0, ge=0, description="the most calls of Clerk's API")
    cold: Limits = Field(
        default=Limits(), description="the same for the first request of somebody whom the app has never seen"
    )
    refused: Limits = Field(
        default=Limits(),
        description="the same for a forged token, without calls for keys; without limits as many calls as a warm request may cost",
    )
    lookup: str | None = Field(
        default=None,
        pattern=shape(r"^(\w+\.)?\w+\.\w+$", "table.column: users.clerk_user_id"),
        description="table.column, or schema.table.column, by which a Clerk user is found; it must be indexed",
    )
    routes: dict[str, Limits] = Field(default={}, description="other limits for single routes, warm")

    def limits(self, route: str) -> Limits:
        """What a route may cost when warm."""
        usual = {"statements": self.statements, "clerk_calls": self.clerk_calls}
        own = self.routes.get(route)
        return Limits.model_validate(usual | (own.model_dump(exclude_unset=True) if own is not None else {}))

    def limits_refused(self, route: str) -> Limits:
        """What a forged token may cost on a route."""
        calls = self.refused.clerk_calls
        return Limits(
            statements=self.refused.statements, clerk_calls=self.limits(route).clerk_calls if calls is None else calls
        )


_KEYS = {
    "": list(BudgetFile.model_fields),
    "cold": list(Limits.model_fields),
    "refused": list(Limits.model_fields),
    "routes": list(Limits.model_fields),
}


def load_budget(suites: Path) -> BudgetFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    return load_table(suites / BUDGET_FILE, BudgetFile, _KEYS)


def unknown_routes(file: BudgetFile, known: set[str], suites: Path) -> None:
    """Raises DeclarationError for a route that is not there, which would hold a limit of nothing."""
    for route in file.routes:
        if route not in known:
            raise DeclarationError(
                f'{suites / BUDGET_FILE}: routes: "{route}" is no declared route; `clerk-harness routes` lists them'
            )
