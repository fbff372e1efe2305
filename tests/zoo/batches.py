"""Where animals are kept while they are tried: a herd in one process under prefixes, or one alone; as an app and as a URL."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts.matrix import CellVerdict
from harness.core.ports import free_port
from harness.credentials import CATALOGUE
from harness.database import Server
from harness.run.environment import base_environment
from harness.run.options import Options
from tests.conftest import judged
from tests.zoo.model import Animal

DOMAIN = "harness-under-test.clerk.accounts.dev"
SECRET = "sk_test_zoo000000000000000000000000000000000"
MATRIX = """
[settings]
domain = "{domain}"
heal_within = 1.5
rotate_within = 1.5
{settings}
{database}
[identities.admin]
permissions = ["org:invoices:read", "org:invoices:manage"]
[identities.member]
permissions = ["org:invoices:read"]
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk", "clerk-v1", "clerk-no-azp", "clerk-rotated", "clerk-other", "clerk-newcomer"]
mechanism = "clerk"
[policies.strict]
accept = ["clerk"]
reject = ["genuine", "claims", "placement", "state", "no-scheme", "lifetime-too-long", "exp-huge", "version-unknown"]
mechanism = "clerk"
[policies.forbidding]
accept = ["clerk"]
refuse = {{ missing = 403, default = [401, 403] }}
mechanism = "clerk"
[policies.masking]
accept = ["clerk"]
refuse = 404
mechanism = "clerk"
[policies.admin]
accept = ["clerk-org-admin"]
mechanism = "clerk"
[policies.cookies]
accept = ["clerk", "clerk-cookie"]
mechanism = "clerk"
[policies.migrating]
accept = ["clerk", "legacy"]
mechanism = ["clerk", "legacy"]
tolerate = ["legacy-unknown-user", "legacy-wrong-email", "legacy-with-clerk-id"]
[policies.pinned]
accept = ["clerk"]
mechanism = "clerk"
[policies.hearing]
accept = ["clerk", "cookie-expired-header-genuine", "clerk-header-legacy-cookie", "scheme-lowercase"]
mechanism = "clerk"
[policies.machines]
accept = ["m2m-jwt"]
mechanism = "clerk"
tolerate = ["machine-for-session"]
[policies.headers]
accept = ["clerk"]
reject = ["websocket-subprotocol", "websocket-query"]
mechanism = "clerk"
[policies.single]
accept = ["clerk"]
reject = ["duplicate-header-genuine-first", "duplicate-header-forged-first", "padded-base64"]
mechanism = "clerk"
[policies.rotating]
accept = ["clerk"]
reject = ["rotated-out-after-genuine"]
mechanism = "clerk"
[policies.steadfast]
accept = ["clerk"]
reject = ["unknown-kid-flood"]
mechanism = "clerk"
[policies.member]
accept = ["clerk-org-member"]
mechanism = "clerk"
[policies.organization]
accept = ["clerk-org-admin", "clerk-org-member"]
mechanism = "clerk"
[policies.templates]
accept = ["clerk-template"]
mechanism = "clerk"
[policies.oauth]
accept = ["oauth-jwt"]
mechanism = "clerk"
[policies.both]
accept = ["clerk", "m2m-jwt"]
mechanism = "clerk"
[policies.bridge]
accept = ["clerk", "legacy"]
mechanism = ["clerk", "legacy"]
[policies.browser]
accept = ["clerk"]
carriers = ["bearer", "cookie:__session"]
mechanism = "clerk"
[policies.cookie-only]
accept = ["clerk"]
carriers = ["cookie:__session"]
mechanism = "clerk"
[policies.downloads]
accept = ["clerk"]
carriers = ["bearer", "query:token"]
mechanism = "clerk"
[policies.spoken]
accept = ["clerk"]
guard = "handler"
[policies.inside]
accept = ["clerk"]
guard = "handler"
[policies.keys]
accept = ["api-key"]
[policies.opaque-m2m]
accept = ["m2m-opaque"]
[policies.opaque-oauth]
accept = ["oauth-opaque"]
[policies.webhook]
accept = ["webhook"]
refuse = [400, 401]
[policies.optional]
accept = ["missing", "clerk"]
[policies.closed]
accept = []
closed = true
[policies.patient]
accept = ["clerk", "clerk-clock-ahead"]
mechanism = "clerk"
[mechanisms]
clerk = ["z_*:*verify*", "z_*:*current_*", "z_*:*signed_in*", "z_*:*authenticate*", "z_*:*guard", "fastapi_clerk_auth:*", "clerk_backend_api*:*"]
legacy = ["z_*:*legacy*"]
"""
_DATABASE = '[database]\nmigrate = "python -m schema"\n'
_SCHEMA = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    db.execute("create table deeds (id serial primary key, what text)")
"""
HERD = """
import importlib
from fastapi import FastAPI
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
for prefix, module in ANIMALS:
    app.mount(prefix, importlib.import_module(module).app)
"""


def settle(folder: Path, animals: list[Animal], *, settings: str = "") -> Path:
    """Write the animals' modules and their declaration; returns the suites."""
    herd = animals[0].host == "herd"
    suites = folder / "suites"
    (suites / "routers").mkdir(parents=True)
    mounted = []
    for number, animal in enumerate(animals):
        at = f"/{animal.name}" if herd else ""
        # Code objects of two modules are equal where all is: their first lines must not be, wherever the code stands.
        (folder / f"{animal.module}.py").write_text("#\n" * (number * 500) + animal.code)
        mounted.append((at, animal.module))
        lines = animal.routes.format(at=at, policy=animal.policy)
        (suites / "routers" / f"{animal.name}.toml").write_text(f'router = "{animal.name}"\n[routes]\n{lines}\n')
    if herd:
        (folder / "herd.py").write_text(f"ANIMALS = {mounted!r}\n" + HERD)
    database = _DATABASE if any(animal.database for animal in animals) else ""
    (folder / "schema.py").write_text(_SCHEMA)
    (suites / "auth_matrix.toml").write_text(MATRIX.format(domain=DOMAIN, settings=settings, database=database))
    return suites


def app_of(animals: list[Animal]) -> str:
    """What `--app` is given."""
    return "herd:app" if animals[0].host == "herd" else f"{animals[0].module}:app"


_MANY = {"hs256-shared-secrets"}
"""Hundreds of requests that differ in nothing but the secret: those whom it reveals name it, and the first correct ones."""
Findings = dict[str, list[CellVerdict]]
WEBHOOK_SECRET = "whsec_em9vem9vem9vem9vem9vem9vem9vem9v"
ENVIRONMENT = {"CLERK_SECRET_KEY": SECRET, "CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET}


def tried(
    folder: Path, animals: list[Animal], *, drills: bool = False, server: Server | None = None, url: str | None = None,
    port: int = 0, credentials: list[str] | None = None,
) -> Findings:  # fmt: skip
    """Findings by animal. `credentials`: all that can be tried without drills, or with drills all of their group."""
    needed = {name.partition("@")[0] for animal in animals for name in animal.expects}
    usual = (
        ["state", "clerk", "clerk-rotated"]
        if drills
        else [
            c.name for c in CATALOGUE.values() if c.drill in (None, "pair", "identity") and c.name not in _MANY - needed
        ]
    )
    suites = settle(folder, animals, settings=animals[0].settings) if url is None else folder / "suites"
    target: dict[str, Any] = {"app": app_of(animals), "app_dir": folder, "python": sys.executable}
    if url is not None:
        target = {"url": url, "openapi": "", "issuer_port": port}
    names = credentials or usual
    # Strict: what only the issuer could sign is no finding otherwise.
    options = Options(suites=suites, agents=1, env=ENVIRONMENT, drills=drills, credentials=names, strict=True, **target)
    found: Findings = defaultdict(list)
    for verdict in judged(options, server=server).record.verdicts:
        if verdict.failed:
            found[verdict.router].append(verdict)
    return found


@contextmanager
def served(folder: Path, animals: list[Animal]) -> Iterator[tuple[str, int]]:
    """The animals behind a real server; yields its URL and the port where it expects the issuer."""
    settle(folder, animals, settings=animals[0].settings)
    port = free_port()
    env = base_environment() | ENVIRONMENT | {
        "CLERK_ISSUER": f"https://{DOMAIN}", "CLERK_DOMAIN": DOMAIN,
        "CLERK_JWKS_URL": f"http://127.0.0.1:{port}/.well-known/jwks.json",
        "CLERK_API_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    if animals[0].server == "werkzeug":
        run = (
            "import importlib, sys; from werkzeug.serving import make_server; "
            "s = make_server('127.0.0.1', 0, importlib.import_module(sys.argv[1]).app, threaded=True); "
            "print('running on http://127.0.0.1:%d' % s.server_port, file=sys.stderr, flush=True); s.serve_forever()"
        )
        command = [sys.executable, "-c", run, animals[0].module]
    else:
        command = [sys.executable, "-m", "uvicorn", app_of(animals), "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield _address(process), port
    finally:
        # With what a flawed one may have started: a shell that sleeps.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    raise AssertionError("the server did not start: " + "".join(said[-5:]))
