"""The system under test: found, examined, asked."""

from __future__ import annotations

from harness.targets.base import Call, Lane, Observation, Partial, Request, Route, Target

__all__ = ["Call", "Lane", "Observation", "Partial", "Request", "Route", "Target"]
