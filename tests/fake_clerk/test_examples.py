"""The examples in the public docstrings run, and every public method has one."""

from __future__ import annotations

import doctest
import re
from types import ModuleType

import pytest

import harness.fake_clerk
from harness.fake_clerk import Directory, Endpoint, FakeClerk
from harness.fake_clerk.webhooks import Outbox

PARTS = {"": FakeClerk, "directory": Directory, "outbox": Outbox}
"""The classes of the public objects, by the attribute of `FakeClerk` that leads to them."""


def public_names() -> list[str]:
    """What the docstring of `FakeClerk` lists as public methods and properties."""
    listed = (FakeClerk.__doc__ or "").partition("Public are:")[2].partition("and these attributes:")[0]
    return re.findall(r"`([\w.]+)`", listed)


def function_of(name: str) -> object:
    """The function behind a public method or property."""
    part, _, last = name.rpartition(".")
    found = next(vars(c)[last] for c in PARTS[part].__mro__ if last in vars(c))
    return found.fget if isinstance(found, property) else found


def failures(documented: object) -> tuple[int, str]:
    """How many examples the docstring of an object has, and what went wrong with them."""
    test = doctest.DocTestParser().get_doctest(documented.__doc__ or "", {"Endpoint": Endpoint}, "example", None, 0)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    return len(test.examples), "".join(report)


@pytest.mark.parametrize("documented", [harness.fake_clerk, FakeClerk, Endpoint], ids=lambda each: each.__name__)
def test_the_package_and_its_public_classes_have_examples_that_run(documented: ModuleType | type) -> None:
    count, report = failures(documented)
    assert (count > 0, report) == (True, "")


@pytest.mark.parametrize("name", public_names())
def test_every_public_method_has_an_example_that_runs(name: str) -> None:
    count, report = failures(function_of(name))
    assert (count > 0, report) == (True, "")


def test_the_list_of_public_methods_is_found() -> None:
    assert {"start", "session_token", "directory.add_user", "outbox.send_to"} <= set(public_names())


def test_an_example_that_is_wrong_is_noticed() -> None:
    def wrong() -> None:
        """
        >>> 1 + 1
        3
        """

    assert "Expected:\n    3" in failures(wrong)[1]
