"""The auth matrix: declaration, plan, engine, judge."""

from __future__ import annotations

from harness.matrix.declaration import Declaration, load
from harness.matrix.engine import Engine
from harness.matrix.judge import Judge, Mechanisms
from harness.matrix.plan import Plan, make_plan
from harness.matrix.verdicts import FAILURES, MEANING, CellVerdict

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
