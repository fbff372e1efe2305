"""summary.md: so many causes of each verdict, so that none hides another, and never more than a CI's summary takes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.contracts.matrix import FAILURES, CellVerdict
from harness.report.markdown import MarkdownReport
from tests.report.test_record import BROKEN, record, verdict, with_cells

QUOTA = 12
MOST = 900_000
"""Bytes; GitHub takes 1 MiB for each step."""


def summary(*verdicts: CellVerdict, **more: object) -> str:
    return MarkdownReport().render(with_cells(record(*verdicts, **more), len(verdicts)))  # type: ignore[arg-type]


def causes_of(kind: str, number: int) -> list[CellVerdict]:
    """So many causes of one verdict: each with another function and another answer."""
    letters = ["".join("abcdefghij"[int(digit)] for digit in f"{n:02}") for n in range(number)]
    return [
        verdict(kind, "legacy", f"/{kind}/{each}", group="legacy", expected="reject", ran=(f"app:{each}",), seen=each, detail=each)
        for each in letters
    ]  # fmt: skip


CAUSED = [kind for kind in FAILURES if kind not in ("undeclared", "stale", "unreviewed")]
"""Of the others there is one cause each, whatever it shows on."""


@pytest.mark.parametrize("kind", CAUSED)
@pytest.mark.parametrize("number", [1, QUOTA, QUOTA + 1, 3 * QUOTA])
def test_each_verdict_has_its_quota(kind: str, number: int) -> None:
    text = summary(*causes_of(kind, number))
    rows = re.findall(r"^\| \*\*([a-z-]+)\*\* \|", text, re.MULTILINE)
    assert rows == [kind] * min(number, QUOTA)
    left = number - len(rows)
    assert (f"… and {left} more ({left} {kind})" in text) is (left > 0)
    assert f"## Causes ({number})" in text


def test_many_of_one_verdict_hide_no_other() -> None:
    every = [each for kind in CAUSED for each in causes_of(kind, 40 if kind == "breach" else 2)]
    text = summary(*every, checks=(BROKEN,))
    rows = Counter(re.findall(r"^\| \*\*([a-z-]+)\*\* \|", text, re.MULTILINE))
    assert rows == dict.fromkeys(CAUSED, 2) | {"breach": QUOTA, "broken": 1}
    assert "… and 28 more (28 breach)" in text


@pytest.mark.parametrize("kind", ["undeclared", "stale", "unreviewed"])
def test_what_the_declaration_lacks_is_one_row(kind: str) -> None:
    text = summary(*(verdict(kind, "", f"/{number}") for number in range(99)))
    assert re.findall(r"^\| \*\*([a-z-]+)\*\* \|", text, re.MULTILINE) == [kind]


@pytest.mark.parametrize(("letter", "size"), [("x", 400), ("ä", 200), ("€", 140)])
def test_it_is_cut_at_a_line_before_a_summary_would_be_refused(letter: str, size: int) -> None:
    found = with_cells(record(verdict()), 1)
    found.notes = [f"{number} {letter * size}" for number in range(MOST // (size * len(letter.encode())) + 50)]
    text = MarkdownReport().render(found)
    assert MOST * 0.99 < len(text.encode()) < MOST + 200 < 1 << 20
    assert text.endswith("… the rest is left out: see `auth-matrix.html`.\n")
    assert text.startswith("# Auth matrix: passed")
    for line in text.splitlines():
        assert not line.startswith("Note: ") or line.endswith(f"{letter}.")


def test_a_block_that_is_cut_is_closed() -> None:
    broken = BROKEN.__class__(**{**vars(BROKEN), "events": ["x" * 999] * 2000})
    text = summary(checks=(broken,))
    assert len(text.encode()) < 1 << 20
    assert text.count("\n```") % 2 == 0
    assert text.splitlines()[-1].startswith("… the rest is left out")


def test_what_fits_is_not_cut() -> None:
    assert "the rest is left out" not in summary(*causes_of("breach", 90))
