"""Beside schemathesis and its check `ignored_auth`, over HTTP: requests a second, and which flaws of the zoo each finds.

    python benchmarks/peers.py [--rounds 5] [--no-zoo] [--page]

Speed: the reference platform behind uvicorn, one server for both, which counts what reaches it; each round asks by the harness as
`run --url` does and then by schemathesis, with a genuine token and a document that says which operations need one. Findings: the
flawed animals of the zoo that can be seen over a URL, in the herds that one server serves; what the harness finds is the zoo's own
table, which tests hold. `--page` prints the table as docs/peers.md has it. Exit code 1 when a target of the project is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rounds import Ratios
from speed import CREDENTIALS

from harness.contracts.matrix import load
from harness.credentials import Legacy, Mint, register
from harness.fake_clerk import FakeClerk
from harness.run.context import RunContext
from harness.run.options import Options

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.zoo.animals import FLAWED, pens  # noqa: E402
from tests.zoo.batches import DOMAIN, served  # noqa: E402
from tests.zoo.model import Animal  # noqa: E402

ROUTERS = ["chat", "messages", "peers", "recommendations"]
"""Routers whose requests leave nothing behind that others stumble over: nobody restores the database of a running server."""
WANTED = {"requests a second, harness / schemathesis": 10.0}
_SCHEMES = {"clerk": {"type": "http", "scheme": "bearer"}}
_LINE = re.compile(r'"(GET|POST|PUT|PATCH|DELETE) (\S+)" = (?:\{ policy = )?"([\w-]+)"')


def genuine(mint: Mint) -> str:
    """A genuine token of a person that lives as long as the other tool may take."""
    return mint.signed(mint.claims(exp=mint.now() + 3600))


def schemathesis(document: dict[str, Any], url: str, token: str, examples: int, folder: Path) -> dict[str, list[str]]:
    """Run it, and return what its check found: paths, with the titles of the failures."""
    (folder / "openapi.json").write_text(json.dumps(document))
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", str(folder / "openapi.json"), "--url", url, "--checks", "ignored_auth",
        "-H", f"Authorization: Bearer {token}", "-n", str(examples), "--phases", "fuzzing", "--mode", "positive", "--no-shrink",
        "--generation-deterministic", "--generation-with-security-parameters", "false",
        "--no-color", "--report", "junit", "--report-junit-path", str(folder / "junit.xml"), "--suppress-health-check", "all",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"schemathesis failed:\n{done.stdout[-2000:]}\n{done.stderr[-1000:]}")
    report = (folder / "junit.xml").read_text()
    found: dict[str, list[str]] = {}
    for name, rest in re.findall(r'<testcase name="([^"]+)"[^>]*?(?:/>|>(.*?)</testcase>)', report, re.DOTALL):
        if "<failure" in rest:
            found[name.partition(" ")[2]] = [name]
    return found


def counted(url: str) -> tuple[int, float]:
    """How many requests the server has seen since it was asked last, and in how many seconds."""
    with urllib.request.urlopen(f"{url}/clerk-harness-counted", timeout=10) as answer:
        told = json.load(answer)
    return told["requests"], told["seconds"]


def with_security(document: dict[str, Any], protected: set[tuple[str, str]]) -> dict[str, Any]:
    """The platform's document, saying of each protected operation that it needs a token."""
    paths = {
        path: {
            method: operation | ({"security": [{"clerk": []}]} if (method.upper(), path) in protected else {})
            for method, operation in operations.items()
        }
        for path, operations in document["paths"].items()
        if any((method.upper(), path) in protected for method in operations)
    }
    components = document.get("components", {}) | {"securitySchemes": _SCHEMES}
    return document | {"paths": paths, "components": components}


def speed(rounds: int, examples: int) -> bool:
    """Measure requests a second of both on one server; whether the target was missed."""
    ratios = Ratios(WANTED)
    command = (
        f"{sys.executable} -m uvicorn counted:app --app-dir {Path(__file__).parent} --port {{port}} --no-access-log"
    )
    # `counted` imports the platform, whose folder is the server's own.
    options = Options(
        suites=ROOT / "suites", command=command, openapi="/openapi.json", routers=ROUTERS, credentials=CREDENTIALS,
        app_dir=ROOT / "examples" / "platform",
    )  # fmt: skip
    with RunContext(options, load(ROOT / "suites")) as session, tempfile.TemporaryDirectory() as folder:
        url = session.target.url  # type: ignore[attr-defined]
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=10) as answer:
            plain = json.load(answer)
        plan = session.plan()
        protected = {(each.route.method, each.route.path) for each in plan.routes if each.takes_clerk}
        document = with_security(plain, protected)
        for number in range(rounds):
            counted(url)
            engine = session.engine(session.plan())
            engine.resets = None  # As with --url, where nobody restores a database.
            cells = len(list(engine.run()))
            ours, seconds = counted(url)
            mine = ours / seconds
            schemathesis(document, url, genuine(session.mint), examples, Path(folder))
            theirs, seconds = counted(url)
            print(
                f"round {number + 1}: harness {ours} requests for {cells} cells, {mine:,.0f}/s; "
                f"schemathesis {theirs} requests, {theirs / seconds:,.0f}/s",
                flush=True,
            )
            ratios.add({next(iter(WANTED)): mine / (theirs / seconds)})
    return ratios.show()


def document_of(animals: list[Animal]) -> dict[str, Any]:
    """An OpenAPI document of a herd, as complete as its authors could write it."""
    paths: dict[str, Any] = {}
    for animal in animals:
        text = animal.routes.format(at=f"/{animal.name}", policy=animal.policy)
        for method, path, policy in _LINE.findall(text):
            operation: dict[str, Any] = {"responses": {"200": {"description": "it is there"}}}
            if policy != "public":
                operation["security"] = [{"clerk": []}]
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": ["1"]}}
                for name in re.findall(r"\{(\w+)\}", path)
            ]
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0", "info": {"title": "zoo", "version": "1"}, "paths": paths, "components": {"securitySchemes": _SCHEMES},
    }  # fmt: skip


def kept_out(document: dict[str, Any], url: str, token: str) -> set[str]:
    """The names of the animals that do not admit the token on each operation that needs one: there the other tool has nothing to
    compare with, and is not held to find anything.
    """
    found = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            address = url + re.sub(r"\{\w+\}", "1", path)
            request = urllib.request.Request(
                address, method=method.upper(), headers={"Authorization": f"Bearer {token}"}
            )
            try:
                status = urllib.request.urlopen(request, timeout=10).status
            except urllib.error.HTTPError as error:
                status = error.code
            if "security" in operation and status not in (200, 201, 204, 422):
                found.add(path.split("/")[1])
    return found


def found_by_schemathesis(animals: list[Animal], examples: int) -> tuple[set[str], set[str]]:
    """The names of those animals of a herd in which it finds something, and of those that do not admit its token."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, port = stack.enter_context(served(folder, animals))
        clerk = stack.enter_context(FakeClerk(DOMAIN, port=port))
        mint = Mint(clerk, register(clerk, {}), Legacy())
        document, token = document_of(animals), genuine(mint)
        outside = kept_out(document, url, token)
        failures = schemathesis(document, url, token, examples, folder)
    return {path.split("/")[1] for path in failures}, outside


def zoo(examples: int) -> list[tuple[Animal, bool, bool]]:
    """The flawed animals of the herds that are visible over a URL and admit a session: whether the harness finds each, and whether
    schemathesis does.
    """
    table = json.loads((ROOT / "tests" / "zoo" / "table.json").read_text())
    flawed = {animal.name for animal in FLAWED}
    rows = []
    for name, animals in pens().items():
        seen = [a for a in animals if a.name in flawed and not a.unseen and a.host == "herd" and not a.drilled]
        if not seen:
            continue
        theirs, outside = found_by_schemathesis(seen, examples)
        seen = [animal for animal in seen if animal.name not in outside or animal.name in theirs]
        print(f"  {name}: {len(theirs)} of {len(seen)}, {len(outside)} left out", file=sys.stderr, flush=True)
        rows += [(animal, bool(table[animal.name].get("url")), animal.name in theirs) for animal in seen]
    return rows


def page(rows: list[tuple[Animal, bool, bool]]) -> str:
    """The table as Markdown: what both find by name, of the rest how many."""
    both = [animal for animal, ours, theirs in rows if ours and theirs]
    lines = ["| flaw that both find | what it is |", "|---|---|"]
    lines += [f"| `{animal.name}` | {animal.description} |" for animal in both]
    return "\n".join(lines)


def main() -> int:
    """Measure, print, compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often the speed is measured (default: 5)")
    parser.add_argument(
        "--examples", type=int, default=5, help="test cases of schemathesis for each operation (default: 5)"
    )
    parser.add_argument("--no-zoo", action="store_true", help="leave the findings out")
    parser.add_argument("--page", action="store_true", help="print the findings by name, as docs/peers.md has them")
    given = parser.parse_args()
    missed = speed(given.rounds, given.examples) if given.rounds else False
    if not given.no_zoo:
        rows = zoo(given.examples)
        ours, theirs = sum(o for _, o, _ in rows), sum(t for _, _, t in rows)
        print("\nflaws of the zoo's herds that are visible over a URL and admit a session:")
        print(f"  {len(rows)}, of which the harness finds {ours} and ignored_auth {theirs}")
        print(f"found by ignored_auth alone: {[a.name for a, o, t in rows if t and not o]}")
        if given.page:
            print(page(rows))
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
