"""Adopt every small backend, or those that are named, and write docs/adoption.md: `python -m tests.adoption [NAME …]`.

What came of each is kept in table.json, of which the page is made.

Exit code 1 where a finding is false, a route or a flaw was missed, or more than one line had to be written.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.adoption.adopt import EXPECTED, ROOT, Adopted, adopt

_MOST_LINES = 1
_PAGE = ROOT / "docs" / "adoption.md"
_TABLE = Path(__file__).parent / "table.json"
_HEAD = """# Strangers' backends: what `init` and `run` make of them

Written by `make adopt`, which copies each of the backends of `tests/adoption/backends` to an empty folder, with an environment as its
owner would have it, and runs `clerk-harness init` and then a bare `clerk-harness run`, without an option. Each backend is written as people
write them, with its own names for everything; what is true of it stands in `tests/adoption/expected.toml`.

- *minutes*: both commands together, of the clock, on two cores.
- *lines*: what had to be written by hand. Taking out `reviewed = false` is not counted (here it is done without reading). Where `init`
  says that the old token gets in, one line says that it should not: `accept = ["clerk"]`. The files of the other contracts are left unread,
  as on a first day: they declare nothing until somebody has read them.
- *routes*: those that were found, under the policy that is true of them, of all.
- *findings*: causes in the report, each held to the flaws that its backend is known to have.

"""


def as_markdown(every: list[Adopted]) -> str:
    """The table."""
    lines = [
        "| backend | what it is | minutes | lines | routes | true findings | false findings |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for each in every:
        shape = EXPECTED[each.name]["shape"]
        figures = f"{each.seconds / 60:.1f} | {each.lines} | {each.found} of {each.routes} | {each.true} | {each.false}"
        lines.append(f"| {each.name} | {shape} | {figures} |")
    return "\n".join(lines) + "\n"


def flaws() -> str:
    """What is wrong with the backends, and what the run must say."""
    lines = ["", "## Their flaws", "", "Each is found; the other backends have none, and their runs pass.", ""]
    lines += [f"- {name}: {flaw['why']}" for name, each in EXPECTED.items() for flaw in each.get("flaws", [])]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> int:
    """Adopt the named backends, or all."""
    if unknown := [name for name in names if name not in EXPECTED]:
        print(f"no such backend: {unknown[0]}; there are {', '.join(EXPECTED)}", file=sys.stderr)
        return 2
    every = []
    for name in names or EXPECTED:
        with tempfile.TemporaryDirectory(prefix="adopt-") as folder:
            adopted = adopt(name, Path(folder))
        every.append(adopted)
        wrong = [*adopted.wrong, *([f"{adopted.lines} lines"] if adopted.lines > _MOST_LINES else [])]
        print(f"{name}: {adopted.verdict or 'not judged'}, {adopted.seconds:.0f} s", flush=True)
        for sentence in wrong:
            print(f"    {sentence}", flush=True)
    print(as_markdown(every))
    _keep([each for each in every if not each.wrong and each.lines <= _MOST_LINES])
    return int(any(each.wrong or each.lines > _MOST_LINES for each in every))


def _keep(right: list[Adopted]) -> None:
    """Keep what came of these backends, and write the page of all that is known."""
    known = json.loads(_TABLE.read_text(encoding="utf-8")) if _TABLE.is_file() else {}
    known |= {each.name: asdict(each) for each in right}
    every = [Adopted(**known[name]) for name in EXPECTED if name in known]
    _TABLE.write_text(json.dumps({each.name: asdict(each) for each in every}, indent=1) + "\n", encoding="utf-8")
    _PAGE.write_text(_HEAD + as_markdown(every) + flaws(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
