"""The cost of mapping a token to a user: SQL statements and Clerk calls on the way to each route's handler, held to a budget."""

from harness.contracts.budget.declaration import BUDGET_FILE, BudgetFile, load_budget
from harness.contracts.budget.measure import measure
from harness.contracts.budget.plans import unindexed

__all__ = ["BUDGET_FILE", "BudgetFile", "load_budget", "measure", "unindexed"]
