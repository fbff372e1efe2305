"""The system under test: how it is started, which routes it has, and how requests reach it."""

from __future__ import annotations

from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Lane, Observation, Partial, Request, Route, Target

__all__ = ["Call", "Lane", "Observation", "Partial", "Request", "Route", "Target", "WebsocketFacts"]
