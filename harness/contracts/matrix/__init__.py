"""The auth matrix: declaration, plan, engine, judge."""

from __future__ import annotations

from harness.contracts.matrix.declaration import Declaration, load
from harness.contracts.matrix.engine import Engine
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.mechanisms import Mechanisms
from harness.contracts.matrix.plan import Plan
from harness.contracts.matrix.planning import make_plan, public_paths
from harness.contracts.matrix.sender import Sender
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
    "Sender",
    "load",
    "make_plan",
    "public_paths",
]
