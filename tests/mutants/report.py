"""What is known of each mutation, from run to run, and which survivors are explained."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.mutants.mutations import ROOT, Mutation

DECLARED = ROOT / "tests" / "mutants" / "mutants.toml"
RESULTS = ROOT / "mutants" / "results.jsonl"
MOST = 0.05
"""How many of all may survive."""
NOTICED = ("killed", "timeout", "crash")


@dataclass(frozen=True)
class Result:
    """What became of a mutation."""

    name: str
    module: str
    """Digest of the module's file when it was tried."""
    state: str
    """`killed` (a test failed), `timeout`, `crash`, `alive`, `unreached` (no test executes it) or `invalid` (no Python)."""
    by: str = ""
    """The test that noticed it."""
    tests: str = ""
    """Digest of the file of that test; of a survivor, of all test files."""


@dataclass(frozen=True)
class Explained:
    """Survivors that change nothing, or a text for people only."""

    function: str
    """Pattern of module and function."""
    was: str
    """Part of the line as it is; \"\" for any."""
    becomes: tuple[str, ...]
    """Parts of the line as it is changed, of which one is enough; none for any."""
    why: str

    def covers(self, mutation: Mutation) -> bool:
        """Whether it speaks of this one."""
        changed = not self.becomes or any(each in mutation.becomes for each in self.becomes)
        return changed and self.was in mutation.was and fnmatchcase(mutation.function, self.function)


def declared() -> Mapping[str, Any]:
    """Tables of mutants.toml."""
    return tomllib.loads(DECLARED.read_text(encoding="utf-8"))


def explanations(told: Mapping[str, Any]) -> list[Explained]:
    """Its `[[survives]]`. Raises KeyError where a function or a reason is missing."""
    return [
        Explained(each["function"], each.get("was", ""), tuple(each.get("becomes", ())), each["why"])
        for each in told.get("survives", [])
    ]


def append(result: Result, file: Path = RESULTS) -> None:
    """Write one result; those before it stay."""
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")


def known(file: Path = RESULTS) -> dict[str, Result]:
    """The last result of each mutation. A line that was cut off by an interruption is no result."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            result = Result(**json.loads(line))
        except ValueError:
            continue
        found[result.name] = result
    return found


def still_holds(result: Result, module: str, test_files: Mapping[str, str], every: str) -> bool:
    """Whether a result of an earlier run is one of today: module, and test or tests, are as they were."""
    if result.module != module or result.state == "invalid":
        return False
    if result.state in NOTICED:
        return test_files.get(result.by.partition("::")[0]) == result.tests
    return result.tests == every


def summary(
    mutations: Iterable[Mutation], results: Mapping[str, Result], reasons: list[Explained]
) -> tuple[list[str], bool]:
    """Lines for people, and whether few enough survive, each explained, and all were tried."""
    mutations = list(mutations)
    tried = [each for each in mutations if each.name in results and results[each.name].state != "invalid"]
    alive = [each for each in tried if results[each.name].state not in NOTICED]
    every, left = Counter(each.module for each in tried), Counter(each.module for each in alive)
    lines = [f"{module:50} {left[module]:5} of {every[module]:5} survive" for module in sorted(every)]
    broken = [each for each in mutations if each.name in results and results[each.name].state == "invalid"]
    lines += [f"  {each.name}: {results[each.name].by}" for each in broken]
    unexplained = [each for each in alive if not any(reason.covers(each) for reason in reasons)]
    lines += [f"  {results[each.name].state}: {each.name}" for each in unexplained]
    idle = [reason for reason in reasons if not any(reason.covers(each) for each in alive)]
    share = len(alive) / len(tried) if tried else 1.0
    states = Counter(results[each.name].state for each in tried)
    lines.append(", ".join(f"{states[state]} {state}" for state in sorted(states)))
    lines.append(f"{len(alive)} of {len(tried)} mutants survive ({share:.1%}), {len(unexplained)} of them unexplained")
    missing = len(mutations) - len(tried)
    if missing:
        lines.append(f"{missing} of {len(mutations)} mutants were not tried")
    elif idle:
        lines += [
            f"mutants.toml explains what does not survive: {each.function}: {each.was} {', '.join(each.becomes)}"
            for each in idle
        ]
    return lines, share <= MOST and not unexplained and not missing and not idle
