"""The reference platform with a flaw put in on purpose. Loaded by agents as the target's app (`platform_mutants:app`).

MUTANT_UNGUARDED   routes, separated by commas, whose user comes from nowhere: the guard was forgotten
MUTANT_ACCEPTS     a JSON file: route -> fingerprints of requests that get in like a genuine session; it grows during the run
MUTANT_SKIPPED     a JSON object: route -> the check that its verification leaves out, keeping all others: signature, exp, azp or
                   issuer; of a delivery signature or exp (its timestamp)
"""

import hashlib
import inspect
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, get_args

import httpx
import jwt
from app import internal as back_office
from app import routers, settings
from app.auth import clerk, verifiers
from app.db import SessionLocal
from app.models import User
from app.routers import auth_clerk
from fastapi import Depends
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import request_response
from sqlalchemy import select
from starlette.routing import Match
from svix.webhooks import Webhook

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def anybody() -> User:
    """The first user there is: what is left when nobody asks who is asking."""
    with SessionLocal() as db:
        return db.scalars(select(User).order_by(User.id)).first()


def anything() -> clerk.SessionClaims:
    return clerk.SessionClaims("user_x", "sess_x", "admin", {})


GUARDS = {
    clerk.get_current_user: anybody, clerk.get_browser_user: anybody, clerk.require_admin: anybody, clerk.get_websocket_user: anybody,
    clerk.get_session_claims: anything, clerk.get_browser_claims: anything,
}  # fmt: skip


def unguard(endpoint: Any) -> None:
    """Take the guards out of a handler's signature."""
    signature = inspect.signature(endpoint, eval_str=True)
    parameters = []
    for parameter in signature.parameters.values():
        call = next((a.dependency for a in get_args(parameter.annotation) if isinstance(a, type(Depends()))), None)
        if call in GUARDS:
            parameter = parameter.replace(annotation=Annotated[User, Depends(GUARDS[call])])
        parameters.append(parameter)
    endpoint.__signature__ = signature.replace(parameters=parameters)


def mutate(routes: Iterable[Any], wanted: set[str], prefix: str = "") -> None:
    for route in routes:
        names = {f"{method} {prefix}{route.path}" for method in getattr(route, "methods", None) or ["WS"]}
        if names & wanted:
            unguard(route.endpoint)
            route.dependant = get_dependant(path=route.path_format, call=route.endpoint)
            if hasattr(route, "dependencies"):
                route.dependencies = []


class Accepting:
    """Lets in what a file lists, whatever it is, by replacing it with a genuine token."""

    def __init__(self, app: App, file: str) -> None:
        self.app, self.file = app, Path(file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            listed = json.loads(self.file.read_text())
            if fingerprint(scope) in listed:
                scope = self.admitted(scope, listed[fingerprint(scope)])
        await self.app(scope, receive, send)

    def admitted(self, scope: Scope, credential: str) -> Scope:
        url = f"https://{os.environ['CLERK_DOMAIN']}/~the-token-of-the-mutants/_harness/token/{credential}"
        token = httpx.get(url).json()["text"]
        headers = [(n, v) for n, v in scope["headers"] if n not in (b"authorization", b"cookie")]
        query = f"token={token}".encode() if scope["type"] == "websocket" else scope["query_string"]
        return {**scope, "headers": [*headers, (b"authorization", f"Bearer {token}".encode())], "query_string": query}


def fingerprint(scope: Scope) -> str:
    """What tells a request from others: its route, and all that may carry a credential."""
    method = "GET" if scope["type"] == "websocket" else scope["method"]
    fields = [(n, v) for n, v in scope["headers"] if not n.startswith(b"svix-")] + [n for n, _ in scope["headers"]]
    text = repr((method, scope["path"], scope["query_string"], fields))
    return hashlib.sha256(text.encode()).hexdigest()


def named(variable: str) -> set[str]:
    return {key for key in os.environ.get(variable, "").split(",") if key}


SKIPPED: dict[str, str] = json.loads(os.environ.get("MUTANT_SKIPPED", "{}"))
SKIPPING: ContextVar[str] = ContextVar("SKIPPING", default="")
"""The check that is left out for this request: threads in which dependencies run know it too."""
UNSIGNED = {"verify_signature": False} | dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_iss", "verify_sub", "verify_jti"), True
)
"""PyJWT checks nothing else either without the signature, unless it is told to."""


class Skipping:
    """Records for each request which check is left out."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mark = SKIPPING.set(SKIPPED.get(key_of(scope) or "", "") if scope["type"] in ("http", "websocket") else "")
        try:
            await self.app(scope, receive, send)
        finally:
            SKIPPING.reset(mark)


def key_of(scope: Scope) -> str | None:
    """The route that a request reaches, as the matrix calls it: the first that fits, in the app's own order."""
    method = "WS" if scope["type"] == "websocket" else scope["method"]
    for router in routers.ALL:
        for route in router.routes:
            if route.matches(dict(scope))[0] is Match.FULL:
                return f"{method} {route.path}"
    for route in back_office.internal.routes:
        if route.matches({**scope, "root_path": "/internal"})[0] is Match.FULL:
            return f"{method} /internal{route.path}"
    return None


def decode(token: str, key: Any, *, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """PyJWT's, as the verifiers call it, without the signature or the end."""
    left_out: dict[str, Any] = {"signature": UNSIGNED, "exp": {"verify_exp": False}}.get(SKIPPING.get(), {})
    merged: Any = options | left_out
    return jwt.decode(token, key, options=merged, **more)


def verify(
    token: str, header: dict[str, Any], verified: Callable[..., dict[str, Any] | None] = clerk.verify
) -> dict[str, Any] | None:
    """The claims; of SKIPPED with an issuer or a party that cannot be wrong."""
    claims = verified(token, header)
    right = {"issuer": {"iss": clerk.ISSUER}, "azp": {"azp": min(settings.CLERK_AUTHORIZED_PARTIES)}}
    return claims | right.get(SKIPPING.get(), {}) if claims is not None else None


def verify_webhook(
    payload: bytes, headers: dict[str, str], verified: Callable[..., Any] = auth_clerk.verify_webhook
) -> Any:
    """The same for deliveries: signed anew, or signed anew for now if the signature was right for its time."""
    name, stamp, signature = (headers.get(f"svix-{field}", "") for field in ("id", "timestamp", "signature"))
    if SKIPPING.get() and stamp.isdigit():

        def signed(at: int) -> str:
            hook = Webhook(settings.CLERK_WEBHOOK_SECRET)
            return hook.sign(name, datetime.fromtimestamp(at, UTC), payload.decode())

        if SKIPPING.get() == "signature":
            headers = headers | {"svix-signature": signed(int(stamp))}
        elif SKIPPING.get() == "exp" and signature == signed(int(stamp)):
            now = int(time.time())
            headers = headers | {"svix-timestamp": str(now), "svix-signature": signed(now)}
    return verified(payload, headers)


if SKIPPED:
    verifiers.jwt = SimpleNamespace(decode=decode)
    clerk.verify = verify
    auth_clerk.verify_webhook = verify_webhook

WANTED = named("MUTANT_UNGUARDED")
for router in routers.ALL:
    mutate(router.routes, WANTED)
for route in back_office.internal.routes:
    if {f"{method} /internal{route.path}" for method in getattr(route, "methods", None) or []} & WANTED:
        route.dependencies = []
        route.dependant = get_dependant(path=route.path_format, call=route.endpoint)
        route.app = request_response(route.get_route_handler())

from app.main import create_app  # noqa: E402

app: App = create_app()
if "MUTANT_ACCEPTS" in os.environ:
    app = Accepting(app, os.environ["MUTANT_ACCEPTS"])
if SKIPPED:
    app = Skipping(app)
