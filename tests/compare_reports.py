"""Whether two JSON reports say the same, but for renamed words and for what is another in every run.

    python -m tests.compare_reports BEFORE.json AFTER.json

For whoever moves code about: run the same suites before and after, and compare. Verdicts, what was seen, details, evidence,
mechanisms, expectations and counts must be equal, in the same order. Exit code: 0 the same, 1 different, 2 not readable.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

# Words that were renamed. Both reports are brought to the new words, so that two old ones or two new ones compare as well.

KEYS = {"says": "description"}
CONTRACTS = {"sync": "user_sync", "config": "configuration"}
CHECKS = {
    "user_sync": {"killed": "connection-loss"},
    "migrations": {"gentle": "no-blocking-ddl", "halfway": "resumable"},
    "configuration": {"closed": "fails-closed"},
}
"""Contract (its new name) -> check before -> check after."""
GROUPS = {"shape": "bypass"}

# What is another in every run.

TIMES = {"generated", "seconds", "milliseconds", "micros"}
"""Keys whose values are times."""
VERSION = "harness"
"""The key of the harness's own version, which names the commit."""
TEXTS = {"seen", "detail", "excerpt", "hint", "reason", "notes", "events", "before", "after", "nobody_gets_in"}
"""Keys whose texts a run writes; everything else comes of the declaration or of the catalogue, and is compared as it is."""
COMMANDS = {"command", "repeat"}
RANDOM: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\beyJ[\w-]*(?:\.[\w-]*)*…?", "<token>"),
        (r"\b(?:sk|pk)_test_[\w$=-]*…?|\bwhsec_[\w+/=]*…?|\b(?:ak|mt|oat|rt|dvb)_\w{8,}…?", "<token>"),
        (r"\b(?:user|sess|org|orgmem|orginv|msg|ins|mch|idn|client|tmpl|evt)_[A-Za-z0-9]{8,}", "<id>"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
        (r"(?<=\.)[0-9a-z]{10}(?=@example\.com)", "<mark>"),  # of the addresses that one sequence of user sync has
        (r"\b0x[0-9a-f]{6,}\b", "<address>"),
        (r"(?<=127\.0\.0\.1:)\d+|(?<=localhost:)(?!3000\b|5173\b)\d{4,5}\b", "<port>"),
        (r"(?:/private)?(?:/var)?/tmp/[^\s\"',;:)]+", "<temporary>"),
        (r"\b\d+(?:\.\d+)? ?(?:ms|µs|milliseconds?|seconds?|s)\b", "<duration>"),
    )
]
IDENTITIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "criteria": lambda entry: str(entry["number"]),
    "contracts": lambda entry: f"{entry['contract']}: {entry['name']}",
    "findings": lambda entry: f"{entry['verdict']} {entry['route']} {(entry['credentials'] or [''])[0]}",
    "routers": lambda entry: str(entry["router"]),
    "routes": lambda entry: str(entry["route"]),
    "cells": lambda entry: str(entry["credential"]),
}
"""Lists whose entries are told apart by what they are about: one that is missing is one difference, and not one of all after it."""
Difference = tuple[str, Any, Any]
"""Path, before and after."""
MISSING = "(nothing)"


def normalised(value: Any, key: str = "") -> Any:
    """A report or a part of it in the new words, without what is another in every run. `key`: where the value stood."""
    if isinstance(value, dict):
        return _renamed({str(KEYS.get(name, name)): normalised(part, name) for name, part in value.items()})
    if isinstance(value, list):
        return [normalised(part, key) for part in value]
    if key in TIMES and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return "<time>"
    if key == VERSION and isinstance(value, str):
        return "<version>"
    return _text(value, key) if isinstance(value, str) else value


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    """An object with the names of contracts, checks and groups as they are now."""
    changed = dict(entry)
    if isinstance(entry.get("contract"), str):
        changed["contract"] = CONTRACTS.get(entry["contract"], entry["contract"])
        if isinstance(entry.get("name"), str):
            changed["name"] = CHECKS.get(changed["contract"], {}).get(entry["name"], entry["name"])
    if isinstance(entry.get("group"), str):
        changed["group"] = GROUPS.get(entry["group"], entry["group"])
    return changed


def _text(text: str, key: str) -> str:
    if key in ("checks", "reason", "notes"):
        text = "; ".join(map(_checks_renamed, text.split("; ")))
    if key in (*COMMANDS, "notes", "narrowed"):
        text = re.sub(r"(?<=--only )[\w,]+", lambda found: _each(found[0], ",", CONTRACTS), text)
    if key in COMMANDS:
        text = re.sub(r"^\S*clerk-harness(?= )", "clerk-harness", text)
    if key in TEXTS or key in COMMANDS:
        for pattern, put in RANDOM:
            text = pattern.sub(put, text)
    return text


def _checks_renamed(part: str) -> str:
    """`sync: one-row, killed` with the names of today."""
    contract, colon, names = part.partition(": ")
    contract = CONTRACTS.get(contract, contract)
    return f"{contract}{colon}{_each(names, ', ', CHECKS.get(contract, {}))}"


def _each(text: str, separator: str, names: dict[str, str]) -> str:
    return separator.join(names.get(word, word) for word in text.split(separator))


def differences(before: Any, after: Any, path: str = "", key: str = "") -> Iterator[Difference]:
    """Where two normalised reports differ, in the order of the first."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_objects(before, after, path, "")
    elif isinstance(before, list) and isinstance(after, list):
        one, other = _identified(before, key), _identified(after, key)
        if one is not None and other is not None:
            yield from _of_objects(one, other, path, key)
        else:
            yield from _of_lists(before, after, path)
    elif before != after or type(before) is not type(after):
        yield path, before, after


def _of_objects(before: dict[str, Any], after: dict[str, Any], path: str, entry_of: str) -> Iterator[Difference]:
    """Differences by name; `entry_of`: the list whose entries these are, or nothing for the members of an object."""
    for name in (*before, *(name for name in after if name not in before)):
        inner = f"{path}[{name}]" if entry_of else f"{path}.{name}".lstrip(".")
        if name not in before or name not in after:
            yield inner, before.get(name, MISSING), after.get(name, MISSING)
        else:
            yield from differences(before[name], after[name], inner, "" if entry_of else name)
    shared = [name for name in before if name in after]
    if entry_of and shared != [name for name in after if name in before]:
        yield f"{path} (order)", shared, [name for name in after if name in before]


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    for index in range(max(len(before), len(after))):
        inner = f"{path}[{index}]"
        if index >= len(before) or index >= len(after):
            one, other = (part[index] if index < len(part) else MISSING for part in (before, after))
            yield inner, one, other
        else:
            yield from differences(before[index], after[index], inner)


def _identified(entries: list[Any], key: str) -> dict[str, Any] | None:
    """Entries by what they are about; None for other lists, and where two are about the same."""
    if key not in IDENTITIES or not all(isinstance(entry, dict) for entry in entries):
        return None
    found = {IDENTITIES[key](entry): entry for entry in entries}
    return found if len(found) == len(entries) else None


def main(arguments: list[str] | None = None) -> int:
    """Compare two files and print the first differences."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare_reports", description=str(__doc__).split("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--first", type=int, default=20, metavar="N", help="print so many differences (default: 20)")
    given = parser.parse_args(arguments)
    try:
        before, after = (normalised(json.loads(path.read_text("utf-8"))) for path in (given.before, given.after))
    except (OSError, ValueError) as error:
        print(f"not readable: {error}", file=sys.stderr)
        return 2
    found = differences(before, after)
    shown = list(islice(found, given.first))
    for path, one, other in shown:
        print(f"{path}\n  before: {_short(one)}\n  after:  {_short(other)}")
    rest = sum(1 for _ in found)
    print(
        f"{len(shown) + rest} difference(s)" + (f", the first {len(shown)} shown" if rest else "")
        if shown
        else "the same"
    )
    return 1 if shown else 0


def _short(value: Any) -> str:
    text = value if value == MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


if __name__ == "__main__":
    sys.exit(main())
