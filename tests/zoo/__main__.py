"""Try every animal, as an app and over a URL, and write TABLE.md and table.json: `python -m tests.zoo`, or with names only these."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.credentials import CATALOGUE
from harness.database import open_server
from tests.zoo.animals import ALL, CORRECT, FLAWED, UNREVEALED, drilled_pens, pens
from tests.zoo.batches import Findings, served, tried
from tests.zoo.model import Animal

HERE = Path(__file__).parent


def _in(animals: list[Animal], *, drills: bool = False) -> Findings:
    server = open_server() if any(a.database for a in animals) else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            return tried(Path(folder), animals, drills=drills, server=server)
    finally:
        if server is not None:
            server.close()


def _outside(animals: list[Animal], *, drills: bool = False) -> Findings:
    seen = [a for a in animals if not a.unseen]
    if not seen:
        return {}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), seen) as (url, port):
        return tried(Path(folder), seen, url=url, port=port, drills=drills)


def _hits(animal: Animal, found: Findings) -> list[str]:
    kind = animal.kind if not animal.correct else None
    return sorted({v.credential or "the route" for v in found.get(animal.name, []) if kind in (v.verdict, None)})


def row(animal: Animal, inside: Findings, outside: Findings) -> dict[str, Any]:
    """What a run said of an animal."""
    found: dict[str, Any] = {"description": animal.description, "kind": animal.kind, "app": _hits(animal, inside)}
    if animal.unseen:
        return found | {"unseen": animal.unseen}
    return found | {"url": _hits(animal, outside)}


def examine(names: list[str]) -> dict[str, dict[str, Any]]:
    """The rows of all animals, by name: those of `names` tried now and the others as the table has them; without names all tried."""
    rows: dict[str, dict[str, Any]] = json.loads((HERE / "table.json").read_text()) if names else {}
    todo = [(name, animals, False) for name, animals in pens().items()]
    todo += [(name, animals, True) for name, animals in drilled_pens().items()]
    for name, whole, drills in todo:
        animals = [animal for animal in whole if not names or animal.name in names]
        if not animals:
            continue
        print(f"{name}: {len(animals)}", file=sys.stderr, flush=True)
        inside, outside = _in(animals, drills=drills), _outside(animals, drills=drills)
        rows |= {animal.name: row(animal, inside, outside) for animal in animals}
    return {animal.name: rows[animal.name] for animal in ALL}


def counts(rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """How many flaws were caught, and how many correct ones had findings, as an app and over a URL."""
    flawed, correct = [rows[a.name] for a in FLAWED], [rows[a.name] for a in CORRECT]
    return {
        "flaws": len(flawed), "flaws_caught": sum(bool(r["app"]) for r in flawed),
        "flaws_seen_outside": sum("url" in r for r in flawed), "flaws_caught_over_url": sum(bool(r.get("url")) for r in flawed),
        "correct": len(correct), "correct_with_findings": sum(bool(r["app"]) for r in correct),
        "correct_over_url": sum("url" in r for r in correct), "correct_with_findings_over_url": sum(bool(r.get("url")) for r in correct),
    }  # fmt: skip


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def as_markdown(rows: dict[str, dict[str, Any]]) -> str:
    """The table for people."""
    n = counts(rows)
    lines = [
        "# The zoo: flaw by credential", "", "Written by `make zoo`; the tests hold it to be true.", "",
        f"- as an app: {n['flaws_caught']} of {n['flaws']} flaws caught, {n['correct_with_findings']} of {n['correct']} correct backends with a finding",
        f"- over a URL: {n['flaws_caught_over_url']} of {n['flaws_seen_outside']} flaws that can be seen from outside caught, "
        f"{n['correct_with_findings_over_url']} of {n['correct_over_url']} correct backends with a finding",
        "", "## Flaws", "", "| flaw | what is wrong | verdict | caught by (app) | over a URL |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for animal in FLAWED:
        r = rows[animal.name]
        over = f"not seen: {r['unseen']}" if "unseen" in r else "the same" if r["url"] == r["app"] else _names(r["url"])
        lines.append(f"| {animal.name} | {r['description']} | {r['kind']} | {_names(r['app'])} | {over} |")
    lines += ["", "## Correct backends", "", "| backend | what it is | findings |", "|---|---|---|"]
    for animal in CORRECT:
        r = rows[animal.name]
        over = f" (over a URL not tried: {r['unseen']})" if "unseen" in r else ""
        lines.append(
            f"| {animal.name} | {r['description']}{over} | {_names([*r['app'], *r.get('url', [])]) or 'none'} |"
        )
    lines += ["", "## Credentials", "", "| credential | reveals |", "|---|---|"]
    for name in CATALOGUE:
        by = [
            animal.name for animal in FLAWED if name in {label.partition("@")[0] for label in rows[animal.name]["app"]}
        ]
        shown = ", ".join(by[:6]) + (f" and {len(by) - 6} more" if len(by) > 6 else "")
        lines.append(f"| `{name}` | {shown or UNREVEALED.get(name, 'nothing')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    table = examine(sys.argv[1:])
    (HERE / "table.json").write_text(json.dumps(table, indent=1) + "\n")
    (HERE / "TABLE.md").write_text(as_markdown(table))
    print(json.dumps(counts(table), indent=1))
