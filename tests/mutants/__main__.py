"""`python -m tests.mutants`: every mutation of the rules, tried with the tests that execute it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import report
from tests.mutants.mutations import ROOT, Mutation, digest, mutations_of
from tests.mutants.runner import AT_ONCE, WORK, Run


def main() -> int:
    """0 when few survive, and each is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="files to mutate; all that mutants.toml names, unless given")
    parser.add_argument(
        "--fresh", action="store_true", help="forget earlier results; without it a run goes on where one stopped"
    )
    parser.add_argument("--report", action="store_true", help="only say what is known")
    options = parser.parse_args()
    if not Path("/proc/self/stat").exists():
        sys.exit("mutation testing needs Linux: it sees in /proc whether a process works or waits for ever")
    os.chdir(ROOT)
    told = report.declared()
    left = {each["file"] for each in told["leave"]}
    matching = [str(path) for pattern in told["mutate"] for path in sorted(Path().glob(pattern))]
    paths = options.modules or [path for path in dict.fromkeys(matching) if path not in left]
    os.nice(19)
    WORK.mkdir(exist_ok=True)
    if options.fresh:
        report.RESULTS.unlink(missing_ok=True)
    mutations = made(paths)
    if not options.report:
        run = Run(paths, mutations)
        left_out = [f"--{way}={each}" for way in ("ignore", "deselect") for each in told[way]]
        code = pytest.main([*told["pytest"], *told["tests"], *left_out], plugins=[run])
        if not run.whole:
            return int(code) or 1
    results = report.known()
    modules = {path: digest(path) for path in paths}
    current = {name: each for name, each in results.items() if each.module in modules.values()}
    reasons = [] if options.modules else report.explanations(told)
    lines, good = report.summary(mutations, current, reasons)
    print("\n".join(lines))
    return 0 if good else 1


def made(paths: list[str]) -> list[Mutation]:
    """Mutations of all files; those of a file that is as it was are read from where the last run left them."""
    kept = {path: WORK / f"{path.replace('/', '.')}.{digest(path)}.json" for path in paths}
    missing = [path for path in paths if not kept[path].exists()]
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for path, found in zip(missing, pool.map(mutations_of, missing), strict=True):
            for old in WORK.glob(f"{path.replace('/', '.')}.*.json"):
                old.unlink()
            kept[path].write_text(json.dumps([asdict(each) for each in found]), encoding="utf-8")

    def read(values: dict[str, Any]) -> Mutation:
        return Mutation(**(values | {"edit": tuple(values["edit"]), "lines": tuple(values["lines"])}))

    return [read(values) for path in paths for values in json.loads(kept[path].read_text(encoding="utf-8"))]


if __name__ == "__main__":
    raise SystemExit(main())
