"""The auth matrix: declaration, plan, engine, judge."""

from __future__ import annotations

from harness.contracts.matrix.declaration import Declaration, load
from harness.contracts.matrix.engine import Engine
from harness.contracts.matrix.judge import Judge, Mechanisms
from harness.contracts.matrix.plan import Plan, make_plan
from harness.contracts.matrix.verdicts import FAILURES, MEANING, CellVerdict

__all__ = [
    "FAILURES",
    "MEANING",
    "CellVerdict",
    "Declaration",
    "Engine",
    "Judge",
    "Mechanisms",
    "Plan",
    "load",
    "make_plan",
]
