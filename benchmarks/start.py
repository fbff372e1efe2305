"""What a person waits for beside the work: the start of the command, of one router's suite and of `init`, on the reference platform.

    python benchmarks/start.py [--rounds 5]

Every round measures all of it one after the other; medians count. What a run cannot do without (the app's import and its migrations,
Postgres) is measured by itself in the same round. Exit code 1 when a target of the project is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.contracts.matrix import load
from harness.database import open_server
from harness.run.context import RunContext
from harness.run.options import Options

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "suites"
WANTED = {
    "--help": 0.1,
    "one router, beyond import and Postgres": 1.0,
    "init": 10.0,
    "init, before the contracts": 10.0,
}
"""The most, in seconds."""
CLI = [sys.executable, "-m", "harness"]


@contextmanager
def timed(found: dict[str, float], name: str) -> Iterator[None]:
    """Add how long the block took, in seconds."""
    begun = time.perf_counter()
    yield
    found[name] = time.perf_counter() - begun


def quietly(command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    """Run a command that must end well."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")


def first_suites(suites: str) -> dict[str, float]:
    """Seconds of `init` with the files of all contracts, and until it begins with the first of these: it says so on standard error."""
    found: dict[str, float] = {}
    command = [*CLI, "init", "--suites", suites]
    begun, last = time.perf_counter(), ""
    with subprocess.Popen(
        command, cwd=ROOT / "examples" / "platform", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            last = line
            if line.startswith("looking: ") and ".toml" in line:
                found.setdefault("init, before the contracts", time.perf_counter() - begun)
    if process.returncode != 0 or not found:
        raise SystemExit(f"{' '.join(command)} failed: {last}")
    return {"init": time.perf_counter() - begun} | found


def measured() -> dict[str, float]:
    """Seconds of each in one round."""
    found: dict[str, float] = {}
    with timed(found, "Python alone"):
        quietly([sys.executable, "-c", "pass"])
    with timed(found, "--help"):
        quietly([*CLI, "--help"])
    with tempfile.TemporaryDirectory() as folder:
        with timed(found, "one router's suite (peers)"):
            quietly([*CLI, "run", "--suites", str(SUITES), "--router", "peers", "--quiet", "--reports", folder])
        # The platform is one whose database is found in the declaration; `init` is told of it.
        found |= first_suites(os.path.join(folder, "suites"))
    with RunContext(Options(suites=SUITES, agents=1, credentials=["missing"], routers=["health"]), load(SUITES)) as run:
        spec = run.target.spec  # type: ignore[attr-defined]
        app, environment = spec.app_dir, spec.environments[0]
        with timed(found, "  the app's import"):
            quietly([spec.python, "-c", "import app.main"], app, environment)
        with timed(found, "  the app's migrations"):
            quietly([spec.python, "-m", "app.manage", "migrate"], app, environment)
    with timed(found, "  Postgres, started and ready"):
        server = open_server()
        server.ready()
    server.close()
    beyond = found["one router's suite (peers)"] - found["  the app's import"] - found["  Postgres, started and ready"]
    found["one router, beyond import and Postgres"] = beyond
    found["  and beyond the app's migrations"] = beyond - found["  the app's migrations"]
    return found


def main() -> int:
    """Measure, print, compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default: 5)")
    rounds = [measured() for _ in range(parser.parse_args().rounds)]
    missed = False
    print(f"{'seconds':52} median   least to most   at most")
    for name in rounds[0]:
        some = [each[name] for each in rounds]
        most = WANTED.get(name)
        late = most is not None and statistics.median(some) > most
        missed |= late
        told = f"{most:g}{'  MISSED' if late else ''}" if most is not None else ""
        print(f"{name:52} {statistics.median(some):6.2f} {f'{min(some):.2f} to {max(some):.2f}':>15}   {told}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
