"""How a run grows with the backend: time, memory of the harness, size of the page and how long a browser takes to open it.

    python benchmarks/scale.py [--routes 50,200,1000,2000] [--rounds 1] [--no-browser]

The backends differ in nothing but how many routes they have, and find a route by a table, so that their own time for a request does
not grow. Each size is run in each round; medians count. The exponent is the slope of a straight line through the logarithms: 1 where
twice the routes take twice the time. Exit code 1 when a target of the project is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import Browser  # noqa: E402
from tests.zoo.templates import USER  # noqa: E402

IN_A_ROUTER = 20
EXPONENT, MEGABYTES, OPENS, SHARD = 1.05, 400.0, 2.0, 0.55
"""The most of each: exponent of time, memory at `CELLS`, seconds to open the page, a shard's share of the time of a whole run."""
CELLS = 470_000
_APP = """
class ByPrefix:
    def __init__(self, app, parts):
        self.app, self.parts = app, parts

    async def __call__(self, scope, receive, send):
        name = scope.get("path", "").split("/")[1:2]
        part = self.parts.get(name[0]) if name else None
        if scope["type"] != "http" or part is None:
            return await self.app(scope, receive, send)
        await part(scope | {"root_path": "/" + name[0]}, receive, send)

def read(user: str = Depends(current_user)):
    return {"user": user}

def plain():
    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

def made(routes):
    whole, parts = plain(), {}
    for number in range(routes):
        name = "r%d" % (number // IN_A_ROUTER)
        if name not in parts:
            parts[name] = plain()
            whole.mount("/" + name, parts[name])
        parts[name].add_api_route("/%d" % number, read, methods=["GET"])
    return ByPrefix(whole, parts)
"""


def backend(folder: Path, routes: int) -> Path:
    """Write a backend with so many routes and its suites, whose folder is returned."""
    (folder / "backend.py").write_text(f"{USER}\nIN_A_ROUTER = {IN_A_ROUTER}\n{_APP}\napp = made({routes})\n")
    suites = folder / "suites"
    (suites / "routers").mkdir(parents=True)
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = {json.dumps(sys.executable)}\n'
    (suites / "auth_matrix.toml").write_text(f'{target}\n[policies.clerk]\naccept = ["clerk"]\n')
    declare(suites, [(f"GET /r{number // IN_A_ROUTER}/{number}", "clerk") for number in range(routes)])
    return suites


def declare(suites: Path, routes: list[tuple[str, str]]) -> None:
    """Write the files of the routers: the key and the policy of each route, so many in a router."""
    for first in range(0, len(routes), IN_A_ROUTER):
        name = f"r{first // IN_A_ROUTER}"
        lines = "".join(f'"{key}" = "{policy}"\n' for key, policy in routes[first : first + IN_A_ROUTER])
        (suites / "routers" / f"{name}.toml").write_text(f'router = "{name}"\n\n[routes]\n{lines}')


@dataclass
class Figures:
    """What a run took: seconds from its start to its end, of its matrix, and of the harness's own CPU; its most memory in megabytes."""

    cells: int
    seconds: float
    matrix: float
    cpu: float
    megabytes: float
    page: Path


def _watched(process: subprocess.Popen[bytes], found: dict[str, float]) -> None:
    """Keep the most memory and the CPU time of a process, as the kernel tells them while it is there."""
    tick = os.sysconf("SC_CLK_TCK")
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                found["megabytes"] = int(line.split()[1]) / 1024
        found["cpu"] = (int(fields[11]) + int(fields[12])) / tick
        time.sleep(0.05)


def run(suites: Path, reports: Path, *more: str) -> Figures:
    """One run, without drills, which take the same time whatever the size."""
    command = [sys.executable, "-m", "harness", "run", "--suites", str(suites), "--no-drills", "--quiet"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--reports", str(reports), *more], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    found = {"megabytes": 0.0, "cpu": 0.0}
    watcher = threading.Thread(target=_watched, args=(process, found))
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    seconds = time.perf_counter() - begun
    if process.returncode != 0:
        raise SystemExit(f"the run failed:\n{out.decode()[-2000:]}")
    with (reports / "auth-matrix.json").open() as file:
        head = json.load(file)
    return Figures(
        head["summary"]["cells"],
        seconds,
        head["seconds"],
        found["cpu"],
        found["megabytes"],
        reports / "auth-matrix.html",
    )


def opening(page: Path, times: int = 5) -> float:
    """Seconds until a page is there with its cells unpacked: the median of several times."""
    browser = Browser()
    try:
        found = []
        for _ in range(times):
            begun = time.perf_counter()
            browser.open(page)
            found.append(time.perf_counter() - begun)
        return statistics.median(found)
    finally:
        browser.close()


def exponent(sizes: list[int], values: list[float]) -> float:
    """The slope of the straight line through the logarithms (least squares)."""
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle_x, middle_y = statistics.fmean(xs), statistics.fmean(ys)
    above = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - middle_x) ** 2 for x in xs)


def memory_at(cells: int, found: list[tuple[int, float]]) -> tuple[float, str]:
    """Megabytes at so many cells, and how they are known: on the straight line through the two sizes beside, or the two largest."""
    if len(found) == 1:
        return found[0][1], f"measured at {found[0][0]:,}"
    at = next((number for number, (size, _) in enumerate(found) if size >= cells), len(found) - 1)
    (small, little), (large, much) = found[max(0, at - 1)], found[max(1, at)]
    between = large >= cells
    how = f"between {small:,} and {large:,}" if between else "by the growth of these sizes"
    return little + (much - little) * (cells - small) / (large - small), how


def of_a_size(
    routes: int, rounds: int, browser: bool, shards: bool, folder: Path
) -> tuple[Figures, float, float | None]:
    """The median run of a size, seconds to open its page, and the share of the longer of two shards in the time of one run."""
    suites = backend(folder, routes)
    runs = [run(suites, folder / "reports") for _ in range(rounds)]
    median = sorted(runs, key=lambda each: each.matrix)[len(runs) // 2]
    opens = opening(runs[-1].page) if browser else 0.0
    size = runs[-1].page.stat().st_size
    halves = [run(suites, folder / f"shard{number}", "--shard", f"{number}/2") for number in (1, 2)] if shards else []
    share = max(half.seconds for half in halves) / median.seconds if halves else None
    print(
        f"{routes:6} {median.cells:8} {median.seconds:9.1f} {median.matrix:9.1f} {median.cpu:9.1f} "
        f"{max(each.megabytes for each in runs):9.0f} {size / 1e6:8.2f} {opens:8.2f} "
        f"{'-' if share is None else f'{share:.2f}':>8}",
        flush=True,
    )
    return median, opens, share


def main() -> int:
    """Measure, print, compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routes", default="20,40,80", help="sizes, separated by commas (default: 20,40,80)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each size is run (default: 1)")
    parser.add_argument("--no-shards", action="store_true", help="leave the shards out: small ones mostly start")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page (no Chromium of tests/browser)")
    given = parser.parse_args()
    sizes = [int(size) for size in given.routes.split(",")]
    print("routes    cells   seconds    matrix   its CPU  memory/MB  page/MB opens/s  shard/whole")
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(of_a_size(size, given.rounds, not given.no_browser, not given.no_shards, Path(folder)))
    runs = [run for run, _, _ in found]
    growth = exponent(sizes, [run.matrix for run in runs])
    at_most, how = memory_at(CELLS, [(run.cells, run.megabytes) for run in runs])
    told = [
        ("exponent of the matrix' time", growth, EXPONENT, ""),
        ("exponent of the harness's own CPU", exponent(sizes, [run.cpu for run in runs]), EXPONENT, ""),
        (f"memory at {CELLS:,} cells", at_most, MEGABYTES, f" MB ({how})"),
        ("the largest page opens in", found[-1][1], OPENS, " s"),
    ]
    share = found[-1][2]
    if share is not None:
        told.append(("two shards side by side, of one run", share, SHARD, f" ({sizes[-1]} routes, start-up included)"))
    print()
    for name, value, most, unit in told:
        print(f"{name:40} {value:8.2f}{unit}   at most {most:g}{'  MISSED' if value > most else ''}")
    return int(any(value > most for _, value, most, _ in told))


if __name__ == "__main__":
    raise SystemExit(main())
