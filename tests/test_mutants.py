"""Mutation testing itself: what is changed, how it takes its place, and when a run of it is good."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants.mutations import Mutation
from tests.mutants.report import Explained, Result, known, still_holds, summary
from tests.mutants.trial import install, live_functions

SOURCE = '''"""Rules."""

from __future__ import annotations


class Door:
    """A door."""

    def __init__(self) -> None:
        self.__open = True

    @property
    def open(self) -> bool:
        """Whether it is."""
        if self.__open:
            return True
        return False

    def most(self, number: int = 3) -> list[int]:
        """Up to a number."""

        def fits(each: int) -> bool:
            return each <= number

        return [
            each
            for each in range(6)
            if fits(each)
        ]


most = Door().most
'''


def mutation(was: str, becomes: str, function: str = "rules.rule", **more: object) -> Mutation:
    """A mutation of which only the name counts."""
    given = {"path": "rules.py", "line": 1, "edit": (0, 0, ""), "number": 0, "lines": (1,), "in_signature": False}
    return Mutation(**(given | {"function": function, "was": was, "becomes": becomes} | more))  # type: ignore[arg-type]


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[ModuleType]:
    """The module, imported."""
    (tmp_path / "rules.py").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("rules", tmp_path / "rules.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


def changed(
    rules: ModuleType, was: str, becomes: str, function: str, line: int, in_signature: bool = False
) -> Mutation:
    """One change of the module's text."""
    at = SOURCE.index(was)
    return mutation(
        was,
        becomes,
        function,
        path=str(rules.__file__),
        line=line,
        edit=(at, at + len(was), becomes),
        in_signature=in_signature,
    )


def test_a_mutated_function_takes_its_original_s_place_wherever_that_is_held(rules: ModuleType) -> None:
    functions = live_functions([str(rules.__file__)])
    door = rules.Door()
    assert (door.open, door.most(2), rules.most()) == (True, [0, 1, 2], [0, 1, 2, 3])
    install(changed(rules, "return True", "return None", "rules.Door.open", 12), functions)
    install(changed(rules, "<= number", "< number", "rules.Door.most", 19), functions)
    assert (door.open, door.most(2), rules.most()) == (None, [0, 1], [0, 1, 2])
    install(changed(rules, "= 3)", "= 4)", "rules.Door.most", 19, in_signature=True), functions)
    assert rules.most() == [0, 1, 2, 3, 4]


def test_mutmut_s_changes_become_edits_that_are_python_and_named_once(rules: ModuleType) -> None:
    pytest.importorskip("mutmut", reason="mutmut is of the extra `tools`")
    from tests.mutants.mutations import mutations_of

    found = mutations_of(str(rules.__file__))
    names = {each.name.partition("rules.")[2] for each in found}
    assert {
        "Door.__init__: self.__open = True -> self.__open = False",
        "Door.open: return True -> return False",
        "Door.most: def most(self, number: int = 3) -> list[int]: -> def most(self, number: int = 4) -> list[int]:",
        "Door.most: for each in range(6) -> for each in range(7)",
        "Door.most: if fits(each) -> if fits(None)",
    } <= names
    assert len(names) == len(found)
    for each in found:
        compile(each.apply(SOURCE), "rules.py", "exec")
    lines = {each.becomes: each.lines for each in found}
    assert lines["return False"] == (16,)
    assert lines["for each in range(7)"] == tuple(range(25, 30))
    assert lines["def most(self, number: int = 4) -> list[int]:"] == tuple(range(19, 30))
    assert lines["return each < number"] == (23,)


A, B, C = mutation("a", "b"), mutation("a", "c"), mutation("a", "d", "rules.other")
KILLED = {each.name: Result(each.name, "1", "killed") for each in (A, B, C)}
REASON = Explained("rules.*", "a", ("b", "c"), "changes nothing")


@pytest.mark.parametrize(
    ("states", "reasons", "good", "told"),
    [
        ({}, [], True, "0 of 3 mutants survive (0.0%), 0 of them unexplained"),
        ({B: "alive"}, [], False, "  alive: rules.rule: a -> c"),
        ({B: "alive"}, [REASON], False, "1 of 3 mutants survive (33.3%), 0 of them unexplained"),
        ({B: "unreached"}, [Explained("rules.rule", "", ("d",), "")], False, "  unreached: rules.rule: a -> c"),
        ({B: "timeout", A: "crash"}, [], True, "1 crash, 1 killed, 1 timeout"),
        ({}, [REASON], False, "mutants.toml explains what does not survive: rules.*: a b, c"),
        ({B: "invalid"}, [], False, "1 of 3 mutants were not tried"),
        ({B: ""}, [], False, "1 of 3 mutants were not tried"),
    ],
)
def test_few_survive_each_explained_and_all_were_tried(
    states: dict[Mutation, str], reasons: list[Explained], good: bool, told: str
) -> None:
    results = KILLED | {each.name: Result(each.name, "1", state) for each, state in states.items() if state}
    for each, state in states.items():
        if not state:
            del results[each.name]
    lines, passed = summary([A, B, C], results, reasons)
    assert passed is good
    assert told in lines


def test_an_explained_survivor_among_many_is_fine() -> None:
    many = [mutation("x", str(number)) for number in range(40)]
    results = KILLED | {each.name: Result(each.name, "1", "killed") for each in many}
    results[B.name] = Result(B.name, "1", "alive")
    lines, good = summary([A, B, C, *many], results, [REASON])
    assert good
    assert lines[-1] == "1 of 43 mutants survive (2.3%), 0 of them unexplained"


@pytest.mark.parametrize(
    ("result", "holds"),
    [
        (Result("m", "1", "killed", "t.py::test_a[x::y]", "7"), True),
        (Result("m", "2", "killed", "t.py::test_a", "7"), False),
        (Result("m", "1", "killed", "t.py::test_a", "8"), False),
        (Result("m", "1", "timeout", "gone.py::test_a", "7"), False),
        (Result("m", "1", "alive", "", "every"), True),
        (Result("m", "1", "alive", "", "7"), False),
        (Result("m", "1", "unreached", "", "every"), True),
        (Result("m", "1", "invalid", "", "every"), False),
    ],
)
def test_an_earlier_result_holds_while_module_and_tests_are_as_they_were(result: Result, holds: bool) -> None:
    assert still_holds(result, "1", {"t.py": "7"}, "every") is holds


def test_a_line_cut_off_by_an_interruption_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    line = '{"name": "m", "module": "1", "state": "alive", "by": "", "tests": "7"}\n'
    file.write_text(line + line.replace("alive", "killed") + line.replace('"m"', '"n"')[:-20])
    assert known(file) == {"m": Result("m", "1", "killed", "", "7")}
    assert known(tmp_path / "none.jsonl") == {}
