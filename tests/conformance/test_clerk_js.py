"""@clerk/clerk-js in a real Chromium: unmodified, at the instance's own name, out of node_modules."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import httpx
import pytest

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.templates import Template
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names
from tests.conformance.conftest import HERE, NODE

FOLDER = HERE / "browser"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What one browser run found; it takes seconds, and every test reads it."""
    with pytest.MonkeyPatch.context() as patch, FakeClerk() as clerk:
        patch.chdir(FOLDER)  # The fake serves Clerk's scripts out of the node_modules of where it runs.
        ann = clerk.directory.add_user("ann+clerk_test@example.com", id="user_ann", password="correct horse")
        for slug in ("first", "second"):
            organization = Organization(slug.title(), slug, id=f"org_{slug}")
            clerk.directory.organizations[organization.id] = organization
            clerk.directory.join(organization, ann, "org:admin")
        clerk.templates["db"] = Template("db", {"aud": "db", "tenant": "{{org.slug}}"})
        key = {"authorization": f"Bearer {clerk.secret_key}"}
        made = httpx.post(f"{clerk.url}/v1/sign_in_tokens", json={"user_id": ann.id}, headers=key, trust_env=False)
        ticket = made.json()["token"]
        names = Names(clerk)
        done = subprocess.run(
            [NODE, "drive.mjs", str(clerk.port), clerk.publishable_key, clerk.domain, ticket],
            cwd=FOLDER, env=names.environment(base_environment()), capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        blocked = names.blocked()
        names.close()
    line = next((line for line in done.stdout.splitlines() if line.startswith("=> ")), None)
    assert line is not None and done.returncode == 0, (
        f"are the packages of tests/conformance/browser installed (make test)?\n{done.stdout}\n{done.stderr}"
    )
    answer: dict[str, Any] = json.loads(line[3:])
    return answer | {"blocked": blocked}


def test_a_wrong_password_is_refused_and_nobody_is_in(found: dict[str, Any]) -> None:
    assert (found["stranger"], found["refused"], found["errors"]) == (None, "form_password_incorrect", [])


@pytest.mark.parametrize("way", ["password", "code", "ticket"])
def test_each_way_signs_in(found: dict[str, Any], way: str) -> None:
    assert (found[way]["sub"], found[way]["azp"]) == ("user_ann", found["origin"])


def test_switching_the_organization_switches_it_in_the_token(found: dict[str, Any]) -> None:
    assert (found["password"]["o"]["slg"], found["switched"]["o"]["slg"]) == ("first", "second")
    assert (found["templated"]["aud"], found["templated"]["tenant"]) == ("db", "second")


def test_the_session_outlives_a_reload_and_ends_with_the_sign_out(found: dict[str, Any]) -> None:
    assert (found["reloaded"], found["cookie"]) == ("ann+clerk_test@example.com", ["__session"])
    assert found["signedOut"] is None


def test_signing_up_signs_in(found: dict[str, Any]) -> None:
    assert found["signedUp"] == "new+clerk_test@example.com"


@pytest.mark.parametrize("way", ["password", "code", "address"])
def test_clerk_testing_signs_in_each_way(found: dict[str, Any], way: str) -> None:
    assert found["testing"][way] == "user_ann"


def test_nothing_else_was_asked_for(found: dict[str, Any]) -> None:
    assert found["blocked"] == []
