"""Fixtures: one Postgres for the whole process, and a way to judge a small app in a few lines."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import settings

from harness.cli.main import main
from harness.contracts.matrix import CellVerdict, Declaration, Plan, load
from harness.database import Server, open_server
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.keys import SigningKey
from harness.report import Meta, Record
from harness.run.context import RunContext
from harness.run.options import Options
from harness.run.places import places_of

# A slow machine is no finding: nothing here asserts how long an example takes.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

ROOT = Path(__file__).resolve().parent.parent
OLD_PYTHON = ROOT / ".venv-old" / "bin" / "python"

# A correct Clerk verifier as small backends have it; apps of the tests import it.
VERIFIER = '''
import json, os, urllib.request
import jwt

DOMAIN = os.environ["CLERK_DOMAIN"]
PARTY = "http://localhost:3000"
KEYS = {}

def keys(kid=None):
    if kid not in KEYS:  # A rotation: asked for again.
        with urllib.request.urlopen(f"https://{DOMAIN}/.well-known/jwks.json") as answer:
            found = {entry["kid"]: jwt.PyJWK(entry).key for entry in json.load(answer)["keys"]}
        KEYS.clear()
        KEYS.update(found)
    return KEYS

def verify_token(token):
    """Claims of a genuine session token, or None."""
    if token is None or len(token) > 8192:
        return None
    try:
        header = jwt.get_unverified_header(token)
        if header.get("cat") not in (None, "cl_B7d4PD111AAA"):
            return None
        claims = jwt.decode(
            token, keys(header["kid"])[header["kid"]], algorithms=["RS256"], issuer=f"https://{DOMAIN}", leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "sid"]},
        )
    except (jwt.PyJWTError, OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    if any(isinstance(claims[name], (bool, str)) for name in ("exp", "iat", "nbf")) or claims.get("sts", "active") != "active":
        return None
    if claims.get("azp", PARTY) != PARTY or not claims["sub"].startswith("user_"):
        return None
    return claims
'''
GUARD = """
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException, Request
from verifier import verify_token

def current_user(request: Request) -> str:
    fields = request.headers.getlist("authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    claims = verify_token(token) if scheme.lower() == "bearer" else None
    if claims is None:
        raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
    return claims["sub"]

User = Annotated[str, Depends(current_user)]
app = FastAPI()
"""
MATRIX = """
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
mechanism = "clerk"
[mechanisms]
clerk = ["*:*current_user*", "verifier:verify_token"]
legacy = ["*:*legacy*"]
"""


@dataclass
class Judged:
    """What a run found."""

    record: Record
    declaration: Declaration
    functions: list[str]
    notes: list[str]
    verdicts: dict[tuple[str, str], CellVerdict] = field(default_factory=dict)

    @property
    def failed(self) -> set[tuple[str, str, str]]:
        """(verdict, route, credential) of every finding."""
        return {(v.verdict, v.route, v.credential) for v in self.record.verdicts if v.failed}

    def kinds(self, route: str) -> set[str]:
        """The verdicts on a route."""
        return {v.verdict for v in self.record.verdicts if v.route == route}


def judged(options: Options, *, server: Server | None = None) -> Judged:
    """A whole run in this process."""
    declaration = load(options.suites)
    with RunContext(options, declaration, server=server) as session:
        plan: Plan = session.plan()
        meta = Meta(session.target.description, str(options.suites), "clerk-harness run", "probe")
        meta.places = places_of(declaration, session.target, options)
        record = Record(meta, plan)
        for verdict in session.run(plan):
            record.add(verdict)
        record.blocked = session.target.blocked()
        result = Judged(record, declaration, session.target.functions, session.notes)
    result.verdicts = {v.key: v for v in record.verdicts}
    return result


def write_suites(root: Path, routes: str, *, matrix: str = MATRIX, head: str = "") -> Path:
    """A declaration of one router, `app`."""
    (root / "routers").mkdir(parents=True, exist_ok=True)
    (root / "auth_matrix.toml").write_text(dedent(matrix))
    (root / "routers" / "app.toml").write_text(f'router = "app"\n{head}\n[routes]\n{dedent(routes)}')
    return root


def in_this_process(
    arguments: list[str], directory: Path, capfd: pytest.CaptureFixture[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What `clerk-harness ARGUMENTS` does in a directory, without the second that it takes to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setattr(sys, "argv", ["harness"])
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        code = main(arguments)
    out, err = capfd.readouterr()
    return subprocess.CompletedProcess(arguments, code, out, err)


@pytest.fixture(scope="session", autouse=True)
def keys_are_used_again() -> Iterator[None]:
    """RSA keys take a third of the time of a small run: one whose owner is gone serves the next. No two that live share one."""
    free: list[RSAPrivateKey] = []
    usual = SigningKey.__init__

    def begin(self: SigningKey, kid: str | None = None, bits: int = 2048) -> None:
        if not free or bits != 2048:
            usual(self, kid, bits)
        else:
            self.kid, self.private = kid or new_id("ins"), free.pop()
        if bits == 2048:
            weakref.finalize(self, free.append, self.private)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SigningKey, "__init__", begin)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """An embedded Postgres for the tests of this process, or the one that HARNESS_POSTGRES_URL names."""
    server = open_server()
    server.ready()
    yield server
    server.close()


@pytest.fixture
def judge_app(tmp_path: Path) -> Callable[..., Judged]:
    """Write an app (its code follows a correct guard, unless `whole`), declare its routes, run the matrix."""

    def run(
        code: str,
        declared: str,
        *,
        whole: bool = False,
        matrix: str = MATRIX,
        head: str = "",
        only: list[str] | None = None,
        **more: Any,
    ) -> Judged:
        (tmp_path / "verifier.py").write_text(VERIFIER)
        (tmp_path / "backend.py").write_text(("" if whole else GUARD) + dedent(code))
        suites = write_suites(tmp_path / "suites", declared, matrix=matrix, head=head)
        options: dict[str, Any] = {"app": "backend:app", "app_dir": tmp_path, "python": sys.executable, "agents": 1}
        return judged(Options(suites=suites, routes=only or [], **(options | more)))

    return run
