"""The examples in docstrings of what is public here are run."""

from __future__ import annotations

import doctest

from harness.targets import host_redirect


def test_the_examples_are_true() -> None:
    found = doctest.testmod(host_redirect)
    assert (found.failed, found.attempted > 0) == (0, True)
