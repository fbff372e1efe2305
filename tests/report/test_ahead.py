"""What all reports need is made while the run goes on, once, and costs no run its reports."""

from __future__ import annotations

from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.report import ahead
from harness.report.document import TokenEntry
from harness.report.samples import Issuer
from tests.report.test_record import plan, record


class Failing:
    """No one's tokens: it was asked, and had nothing to tell."""

    asked = 0

    def tell(self, labels: set[str]) -> dict[str, TokenEntry]:
        self.asked += len(labels)
        raise RuntimeError("a mistake")


def test_what_is_planned_is_told_before_anybody_asks() -> None:
    planned = plan()
    planned.cells = [
        Cell(planned, CATALOGUE[name], "reject", Way((CATALOGUE["clerk"],))) for name in ("clerk", "forged")
    ]
    issuer = Issuer("harness-under-test.clerk.accounts.dev", "http://localhost:3000")
    ahead.begin(record(plans=(planned,), issuer=issuer)).join()
    assert set(issuer._told) == {"clerk", "forged"}


def test_what_fails_there_is_left_to_the_reports() -> None:
    planned, failing = plan(), Failing()
    planned.cells = [Cell(planned, CATALOGUE["clerk"], "accept", Way((CATALOGUE["clerk"],)))]
    ahead.begin(record(plans=(planned,), issuer=failing)).join()
    assert failing.asked == 1
