"""Plays the script of a route with answers from a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.script import Script
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, plan_of, seen

Answer = Callable[[str, Call], Observation]
"""Answers a call by the credential in it."""


class Played:
    """A script that was played to its end. `calls`: the credential of each request, and the call."""

    def __init__(
        self,
        mint: RecordingMint,
        plan: RoutePlan,
        answer: Answer,
        *,
        probed: bool = True,
        sees_inside: bool = True,
        factory: RequestFactory | None = None,
    ) -> None:
        self.mint = mint
        self.works: list[Work] = []
        self.calls: list[tuple[str, Call]] = []
        factory = factory or RequestFactory(mint, probed=probed, sees_inside=sees_inside)
        self.script = script = Script(plan, factory, Judge(NO_MECHANISMS, probed=probed, sees_inside=sees_inside))
        self.state: RouteState = script.state
        self.plan = plan
        steps = script.work()
        answers: list[Observation] | None = None
        while True:
            try:
                work = next(steps) if answers is None else steps.send(answers)
            except StopIteration as end:
                self.verdicts: list[CellVerdict] = end.value()
                return
            self.works.append(work)
            answers = []
            for sending in work.sendings:
                call = sending.call()
                name = mint.name_in(call.request)
                self.calls.append((name, call))
                answers.append(answer(name, call))

    @property
    def names(self) -> list[str]:
        """The credentials that were asked, in order."""
        return [name for name, _ in self.calls]

    def verdict(self, label: str) -> str:
        """The verdict of a cell."""
        return next(verdict.verdict for verdict in self.verdicts if verdict.credential == label)


def letting_in(*names: str, **more: Any) -> Answer:
    """A backend that lets these credentials in, and refuses the others with 401."""

    def answer(name: str, call: Call) -> Observation:
        if name not in names:
            return seen(401, entered=False)
        return seen(None, stopped=True, entered=True) if call.stop else seen(200, entered=True, **more)

    return answer


def route(
    *names: str, key: str = "GET /x", accept: tuple[str, ...] = ("clerk",), carriers: tuple[str, ...] = (), **more: Any
) -> RoutePlan:
    """A route with the cells of some credentials."""
    plan = plan_of(accept, key, *carriers, **more)
    plan.cells = [cell for name in names for cell in plan.planned(CATALOGUE[name])]
    return plan


Play = Callable[..., Played]
"""Plays the script of a plan with answers; `probed` and `sees_inside` are true by default."""
