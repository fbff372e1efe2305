"""Which authentication code let a request in: functions, patterns and phases as tables."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.mechanisms import Mechanisms
from tests.matrix.kit import BY_CLERK, BY_OLD, DECLARED, seen


@pytest.mark.parametrize(
    ("ran", "always", "consented", "silent"),
    [
        ([], [], (), ()),
        ([BY_CLERK], [], ("clerk",), ()),
        ([("app.clerk:verify", True, 1)], [], ("clerk",), ()),
        ([("app.clerk:verify", True, 2)], [], (), ()),  # It only wraps the request, and a wildcard names it.
        ([("app.clerk:verify", False, 2)], [], (), ()),
        ([("app.old:verify", True, 2)], [], (), ("legacy",)),  # It wraps the request, and the user named it.
        ([("app.old:verify", False, 2)], [], (), ("legacy",)),
        ([BY_CLERK], [("app.clerk:verify", True)], (), ()),
        ([BY_CLERK], [("app.clerk:verify", False)], ("clerk",), ()),
        ([("app.clerk:check", False, 0)], [], (), ("clerk",)),
        ([("app.clerk:check", False, 1)], [], (), ("clerk",)),
        ([("app.clerk:check", False, 1)], [("app.clerk:check", False)], (), ()),
        ([("app.log:request", True, 0)], [], (), ()),
        ([("app.log:request", False, 0)], [], (), ()),
        ([BY_OLD, BY_CLERK, ("app.clerk:check", True, 0)], [], ("legacy", "clerk"), ()),
        ([("app.clerk:check", False, 0), ("app.clerk:verify", False, 0)], [], (), ("clerk",)),
    ],
)
def test_which_mechanism_ran(
    ran: list[tuple[str, bool, int]],
    always: list[tuple[str, bool]],
    consented: tuple[str, ...],
    silent: tuple[str, ...],
) -> None:
    answer = seen(ran=ran)
    assert DECLARED.of(answer, frozenset(always)) == consented
    assert DECLARED.silent(answer, frozenset(always)) == silent


def test_functions_belong_to_the_first_mechanism_whose_pattern_names_them() -> None:
    functions = ["App.Clerk:Verify"]
    assert not Mechanisms({"clerk": ["app.clerk:*"]}, functions).known("clerk")
    guessed = Mechanisms({"clerk": ["app.clerk:*"], "other": ["*"]}, functions, declared=False)
    assert guessed.known("clerk")
    assert not guessed.known("other")
    assert Mechanisms({}, []).declared
    both = Mechanisms({"clerk": ["a:b"], "legacy": ["a:c"]}, ["a:b", "a:x", "a:c"])
    assert both.of(seen(ran=[("a:c", True, 0), ("a:x", True, 0), ("a:b", True, 0)])) == ("legacy", "clerk")
    named = Mechanisms({"clerk": ["app:Xray.check"]}, ["app:Xray.check"])
    assert named.silent(seen(ran=[("app:Xray.check", True, 2)])) == ("clerk",)
    assert Mechanisms({"clerk": ["a:b"]}, ["a:b"]).of(seen(ran=[("a:b", True, 0)])) == ("clerk",)


@pytest.mark.parametrize("pattern", ["app:Gate.*", "app:Gat?.dispatch", "app:Gate.[d]ispatch"])
def test_a_wildcard_after_the_module_names_no_function(pattern: str) -> None:
    wraps = seen(ran=[("app:Gate.dispatch", True, 2)])
    assert Mechanisms({"clerk": [pattern]}, ["app:Gate.dispatch"]).silent(wraps) == ()
    assert Mechanisms({"clerk": [pattern, "a*:Gate.dispatch"]}, ["app:Gate.dispatch"]).silent(wraps) == ("clerk",)
