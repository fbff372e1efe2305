"""The reference platform with a flaw put in on purpose. Loaded by agents as the target's app (`platform_mutants:app`).

MUTANT_UNGUARDED   routes, separated by commas, whose user comes from nowhere: the guard was forgotten
MUTANT_ACCEPTS     a JSON file: route -> fingerprints of requests that get in like a genuine session; it grows during the run
"""

import hashlib
import inspect
import json
import os
from pathlib import Path
from typing import Annotated, get_args

import httpx
from app import internal as back_office
from app import routers
from app.auth import clerk
from app.db import SessionLocal
from app.models import User
from fastapi import Depends
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import request_response
from sqlalchemy import select


def anybody() -> User:
    """The first user there is: what is left when nobody asks who is asking."""
    with SessionLocal() as db:
        return db.scalars(select(User).order_by(User.id)).first()


def anything() -> clerk.SessionClaims:
    return clerk.SessionClaims("user_x", "sess_x", "admin", {})


GUARDS = {
    clerk.get_current_user: anybody, clerk.require_admin: anybody, clerk.get_websocket_user: anybody, clerk.get_session_claims: anything,
}  # fmt: skip


def unguard(endpoint):
    """Take the guards out of a handler's signature."""
    signature = inspect.signature(endpoint, eval_str=True)
    parameters = []
    for parameter in signature.parameters.values():
        call = next((a.dependency for a in get_args(parameter.annotation) if isinstance(a, type(Depends()))), None)
        if call in GUARDS:
            parameter = parameter.replace(annotation=Annotated[User, Depends(GUARDS[call])])
        parameters.append(parameter)
    endpoint.__signature__ = signature.replace(parameters=parameters)


def mutate(routes, wanted, prefix=""):
    for route in routes:
        names = {f"{method} {prefix}{route.path}" for method in getattr(route, "methods", None) or ["WS"]}
        if names & wanted:
            unguard(route.endpoint)
            route.dependant = get_dependant(path=route.path_format, call=route.endpoint)
            if hasattr(route, "dependencies"):
                route.dependencies = []


class Accepting:
    """Lets in what a file lists, whatever it is, by replacing it with a genuine token."""

    def __init__(self, app, file):
        self.app, self.file = app, Path(file)

    async def __call__(self, scope, receive, send):
        if scope["type"] in ("http", "websocket"):
            listed = json.loads(self.file.read_text())
            if fingerprint(scope) in listed:
                scope = self.admitted(scope, listed[fingerprint(scope)])
        await self.app(scope, receive, send)

    def admitted(self, scope, credential):
        token = httpx.get(f"https://{os.environ['CLERK_DOMAIN']}/_harness/token/{credential}").json()["text"]
        headers = [(n, v) for n, v in scope["headers"] if n not in (b"authorization", b"cookie")]
        query = f"token={token}".encode() if scope["type"] == "websocket" else scope["query_string"]
        return {**scope, "headers": [*headers, (b"authorization", f"Bearer {token}".encode())], "query_string": query}


def fingerprint(scope):
    """What tells a request from others: its route, and all that may carry a credential."""
    method = "GET" if scope["type"] == "websocket" else scope["method"]
    fields = [(n, v) for n, v in scope["headers"] if not n.startswith(b"svix-")] + [n for n, _ in scope["headers"]]
    text = repr((method, scope["path"], scope["query_string"], fields))
    return hashlib.sha256(text.encode()).hexdigest()


WANTED = {key for key in os.environ.get("MUTANT_UNGUARDED", "").split(",") if key}
for router in routers.ALL:
    mutate(router.routes, WANTED)
for route in back_office.internal.routes:
    if {f"{method} /internal{route.path}" for method in getattr(route, "methods", None) or []} & WANTED:
        route.dependencies = []
        route.dependant = get_dependant(path=route.path_format, call=route.endpoint)
        route.app = request_response(route.get_route_handler())

from app.main import create_app  # noqa: E402

app = create_app()
if "MUTANT_ACCEPTS" in os.environ:
    app = Accepting(app, os.environ["MUTANT_ACCEPTS"])
