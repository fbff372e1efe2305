"""The table of clients in docs/clients.md tells the truth about versions."""

from __future__ import annotations

import importlib.metadata
import json
import re

from tests.conformance.conftest import HERE
from tests.conftest import ROOT


def table() -> dict[str, str]:
    text = (ROOT / "docs" / "clients.md").read_text()
    rows = re.findall(r"^\| ([@\w/() -]+) \| (\d+\.\d+\.\d+) \|", text, flags=re.MULTILINE)
    return dict(rows)


def test_every_pinned_client_is_in_the_table() -> None:
    pinned = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    told = table()
    assert (told["@clerk/backend"], told["@clerk/express"]) == (pinned["@clerk/backend"], pinned["@clerk/express"])
    assert told["svix (JavaScript)"] == pinned["svix"]
    locked = json.loads((HERE / "node" / "package-lock.json").read_text())["packages"]
    # An alias says which package it is: npm:jsonwebtoken@8.5.1.
    versions = {name: version.rpartition("@")[2] for name, version in pinned.items()}
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == versions
    assert not any("resolved" in entry for entry in locked.values()), "a lock file names no registry"


def test_the_browser_s_clients_are_in_the_table() -> None:
    pinned, told = json.loads((HERE / "browser" / "package.json").read_text())["dependencies"], table()
    for name in ("@clerk/clerk-js", "@clerk/react", "@clerk/testing"):
        assert told[name] == pinned[name]
    locked = json.loads((HERE / "browser" / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert not any("resolved" in entry for entry in locked.values()), "a lock file names no registry"


def test_the_frameworks_clients_are_in_the_table() -> None:
    pinned, told = json.loads((HERE / "frameworks" / "package.json").read_text())["dependencies"], table()
    for name in ("@clerk/nextjs", "@clerk/vue", "@clerk/ui"):
        assert told[name] == pinned[name]
    locked = json.loads((HERE / "frameworks" / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert not any("resolved" in entry for entry in locked.values()), "a lock file names no registry"


def test_the_python_clients_are_of_the_table_s_version_or_newer() -> None:
    told = table()
    for name, row in {
        "clerk-backend-api": "clerk-backend-api (Python)",
        "svix": "svix (Python)",
        "fastapi-clerk-auth": "fastapi-clerk-auth",
    }.items():
        installed = [int(part) for part in importlib.metadata.version(name).split(".")[:3]]
        assert installed >= [int(part) for part in told[row].split(".")], name
