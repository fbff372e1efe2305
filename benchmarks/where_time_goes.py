"""Where the time of a run goes: of the harness and of its agents, as shares of the clock time of the matrix.

    python benchmarks/where_time_goes.py [--agents 1] [--credentials genuine,absent,…]

Looks at the stacks of both some hundred times a second, which costs little and changes no proportions; from outside, for neither
has a line for it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from sampler import Parts, Sampler
from speed import CREDENTIALS, ROUTERS

from harness.contracts.matrix import load
from harness.report import write_all
from harness.run.context import RunContext
from harness.run.options import Options
from harness.run.record import new_record
from harness.targets import agent_process

ROOT = Path(__file__).resolve().parent.parent
OF_THE_HARNESS: Parts = [
    ("row_restorer.py", "restoring the database (waiting for Postgres)"),
    ("agent/protocol.py", "packing and unpacking messages"),
    ("agent_process.py:_read", "packing and unpacking messages"),
    ("agent_process.py", "packing and unpacking messages"),
    ("matrix/factory.py", "preparing requests"),
    ("matrix/script.py:_verdicts", "judging"),
    ("matrix/judge.py", "judging"),
    ("matrix/state.py", "judging"),
    ("matrix/script.py", "preparing requests"),
    ("matrix/runner.py", "the engine itself"),
    ("matrix/engine.py:_cells", "waiting for the agents"),
    ("matrix/engine.py", "the engine itself"),
    ("harness/report/__init__.py", "writing reports"),
]
OF_AN_AGENT: Parts = [
    ("agent/wire.py:_exactly", "waiting for the harness"),
    ("agent/protocol.py", "packing and unpacking messages"),
    ("agent/wire.py", "packing and unpacking messages"),
    ("agent/answers.py", "probe"),
    ("agent/probe.py", "probe"),
    ("agent/contexts.py:carried", "probe"),
    ("agent/asked.py", "probe"),
    ("agent/hooks.py:asgi", "probe"),
    ("trampolines.py:__enter__", "probe"),
    ("trampolines.py:__exit__", "probe"),
    ("trampolines.py:returned", "probe"),
    ("agent/asgi.py:send", "serving: the exchange"),
    ("agent/asgi.py:receive", "serving: the exchange"),
    ("agent/asgi.py:_scope", "serving: the exchange"),
    ("agent/asgi.py:_take", "serving: the exchange"),
    ("agent/asgi.py", "serving: the app"),
    ("agent/serve.py:_contained", "serving: the app"),
    ("agent/serve.py:_execute", "serving: the exchange"),
    ("agent/serve.py", "serving: the exchange"),
    ("selectors.py:select", "serving: waiting for Postgres and the app's threads"),
    ("asyncio/base_events.py", "serving: the app"),
]


def run(agents: int, credentials: list[str], folder: Path) -> tuple[int, Counter[str], Counter[str], float]:
    """One run of the matrix: cells, looks at the harness and at its agents, seconds."""
    file = folder / "looks"
    boot = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import sampler; sys.path.pop(0)\n"
    kept = agent_process._BOOT
    agent_process._BOOT = kept.replace(
        "\nmain()\n", f"\n{boot}sampler.sample_this_agent({OF_AN_AGENT!r}, {str(file)!r})\nmain()\n"
    )
    sampler = Sampler(OF_THE_HARNESS)
    try:
        with RunContext(
            Options(suites=ROOT / "suites", agents=agents, credentials=credentials, routers=ROUTERS),
            load(ROOT / "suites"),
        ) as context:
            record = new_record(context)
            begun = time.perf_counter()
            sampler.start()
            for verdict in context.run(record.plan):
                record.add(verdict)
            write_all(record, folder / "reports")
            looks = sampler.stop()
            seconds = time.perf_counter() - begun
    finally:
        agent_process._BOOT = kept
    told: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        told.update(json.loads(line))
    return record.plan.cells, Counter(looks), told, seconds


def show(title: str, looks: Counter[str], per_cell: float) -> None:
    """Print the parts, the largest first, also as microseconds a cell."""
    whole = sum(looks.values())
    print(f"\n{title}")
    for part, count in looks.most_common():
        print(f"  {count / whole:6.1%}  {count / whole * per_cell:7.0f} us a cell  {part}")


def main() -> None:
    """Run once, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=1)
    parser.add_argument(
        "--credentials", default=",".join(CREDENTIALS), help="groups or names, separated by commas; empty: all"
    )
    given = parser.parse_args()
    credentials = [name for name in given.credentials.split(",") if name]
    with tempfile.TemporaryDirectory() as folder:
        cells, ours, theirs, seconds = run(given.agents, credentials, Path(folder))
    print(f"{cells} cells by {given.agents} agents in {seconds:.1f} s")
    show("the harness", ours, seconds / cells * 1e6)
    show("the agents, from their start to their end", theirs, seconds / cells * 1e6)


if __name__ == "__main__":
    main()
