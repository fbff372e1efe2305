"""Official clients, unmodified, at Clerk's real names. One that is not installed is a failure, not a skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.credentials import CATALOGUE, Legacy, Mint, register
from harness.fake_clerk import FakeClerk, User
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names

HERE = Path(__file__).parent
NODE = shutil.which("node") or os.fspath(Path(sys.executable).parent / "node")


@pytest.fixture(scope="session")
def clerk() -> Iterator[FakeClerk]:
    """One issuer for all clients: they cache its keys by `kid`."""
    with FakeClerk() as started:
        yield started


@pytest.fixture(scope="session")
def mint(clerk: FakeClerk) -> Mint:
    """The catalogue's credentials, for this issuer."""
    return Mint(clerk, register(clerk, {}), Legacy())


@pytest.fixture(scope="session")
def ada(clerk: FakeClerk) -> User:
    """A user with an organization."""
    organization = {"id": "org_tables", "slug": "tables", "role": "admin", "permissions": "read"}
    return clerk.directory.add_user("ada@example.com", first_name="Ada", organization=organization)


def token_of(mint: Mint, credential: str) -> str:
    """What a credential of the catalogue presents as a token."""
    token = mint.present(CATALOGUE[credential]).token
    assert token is not None
    return token


@contextmanager
def redirected(clerk: FakeClerk) -> Iterator[Names]:
    """The redirection for processes; nothing may have tried to leave the machine when all is done."""
    names = Names(clerk)
    yield names
    blocked = names.blocked()
    names.close()
    assert blocked == []


@pytest.fixture(scope="session")
def names(clerk: FakeClerk) -> Iterator[Names]:
    """Clerk's real names for processes."""
    with redirected(clerk) as names:
        yield names


class Driver:
    """Asks the JavaScript clients, in one Node process; see `node/driver.cjs`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [NODE, "driver.cjs"], cwd=HERE / "node", env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip

    def ask(self, call: str, **given: Any) -> dict[str, Any]:
        """The client's answer: what it returned, or `error` with its `reason`, `code`, `status`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call} | given) + "\n")
        self._process.stdin.flush()
        line = next((line for line in self._process.stdout if line.startswith("=> ")), None)
        assert line is not None, (
            "the Node process ended: are the packages of tests/conformance/node installed (make test)?"
        )
        found: dict[str, Any] = json.loads(line[3:])
        return found

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)


@pytest.fixture(scope="session")
def node(names: Names) -> Iterator[Driver]:
    """The JavaScript clients."""
    driver = Driver(names.environment(base_environment()))
    yield driver
    driver.close()
