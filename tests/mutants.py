"""Mutation testing of the rules, by mutmut: which small changes of them would the unit tests miss?

    python -m tests.mutants            all of them, about half an hour
    python -m tests.mutants --report   what the last run found

What survives must be explained in mutants.toml (a mutant that changes nothing, a text for people), and may be 5 % at most.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = Path(sys.executable).parent / "mutmut"
MOST = 0.05
_KILLED = ("killed", "caught by type check", "segfault")
_NOT_TRIED = ("not checked", "skipped", "check was interrupted by user")


def results() -> dict[str, str]:
    """What became of each mutant of the last run."""
    told = subprocess.run([MUTMUT, "results", "--all", "true"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = (line.strip().rpartition(": ") for line in told.stdout.splitlines() if ": " in line)
    return {name: state for name, _, state in found}


def explained() -> dict[str, str]:
    """Patterns of mutants that may survive, and why."""
    declared = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))
    return {entry["mutant"]: entry["why"] for entry in declared.get("survives", [])}


def module_of(mutant: str) -> str:
    """`harness.core.redact.x_redact__mutmut_3` is one of `harness.core.redact`."""
    return mutant.partition(".x_")[0].partition(".xǁ")[0]


def main() -> int:
    """Run mutmut, unless only the report is asked for; 0 when few survive, and each is explained."""
    if "--report" not in sys.argv:
        with (ROOT / "mutants.log").open("w") as log:
            subprocess.run([MUTMUT, "run"], cwd=ROOT, stdout=log, stderr=log, check=False)
    found = results()
    if not_tried := [name for name, state in found.items() if state in _NOT_TRIED]:
        print(f"{len(not_tried)} of {len(found)} mutants were not tried: the end of mutants.log says why")
        return 1
    alive = sorted(name for name, state in found.items() if state not in _KILLED)
    reasons = explained()
    every, left = Counter(map(module_of, found)), Counter(map(module_of, alive))
    for module in sorted(every):
        print(f"{module:50} {left[module]:5} of {every[module]:5} survive")
    unexplained = [name for name in alive if not any(fnmatchcase(name, pattern) for pattern in reasons)]
    share = len(alive) / len(found) if found else 1.0
    print(f"{len(alive)} of {len(found)} mutants survive ({share:.1%}), {len(unexplained)} of them unexplained")
    for name in unexplained:
        print(f"  {name}: {found[name]}; mutmut show {name}")
    return 0 if share <= MOST and not unexplained else 1


if __name__ == "__main__":
    raise SystemExit(main())
